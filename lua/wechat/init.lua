-- Builds `wechat`, the script's only global of wemoon, from `host`, which C provides. Runs once per Lua state, before
-- the script.

local host = ...

local misread = require "wechat.misread"

---@class wechat
local wechat = {}

-- Each module returns a function(wechat, host) that adds its part.
local parts = {
  "config", "log", "codec", "message", "reply", "time", "path", "tasks", "http", "route", "store", "session", "ask", "say", "late",
  "forget",
}

host.args = require("wechat.args")(host)
host.noted = require("wechat.capture")(host)
for _, part in ipairs(parts) do require("wechat." .. part)(wechat, host) end
require "wechat.quota"(host)

-- For require "wechat.model", which most scripts do not use.
package.preload["wechat.model"] = function() return require("wechat.models")(wechat, host) end

-- Scripts never see a partly filled message.
rawset(_G, "next", host.message.next)

for name, part in next, wechat do
  if type(part) == "table" and getmetatable(part) == nil then misread.watch(part, "wechat." .. name) end
end

-- Loads the modules that call the platform when a script first reads a missing name.
local later = {}

function later.__index(_, name)
  setmetatable(wechat, nil)
  local done, fault = pcall(function() require("wechat.api")(wechat, host) end)
  if not done then
    setmetatable(wechat, later)
    error(fault, 0)
  end
  return wechat[name]
end

-- For prompts, which still need it where a script has removed the global.
host.wechat = setmetatable(wechat, later)
return wechat
