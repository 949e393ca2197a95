-- `wemoon check --online`: asks the platform whether the account works, and says what to mend. The account is
-- not changed: probes only read, or write to an openid that does not exist. Its Chinese stands in docs/online_zh.lua.

local words_of = require "wechat.online_words"

-- An openid that does not exist: the answer is 40003 if the account has the right.
local nobody = "oWemoonCheck00000000000000000"

-- Who has a right ("接口权限说明").
local verified = "verified accounts (微信认证) have it"
local service = "verified service accounts (服务号) alone have it"
local everybody = "every account should have it"

---@class Right
---@field what string
---@field name string the call that needs it
---@field params table
---@field shown? table<integer, boolean> refusals that show that it is there
---@field who string

---@type Right[]
local rights = {
  {
    what = "customer service messages (send_*_message, late replies)", name = "message.custom.typing",
    params = { touser = nobody, command = "Typing" }, who = verified,
    shown = { [40003] = true, [45015] = true, [45080] = true, [45081] = true },
  },
  { what = "followers and their profiles", name = "user.list", params = {}, who = verified },
  { what = "tags", name = "tag.list", params = {}, who = verified },
  { what = "materials", name = "material.get_materialcount", params = {}, who = everybody },
  { what = "drafts", name = "draft.count", params = {}, who = everybody },
  {
    what = "publishing", name = "freepublish.batchget", params = { offset = 0, count = 1, no_content = 1 },
    who = "verified accounts (微信认证) have it; others lost it in July 2025",
  },
  { what = "template messages", name = "message.template.list", params = {}, who = service },
  { what = "subscription messages", name = "message.subscribe.list_templates", params = {}, who = service },
}

-- The kind of account that lacks these rights: the first row whose `missing` are all missing and whose
-- `present` are all present.
local kinds = {
  {
    missing = { "menu.get", "message.custom.typing", "user.list", "freepublish.batchget" },
    words = "these are the rights of a person's or an unverified account: a person's can have no more (menus and \z
      publishing are done by hand on mp.weixin.qq.com), a company's gets more by verification (微信认证)",
  },
  {
    missing = { "freepublish.batchget", "message.subscribe.list_templates" }, present = { "message.template.list" },
    words = "these are the rights of a test account (测试号): what else the real account can do has to be tried there",
  },
  {
    missing = { "message.template.list", "message.subscribe.list_templates" }, present = { "user.list", "menu.get" },
    words = "these are the rights of a verified subscription account (公众号): the rest is for verified service \z
      accounts (服务号)",
  },
}

local function fits(kind, lacking)
  for _, name in ipairs(kind.missing) do
    if not lacking[name] then return false end
  end
  for _, name in ipairs(kind.present or {}) do
    if lacking[name] then return false end
  end
  return true
end

local function kind_of(lacking)
  for _, kind in ipairs(kinds) do
    if fits(kind, lacking) then return kind.words end
  end
end

-- Every call would be refused with these: probing stops.
local hopeless = {
  [40001] = true, [40013] = true, [40014] = true, [40125] = true, [40164] = true, [40243] = true,
}

local function find(wechat, full)
  local where = wechat
  for name in full:gmatch("[^.]+") do where = where[name] end
  return where
end

local function count_buttons(result)
  local menu = type(result.menu) == "table" and result.menu or result
  return type(menu.button) == "table" and #menu.button or 0
end

---@param wechat wechat
---@param words table
---@param print_line fun(format: string, ...)
---@param print_fault fun(format: string, ...)
---@return boolean fine
local function check(wechat, words, print_line, print_fault)
  local fine = true

  local lacking = {}

  -- Reports a finding; returns whether to go on probing.
  local function note(what, result, err, good, right)
    if result or good(err) then return true end
    fine = false
    if err.errcode == 48001 then
      lacking[right and right.name or "?"] = true
      print_fault("%s: 48001 the account lacks this right: %s", what, right and words.say(right.who) or words.hint(err))
    else
      print_fault("%s: %s", what, words.error(err))
    end
    return err.kind == "api" and not hopeless[err.errcode]
  end

  local function never() return false end

  -- Without a store each process still fetches tokens for itself.
  local function check_store()
    local _, err = wechat.store.get("online")
    if not err then return end
    fine = false
    print_fault("%s", words.fault(tostring(err)))
  end

  local function check_token()
    local made, err = wechat.grant_token()
    if not note(words.say("access token"), made, err, never) then return false end
    if not made then return false end
    print_line("access token: fetched, good for %s s", made.expires_in)
    return true
  end

  local menus = { name = "menu.get", who = "verified accounts (微信认证) have it, and service accounts (服务号) without verification" }

  local function check_menu()
    local menu, err = wechat.get_menu()
    local on = note(words.say("menu"), menu, err, function(failure) return failure.errcode == 46003 end, menus)
    if menu then print_line("menu: %d buttons", count_buttons(menu)) end
    if not menu and err.errcode == 46003 then print_line("menu: there is none") end
    return on
  end

  local function check_right(right)
    local what, shown = words.say("right: %s", words.say(right.what)), right.shown or {}
    local result, err = find(wechat, right.name)(right.params)
    local on = note(what, result, err, function(failure) return shown[failure.errcode] end, right)
    if result or shown[err.errcode] then print_line("%s: there", what) end
    return on
  end

  local function check_ticket()
    local what = words.say("right: %s", words.say("JS-SDK (pages that call WeChat)"))
    local ticket, err = wechat.get_jsapi_ticket()
    local on = note(what, ticket, err, never, { name = "get_jsapi_ticket", who = everybody })
    if ticket then print_line("%s: there", what) end
    return on
  end

  local function check_all()
    if not check_token() or not check_menu() then return end
    for _, right in ipairs(rights) do
      if not check_right(right) then return end
    end
    if not check_ticket() then return end
    local kind = kind_of(lacking)
    if kind then print_line(kind) end
  end

  check_store()
  check_all()
  return fine
end

--- Prints a line for each finding: good ones on standard output, faults on standard error.
---@param wechat wechat
---@param lang "en"|"zh"
---@return boolean fine
return function(wechat, lang)
  local words = words_of(lang)
  local function say(...) print("online: " .. words.say(...)) end
  local function blame(...)
    io.stdout:flush()
    io.stderr:write("wemoon: online: ", words.say(...), "\n")
  end
  return check(wechat, words, say, blame)
end
