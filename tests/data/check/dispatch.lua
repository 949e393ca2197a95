local M = {}
function M.on_text(msg) return msg.content end
function M.on_image(msg) return msg.picurl end
M["on_event"] = function(msg) return msg.key or msg.event end
local function dispatch(table_of, msg)
  local f = table_of["on_" .. msg.type] or table_of.on_event
  return f(msg)
end
on_message = function(msg) return dispatch(M, msg) end
on_error = function(err, msg) wechat.log.error(err, msg.source) return "坏了" end
