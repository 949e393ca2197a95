counter = rawget(_G, "counter") or 0
local function bump() counter = counter + 1 return counter end
function helper_of_mine(msg, extra) return msg.content .. extra end
function on_message(msg)
  return helper_of_mine(msg, bump()) .. (rawget(_G, "missing") or "")
end
function on_message_text(msg) return msg.content end
function on_msg() end
