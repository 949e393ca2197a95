-- The methods of WechatBasic that call the platform: each request, in both forms.
local check = require "check"
local fake = require "fake_host"

local wechat, host = fake.new()
local function last() return fake.last(host) end

local article = { title = "t", description = "d", picurl = "p", url = "u" }
local menu = { button = { { type = "click", name = "今日歌曲", key = "V1001" } } }
local qrcode = { action_name = "QR_SCENE", expire_seconds = 60, action_info = { scene = { scene_id = 123 } } }
local data = { first = { value = "恭喜" } }

-- method, arguments in order, the same by name, verb, path, query, body, whether it is a message
local cases = {
  { "create_menu", { menu }, { menu = menu }, "POST", "/cgi-bin/menu/create", {}, menu },
  { "get_menu", {}, {}, "GET", "/cgi-bin/menu/get", {} },
  { "delete_menu", {}, {}, "GET", "/cgi-bin/menu/delete", {} },
  { "download_media", { "m" }, { media_id = "m" }, "DOWNLOAD", "/cgi-bin/media/get", { media_id = "m" } },
  { "create_group", { "g" }, { name = "g" }, "POST", "/cgi-bin/groups/create", {}, { group = { name = "g" } } },
  { "get_groups", {}, {}, "GET", "/cgi-bin/groups/get", {} },
  { "get_group_by_id", { "o" }, { openid = "o" }, "POST", "/cgi-bin/groups/getid", {}, { openid = "o" } },
  { "update_group", { 108, "g" }, { group_id = "108", name = "g" }, "POST", "/cgi-bin/groups/update", {},
    { group = { id = 108, name = "g" } } },
  { "move_user", { "o", "108" }, { user_id = "o", group_id = 108 }, "POST", "/cgi-bin/groups/members/update", {},
    { openid = "o", to_groupid = 108 } },
  { "get_user_info", { "o" }, { user_id = "o" }, "GET", "/cgi-bin/user/info", { openid = "o", lang = "zh_CN" } },
  { "get_user_info", { "o", "en" }, { user_id = "o", lang = "en" }, "GET", "/cgi-bin/user/info", { openid = "o", lang = "en" } },
  { "get_followers", {}, { first_user_id = "" }, "GET", "/cgi-bin/user/get", {} },
  { "get_followers", { "o" }, { first_user_id = "o" }, "GET", "/cgi-bin/user/get", { next_openid = "o" } },
  { "send_text_message", { "o", "hi" }, { user_id = "o", content = "hi" }, "POST", "/cgi-bin/message/custom/send", {},
    { touser = "o", msgtype = "text", text = { content = "hi" } }, true },
  { "send_image_message", { "o", "m" }, { user_id = "o", media_id = "m" }, "POST", "/cgi-bin/message/custom/send", {},
    { touser = "o", msgtype = "image", image = { media_id = "m" } }, true },
  { "send_voice_message", { "o", "m" }, { user_id = "o", media_id = "m" }, "POST", "/cgi-bin/message/custom/send", {},
    { touser = "o", msgtype = "voice", voice = { media_id = "m" } }, true },
  { "send_video_message", { "o", "m" }, { user_id = "o", media_id = "m", title = "" }, "POST", "/cgi-bin/message/custom/send", {},
    { touser = "o", msgtype = "video", video = { media_id = "m" } }, true },
  { "send_video_message", { "o", "m", "t", "d" }, { user_id = "o", media_id = "m", title = "t", description = "d" }, "POST",
    "/cgi-bin/message/custom/send", {},
    { touser = "o", msgtype = "video", video = { media_id = "m", title = "t", description = "d" } }, true },
  { "send_music_message", { "o", "u", "hq", "m", "t", "d" },
    { user_id = "o", url = "u", hq_url = "hq", thumb_media_id = "m", title = "t", description = "d" }, "POST",
    "/cgi-bin/message/custom/send", {},
    { touser = "o", msgtype = "music",
      music = { musicurl = "u", hqmusicurl = "hq", thumb_media_id = "m", title = "t", description = "d" } }, true },
  { "send_article_message", { "o", { article } }, { user_id = "o", articles = { article } }, "POST",
    "/cgi-bin/message/custom/send", {}, { touser = "o", msgtype = "news", news = { articles = { article } } }, true },
  { "send_article_message", { "o", nil, "m" }, { user_id = "o", media_id = "m" }, "POST", "/cgi-bin/message/custom/send", {},
    { touser = "o", msgtype = "mpnews", mpnews = { media_id = "m" } }, true },
  { "create_qrcode", { qrcode }, { data = qrcode }, "POST", "/cgi-bin/qrcode/create", {}, qrcode },
  { "show_qrcode", { "t" }, { ticket = "t" }, "DOWNLOAD", "/cgi-bin/showqrcode", { ticket = "t" } },
  { "set_template_industry", { 1, "4" }, { id1 = "1", id2 = 4 }, "POST", "/cgi-bin/template/api_set_industry", {},
    { industry_id1 = "1", industry_id2 = "4" } },
  { "get_template_id", { "TM00015" }, { template_id_short = "TM00015" }, "POST", "/cgi-bin/template/api_add_template", {},
    { template_id_short = "TM00015" } },
  { "send_template_message", { "o", "t", data }, { user_id = "o", template_id = "t", data = data }, "POST",
    "/cgi-bin/message/template/send", {}, { touser = "o", template_id = "t", data = data }, true },
  { "send_template_message", { "o", "t", data, "u", "#FF0000" },
    { user_id = "o", template_id = "t", data = data, url = "u", topcolor = "#FF0000" }, "POST", "/cgi-bin/message/template/send", {},
    { touser = "o", template_id = "t", data = data, url = "u", topcolor = "#FF0000" }, true },
}

