-- wechat.config: the settings, read only; secrets are not among them.

local whole = { threads = true, interpreters = true, max_jobs = true, max_body = true }

-- Converts a setting's text: switches to booleans, counts and times to integers.
local function value_of(key, text)
  if text == "true" then return true end
  if text == "false" then return false end
  local counts = whole[key] or key:find("_m?s$") or key:find("_mb$")
  return counts and math.tointeger(tonumber(text)) or text
end

---@param wechat table
---@param host table
return function(wechat, host)
  local values = {}
  for key, text in pairs(host.config) do values[key] = value_of(key, text) end
  ---@type table<string, string|integer|boolean>
  wechat.config = setmetatable({}, {
    __name = "config",
    __metatable = "config",
    __index = values,
    __newindex = function(_, key)
      local text = "wechat.config is read only: '%s' is set by a flag, the environment or config.lua"
      error(text:format(tostring(key)), 2)
    end,
    __pairs = function()
      local copy = {}
      for key, value in pairs(values) do copy[key] = value end
      return next, copy, nil
    end,
  })
end
