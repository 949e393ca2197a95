-- wechat.GROUP.NAME{...}: requests made from the catalogue, checks, failures.
local check = require "check"
local fake = require "fake_host"

local wechat, host = fake.new()
local function last() return fake.last(host) end

-- ---- requests

check.equal(wechat.tag.create { tag = { name = "vip" } }, { errcode = 0 })
check.equal(last(), {
  verb = "POST", path = "/cgi-bin/tags/create", base = "api", query = {}, body = { tag = { name = "vip" } }, method = "tag.create",
  token = "access_token",
})

wechat.user.info { openid = "o1", lang = "en" }
check.equal(last(), {
  verb = "GET", path = "/cgi-bin/user/info", base = "api", query = { openid = "o1", lang = "en" }, method = "user.info",
  token = "access_token",
})

wechat.message.custom.send_text { touser = "o1", text = { content = "hi" } }
check.equal(last().body, { touser = "o1", msgtype = "text", text = { content = "hi" } }, "msgtype is filled in")
check.equal(last().send, true, "a message is not sent twice")
check.equal(last().method, "message.custom.send_text")

wechat.tag.list()
check.equal(last().query, {}, "no arguments are no fields")
check.equal(last().body, nil, "a GET has no body")
wechat.message.mass.speed_get()
check.equal(last().body, {}, "a POST without fields sends an empty object")

wechat.draft.switch { checkonly = 1 }
check.equal({ last().query, last().body }, { { checkonly = "1" }, {} })

wechat.token.getticket_wx_card()
check.equal(last().query, { type = "wx_card" }, "a field with one value")
wechat.guide.getguidecardmaterial()
check.equal(last().body, { type = 0 })

wechat.marketing.wechat_ad_leads_get { date_range = { start_date = "2024-01-01" }, page = 2 }
check.equal(last().query, { version = "v1.0", date_range = '{"start_date":"2024-01-01"}', page = "2" })

-- What the catalogue does not know is sent on: a GET's in the query, a POST's in the body.
wechat.user.info { openid = "o1", novel = true, count = 3.0 }
check.equal(last().query, { openid = "o1", novel = "true", count = "3" })
wechat.tag.create { tag = { name = "vip", colour = "red" }, novel = { 1 } }
check.equal(last().body, { tag = { name = "vip", colour = "red" }, novel = { 1 } })
wechat.nontax.refund { appid = "wx1", order = "7" }
check.equal(last().body, { appid = "wx1", order = "7" }, "fields of the caller's own")
wechat.card.update { card_id = "c", groupon = { base_info = {} } }
check.equal(last().body, { card_id = "c", groupon = { base_info = {} } })

-- The caller's table stays as it is.
local given = { touser = "o1", text = { content = "hi" } }
wechat.message.custom.send_text(given)
check.equal(given, { touser = "o1", text = { content = "hi" } })

-- Numbers without a fraction are integers; empty lists stay lists.
wechat.tag.delete { tag = { id = 3.0 } }
check.equal(last().body, { tag = { id = 3 } })
wechat.call("GET", "/x", { a = 20.0, b = 0.5, c = true, d = { e = 1 }, f = 1e15, g = -0.0 })
check.equal(last().query, { a = "20", b = "0.5", c = "true", d = '{"e":1}', f = "1000000000000000", g = "0" })
wechat.call("UPLOAD", "/x", {}, { a = 20.0, title = "t" })
check.equal(last().form, { a = "20", title = "t" })
wechat.user.batch_blacklist { openid_list = {} }
check.equal(host.json.is_array(last().body.openid_list), true)
-- Also those that the catalogue names in words alone; the caller's table stays as it is.
local made = { { name = "a", type = "click", key = "k", sub_button = {} } }
wechat.menu.create { button = made }
check.equal(host.json.is_array(last().body.button[1].sub_button), true, "an empty sub_button")
check.equal({ host.json.is_array(made[1].sub_button), last().body.button[1].key }, { false, "k" })
wechat.draft.add { articles = { { title = "t", image_info = { image_list = {} }, extra = {} } } }
check.equal(host.json.is_array(last().body.articles[1].image_info.image_list), true)
check.equal(host.json.is_array(last().body.articles[1].extra), false)
wechat.menu.addconditional { button = { { name = "a" } }, matchrule = {} }
check.equal(host.json.is_array(last().body.matchrule), false)

