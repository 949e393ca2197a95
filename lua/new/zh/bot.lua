-- 公众号怎样回答用户。保存这个文件，半秒之后就由新代码回答。
--
--   wemoon dev bot.lua         在浏览器里和它聊天，不需要公众号
--   wemoon test bot_spec.lua   看它是否像测试里说的那样回答

local bot = require "wechat.bot"

bot.on("subscribe", function() return "你好，欢迎关注！说说你的名字？" end)

bot.text("^我叫(.+)$", function(msg, name)
  wechat.session().name = name
  return "记住了，" .. name .. "。"
end)

-- 不是用户自己发的（位置上报、打开网页、任务结果），不用回答。
bot.default(function(msg)
  if msg.event then return end
  local name = wechat.session().name or "朋友"
  local text = msg.content or msg.recognition -- 语音消息的文字，账号开通了语音识别才有
  if not text then return name .. "，我还只看得懂文字，请打字告诉我。" end
  return ("%s，你说：%s"):format(name, text)
end)

on_message = bot.on_message
