-- Checks a table of arguments against the fields of a catalogue entry, fills in defaults, and gives each value the
-- type that the platform documents.

local as_text = require "wechat.as_text"
local misread = require "wechat.misread"
local nearest = require "wechat.nearest"

local fields = {}

local kinds = {
  string = function(value) return type(value) == "string" end,
  integer = function(value) return type(value) == "number" and math.tointeger(value) ~= nil end,
  number = function(value) return type(value) == "number" end,
  boolean = function(value) return type(value) == "boolean" end,
  object = function(value) return type(value) == "table" end,
}

local function is_digits(value)
  return type(value) == "string" and value:find("^%-?%d+$") and math.tointeger(tonumber(value)) ~= nil
end

-- By documented type, whether a value can be sent as an id: 20, 20.0 and "20" are the same id.
local ids = {
  string = function(value) return type(value) == "string" or kinds.integer(value) end,
  integer = function(value) return kinds.integer(value) or is_digits(value) end,
}

-- The index of the first hole in a list; nil if there is none.
local function hole_in(list)
  local last = #list
  for key in pairs(list) do
    if math.type(key) == "integer" and key > last then last = key end
  end
  for i = 1, last do
    if list[i] == nil then return i end
  end
end

local function is_list(value)
  if type(value) ~= "table" then return false end
  local first = next(value)
  return first == nil or value[1] ~= nil or math.type(first) == "integer"
end

-- The first member of the wrong kind, and its index; nil if there is none.
local function odd_member(value, kind)
  for i, member in ipairs(value) do
    if not kind(member) then return i, member end
  end
end

local function describe(value, words)
  if type(value) == "table" and words:find("list", 1, true) then return "a table with names" end
  if math.type(value) == "float" and words == "integer" then return "a number with a fraction" end
  local name = type(value)
  return (name:find("^[aeiou]") and "an " or "a ") .. name
end

local expected_words = {
  object = "table", array = "list", ["string[]"] = "list of strings", ["integer[]"] = "list of integers",
  ["object[]"] = "list of tables", file = "path, open file, or bytes with extension",
}

