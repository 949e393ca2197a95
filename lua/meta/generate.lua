-- Generates editor annotations (LuaLS) for everything in `wechat`, from the catalogue and the methods' own
-- documentation:
--   lua5.4 lua/meta/generate.lua > wechat.lua
--   for name, text in pairs(require("meta.generate").files()) do ... end
-- The files belong in a separate folder for the editor: next to a script, `require` would find them.

local here = type(arg) == "table" and arg[0] and arg[0]:match("^(.*)meta/generate%.lua$")
if here then package.path = here .. "?.lua;" .. package.path end

local catalogue = require "wechat.catalogue"
local types = require "meta.types"
local menu_types = require "wechat.menu.types"

local generate = {}

-- The files of lua/wechat that add methods.
local parts = { "config", "log", "codec", "message", "reply", "time", "tasks", "http", "route", "store", "session", "ask", "say", "forget",
  "api" }

-- ---- methods

-- Returns a substitute for everything C provides: every field exists and does nothing.
local function stand_in()
  local nothing = {}
  return setmetatable(nothing, {
    __index = function() return nothing end,
    __newindex = function() end,
    __call = function() return nothing end,
  })
end

---@class MethodRow
---@field name string
---@field parameters table[]?
---@field doc string

-- Returns the methods that the parts add, each once, in order.
---@return MethodRow[]
local function collect()
  local host, wechat, rows, seen = stand_in(), {}, {}, {}
  local args = { fail = error, methods = {}, method = function(_, _, body) return body end }
  function args.add(where, name, parameters, body, doc)
    for group in name:gmatch("([^.]+)%.") do
      if not rawget(where, group) then rawset(where, group, {}) end
      where = rawget(where, group)
    end
    rawset(where, name:match("[^.]+$"), body)
    if not seen[name] then rows[#rows + 1] = { name = name, parameters = parameters, doc = doc } end
    seen[name] = true
  end
  rawset(host, "args", args)
  rawset(host, "config", {})
  for _, part in ipairs(parts) do require("wechat." .. part)(wechat, host) end
  return rows
end

local lua_types = {
  string = "string", integer = "integer", number = "number", boolean = "boolean", table = "table",
  ["function"] = "function", file = "file*", any = "any", object = "table", array = "any[]",
  ["string[]"] = "string[]", ["integer[]"] = "integer[]", ["object[]"] = "table[]", binary = "Download",
}

local function lua_type(names)
  local out = {}
  for name in names:gsub("%?$", ""):gmatch("[^|]+") do out[#out + 1] = lua_types[name] end
  return table.concat(out, "|")
end

local reserved = { ["end"] = true, ["repeat"] = true, ["function"] = true }

local function method_lines(lines, row)
  local names, named, returned = {}, {}, types.returns_of(row.name)
  lines[#lines + 1] = "--- " .. row.doc
  for i, parameter in ipairs(row.parameters or types.variadic[row.name] or {}) do
    local optional = parameter[1] ~= "..." and parameter[2]:sub(-1) == "?" and "?" or ""
    local kind = types.parameters[row.name .. "." .. parameter[1]] or lua_type(parameter[2])
    names[i] = reserved[parameter[1]] and parameter[1] .. "_" or parameter[1]
    named[i] = parameter[1] .. optional .. ": " .. kind
    local words = parameter[3] and " " .. parameter[3] or ""
    lines[#lines + 1] = ("---@param %s%s %s%s"):format(names[i], optional, kind, words)
  end
  for name in returned:gmatch("[^,%s]+") do lines[#lines + 1] = "---@return " .. name end
  if row.parameters and #named > 0 then
    local result = returned ~= "" and ": " .. returned or ""
    local kind = types.named[row.name] or ("{ %s }"):format(table.concat(named, ", "))
    lines[#lines + 1] = ("---@overload fun(named: %s)%s"):format(kind, result)
  end
  lines[#lines + 1] = ("function wechat.%s(%s) end\n"):format(row.name, table.concat(names, ", "))
end

-- Writes the class that wechat.menu.new returns: its methods come from the table of button types.
local function menu_lines(lines)
  local own = { types.menu }
  for _, row in ipairs(menu_types.methods) do
    local parameters = {}
    for i, parameter in ipairs(row.parameters) do
      parameters[i] = parameter[1] .. ": " .. lua_type(parameter[2])
    end
    local text = "---@field %s fun(self: Menu, %s): %s %s"
    own[#own + 1] = text:format(row.name, table.concat(parameters, ", "), row.returns, row.doc)
  end
  lines[#lines + 1] = table.concat(own, "\n") .. "\n"
end

-- ---- endpoints

local function field_type(field)
  if field.types.file then return "string|file*" end
  if field.is_id and (field.type == "string" or field.type == "integer") then return "string|integer" end
  if not field.choices then return lua_type(field.type) end
  local out = {}
  for i, choice in ipairs(field.choices) do out[i] = ('"%s"'):format(choice) end
  return table.concat(out, "|") .. "|string"
end

local function is_optional(node)
  local field = node.field
  if not field then return not node.needs end
  return not field.required or field.value ~= nil or field.default_of ~= nil
end

-- Writes classes for a tree of fields, inner classes first; returns the outer class's name.
local function class_lines(lines, name, node, all_optional)
  local own = { "---@class " .. name }
  for _, key in ipairs(node.names) do
    local inner = node.inside[key]
    local kind = inner.field and field_type(inner.field) or "table"
    if inner.item then
      kind = class_lines(lines, name .. "." .. key, inner.item, all_optional) .. "[]"
    elseif #inner.names > 0 then
      kind = class_lines(lines, name .. "." .. key, inner, all_optional)
    end
    local optional = (all_optional or is_optional(inner)) and "?" or ""
    local words = inner.field and inner.field.words ~= "" and " " .. inner.field.words or ""
    own[#own + 1] = ("---@field %s%s %s%s"):format(key, optional, kind, words)
  end
  table.move(own, 1, #own, #lines + 1, lines)
  lines[#lines + 1] = ""
  return name
end

local function request_tree(endpoint)
  local tree = { names = {}, inside = {} }
  for _, list in ipairs { endpoint.query_tree, endpoint.tree } do
    for _, name in ipairs(list.names) do
      if not tree.inside[name] then tree.names[#tree.names + 1] = name end
      tree.inside[name] = tree.inside[name] or list.inside[name]
    end
    tree.needs = tree.needs or list.needs
  end
  return tree
end

local function result_of(lines, endpoint)
  if endpoint.url then return "string" end
  local tree, download = catalogue.tree(endpoint.returns), endpoint.verb == "DOWNLOAD"
  if #tree.names == 0 then return download and "Download?" or "table?" end
  local name = class_lines(lines, "wechat." .. endpoint.name .. ".Result", tree, true)
  return name .. (download and "|Download?" or "?")
end

local function endpoint_lines(lines, endpoint)
  local tree = request_tree(endpoint)
  local fields = "table"
  if #tree.names > 0 then fields = class_lines(lines, "wechat." .. endpoint.name .. ".Fields", tree) end
  local result = result_of(lines, endpoint)
  lines[#lines + 1] = "--- " .. endpoint.doc
  if endpoint.note then lines[#lines + 1] = "--- " .. endpoint.note end
  lines[#lines + 1] = ("--- %s %s"):format(endpoint.verb, endpoint.path)
  if endpoint.status then lines[#lines + 1] = "---@deprecated" end
  lines[#lines + 1] = ("---@param fields%s %s"):format(tree.needs and "" or "?", fields)
  lines[#lines + 1] = "---@return " .. result
  if not endpoint.url then lines[#lines + 1] = "---@return ApiError? err" end
  lines[#lines + 1] = ("function wechat.%s(fields) end\n"):format(endpoint.name)
end

-- Declares the table of a name, and its parents first: wechat.message before wechat.message.custom.
local function declare(lines, declared, name, about)
  for at in name:gmatch("()%.") do declare(lines, declared, name:sub(1, at - 1)) end
  if declared[name] or name == "" then return end
  declared[name] = true
  if about then lines[#lines + 1] = "--- " .. about end
  lines[#lines + 1] = ("---@class wechat.%s\nwechat.%s = {}\n"):format(name, name)
end

--- Returns the annotations of `wechat`.
---@return string
function generate.text()
  local lines, declared = { "---@meta wechat\n", types.classes }, {}
  menu_lines(lines)
  for _, row in ipairs(collect()) do
    declare(lines, declared, row.name:match("^(.*)%.") or "")
    method_lines(lines, row)
  end
  for _, group in ipairs(catalogue.groups) do
    local about, names = catalogue.group(group)
    declare(lines, declared, group, about)
    for _, name in ipairs(names) do endpoint_lines(lines, catalogue.find(group, name)) end
  end
  return table.concat(lines, "\n") .. "\n"
end

--- Returns texts by file name: "wechat.lua", and a file for each module: "wechat/bot.lua" for wechat.bot.
---@return table<string, string>
function generate.files()
  return { ["wechat.lua"] = generate.text(), ["wechat/bot.lua"] = types.bot, ["wechat/model.lua"] = types.model }
end

if here then io.write(generate.text()) end

return generate
