-- merges fields by name into what it is given
local function merge(into, from)
  for key, value in pairs(from) do into[key] = value end
  return into
end
function on_message(msg)
  merge(msg, { mood = "good", visits = 3 })
  return msg.mood .. msg.visits
end
wechat.route("GET", "/", function(req)
  local answer = wechat.http.get("http://a")
  merge(answer, { when = os.time() })
  merge(req, { user = "a" })
  return req.user .. answer.when
end)
