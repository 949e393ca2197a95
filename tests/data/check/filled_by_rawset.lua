-- rawset in a function of its own
local function put(t, name, value) rawset(t, name, value) end
function on_message(msg)
  put(msg, "mood", "good")
  return msg.mood
end
wechat.route("GET", "/", function(req)
  put(req, "user", "a")
  return req.user
end)
