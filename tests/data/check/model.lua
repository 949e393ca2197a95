local model = require "wechat.model" { url = "http://127.0.0.1:1/v1", key = "k", model = "m" }
local tools = { time = { description = "now", parameters = { type = "object", properties = {} }, call = function(args) return os.date(args.format) end } }
function on_message(msg)
  if msg.content == "重来" then model:forget(msg) return "好" end
  local _, err = model:reply(msg, { system = "短。", keep = 10, tools = tools, body = { temperature = 0.2 } })
  if err then return err.begun and nil or err.errmsg end
end
