-- the table is the second of any number
local function assign(...)
  local from, into = ...
  for name, value in pairs(from) do into[name] = value end
end
wechat.route("GET", "/", function(req)
  assign({ user = "x" }, req)
  return req.user
end)
function on_message(msg) return msg.content end
