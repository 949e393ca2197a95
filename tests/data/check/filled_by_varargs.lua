-- a function that takes any number of tables
local util = {}
function util.assign(...)
  local into = ...
  for i = 2, select("#", ...) do
    for name, value in pairs((select(i, ...))) do into[name] = value end
  end
  return into
end
function on_message(msg)
  util.assign(msg, { mood = "good" }, { visits = 3 })
  return msg.mood .. msg.visits
end
wechat.route("GET", "/", function(req)
  util.assign(req, { user = "x" })
  return req.user
end)
