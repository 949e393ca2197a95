local bot = require "wechat.bot"
local words = { "帮助", "help" }
bot.word(words, "?", function(msg, word) return word .. msg.source end)
bot.text("^天气%s*(.*)$", function(msg, city)
  local answer, err = wechat.http.get("https://example.com/weather", { query = { city = city }, timeout = 3 })
  if not answer then
    wechat.log.warn("weather", err, err.kind, err.errmsg)
    return "现在查不到"
  elseif answer.status ~= 200 then
    return "状态 " .. answer.status
  end
  local data = wechat.json.decode(answer.body) or {}
  return data.weather and data.weather.text or answer.headers["Content-Type"]
end)
bot.on("subscribe", function(msg) return "欢迎" .. (msg.scene or "") end)
bot.default(function(msg) return msg.event and nil or "?" end)
function on_message(msg) return bot.on_message(msg) end
