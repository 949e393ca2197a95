-- The rows of the reference, from the program's own tables: methods, endpoints, message fields, menu builders.
-- Examples are generated from the parameters.

local catalogue = require "wechat.catalogue"
local menu_types = require "wechat.menu.types"
local misread = require "wechat.misread"
local annotations = require "meta.types"
local modules = require "docs.modules"
local pages = require "docs.pages"
local types = require "docs.types"
local words = require "docs.words"
local commands_zh = require "docs.commands_zh"
local endpoints_zh = require "docs.endpoints_zh"
local texts_zh = require "docs.texts_zh"

local reference = {}

-- ---- examples

local openid = '"oDemoUser0000000000000000001"'
local samples = {
  user_id = openid, openid = openid, touser = openid, media_id = '"MEDIA_ID"', thumb_media_id = '"MEDIA_ID"', content = '"你好"',
  url = '"https://example.com/"', music_url = '"https://example.com/a.mp3"', hq_url = '"https://example.com/a.mp3"',
  ticket = '"TICKET"', articles = '{ { title = "标题", url = "https://example.com/" } }', fn = "function() end",
  interval = '"10m"', spec = '"0 9 * * *"', method = '"GET"', path = '"/hello"', key = '"count"', value = "1",
  ids = '"1"', kf_account = '"kf2001@shop"', verb = '"GET"', template_id = '"TEMPLATE_ID"', text = '"你好"', question = '"你叫什么名字？"', seconds = "0.5",
  type = '"image"', file = '"photo.jpg"', name = '"name"', markdown = '"**你好**"', xml = '"<xml>...</xml>"',
}
local by_type = { string = '"text"', integer = "1", number = "1", boolean = "true", table = "{}", ["function"] = "function() end",
  any = "1", object = "{}", array = "{}", ["string[]"] = '{ "text" }', ["integer[]"] = "{ 1 }", ["object[]"] = "{ {} }", file = '"a.jpg"' }

-- Of names that the platform makes of others: by what they end with.
local by_ending = {
  { "openid$", openid }, { "ur[li]$", '"https://example.com/"' }, { "_date$", '"2026-11-01"' }, { "^page$", "1" }, { "^start$", "0" },
  { "limit$", "10" }, { "size$", "10" }, { "onoff$", "1" }, { "^scene$", "1" }, { "time$", "1790000000" },
}
local capitals = { "code$", "token$", "_?i[ds]$", "ticket$" }

-- Returns a value of a name that says what it holds; nil if it does not.
local function sample_of_name(name)
  for _, row in ipairs(by_ending) do
    if name:find(row[1]) then return row[2] end
  end
  for _, ending in ipairs(capitals) do
    if name:find(ending) then return ('"%s"'):format(name:upper()) end
  end
end

local function sample(name, kind)
  local first = kind:gsub("%?$", ""):match("^[^|]+")
  local known = samples[name]
  local is_list = first == "array" or first:find("[]", 1, true)
  if known and is_list and known:sub(1, 1) ~= "{" then return ("{ %s }"):format(known) end
  if known and (first ~= "table" or known:sub(1, 1) == "{") and (first ~= "integer" or known:find("^%d")) then return known end
  local named = first == "string" and sample_of_name(name)
  if named and (kind:find("integer", 1, true) or named:sub(1, 1) == '"') then return named end
  return by_type[first] or "{}"
end

