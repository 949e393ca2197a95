-- Stores media files: uploads of bots and users, and pictures of QR codes.

local QR_SCALE = 8 -- pixels per module

-- The sample file of each kind, for a user who selected none.
local samples = {
  image = { content_type = "image/png", filename = "picture.png" },
  voice = { content_type = "audio/amr", filename = "voice.amr", body = "#!AMR\n" .. ("\x3c" .. ("\0"):rep(31)):rep(50) },
  video = { content_type = "video/mp4", filename = "video.mp4",
    body = "\0\0\0\x18ftypisom\0\0\2\0isomiso2\0\0\0\8mdat" },
  thumb = { content_type = "image/png", filename = "thumb.png" },
}

return function(p, host)
  local files = {} -- by media id

  --- Returns a QR code as PNG bytes.
  function p.qr_picture(text) return host.codec.qr_png(text, QR_SCALE) end

  --- Stores a file: {body, content_type, filename, ...}. `id` is generated if nil.
  ---@return string id
  function p.keep_media(file, id)
    id = id or p.random(64)
    files[id] = file
    return id
  end

  --- Returns the file with that id; nil if there is none.
  function p.media(id) return files[id] end

  --- Forgets a file.
  function p.forget_media(id) files[id] = nil end

  --- Returns the public URL of a file.
  function p.media_url(id) return p.base .. "/sim/media/" .. id end

  --- Stores a copy of the sample of that kind and returns its id. `id` is generated if nil.
  function p.sample_media(kind, id)
    local sample = samples[kind]
    sample.body = sample.body or p.qr_picture("https://github.com/")
    local file = { kind = kind, body = sample.body, content_type = sample.content_type, filename = sample.filename }
    return p.keep_media(file, id)
  end

  --- Returns all files by id, for persist.lua.
  function p.all_media() return files end

  p.on_reset(function() files = {} end)
end
