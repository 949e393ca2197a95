-- A recursive descent parser of Lua 5.4 that tracks the meaning of names as far as it is certain, and notifies a
-- watcher of their uses. Other expressions are parsed and dropped.

local gives = require "check.gives"
local lex = require "check.lex"

---@class Meaning the meaning of an expression; nil: unknown
---@field kind "wechat"|"bot"|"message"|"field"|"part"|"iterator"|"require"|"global"|"library"|"models"|"object"|"table"
---  |"function"|"parameter"|"literal"|"other"
---@field place? integer of a local function: where it is defined
---@field name? string of kind field, which is one of a message: "content", "location.x"
---@field class? string of kind object: its class in the annotations, "Task"
---@field node? GivenNode of kind part, which is a request, an answer or a part of one: what it holds; nil: unknown
---@field above? GivenNode of kind part: what it is a field of, by the name of `token`
---@field from? string of kind part: what gave it, "wechat.http.get"
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

---@class Watcher
---@field read fun(meaning: Meaning) a name below `wechat`, `wechat.bot` or a library is read, or a global; of kind
---  require: as a value, which may be called where nobody sees it
---@field set fun(base: Meaning?, name: string?) a field is set; name is nil if it is computed
---@field message fun(field: string, token: Token, variable: table?) a field of a message is read, "location.x" too
---@field hands fun(callee: Meaning?, value: Meaning) a message, a request, an answer or a part of one is an argument
---@field answers fun(class: string, value: Meaning) a function that wemoon calls returns a table
---@field part fun(meaning: Meaning) a field of a request or an answer is read
---@field gives fun(path: string): Meaning? what a function of wechat or a method gives: "wechat.spawn", "Gate:enter"
---@field fields_of fun(class: string): GivenNode? what an object's fields are
---@field call fun(meaning: Meaning, count: integer, open: boolean, only: string?, token: Token, values: table) `open`:
---  the last argument may be several; `only`: the kind of the only argument; `values`: the arguments' meanings
---@field drops fun(meaning: Meaning) a function is called as a statement: what it returns is dropped
---@field call_library fun(meaning: Meaning) a function of Lua's library is called
---@field model fun(values: table) wechat.model is called
---@field colon fun(meaning: Meaning, token: Token) a function below `wechat` or `wechat.bot` is called with a colon
---@field method fun(object: Meaning, token: Token, values: table) a method of an object is called
---@field assign_global fun(name: string)
---@field defines fun(name: string, token: Token, is_hook: boolean) a global function is defined at the top level;
---  `is_hook`: wemoon calls it
---@field requires fun(name: string?) nil: the name is computed

local parse = {}

local binary = { ["or"] = 1, ["and"] = 2, ["<"] = 3, [">"] = 3, ["<="] = 3, [">="] = 3, ["~="] = 3, ["=="] = 3,
  ["|"] = 4, ["~"] = 5, ["&"] = 6, ["<<"] = 7, [">>"] = 7, [".."] = 9, ["+"] = 10, ["-"] = 10, ["*"] = 11,
  ["/"] = 11, ["//"] = 11, ["%"] = 11, ["^"] = 14 }
local right = { [".."] = true, ["^"] = true }
local unary, UNARY = { ["not"] = true, ["-"] = true, ["#"] = true, ["~"] = true }, 12

---@class Gets what wemoon passes to a function of the script's
---@field number integer which parameter
---@field meaning Meaning
---@field answers? string the class of a table that it returns

local function gets_message(number) return { number = number, meaning = { kind = "message" } } end

local gets_request = { number = 1, meaning = gives.request, answers = "PageAnswer" }

-- What functions get that the script defines, by name, and those that it passes to a rule of wechat.bot.
local hooks = { on_message = gets_message(1), on_error = gets_message(2), on_lost = gets_message(1) }
local rule = gets_message(1)
local routes = { text = rule, word = rule, click = rule, on = rule, default = rule }
local libraries = { coroutine = true, debug = true, io = true, math = true, os = true, string = true, table = true,
  utf8 = true }
