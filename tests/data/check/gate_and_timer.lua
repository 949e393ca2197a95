local gate <const> = wechat.gate(2)
function on_message(msg)
  local pass <close>, why = gate:enter(5)
  if not pass then return "忙 " .. why end
  local task = wechat.spawn(function(m, n) wechat.sleep(0.1) return m.content, n end, msg, 2)
  local text, err = task:join(10)
  pass:leave()
  if err == "timeout" then task:cancel() end
  return text
end
local timer = wechat.every("10m", function() timer_count = (timer_count or 0) + 1 end)
wechat.cron("0 9 * * *", function() timer:stop() end)