-- Calls that arguments of the right types alone do not explain.
local examples = {
  ["base64.decode"] = 'wechat.base64.decode("5L2g5aW9")',
  ["http.get"] = 'local answer, err = wechat.http.get("https://example.com/", { query = { q = "月" }, timeout = 5 })\nlocal data = answer and wechat.json.decode(answer.body)',
  ["http.post"] = 'wechat.http.post("https://example.com/", { json = { name = "小月" } })',
  ["http.request"] = 'wechat.http.request { method = "PUT", url = "https://example.com/", json = { name = "小月" } }',
  ["http.stream"] = 'local r <close>, err = wechat.http.stream { url = "https://example.com/" }\nif r then for event in r:events() do wechat.say(event.data) end end',
  spawn = "local task = wechat.spawn(function() wechat.sleep(1) return 1 end)\nlocal one = task:join()",
  once = "local number = wechat.once(math.random, 100)",
  gate = "local gate = wechat.gate(4)\nfunction on_message(msg) local pass <close> = gate:enter(10) end",
  allow = 'if not wechat.allow("chat/" .. msg.source, 20, 3600) then return "问得有点多，过一会儿再来吧。" end',
  ask = 'local name, why = wechat.ask("你叫什么名字？", { timeout_s = 300 })\nreturn name and "你好，" .. name.content or "下次再来"',
  say = 'wechat.say("先说一部分。")',
  path = 'io.open(wechat.path("words.txt"))',
  call = 'wechat.call("GET", "/cgi-bin/getcallbackip")',
  route = 'wechat.route("GET", "/hello", function(request) return "<p>" .. request.path end)',
  session = "local session = wechat.session()\nsession.visits = (session.visits or 0) + 1",
  check_signature = 'local q = request.query\nlocal genuine = wechat.check_signature(q.signature, q.timestamp, q.nonce)',
  parse_data = "local msg, why = wechat.parse_data(request.body)",
  hmac_sha256 = 'wechat.hmac_sha256("KEY", "你好")',
  generate_jsapi_signature = 'wechat.generate_jsapi_signature(os.time(), "abc", "https://example.com/")',
  upload_media = 'local answer, err = wechat.upload_media("image", wechat.path("photo.jpg"))\nif not answer then return tostring(err) end\nreturn wechat.response_image(answer.media_id)',
  download_media = 'local picture, err = wechat.download_media(msg.media_id)\nif picture then picture:save(wechat.path("photo.jpg")) end',
  create_menu = 'wechat.create_menu { button = { { type = "click", name = "今日歌曲", key = "TODAY" } } }',
  ["menu.push"] = 'local menu = wechat.menu.new()\nmenu:click("今日歌曲", "TODAY")\nwechat.menu.push(menu)',
  create_qrcode = 'wechat.create_qrcode { action_name = "QR_SCENE", expire_seconds = 600, action_info = { scene = { scene_id = 7 } } }',
  send_article_message = 'wechat.send_article_message("oDemoUser0000000000000000001", { { title = "标题", url = "https://example.com/" } })',
  send_template_message = 'wechat.send_template_message("oDemoUser0000000000000000001", "TEMPLATE_ID", { first = { value = "你好" } })',
  pay_sign = 'wechat.pay_sign { appid = "wx0123456789abcdef", total_fee = 100, nonce_str = "abc" }',
}

--- Returns a method's parameters; of one that takes any number of arguments the last is "...".
---@param name string
---@param entry MethodEntry
---@return Parameter[]
function reference.parameters(name, entry) return entry.parameters or annotations.variadic[name] or {} end

--- Returns a method's parameters as a text: "key, [by]".
---@param parameters Parameter[]
---@return string
function reference.argument_list(parameters)
  local names = {}
  for i, parameter in ipairs(parameters) do
    names[i] = parameter[2]:sub(-1) == "?" and "[" .. parameter[1] .. "]" or parameter[1]
  end
  return table.concat(names, ", ")
end

--- Returns a parameter's type: the editor's, where it says more than the type that is checked.
---@param name string
---@param parameter Parameter
---@return string
function reference.parameter_type(name, parameter)
  local known = annotations.parameters[name .. "." .. parameter[1]]
  return known and types.by_name[known] and known or (parameter[2]:gsub("%?$", ""))
end

--- Returns the endpoint whose fields the table has that a method returns; nil if there is none.
---@param name string
---@param entry MethodEntry
---@return Endpoint?
function reference.endpoint_behind(name, entry)
  if not entry.calls or not annotations.returns_of(name):find("^table") then return nil end
  local endpoint = catalogue.endpoint(entry.calls)
  return #endpoint.returns > 0 and endpoint or nil
end

--- Returns an example call of a method, else one with its required arguments.
---@param name string
---@param parameters Parameter[]?
---@return string
function reference.example(name, parameters)
  if examples[name] then return examples[name] end
  local arguments, least = {}, 0
  for i, parameter in ipairs(parameters or {}) do
    if parameter[2]:sub(-1) ~= "?" then least = i end
  end
  for i = 1, least do arguments[i] = sample(parameters[i][1], parameters[i][2]) end
  local is_reply = annotations.returns_of(name) == "Reply" -- which the script gives back
  return ("%swechat.%s(%s)"):format(is_reply and "return " or "", name, table.concat(arguments, ", "))
end

local function field_sample(field, name)
  if not field then return "{}" end
  if field.choices then return field.type == "integer" and field.choices[1] or ('"%s"'):format(field.choices[1]) end
  return sample(name, field.type)
end

--- Returns the address of an endpoint's page of the platform's documentation; nil if it is not known.
---@param endpoint Endpoint
---@param lang "zh"|"en"
---@return string?
function reference.page(endpoint, lang)
  local page = pages[endpoint.path]
  return page and ("https://developers.weixin.qq.com/doc/service/%sapi/%s.html"):format(lang == "en" and "en/" or "", page)
end

