-- `wemoon check`, without running the script: unknown names below `wechat` and in Lua's library, message fields that no
-- type has, fields that no request or answer has, misspelt globals and hooks, calls with too many or too few arguments,
-- with misspelt fields, with values that are refused, or with a colon for a dot, hooks defined twice or local, replies
-- that are made and not returned, and what users of other languages write (habits.lua). Uncertain cases pass, or are
-- notes. Of a file that Lua's parser refuses: its mistakes of syntax (syntax.lua).

local host = ...
local wechat = wechat

local catalogue = require "wechat.catalogue"
local fields = require "check.fields"
local gives = require "check.gives"
local habits = require "check.habits"
local lex = require "check.lex"
local meanings = require "check.meanings"
local menu_types = require "wechat.menu.types"
local message_fields = require "check.message_fields"
local methods = require "check.methods"
local misread = require "wechat.misread"
local nearest = require "wechat.nearest"
local parse = require "check.parse"
local rules = require "check.rules"
local syntax = require "check.syntax"
local types = require "meta.types"
local units = require "check.units"

local SOURCE_MAX <const> = 64 << 20 -- as in src/base/file.h

local _ = wechat.call -- reads the methods that call the platform

-- ---- known names

-- Returns the names below a path: methods, groups, and other members of the table there.
local function names_below(path, value)
  local set = {}
  local prefix = path == "wechat" and "" or path:sub(#"wechat." + 1) .. "."
  local function add(name)
    local is_method = name:find(":", 1, true) -- of a menu, say
    if not is_method and name:sub(1, #prefix) == prefix then set[name:sub(#prefix + 1):match("^[^.]+")] = true end
  end
  for name in pairs(host.args.methods) do add(name) end
  for _, group in ipairs(catalogue.groups) do
    add(group)
    local _, names = catalogue.group(group)
    for _, name in ipairs(names) do add(group .. "." .. name) end
  end
  for name in next, value do
    if type(name) == "string" then set[name] = true end
  end
  return misread.names(set)
end

local shell = { ["os.execute"] = true, ["io.popen"] = true }

local is_hook = {}
for _, name in ipairs(meanings.hook_names) do is_hook[name] = true end

-- What may set or read globals that no file names, and what runs files that the check does not read.
local hides_globals = { _G = true, _ENV = true, load = true, loadfile = true, dofile = true, package = true, require = true }

-- Tables with members of the user's own.
local open_tables = { ["wechat.config"] = true }

local function plural(count, word) return ("%d %s%s"):format(count, word, count == 1 and "" or "s") end

local function most_and_least(parameters)
  local least = 0
  for i, parameter in ipairs(parameters) do
    if parameter[2]:sub(-1) ~= "?" then least = i end
  end
  return #parameters, least
end

-- Returns why a method cannot be called with that many arguments; nil if it can.
local function fault_of_count(path, count, open, only)
  local name = path:sub(#"wechat." + 1)
  if catalogue.endpoint(name) and not (host.args.methods[name] or {}).parameters then
    if count > 1 or only == "value" then return ("%s takes one table of fields: %s{...}"):format(path, path) end
    return nil
  end
  local entry = host.args.methods[name]
  if not entry or not entry.parameters then return nil end
  local most, least = most_and_least(entry.parameters)
  local sure = open and count - 1 or count
  if sure > most then return ("%s takes %s, not %d"):format(path, plural(most, "argument"), count) end
  -- One table may pass all arguments by name.
  if open or count >= least or (count == 1 and only ~= "value") then return nil end
  return ("%s: %s is missing (%s given)"):format(path, entry.parameters[count + 1][1], plural(count, "argument"))
end

-- ---- checking one script

local Check = {}
Check.__index = Check

function Check:add(file, token, text, variable, kind)
  self.found[#self.found + 1] = { file = file, at = token.at, text = text, variable = variable, kind = kind or "fault" }
end

-- Reports what is only likely to be a mistake.
function Check:note(file, token, text, variable)
  self:add(file, token, "note: " .. text, variable, "note")
end

function Check:line_of(one) return (lex.placer(self.texts[one.file])(one.token.at)) end

-- Notes the first thing that may set or read globals where nobody sees it.
function Check:hide(file, token, name)
  self.hiding = self.hiding or { file = file, token = token, name = name }
  self.runs_unread = self.runs_unread or not (name == "_G" or name == "_ENV")
end

-- Reports a name of wechat or of Lua's library that is not there. Code that was not read may set it.
function Check:add_unknown(file, token, text, variable)
  local add = self.runs_unread and self.note or self.add
  add(self, file, token, text, variable)
end

-- Whether a file reads a global that is not the one which defines it.
function Check:is_read_elsewhere(name, file)
  for _, read in ipairs(self.global_reads) do
    if read.meaning.path == name and read.file ~= file then return true end
  end
  return false
end

-- Whether a field of that name is set anywhere, of whatever table. What only an unread file would set is not known.
function Check:may_set(name) return self.set_names[name] end

function Check:may_set_path(path)
  for name in path:gmatch("[^.]+") do
    if self:may_set(name) then return true end
  end
  return false
end

-- Returns nil if reading the name raises an error, which means that it does not exist.
local function value_of(t, name)
  local there, value = pcall(function() return t[name] end)
  return there and value or nil
end

-- Whether the script may have seen to it that the function is there, or calls it only where it is:
-- `if os.execute then`.
function Check:provides(library, name)
  local path = library .. "." .. name
  return self:may_set(name) or self.filled[library] or self.other_reads[path]
    or (shell[path] and self.other_reads["wechat.config.allow_shell"])
end

-- Lua's library. A module that never names wechat may be a library of others, which ends other programs with os.exit.
function Check:call_library(file, meaning)
  local library, name = meaning.path:match("^(.-)%.(.+)$")
  if not self.own[file] or self:provides(library, name) or rawget(_G[library], name) ~= nil then return end
  local why = host.stdlib.why_nil(("(field '%s')"):format(name), meaning.path)
  local hint = misread.hint(name, misread.names(_G[library]), library .. ".")
  self:add_unknown(file, meaning.token, why or ("there is no %s%s"):format(meaning.path, hint))
end

-- Whether the script may give texts, or what it joins with them, a meaning of +.
function Check:reads_metatables()
  if self.other_reads.getmetatable or self.other_reads["debug.setmetatable"] then return true end
  for _, call in ipairs(self.library_calls) do
    if call.meaning.path:find("^debug%.[gs]etmetatable$") then return true end
  end
  return false
end

function Check:add_all(file, faults, variable)
  for _, fault in ipairs(faults) do
    local add = fault.is_note and self.note or self.add
    add(self, file, fault.token, fault.text, variable)
  end
end

-- What messages call the objects of a class.
local words_of = { Task = "task", Gate = "gate", Pass = "pass", Timer = "timer", HttpStream = "stream", Model = "model",
  Menu = "menu" }

-- What is called on an object: `task:cancle()`. `call.object.class` is a class of the annotations.
function Check:judge_method(call)
  local name, class = call.token.text, call.object.class
  local names = fields.names_of_class(class)
  if class == "Menu" then
    for _, row in ipairs(menu_types.methods) do names[#names + 1] = row.name end
  end
  if self:may_set(name) then return end
  local what = words_of[class]
  for _, known in ipairs(names) do
    if known == name then return self:add_all(call.file, methods.faults(class, what, name, call), call.object.variable) end
  end
  local hint = misread.hint(name, names, what .. ":")
  self:add(call.file, call.token, ("a %s has no method %s%s"):format(what, name, hint), call.object.variable)
end

-- A rule of wechat.bot: `bot.text("x", fn)`.
function Check:judge_rule(call)
  local name = call.meaning.path:match("^bot%.([^.]+)$")
  if call.meaning.path == "bot" then self:judge_table_call(call, require "wechat.bot") end
  if not name or self:replaces(call.meaning.path) then return end
  self:add_all(call.file, methods.faults_of_bot(name, call), call.meaning.variable)
  habits.judge_rule(self, call)
end

-- The last definition in a file is the one that counts. One before it is dead unless the script reads it, to wrap it.
-- Of two files one may have a default for the other, or only one may be required.
function Check:define(definition)
  local name, file = definition.name, definition.file
  local place = file .. ":" .. name
  local before = self.first_definitions[place]
  self.first_definitions[place] = before or definition
  if not before or self.other_reads[name] then return end
  local text = "%s is defined already, at %s:%d: this one replaces it"
  self:add(file, definition.token, text:format(name, before.file, self:line_of(before)))
end

-- A global function that nobody calls, one letter away from a hook.
function Check:judge_global_function(definition)
  local name = definition.name
  if is_hook[name] or self.other_reads[name] or self.hiding then return end
  local near = nearest(name, meanings.hook_names, 1)
  if near then self:add(definition.file, definition.token, ("nobody calls %s; did you mean %s?"):format(name, near)) end
end

-- `local function on_load()`, which nobody calls. A module that never names wechat may be made for other programs.
function Check:judge_hidden_hook(one)
  local text = "wemoon does not see a local %s, and nobody else calls it: write it without local"
  if self.own[one.file] then self:add(one.file, one.token, text:format(one.token.text)) end
end

-- The nearest global, or what `wechat` has by that name.
local function hint_of_global(name)
  if value_of(wechat, name) ~= nil then return ("; did you mean wechat.%s?"):format(name) end
  local near = nearest(name, misread.names(_G))
  return near and ("; did you mean %s?"):format(near)
end

-- `table.unpack or unpack`: what another Lua calls it.
function Check:is_fallback(file, token)
  local before = self.texts[file]:sub(math.max(1, token.at - #token.text - 20), token.at - 1)
  return before:find("%." .. token.text .. "%s+or%s+$") ~= nil
end

-- A global that no file sets. One that is near to no other name may come from anywhere, and is told once.
function Check:read_global(file, meaning)
  local name, token = meaning.path, meaning.token
  if habits.judge_global(self, file, meaning) or rawget(_G, name) ~= nil or self.filled[name] or not self.own[file] then return end
  local hint = #name > 3 and hint_of_global(name)
  if hint then return self:add(file, token, ("there is no global %s%s"):format(name, hint)) end
  if self.unset[name] or self:is_fallback(file, token) then return end
  self.unset[name] = true
  self:note(file, token, ("no file sets the global %s: reading it raises an error"):format(name))
end

-- Whether a global is read that neither Lua nor any file sets, as far as it was seen.
function Check:is_unknown_global(read)
  local name = read.meaning.path
  return name ~= "_ENV" and rawget(_G, name) == nil and not self.filled[name] and self.own[read.file] and
    not self:is_fallback(read.file, read.meaning.token)
end

-- Says once that globals are not checked, at the first one that would be a finding.
function Check:note_hiding()
  for _, read in ipairs(self.global_reads) do
    if self:is_unknown_global(read) then
      local hiding, text = self.hiding, "globals are not checked: %s (%s:%d) may set %s and others"
      return self:note(read.file, read.meaning.token,
        text:format(hiding.name, hiding.file, self:line_of { file = hiding.file, token = hiding.token }, read.meaning.path))
    end
  end
end

function Check:judge_globals()
  if self.hiding then return self:note_hiding() end
  for _, read in ipairs(self.global_reads) do self:read_global(read.file, read.meaning) end
end

-- Whether wemoon has a function of that path, "wechat.response_text".
local function is_function(path)
  local method, of_bot = path:match("^wechat%.(.+)$"), path:match("^bot%.([^.]+)$")
  if method then return host.args.methods[method] or catalogue.endpoint(method) end
  return of_bot and rawget(require "wechat.bot", of_bot)
end

Check.is_function = is_function
Check.is_field = message_fields.is_own
Check.kind_of_field = message_fields.kind_of
Check.is_hook = is_hook

-- wechat:response_text("hi") would hand over `wechat` itself as the first argument. A script may have set a method of
-- its own in its place.
function Check:judge_colon(call)
  if call.meaning.kind == "message" then return habits.judge_method(self, call) end
  local path = ("%s.%s"):format(call.meaning.path, call.token.text)
  if self.set_names[call.token.text] or not is_function(path) then return end
  self:add(call.file, call.token, ("write %s with a dot"):format(path), call.meaning.variable)
end

-- Whether an argument is what a message has, which is no table of named arguments: msg.source.
function Check:is_of_message(value)
  local name = value and value.kind == "field" and not (value.variable and value.variable.reassigned) and value.name
  return name and message_fields.is_own(name) and not message_fields.is_table(name) and not self.any_field and not self:may_set(name)
end

local too_early = "nothing is served until this pause is over, at each start and reload: pause in wechat.every or wechat.spawn"

-- Whether what is called there is a table of functions: `wechat.log("a")`.
local function is_table_of_functions(path, value)
  if type(value) ~= "table" or is_function(path) then return false end
  local meta = debug.getmetatable(value)
  return not (meta and meta.__call) or meta.__metatable ~= nil -- of ours it raises
end

function Check:judge_table_call(call, value)
  local path = call.meaning.path
  if not is_table_of_functions(path, value) then return false end
  local names = path:find("^wechat") and names_below(path, value) or misread.names(value)
  self:add(call.file, call.meaning.token or call.token, misread.why_not_called(path, names), call.meaning.variable)
  return true
end

-- What wemoon has at a path below `wechat`; nil if there is nothing.
local function value_at(path)
  local value = wechat
  for name in path:sub(#"wechat" + 1):gmatch("[^.]+") do
    value = type(value) == "table" and value_of(value, name) or nil
  end
  return value
end

-- Returns why a sleep is never over: job_timeout_s ends its script first.
local function fault_of_sleep(value)
  local seconds = value and value.kind == "literal" and math.type(value.value) and value.value
  local most = tonumber(host.config and host.config.job_timeout_s)
  if not seconds or not most or seconds <= most or units.doubt("wechat.sleep", "seconds", value) then return nil end
  return ("job_timeout_s (%d s) ends the script before this sleep is over: keep what is to come in wechat.store, and look there in \z
    wechat.every or wechat.cron"):format(most)
end

-- A call of a function of wemoon's, unless the script may have set another in its place.
function Check:judge_call(call)
  local path, file, variable = call.meaning.path, call.file, call.meaning.variable
  if self.set_names[path:match("[^.]+$")] then return end
  if self:judge_table_call(call, value_at(path)) then return end
  local only = call.only and self:is_of_message(call.values[1]) and "value" or call.only
  local fault = fault_of_count(path, call.count, call.open, only)
  if fault then self:add(file, call.meaning.token or call.token, fault, variable) end
  local method = path:sub(#"wechat." + 1)
  if path == "wechat.sleep" and call.is_loading then self:note(file, call.meaning.token, too_early, variable) end
  local endless = path == "wechat.sleep" and fault_of_sleep(call.values[1])
  if endless then self:note(file, call.meaning.token, endless, variable) end
  self:add_all(file, fields.of_call(method, host.args.methods[method], call.values), variable)
end

-- A reply that nobody gets: `return` was forgotten. Without a reply it makes no difference.
function Check:judge_drop(file, meaning)
  local name = meaning.path:match("^wechat%.(.+)$")
  local is_reply = name and types.returns_of(name) == "Reply"
  if not is_reply or name == "response_none" or self.set_names[name] then return end
  local text = "the reply is made and dropped: write return %s(...)"
  self:add(file, meaning.token, text:format(meaning.path), meaning.variable)
end

-- Follows a path as far as it is known. Only its last name is reported: each earlier one is read separately.
function Check:read_wechat(file, meaning)
  if self.there[meaning.path] then return end
  local value, path = wechat, "wechat"
  for name in meaning.path:sub(#"wechat" + 1):gmatch("[^.]+") do
    if type(value) ~= "table" or open_tables[path] then return end
    local below = value_of(value, name)
    if below == nil then
      if self:may_set(name) or path .. "." .. name ~= meaning.path then return end
      local hint = misread.hint(name, names_below(path, value), path .. ".")
      return self:add_unknown(file, meaning.token, ("there is no %s.%s%s"):format(path, name, hint), meaning.variable)
    end
    value, path = below, path .. "." .. name
  end
  self.there[meaning.path] = true
end

function Check:read_bot(file, meaning)
  local bot, name = require "wechat.bot", meaning.path:match("%.([^.]+)$")
  if meaning.path:match("^bot%.[^.]+$") and rawget(bot, name) == nil and not self:may_set(name) then
    local hint = misread.hint(name, misread.names(bot), "bot.")
    self:add_unknown(file, meaning.token, ("wechat.bot has no %s%s"):format(name, hint), meaning.variable)
  end
end

function Check:read_message(file, name, token, variable)
  if message_fields.has(name) then return end
  self.fields[#self.fields + 1] = { file = file, name = name, token = token, variable = variable }
end

-- Whether the script may have put a function of its own in the place of one: of "wechat.http.get wechat.http.post".
function Check:replaces(paths)
  for path in paths:gmatch("%S+") do
    local is_filled = self.fills_bot and path:find("^bot%.")
    if is_filled or self.set_names[path:match("[^.]+$")] then return true end
  end
  return false
end

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

-- Where modules are searched for below the script's folder: its own, and those of others (src/script/loader.c).
local beside <const> = { "%s.lua", "%s/init.lua" }
local tree <const> = { "lua_modules/share/lua/5.4/%s.lua", "lua_modules/share/lua/5.4/%s/init.lua" }

function Check:path_of(module, forms)
  for _, form in ipairs(forms) do
    local path = self.folder .. form:format((module:gsub("%.", "/")))
    local file = io.open(path, "rb")
    if file then
      file:close()
      return path
    end
  end
end

local function is_wemoons(module)
  return package.loaded[module] ~= nil or package.preload[module] ~= nil or type(package.searchers[3](module)) == "function"
end

-- Reads a module where there is one. Returns "read", "unread" (of C, or not understood) or "missing".
function Check:read_module(module)
  local path = self:path_of(module, beside)
  if path then return self:look(path) and "read" or "unread" end
  if is_wemoons(module) then return "read" end
  path = self:path_of(module, tree) or package.searchpath(module, package.path)
  self.runs_unread = self.runs_unread or path ~= nil -- only the names that it sets are heard
  if path then return self:look(path, true) and "read" or "unread" end
  return package.searchpath(module, package.cpath) and "unread" or "missing"
end

function Check:module(name)
  if not self.seen[name] then
    self.seen[name] = "read" -- while it is being read: modules may require each other
    self.seen[name] = self:read_module(name)
  end
  return self.seen[name]
end

local of_users = { "wechat.bot", "wechat.model" }

-- `name`: nil if it is computed. One that is missing sets nothing.
function Check:required(file, name, token, is_optional, call)
  local state = name and self:module(name)
  if not name then self:hide(file, token, "require")
  elseif state == "unread" then self:hide(file, token, name)
  elseif state == "missing" and not is_optional then
    table.insert(self.missing, { file = file, token = token, name = name, is_sure = call.is_sure })
  end
end

-- Where the script may see to it that the call is not made, it is a note. A script that has to do with `package` may find modules elsewhere.
function Check:judge_missing()
  for _, one in ipairs(self.other_reads.package and {} or self.missing) do
    local near = nearest(one.name, of_users, 2)
    local hint = near and ("; did you mean %s?"):format(near) or ""
    local text = "there is no module %s beside the script, in its lua_modules or along package.path%s"
    text = (one.is_sure and "" or "note: ") .. text:format(one.name, hint)
    self:add(one.file, one.token, text, nil, one.is_sure and "missing" or "missing note")
  end
end

-- Returns whether the file was read and understood. Of what others made only the names that it sets are heard.
function Check:look(path, is_of_others)
  local file = io.open(path, "rb")
  if not file then return false end
  local text, fault = file:read(SOURCE_MAX + 1) -- nil: empty, or a folder
  file:close()
  if not text then return fault == nil end
  if #text > SOURCE_MAX then return false end
  text = text:gsub("^\xEF\xBB\xBF", ""):gsub("^#[^\n]*", "") -- what Lua's own loader of files passes over
  self.texts[path] = text
  if load(text, "=" .. path, "t") then
    return parse.chunk(text, is_of_others and self:outside_watcher(path) or self:watcher(path))
  end
  if is_of_others then return false end
  for _, one in ipairs(syntax.faults(text)) do
    local hint = host.stdlib.syntax_hint(one.text)
    self:add(path, one.token, hint and one.text .. "; " .. hint or one.text, nil, "syntax")
  end
  return false
end

local function in_order(a, b)
  if a.file ~= b.file then return a.file < b.file end
  return a.at < b.at
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

-- Reports at the end, because a field that the script sets anywhere is known everywhere.
function Check:judge()
  self:judge_missing()
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

--- Returns the findings, one per line: its kind, a tab and "FILE:LINE:COLUMN: WHAT"; "" if there are none. The kind is
--- "fault", "syntax" or "missing" (faults that loading the script may report too), "note", which is only likely a mistake,
--- or "missing note", which loading may report too.
---@param path string path of the script
---@return string
function program.check(path)
  local check = setmetatable({
    found = {}, reads = {}, fields = {}, parts = {}, answers = {}, set_names = {}, seen = {}, other_reads = {},
    missing = {}, table_calls = {}, calls = {}, library_calls = {}, dropped = {}, method_calls = {}, rules = {}, colon_calls = {}, definitions = {},
    habits = habits.none(), global_functions = {}, hidden_hooks = {}, unset = {}, there = {}, global_reads = {}, first_definitions = {}, filled = {}, own = { [path] = true },
    texts = {}, folder = path:match("^.*/") or "",
  }, Check)
  check:look(path)
  check:judge()
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
