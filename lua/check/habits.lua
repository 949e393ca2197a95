-- What users write who know another language or another library: types of messages that there are not, functions that
-- are returned and not called, texts that are added, names such as null.

local event_forms = require "platform.event_forms"
local nearest = require "wechat.nearest"

local habits = {}

---@class Habits what a script does, to be judged at the end
---@field compared table[] fields of messages with a literal
---@field added table[] texts with +
---@field returned table[] what the functions return that answer messages
---@field unread table[] variables that hold a reply
---@field assigned table[] globals that are set while something is answered

---@return Habits
function habits.none() return { compared = {}, added = {}, returned = {}, unread = {}, assigned = {} } end

-- ---- types of messages

local message_types = { "text", "image", "voice", "video", "shortvideo", "location", "link", "miniprogrampage", "file",
  "device_text", "device_event", "hardware" }
local events = {}
for i, row in ipairs(event_forms) do events[i] = row[1]:lower() end

local function set_of(names)
  local set = {}
  for _, name in ipairs(names) do set[name] = true end
  return set
end

local is_message_type, is_event = set_of(message_types), set_of(events)

local names_of = { event = events, type = table.move(events, 1, #events, #message_types + 1, { table.unpack(message_types) }) }

-- Returns why msg.type or msg.event is never that; nil if it may be. The platform may have types that nobody
-- has heard of.
local function fault_of_type(field, value)
  local known = field == "type" and (is_message_type[value] or is_event[value]) or is_event[value]
  if known then return nil end
  if field == "type" and value == "event" then return 'msg.type of an event is its name, "subscribe": ask msg.event' end
  if field == "event" and is_message_type[value] then return ('only events have msg.event: ask msg.type for "%s"'):format(value) end
  local near = #value > 2 and nearest(value, names_of[field], #value < 8 and 1 or 2)
  return near and ('msg.%s is never "%s"; did you mean "%s"?'):format(field, value, near) or nil
end

local is_equality = { ["=="] = true, ["~="] = true }
local words_of = { string = "text", number = "number" }

local function quoted(value) return type(value) == "string" and ('"%s"'):format(value) or tostring(value) end

local function fault_of_rule(kind)
  if kind == "event" then return 'name the event: bot.on("subscribe", ...)' end
  return fault_of_type("type", kind)
end

--- Reports bot.on("txt", fn): no message has that type. Its case does not matter.
---@param check table
---@param call table of a rule
function habits.judge_rule(check, call)
  local first = call.values[1]
  local is_type = call.meaning.path == "bot.on" and first and first.kind == "literal" and type(first.value) == "string"
  local fault = is_type and fault_of_rule(first.value:lower())
  if fault then check:add(call.file, first.token, fault, call.meaning.variable) end
end

-- Returns why a field of a message and a value of another kind are never equal, nor one before the other.
local function fault_of_kind(check, field, value, operator)
  local kind, given = check.kind_of_field(field), type(value)
  if not kind or kind == given or check:may_set_path(field) then return nil end
  local other = kind == "string" and ("tonumber(msg.%s)"):format(field) or tonumber(value)
  if given == "boolean" or not other then return ("msg.%s is a %s and never %s"):format(field, words_of[kind], quoted(value)) end
  if kind == "string" and is_equality[operator] then other = ('"%s", or %s'):format(value, other) end
  return ("msg.%s is a %s and %s a %s: write %s"):format(field, words_of[kind], quoted(value), words_of[given], other)
end

local function judge_compared(check, one)
  local field, value = one.field.name, one.value.value
  if check:fills_messages() then return end
  local fault = fault_of_kind(check, field, value, one.operator)
  local is_named = not fault and names_of[field] and is_equality[one.operator] and not check.set_names[field]
  if is_named and type(value) == "string" then fault = fault_of_type(field, value) end
  if fault then check:add(one.file, one.value.token, fault, one.field.variable) end
end

-- ---- replies

local needs = { number = "tostring(...)", boolean = '"..." or a reply', table = "wechat.response_text(...) or another reply" }

-- What a function that answers a message must not return.
local function fault_of_answer(check, value)
  if value.kind == "wechat" and check.is_function(value.path) and not check:replaces(value.path) then
    return ("%s is returned and not called: write %s(...)"):format(value.path, value.path)
  end
  local kind = value.kind == "literal" and value.value and type(value.value) or value.kind
  return needs[kind] and ("a %s is no reply: return %s"):format(kind, needs[kind]) or nil
end

-- What another file calls may return anything to that: what one file does with its own names, the parser knows.
local function judge_returned(check, one)
  local gets = one.gets
  if check:replaces(gets.from) or gets.global and check:is_read_elsewhere(gets.global, one.file) then return end
  local fault = fault_of_answer(check, one.value)
  if fault then check:add(one.file, one.value.token, fault, one.value.variable) end
end

local function judge_unread(check, one)
  local variable = one.variable
  local from, name = variable.meaning.from or "", variable.name
  if name:find("^_") or from == "wechat.response_none" or check:replaces(from) or not variable.token then return end
  check:add(one.file, variable.token, ("the reply is made and nobody reads %s: write return %s, or call it _%s"):format(name, name, name))
end

-- ---- globals

--- Returns a function that reports globals that functions set which answer messages or pages, each once.
---@param check table
---@return fun(one: table)
local function judge_assigned(check)
  local told = {}
  return function(one)
    local name, is_page = one.token.text, one.gets.from == "wechat.route"
    if told[name] or check.is_hook[name] then return end
    told[name] = true
    check:note(one.file, one.token, ("the global %s is set while a %s is answered: all users share it, and a restart \z
      loses it. Write local, or keep it in wechat.session() (of one user) or wechat.store"):format(name,
      is_page and "page" or "message"))
  end
end

-- ---- other languages

local meant = { null = "nil", NULL = "nil", None = "nil", undefined = "nil", True = "true", False = "false",
  len = "#text, or wechat.utf8.len(text)", str = "tostring(...)", int = "tonumber(...), or math.floor(...)" }

--- Reports a global of another language that no file sets.
---@param check table
---@param file string
---@param meaning Meaning
---@return boolean? whether it is one
function habits.judge_global(check, file, meaning)
  local name = meaning.path
  local is_foreign = meant[name] and rawget(_G, name) == nil and not check.filled[name] and check.own[file]
  if is_foreign then check:add(file, meaning.token, ("there is no global %s: write %s"):format(name, meant[name])) end
  return is_foreign
end

--- Reports msg:content().
---@param check table
---@param call table
function habits.judge_method(check, call)
  local name = call.token.text
  if not check.is_field(name) or check:may_set(name) or check:fills_messages() then return end
  check:add(call.file, call.token, ("msg.%s is no function: write it with a dot and without ()"):format(name),
    call.meaning.variable)
end

local function judge_added(check, one)
  if check.set_names.__add or check:reads_metatables() then return end
  check:add(one.file, one.token, 'texts are joined with .. and not with +: "a" .. b')
end

--- Reports what the script does of all that.
---@param check table
function habits.judge(check)
  for _, one in ipairs(check.habits.compared) do judge_compared(check, one) end
  for _, one in ipairs(check.habits.returned) do judge_returned(check, one) end
  for _, one in ipairs(check.habits.unread) do judge_unread(check, one) end
  for _, one in ipairs(check.habits.added) do judge_added(check, one) end
  local judge_global = judge_assigned(check)
  for _, one in ipairs(check.habits.assigned) do judge_global(one) end
end

return habits
