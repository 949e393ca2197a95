-- Parses the catalogue of endpoints; catalogue/index.lua describes its form. Functions, checks, help and the editor's
-- annotations are made from it.

local misread = require "wechat.misread"

local catalogue = {
  ---@type string[] "tag", "message.custom" ...
  groups = require "wechat.catalogue.index",
}

---@class Field
---@field path string "tag.name"
---@field type string as written: "string", "string|integer", "object[]"
---@field types table<string, boolean>
---@field required boolean
---@field value string|integer|nil filled in where it is left out
---@field default_of? "appid"|"appsecret" filled in from the account
---@field choices? string[]
---@field is_id boolean taken as an integer or as a text of digits, sent as documented
---@field words string what it means, or ""
---@field lists? table<string, boolean> names inside it that its words call lists: "of a, b[]"

---@class Endpoint
---@field name string "tag.create"
---@field verb "GET"|"POST"|"UPLOAD"|"DOWNLOAD"
---@field path string
---@field host "api"|"mp"|"open"
---@field token string
---@field url? string
---@field send boolean
---@field takes_body boolean
---@field status? "deprecated"|"removed"
---@field doc string
---@field note? string
---@field query Field[]
---@field body Field[]
---@field raw? Field what is sent as the body itself
---@field file? Field what is sent as a file
---@field returns Field[]
---@field query_tree FieldNode
---@field tree FieldNode the body's fields as a tree

---@class FieldNode
---@field field? Field none where only the fields inside are known
---@field names string[] in order
---@field inside table<string, FieldNode>
---@field item? FieldNode of each member, for a list
---@field needs? string the first required path in it, from it on: "name"

-- "tag.id", "template_id", "kidList", "industry_id1"; openids and appids are never numbers.
local function is_id(path)
  local name = path:match("([%w_]+)[%[%]]*$")
  name = name and name:lower() or ""
  if name:find("openid") or name:find("appid") then return false end
  return name:find("ids?%d*$") ~= nil or name:find("id_?list$") ~= nil
end

--- Parses the line of a field; raises if it is malformed.
---@param line string
---@return Field
function catalogue.parse_field(line)
  local path, types, need, rest = line:match("^(%S+) ([%a%[%]|]+)(!?)(.*)$")
  if not path then error("catalogue: not a field: " .. line) end
  local field = { path = path, type = types, types = {}, required = need == "!", words = "", is_id = is_id(path) }
  for name in types:gmatch("[^|]+") do field.types[name] = true end
  local value, words = rest:match("^=(%S+)(.*)$")
  if value then
    rest, field.default_of = words, value:match("^@(.+)$")
    local whole = types == "integer" and math.tointeger(tonumber(value))
    if not field.default_of then field.value = whole or value end
  end
  rest = rest:match("^%s*(.*)$")
  local choices, after = rest:match("^([%w_|]+)%f[%s\0]%s*(.*)$")
  if choices and choices:find("|", 1, true) then
    field.choices, rest = {}, after
    for choice in choices:gmatch("[^|]+") do field.choices[#field.choices + 1] = choice end
  end
  field.words = rest
  for name in rest:gmatch("([%w_]+)%[%]") do
    field.lists = field.lists or {}
    field.lists[name] = true
  end
  return field
end

local function parse_fields(lines)
  local fields = {}
  for i, line in ipairs(lines or {}) do fields[i] = catalogue.parse_field(line) end
  return fields
end

local function new_node() return { names = {}, inside = {} } end

local function child(node, name)
  if not node.inside[name] then
    node.inside[name] = new_node()
    node.names[#node.names + 1] = name
  end
  return node.inside[name]
end

-- The place of "articles[].title" in the tree.
local function descend(node, path)
  for name, list in path:gmatch("([^.%[%]]+)(%[?%]?)") do
    node = child(node, name)
    if list == "[]" then
      node.item = node.item or new_node()
      node = node.item
    end
  end
  return node
end

local function note_needs(node)
  for _, name in ipairs(node.names) do
    local inner = node.inside[name]
    note_needs(inner)
    if inner.item then note_needs(inner.item) end
    local required = inner.field and inner.field.required
    if required or (inner.needs and not inner.field) then
      node.needs = node.needs or (inner.needs and name .. "." .. inner.needs or name)
    end
  end
end

--- The fields as a tree, by their paths. Fields of the caller's own ("...", "(raw)") are left out.
---@param fields Field[]
---@return FieldNode
function catalogue.tree(fields)
  local root = new_node()
  for _, field in ipairs(fields) do
    if field.path:find("^[%a_]") then descend(root, field.path).field = field end
  end
  note_needs(root)
  return root
end

local files, endpoints = {}, {}
local known = {}
for _, group in ipairs(catalogue.groups) do known[group] = true end

local function read(group)
  if not files[group] then files[group] = require("wechat.catalogue." .. group:gsub("%.", "_")) end
  return files[group]
end

---@param group string
---@return boolean
function catalogue.has_group(group) return known[group] or false end

--- A group's subject, and the names of its endpoints, sorted, without the group's name.
---@param group string
---@return string about
---@return string[] names
function catalogue.group(group)
  local file = read(group)
  return file.about, misread.names(file.endpoints)
end

--- An endpoint by its group and name; nil if there is none.
---@param group string
---@param name string
---@return Endpoint?
function catalogue.find(group, name)
  local full = group .. "." .. name
  if endpoints[full] then return endpoints[full] end
  if not known[group] then return nil end
  local file = read(group)
  local entry = file.endpoints[name]
  if not entry then return nil end
  local verb, path = entry.call:match("^(%u+) (/%S+)$")
  local status = entry.status or file.status
  local endpoint = {
    name = full, verb = verb, path = path, host = entry.host or "api", url = entry.url,
    token = entry.token or "access_token", send = entry.send or false, doc = entry.doc,
    status = status ~= "current" and status or nil, note = entry.note or file.note,
    query = parse_fields(entry.query), body = parse_fields(entry.body), returns = parse_fields(entry.returns),
  }
  for _, field in ipairs(endpoint.body) do
    if field.path == "(raw)" then endpoint.raw = endpoint.raw or field end
    if field.types.file then endpoint.file = endpoint.file or field end
  end
  endpoint.takes_body = verb ~= "GET" and not (verb == "DOWNLOAD" and #endpoint.body == 0)
  endpoint.query_tree, endpoint.tree = catalogue.tree(endpoint.query), catalogue.tree(endpoint.body)
  endpoints[full] = endpoint
  return endpoint
end

--- An endpoint by its full name, "message.custom.send_text"; nil if there is none.
---@param full string
---@return Endpoint?
function catalogue.endpoint(full)
  if endpoints[full] then return endpoints[full] end
  local group, name = full:match("^(.*)%.([^.]+)$")
  return group and catalogue.find(group, name)
end

return catalogue
