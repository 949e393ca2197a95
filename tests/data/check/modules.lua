local util = require "lib.util"
local config = require("lib.config")
function on_message(msg)
  util.decorate(msg)
  return util.trim(msg.content) .. msg.nick .. config.name .. util.sub.deep(msg).x
end
