function on_message(msg)
  local name, why = wechat.ask("名字？", { timeout_s = 60, events = true })
  if not name then return why end
  while name.type ~= "text" or #name.content > 20 do
    name = wechat.ask { question = "短一点？" }
    if not name then return "算了" end
  end
  local ok = wechat.ask(wechat.response_image("MEDIA"))
  return name.content .. (ok and ok.content or "") .. (ok and ok.event or "")
end
function on_lost(msg, lost) return lost.question .. lost.place .. lost.since .. msg.content end
