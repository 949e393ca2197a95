-- The fields of a message, as the annotations have them, and what is wrong with one.

local event_forms = require "platform.event_forms"
local misread = require "wechat.misread"
local types = require "meta.types"

local message_fields = {}

local names, kinds = {}, {}
-- Those that are tables, and what these hold: location = {"x", "y"}.
local tables = {}

local lua_kinds = { string = "string", integer = "number", number = "number" }

local annotation = types.classes:match("%-%-%-@class Message .-\n\n")
for name, kind in annotation:gmatch("%-%-%-@field ([%w_]+)%?? (%S+)") do
  names[#names + 1] = name
  names[name], kinds[name] = true, lua_kinds[kind]
end
for name, inside in annotation:gmatch("%-%-%-@field ([%w_]+)%?? (%b{})") do
  tables[name] = {}
  for one in inside:gmatch("([%w_]+):") do table.insert(tables[name], one) end
end

-- Under the platform's own names, of which few begin with a small letter.
local elements = { bizmsgmenuid = true }
for _, row in ipairs(event_forms) do
  for _, element in ipairs(row[2]) do elements[element[1]:match("^[^.]+")] = true end
end

--- Returns whether wemoon gives the field itself: "content".
---@param name string
---@return boolean?
function message_fields.is_own(name) return names[name] end

--- Returns whether the field is a table of which the names are known: "location".
---@param name string
---@return boolean
function message_fields.is_table(name) return tables[name] ~= nil end

--- Returns what Lua calls the field's type; nil if that is not known. What the platform names itself is a text.
---@param name string
---@return "string"|"number"|nil
function message_fields.kind_of(name)
  return kinds[name] or (name:find("^%u[%w_]*$") and "string") or nil
end

--- Returns whether the field is one that messages have: "content", "location.x". Nothing is known of what is inside
--- one, but for the tables.
---@param name string
---@return boolean?
function message_fields.has(name)
  if names[name] then return true end
  local above, last = name:match("^(.*)%.([^.]+)$")
  if not above then return elements[name] or name:find("^%u") ~= nil end
  for _, one in ipairs(tables[above] or { last }) do
    if one == last then return true end
  end
  return last:find("^%u") ~= nil
end

--- Returns what is wrong with a field that messages lack.
---@param name string
---@return string
function message_fields.fault_of(name)
  local above, last = name:match("^(.*)%.([^.]+)$")
  local inside = above and table.concat(tables[above], ", ")
  if above then return ("msg.%s has no field %s (it has %s)"):format(above, last, inside) end
  return ("no type of message has a field %s%s"):format(name, misread.hint(name, names))
end

return message_fields
