-- The platform's limits: sizes, counts, durations, and their errcodes.

local MB = 1024 * 1024

return {
  token_s = 7200, overlap_s = 300, -- lifetime of a token; how long the previous one stays valid
  classic_tokens = 2000,           -- fetches per day

  -- Temporary and permanent media by type.
  media = {
    image = { bytes = 10 * MB, types = { png = true, jpeg = true, jpg = true, gif = true, bmp = true } },
    voice = { bytes = 2 * MB, types = { amr = true, mp3 = true, wma = true, wav = true } },
    video = { bytes = 10 * MB, types = { mp4 = true } },
    thumb = { bytes = 64 * 1024, types = { jpg = true, jpeg = true, png = true } },
  },
  media_s = 3 * 24 * 3600, picture_bytes = MB,
  too_big = { image = 40009, voice = 40010, video = 40011, thumb = 40012 },

  -- Customer service messages permitted after the user's last act: how many, for how long.
  custom = {
    message = { count = 5, seconds = 48 * 3600 },
    click = { count = 3, seconds = 60 }, follow = { count = 3, seconds = 60 }, scan = { count = 3, seconds = 60 },
  },
  custom_text_bytes = 2048, typing_s = 30,

  tags = 100, tag_name_bytes = 30, tags_of_user = 20, group_name_characters = 30,
  remark_characters = 29, batch_users = 50, batch_blacklist = 20, batch_info = 100, user_page = 10000,

  qr_seconds = 2592000, qr_default_seconds = 60, qr_scene_id = 4294967295, qr_limit_scene_id = 100000,
  qr_scene_str = 64, short_data_bytes = 4096,

  titles = 30, blocked = 100, changed_openids = 100, subscribe_scene = 10000, subscribe_reserved_bytes = 128,
  templates = 25, articles = 8, list_page = 20,
  -- A draft's article: in characters, content and URL in bytes. Measured limits take precedence over documented ones.
  article = {
    title = 64, newspic_title = 20, author = 16, digest = 128, newspic_text = 1000, content_bytes = MB, source_url_bytes = 1024,
    pictures = 20,
  },

  -- The number of days that one statistics call may span.
  datacube_days = {
    getusersummary = 7, getusercumulate = 7, getarticleread = 1, getarticleshare = 1, getarticletotaldetail = 1, getbizsummary = 30,
    getupstreammsg = 7, getupstreammsghour = 1, getupstreammsgweek = 30, getupstreammsgmonth = 30, getupstreammsgdist = 15,
    getupstreammsgdistweek = 30, getupstreammsgdistmonth = 30, getinterfacesummary = 30, getinterfacesummaryhour = 1,
    getcardbizuininfo = 62, getcardcardinfo = 62, getcardmembercardinfo = 62, getcardmembercarddetail = 62,
  },
  staff = 100, staff_nick = 16, comment_page = 49,

  -- Daily calls by endpoint; others have calls_of_others.
  calls = {
    ["menu.create"] = 1000, ["menu.get"] = 10000, ["menu.delete"] = 1000, ["menu.addconditional"] = 2000,
    ["menu.delconditional"] = 2000, ["menu.trymatch"] = 20000, ["media.upload"] = 100000, ["media.get"] = 200000,
    ["draft.add"] = 1000, ["draft.get"] = 500, ["draft.delete"] = 1000, ["draft.batchget"] = 1000, ["draft.update"] = 1000,
    ["draft.count"] = 1000, ["freepublish.submit"] = 100, ["freepublish.delete"] = 10, ["freepublish.get"] = 100,
    ["freepublish.getarticle"] = 100, ["freepublish.batchget"] = 100, ["message.mass.delete"] = 10,
    ["message.mass.preview"] = 100, ["media.uploadnews"] = 10,
    ["user.list"] = 500, ["user.update_remark"] = 10000, ["qrcode.create"] = 100000,
    ["token.get_access_token"] = 2000, ["message.mass.sendall"] = 100,
  },
  calls_of_others = 5000000, resets_a_month = 10,
}
