-- Replies. One table of kinds has for each kind its builder's parameters, its XML ("被动回复用户消息"), and the
-- equivalent customer service message for a late answer; everything else about replies is made
-- from it.

---@class Reply what a builder gives: `type` and the kind's fields; tostring(reply) is its XML
---@field type string

---@class ReplyKind
---@field type string MsgType
---@field builder string method of `wechat`
---@field doc string
---@field parameters Parameter[] `from`: where left out, that element of the current message is taken
---@field xml table[]? {element, field}, {element, children}, {element, function(reply)}; nil is left out
---@field custom table? the customer service form: the JSON's keys, each with the reply's field; nil: none
---@field instead? fun(reply: Reply): string?, string? a text in place of a customer service form that lacks something; why
---@field may_be_empty? boolean a required argument may be "", which means no reply
---@field line? string|fun(reply: Reply): string what stands after the type when the reply is told in one line
---@field check? fun(reply: Reply, host: table) further checks and changes by the builder

local articles = require "wechat.articles"

local html = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#x27;" }

local article_elements = {
  { "Title", "title" }, { "Description", "description" }, { "PicUrl", "picurl" }, { "Url", "url" },
}
local article_form = "{title, description, picurl, url}"

local function check_article(article, place, fail)
  if type(article) ~= "table" then
    fail("wechat.response_news: %s is a %s (%s expected)", place, type(article), article_form)
  end
  for field, value in pairs(article) do
    if not articles.fields[field] then
      fail("wechat.response_news: %s has a field '%s' (%s expected)", place, tostring(field), article_form)
    elseif type(value) ~= "string" then
      fail("wechat.response_news: %s.%s is a %s (string expected)", place, field, type(value))
    end
  end
end

-- The last index of the list, and the first key that is not an index, if there is one.
local function last_place(list)
  local last = 0
  for key in pairs(list) do
    if math.type(key) ~= "integer" or key < 1 then return 0, key end
    last = math.max(last, key)
  end
  return last
end

local function check_articles(reply, host)
  local last, name = last_place(reply.articles)
  if name ~= nil then
    host.args.fail("wechat.response_news: articles has a field '%s' (a list of %s expected)", tostring(name), article_form)
  elseif last == 0 then
    host.args.fail("wechat.response_news: articles is empty (a list of %s expected)", article_form)
  end
  for i = 1, last do
    local place = "articles[" .. i .. "]"
    if reply.articles[i] == nil then
      host.args.fail("wechat.response_news: %s is missing (a list without holes expected)", place)
    end
    check_article(reply.articles[i], place, host.args.fail)
  end
  local blank = articles.fault_of(reply.articles)
  if blank then host.args.fail("wechat.response_news: %s", blank) end
end