local modules = { ["wechat.bot"] = { kind = "bot", path = "bot" }, ["wechat.model"] = { kind = "models" } }
local followed = { wechat = true, bot = true, message = true, models = true, object = true, ["function"] = true,
  field = true, part = true, parameter = true }
local has_fields = { message = true, field = true, part = true }

local function copy(meaning)
  local new = {}
  for name, value in pairs(meaning) do new[name] = value end
  return new
end

-- The meaning of a variable that is given such a value; nil if it is not followed.
local function kept(meaning)
  local by = meaning and meaning.variable
  if not meaning or not followed[meaning.kind] or (by and by.reassigned) then return nil end
  local new = copy(meaning)
  new.unread, new.second, new.above, new.variable = nil, nil, nil, nil
  return new
end

local Parser = {}
Parser.__index = Parser

function Parser:peek() return self.tokens[self.at] end

function Parser:next()
  local token = self.tokens[self.at]
  self.at = self.at + 1
  return token
end

function Parser:is(text)
  local token = self:peek()
  return token.text == text and (token.kind == "operator" or token.kind == "keyword")
end

function Parser:accept(text)
  if not self:is(text) then return false end
  self.at = self.at + 1
  return true
end

function Parser:expect(text)
  if not self:accept(text) then error({ unexpected = self:peek() }) end
end

-- ---- names

function Parser:open() self.scope = { up = self.scope, names = {} } end

function Parser:close() self.scope = self.scope.up end

function Parser:declare(name, meaning)
  self.scope.names[name] = { name = name, meaning = meaning, reassigned = false }
end

function Parser:find(name)
  local scope = self.scope
  while scope do
    if scope.names[name] then return scope.names[name] end
    scope = scope.up
  end
end

local function global(token)
  if token.text == "wechat" then return { kind = "wechat", path = "wechat", token = token } end
  if token.text == "require" then return { kind = "require", path = "require", token = token, unread = true } end
  return { kind = "global", path = token.text, token = token, unread = true }
end

-- A local _ENV makes every other name one of a table of the script's.
function Parser:name(token)
  local variable = self:find(token.text)
  if variable then
    local meaning = variable.meaning and copy(variable.meaning)
    if meaning then meaning.variable, meaning.token = variable, token end
    return meaning, variable
  end
  return not self:find("_ENV") and global(token) or nil
end

-- ---- expressions

-- Parses one field of a table constructor into it. `gets`: of the function `fn` among named arguments.
function Parser:table_field(constructor, gets)
  local token, after = self:peek(), self.tokens[self.at + 1]
  if self:accept("[") then
    constructor.computed = true
    self:expression()
    self:expect("]")
    self:expect("=")
    self:expression()
  elseif token.kind == "name" and after.kind == "operator" and after.text == "=" then
    self.at = self.at + 2
    local handler = token.text == "fn" and gets or nil
    local value = self:expression(handler)
    if handler then self:note_handler(value, handler) end
    table.insert(constructor.named, { token = token, value = value })
  else
    constructor.count = constructor.count + 1
    constructor.items[constructor.count] = self:expression()
  end
end

function Parser:table_constructor(gets)
  local constructor = { kind = "table", named = {}, items = {}, count = 0, token = self:peek() }
  self:expect("{")
  while not self:is("}") do
    self:table_field(constructor, gets)
    if not self:accept(",") and not self:accept(";") then break end
  end
  self:expect("}")
  return constructor
end

-- ---- named functions

-- The key of a named function in the notes: of a local one its place, of a global one its name.
local function key_of(meaning)
  return meaning and (meaning.place or meaning.kind == "global" and meaning.path) or nil
end

local function add_one(counts, key) counts[key] = (counts[key] or 0) + 1 end

-- A function's name is read, to be called here or elsewhere.
function Parser:note_value(meaning)
  local key = key_of(meaning)
  if key then add_one(self.notes.values, key) end
end

