-- QR codes with a scene, and short keys for long texts.

local limits = require "platform.limits"

local function scene_of(body)
  local scene = body.action_info and body.action_info.scene or {}
  local name = body.action_name
  if name == "QR_SCENE" or name == "QR_LIMIT_SCENE" then
    local most = name == "QR_SCENE" and limits.qr_scene_id or limits.qr_limit_scene_id
    local id = scene.scene_id
    if math.type(id) ~= "integer" or id < 1 or id > most then return nil, 40053 end
    return tostring(id)
  elseif name == "QR_STR_SCENE" or name == "QR_LIMIT_STR_SCENE" then
    local text = scene.scene_str
    if type(text) ~= "string" or text == "" or (utf8.len(text) or 99) > limits.qr_scene_str then return nil, 40053 end
    return text
  end
  return nil, 40035
end

return {
  ["qrcode.create"] = function(p, call)
    local scene, code = scene_of(call.body)
    if not scene then return nil, code end
    local for_good = call.body.action_name:find("LIMIT", 1, true)
    local seconds = call.body.expire_seconds or limits.qr_default_seconds
    if not for_good and (seconds < 1 or seconds > limits.qr_seconds) then return nil, 40052 end
    local ticket = "gQ" .. p.random(94)
    local url = "http://weixin.qq.com/q/" .. p.random(22)
    p.state.qrcodes[ticket] = { scene = scene, url = url, expires_at = not for_good and p.now() + seconds or nil }
    return { ticket = ticket, expire_seconds = not for_good and seconds or nil, url = url }
  end,

  ["qrcode.show"] = function(p, call)
    local code = p.state.qrcodes[call.query.ticket]
    if not code then return { page = { status = 404, body = "", headers = { ["Content-Type"] = "text/html" } } } end
    return { file = { body = p.qr_picture(code.url), content_type = "image/png", filename = "qrcode.png" } }
  end,

  ["qrcode.shorten_gen"] = function(p, call)
    if #call.body.long_data > limits.short_data_bytes then return nil, 40035 end
    local seconds = call.body.expire_seconds or limits.qr_seconds
    if seconds < 1 or seconds > limits.qr_seconds then return nil, 40035 end
    local key = p.random(15):gsub("[-_]", "a")
    p.state.shorts[key] = { long_data = call.body.long_data, create_time = p.now(), seconds = seconds }
    return { short_key = key, errcode = 0 }
  end,

  ["qrcode.shorten_fetch"] = function(p, call)
    local kept = p.state.shorts[call.body.short_key]
    if not kept or kept.create_time + kept.seconds <= p.now() then return nil, 40035 end
    return {
      errcode = 0, long_data = kept.long_data, create_time = kept.create_time,
      expire_seconds = kept.create_time + kept.seconds - p.now(),
    }
  end,
}
