-- Reading an unknown name below `wechat` raises an error that suggests the nearest known name.

local nearest = require "wechat.nearest"
local place = require "wechat.place"

local misread = {}

misread.mark = "a part of wechat"

--- What an error about an unknown name ends with: "; did you mean NAME?", or nothing if no name is near.
---@param name string
---@param names string[] those that there are
---@param before? string what the nearest name is shown with, "bot."
---@return string
function misread.hint(name, names, before)
  local near = nearest(name, names)
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

--- Makes reading an unknown name of the table raise from now on.
---@param t table
---@param path string
function misread.watch(t, path)
  setmetatable(t, { __metatable = misread.mark, __index = function(_, name)
    if type(name) ~= "string" then return nil end
    misread.raise(path, name, misread.names(t))
  end })
end

-- Names such as __close are no methods to call.
local function methods_of(class)
  local names = {}
  for _, name in ipairs(misread.names(class)) do
    if name:sub(1, 2) ~= "__" then names[#names + 1] = name end
  end
  return names
end

--- Makes calling a misspelt method raise and name the nearest one. A name that is near to none is nil, as before: it may
--- be a field that is not set.
---@param class table the methods: the objects' __index
---@param what string "task"
---@param fields? table<string, boolean> fields that an object may lack and whose names are near to a method's
function misread.methods(class, what, fields)
  setmetatable(class, { __index = function(_, name)
    local hint = type(name) == "string" and not (fields and fields[name]) and misread.hint(name, methods_of(class), what .. ":") or ""
    if hint ~= "" then error(("%sa %s has no method %s%s"):format(place(), what, name, hint), 0) end
  end })
end

return misread
