-- Builds `wechat`, the script's one global, from `host`, what C gives. Run once per Lua state, before the script.

local host = ...

---@class wechat
local wechat = {}

-- Each gives a function(wechat, host) that adds its part.
local parts = { "config", "log", "codec", "message", "reply", "http", "store", "session" }

host.args = require("wechat.args")(host)
for _, part in ipairs(parts) do require("wechat." .. part)(wechat, host) end

-- Scripts see no message that is half filled in.
rawset(_G, "next", host.message.next)

-- Everything that calls the platform is read when a script first asks for a name that is not there yet.
local function is_absent(message)
  return type(message) == "string" and message:find("module 'wechat.api' not found", 1, true)
end

setmetatable(wechat, {
  __index = function(_, name)
    setmetatable(wechat, nil)
    local found, install = pcall(require, "wechat.api")
    if found then
      install(wechat, host)
      return wechat[name]
    end
    if not is_absent(install) then error(install, 0) end
  end,
})

return wechat
