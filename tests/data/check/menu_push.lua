function on_load() wechat.menu.push { button = {
  { type = "click", name = "今日歌曲", key = "TODAY" },
  { name = "菜单", sub_button = { { type = "view", name = "搜索", url = "https://example.com/" }, { type = "miniprogram", name = "wxa", url = "http://mp", appid = "wx1", pagepath = "p" }, { type = "media_id", name = "图", media_id = "M" } } },
} } end
function on_message(msg)
  local code = wechat.create_qrcode { action_name = "QR_LIMIT_STR_SCENE", action_info = { scene = { scene_str = "x" } } }
  local picture = code and wechat.show_qrcode(code.ticket)
  if picture then picture:save("/tmp/x.jpg") print(picture.size, picture.content_type, picture.filename, #picture.body) end
  wechat.message.custom.send_miniprogrampage { touser = msg.source, miniprogrampage = { title = "a", appid = "b", pagepath = "c", thumb_media_id = "d" } }
  wechat.message.mass.sendall { filter = { is_to_all = true }, text = { content = "x" }, msgtype = "text" }
  return code and code.url
end
