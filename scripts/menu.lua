-- The account's menu: the table that `wechat.create_menu` takes, and the events that its buttons send. To put
-- it up:
--
--   wemoon exec -e 'return wechat.create_menu(dofile("scripts/menu.lua"))'

local menu = {
  button = {
    { type = "click", name = "今日歌曲", key = "SONG" },
    { name = "更多", sub_button = {
      { type = "view", name = "搜索", url = "https://www.example.com/" },
      { type = "scancode_waitmsg", name = "扫码", key = "SCAN" },
      { type = "click", name = "赞一下", key = "LIKE" },
    } },
  },
}

local likes = 0

function on_message(msg)
  if msg.event == "click" and msg.key == "SONG" then
    local song = "https://example.com/moon.mp3"
    return wechat.response_music { music_url = song, title = "月光", description = "德彪西" }
  elseif msg.event == "click" and msg.key == "LIKE" then
    likes = likes + 1
    return ("谢谢！这是第 %d 个赞。"):format(likes)
  elseif msg.event == "scancode_waitmsg" then
    return "扫到：" .. msg.ScanCodeInfo.ScanResult
  end
end

return menu
