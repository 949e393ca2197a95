-- A stand-in for what C gives, so that the Lua half of the API can be tried without it: requests are noted, answers are
-- given.

package.path = package.path .. ";../../lua/?.lua"

local fake = {}

-- As engine/method.c does it: in order, or one table with names.
local function method(name, parameters, body)
  if not parameters then return function(...) return body(...) end end
  local function spread(named)
    local values = { n = #parameters }
    for i, parameter in ipairs(parameters) do values[i] = named[parameter[1]] end
    return values
  end
  local function fits(value, types)
    for wanted in types:gmatch("%a+") do
      if type(value) == wanted or math.type(value) == wanted or wanted == "any" then return true end
      if wanted == "integer" and type(value) == "number" and math.tointeger(value) then return true end
      if wanted == "file" and io.type(value) == "file" then return true end
    end
  end
  return function(...)
    local values, first = table.pack(...), parameters[1]
    if values.n == 1 and type(values[1]) == "table" and first
      and (not first[2]:find("table") or values[1][first[1]] ~= nil) then
      values = spread(values[1])
    end
    for i, parameter in ipairs(parameters) do
      local value, types = values[i], parameter[2]
      if value == nil and types:sub(-1) ~= "?" then error(("%s: %s is missing"):format(name, parameter[1]), 2) end
      if value ~= nil and not fits(value, types) then
        error(("%s: %s is a %s (%s expected)"):format(name, parameter[1], type(value), types), 2)
      end
    end
    return (function(...) return ... end)(body(table.unpack(values, 1, #parameters)))
  end
end

local array_mark = {}

-- JSON enough for queries and forms.
local function encode(value)
  if type(value) == "string" then return '"' .. value:gsub('[\\"]', "\\%0") .. '"' end
  if type(value) ~= "table" then return tostring(value) end
  local parts = {}
  if #value > 0 or getmetatable(value) == array_mark then
    for i, member in ipairs(value) do parts[i] = encode(member) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for key, member in pairs(value) do parts[#parts + 1] = encode(key) .. ":" .. encode(member) end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

local function url_encode(text)
  return (text:gsub("[^%w%-._~]", function(byte) return ("%%%02X"):format(byte:byte()) end))
end

--- `wechat` with the catalogue in it. The host's `requests` are those made; `answer`, or `failure`, is what they come
--- to.
---@return table wechat
---@return table host
function fake.new()
  local wechat, host = {}, { requests = {}, logged = {}, config = {}, answer = { errcode = 0 } }
  host.args = { method = function(name, parameters, body) return method("wechat." .. name, parameters, body) end }
  function host.args.fail(text, ...) error(text:format(...), 3) end
  function host.args.add(where, name, parameters, body)
    for group in name:gmatch("([^.]+)%.") do
      where[group] = rawget(where, group) or {}
      where = where[group]
    end
    where[name:match("[^.]+$")] = host.args.method(name, parameters, body)
  end
  host.json = {
    encode = encode, encode_lossy = encode, null = io.stdout, array = function(list) return setmetatable(list or {}, array_mark) end,
    is_array = function(list) return getmetatable(list) == array_mark end,
  }
  host.codec = { url_encode = url_encode, md5 = function(text) return ("%032x"):format(#text) end }
  host.log = { warn = function(text) host.logged[#host.logged + 1] = text end }
  local account = { appid = "wx0123456789abcdef", appsecret = "secret" }
  host.path = function(name) return name end
  host.api = {
    own_sends = {},
    account = function(what) return account[what] end,
    file_name = function() return host.file_name end,
    file_fault = function(file)
      if type(file) ~= "string" then return nil end
      local opened, why = io.open(file, "rb")
      return not opened and "cannot be opened: " .. why or opened:close() and nil
    end,
    token = function(name)
      if host.failure then return nil, host.failure end
      return name .. " value", 1700007200
    end,
    grant = function(name, keep)
      if host.failure then return nil, host.failure end
      return { granted = name, keep = keep }
    end,
    call = function(request)
      host.requests[#host.requests + 1] = request
      if host.failure then return nil, host.failure end
      return host.answer
    end,
  }
  host.account = account
  host.capture = { captures = false }
  host.noted = require("wechat.capture")(host)
  require("wechat.api")(wechat, host)
  return wechat, host
end

--- The request last made.
function fake.last(host) return host.requests[#host.requests] end

return fake