-- Of those reads: wemoon calls the function with what `gets` says.
function Parser:note_handler(meaning, gets)
  local key = key_of(meaning)
  if not key then return end
  add_one(self.notes.handlers, key)
  local before = self.notes.gets[key]
  self.notes.gets[key] = gets
  if before and before.meaning.kind ~= gets.meaning.kind then self.notes.called[key] = true end
end

-- The script calls a named function itself, with what may be no message.
function Parser:note_call(meaning, values)
  local key, is_sure = key_of(meaning), values[1] and values[1].kind == "message"
  if key and not is_sure then self.notes.called[key] = true end
end

-- What the named function gets, without regard to its callers. `hook`: what wemoon passes anyway.
function Parser:gets(key, hook)
  local found = self.found
  local is_handled = not found.called[key] and found.values[key] == found.handlers[key]
  return is_handled and (hook or found.gets[key]) or nil
end

local a_parameter = { kind = "parameter" } -- of which nothing is known

-- Parses parameters and block after `function NAME`, which gets what `gets` says.
function Parser:body(gets, is_method)
  local around = self.answers
  self.answers = gets and gets.answers
  self:open()
  if is_method then self:declare("self") end
  self:expect("(")
  local number = 0
  while not self:is(")") do
    local token = self:next()
    number = number + 1
    local meaning = gets and number == gets.number and gets.meaning or a_parameter
    if token.kind == "name" then self:declare(token.text, meaning) end
    if not self:accept(",") then break end
  end
  self:expect(")")
  self:block()
  self:expect("end")
  self:close()
  self.answers = around
end

local value_words = { ["function"] = true, ["true"] = true, ["false"] = true }

-- Returns the kind of an expression from its first token, for a call's only argument.
local function kind_of(token)
  if token.kind == "string" or token.kind == "number" then return "value" end
  if token.kind == "keyword" and value_words[token.text] then return "value" end
  if token.kind == "operator" and token.text == "{" then return "table" end
  return "other"
end

-- What a function gets that is passed to the one called.
local function gets_of(callee)
  if not callee then return nil end
  if callee.kind == "wechat" and callee.path == "wechat.route" then return gets_request end
  return callee.kind == "bot" and routes[callee.path:match("[^.]+$")] or nil
end

function Parser:literal(value)
  local token = self:next()
  return { kind = "literal", value = value, token = token }
end

-- Parses a call's arguments; returns their number, whether the last may be several values, the kind of the only one,
-- the first token, and their meanings.
function Parser:arguments(callee)
  local token = self:peek()
  if token.kind == "string" then return 1, false, "value", token, { self:literal(token.text) } end
  local gets = gets_of(callee)
  if self:is("{") then return 1, false, "table", token, { self:table_constructor(gets) } end
  self:expect("(")
  local count, open, only, values = 0, false, nil, {}
  local first = self:peek()
  while not self:is(")") do
    only = kind_of(self:peek())
    local meaning, several = self:expression(gets)
    open = several or false
    if gets then self:note_handler(meaning, gets) end
    if meaning and has_fields[meaning.kind] then
      self.handed_on = meaning
      self.watch.hands(callee, meaning)
    end
    count = count + 1
    values[count] = meaning
    if not self:accept(",") then break end
  end
  self:expect(")")
  return count, open, count == 1 and only or nil, first, values
end

-- The meaning of a field of a part; nil if nothing is known of what it is in.
function Parser:field_of_part(meaning, token)
  local above = meaning.node
  if meaning.kind == "object" then above = self.watch.fields_of(meaning.class) end
  return above and { kind = "part", node = above.inside[token.text], above = above, from = meaning.from, token = token,
    variable = meaning.variable, unread = true }
end

-- The meaning of each member of a list; nil if it is not known.
local function member_of(meaning)
  local item = meaning and meaning.kind == "part" and meaning.node and meaning.node.item
  return item and { kind = "part", node = item, from = meaning.from, variable = meaning.variable } or nil
end

