-- Calls of what wemoon has: the number of arguments, their fields, and what is called that is no function.

local catalogue = require "wechat.catalogue"
local fields = require "check.fields"
local habits = require "check.habits"
local menu_types = require "wechat.menu.types"
local message_fields = require "check.message_fields"
local methods = require "check.methods"
local misread = require "wechat.misread"
local types = require "meta.types"
local units = require "check.units"

local function plural(count, word) return ("%d %s%s"):format(count, word, count == 1 and "" or "s") end

local function most_and_least(parameters)
  local least = 0
  for i, parameter in ipairs(parameters) do
    if parameter[2]:sub(-1) ~= "?" then least = i end
  end
  return #parameters, least
end

-- What messages call the objects of a class.
local words_of = { Task = "task", Gate = "gate", Pass = "pass", Timer = "timer", HttpStream = "stream", Model = "model",
  Menu = "menu" }

local too_early = "nothing is served until this pause is over, at each start and reload: pause in wechat.every or wechat.spawn"

---@param Check table gets the methods
---@param host table
return function(Check, host)
  -- Whether wemoon has a function of that path, "wechat.response_text".
  local function is_function(path)
    local method, of_bot = path:match("^wechat%.(.+)$"), path:match("^bot%.([^.]+)$")
    if method then return host.args.methods[method] or catalogue.endpoint(method) end
    return of_bot and rawget(require "wechat.bot", of_bot)
  end

  Check.is_function = is_function

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

  -- Whether what is called there is a table of functions: `wechat.log("a")`.
  local function is_table_of_functions(path, value)
    if type(value) ~= "table" or is_function(path) then return false end
    local meta = debug.getmetatable(value)
    return not (meta and meta.__call) or meta.__metatable ~= nil -- of ours it raises
  end

  function Check:judge_table_call(call, value)
    local path = call.meaning.path
    if not is_table_of_functions(path, value) then return false end
    local names = path:find("^wechat") and Check.names_below(path, value) or misread.names(value)
    self:add(call.file, call.meaning.token or call.token, misread.why_not_called(path, names), call.meaning.variable)
    return true
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
    if self:judge_table_call(call, Check.value_at(path)) then return end
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
end
