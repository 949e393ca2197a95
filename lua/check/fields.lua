-- What is wrong with the names in a table that is written in a call: `wechat.tag.create{ tga = {...} }`.

local catalogue = require "wechat.catalogue"
local forms = require "check.forms"
local misread = require "wechat.misread"
local near = require "check.near"
local of_platform = require "wechat.fields"
local types = require "meta.types"
local units = require "check.units"
local classes = require "docs.types"

local fields = {}

---@class Named a name that a table constructor gives
---@field token Token
---@field value Meaning? of kind "table" if it is a table constructor

---@class FieldFault
---@field token Token
---@field text string
---@field is_note? boolean it is only likely

--- Returns the names of a class of the annotations and of those that it extends.
---@param name string
---@return string[]
function fields.names_of_class(name)
  local names, class = {}, classes.by_name[name]
  while class do
    for _, row in ipairs(class.rows) do names[#names + 1] = row[1] end
    class = classes.by_name[class.parent]
  end
  return names
end

local function add_fault(faults, token, format, ...)
  faults[#faults + 1] = { token = token, text = format:format(...) }
end

local function set_of(names)
  local set = {}
  for _, name in ipairs(names) do set[name] = true end
  return set
end

-- Adds the names that are not in the list. wemoon refuses them when the call is made.
local function add_unknown(faults, constructor, path, what, names)
  local known = set_of(names)
  for _, named in ipairs(constructor.named) do
    local name = named.token.text
    if not known[name] then
      add_fault(faults, named.token, "%s has no %s %s%s", path, what, name, misread.hint(name, names))
    end
  end
end

-- ---- the platform's fields

local function value_named(constructor, name)
  for _, named in ipairs(constructor.named) do
    if named.token.text == name then return named end
  end
end

-- The names of the nodes that the constructor does not give.
local function names_left(constructor, nodes)
  local left = {}
  for _, node in ipairs(nodes) do
    for _, name in ipairs(node.names) do
      if not value_named(constructor, name) then left[#left + 1] = name end
    end
  end
  return left
end

local function inside(nodes, name)
  local found = {}
  for _, node in ipairs(nodes) do found[#found + 1] = node.inside[name] or node.each end
  return found
end

local function items_of(nodes)
  local found = {}
  for _, node in ipairs(nodes) do found[#found + 1] = node.item end
  return found
end

-- Whether one of the nodes says so of itself: "exact", "whole".
local function is_any(nodes, what)
  for _, node in ipairs(nodes) do
    if node[what] then return true end
  end
  return false
end

local add_misspelt, add_refused

local function takes_list_alone(nodes)
  local is_list = false
  for _, node in ipairs(nodes) do
    local kinds = node.field and node.field.types or {}
    if #node.names > 0 or kinds.object then return false end
    is_list = is_list or node.item or kinds["object[]"]
  end
  return is_list
end

-- `articles = { title = ... }`, where the braces of the list are missing.
local function add_no_list(faults, constructor, nodes, path)
  local first = constructor.named[1]
  if not first or constructor.count > 0 or constructor.computed or not takes_list_alone(nodes) then return false end
  add_fault(faults, first.token, "%s is a list of tables: { { %s = ... } }", path, first.token.text)
  return true
end

local function add_inner(faults, value, nodes, path)
  if not value or value.kind ~= "table" or #nodes == 0 or add_no_list(faults, value, nodes, path) then return end
  add_misspelt(faults, value, nodes, path)
  local items = items_of(nodes)
  for i = 1, value.count do add_inner(faults, value.items[i], items, path) end
end

local function hint_of(name, nodes, names)
  if is_any(nodes, "exact") then return misread.hint(name, names) end
  local meant = near(name, names, is_any(nodes, "whole"))
  return meant and ("; did you mean %s?"):format(meant)
end

-- Adds the names that are near to a field's.
function add_misspelt(faults, constructor, nodes, path)
  for _, named in ipairs(constructor.named) do
    local name = named.token.text
    local found = inside(nodes, name)
    if #found > 0 then
      add_refused(faults, named.value, found, path .. "." .. name)
      add_inner(faults, named.value, found, path .. "." .. name)
    else
      local hint = hint_of(name, nodes, names_left(constructor, nodes))
      if hint then add_fault(faults, named.token, "%s has no field %s%s", path, name, hint) end
    end
  end
end

-- ---- values that are refused

-- A value of the kind that is written there; nil if that is not certain.
local function sample_of(value)
  if value.kind == "literal" then return value.value end
  if value.kind ~= "table" or value.computed then return nil end
  return value.named[1] and value.count == 0 and { name = true } or {}
end

-- Why a call refuses the value in the place of that node.
local function fault_of_value(node, value, path)
  if node.unchecked then return nil end
  if node.field then return of_platform.fault_of(node.field, value, path, nil) end
  local is_refused = #node.names > 0 and type(value) ~= "table"
  return is_refused and ("%s is a %s (table expected)"):format(path, type(value)) or nil
end

function add_refused(faults, value, nodes, path)
  local sample
  if value then sample = sample_of(value) end
  if sample == nil then return end
  for _, node in ipairs(nodes) do
    local fault = fault_of_value(node, sample, path)
    if fault then return add_fault(faults, value.token, "%s", fault) end
  end
end

-- By Lua's type, and of whole numbers, what a parameter's type calls them (src/engine/method.c).
local function names_of_type(value)
  return type(value) == "number" and { "any", "number", math.tointeger(value) and "integer" } or { "any", type(value) }
end

-- A value that no parameter of that type takes.
local function add_unfit(faults, what, parameter, value, types_taken)
  local sample
  if value then sample = sample_of(value) end
  if sample == nil then return end
  local takes = parameter[2]:gsub("%?$", "")
  for _, name in ipairs(names_of_type(sample)) do
    if ("|" .. (types_taken or takes) .. "|"):find("|" .. name .. "|", 1, true) then return end
  end
  add_fault(faults, value.token, "%s: %s is a %s (%s expected)", what, parameter[1], type(sample), takes)
end

-- ---- methods

local function names_of_parameters(method, parameters)
  local names = {}
  for _, parameter in ipairs(parameters) do
    names[#names + 1] = parameter[1]
    local beside = parameter.beside and fields.names_of_class(types.parameters[method .. "." .. parameter[1]]) or {}
    table.move(beside, 1, #beside, #names + 1, names)
  end
  return names
end

-- Whether the only argument is a table of named arguments, as src/engine/method.c decides it.
local function is_named(parameters, values)
  local first = values[1]
  if #values ~= 1 or not first or first.kind ~= "table" or #parameters == 0 then return false end
  local takes_table = parameters[1][2]:find("table", 1, true) or parameters[1][2]:find("any", 1, true)
  return not takes_table or value_named(first, parameters[1][1]) ~= nil
end

-- Adds a value that is hardly meant.
local function add_doubtful(faults, path, name, value)
  local text = units.doubt(path, name, value)
  if text then faults[#faults + 1] = { token = value.token, text = text, is_note = true } end
end

local function add_options(faults, path, class, value, what)
  local is_known = classes.by_name[class] and value and value.kind == "table"
  if not is_known then return end
  add_unknown(faults, value, path, what or "option", fields.names_of_class(class))
  for _, named in ipairs(value.named) do add_doubtful(faults, path, named.token.text, named.value) end
end

local function add_of_method(faults, path, method, parameters, values)
  local named = is_named(parameters, values)
  if named then
    add_unknown(faults, values[1], path, "argument", names_of_parameters(method, parameters))
    for _, one in ipairs(values[1].named) do add_doubtful(faults, path, one.token.text, one.value) end
  end
  for i, parameter in ipairs(parameters) do
    local given = named and value_named(values[1], parameter[1])
    local value = values[i]
    if named then value = given and given.value end
    add_unfit(faults, path, parameter, value)
    if not named then add_doubtful(faults, path, parameter[1], value) end
    add_options(faults, path, types.parameters[method .. "." .. parameter[1]], value)
    add_inner(faults, value, { forms.of_parameter(method, parameter[1]) }, path .. "." .. parameter[1])
  end
end

--- Returns what is wrong with the tables that a call of a method of `wechat` is given.
---@param method string the name after `wechat.`
---@param entry MethodEntry?
---@param values table<integer, Meaning?> the arguments, in order
---@return FieldFault[]
function fields.of_call(method, entry, values)
  local faults, path = {}, "wechat." .. method
  local parameters = entry and entry.parameters
  local endpoint = not parameters and catalogue.endpoint(method)
  if parameters then add_of_method(faults, path, method, parameters, values)
  elseif endpoint and values[1] and values[1].kind == "table" then
    add_misspelt(faults, values[1], { endpoint.query_tree, endpoint.tree, forms.of_endpoint(endpoint) }, path)
  end
  return faults
end

-- The types of Lua that an annotation means: of "string|string[]" string and table, of "Message?" table. Lua's own
-- library takes digits for a number and a number for a text.
local function types_of(annotation)
  local text = annotation:gsub("%f[%w]fun%f[%W].*", "function"):gsub("%?", "")
  text = text:gsub("%b{}", "table"):gsub("%b<>", ""):gsub("[%w_.]+%[%]", "table"):gsub("%f[%w]%u[%w_]*", "table")
  return text:gsub("%f[%w]string%f[%W]", "string|number"):gsub("%f[%w]number%f[%W]", "number|integer")
end

--- Returns what is wrong with what a method of a menu is given, by name too.
---@param method string "click"
---@param parameters Parameter[]
---@param values table<integer, Meaning?>
---@return FieldFault[]
function fields.of_menu(method, parameters, values)
  local faults = {}
  add_of_method(faults, "menu:" .. method, "menu." .. method, parameters, values)
  return faults
end

--- Returns what is wrong with what a method of an object is given.
---@param what string "task:join"
---@param parameter Parameter its type as the annotations write it
---@param value Meaning?
---@return FieldFault[]
function fields.of_argument(what, parameter, value)
  local faults, kind = {}, parameter[2]
  local is_digits = value and value.kind == "literal" and tonumber(value.value)
  local takes_all = not kind or kind:find("Answer", 1, true) or kind:find("any", 1, true)
  if not takes_all and not is_digits then add_unfit(faults, what, parameter, value, types_of(kind)) end
  add_doubtful(faults, what, parameter[1], value)
  add_options(faults, what, (kind or ""):gsub("%?$", ""), value)
  return faults
end

--- Returns the names that a table gives and its class lacks.
---@param path string what is called, for messages
---@param class string
---@param value Meaning?
---@param what? "option"|"field" what its names are; option
---@return FieldFault[]
function fields.of_class(path, class, value, what)
  local faults = {}
  add_options(faults, path, class, value, what)
  return faults
end

return fields
