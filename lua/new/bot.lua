-- What your account answers. Save the file: half a second later, what you wrote answers.
--
--   wemoon dev bot.lua         chat with it in the browser, no account needed
--   wemoon test bot_spec.lua   see that it does what its spec says

local bot = require "wechat.bot"

bot.on("subscribe", function() return "你好，欢迎关注！说说你的名字？" end)

bot.text("^我叫(.+)$", function(msg, name)
  wechat.session().name = name
  return "记住了，" .. name .. "。"
end)

-- What nobody typed needs no answer: positions, opened pages, results of jobs.
bot.default(function(msg)
  if msg.event then return end
  local name = wechat.session().name or "朋友"
  local text = msg.content or msg.recognition -- of a voice message, where the account has speech recognition
  if not text then return name .. "，我还只看得懂文字，请打字告诉我。" end
  return ("%s，你说：%s"):format(name, text)
end)

on_message = bot.on_message
