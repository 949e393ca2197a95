-- A recursive descent parser of Lua 5.4 that tracks the meaning of names as far as it is certain, and notifies a
-- watcher of their uses. Other expressions are parsed and dropped.

local lex = require "check.lex"
local meanings = require "check.meanings"
local new_notes = require "check.notes"

---@class Watcher
---@field read fun(meaning: Meaning) a name below `wechat`, `wechat.bot` or a library is read, or a global; of kind
---  require: as a value, which may be called where nobody sees it
---@field set fun(base: Meaning?, name: string?) a field is set; name is nil if it is computed
---@field message fun(field: string, token: Token, variable: table?) a field of a message is read, "location.x" too
---@field hands fun(callee: Meaning?, value: Meaning) a message, a request, an answer or a part of one is an argument
---@field answers fun(class: string, value: Meaning) a function that wemoon calls returns a table
---@field part fun(meaning: Meaning) a field of a request or an answer is read
---@field gives fun(path: string, values: table): Meaning? what a function of wechat or a method gives: "wechat.spawn", "Gate:enter"
---@field fields_of fun(class: string): GivenNode? what an object's fields are
---@field call fun(meaning: Meaning, count: integer, open: boolean, only: string?, token: Token, values: table,
---  is_loading: boolean) `open`: the last argument may be several; `only`: the kind of the only argument; `values`: the
---  arguments' meanings; `is_loading`: outside of functions
---@field drops fun(meaning: Meaning) a function is called as a statement: what it returns is dropped
---@field call_library fun(meaning: Meaning) a function of Lua's library is called
---@field call_table fun(meaning: Meaning) a library of Lua's is called itself
---@field model fun(values: table) wechat.model is called
---@field colon fun(meaning: Meaning, token: Token) a function below `wechat` or `wechat.bot` is called with a colon
---@field method fun(object: Meaning, token: Token, count: integer, open: boolean, values: table) a method of an object is
---  called
---@field call_bot fun(meaning: Meaning, count: integer, open: boolean, values: table, is_sure: boolean) a function of
---  wechat.bot is called; `is_sure`: outside of functions and conditions
---@field compares fun(field: Meaning, value: Meaning, operator: string) a field of a message is compared with a literal
---@field adds fun(token: Token) a text and a literal or a field of a message are added, with that +
---@field returns fun(value: Meaning, gets: Gets) a function that answers messages returns that
---@field unread fun(variable: table) a variable that holds a reply is read nowhere
---@field hides_hook fun(token: Token) a local variable of the main chunk has a hook's name, and nobody reads it
---@field assign_global fun(name: string, token: Token?, gets: Gets?) `gets`: it is assigned, and not as what is loaded
---  when it is first needed, in a function that gets that
---@field defines fun(name: string, token: Token, is_hook: boolean) a global function is defined at the top level;
---  `is_hook`: wemoon calls it
---@field requires fun(name: string?, token: Token, is_optional: boolean, call: RequireCall) nil: the name is computed;
---  `is_optional`: pcall calls it

---@class RequireCall
---@field is_sure boolean nothing decides whether a call of its function comes to it, nor is its function handed on
---@field names string[] of the functions around it
---@field is_loading boolean outside of functions and conditions: it is called while the file loads

local parse = {}

local is_hook = {}
for _, name in ipairs(meanings.hook_names) do is_hook[name] = true end

local MOST_TOLD <const> = 8 -- a report has no more values, its name included
local FOR_FUNCTIONS <const> = 8 -- runs for what the functions are used for, at most

local binary = { ["or"] = 1, ["and"] = 2, ["<"] = 3, [">"] = 3, ["<="] = 3, [">="] = 3, ["~="] = 3, ["=="] = 3,
  ["|"] = 4, ["~"] = 5, ["&"] = 6, ["<<"] = 7, [">>"] = 7, [".."] = 9, ["+"] = 10, ["-"] = 10, ["*"] = 11,
  ["/"] = 11, ["//"] = 11, ["%"] = 11, ["^"] = 14 }
local right = { [".."] = true, ["^"] = true }
local unary, UNARY = { ["not"] = true, ["-"] = true, ["#"] = true, ["~"] = true }, 12

local Parser = {}
Parser.__index = Parser

function Parser:peek() return self.tokens[self.at] end

function Parser:next()
  local token = self.tokens[self.at]
  self.at = self.at + 1
  return token