function Parser:field(meaning, token)
  local kind = meaning and meaning.kind
  if kind == "wechat" or kind == "bot" then
    local path = meaning.path .. "." .. token.text
    return { kind = kind, path = path, token = token, variable = meaning.variable, unread = true }
  end
  if kind == "part" or kind == "object" then return self:field_of_part(meaning, token) end
  if kind == "message" or kind == "field" then
    local name = kind == "field" and meaning.name .. "." .. token.text or token.text
    return { kind = "field", name = name, token = token, variable = meaning.variable, unread = true }
  end
  if kind == "global" and libraries[meaning.path] then
    return { kind = "library", path = meaning.path .. "." .. token.text, token = token, unread = true }
  end
  if kind == "global" and meaning.path == "_G" then return global(token) end
end

-- Reports a read, once a name proves not to be the target of an assignment.
function Parser:was_read(meaning)
  if not meaning or not meaning.unread then return end
  meaning.unread = nil
  if meaning.kind == "field" then self.watch.message(meaning.name, meaning.token, meaning.variable)
  elseif meaning.kind == "part" then self.watch.part(meaning)
  else self.watch.read(meaning) end
end

-- Returns the only argument of the call that follows if it is a string as it stands.
function Parser:constant_argument()
  local first, second, third = table.unpack(self.tokens, self.at, self.at + 2)
  if first.kind == "string" then return first.text end
  local is_alone = self:is("(") and second.kind == "string" and third.kind == "operator" and third.text == ")"
  return is_alone and second.text or nil
end

function Parser:call_require()
  local module = self:constant_argument()
  self:arguments()
  self.watch.requires(module)
  return modules[module]
end

-- Lua's own functions that give what they are given, or fill it.
function Parser:call_global(name, values)
  if (name == "rawset" or name == "setmetatable") and self.handed_on then self.watch.set(self.handed_on) end
  if name == "assert" then return values[1] end
  if name == "ipairs" then return { kind = "iterator", each = member_of(values[1]) } end
end

function Parser:call(meaning, token)
  if meaning and meaning.kind == "require" then return self:call_require() end
  if meaning and meaning.kind == "library" then self.watch.call_library(meaning) else self:was_read(meaning) end
  local count, open, only, _, values = self:arguments(meaning)
  self:note_call(meaning, values)
  if not meaning then return end
  if meaning.kind == "models" then
    self.watch.model(values)
    return { kind = "object", class = "Model" }
  end
  if meaning.kind == "wechat" then
    self.watch.call(meaning, count, open, only, token, values)
    return self.watch.gives(meaning.path)
  end
  if meaning.kind == "global" then return self:call_global(meaning.path, values) end
end

-- Calls a method of what has that meaning; returns the meaning of its result.
function Parser:call_method(meaning, name)
  if meaning and meaning.kind == "object" then
    self.watch.method(meaning, name, select(5, self:arguments()))
    return self.watch.gives(meaning.class .. ":" .. name.text)
  end
  local kind = meaning and meaning.kind
  if kind == "wechat" or kind == "bot" then self.watch.colon(meaning, name) end
  local is_field = kind == "message" or (kind == "part" and meaning.node and meaning.node.exact)
  self:call(is_field and self:field(meaning, name) or nil, name)
end

-- Parses a suffixed expression; returns its meaning, whether it may be several values, and its assignment target.
function Parser:suffixed()
  local token = self:peek()
  local meaning, variable
  if self:accept("(") then
    meaning = self:expression()
    self:expect(")")
  else
    self.at = self.at + 1
    if token.kind ~= "name" then error({ unexpected = token }) end
    meaning, variable = self:name(token)
  end
  local open, target = false, { meaning = meaning, variable = variable, name = token.text, token = token }
  while true do
    token = self:peek()
    if self:accept(".") then
      self:was_read(meaning)
      local base, name = meaning, self:next()
      meaning, open = self:field(base, name), false
      target = { base = base, field = name.text, meaning = meaning }
    elseif self:accept("[") then
      self:was_read(meaning)
      local base, key = meaning, self:peek()
      local alone = self.tokens[self.at + 1]
      self:expression()
      self:expect("]")
      local constant = key.kind == "string" and alone.kind == "operator" and alone.text == "]"
      if constant then meaning = self:field(base, key) else meaning = member_of(base) end
      open = false
      target = { base = base, field = constant and key.text or nil, meaning = meaning, index = true }
    elseif self:accept(":") then
      self:was_read(meaning)
      local name = self:next()
      meaning, open, target = self:call_method(meaning, name), true, { called = true }
    elseif self:is("(") or self:is("{") or token.kind == "string" then
      target = { called = true, callee = meaning }
      meaning, open = self:call(meaning, token), true
    else
      return meaning, open, target
    end
  end
