-- What the parser knows of an expression: its meaning.

local gives = require "check.gives"

local meanings = {}

---@class Meaning the meaning of an expression; nil: unknown
---@field kind "wechat"|"bot"|"message"|"field"|"part"|"iterator"|"require"|"global"|"library"|"models"|"object"|"table"
---  |"function"|"parameter"|"literal"|"reply"|"nothing"|"other"
---@field place? integer of a local function: where it is defined
---@field name? string of kind field, which is one of a message: "content", "location.x"
---@field class? string of kind object: its class in the annotations, "Task"
---@field node? GivenNode of kind part, which is a request, an answer or a part of one: what it holds; nil: unknown
---@field above? GivenNode of kind part: what it is a field of, by the name of `token`
---@field from? string of kind part: what gave it, "wechat.http.get"; of several, with blanks between them
---@field first? Meaning of kind iterator: of its first value
---@field each? Meaning of kind iterator: of its second value
---@field value? string|number|boolean of kind literal
---@field second? Meaning of what a call gives: that of its second value
---@field path? string of kind wechat, "wechat.tag.create"; of kinds global and require, its name; of kind library,
---  "os.execute"
---@field variable? table the local variable that it was read from
---@field token? Token the last name of the path
---@field named? Named[] of kind table, which is a table constructor: the names that it gives
---@field items? table<integer, Meaning?> of kind table: its values without a name
---@field count? integer of kind table: how many of those
---@field computed? boolean of kind table: there are keys in brackets too

---@class Gets what wemoon passes to a function of the script's
---@field number integer which parameter
---@field meaning Meaning
---@field from string what passes it: "bot.text"; of a hook its name, "on_message"
---@field answers? string the class of a table that it returns
---@field is_shared? boolean the script calls it too
---@field global? string the function's name if it is a global one

local function gets_message(from, number) return { number = number, meaning = { kind = "message" }, from = from } end

local gets_request = { number = 1, meaning = gives.request, from = "wechat.route", answers = "PageAnswer" }

-- What wemoon calls in a script.
meanings.hook_names = { "on_message", "on_load", "on_unload", "on_error", "on_lost" }

-- What functions get that the script defines, by name, and those that it passes to a rule of wechat.bot.
meanings.hooks = {}
for name, number in pairs { on_message = 1, on_error = 2, on_lost = 1 } do
  meanings.hooks[name] = gets_message(name, number)
end
local routes = {}
for _, name in ipairs { "text", "word", "click", "on", "default" } do routes[name] = gets_message("bot." .. name, 1) end
meanings.libraries = { coroutine = true, debug = true, io = true, math = true, os = true, string = true,
  table = true, utf8 = true }
meanings.modules = { ["wechat.bot"] = { kind = "bot", path = "bot" }, ["wechat.model"] = { kind = "models" } }
meanings.parameter = { kind = "parameter" } -- of which nothing is known
meanings.varargs = { kind = "parameter", second = meanings.parameter }
meanings.has_fields = { message = true, field = true, part = true }
local followed = { wechat = true, bot = true, message = true, models = true, object = true, ["function"] = true,
  field = true, part = true, parameter = true, reply = true,
  nothing = true }
meanings.nothing = { kind = "nothing" } -- nil

--- Returns a copy of its own.
---@param meaning Meaning
---@return Meaning
function meanings.copy(meaning)
  local new = {}
  for name, value in pairs(meaning) do new[name] = value end
  return new
end

--- Returns what a named function gets.
---@param gets Gets
---@param global string? its name if it is a global one
---@param is_shared boolean? the script calls it too
---@return Gets
function meanings.gets_of_named(gets, global, is_shared)
  return { number = gets.number, meaning = gets.meaning, from = gets.from, answers = gets.answers, global = global,
    is_shared = is_shared }
end

--- Returns the meaning of a variable that is given such a value; nil if it is not followed.
---@param meaning Meaning?
---@return Meaning?
function meanings.kept(meaning)
  local by = meaning and meaning.variable
  if not meaning or not followed[meaning.kind] or (by and by.reassigned) then return nil end
  local new = meanings.copy(meaning)
  new.unread, new.second, new.above, new.variable = nil, nil, nil, nil
  return new
end

local told_apart = { "kind", "path", "class", "name", "node", "place" }

--- Returns whether two values have one meaning; `nothing` has any.
---@param a Meaning?
---@param b Meaning?
---@return boolean
function meanings.is_same(a, b)
  if not a or not b then return false end
  if a.kind == "nothing" or b.kind == "nothing" then return true end
  for _, name in ipairs(told_apart) do
    if a[name] ~= b[name] then return false end
  end
  return true
end

local function with_from(meaning, from)
  if not from or (meaning.from or ""):find(from, 1, true) then return meaning end
  local new = meanings.copy(meaning)
  new.from = meaning.from and meaning.from .. " " .. from or from
  return new
end

--- Returns the meaning of what is the one or the other; nil if they differ.
---@param a Meaning
---@param b Meaning?
---@return Meaning?
function meanings.either(a, b)
  if not b or not meanings.is_same(a, b) then return nil end
  if a.kind == "nothing" then return b end
  return with_from(a, b.from)
end

local function is_empty_table(meaning)
  return meaning and meaning.kind == "table" and meaning.count == 0 and #meaning.named == 0 and not meaning.computed
end

--- Returns the meaning of `a OPERATOR b`. What is read of `x or {}` is known to be missing as what is read of x.
---@param operator string
---@param a Meaning?
---@param b Meaning?
---@return Meaning?
function meanings.of_binary(operator, a, b)
  if operator ~= "and" and operator ~= "or" then return nil end
  local last = is_empty_table(b) and meanings.nothing or meanings.kept(b)
  if operator == "and" then return last end
  local first = meanings.kept(a)
  return first and meanings.either(first, last) or nil
end

--- Returns the meaning of a name that is no local variable.
---@param token Token
---@return Meaning
function meanings.global(token)
  if token.text == "wechat" then return { kind = "wechat", path = "wechat", token = token } end
  if token.text == "require" then return { kind = "require", path = "require", token = token, unread = true } end
  return { kind = "global", path = token.text, token = token, unread = true }
end

--- Returns what a function gets that is passed to the one called; nil if nothing is known of it, as where the variable
--- that it was read from becomes something else.
---@param callee Meaning?
---@return Gets?
function meanings.gets_of(callee)
  local by = callee and callee.variable
  if not callee or by and by.reassigned then return nil end
  if callee.kind == "wechat" and callee.path == "wechat.route" then return gets_request end
  return callee.kind == "bot" and routes[callee.path:match("[^.]+$")] or nil
end

--- Returns the meaning of each member of a list; nil if it is not known.
---@param meaning Meaning?
---@return Meaning?
function meanings.member_of(meaning)
  local item = meaning and meaning.kind == "part" and meaning.node and meaning.node.item
  return item and { kind = "part", node = item, from = meaning.from, variable = meaning.variable } or nil
end

local value_words = { ["function"] = true, ["true"] = true, ["false"] = true }

--- Returns the kind of an expression from its first token, for a call's only argument.
---@param token Token
---@return "value"|"table"|"other"
function meanings.kind_of(token)
  if token.kind == "string" or token.kind == "number" then return "value" end
  if token.kind == "keyword" and value_words[token.text] then return "value" end
  if token.kind == "operator" and token.text == "{" then return "table" end
  return "other"
end

return meanings
