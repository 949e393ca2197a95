-- Followers: who comes through a QR code with a scene is greeted by it; who goes is noted. A scan by someone
-- who follows already is the event `scan`; its scene has no prefix, and wemoon takes that of `subscribe` off.

local greetings = {
  ["shop-42"] = "欢迎来到 42 号店，出示这条消息可享九折。",
  ["conference"] = "会议资料：https://example.com/slides",
}

function on_message(msg)
  if msg.event == "subscribe" or msg.event == "scan" then
    local greeting = greetings[msg.scene]
    if greeting then return greeting end
    return msg.event == "subscribe" and "欢迎关注！" or "您已经关注我们了。"
  elseif msg.event == "unsubscribe" then
    wechat.log.info("unfollowed by", msg.source)  -- no answer would reach them
  end
end