local function check_case(case, how)
  local name, is_picture = case[1], case[1] == "show_qrcode"
  check.equal(last(), {
    verb = case[4], path = case[5], query = case[6], body = case[7], send = case[8], method = name,
    base = is_picture and "mp" or "api", token = is_picture and "none" or "access_token",
  }, name .. how)
end

for _, case in ipairs(cases) do
  check.equal(wechat[case[1]](table.unpack(case[2], 1, 6)), { errcode = 0 })
  check_case(case, " in order")
  wechat[case[1]](case[3])
  check_case(case, " by name")
end

-- Ids as numbers, as floats and as digits.
for _, id in ipairs { 7, 7.0, "7" } do
  wechat.set_template_industry(id, id)
  check.equal(last().body, { industry_id1 = "7", industry_id2 = "7" })
  wechat.get_template_id(id)
  check.equal(last().body, { template_id_short = "7" })
  wechat.move_user("o", id)
  check.equal(last().body, { openid = "o", to_groupid = 7 })
end

-- ---- arguments that are missing or wrong

check.raises("wechat.create_menu: button is missing", wechat.create_menu, {})
check.raises("wechat.create_qrcode: action_name is missing", wechat.create_qrcode, { action_info = {} })
check.raises("wechat.send_text_message: content is missing", wechat.send_text_message, "o")
check.raises("wechat.send_text_message: user_id is a number", wechat.send_text_message, 1, "hi")
check.raises("wechat.send_article_message: articles is missing", wechat.send_article_message, "o")
check.raises("wechat.send_article_message: news.articles[1] is a string", wechat.send_article_message, "o", { "t" })
check.raises("wechat.send_article_message: articles[2] has neither title, description, picurl nor url",
  wechat.send_article_message, "o", { { title = "A" }, { title = "" } })
check.raises("wechat.update_group: group.id is a string (integer expected)", wechat.update_group, "first", "g")

-- ---- failures carry the method's own name

host.failure = { kind = "api", errcode = 46003, errmsg = "menu no exist" }
local result, err = wechat.get_menu()
check.equal({ result, err.method, err.errcode }, { nil, "get_menu", 46003 })
host.failure = { kind = "api", errcode = 40125, errmsg = "invalid appsecret" }
result, err = wechat.get_access_token()
check.equal({ result, err.method, err.errcode }, { nil, "get_access_token", 40125 })
result, err = wechat.grant_jsapi_ticket()
check.equal({ result, err.method }, { nil, "grant_jsapi_ticket" })
wechat.generate_jsapi_signature = function(...) return table.concat({ ... }, " ") end
result, err = wechat.jssdk_config("https://a.b/")
check.equal({ result, err.method }, { nil, "get_jsapi_ticket" })
host.failure = nil

-- ---- tokens and tickets

check.equal(wechat.get_access_token(), { access_token = "access_token value", access_token_expires_at = 1700007200 })
check.equal(wechat.get_jsapi_ticket(), { jsapi_ticket = "jsapi value", jsapi_ticket_expires_at = 1700007200 })
check.equal(wechat.grant_token(), { granted = "access_token", keep = true })
check.equal(wechat.grant_token(false), { granted = "access_token", keep = false })
check.equal(wechat.grant_jsapi_ticket { override = false }, { granted = "jsapi", keep = false })

local config = wechat.jssdk_config("https://a.b/")
check.equal(config.appId, "wx0123456789abcdef")
check.equal(math.type(config.timestamp), "integer")
check.equal(config.signature, ("%d %s https://a.b/ jsapi value"):format(config.timestamp, config.nonceStr))

-- ---- uploads: type and size come first

local taken = os.tmpname()
local path = taken .. ".jpg"
local function write(bytes)
  local file <close> = assert(io.open(path, "wb"))
  file:write(("x"):rep(bytes))
end

write(64 * 1024)
wechat.upload_media("thumb", path)
check.equal({ last().verb, last().path, last().query, last().form, last().method }, {
  "UPLOAD", "/cgi-bin/media/upload", { type = "thumb" }, {}, "upload_media",
})
check.equal(last().files, { { field = "media", path = path, filename = path:match("[^/]+$"), content_type = "image/jpeg" } })
wechat.upload_media { type = "image", file = "bytes", extension = "PNG" }
check.equal(last().files, { { field = "media", data = "bytes", filename = "media.PNG", content_type = "image/png" } })
host.file_name = "图片.jpg"
local open <close> = assert(io.open(path, "rb"))
wechat.upload_media("image", open)
check.equal(last().files, { { field = "media", file = open, filename = "图片.jpg", content_type = "image/jpeg" } })
check.equal(open:seek(), 0, "where the open file stands")

local sent = #host.requests
write(64 * 1024 + 1)
check.raises("wechat.upload_media: file is too big: ", wechat.upload_media, "thumb", path)
write(0)
check.raises("wechat.upload_media: file is empty: ", wechat.upload_media, "image", path)
check.raises("wechat.upload_media: type is 'music' (image, voice, video or thumb expected)", wechat.upload_media, "music", path)
check.raises("voice takes amr, mp3", wechat.upload_media, "voice", path)
check.raises("file cannot be opened: ", wechat.upload_media, "image", path .. ".none")
check.raises("wechat.upload_media: file is too big", wechat.upload_media, "voice", ("x"):rep(2 * 1024 * 1024 + 1), "amr")
check.raises("wechat.upload_media: file is missing", wechat.upload_media, "image")
host.file_name = nil
check.raises("wechat.upload_media: extension is missing", wechat.upload_media, "image", open)
check.equal(#host.requests, sent)
os.remove(path)
os.remove(taken)