end

function Parser:is(text) return self.tokens[self.at].mark == text end

function Parser:accept(text)
  if self.tokens[self.at].mark ~= text then return false end
  self.at = self.at + 1
  return true
end

function Parser:expect(text)
  if not self:accept(text) then error({ unexpected = self:peek() }) end
end

-- ---- names

-- A scope is the list of its variables.
function Parser:open() self.scope = { up = self.scope } end

-- What is kept in a variable that nobody reads is lost.
function Parser:left(variable)
  local is_lost = variable.meaning and variable.meaning.kind == "reply" and variable.reads == 0
  if is_lost and not variable.reassigned then self.watch.unread(variable) end
  local hides_hook = is_hook[variable.name] and variable.reads == 0 and not self.scope.up
  if hides_hook then self.watch.hides_hook(variable.token) end
end

function Parser:close()
  local scope, visible = self.scope, self.visible
  for i = #scope, 1, -1 do
    local variable = scope[i]
    visible[variable.name] = variable.hides
    self:left(variable)
  end
  self.scope = scope.up
end

-- A variable that is assigned anywhere may be so before: in a loop, say. It has a meaning if all its values have
-- that one.
function Parser:declare(name, meaning, token)
  local number, visible, scope = self.declared + 1, self.visible, self.scope
  local throughout = self.found.becomes[number]
  local variable = { name = name, first = meaning, meaning = throughout or meaning, reassigned = throughout == false,
    number = number, reads = 0, token = token, hides = visible[name] }
  self.declared, visible[name], scope[#scope + 1] = number, variable, variable
end

-- A local _ENV makes every other name one of a table of the script's.
function Parser:name(token)
  local variable = self.visible[token.text]
  if variable then
    variable.reads = variable.reads + 1
    local is_known = variable.meaning and variable.meaning.kind ~= "nothing"
    local meaning = is_known and meanings.copy(variable.meaning) or nil
    if meaning then meaning.variable, meaning.token = variable, token end
    return meaning, variable
  end
  return not self.visible._ENV and meanings.global(token) or nil
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
  elseif token.kind == "name" and after.mark == "=" then
    self.at = self.at + 2
    local handler = token.text == "fn" and gets or nil
    local value = self:expression(handler)
    if handler then self.notes:handler(value, handler) end
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

-- The name of the function whose parameters come next: `function NAME`, `NAME = function`; nil if it has none.
function Parser:name_of_function()
  local tokens, at = self.tokens, self.at
  if tokens[at - 1].kind == "name" then return tokens[at - 1].text end
  local value, name = tokens[at - 2], tokens[at - 3]
  return value and value.mark == "=" and name and name.kind == "name" and name.text or nil
end

-- Enters a function: whether a call of it comes to what is in it begins anew, but not in a function that is an argument,
-- which others call, perhaps under pcall. Returns what is around it.
function Parser:enter()
  local around = { conditions = self.conditions, handed_on = self.in_arguments, names = self.names }
  self.conditions = (self.names.is_handed or self.in_arguments > 0) and 1 or 0
  self.names = table.move(self.names, 1, #self.names, 1, { is_handed = self.conditions > 0 })
  table.insert(self.names, self:name_of_function())
  self.in_arguments = 0
  return around
end

function Parser:leave(around)
  self.conditions, self.in_arguments, self.names = around.conditions, around.handed_on, around.names
end

-- Parses what a call of the function may not come to.
function Parser:conditionally(parts, ...)
  self.conditions = self.conditions + 1
  local returned = self.has_returned
  self.has_returned = false
  local value, open = parts(self, ...)
  self.conditions = self.conditions - 1
  if self.has_returned then self.conditions = self.conditions + 1 end -- nor to what is behind it
  self.has_returned = returned
  return value, open
end

-- Parses parameters and block after `function NAME`, which gets what `gets` says.
function Parser:body(gets, is_method)
  local around, answering, outside, returned = self.gets, self.answering, self:enter(), self.has_returned
  self.gets, self.answering, self.depth = gets, answering or gets, self.depth + 1
  self:open()
  if is_method then self:declare("self", meanings.parameter) end
  self:expect("(")
  local number = 0
  while not self:is(")") do
    local token = self:next()
    number = number + 1
    local meaning = gets and number == gets.number and gets.meaning or meanings.parameter
    if token.kind == "name" then self:declare(token.text, meaning) end
    if not self:accept(",") then break end
  end
  self:expect(")")
  self:block()
  self:expect("end")
  self:close()
  self:leave(outside)
  self.gets, self.answering, self.depth, self.has_returned = around, answering, self.depth - 1, returned
end

function Parser:literal(value)
  local token = self:next()
  return { kind = "literal", value = value, token = token }
end

-- Parses an argument; notes the name of the function that it may be.
function Parser:argument(parts, gets)
  self.in_arguments = self.in_arguments + 1
  local meaning, several = parts(self, gets)
  self.in_arguments = self.in_arguments - 1
  local last = self.tokens[self.at - 1]
  if last.kind == "name" then self.handed[last.text] = true end
  return meaning, several
end

-- Parses a call's arguments; returns their number, whether the last may be several values, the kind of the only one,
-- the first token, and their meanings.
function Parser:arguments(callee)
  local token = self:peek()
  if token.kind == "string" then return 1, false, "value", token, { self:literal(token.text) } end
  local gets = meanings.gets_of(callee)
  if self:is("{") then return 1, false, "table", token, { (self:argument(self.table_constructor, gets)) } end
  self:expect("(")
  local count, open, only, values = 0, false, nil, {}
  local first = self:peek()
  while not self:is(")") do
    only = meanings.kind_of(self:peek())
    local meaning, several = self:argument(self.expression, gets)
    open = several or false
    if gets then self.notes:handler(meaning, gets) end
    if meaning and meanings.has_fields[meaning.kind] then
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
  if kind == "global" and meanings.libraries[meaning.path] then
    return { kind = "library", path = meaning.path .. "." .. token.text, token = token, unread = true }
  end
  if kind == "global" and meaning.path == "_G" then return meanings.global(token) end
end

-- Reports a read, once a name proves not to be the target of an assignment.
function Parser:was_read(meaning)
  if not meaning or not meaning.unread then return end
  meaning.unread = nil
  if meaning.kind == "field" then self.watch.message(meaning.name, meaning.token, meaning.variable)
  elseif meaning.kind == "part" then self.watch.part(meaning)
  else self.watch.read(meaning) end
end

-- Returns the only argument of the call that follows if it is a string as it stands: its token.
function Parser:constant_argument()
  local first, second, third = table.unpack(self.tokens, self.at, self.at + 2)
  if first.kind == "string" then return first end
  local is_alone = first.mark == "(" and second.kind == "string" and third.mark == ")"
  return is_alone and second or nil
end

-- Which functions are handed on is known at the end.
function Parser:requires(name, token, is_optional)
  local is_sure = self.conditions == 0
  local call = { is_sure = is_sure, names = self.names, is_loading = is_sure and self.depth == 0 }
  self.required[#self.required + 1] = call
  self.watch.requires(name, token, is_optional, call)
end

function Parser:judge_requires()
  for _, call in ipairs(self.required) do
    for _, name in ipairs(call.names) do call.is_sure = call.is_sure and not self.handed[name] end
  end
end

function Parser:call_require()
  local begin, module = self:peek(), self:constant_argument()
  self:arguments()
  self:requires(module and module.text, module or begin, self.guarded > 0)
  return module and meanings.modules[module.text]
end

local guards = { pcall = true, xpcall = true }

local function is_guard(meaning) return meaning and meaning.kind == "global" and guards[meaning.path] or false end

-- Takes `(require, "NAME")` behind pcall. Returns whether it was there.
function Parser:guarded_require()
  local tokens, at = self.tokens, self.at
  local module = tokens[at + 3]
  local is_it = tokens[at].mark == "(" and tokens[at + 1].text == "require" and tokens[at + 1].kind == "name" and
    tokens[at + 2].mark == "," and module.kind == "string" and tokens[at + 4].mark == ")" and not self.visible.require
  if not is_it then return false end
  self.at = at + 5
  self:requires(module.text, module, true)
  return true
end

-- Lua's own functions that give what they are given, or fill it.
function Parser:call_global(name, values)
  local is_global = values[1] and values[1].kind == "global"
  local filled = self.handed_on or is_global and values[1] or meanings.kept(values[1])
  if (name == "rawset" or name == "setmetatable") and filled then self.watch.set(filled) end
  if name == "assert" then return values[1] end
  if name == "ipairs" then return { kind = "iterator", each = meanings.member_of(values[1]) } end
end

-- What a call of `path` gives; nil if the variable that it was read from becomes something else.
function Parser:given(meaning, path, values)
  local by = meaning.variable
  return not (by and by.reassigned) and self.watch.gives(path, values) or nil
end

function Parser:call(meaning, token)
  if meaning and meaning.kind == "require" then return self:call_require() end
  if meaning and meaning.kind == "library" then self.watch.call_library(meaning) else self:was_read(meaning) end
  local guards_it = is_guard(meaning)
  if guards_it and self:guarded_require() then return end
  if guards_it then self.guarded = self.guarded + 1 end
  local count, open, only, _, values = self:arguments(meaning)
  if guards_it then self.guarded = self.guarded - 1 end
  self.notes:call(meaning, values)
  if not meaning then return end
  if meaning.kind == "models" then
    self.watch.model(values)
    return { kind = "object", class = "Model" }
  end
  if meaning.kind == "wechat" then
    self.watch.call(meaning, count, open, only, token, values, self.depth == 0)
    return self:given(meaning, meaning.path, values)
  end
  if meaning.kind == "bot" then self.watch.call_bot(meaning, count, open, values, not self.scope.up) end
  if meaning.kind == "global" and meanings.libraries[meaning.path] then self.watch.call_table(meaning) end
  if meaning.kind == "global" then return self:call_global(meaning.path, values) end
end

-- Calls a method of what has that meaning; returns the meaning of its result.
function Parser:call_method(meaning, name)
  if meaning and meaning.kind == "object" then
    local count, open, _, _, values = self:arguments()
    self.watch.method(meaning, name, count, open, values)
    return self:given(meaning, meaning.class .. ":" .. name.text, values)
  end
  local kind = meaning and meaning.kind
  if kind == "wechat" or kind == "bot" or kind == "message" then self.watch.colon(meaning, name) end
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
    token = self.tokens[self.at]
    local mark = token.mark
    if mark == "." then
      self.at = self.at + 1
      self:was_read(meaning)
      local base, name = meaning, self:next()
      meaning, open = self:field(base, name), false
      target = { base = base, field = name.text, meaning = meaning }
    elseif mark == "(" or mark == "{" or token.kind == "string" then
      target = { called = true, callee = meaning }
      meaning, open = self:call(meaning, token), true
    elseif mark == "[" then
      self.at = self.at + 1
      self:was_read(meaning)
      local base, key = meaning, self:peek()
      local is_constant = key.kind == "string" and self.tokens[self.at + 1].mark == "]"
      self:expression()
      self:expect("]")
      if is_constant then meaning = self:field(base, key) else meaning = meanings.member_of(base) end
      open = false
      target = { base = base, field = is_constant and key.text or nil, meaning = meaning, index = true }
    elseif mark == ":" then
      self.at = self.at + 1
      self:was_read(meaning)
      local name = self:next()
      meaning, open, target = self:call_method(meaning, name), true, { called = true }
    else
      return meaning, open, target
    end
  end
end

-- Parses a variable, or what is called or read from one.
function Parser:variable()
  local meaning, open = self:suffixed()
  self.notes:value(meaning)
  self:was_read(meaning)
  return meaning, open
end

function Parser:simple(gets)
  local token = self.tokens[self.at]
  local kind, mark = token.kind, token.mark
  if kind == "name" then return self:variable()
  elseif kind == "string" then return self:literal(token.text)
  elseif kind == "number" then return self:literal(tonumber(token.text))
  elseif mark == "{" then return self:table_constructor(gets)
  elseif mark == "true" or mark == "false" then return self:literal(mark == "true")
  elseif mark == "(" then return self:variable() end
  self.at = self.at + 1
  if mark == "nil" then return meanings.nothing
  elseif mark == "..." then return meanings.varargs, true
  elseif mark == "function" then self:body(gets)
  else error({ unexpected = token }) end
end

local function is_text(meaning) return meaning and meaning.kind == "literal" and type(meaning.value) == "string" end

-- The escapes of a text are undecoded: to tonumber \n is a blank, and \49 may be a digit.
local function may_be_number(text)
  local plain = text:gsub("\\[nrt]", " ")
  return plain:find("\\", 1, true) or tonumber(plain)
end

local equals = { ["=="] = true, ["~="] = true }
local orders = { ["<"] = true, [">"] = true, ["<="] = true, [">="] = true }

local function is_literal(meaning) return meaning and meaning.kind == "literal" end

function Parser:compared(operator, a, b)
  local value, field = b, a
  if not is_literal(value) then value, field = a, b end
  if is_literal(value) and field and field.kind == "field" then self.watch.compares(field, value, operator) end
end

-- Reports what is often written in a wrong way: `msg.type == "txt"`, `"a" + b`.
function Parser:joined(operator, a, b)
  local mark = operator.mark
  if equals[mark] or orders[mark] then return self:compared(mark, a, b) end
  if mark ~= "+" then return end
  local text, other = b, a
  if not is_text(text) then text, other = a, b end
  if not is_text(text) then return end
  local is_plain = other and (other.kind == "field" or other.kind == "literal") -- and no object that can be added to
  if is_plain and not may_be_number(text.value) then self.watch.adds(operator) end
end

-- Parses what is behind an operator; returns its meaning.
function Parser:operand(mark, limit)
  if mark ~= "and" and mark ~= "or" then return (self:expression(nil, limit)) end
  return (self:conditionally(self.expression, nil, limit))
end

function Parser:expression(gets, limit)
  limit = limit or 0
  local meaning, open
  if unary[self.tokens[self.at].mark] then
    self.at = self.at + 1
    self:expression(nil, UNARY)
  else
    meaning, open = self:simple(gets)
  end
  while true do
    local operator = self.tokens[self.at]
    local mark = operator.mark
    local power = binary[mark]
    if not power or power <= limit then return meaning, open end
    self.at = self.at + 1
    local other = self:operand(mark, right[mark] and power - 1 or power)
    self:joined(operator, meaning, other)
    meaning, open = meanings.of_binary(mark, meaning, other), false
  end
end

-- Returns the meanings of the values, and of the one that a call at the end gives beside its first.
function Parser:expressions(gets)
  local values, count, open = {}, 0
  repeat
    count = count + 1
    values[count], open = self:expression(gets)
  until not self:accept(",")
  local last = open and values[count]
  values[count + 1] = last and last.second or nil
  return values
end

require "check.statements"(Parser)

-- ---- runs

local reported = { "read", "set", "message", "hands", "answers", "part", "call", "drops", "call_library", "call_table", "model", "colon",
  "method", "call_bot", "compares", "adds", "returns", "unread", "assign_global", "hides_hook", "defines",
  "requires" }

-- Hears what it is told, keeps it, and says what the watcher says.
local function recorder(watch)
  local kept, count = {}, 0
  local hears = { gives = watch.gives, fields_of = watch.fields_of }
  for _, name in ipairs(reported) do
    hears[name] = function(...)
      count = count + 1
      kept[count] = { name, ... }
    end
  end
  return hears, kept
end

local function tell(kept, watch)
  for _, told in ipairs(kept) do watch[told[1]](table.unpack(told, 2, MOST_TOLD)) end
end

-- `found`: the notes of an earlier run over the same tokens.
local function run(tokens, watch, found, notes)
  local parser = setmetatable({ tokens = tokens, at = 1, declared = 0, depth = 0, guarded = 0, conditions = 0, in_arguments = 0,
    names = {}, handed = {}, required = {}, visible = {}, loading = {}, watch = watch, found = found, notes = notes }, Parser)
  local whole, fault = pcall(function()
    parser:open()
    parser:block()
    if parser:peek().kind ~= "end" then error({ unexpected = parser:peek() }) end
    parser:close()
    parser:judge_requires()
  end)
  if not whole and type(fault) ~= "table" then error(fault, 0) end
  return whole
end

--- Parses a chunk, which must be one that `load` accepts; returns false if the parser fails. It does so several times:
--- what a named function is used for, and what a variable becomes, is said after its definition. What the first run
--- knows too little of may be known to the second one; whatever is unclear to that stays so. The watcher is told what
--- the last run saw, which learns nothing that the one before it did not know.
---@param text string
---@param watch Watcher
---@return boolean
function parse.chunk(text, watch)
  local tokens, found = lex.tokens(text), new_notes()
  for number = 1, math.huge do
    local before = found
    found = new_notes(number > 2 and before or nil)
    local hears, kept = recorder(watch)
    if not run(tokens, hears, before, found) then return false end
    if found:agrees_with(before) and (number > FOR_FUNCTIONS or found:uses_alike(before)) then
      tell(kept, watch)
      return true
    end
  end
end

return parse
