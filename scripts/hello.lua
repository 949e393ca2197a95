-- The first bot: it answers every text, and greets who follows the account.
--
--   wemoon run scripts/hello.lua

function on_message(msg)
  if msg.type == "text" then
    return wechat.response_text("你说：" .. msg.content)
  elseif msg.event == "subscribe" then
    return "你好，欢迎关注！发一句话试试。"
  end
end
