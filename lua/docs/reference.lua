-- The rows of the reference, from the program's own tables: methods, endpoints, message fields, menu builders.
-- Examples are generated from the parameters.

local catalogue = require "wechat.catalogue"
local menu_types = require "wechat.menu.types"
local types = require "meta.types"
local words = require "docs.words"
local endpoints_zh = require "docs.endpoints_zh"

local reference = {}

-- ---- examples

local openid = '"oDemoUser0000000000000000001"'
local samples = {
  user_id = openid, openid = openid, touser = openid, media_id = '"MEDIA_ID"', thumb_media_id = '"MEDIA_ID"', content = '"你好"',
  url = '"https://example.com/"', music_url = '"https://example.com/a.mp3"', hq_url = '"https://example.com/a.mp3"',
  ticket = '"TICKET"', articles = '{ { title = "标题", url = "https://example.com/" } }', fn = "function() end",
  interval = '"10m"', spec = '"0 9 * * *"', method = '"GET"', path = '"/hello"', key = '"count"', value = "1",
  verb = '"GET"', template_id = '"TEMPLATE_ID"', text = '"你好"', question = '"你叫什么名字？"', seconds = "0.5",
  type = '"image"', file = '"photo.jpg"', name = '"name"', markdown = '"**你好**"', xml = '"<xml>...</xml>"',
}
local by_type = { string = '"text"', integer = "1", number = "1", boolean = "true", table = "{}", ["function"] = "function() end",
  any = "1", object = "{}", array = "{}", ["string[]"] = '{ "text" }', ["integer[]"] = "{ 1 }", ["object[]"] = "{ {} }", file = '"a.jpg"' }

local function sample(name, kind)
  local first = kind:gsub("%?$", ""):match("^[^|]+")
  local known = samples[name]
  if known and (first ~= "table" or known:sub(1, 1) == "{") and (first ~= "integer" or known:find("^%d")) then return known end
  return by_type[first] or "{}"
end

--- Returns an example call of a method with its required arguments.
---@param name string
---@param parameters Parameter[]?
---@return string
function reference.example(name, parameters)
  local arguments, least = {}, 0
  for i, parameter in ipairs(parameters or {}) do
    if parameter[2]:sub(-1) ~= "?" then least = i end
  end
  for i = 1, least do arguments[i] = sample(parameters[i][1], parameters[i][2]) end
  return ("wechat.%s(%s)"):format(name, table.concat(arguments, ", "))
end

local function field_sample(field, name)
  if not field then return "{}" end
  if field.choices then return field.type == "integer" and field.choices[1] or ('"%s"'):format(field.choices[1]) end
  return sample(name, field.type)
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

--- Returns an example call of an endpoint with its required fields.
---@param endpoint Endpoint
---@return string
function reference.endpoint_example(endpoint)
  local parts = {}
  for _, tree in ipairs { endpoint.query_tree, endpoint.tree } do
    local text = needed(tree)
    if text ~= "" then parts[#parts + 1] = text end
  end
  if #parts == 0 then return ("wechat.%s{}"):format(endpoint.name) end
  return ("wechat.%s{ %s }"):format(endpoint.name, table.concat(parts, ", "))
end

-- ---- rows

--- Returns the names of all methods that are not endpoints, sorted.
---@param methods table<string, MethodEntry>
---@return string[]
function reference.method_names(methods)
  local names = {}
  for name in pairs(methods) do
    if not catalogue.endpoint(name) and not name:find(":", 1, true) then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

--- Returns the fields of messages: {name, type, description} each.
---@return string[][]
function reference.message_fields()
  local rows = {}
  for line in types.classes:match("%-%-%-@class Message .-\n\n"):gmatch("%-%-%-@field ([^\n]+)") do
    local name, rest = line:match("^([%w_]+)%??%s+(.*)$")
    if name then
      local kind = rest:match("^%b{}") or rest:match("^%S+")
      rows[#rows + 1] = { name, kind, rest:sub(#kind + 2) }
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
      local head = ", " .. field[3]:match("^[^:]*"):gsub(" where.*", "") .. ","
      if field[1] ~= "type" and head:find(", " .. kind .. ",", 1, true) then rows[#rows + 1], taken[field[1]] = field, true end
    end
    groups[#groups + 1] = { kind, rows }
  end
  for _, field in ipairs(fields) do
    if not taken[field[1]] then
      local list = field[3]:find("^events") and events or every
      list[#list + 1] = field
    end
  end
  table.insert(groups, 1, { "events", events })
  table.insert(groups, 1, { "every", every })
  return groups
end

reference.menu_methods = menu_types.methods
reference.words = words

--- Searches names and descriptions: returns {name, doc} each, matching names first.
---@param methods table<string, MethodEntry>
---@param word string
---@return string[][]
function reference.search(methods, word)
  local wanted, by_name, by_doc = word:lower(), {}, {}
  local function try(name, doc, more)
    if name:lower():find(wanted, 1, true) then by_name[#by_name + 1] = { name, doc }
    elseif (doc .. " " .. (more or "")):lower():find(wanted, 1, true) then by_doc[#by_doc + 1] = { name, doc } end
  end
  for _, name in ipairs(reference.method_names(methods)) do try("wechat." .. name, methods[name].doc, words.methods[name]) end
  for _, hook in ipairs(words.hooks) do try(hook[1], hook[2], hook[3]) end
  for _, field in ipairs(reference.message_fields()) do try("msg." .. field[1], field[3]) end
  for _, row in ipairs(menu_types.methods) do try("menu:" .. row.name, row.doc) end
  for _, group in ipairs(catalogue.groups) do
    local about, names = catalogue.group(group)
    for _, name in ipairs(names) do
      local endpoint = catalogue.find(group, name)
      try("wechat." .. endpoint.name, endpoint.doc, about .. " " .. endpoint.path .. " " .. ((endpoints_zh[group] or {})[name] or ""))
    end
  end
  return table.move(by_doc, 1, #by_doc, #by_name + 1, by_name)
end

return reference
