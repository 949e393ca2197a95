-- what pcall and xpcall call fills what it is given
local function fill(t, name, value) t[name] = value end
function on_message(msg)
  pcall(fill, msg, "mood", "good")
  return msg.mood
end
wechat.route("GET", "/", function(req)
  xpcall(fill, print, req, "user", "a")
  return req.user
end)
