-- Routing: rules instead of one long function. Texts by pattern, with its captures; menu buttons by key;
-- everything else by type.

local bot = require "wechat.bot"

bot.text("^掷骰子%s*(%d*)$", function(msg, sides)
  return ("掷出了 %d"):format(math.random(tonumber(sides) or 6))
end)

bot.text("^重复%s*(%d)%s*次%s*(.+)$", function(msg, times, words)
  return words:rep(tonumber(times), "\n")
end)

bot.text("^帮助$", "掷骰子 20 / 重复 3 次 你好")
bot.click("HELP", "掷骰子 20 / 重复 3 次 你好")

bot.on("subscribe", "欢迎！发“帮助”看看我会什么。")
bot.on("image", function(msg) return wechat.response_image(msg.media_id) end)
bot.default("没听懂，发“帮助”试试。")

on_message = bot.on_message