-- Returns the required fields of a tree as text, "a = 1, b = { c = 2 }".
local function needed(node)
  local out = {}
  for _, name in ipairs(node.names) do
    local inner = node.inside[name]
    local field = inner.field
    local filled = field and (field.value ~= nil or field.default_of ~= nil)
    if not filled and ((field and field.required) or inner.needs) then
      local text
      if inner.item and #inner.item.names > 0 then text = ("{ { %s } }"):format(needed(inner.item))
      elseif #inner.names > 0 then text = ("{ %s }"):format(needed(inner))
      else text = field_sample(field, name) end
      out[#out + 1] = ("%s = %s"):format(name:find("^[%a_][%w_]*$") and name or ('["%s"]'):format(name), text)
    end
  end
  return table.concat(out, ", ")
end

-- Words of fields that a call can do without.
local without = { "^where to go on", "only ask", "comes back as it is", "^in place of", "of the past", "up to five" }
local optional_names = { lang = true, state = true, scope = true, reserved = true, ad_slot = true, filename = true }

local function is_wanted(field)
  if field.value ~= nil or field.default_of or optional_names[field.path] or field.path:find("[A-Z.([]") then return false end
  for _, pattern in ipairs(without) do
    if field.words:find(pattern) then return false end
  end
  return true
end

-- Returns what a call is given where the catalogue says of no field that it is required: the query's parameters; of a
-- body the first of those of which it needs one, or the first id.
local function likely(endpoint)
  local parts, first = {}, nil
  for _, field in ipairs(endpoint.query) do
    if is_wanted(field) then parts[#parts + 1] = ("%s = %s"):format(field.path, field_sample(field, field.path)) end
  end
  for _, field in ipairs(endpoint.body) do
    local is_one = field.words:find("one of the two is needed", 1, true) or field.is_id or field.path:find("openid", 1, true)
    if not first and is_one and is_wanted(field) then first = ("%s = %s"):format(field.path, field_sample(field, field.path)) end
  end
  return #parts > 0 and table.concat(parts, ", ") or first or ""
end

--- Returns an example call of an endpoint with its required fields, or those that it hardly does without.
---@param endpoint Endpoint
---@return string
function reference.endpoint_example(endpoint)
  local parts = {}
  for _, tree in ipairs { endpoint.query_tree, endpoint.tree } do
    local text = needed(tree)
    if text ~= "" then parts[#parts + 1] = text end
  end
  local more = #parts == 0 and likely(endpoint) or ""
  if more ~= "" then parts[1] = more end
  if #parts == 0 then return ("wechat.%s{}"):format(endpoint.name) end
  return ("wechat.%s{ %s }"):format(endpoint.name, table.concat(parts, ", "))
end

-- ---- rows

--- Returns the names of all methods that are not endpoints, sorted.
---@param methods table<string, MethodEntry>
---@return string[]
function reference.method_names(methods)
  local names = {}
  for _, name in ipairs(misread.names(methods)) do
    if not catalogue.endpoint(name) and not name:find(":", 1, true) then names[#names + 1] = name end
  end
  return names
end

--- Returns the fields of messages: {name, type, description, kinds = "image, voice"} each.
---@return table[]
function reference.message_fields()
  local rows = {}
  for line in annotations.classes:match("%-%-%-@class Message .-\n\n"):gmatch("%-%-%-@field ([^\n]+)") do
    local name, rest = line:match("^([%w_]+)%??%s+(.*)$")
    if name then
      local kind = rest:match("^%b{}") or rest:match("^%S+")
      local text = rest:sub(#kind + 2)
      local kinds, meaning = text:match("^([^:]*): (.+)$")
      rows[#rows + 1] = { name, kind, meaning or text, kinds = kinds or "" }
    end
  end
  return rows
end

local type_names = { "text", "image", "voice", "video", "shortvideo", "location", "link", "subscribe", "scan", "view",
  "event location", "templatesendjobfinish" }

--- Returns the types of messages with their own fields: {type, {field rows}}; the first row is of every message, the
--- second of every event.
---@return table[]
function reference.message_types()
  local groups, every, events = {}, {}, {}
  local fields = reference.message_fields()
  local taken = {}
  for _, kind in ipairs(type_names) do
    local rows = {}
    for _, field in ipairs(fields) do
      local head = ", " .. field.kinds .. ","
      if field[1] ~= "type" and head:find(", " .. kind .. ",", 1, true) then rows[#rows + 1], taken[field[1]] = field, true end
    end
    groups[#groups + 1] = { kind, rows }
  end
  for _, field in ipairs(fields) do
    if not taken[field[1]] then
      local list = field.kinds == "events" and events or every
      list[#list + 1] = field
    end
  end
  table.insert(groups, 1, { "events", events })
  table.insert(groups, 1, { "every", every })
  return groups
end

--- Returns how a method of a menu is called: "menu:click(name, key)".
---@param row table of reference.menu_methods
---@return string
function reference.menu_call(row)
  local names = {}
  for i, parameter in ipairs(row.parameters) do names[i] = parameter[1] end
  return ("menu:%s(%s)"):format(row.name, table.concat(names, ", "))
end

reference.menu_methods = menu_types.methods
reference.modules = modules
reference.types = types
reference.words = words

-- A word is known as a whole by its row: "late_text" by "outcome late_text", "content" by "msg.content".
local function is_named(name, wanted)
  name = name:lower()
  return name == wanted or name:match("^%l+[ .:](.*)$") == wanted or name:match("^[%w_.:]+") == wanted
end

-- A type of messages is known by the fields that it has of its own.
local function message_type_rows(try, lang)
  for _, group in ipairs(reference.message_types()) do
    local names, kind = {}, group[1]
    for i, field in ipairs(group[2]) do names[i] = "msg." .. field[1] end
    local title, list = words.headings[kind], table.concat(names, ", ")
    try(title and title[lang == "zh" and 2 or 1] or kind:find(" ", 1, true) and kind or "type " .. kind, list, list)
  end
end

local function type_rows(try)
  for _, class in ipairs(types.list) do
    try(class.name, class.about, texts_zh(class.about))
    for _, row in ipairs(class.rows) do
      local name, text = class.name .. (row.as_called:find("^:") and "" or ".") .. row.as_called, row[3] ~= "" and "  " .. row[3] or ""
      try(name, row[2] .. text, row[2] .. (text ~= "" and "  " .. texts_zh(row[3]) or ""))
    end
  end
end

--- Searches names and descriptions, English and Chinese: returns {name, doc, whole =} each: first those of which the
--- word is the whole name (`whole`), then other names that have it, then descriptions.
---@param methods table<string, MethodEntry>
---@param word string
---@param about { keys: table[], commands: table[], metrics: table[]?, lang: "zh"|"en", whole: boolean? } the
---configuration's keys, wemoon's commands, /metrics' names; of `doc`; only rows of which the word is the whole name, no
---endpoints
---@return table[]
function reference.search(methods, word, about)
  local wanted, whole, by_name, by_doc = word:lower(), {}, {}, {}
  local function try(name, english, chinese, more)
    local row = { name, about.lang == "zh" and chinese or english, whole = is_named(name, wanted) }
    if row.whole then whole[#whole + 1] = row
    elseif about.whole then return
    elseif name:lower():find(wanted, 1, true) then by_name[#by_name + 1] = row
    elseif table.concat({ english, chinese or "", more or "" }, " "):lower():find(wanted, 1, true) then by_doc[#by_doc + 1] = row end
  end
  for _, field in ipairs(words.log_fields) do try("log " .. field[1], field[2], field[3]) end
  for _, outcome in ipairs(words.outcomes) do try("outcome " .. outcome[1], outcome[2], outcome[3]) end
  for _, name in ipairs(reference.method_names(methods)) do try("wechat." .. name, methods[name].doc, words.methods[name]) end
  for _, hook in ipairs(words.hooks) do try(hook[1], hook[2], hook[3]) end
  for _, field in ipairs(reference.message_fields()) do try("msg." .. field[1], field[3], words.fields[field[1]], field.kinds) end
  message_type_rows(try, about.lang)
  for _, row in ipairs(menu_types.methods) do try("menu:" .. row.name, row.doc, words.menu[row.name]) end
  for _, module in ipairs(modules) do
    for _, row in ipairs(module.rows) do try(row[1], row[2], row[3], module.name) end
  end
  type_rows(try)
  for _, key in ipairs(about.keys) do try("config " .. key.name, key.help, words.keys[key.name]) end
  for _, metric in ipairs(about.metrics or {}) do try("metric " .. metric.name, metric.help, metric.zh) end
  for _, command in ipairs(about.commands) do try("wemoon " .. command.name, command.summary, (commands_zh[command.name] or {}).summary) end
  for _, group in ipairs(about.whole and {} or catalogue.groups) do
    local about_group, names = catalogue.group(group)
    for _, name in ipairs(names) do
      local endpoint = catalogue.find(group, name)
      try("wechat." .. endpoint.name, endpoint.doc, (endpoints_zh[group] or {})[name], about_group .. " " .. endpoint.path)
    end
  end
  for _, list in ipairs { by_name, by_doc } do table.move(list, 1, #list, #whole + 1, whole) end
  return whole
end

return reference