end

function Parser:simple(gets)
  local token = self:peek()
  if token.kind == "string" then return self:literal(token.text)
  elseif token.kind == "number" then return self:literal(tonumber(token.text))
  elseif self:is("true") or self:is("false") then return self:literal(token.text == "true")
  elseif self:accept("nil") then return
  elseif self:accept("...") then return nil, true
  elseif self:is("{") then return self:table_constructor(gets)
  elseif self:accept("function") then self:body(gets)
  else
    local meaning, open = self:suffixed()
    self:note_value(meaning)
    self:was_read(meaning)
    return meaning, open
  end
end

function Parser:expression(gets, limit)
  limit = limit or 0
  local meaning, open
  local token = self:peek()
  if token.kind ~= "string" and unary[token.text] then
    self.at = self.at + 1
    self:expression(nil, UNARY)
  else
    meaning, open = self:simple(gets)
  end
  while true do
    token = self:peek()
    local power = token.kind ~= "string" and binary[token.text]
    if not power or power <= limit then return meaning, open end
    self.at = self.at + 1
    self:expression(nil, right[token.text] and power - 1 or power)
    meaning, open = nil, false
  end
end

-- Returns the meanings of the values, and of the one that a call at the end gives beside its first.
function Parser:expressions(gets)
  local meanings, count, open = {}, 0
  repeat
    count = count + 1
    meanings[count], open = self:expression(gets)
  until not self:accept(",")
  local last = open and meanings[count]
  meanings[count + 1] = last and last.second or nil
  return meanings
end

-- ---- statements

function Parser:assign(target)
  if target.called then return end
  if target.variable then target.variable.reassigned = true
  elseif target.field or target.index then self.watch.set(target.base, target.field)
  elseif target.name then self.watch.assign_global(target.name) end
end

-- A function at the top level, where nothing decides whether it is defined.
function Parser:defines(token, is_function)
  local is_sure = is_function and not self.scope.up and not self:find("_ENV")
  if is_sure then self.watch.defines(token.text, token, hooks[token.text] ~= nil) end
end

-- What the global function of that name gets if wemoon calls it.
function Parser:hook(name) return not self:find("_ENV") and hooks[name] or nil end

