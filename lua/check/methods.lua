-- What the methods of wemoon's objects and the rules of wechat.bot take, as their annotations say it, and what is wrong
-- with a call of one.

local classes = require "docs.types"
local fields = require "check.fields"
local menu_types = require "wechat.menu.types"
local types = require "meta.types"

local methods = {}

---@class CallShape
---@field parameters Parameter[] by name and type, "string?"
---@field any_number? boolean the last one may be given more than once

-- Splits "a: string, b?: fun(x: any, y: any)" at its commas outside parentheses.
local function pieces(text)
  local found, depth, from = {}, 0, 1
  for at, mark in text:gmatch("()([(){}<>,])") do
    if mark:find("[({<]") then depth = depth + 1
    elseif mark ~= "," then depth = depth - 1
    elseif depth == 0 then
      found[#found + 1] = text:sub(from, at - 1)
      from = at + 1
    end
  end
  found[#found + 1] = text:sub(from)
  return found
end

-- Returns what "fun(timeout_s?: number): any" takes.
local function shape_of(annotation)
  local inside = annotation:match("^fun(%b())")
  if not inside then return nil end
  local parameters = {}
  for _, piece in ipairs(pieces(inside:sub(2, -2))) do
    local name, optional, kind = piece:match("^%s*([%w_]+)(%??): (.+)$")
    if name then parameters[#parameters + 1] = { name, kind .. optional } end
  end
  return { parameters = parameters }
end

local function of_class(class, name)
  for _, row in ipairs(classes.by_name[class].rows) do
    if row[1] == name then return shape_of(row[2]) end
  end
end

local bot_shapes = {}

-- Of wechat.bot: "function bot.word(word, ...) end", with the types of its parameters above it.
local function of_bot(name)
  if bot_shapes[name] then return bot_shapes[name] end
  local above, list = types.bot:match("\n\n([^\n].-)function bot%." .. name .. "%(([^)]*)%)")
  if not list then return nil end
  above = above:match(".*\n\n(.*)$") or above
  local shape = { parameters = {}, any_number = false }
  for word in list:gmatch("[%w_.]+") do
    shape.any_number = shape.any_number or word == "..."
    local kind = above:match("@param " .. word:gsub("%.", "%%.") .. " (%S+)")
    table.insert(shape.parameters, { word == "..." and "answer" or word, kind })
  end
  bot_shapes[name] = shape
  return shape
end

-- Returns why a call cannot have that many arguments; nil if it can.
local function fault_of_count(what, shape, count, open)
  local parameters = shape.parameters
  local missing = not open and parameters[count + 1]
  if missing and missing[2]:sub(-1) ~= "?" then return ("%s: %s is missing"):format(what, missing[1]) end
  local given = open and count - 1 or count
  if shape.any_number or given <= #parameters then return nil end
  local most = #parameters == 0 and "nothing" or ("%d argument%s"):format(#parameters, #parameters == 1 and "" or "s")
  return ("%s takes %s, not %d"):format(what, most, given)
end

local function add_all(faults, more) table.move(more, 1, #more, #faults + 1, faults) end

local function faults_of_number(what, shape, call)
  local text = fault_of_count(what, shape, call.count, call.open)
  return text and { { token = call.token, text = text } } or {}
end

local function faults_of(what, shape, call)
  local faults = faults_of_number(what, shape, call)
  for i, parameter in ipairs(shape.parameters) do add_all(faults, fields.of_argument(what, parameter, call.values[i])) end
  return faults
end

-- One table may pass all arguments by name.
local function faults_of_menu(row, call)
  local first = call.values[1]
  local may_be_named = call.count == 1 and not (first and first.kind == "literal")
  local faults = may_be_named and {} or faults_of_number("menu:" .. row.name, { parameters = row.parameters }, call)
  add_all(faults, fields.of_menu(row.name, row.parameters, call.values))
  return faults
end

---@class MethodCall
---@field token Token where the call is
---@field count integer of arguments
---@field open boolean the last argument may be several
---@field values table<integer, Meaning?>

--- Returns what is wrong with a call of an object's method.
---@param class string
---@param word string what the object is called, "task"
---@param name string
---@param call MethodCall
---@return FieldFault[]
function methods.faults(class, word, name, call)
  for _, row in ipairs(class == "Menu" and menu_types.methods or {}) do
    if row.name == name then return faults_of_menu(row, call) end
  end
  local shape = of_class(class, name)
  return shape and faults_of(word .. ":" .. name, shape, call) or {}
end

--- Returns what is wrong with a call of a function of wechat.bot.
---@param name string
---@param call MethodCall
---@return FieldFault[]
function methods.faults_of_bot(name, call)
  local shape = of_bot(name)
  return shape and faults_of("bot." .. name, shape, call) or {}
end

return methods
