-- a method that is lent to what it fills
local util = {}
function util:fill(extra)
  for name, value in pairs(extra) do self[name] = value end
end
function on_message(msg)
  util.fill(msg, { mood = "good" })
  local answer = wechat.http.get("http://a")
  util.fill(answer, { data = wechat.json.decode(answer.body) })
  return msg.mood .. answer.data.text
end
wechat.route("GET", "/", function(req)
  util.fill(req, { user = "x" })
  return req.user
end)
