-- `wemoon check`, without running the script: unknown names below `wechat` and in Lua's library, message fields that no
-- type has, fields that no request or answer has, misspelt globals and hooks, calls with too many or too few arguments,
-- with misspelt fields, with values that are refused, or with a colon for a dot, hooks defined twice or local, replies
-- that are made and not returned, and what users of other languages write (habits.lua). Uncertain cases pass, or are
-- notes. Of a file that Lua's parser refuses: its mistakes of syntax (syntax.lua). This file keeps what the parser tells
-- of all files, and has it judged at the end.

local host = ...

local fields = require "check.fields"
local gives = require "check.gives"
local habits = require "check.habits"
local lex = require "check.lex"
local message_fields = require "check.message_fields"
local rules = require "check.rules"

local _ = wechat.call -- reads the methods that call the platform

-- What may set or read globals that no file names, and what runs files that the check does not read.
local hides_globals = { _G = true, _ENV = true, load = true, loadfile = true, dofile = true, package = true, require = true }

local Check = {}
Check.__index = Check

require "check.names"(Check, host)
require "check.calls"(Check, host)
require "check.modules"(Check, host)

Check.is_field = message_fields.is_own
Check.kind_of_field = message_fields.kind_of

-- ---- findings

function Check:add(file, token, text, variable, kind)
  self.found[#self.found + 1] = { file = file, at = token.at, text = text, variable = variable, kind = kind or "fault" }
end

-- Reports what is only likely to be a mistake.
function Check:note(file, token, text, variable)
  self:add(file, token, "note: " .. text, variable, "note")
end

function Check:add_all(file, faults, variable)
  for _, fault in ipairs(faults) do
    local add = fault.is_note and self.note or self.add
    add(self, file, fault.token, fault.text, variable)
  end
end

function Check:line_of(one) return (lex.placer(self.texts[one.file])(one.token.at)) end

-- ---- what the script may have changed

-- Notes the first thing that may set or read globals where nobody sees it.
function Check:hide(file, token, name)
  self.hiding = self.hiding or { file = file, token = token, name = name }
  self.runs_unread = self.runs_unread or not (name == "_G" or name == "_ENV")
end

-- Whether a field of that name is set anywhere, of whatever table. What only an unread file would set is not known.
function Check:may_set(name) return self.set_names[name] end

function Check:may_set_path(path)
  for name in path:gmatch("[^.]+") do
    if self:may_set(name) then return true end
  end
  return false
end

-- Whether the script may have put a function of its own in the place of one: of "wechat.http.get wechat.http.post".
function Check:replaces(paths)
  for path in paths:gmatch("%S+") do
    local is_filled = self.fills_bot and path:find("^bot%.")
    if is_filled or self.set_names[path:match("[^.]+$")] then return true end
  end
  return false
end

-- Whether the script may give texts, or what it joins with them, a meaning of +.
function Check:reads_metatables()
  if self.other_reads.getmetatable or self.other_reads["debug.setmetatable"] then return true end
  for _, call in ipairs(self.library_calls) do
    if call.meaning.path:find("^debug%.[gs]etmetatable$") then return true end
  end
  return false
end

local hands_on = { pcall = true, xpcall = true }

-- Functions of the script's own may give what they get new fields, also where pcall calls them.
function Check:hand(callee, value)
  local kind = callee and callee.kind
  local is_own = not callee or kind == "function" or kind == "parameter" or
    (kind == "global" and (rawget(_G, callee.path) == nil or hands_on[callee.path]))
  if not is_own then return end
  if value.kind == "part" then self.hands_part = self.hands_part or value.node ~= nil and #value.node.names > 0
  else self.hands_message = self.hands_message or value.kind == "message" or value.name ~= nil and message_fields.is_table(value.name) end
end

-- Whether a message may get fields under computed names.
function Check:fills_messages()
  return self.any_field or (self.hands_message and (self.fills_parameter or self.hiding ~= nil))
end

-- ---- what the parser tells

function Check:read_message(file, name, token, variable)
  if message_fields.has(name) then return end
  self.fields[#self.fields + 1] = { file = file, name = name, token = token, variable = variable }
end

function Check:watcher(file)
  return {
    read = function(meaning)
      self.other_reads[meaning.path] = true
      if meaning.kind ~= "library" and hides_globals[meaning.path] then self:hide(file, meaning.token, meaning.path) end
      local list = meaning.kind == "global" and self.global_reads or self.reads
      if meaning.kind == "library" or meaning.kind == "require" then return end
      if meaning.kind ~= "global" then self.own[file] = true end
      list[#list + 1] = { file = file, meaning = meaning }
    end,
    drops = function(meaning)
      if meaning.kind == "wechat" then table.insert(self.dropped, { file = file, meaning = meaning }) end
    end,
    call_library = function(meaning) table.insert(self.library_calls, { file = file, meaning = meaning }) end,
    call_table = function(meaning) table.insert(self.table_calls, { file = file, meaning = meaning }) end,
    model = function(values) self:add_all(file, fields.of_class("wechat.model", "ModelSettings", values[1])) end,
    method = function(object, token, count, open, values)
      table.insert(self.method_calls, { file = file, object = object, token = token, count = count, open = open,
        values = values })
    end,
    call_bot = function(meaning, count, open, values, is_sure)
      table.insert(self.rules, { file = file, meaning = meaning, token = meaning.token, count = count, open = open,
        values = values, is_sure = is_sure })
    end,
    colon = function(meaning, token)
      self.colon_calls[#self.colon_calls + 1] = { file = file, meaning = meaning, token = token }
    end,
    defines = function(name, token, has_message)
      local list = has_message and self.definitions or self.global_functions
      self.own[file] = self.own[file] or has_message
      list[#list + 1] = { file = file, name = name, token = token }
    end,
    compares = function(field, value, operator)
      table.insert(self.habits.compared, { file = file, field = field, value = value, operator = operator })
    end,
    adds = function(token) table.insert(self.habits.added, { file = file, token = token }) end,
    returns = function(value, gets) table.insert(self.habits.returned, { file = file, value = value, gets = gets }) end,
    unread = function(variable) table.insert(self.habits.unread, { file = file, variable = variable }) end,
    set = function(base, name)
      if name then self.set_names[name] = true
      elseif base and base.kind == "global" then self.filled[base.path] = true
      elseif base and (base.kind == "message" or base.kind == "field") then self.any_field = true
      elseif base and base.kind == "part" then self.any_part = true
      elseif base and base.kind == "bot" then self.fills_bot = true
      elseif base and base.kind == "parameter" then self.fills_parameter = true end
    end,
    message = function(name, token, variable) self:read_message(file, name, token, variable) end,
    answers = function(class, value) table.insert(self.answers, { file = file, class = class, value = value }) end,
    hands = function(callee, value) self:hand(callee, value) end,
    part = function(meaning) self.parts[#self.parts + 1] = { file = file, meaning = meaning } end,
    gives = function(given, values) return gives.of(given, host.args.methods, values) end,
    fields_of = gives.fields_of,
    call = function(meaning, count, open, only, token, values, is_loading)
      table.insert(self.calls, { file = file, meaning = meaning, count = count, open = open, only = only, token = token,
        values = values, is_loading = is_loading })
    end,
    assign_global = function(name, token, gets)
      self.replaced = self.replaced or name == "wechat" or name == "_ENV"
      self.filled[name] = true
      if token and hides_globals[name] then self:hide(file, token, name) end
      if token and gets then table.insert(self.habits.assigned, { file = file, token = token, gets = gets }) end
    end,
    hides_hook = function(token) table.insert(self.hidden_hooks, { file = file, token = token }) end,
    requires = function(name, token, is_optional, call) self:required(file, name, token, is_optional, call) end,
  }
end

local function nothing() end

-- Hears of a module of others only which names it sets.
function Check:outside_watcher(file)
  local own = self:watcher(file)
  local hears = setmetatable({ gives = own.gives, fields_of = own.fields_of }, { __index = function() return nothing end })
  function hears.read(meaning)
    local hides = meaning.kind ~= "library" and hides_globals[meaning.path]
    if hides then self:hide(file, meaning.token, meaning.path) end
  end
  function hears.set(_, name) if name then self.set_names[name] = true end end
  function hears.assign_global(name) self.filled[name] = true end
  function hears.requires(name) if name then self:module(name) end end
  return hears
end

-- ---- judging

-- A field of a request or an answer, unless the script may have put another function in the place of wemoon's.
function Check:judge_part(read)
  local meaning = read.meaning
  local name = meaning.token.text
  local is_known = not self:may_set(name) and not self:replaces(meaning.from or "")
  local fault = is_known and gives.fault_of(meaning.above, name)
  if fault then self:add(read.file, meaning.token, fault, meaning.variable) end
end

-- What a page returns, which is refused when it is asked for.
function Check:judge_answers()
  if self.set_names.route then return end
  for _, answer in ipairs(self.answers) do
    self:add_all(answer.file, fields.of_class("the page's answer", answer.class, answer.value, "field"))
  end
end

function Check:judge_parts()
  self:judge_answers()
  if self.any_part or (self.fills_parameter and self.hands_part) then return end
  for _, read in ipairs(self.parts) do self:judge_part(read) end
end

-- Reports at the end, because a field that the script sets anywhere is known everywhere.
function Check:judge(path)
  self:judge_missing()
  self:judge_cycles(path)
  if self.replaced then return end
  for _, read in ipairs(self.reads) do
    local judge = read.meaning.kind == "bot" and self.read_bot or self.read_wechat
    judge(self, read.file, read.meaning)
  end
  for _, call in ipairs(self.calls) do self:judge_call(call) end
  for _, drop in ipairs(self.dropped) do self:judge_drop(drop.file, drop.meaning) end
  for _, call in ipairs(self.colon_calls) do self:judge_colon(call) end
  for _, call in ipairs(self.method_calls) do self:judge_method(call) end
  for _, call in ipairs(self.rules) do self:judge_rule(call) end
  for _, definition in ipairs(self.definitions) do self:define(definition) end
  for _, definition in ipairs(self.global_functions) do self:judge_global_function(definition) end
  for _, one in ipairs(self.hidden_hooks) do self:judge_hidden_hook(one) end
  rules.judge(self, self.rules)
  self:judge_globals()
  habits.judge(self)
  for _, call in ipairs(self.table_calls) do
    if not self.filled[call.meaning.path] then self:judge_table_call(call, _G[call.meaning.path]) end
  end
  for _, call in ipairs(self.library_calls) do self:call_library(call.file, call.meaning) end
  self:judge_parts()
  if self:fills_messages() then return end
  for _, field in ipairs(self.fields) do
    if not self:may_set_path(field.name) then
      self:add(field.file, field.token, message_fields.fault_of(field.name), field.variable)
    end
  end
end

local program = {}

local function in_order(a, b)
  if a.file ~= b.file then return a.file < b.file end
  return a.at < b.at
end

--- Returns the findings, one per line: its kind, a tab and "FILE:LINE:COLUMN: WHAT"; "" if there are none. The kind is
--- "fault", "syntax", "missing" or "cycle" (faults that loading the script may report too), "note", which is only likely a
--- mistake, or "missing note" or "cycle note", which loading may report too.
---@param path string path of the script
---@return string
function program.check(path)
  local check = setmetatable({
    found = {}, reads = {}, fields = {}, parts = {}, answers = {}, set_names = {}, seen = {}, other_reads = {},
    missing = {}, table_calls = {}, calls = {}, library_calls = {}, dropped = {}, method_calls = {}, rules = {}, colon_calls = {}, definitions = {},
    habits = habits.none(), global_functions = {}, hidden_hooks = {}, unset = {}, there = {}, global_reads = {}, first_definitions = {}, filled = {}, own = { [path] = true },
    required_files = {}, texts = {}, folder = path:match("^.*/") or "",
  }, Check)
  check:look(path)
  check:judge(path)
  local lines, place_of = {}, setmetatable({}, { __index = function(places, file)
    places[file] = lex.placer(check.texts[file])
    return places[file]
  end })
  table.sort(check.found, in_order)
  for _, one in ipairs(check.found) do
    if not (one.variable and one.variable.reassigned) then
      local line, column = place_of[one.file](one.at)
      lines[#lines + 1] = ("%s\t%s:%d:%d: %s\n"):format(one.kind, one.file, line, column, one.text)
    end
  end
  return table.concat(lines)
end

return program
