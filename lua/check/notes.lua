-- What a script does with its named functions: whether it is wemoon alone that calls one, and with what.

---@class Notes
---@field assigned table<integer, boolean> by their numbers in the chunk, the local variables that are assigned
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

--- Notes that the script calls a named function itself, with what may be no message.
---@param meaning Meaning?
---@param values table<integer, Meaning?>
function Notes:call(meaning, values)
  local key, is_sure = key_of(meaning), values[1] and values[1].kind == "message"
  if key and not is_sure then self.called[key] = true end
end

--- Returns what a named function gets; nil if others may call it.
---@param key integer|string its place, or its name
---@param hook Gets? what wemoon passes anyway
---@return Gets?
function Notes:gets(key, hook)
  local is_handled = not self.called[key] and self.values[key] == self.handlers[key]
  return is_handled and (hook or self.given[key]) or nil
end

--- Returns empty notes.
return function()
  return setmetatable({ values = {}, handlers = {}, given = {}, called = {}, assigned = {} }, Notes)
end
