-- Reading an unknown name below `wechat` raises an error that suggests the nearest known name.

local nearest = require "wechat.nearest"
local place = require "wechat.place"

local misread = {}

local SHORTEST_BEGINNING <const> = 5

misread.mark = "a part of wechat"

-- Returns the only name that begins as the word does, up to an underline: of "get_user" and "get_usr" get_user_info.
local function beginning_with(word, names)
  local beginnings, names_of = {}, {}
  for _, name in ipairs(names) do
    for at in name:gmatch("()_") do
      local beginning = name:sub(1, at - 1)
      beginnings[#beginnings + 1] = not names_of[beginning] and beginning or nil
      names_of[beginning] = names_of[beginning] and {} or { name }
    end
  end
  local near = #word >= SHORTEST_BEGINNING and nearest(word, beginnings, #word < 8 and 1 or 2)
  return near and names_of[near][1]
end

--- What an error about an unknown name ends with: "; did you mean NAME?", or nothing if no name is near and none begins
--- so.
---@param name string
---@param names string[] those that there are
---@param before? string what the nearest name is shown with, "bot."
---@return string
function misread.hint(name, names, before)
  local near = nearest(name, names) or beginning_with(name, names)
  return near and ("; did you mean %s%s?"):format(before or "", near) or ""
end

--- Raises.
---@param path string "wechat", "wechat.json"
---@param name string
---@param names string[] those that there are
function misread.raise(path, name, names)
  error(("%sthere is no %s.%s%s"):format(place(), path, name, misread.hint(name, names)), 0)
end

--- The names in a table itself.
---@param t table
---@return string[]
function misread.names(t)
  local names = {}
  for name in next, t do names[#names + 1] = type(name) == "string" and name or nil end
  table.sort(names)
  return names
end

--- Why a table of functions cannot be called, with one of them.
---@param path string "wechat.log"
---@param names string[] those that there are
---@return string
function misread.why_not_called(path, names)
  local name = names[1]
  for _, one in ipairs(names) do name = one == "info" and one or name end
  if not name then return ("%s is a table of functions: call one of them"):format(path) end
  return ("%s is a table of functions: call one of them, such as %s.%s"):format(path, path, name)
end

--- Raises where a table of functions was called.
---@param path string
---@param names string[]
function misread.raise_call(path, names) error(place() .. misread.why_not_called(path, names), 0) end

--- Makes reading an unknown name of the table raise from now on, and calling the table.
---@param t table
---@param path string
function misread.watch(t, path)
  local function read(_, name)
    if type(name) ~= "string" then return nil end
    misread.raise(path, name, misread.names(t))
  end
  local function call() misread.raise_call(path, misread.names(t)) end
  setmetatable(t, { __metatable = misread.mark, __index = read, __call = call })
end

-- Names such as __close are no methods to call.
local function methods_of(class)
  local names = {}
  for _, name in ipairs(misread.names(class)) do
    if name:sub(1, 2) ~= "__" then names[#names + 1] = name end
  end
  return names
end

--- Makes calling a misspelt method raise and name the nearest one. A name that is near to none is nil, as before: it
--- may be a field that is not set.
---@param class table the methods: the objects' __index
---@param what string "task"
---@param fields? table<string, boolean> fields that an object may lack and whose names are near to a method's
function misread.methods(class, what, fields)
  setmetatable(class, { __index = function(_, name)
    local near = type(name) == "string" and not (fields and fields[name]) and nearest(name, methods_of(class))
    if near then error(("%sa %s has no method %s; did you mean %s:%s?"):format(place(), what, name, what, near), 0) end
  end })
end

return misread
