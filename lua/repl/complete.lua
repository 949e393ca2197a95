-- Completes the text before the cursor: names, fields, methods; inside a call's braces, the call's arguments.

local catalogue = require "wechat.catalogue"
local misread = require "wechat.misread"

return function(repl, commands)
  local keywords = {
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local", "nil", "not", "or", "repeat",
    "return", "then", "true", "until", "while",
  }

  local function starting(names, prefix)
    local found = {}
    for _, name in ipairs(names) do
      if name:sub(1, #prefix) == prefix then found[#found + 1] = name end
    end
    return found
  end

  -- Returns the value of "a.b.c". Calls no function except __index metamethods.
  local function value_of(path)
    local value = repl.env
    for name in path:gmatch("[^.:]+") do
      if type(value) ~= "table" then return nil end
      local raw = rawget(value, name)
      if raw == nil and getmetatable(value) ~= nil then
        local good, found = pcall(function() return value[name] end)
        raw = good and found or nil
      end
      value = raw
    end
    return value
  end

  local function names_in(value, into, depth)
    if type(value) ~= "table" or depth > 3 then return end
    pcall(function()
      for key in pairs(value) do
        if type(key) == "string" and key:find("^[%a_][%w_]*$") then into[key] = true end
      end
    end)
    local meta = debug.getmetatable(value)
    if type(meta) == "table" then names_in(meta.__index, into, depth + 1) end
  end

  -- Adds the catalogue's groups below a path: `wechat.` has them before the first call loads them.
  local function groups_in(path, into)
    local inner = path == "wechat" and "" or path:match("^wechat%.(.+)$")
    if not inner then return end
    for _, group in ipairs(catalogue.groups) do
      local rest = inner == "" and group or group:match("^" .. inner:gsub("%.", "%%.") .. "%.(.+)$")
      if rest then into[rest:match("^[^.]+")] = true end
    end
    if inner == "" then
      for name in pairs(repl.host.args.methods) do
        if not name:find(":", 1, true) then into[name:match("^[^.]+")] = true end -- a menu's methods are not wechat's
      end
    elseif catalogue.has_group(inner) then
      local _, endpoints = catalogue.group(inner)
      for _, name in ipairs(endpoints) do into[name] = true end
    end
  end

  local function complete_name(path, prefix)
    local names = {}
    if path == "" then
      names_in(repl.env, names, 0)
      for _, word in ipairs(keywords) do names[word] = true end
    else
      names_in(value_of(path), names, 0)
      groups_in(path, names)
    end
    return starting(misread.names(names), prefix)
  end

  -- Returns the argument names of the call around the cursor: `wechat.user.info{ope`.
  local function arguments_of(method)
    local names = {}
    local endpoint = catalogue.endpoint(method)
    if endpoint then
      for _, list in ipairs { endpoint.query, endpoint.body } do
        for _, field in ipairs(list) do
          local name = field.path:match("^[%a_][%w_]*")
          if name then names[name] = true end
        end
      end
    end
    local entry = repl.host.args.methods[method]
    for _, parameter in ipairs(entry and entry.parameters or {}) do names[parameter[1]] = true end
    return misread.names(names)
  end

  local function call_around(before)
    local depth = 0
    for at = #before, 1, -1 do
      local c = before:sub(at, at)
      if c == "}" then depth = depth + 1 end
      if c == "{" then
        if depth == 0 then return before:sub(1, at - 1):match("wechat%.([%w_.]+)%s*%(?%s*$") end
        depth = depth - 1
      end
    end
  end

  local function complete_command(before)
    local name = before:match("^%s*(%.%a*)$")
    if name then return #name, starting(commands.names(), name) end
    local topic = before:match("^%s*%.help%s+([%w_.]*)$")
    if topic then
      local path, prefix = topic:match("^(.-)%.?([%w_]*)$")
      return #prefix, complete_name(path, prefix)
    end
    return 0, {}
  end

  --- Returns the number of bytes before the cursor that a candidate replaces, and the candidates.
  ---@param before string
  ---@return integer length
  ---@return string[] candidates
  return function(before)
    if before:find("^%s*%.%a*$") or before:find("^%s*%.%a+%s") then return complete_command(before) end
    local word = before:match("[%w_.:]*$")
    local path, prefix = word:match("^(.-)[.:]?([%w_]*)$")
    if path == "" and not word:find("[.:]") then
      local method = call_around(before)
      local names = method and starting(arguments_of(method), prefix) or {}
      if #names > 0 then return #prefix, names end
      if prefix == "" then return 0, {} end
    end
    return #prefix, complete_name(path, prefix)
  end
end
