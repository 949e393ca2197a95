-- The account's state on the platform: tokens, menus, tickets, media, templates and so on.

local limits = require "platform.limits"

return function(p, host)
  local state = p.state

  -- Returns the initial state of an account, without its users (phone.lua).
  local function fresh()
    return {
      tokens = {},            -- by token value: {expires_at, kind = "classic" | "stable" | "web", ...}
      current = {},           -- by kind: the current token's value
      tickets = {},           -- by type: {ticket, expires_at}
      tags = { [0] = "未分组", [1] = "黑名单", [2] = "星标组" }, next_tag = 100,
      menu = nil,             -- {button, menuid}
      conditional = {},       -- list of {button, matchrule, menuid}, the newest last
      next_menu = 400000001,
      material = {}, drafts = {}, published = {}, qrcodes = {}, shorts = {},
      industry = nil, templates = {}, subscribe_templates = {}, removed_templates = {},
      businesses = {}, next_business = 1, work = nil, -- customer service of mini programs
      jumps = {},             -- rules that open a mini program, by prefix
      staff = {}, sessions = {}, comments = {}, mass = {}, speed = 0,
      counters = {}, resets = 0, calls_day = nil, next_id = 1000000001,
    }
  end

  local function refill()
    for name in pairs(state) do
      if name ~= "users" then state[name] = nil end
    end
    for name, value in pairs(fresh()) do state[name] = value end
  end

  refill()
  p.on_reset(refill)

  --- Returns the next id: of messages, publications and so on.
  function p.next_id()
    state.next_id = state.next_id + 1
    return state.next_id
  end

  -- ---- tokens

  --- Issues a token of a kind; the previous token stays valid for five minutes, unless it ends at once.
  function p.issue_token(kind, ends_at_once)
    local before = state.tokens[state.current[kind] or ""]
    if before then
      before.expires_at = math.min(before.expires_at, p.now() + (ends_at_once and 0 or limits.overlap_s))
    end
    local value = ("%d_"):format(math.random(10, 99)) .. p.random(130)
    state.tokens[value] = { expires_at = p.now() + limits.token_s, kind = kind }
    state.current[kind] = value
    return value
  end

  --- Returns the current token of a kind and its remaining seconds; nil if none outlasts the overlap of five minutes.
  function p.present_token(kind)
    local value = state.current[kind]
    local token = value and state.tokens[value]
    local left = token and token.expires_at - p.now() or 0
    if left > limits.overlap_s then return value, left end
  end

  --- Returns the errcode of an invalid token; nil if the token is valid.
  function p.token_fault(value)
    if not value or value == "" then return 41001 end
    local token = state.tokens[value]
    if not token or token.revoked or p.faults.revoke then return 40001 end
    if token.expires_at <= p.now() then return 42001 end
  end

  function p.revoke_token()
    for _, kind in ipairs { "classic", "stable" } do
      local token = state.tokens[state.current[kind] or ""]
      if token then token.revoked = true end
      state.current[kind] = nil
    end
  end

  -- ---- menus

  local function has_tag(user, id)
    for _, tag in ipairs(user.tagid_list or {}) do
      if tag == id then return true end
    end
    return false
  end

  -- Missing and empty fields of a rule match every user.
  local function matches(rule, user)
    local tag = rule.tag_id or rule.group_id
    if tag and tag ~= "" and not has_tag(user, math.tointeger(tonumber(tag))) then return false end
    local platform = rule.client_platform_type
    if platform and platform ~= "" and tostring(platform) ~= tostring(user.client_platform_type or 1) then return false end
    local language = rule.language
    return not language or language == "" or language == user.language
  end

  --- Returns the user's menu: the newest matching personalised menu, or else the default menu; nil if there is none.
  function p.menu(openid)
    local user = state.users[openid]
    for i = #state.conditional, 1, -1 do
      if user and matches(state.conditional[i].matchrule, user) then return { button = state.conditional[i].button } end
    end
    return state.menu and { button = state.menu.button } or nil
  end

  -- ---- QR codes

  --- Returns the ticket of the bot's QR code with that scene; an invented ticket if the bot created none.
  function p.ticket_of(scene)
    for ticket, code in pairs(state.qrcodes) do
      if code.scene == scene then return ticket end
    end
    return "gQ" .. host.codec.sha1(scene)
  end
end
