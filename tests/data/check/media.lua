local media, err = nil
local ids = {}
function on_message(msg)
  if msg.type == "voice" and msg.recognition then return msg.recognition end
  if msg.event == "location" or msg.latitude then return msg.latitude .. "," .. msg.longitude .. msg.precision end
  if msg.event == "templatesendjobfinish" then return msg.status end
  media, err = wechat.upload_media("image", io.open("a.jpg", "rb"))
  media = media or { media_id = "none", fallback = true }
  ids[#ids + 1] = media.media_id
  return media.fallback and tostring(err) or wechat.response_image(media.media_id)
end
