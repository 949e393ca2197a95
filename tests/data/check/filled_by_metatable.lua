-- gives what it gets other fields by a metatable
local function defaults(t, others) return setmetatable(t, { __index = others }) end
local function with_methods(answer)
  return setmetatable(answer, { __index = { decode = function(self) return wechat.json.decode(self.body) end } })
end
function on_message(msg)
  local answer = wechat.http.get("http://a")
  with_methods(answer)
  defaults(msg, { mood = "good" })
  return answer:decode().text .. msg.mood
end
wechat.route("GET", "/", function(req)
  defaults(req, { user = "guest" })
  return req.user
end)