local function titles(reply)
  local list = {}
  for i, article in ipairs(reply.articles) do list[i] = article.title or "" end
  return ("%d article%s: %s"):format(#list, #list == 1 and "" or "s", table.concat(list, " | "))
end

-- The fields of legacy hardware messages.
local device_type = { "device_type", "string?", "as the message has it", from = "DeviceType" }
local device_id = { "device_id", "string?", "as the message has it", from = "DeviceID" }
local session_id = { "session_id", "string|integer?", "as the message has it", from = "SessionID" }

local function is_optional(parameter) return parameter[2]:find("?", 1, true) ~= nil end

local function encode_payload(reply, host) reply.content = host.codec.base64_encode(reply.content) end

local function hq_url(reply)
  local url = reply.hq_music_url
  return url ~= nil and url ~= "" and url or reply.music_url
end

---@type ReplyKind[]
local kinds = {
  {
    type = "none", builder = "response_none", doc = "No answer: the platform gets `success`.",
    parameters = {},
  },
  {
    type = "text", builder = "response_text", may_be_empty = true,
    doc = "A text; of more than 2048 bytes the rest follows as customer service messages.",
    parameters = {
      { "content", "string", "the text" }, { "escape", "boolean?", "write & < > \" ' as HTML entities" },
    },
    xml = { { "Content", "content" } },
    custom = { text = { content = "content" } },
    line = "content",
    check = function(reply)
      if reply.escape then reply.content = reply.content:gsub("[&<>\"']", html) end
      reply.escape = nil
    end,
  },
  {
    type = "image", builder = "response_image", doc = "A picture (no gif).",
    parameters = { { "media_id", "string", "of an uploaded picture" } },
    xml = { { "Image", { { "MediaId", "media_id" } } } },
    custom = { image = { media_id = "media_id" } },
    line = "media_id",
  },
  {
    type = "voice", builder = "response_voice", doc = "A voice message.",
    parameters = { { "media_id", "string", "of an uploaded voice" } },
    xml = { { "Voice", { { "MediaId", "media_id" } } } },
    custom = { voice = { media_id = "media_id" } },
    line = "media_id",
  },
  {
    type = "video", builder = "response_video", doc = "A video.",
    parameters = {
      { "media_id", "string", "of an uploaded video" }, { "title", "string?" }, { "description", "string?" },
    },
    xml = {
      { "Video", { { "MediaId", "media_id" }, { "Title", "title" }, { "Description", "description" } } },
    },
    custom = { video = { media_id = "media_id", title = "title", description = "description" } },
    line = "media_id",
  },
  {
    type = "music", builder = "response_music", doc = "A piece of music.",
    parameters = {
      { "music_url", "string" }, { "title", "string?" }, { "description", "string?" },
      { "hq_music_url", "string?", "used on Wi-Fi; default: music_url" },
      { "thumb_media_id", "string?", "of an uploaded picture" },
    },
    xml = {
      { "Music", {
        { "Title", "title" }, { "Description", "description" }, { "MusicUrl", "music_url" },
        { "HQMusicUrl", hq_url }, { "ThumbMediaId", "thumb_media_id" },
      } },
    },
    custom = {
      music = {
        title = "title", description = "description",
        musicurl = "music_url", thumb_media_id = "thumb_media_id",
        hqmusicurl = hq_url,
      },
    },
    -- Such a customer service message needs a picture; a passive reply does not.
    instead = function(reply)
      if reply.thumb_media_id and reply.thumb_media_id ~= "" then return nil end
      local lines = {}
      for _, field in ipairs { "title", "description", "music_url" } do
        if reply[field] and reply[field] ~= "" then lines[#lines + 1] = reply[field] end
      end
      return table.concat(lines, "\n"), "music without thumb_media_id goes out as a text"
    end,
    line = function(reply) return (reply.title and reply.title .. " " or "") .. reply.music_url end,
  },
  {
    type = "news", builder = "response_news",
    doc = "Articles: one in answer to a message, up to 8 to an event; the platform shows no more.",
    parameters = { { "articles", "table", "list of {title, description, picurl, url}" } },
    xml = {
      { "ArticleCount", function(reply) return #reply.articles end },
      { "Articles", function(reply, elements)
        local items, blank = {}, articles.fault_of(reply.articles)
        if blank then error("reply 'news': " .. blank, 0) end
        for i, article in ipairs(reply.articles) do
          items[i] = { "item", elements(article_elements, article) }
        end
        return items
      end },
    },
    custom = { news = { articles = function(reply) return { reply.articles[1] } end } },
    line = titles,
    check = check_articles,
  },
  {
    type = "transfer_customer_service", builder = "group_transfer_message",
    doc = "Hands the message to the account's customer service.",
    parameters = { { "kf_account", "string?", "to this agent alone" } },
    xml = { { "TransInfo", { { "KfAccount", "kf_account" } } } },
    line = "kf_account",
  },
  {
    type = "raw", builder = "response_raw", doc = "XML of your own, sent as it is.",
    parameters = { { "xml", "string", "the whole document" } },
    line = "xml",
  },
  {
    type = "device_text", builder = "response_device_text", doc = "Bytes for a device (legacy hardware).",
    parameters = { { "content", "string", "the device's bytes" }, device_type, device_id, session_id },
    xml = {
      { "DeviceType", "device_type" }, { "DeviceID", "device_id" }, { "SessionID", "session_id" },
      { "Content", "content" },
    },
    line = "content",
    check = encode_payload,
  },
  {
    type = "device_event", builder = "response_device_event",
    doc = "The answer to a device's event (legacy hardware).",
    parameters = {
      { "content", "string", "the device's bytes" },
      { "event", "string?", "as the message has it", from = "Event" },
      device_type, device_id, session_id,
    },
    xml = {
      { "Event", "event" }, { "DeviceType", "device_type" }, { "DeviceID", "device_id" },
      { "SessionID", "session_id" }, { "Content", "content" },
    },
    line = "event",
    check = encode_payload,
  },
  {
    type = "device_status", builder = "response_device_status",
    doc = "Whether a device is connected (answer to subscribe_status; legacy hardware).",
    parameters = { { "device_status", "integer", "0 offline, 1 online" }, device_type, device_id },
    xml = {
      { "DeviceType", "device_type" }, { "DeviceID", "device_id" }, { "DeviceStatus", "device_status" },
    },
    line = "device_status",
  },
  {
    type = "hardware", builder = "response_hardware", doc = "A view of WeChat sport (legacy hardware).",
    parameters = {
      { "message_view", "string", "such as myrank" }, { "message_action", "string", "such as ranklist" },
      { "func_flag", "integer?", "0" },
    },
    xml = {
      { "HardWare", { { "MessageView", "message_view" }, { "MessageAction", "message_action" } } },
      { "FuncFlag", function(reply) return reply.func_flag or 0 end },
    },
    line = "message_view",
  },
}

local kind_of = {}
for _, kind in ipairs(kinds) do kind_of[kind.type] = kind end

-- ---- XML

-- A SessionID given as text is sent as a bare number, as the platform writes it.
local function whole_number(name, value)
  return name == "SessionID" and math.tointeger(tonumber(value)) or value
end

local function elements(shape, source)
  local list = {}
  for _, part in ipairs(shape) do
    local name, from, value = part[1], part[2]
    if type(from) == "string" then
      value = whole_number(name, source[from])
    elseif type(from) == "function" then
      value = from(source, elements)
    else
      value = elements(from, source)
      if #value == 0 then value = nil end
    end
    if value ~= nil and value ~= "" then list[#list + 1] = { name, value } end
  end
  return list
end

local function elements_of(reply)
  local kind = kind_of[reply.type]
  if not kind or not kind.xml then
    error(("a reply cannot have the type '%s'"):format(tostring(reply.type)), 0)
  end
  for _, parameter in ipairs(kind.parameters) do
    local value = reply[parameter[1]]
    if not is_optional(parameter) and (value == nil or value == "" and not kind.may_be_empty) then
      error(("reply '%s': %s is %s"):format(reply.type, parameter[1], value and "empty" or "missing"), 0)
    end
  end
  return elements(kind.xml, reply)
end

-- ---- the customer service form

local function filled(shape, reply)
  local body = {}
  for key, from in pairs(shape) do
    if type(from) == "string" then body[key] = reply[from]
    elseif type(from) == "function" then body[key] = from(reply)
    else body[key] = filled(from, reply) end
  end
  return body
end

-- Splits a text into pieces of at most 2048 bytes, at good places.
local function texts(content, host)
  local pieces = {}
  while content ~= "" do
    local piece = host.reply.cut(content)
    pieces[#pieces + 1] = piece
    content = content:sub(#piece + 1)
  end
  return pieces
end

---@param wechat table
---@param host table
return function(wechat, host)
  local metatable = { __name = "reply", __tostring = host.reply.render }
  host.reply.register(elements_of, metatable)
  host.reply.kinds = kinds

  local function take_from_message(reply, parameter, builder)
    local message = host.message.get()
    reply[parameter[1]] = message and message[parameter.from]
    if reply[parameter[1]] == nil then
      local text = "wechat.%s: %s is missing (the message has no %s)"
      host.args.fail(text, builder, parameter[1], parameter.from)
    end
  end

  local function builder_of(kind)
    local parameters, check = kind.parameters, kind.check
    return function(...)
      local reply = setmetatable({ type = kind.type }, metatable)
      for i, parameter in ipairs(parameters) do
        reply[parameter[1]] = select(i, ...)
        if parameter.from and reply[parameter[1]] == nil then
          take_from_message(reply, parameter, kind.builder)
        end
        if reply[parameter[1]] == "" and not kind.may_be_empty and not is_optional(parameter) then
          host.args.fail("wechat.%s: %s is empty (%s)", kind.builder, parameter[1], parameter[2])
        end
      end
      if check then check(reply, host) end
      return reply
    end
  end

  for _, kind in ipairs(kinds) do
    host.args.add(wechat, kind.builder, kind.parameters, builder_of(kind), kind.doc)
  end

  -- The most frequent kind: built without the generic loop.
  local escaped = builder_of(kind_of.text)
  host.args.add(wechat, "response_text", kind_of.text.parameters, function(content, escape)
    if escape then return escaped(content, escape) end
    return setmetatable({ type = "text", content = content }, metatable)
  end, kind_of.text.doc)

  -- Bytes that are no UTF-8 go out as U+FFFD, as in the answer to the request.
  local function mended(bodies)
    if pcall(host.json.encode, bodies) then return bodies end
    local good, text = pcall(host.json.encode_lossy, bodies)
    if not good then return bodies end
    return host.json.decode(text), "it has bytes that are not UTF-8 (GBK?), which are sent as \u{FFFD}"
  end

  --- The customer service messages that say what a reply says: a list of bodies without `touser`, empty for
  --- none, and what was changed for that; or nil and why there is no such form. A late reply goes out so, and what did
  --- not fit into a text.
  ---@param reply Reply|string|nil|false
  ---@return table[]? bodies, string? why
  function host.reply.custom(reply)
    if not reply or reply == "" then return {} end
    if type(reply) == "string" then reply = { type = "text", content = reply } end
    local kind = kind_of[reply.type]
    if reply.type == "none" then return {} end
    if not kind or not kind.custom then
      return nil, ("a reply of type '%s' has no customer service form"):format(tostring(reply.type))
    end
    local text, changed = nil, nil
    if kind.instead then text, changed = kind.instead(reply) end
    if text then reply, kind = { type = "text", content = text }, kind_of.text end
    local bodies = {}
    for i, content in ipairs(reply.type == "text" and texts(reply.content, host) or { false }) do
      bodies[i] = filled(kind.custom, content and { content = content } or reply)
      bodies[i].msgtype = reply.type
    end
    local bytes
    bodies, bytes = mended(bodies)
    return bodies, changed or bytes
  end

  --- Describes a reply in one line: "text: hello", "news: 2 articles: A | B", "(no reply)".
  ---@param reply Reply|string|nil|false
  ---@return string
  function host.reply.describe(reply)
    if not reply or reply == "" then return "(no reply)" end
    if type(reply) == "string" then return "text: " .. reply end
    local kind = kind_of[reply.type]
    if reply.type == "none" then return "(no reply)" end
    local line = kind and kind.line
    local text = type(line) == "function" and line(reply) or reply[line]
    return text and reply.type .. ": " .. tostring(text) or tostring(reply.type)
  end
end
