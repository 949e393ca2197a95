-- shadowed names
local function helper(wechat, msg)
  return wechat.whatever(msg.anything)
end
do
  local wechat = { whatever = function(x) return x end }
  helper(wechat, { anything = 1 })
end
function on_message(msg)
  local text = msg.content
  do local msg = { foo = 1, bar = { baz = 2 } } text = text .. msg.foo .. msg.bar.baz end
  for _, msg in ipairs { { quux = 1 } } do text = text .. msg.quux end
  local function inner(msg) return msg.something end
  return inner { something = text }
end