function Parser:assignment()
  local _, _, target = self:suffixed()
  local targets = { target }
  while self:accept(",") do
    _, _, targets[#targets + 1] = self:suffixed()
  end
  if not self:is("=") then
    if target.meaning then self:was_read(target.meaning) end
    if target.callee then self.watch.drops(target.callee) end
    return
  end
  self:expect("=")
  local is_global = #targets == 1 and not target.variable and target.name
  local hook = is_global and self:hook(target.name)
  if is_global then self:defines(target.token, self:is("function")) end
  local meanings = self:expressions(hook and self:gets(target.name, hook))
  if hook then self:note_handler(meanings[1], hook) end
  for _, one in ipairs(targets) do self:assign(one) end
end

function Parser:local_statement()
  if self:accept("function") then
    local place = self.at
    self:declare(self:next().text, { kind = "function", place = place })
    return self:body(self:gets(place))
  end
  local names = {}
  repeat
    names[#names + 1] = self:next().text
    if self:accept("<") then
      self:next()
      self:expect(">")
    end
  until not self:accept(",")
  local meanings = self:accept("=") and self:expressions() or {}
  for i, name in ipairs(names) do self:declare(name, kept(meanings[i])) end
end

function Parser:function_statement()
  local token = self:next()
  local base, variable = self:name(token)
  local target, is_method = { variable = variable, name = token.text }, false
  while self:is(".") or self:is(":") do
    is_method = self:next().text == ":"
    local name = self:next()
    target = { base = base, field = name.text }
    base = nil
  end
  self:assign(target)
  local is_global = not target.field and not variable
  if is_global then self:defines(token, true) end
  self:body(is_global and self:gets(target.name, self:hook(target.name)) or nil, is_method)
end

function Parser:for_statement()
  local names = {}
  repeat names[#names + 1] = self:next().text until not self:accept(",")
  if not self:accept("in") then self:expect("=") end
  local iterator = self:expressions()[1] or {}
  self:expect("do")
  self:open()
  local given = { kept(iterator.first), kept(iterator.each) }
  for i, name in ipairs(names) do self:declare(name, given[i]) end
  self:block()
  self:close()
  self:expect("end")
end

function Parser:scoped_block()
  self:open()
  self:block()
  self:close()
end

function Parser:if_statement()
  self:expression()
  self:expect("then")
  self:scoped_block()
  while self:accept("elseif") do
    self:expression()
    self:expect("then")
    self:scoped_block()
  end
  if self:accept("else") then self:scoped_block() end
  self:expect("end")
end

-- The condition is in the scope of the block's locals.
function Parser:repeat_statement()
  self:open()
  self:block()
  self:expect("until")
  self:expression()
  self:close()
end

function Parser:statement()
  if self:accept(";") or self:accept("break") then return
  elseif self:accept("goto") then self:next()
  elseif self:accept("::") then
    self:next()
    self:expect("::")
  elseif self:accept("do") then
    self:scoped_block()
    self:expect("end")
  elseif self:accept("while") then
    self:expression()
    self:expect("do")
    self:scoped_block()
    self:expect("end")
  elseif self:accept("repeat") then self:repeat_statement()
  elseif self:accept("if") then self:if_statement()
  elseif self:accept("for") then self:for_statement()
  elseif self:accept("function") then self:function_statement()
  elseif self:accept("local") then self:local_statement()
  else self:assignment() end
end

local function ends_block(token)
  return token.kind == "end" or (token.kind == "keyword" and
    (token.text == "end" or token.text == "else" or token.text == "elseif" or token.text == "until"))
end

function Parser:returned(value)
  if self.answers and value and value.kind == "table" then self.watch.answers(self.answers, value) end
end

function Parser:block()
  while not ends_block(self:peek()) do
    if self:accept("return") then
      if not ends_block(self:peek()) and not self:is(";") then self:returned(self:expressions()[1]) end
      self:accept(";")
      return
    end
    self.handed_on = false
    self:statement()
  end
end

local function ignore() end

-- Hears nothing, and says what the watcher says.
local function silent(watch)
  return setmetatable({ gives = watch.gives, fields_of = watch.fields_of }, { __index = function() return ignore end })
end

local function new_notes() return { values = {}, handlers = {}, gets = {}, called = {} } end

-- `found`: the notes of an earlier run over the same tokens.
local function run(tokens, watch, found)
  local parser = setmetatable({ tokens = tokens, at = 1, watch = watch, found = found, notes = new_notes() }, Parser)
  local whole, fault = pcall(function()
    parser:open()
    parser:block()
    if parser:peek().kind ~= "end" then error({ unexpected = parser:peek() }) end
  end)
  if not whole and type(fault) ~= "table" then error(fault, 0) end
  return whole, parser.notes
end

--- Parses a chunk, which must be one that `load` accepts; returns false if the parser fails. It does so twice: what a
--- named function is used for is said after its definition.
---@param text string
---@param watch Watcher
---@return boolean
function parse.chunk(text, watch)
  local tokens = lex.tokens(text)
  local whole, found = run(tokens, silent(watch), new_notes())
  return whole and (run(tokens, watch, found))
end

return parse
