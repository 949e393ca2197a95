local function curry(f, n) n = n or 2 if n < 2 then return f end return function(a) return curry(function(...) return f(a, ...) end, n - 1) end end
local add = curry(function(a, b) return a + b end)
function on_message(message)
  local msg <const> = message
  local get = function(k) return msg[k] end
  local t = { msg.content, [msg.type] = true; n = #(msg.content or ""), }
  local s = ("x"):rep(add(1)(2)):upper():gsub("X", { X = "y" })
  return get "content" .. t[1] .. s .. (msg.FromUserName or msg.ToUserName) .. tostring(msg)
end
