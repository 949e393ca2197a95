-- Places: a location that the user sends (`msg.location`), and the one that the phone reports when the chat
-- is opened (an event with `msg.latitude`). Both have the type "location"; `msg.event` tells them apart.

local shops = {
  { name = "静安店", x = 31.2286, y = 121.4485 },
  { name = "徐汇店", x = 31.1886, y = 121.4365 },
  { name = "浦东店", x = 31.2215, y = 121.5447 },
}

local function kilometres(x1, y1, x2, y2)
  local a = math.sin(math.rad(x2 - x1) / 2) ^ 2
    + math.cos(math.rad(x1)) * math.cos(math.rad(x2)) * math.sin(math.rad(y2 - y1) / 2) ^ 2
  return 12742 * math.asin(math.sqrt(a))
end

local function nearest(x, y)
  table.sort(shops, function(a, b) return kilometres(x, y, a.x, a.y) < kilometres(x, y, b.x, b.y) end)
  return ("离您最近的是%s，%.1f 公里"):format(shops[1].name, kilometres(x, y, shops[1].x, shops[1].y))
end

function on_message(msg)
  if msg.type ~= "location" then return "发一个位置给我，我来找最近的门店" end
  if msg.event then return nearest(msg.latitude, msg.longitude) end
  return nearest(msg.location.x, msg.location.y)
end