local function expected(field)
  local words = {}
  for name in field.type:gmatch("[^|]+") do words[#words + 1] = expected_words[name] or name end
  return table.concat(words, " or ")
end

local function wrong(path, value, words)
  return ("%s is %s (%s expected)"):format(path, describe(value, words), words)
end

local function fault_of_list(name, list, path, is_id)
  local hole = hole_in(list)
  if hole then return ("%s[%d] is missing (a list without holes expected)"):format(path, hole) end
  local member_type = name:match("^(.*)%[%]$")
  local kind = is_id and ids[member_type] or kinds[member_type] or function() return true end
  local i, member = odd_member(list, kind)
  if not i then return nil end
  return wrong(("%s[%d]"):format(path, i), member, member_type == "object" and "table" or member_type)
end

-- Why the value does not fit the type, with the path of the faulty member; nil if it fits.
local function fault_of_type(name, value, path, words, is_id)
  if name == "file" then
    if type(value) == "string" or io.type(value) == "file" then return nil end
    if io.type(value) == "closed file" then return path .. " is a closed file (" .. words .. " expected)" end
  elseif name == "array" or name:find("%[%]$") then
    if is_list(value) then return fault_of_list(name, value, path, is_id) end
  elseif (is_id and ids[name] or kinds[name])(value) then
    return nil
  end
  return wrong(path, value, words)
end

---@param field Field
---@param value any
---@param path string
---@param null any JSON's null, which fits everywhere
---@return string? fault
local function fault_of(field, value, path, null)
  local kind = kinds[field.type]
  if value == null or (kind and kind(value)) then return nil end
  local words, fault = expected(field), nil
  for name in field.type:gmatch("[^|]+") do
    fault = fault_of_type(name, value, path, words, field.is_id)
    if not fault then return nil end
  end
  return fault
end

local function copy(value)
  local out = {}
  for key, member in pairs(value) do out[key] = member end
  return out
end

-- An id in the documented type. A field of several types keeps it as it is.
local function settle_id(type_name, value)
  if type_name == "integer" then return math.tointeger(tonumber(value)) or value end
  if type_name == "string" and type(value) == "number" then return tostring(math.tointeger(value)) end
  return value
end

local function settle_ids(field, value)
  local member_type = field.type:match("^(%a+)%[%]$")
  if not member_type or type(value) ~= "table" then return settle_id(field.type, value) end
  local list = {}
  for i, member in ipairs(value) do list[i] = settle_id(member_type, member) end
  return list
end

-- A copy of the value in which empty tables under these names are marked as arrays; the value itself if there are none.
local function mark_lists(value, names, json)
  if type(value) ~= "table" then return value end
  local out
  for key, member in pairs(value) do
    local marked = member
    if type(member) == "table" and next(member) == nil then
      if names[key] and not json.is_array(member) then marked = json.array {} end
    else
      marked = mark_lists(member, names, json)
    end
    if marked ~= member then
      out = out or json.is_array(value) and json.array(table.move(value, 1, #value, 1, {})) or copy(value)
      out[key] = marked
    end
  end
  return out or value
end

-- A table as it is sent: an empty list as a list.
local function settle_lists(field, value, json)
  if next(value) ~= nil then return field.lists and mark_lists(value, field.lists, json) or value end
  if field.types.object or json.is_array(value) then return value end
  return json.array({})
end

-- The value as it is sent: 3.0 as 3, an id in its documented type, an empty list as a list.
local function settle(field, value, json)
  if field.is_id then value = settle_ids(field, value) end
  if field.types.integer and math.type(value) == "float" then return math.tointeger(value) or value end
  if type(value) ~= "table" then return value end
  return settle_lists(field, value, json)
end

local function missing(field, path)
  local mend = field.default_of and "; set " .. field.default_of .. " in the configuration" or ""
  return ("%s is missing (%s%s)"):format(path, expected(field), mend)
end

local function left_out(field, account)
  if field.default_of then return account(field.default_of) end
  return field.value
end

--- A copy of `values`, which are not checked, with empty lists marked as lists; `values` if there are none.
---@param node FieldNode
---@param values table
---@param json table
---@return table
function fields.mark_lists(node, values, json)
  local out
  for _, name in ipairs(node.names) do
    local field, value = node.inside[name].field, values[name]
    local holds_list = field and field.type:find("[]", 1, true) and type(value) == "table"
    local marked = holds_list and settle_lists(field, value, json) or value
    if marked ~= value then
      out = out or copy(values)
      out[name] = marked
    end
  end
  return out or values
end

--- Why a call lacks a field, if one of the names that it gives is a misspelt one of that field; nil if none is.
---@param node FieldNode
---@param values table
---@param prefix string of paths: "", "tag."
---@param name string the field that is missing
---@return string?
function fields.misspelt(node, values, prefix, name)
  local unknown = {}
  for _, given in ipairs(misread.names(values)) do
    unknown[#unknown + 1] = not node.inside[given] and given or nil
  end
  local near = nearest(name, unknown)
  return near and ("there is no field %s%s; did you mean %s%s?"):format(prefix, near, prefix, name) or nil
end

--- A copy of `values` with its fields checked and filled in; or nil and the fault, which names the path.
---@param node FieldNode
---@param values table
---@param prefix string of paths: "", "tag."
---@param env {json: table, account: fun(what: string): string?}
---@return table?
---@return string? fault
function fields.fill(node, values, prefix, env)
  local out = copy(values)
  for _, name in ipairs(node.names) do
    local fault
    out[name], fault = fields.fill_one(node.inside[name], out[name], prefix .. name, env)
    if fault then return nil, values[name] == nil and fields.misspelt(node, values, prefix, name) or fault end
  end
  return out
end

-- A list whose members have fields of their own.
local function fill_list(node, list, path, env)
  local out = copy(list)
  for i, member in ipairs(list) do
    local filled, fault = fields.fill(node, member, ("%s[%d]."):format(path, i), env)
    if fault then return nil, fault end
    out[i] = filled
  end
  return out
end

--- The same for the value of one field.
---@param node FieldNode
---@param value any
---@param path string
---@param env {json: table, account: fun(what: string): string?}
---@return any
---@return string? fault
function fields.fill_one(node, value, path, env)
  local field = node.field
  if value == nil and field then value = left_out(field, env.account) end
  if value == nil then
    if field and (field.required or field.default_of) then return nil, missing(field, path) end
    if not field and node.needs then return nil, ("%s.%s is missing"):format(path, node.needs) end
    return nil
  end
  if field then
    local fault = fault_of(field, value, path, env.json.null)
    if fault then return nil, fault end
    value = settle(field, value, env.json)
  elseif type(value) ~= "table" and value ~= env.json.null then
    return nil, wrong(path, value, "table")
  end
  if type(value) ~= "table" then return value end
  if node.item then return fill_list(node.item, value, path, env) end
  if #node.names > 0 then return fields.fill(node, value, path .. ".", env) end
  return value
end

--- A value as text for a query or a form, tables as JSON; or nil and the fault.
---@param value any
---@param json table
---@return string?
---@return string? fault "is not a finite number"
function fields.text(value, json)
  if type(value) == "table" or value == json.null then return json.encode(value) end
  return as_text(value)
end

fields.fault_of = fault_of

return fields
