-- The users, their chats and their menus.

local CHAT_KEPT = 500

local FIRST_USERS = {
  { nickname = "小艾", alias = "alice", openid = "oWemoonAlice0000000000000001",
    sex = 2, city = "广州", province = "广东" },
  { nickname = "阿波", alias = "bob", openid = "oWemoonBob000000000000000002",
    sex = 1, city = "杭州", province = "浙江" },
  { nickname = "Carol", alias = "carol", openid = "oWemoonCarol0000000000000003",
    sex = 2, city = "", province = "", language = "en" },
}
local SEND_USER = "oWemoonSendUser0000000000001" -- the default of `wemoon send --from` (src/cli/cmd_send.c)
local COLORS = { "#5b8def", "#e58a3c", "#57a86b", "#b06bd1", "#d9646b", "#3aa6b0" }

return function(p, host)
  p.state.users = p.state.users or {} -- by openid
  p.chats = {} -- by openid: lists of entries

  local next_entry = p.first_id

  -- ---- users ----

  local function count_users()
    local count = 0
    for _ in pairs(p.state.users) do count = count + 1 end
    return count
  end

  local function add_user(user)
    local number = count_users()
    user.number = number
    user.headcolor = user.headcolor or COLORS[number % #COLORS + 1]
    user.language = user.language or "zh_CN"
    user.country = user.country or "中国"
    user.sex = user.sex or 0
    if user.subscribed == nil then user.subscribed = true end
    user.subscribe_time = user.subscribe_time or p.now()
    p.state.users[user.openid] = user
    return user
  end

  local function fill()
    if next(p.state.users) then return end
    for _, user in ipairs(FIRST_USERS) do
      local copy = {}
      for name, value in pairs(user) do copy[name] = value end
      add_user(copy)
    end
  end

  --- Returns the users in order of creation.
  function p.users()
    local list = {}
    for _, user in pairs(p.state.users) do list[#list + 1] = user end
    table.sort(list, function(a, b)
      local x, y = a.number or 0, b.number or 0
      if x ~= y then return x < y end
      return a.openid < b.openid
    end)
    return list
  end

  local function find_user(name)
    if p.state.users[name] then return p.state.users[name] end
    for _, user in ipairs(p.users()) do
      if user.nickname == name or user.alias == name then return user end
    end
  end

  --- Returns the user with that openid, unchanged; an unknown user is created and follows.
  function p.user_of(openid)
    local user = p.state.users[openid]
    if user then return user end
    user = add_user { openid = openid, nickname = openid }
    p.emit("user", user)
    return user
  end

  --- Notes that somebody is about to be written to. A bot elsewhere (--callback) also hears from `wemoon send`, whose
  --- messages do not come by here: its default user follows, and has just written.
  ---@param openid any
  function p.note_addressee(openid)
    if openid ~= SEND_USER or p.script ~= "" then return end
    local user = p.user_of(openid)
    if p.custom_quota(user).left == 0 then user.last_act, user.last_act_time, user.answered_act = "say", p.now(), nil end
  end

  --- What a refusal (40003) says of somebody whom this platform does not know; nil for its own users.
  ---@param openid any
  ---@return string?
  function p.stranger(openid)
    if type(openid) ~= "string" or p.state.users[openid] then return nil end
    local elsewhere = p.script == "" and "; what wemoon send takes straight to the bot is not seen here" or ""
    return ("invalid openid: %s is no user of this simulated platform, which knows those in its console%s"):format(openid, elsewhere)
  end

  --- Returns a user by openid or nickname; an unknown user is created and follows.
  function p.user(name)
    local user = find_user(name)
    if user then return user end
    local openid = name
    if not name:find("^o[%w_-]+$") or #name ~= 28 then
      openid = ("oWemoon%021d"):format(tonumber(host.codec.sha1(name):sub(1, 14), 16))
    end
    user = p.user_of(openid)
    if user.nickname ~= name then
      user.nickname = name
      p.emit("user", user)
    end
    return user
  end

  local is_text = { openid = true, nickname = true, alias = true, language = true, headcolor = true, city = true,
    province = true, country = true, remark = true, unionid = true, headimgurl = true }

  --- Creates or changes a user; fields by name.
  ---@return table? user, string? why
  function p.change_user(fields)
    local name = fields.openid or fields.nickname
    if type(name) ~= "string" or name == "" then return nil, "openid or nickname is missing" end
    for field, value in pairs(fields) do
      if is_text[field] and type(value) ~= "string" then return nil, field .. " must be a text" end
    end
    if fields.subscribed ~= nil and type(fields.subscribed) ~= "boolean" then
      return nil, "subscribed is true or false"
    end
    local user = p.user(name)
    for field, value in pairs(fields) do
      if field ~= "openid" and field ~= "number" then user[field] = value end
    end
    p.emit("user", user)
    return user
  end

  -- ---- chats ----

  --- Adds an entry to a user's chat and sets its time and id.
  ---@return table entry
  function p.chat(openid, entry)
    next_entry = next_entry + 1
    entry.id, entry.time = next_entry, p.clock()
    local chat = p.chats[openid] or host.json.array {}
    p.chats[openid] = chat
    chat[#chat + 1] = entry
    if #chat > CHAT_KEPT then table.remove(chat, 1) end
    p.emit("entry", { openid = openid, entry = entry })
    p.trace_entry(openid, entry)
    return entry
  end

  --- Returns the entries added to a chat after the entry `id`, without the user's own entries and script errors, as a
  --- phone shows them.
  function p.shown_since(openid, id)
    local shown = host.json.array {}
    for _, entry in ipairs(p.chats[openid] or {}) do
      if entry.id > id and entry.from ~= "user" and entry.from ~= "script" then shown[#shown + 1] = entry end
    end
    return shown
  end

  --- Replaces all chats by saved ones; new entries get greater ids.
  function p.set_chats(chats)
    p.chats = chats
    for _, chat in pairs(chats) do
      for _, entry in ipairs(chat) do next_entry = math.max(next_entry, entry.id) end
    end
  end

  --- Returns the id of the last entry in any chat.
  function p.last_entry() return next_entry end

  --- Returns the menu that a user sees; nil if there is none.
  if not p.menu then function p.menu() return p.state.menu end end

  --- Returns the ticket of the QR code with that scene.
  if not p.ticket_of then
    function p.ticket_of(scene) return "gQ" .. host.codec.sha1(scene) end
  end

  fill()

  p.on_reset(function()
    p.state.users, p.chats = {}, {}
    fill()
  end)
end
