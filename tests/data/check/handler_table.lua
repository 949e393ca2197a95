local actions <const> = {
  text = function(m) return wechat.response_text(m.content) end,
  image = function(m) return wechat.response_image(m.media_id) end,
  ["location"] = function(m) local l = m.location return ("%.2f,%.2f"):format(l.x, l.y) end,
}
setmetatable(actions, { __index = function(_, kind) return function() return "no " .. kind end end })
function on_message(m) return actions[m.type](m) end