-- ---- ids: an integer or digits, sent as the platform documents them

for _, id in ipairs { 7, 7.0, "7" } do
  wechat.tag.delete { tag = { id = id } }
  check.equal(last().body, { tag = { id = 7 } })
  wechat.message.mass.delete { msg_id = id }
  check.equal(last().body, { msg_id = 7 })
  wechat.freepublish.get { publish_id = id }
  check.equal(last().body, { publish_id = "7" })
  wechat.message.mass.get { msg_id = id }
  check.equal(last().body, { msg_id = "7" })
  wechat.menu.delconditional { menuid = id }
  check.equal(last().body, { menuid = "7" })
  wechat.comment.mark_elect { msg_data_id = id, user_comment_id = id }
  check.equal(last().body, { msg_data_id = 7, user_comment_id = 7 })
  wechat.message.subscribe.add_template { tid = id, kidList = { id, 2 } }
  check.equal(last().body, { tid = "7", kidList = { 7, 2 } })
  wechat.qrcode.create { action_name = "QR_SCENE", action_info = { scene = { scene_id = id } } }
  check.equal(last().body.action_info, { scene = { scene_id = 7 } })
end
wechat.comment.open { msg_data_id = "9007199254740993" }
check.equal(last().body, { msg_data_id = 9007199254740993 }, "past 2^53")

-- ---- the account's own

wechat.token.get_access_token()
check.equal(last().query, { grant_type = "client_credential", appid = "wx0123456789abcdef", secret = "secret" })
check.equal(last().token, "none")
wechat.openapi.clear_quota_v2 {}
check.equal(last().body, { appid = "wx0123456789abcdef", appsecret = "secret" })
check.equal(last().query, { appid = "wx0123456789abcdef", appsecret = "secret" }, "the platform's pages disagree: both")
wechat.oauth.access_token { code = "c", appid = "wx2" }
check.equal(last().query, { appid = "wx2", secret = "secret", code = "c", grant_type = "authorization_code" })
wechat.oauth.userinfo { access_token = "web", openid = "o1" }
check.equal({ last().query, last().token }, { { access_token = "web", openid = "o1" }, "none" })
wechat.user.list { access_token = "of another account" }
check.equal({ last().query, last().token }, { { access_token = "of another account" }, "none" })

-- ---- addresses: nothing is sent

local sent = #host.requests
check.equal(wechat.oauth.authorize { redirect_uri = "https://a.b/c?d=e", scope = "snsapi_userinfo", state = "s" },
  "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx0123456789abcdef&redirect_uri=https%3A%2F%2Fa.b%2Fc%3Fd%3De"
  .. "&response_type=code&scope=snsapi_userinfo&state=s#wechat_redirect")
check.equal(wechat.oauth.qrconnect { redirect_uri = "https://a.b/", appid = "wx3" },
  "https://open.weixin.qq.com/connect/qrconnect?appid=wx3&redirect_uri=https%3A%2F%2Fa.b%2F&response_type=code"
  .. "&scope=snsapi_login#wechat_redirect")
check.equal(wechat.message.subscribe.authorize_url { scene = 7, template_id = "t", redirect_url = "https://a.b/", reserved = "r" },
  "https://mp.weixin.qq.com/mp/subscribemsg?action=get_confirm&appid=wx0123456789abcdef&scene=7&template_id=t"
  .. "&redirect_url=https%3A%2F%2Fa.b%2F&reserved=r#wechat_redirect")
