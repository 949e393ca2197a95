-- What a script does with its names: whether it is wemoon alone that calls a function, and with what; whether all
-- values of a variable have one meaning.

local meanings = require "check.meanings"

---@class Notes
---@field becomes table<integer, Meaning|false> by their numbers in the chunk, what the local variables are that are
---  assigned after their declaration; false: one thing and another
---@field earlier table<integer, Meaning|false> the same of an earlier run
local Notes = {}
Notes.__index = Notes

-- The key of a named function: of a local one its place, of a global one its name.
local function key_of(meaning)
  return meaning and (meaning.place or meaning.kind == "global" and meaning.path) or nil
end

local function add_one(counts, key) counts[key] = (counts[key] or 0) + 1 end

--- Notes that a function's name is read, to be called here or elsewhere.
---@param meaning Meaning?
function Notes:value(meaning)
  local key = key_of(meaning)
  if key then add_one(self.values, key) end
end

--- Notes, of one of those reads, that wemoon calls the function with what `gets` says.
---@param meaning Meaning?
---@param gets Gets
function Notes:handler(meaning, gets)
  local key = key_of(meaning)
  if not key then return end
  add_one(self.handlers, key)
  local before = self.given[key]
  self.given[key] = gets
  if before and before.meaning.kind ~= gets.meaning.kind then self.called[key] = true end
end

--- Notes that the script calls a named function itself, perhaps with what is no message.
---@param meaning Meaning?
---@param values table<integer, Meaning?>
function Notes:call(meaning, values)
  local key, is_sure = key_of(meaning), values[1] and values[1].kind == "message"
  if key then self.shared[key] = true end
  if key and not is_sure then self.called[key] = true end
end

-- Whether wemoon alone calls the function.
function Notes:is_handled(key) return not self.called[key] and self.values[key] == self.handlers[key] end

--- Returns what a named function gets; nil if others may call it.
---@param key integer|string its place, or its name
---@param hook Gets? what wemoon passes anyway
---@return Gets?
function Notes:gets(key, hook)
  local gets = self:is_handled(key) and (hook or self.given[key]) or nil
  return gets and meanings.gets_of_named(gets, type(key) == "string" and key or nil, self.shared[key])
end

-- What a variable is throughout that was that before and gets a value.
local function with(before, value, earlier)
  if not before or earlier == false or (earlier and not meanings.is_same(earlier, value)) then return false end
  return meanings.either(before, value) or false
end

--- Notes that a variable is assigned.
---@param variable table
---@param value Meaning?
function Notes:assign(variable, value)
  local number = variable.number
  local before = self.becomes[number]
  if before == nil then before = variable.first end
  self.becomes[number] = with(before, value, self.earlier[number])
  if not self.becomes[number] then variable.reassigned = true end
end

--- Returns whether both say the same of what the variables become.
---@param other Notes
---@return boolean
function Notes:agrees_with(other)
  for number, throughout in pairs(self.becomes) do
    local there = other.becomes[number]
    if there == nil or not throughout ~= not there or (throughout and not meanings.is_same(throughout, there)) then
      return false
    end
  end
  return true
end

local function is_same_use(a, b, key)
  if a:is_handled(key) ~= b:is_handled(key) or a.shared[key] ~= b.shared[key] then return false end
  local one, other = a.given[key], b.given[key]
  if not one or not other then return one == other end
  return one.from == other.from and one.number == other.number and meanings.is_same(one.meaning, other.meaning)
end

local function knows_uses(a, b)
  for _, uses in ipairs { a.values, a.handlers, a.called, a.shared } do
    for key in pairs(uses) do
      if not is_same_use(a, b, key) then return false end
    end
  end
  return true
end

--- Returns whether both say the same of what the functions get.
---@param other Notes
---@return boolean
function Notes:uses_alike(other) return knows_uses(self, other) and knows_uses(other, self) end

--- Returns empty notes.
---@param earlier Notes? which variables have several meanings there, or another one than here, have several
---@return Notes
return function(earlier)
  return setmetatable({ values = {}, handlers = {}, given = {}, called = {}, shared = {}, becomes = {},
    earlier = earlier and earlier.becomes or {} }, Notes)
end
