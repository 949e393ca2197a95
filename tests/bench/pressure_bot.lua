-- "slow SECONDS" is answered after that time, everything else at once. How often each message ran is in the store.
function on_message(msg)
  local seconds = msg.content:match("^slow (.+)")
  if not seconds then return "quick" end
  wechat.store.incr("runs:" .. msg.source)
  wechat.sleep(tonumber(seconds))
  return "late " .. wechat.store.get("runs:" .. msg.source)
end
