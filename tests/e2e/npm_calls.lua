-- Issues calls that others have issued: reads a list of {as =, fields =, file = {field =, path =}} and calls wechat.AS
-- with the fields, but for those that wemoon fills in. Prints a line of JSON a call: the fields that the catalogue does
-- not know, and what was raised or returned in place of an answer.
local catalogue = require "wechat.catalogue"

local file <close> = assert(io.open((...), "rb"))
local list = wechat.json.decode(file:read("a"))

-- A node without names inside takes whatever stands there.
local function find_unknown(value, node, path, unknown)
  if type(value) ~= "table" or #value > 0 or #node.names == 0 then return end
  for name, member in pairs(value) do
    local inner = node.inside[name]
    if inner then find_unknown(member, inner, path .. name .. ".", unknown)
    else unknown[#unknown + 1] = path .. name end
  end
end

-- Of some calls the caller makes the fields: "<type>", "...".
local function takes_any(endpoint)
  for _, field in ipairs(endpoint.body) do
    if field.path:find("^[<.(]") then return true end
  end
end

local function unknown_fields(endpoint, one)
  local unknown = wechat.json.array {}
  if takes_any(endpoint) then return unknown end
  for name, value in pairs(one.fields) do
    local node = endpoint.tree.inside[name] or endpoint.query_tree.inside[name]
    if node then find_unknown(value, node, name .. ".", unknown)
    else unknown[#unknown + 1] = name end
  end
  table.sort(unknown)
  return unknown
end

local function drop_constants(fields, list_of_fields)
  for _, field in ipairs(list_of_fields) do
    if field.value ~= nil and fields[field.path] == field.value then fields[field.path] = nil end
  end
end

for _, one in ipairs(list) do
  local endpoint = assert(catalogue.endpoint(one.as), one.as)
  local unknown = unknown_fields(endpoint, one)
  drop_constants(one.fields, endpoint.query)
  drop_constants(one.fields, endpoint.body)
  if one.file then one.fields[one.file.field or 1] = one.file.path end
  local where = wechat
  for name in one.as:gmatch("[^.]+") do where = where[name] end
  local ok, result, err = pcall(where, one.fields)
  print(wechat.json.encode { unknown = unknown, raised = not ok and result or nil, failed = ok and err and tostring(err) or nil })
end
