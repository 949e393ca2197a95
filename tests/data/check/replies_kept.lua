function on_message(msg)
  local answer
  if msg.type == "text" then
    answer = wechat.response_text(msg.content)
  elseif msg.type == "image" then
    answer = wechat.response_image(msg.media_id)
  else
    answer = wechat.response_none()
  end
  local kept = { wechat.response_text("a"), n = 1 }
  local _ = wechat.response_text "x" or kept
  return answer
end
