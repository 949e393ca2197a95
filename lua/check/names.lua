-- Names that are read: below `wechat` and `wechat.bot`, of Lua's library, and globals; hooks that are defined.

local catalogue = require "wechat.catalogue"
local habits = require "check.habits"
local meanings = require "check.meanings"
local misread = require "wechat.misread"
local nearest = require "wechat.nearest"

local wechat = wechat

local shell = { ["os.execute"] = true, ["io.popen"] = true }

local is_hook = {}
for _, name in ipairs(meanings.hook_names) do is_hook[name] = true end

-- Tables with members of the user's own.
local open_tables = { ["wechat.config"] = true }

-- Returns nil if reading the name raises an error, which means that it does not exist.
local function value_of(t, name)
  local there, value = pcall(function() return t[name] end)
  return there and value or nil
end

-- What wemoon has at a path below `wechat`; nil if there is nothing.
local function value_at(path)
  local value = wechat
  for name in path:sub(#"wechat" + 1):gmatch("[^.]+") do
    value = type(value) == "table" and value_of(value, name) or nil
  end
  return value
end

-- The nearest global, or what `wechat` has by that name.
local function hint_of_global(name)
  if value_of(wechat, name) ~= nil then return ("; did you mean wechat.%s?"):format(name) end
  local near = nearest(name, misread.names(_G))
  return near and ("; did you mean %s?"):format(near)
end

---@param Check table gets the methods
---@param host table
return function(Check, host)
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

  Check.names_below = names_below
  Check.value_at = value_at
  Check.is_hook = is_hook

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
    local text = "this %s is local, so wemoon never calls it, and the script does not call it either: remove the word local"
    if self.own[one.file] then self:add(one.file, one.token, text:format(one.token.text)) end
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
end
