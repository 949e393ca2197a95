-- "slow SECONDS" is answered after that time, "compute MS" after so much work, everything else at once. How often each
-- of them ran is in the store.
local function work(ms)
  local over = os.clock() + ms / 1000
  while os.clock() < over do end
end

function on_message(msg)
  local kind, time = msg.content:match("^(%l+) (.+)")
  if not kind then return "quick" end
  wechat.store.incr("runs:" .. msg.source)
  if kind == "slow" then wechat.sleep(tonumber(time)) else work(tonumber(time)) end
  return "late " .. wechat.store.get("runs:" .. msg.source)
end