host.config.mp_base = "http://127.0.0.1:9/"
check.has(wechat.message.subscribe.authorize_url {}, "http://127.0.0.1:9/mp/subscribemsg?action=get_confirm")
check.equal(#host.requests, sent)

-- ---- downloads and uploads

wechat.media.get { media_id = "m" }
check.equal({ last().verb, last().query, last().body }, { "DOWNLOAD", { media_id = "m" } })
wechat.material.get_material { media_id = "m" }
check.equal({ last().verb, last().query, last().body }, { "DOWNLOAD", {}, { media_id = "m" } })
wechat.qrcode.show { ticket = "t" }
check.equal({ last().base, last().token, last().query }, { "mp", "none", { ticket = "t" } })

local path = os.tmpname()
local file = assert(io.open(path, "wb"))
file:write("picture")
file:close()
wechat.media.uploadimg { media = path }
check.equal(last().files, { { field = "media", path = path, filename = path:match("[^/]+$"), content_type = "application/octet-stream" } })
wechat.material.add_material { type = "video", media = "bytes", extension = "mp4", description = { title = "t" } }
check.equal({ last().query, last().files, last().form }, {
  { type = "video" }, { { field = "media", data = "bytes", filename = "media.mp4", content_type = "video/mp4" } },
  { description = '{"title":"t"}' },
})
host.file_name = "图 片.jpg"
local open <close> = assert(io.open(path, "rb"))
wechat.ocr.comm { img = open }
check.equal(last().files, { { field = "img", file = open, filename = "图 片.jpg", content_type = "image/jpeg" } })
wechat.ocr.comm { img_url = "http://a.b/c.jpg" }
check.equal({ last().verb, last().query, last().files, last().body }, { "POST", { img_url = "http://a.b/c.jpg" }, nil, "" })
wechat.img.aicrop { img = path, ratios = "1,2.35" }
check.equal({ last().query, last().form }, { { ratios = "1,2.35" }, { ratios = "1,2.35" } }, "listed for both, sent in both")
host.file_name = nil
check.raises("wechat.media.upload: type is missing", wechat.media.upload, { media = path })
check.raises("wechat.media.uploadimg: extension is missing", wechat.media.uploadimg, { media = open })
check.raises("wechat.media.uploadimg: media cannot be opened: ", wechat.media.uploadimg, { media = path .. ".none" })
check.raises("wechat.media.uploadimg: media is missing (path, open file, or bytes with extension)", wechat.media.uploadimg, {})
check.raises("wechat.media.uploadimg: media is a table", wechat.media.uploadimg, { media = {} })
check.raises("wechat.media.uploadimg: extension is a number", wechat.media.uploadimg, { media = "x", extension = 1 })

-- ---- bodies of the caller's own

wechat.voice.translatecontent { "你好", lfrom = "zh_CN", lto = "en_US" }
check.equal({ last().query, last().body, last().content_type }, { { lfrom = "zh_CN", lto = "en_US" }, "你好", "text/plain" })
wechat.voice.translatecontent { body = "hello" }
check.equal(last().body, "hello")
wechat.merchant.common_upload_img { path, filename = "a.png" }
check.equal({ last().verb, last().query, last().body }, { "POST", { filename = "a.png" }, "picture" })
os.remove(path)

-- ---- what is missing or wrong

local faults = {
  { "tag.create", {}, "wechat.tag.create: tag.name is missing" },
  { "tag.create", { tag = {} }, "wechat.tag.create: tag.name is missing (string)" },
  { "tag.create", { tag = "vip" }, "wechat.tag.create: tag is a string (table expected)" },
  { "tag.create", { tag = { name = 7 } }, "wechat.tag.create: tag.name is a number (string expected)" },
  { "tag.delete", { tag = { id = "seven" } }, "wechat.tag.delete: tag.id is a string (integer expected)" },
  { "tag.delete", { tag = { id = "99999999999999999999" } }, "wechat.tag.delete: tag.id is a string (integer expected)" },
  { "freepublish.get", { publish_id = 7.5 }, "wechat.freepublish.get: publish_id is a number (string expected)" },
  { "freepublish.get", { publish_id = {} }, "wechat.freepublish.get: publish_id is a table (string expected)" },
  { "user.info", { openid = 7 }, "wechat.user.info: openid is a number (string expected)" },
  { "tag.delete", { tag = { id = 7.5 } }, "wechat.tag.delete: tag.id is a number with a fraction (integer expected)" },
  { "tag.batch_tagging", { tagid = 1, openid_list = "o1" }, "openid_list is a string (list of strings expected)" },
  { "tag.batch_tagging", { tagid = 1, openid_list = { "o1", 2 } }, "openid_list[2] is a number (string expected)" },
  { "tag.batch_tagging", { tagid = 1, openid_list = { a = "o1" } }, "openid_list is a table with names (list of strings expected)" },
  { "material.add_news", { articles = { { title = "t", thumb_media_id = "m", content = "c" }, {} } }, "articles[2].title is missing" },
  { "material.add_news", { articles = { "text" } }, "articles[1] is a string (table expected)" },
  { "card.landingpage_create", { banner = "b", page_title = "p", can_share = "yes" }, "can_share is a string (boolean expected)" },
  { "user.info", { openid = {} }, "wechat.user.info: openid is a table (string expected)" },
  { "semantic.search", { latitude = "x", query = "q", category = "c", appid = "a" }, "latitude is a string (number expected)" },
  { "draft.add", { articles = { {}, [3] = {} } }, "articles[2] is missing (a list without holes expected)" },
  { "draft.add", { articles = { [2] = {} } }, "articles[1] is missing (a list without holes expected)" },
  { "user.batch_blacklist", { openid_list = { "o1", [3] = "o3" } }, "openid_list[2] is missing" },
  { "user.info", { openid = "o", count = 0 / 0 }, "wechat.user.info: count is not a finite number" },
  { "material.add_material", { type = "image", media = "x", extension = "png", size = 1 / 0 }, "size is not a finite number" },
  { "tag.list", { "x" }, "wechat.tag.list: takes fields by their names; 'x' has none" },
}
for _, case in ipairs(faults) do
  local group, name = case[1]:match("(.*)%.(.*)")
  sent = #host.requests
  check.raises(case[3], wechat[group][name], case[2])
  check.equal(#host.requests, sent, "requests after a fault")
end
check.raises("wechat.tag.create: takes one table of fields: wechat.tag.create{...}, with tag.name; a string is given", wechat.tag.create, "vip")
check.raises("wechat.tag.create{...}, with tag.name; 2 arguments are given", wechat.tag.create, {}, 1)
check.raises("wechat.tag.create{...}, with tag.name; the group is given: write a dot for the colon", wechat.tag.create, wechat.tag, {})
check.raises("wechat.tag.list: takes one table of fields: wechat.tag.list{...}; a number is given", wechat.tag.list, 1)
host.account.appid = nil
check.raises("wechat.token.get_access_token: appid is missing (string; set appid in the configuration)", wechat.token.get_access_token)
host.account.appid = "wx0123456789abcdef"

-- null fits everywhere.
wechat.tag.create { tag = { name = host.json.null } }
check.equal(last().body.tag.name, host.json.null)

-- ---- deprecated and removed: once each

local function warnings(part)
  local count = 0
  for _, line in ipairs(host.logged) do
    if line:find(part, 1, true) then count = count + 1 end
  end
  return count
end
check.equal(warnings("wechat.guide.getguidecardmaterial is no longer served by the platform"), 1)
check.equal(warnings("wechat.group.list"), 0)
wechat.group.list()
wechat.group.list()
check.equal(warnings("wechat.group.list is deprecated by the platform. Tags (wechat.tag) do this now."), 1)
check.equal(warnings("api_test.lua:"), #host.logged, "warnings that name the script's line")

-- ---- failures

host.failure = { kind = "api", errcode = 40164, errmsg = "invalid ip 1.2.3.4, rid: 6543-2f", rid = "6543-2f" }
local result, err = wechat.tag.create { tag = { name = "vip" } }
check.equal(result, nil)
check.equal({ err.kind, err.errcode, err.rid, err.method, err.retryable }, { "api", 40164, "6543-2f", "tag.create", false })
check.has(err.hint, "add the IP that errmsg names to the whitelist")
check.equal(tostring(err):find("wechat.tag.create: 40164 invalid ip 1.2.3.4, rid: 6543-2f (", 1, true), 1)
check.equal(warnings("wechat.tag.create: 40164"), 1, "failures in the log")

host.failure = { kind = "api", errcode = 45009, errmsg = "reach\nmax", rid = "1-2" }
result, err = wechat.tag.list()
check.equal({ result, err.retryable }, { nil, true })
check.has(tostring(err), "wechat.tag.list: 45009 reach max, rid 1-2 (")
host.failure = { kind = "api", errcode = 123456, errmsg = "new" }
result, err = wechat.tag.list()
check.equal({ result, err.retryable }, { nil, false })
check.has(err.hint, "not known here")
-- What errmsg quotes of secrets is masked.
host.account.appsecret = "0123456789abcdef0123456789abcdef"
for errmsg, shown in pairs {
  ["invalid secret 0123456789abcdef0123456789abcdef, rid: 1"] = "invalid secret 0123…(32), rid: 1",
  ["access_token=93_AbCdEf-GhIjKlMnOpQrSt&type=jsapi"] = "access_token=93_A…(24)&type=jsapi",
  ['{"refresh_token": "93_AbCdEf-GhIjKlMnOpQrSt"}'] = '{"refresh_token": "93_A…(24)"}',
  ["invalid ticket [kgt8ON7yVITDhtdwci0qeZ], rid: 1"] = "invalid ticket [kgt8…(22)], rid: 1",
  ["access_token missing"] = "access_token missing",
  ["invalid appsecret, view more at http://t.cn/LOEdzVq"] = "invalid appsecret, view more at http://t.cn/LOEdzVq",
} do
  host.failure = { kind = "api", errcode = 40125, errmsg = errmsg }
  err = select(2, wechat.tag.list())
  check.equal(err.errmsg, shown)
  check.equal(host.logged[#host.logged]:find("0123456789abcdef0123456789abcdef", 1, true), nil)
end
host.account.appsecret = "secret"

host.failure = { kind = "timeout", errmsg = "no answer within 30 s" }
result, err = wechat.tag.list()
check.equal({ result, err.retryable, err.errcode }, { nil, true })
check.has(tostring(err), "wechat.tag.list: no answer within 30 s (")
host.failure = { kind = "http", status = 502, errmsg = "HTTP status 502" }
result, err = wechat.tag.list()
check.equal({ result, err.retryable }, { nil, true })
host.failure = { kind = "http", status = 302, errmsg = "HTTP status 302" }
result, err = wechat.tag.list()
check.equal({ result, err.retryable }, { nil, false })
check.has(err.hint, "api_base")
host.failure = { kind = "unknown", errmsg = "it waited: all that are held at once may take 512 MB together" }
result, err = wechat.tag.list()
check.has(err.hint, "check before you make the same call again")
check.equal({ result, err.retryable }, { nil, false })
for kind, is_retryable in pairs { http = false, timeout = true } do
  host.failure = { kind = kind, errmsg = "it waited: all that are held at once may take 512 MB together" }
  result, err = wechat.tag.list()
  check.has(err.hint, "fewer calls at a time")
  check.equal({ result, err.retryable, err.hint:find("api_base", 1, true) }, { nil, is_retryable, nil })
end
host.failure = nil

-- ---- wechat.call

wechat.call("get", "/cgi-bin/new", { a = 1 })
check.equal(last(), { verb = "GET", path = "/cgi-bin/new", base = "api", query = { a = "1" }, method = "call", token = "access_token" })
wechat.call("POST", "/cgi-bin/new", nil, { a = 1 })
check.equal(last().body, { a = 1 })
wechat.call { verb = "POST", path = "/cgi-bin/message/new/send", body = "raw" }
check.equal({ last().body, last().send }, { "raw", true })
local menu = { button = { { name = "a", type = "click", key = "k", sub_button = {} } } }
wechat.call("POST", "/cgi-bin/menu/create", nil, menu)
check.equal(host.json.is_array(last().body.button[1].sub_button), true, "an empty list of an endpoint of the catalogue")
check.equal(host.json.is_array(menu.button[1].sub_button), false)
wechat.call("POST", "/cgi-bin/menu/addconditional", nil, { button = {}, matchrule = {} })
check.equal({ host.json.is_array(last().body.button), host.json.is_array(last().body.matchrule) }, { true, false })
wechat.call("POST", "/cgi-bin/new")
check.equal(last().body, {})
check.raises("wechat.call: verb is 'PUT'", wechat.call, "put", "/x")
check.raises("wechat.call: path is 'http://x/y'", wechat.call, "GET", "http://x/y")
check.raises("wechat.call: path is '/x?y=1'", wechat.call, "GET", "/x?y=1")
check.raises("wechat.call: query.a is not a finite number", wechat.call, "GET", "/x", { a = -1 / 0 })
check.raises("wechat.call: a is not a finite number", wechat.call, "UPLOAD", "/x", {}, { a = 0 / 0 })
check.raises("wechat.call: path is missing", wechat.call, "GET")
check.raises("wechat.call: body is missing", wechat.call, "UPLOAD", "/x")
host.file_name = "a.png"
local upload <close> = assert(io.tmpfile())
wechat.call("UPLOAD", "/x", {}, { media = upload, description = { title = "t" } })
check.equal({ last().files[1].field, last().form }, { "media", { description = '{"title":"t"}' } })

-- ---- misspelt and missing fields

local function refuses(why, call, ...) check.raises(why, call, ...) end
refuses("wechat.user.info: there is no field opnid; did you mean openid?", wechat.user.info, { opnid = "o1" })
refuses("wechat.user.info: openid is missing", wechat.user.info)
refuses("wechat.user.info: openid is missing", wechat.user.info, { lang = "en" })
refuses("wechat.tag.create: there is no field tag.nam; did you mean tag.name?", wechat.tag.create, { tag = { nam = "vip" } })
refuses("there is no field voic_id; did you mean voice_id?", wechat.voice.queryrecoresultfortext, { voic_id = "v" })

-- ---- the reference's examples

local catalogue, reference = require "wechat.catalogue", require "docs.reference"

-- An endpoint that needs nothing, or of which nobody says what it needs.
local bare = {
  ["card.consumer_add"] = true, ["card.location_batchget"] = true, ["draft.switch"] = true, ["guide.getguidecardmaterial"] = true,
  ["guide.setguideacctconfig"] = true, ["marketing.user_action_sets_add"] = true, ["merchant.common_upload_img"] = true,
  ["merchant.order_getbyfilter"] = true, ["nontax.realname_getauthurl"] = true, ["qrcode.jump_get"] = true,
  ["user.get_blacklist"] = true, ["user.list"] = true, ["wifi.shop_list"] = true,
}
local function is_filled(field) return field.value ~= nil or field.default_of ~= nil end
local function takes_something(endpoint)
  for _, list in ipairs { endpoint.query, endpoint.body } do
    for _, field in ipairs(list) do
      if not is_filled(field) and field.path ~= "force_refresh" then return true end
    end
  end
  return false
end

for _, group in ipairs(catalogue.groups) do
  for _, name in ipairs(select(2, catalogue.group(group))) do
    local endpoint = catalogue.find(group, name)
    local example = reference.endpoint_example(endpoint)
    local shows_fields = not example:find("{}$")
    check.equal(shows_fields or bare[endpoint.name] or not takes_something(endpoint), true, example .. " shows what it takes")
    if not endpoint.file then assert(load(example, "=" .. endpoint.name, "t", { wechat = wechat }))() end
  end
end
check.equal(reference.endpoint_example(catalogue.endpoint("user.info")), 'wechat.user.info{ openid = "oDemoUser0000000000000000001" }')
check.equal(reference.endpoint_example(catalogue.endpoint("ocr.idcard")), 'wechat.ocr.idcard{ type = "photo", img_url = "https://example.com/" }')
check.equal(reference.endpoint_example(catalogue.endpoint("guide.addguideacct")), 'wechat.guide.addguideacct{ guide_openid = "oDemoUser0000000000000000001" }')

-- ---- names

check.raises("there is no wechat.nonsense", function() return wechat.nonsense end)
check.raises("there is no wechat.tag.creat; did you mean create?", function() return wechat.tag.creat end)
check.raises("there is no wechat.message.custom.nonsense", function() return wechat.message.custom.nonsense end)
local function names_of(group)
  local names = {}
  for name in pairs(group) do names[#names + 1] = name end
  table.sort(names)
  return names
end
check.equal(names_of(wechat.qrcode), {
  "create", "jump_add", "jump_delete", "jump_get", "jump_publish", "shorten_fetch", "shorten_gen", "shorturl", "show",
})
check.equal(names_of(wechat.message), { "autoreply", "custom", "mass", "subscribe", "template" })

-- Nothing of a group is read before it is used.
for name in pairs(package.loaded) do
  if name:find("^wechat%.") then package.loaded[name] = nil end
end
fake.new()
for name in pairs(package.loaded) do
  local is_group = name:find("^wechat%.catalogue%.") ~= nil and name ~= "wechat.catalogue.index"
  check.equal(is_group, false, name .. " was read")
end
