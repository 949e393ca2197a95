-- Replies: what the builders give, their XML, the customer service form.
local check = require "check"

local head = "<ToUserName><![CDATA[oUser1]]></ToUserName>"

-- The XML between MsgType and the end, without white space between elements.
local function body(reply)
  local xml = tostring(reply)
  check.has(xml, head)
  check.has(xml, "<FromUserName><![CDATA[gh_1]]></FromUserName>")
  local created = tonumber(xml:match("<CreateTime>(%d+)</CreateTime>"))
  assert(math.abs(created - os.time()) < 5, "CreateTime is not now")
  return (xml:match("</MsgType>%s*(.-)%s*</xml>$"):gsub(">%s+<", "><"))
end

local function kind(reply) return tostring(reply):match("<MsgType><!%[CDATA%[(.-)%]%]></MsgType>") end

check.message("text", { { "Content", "hi" } })

-- An element with text, or around elements.
local function cdata(name, text) return ("<%s><![CDATA[%s]]></%s>"):format(name, text, name) end
local function around(name, ...) return ("<%s>%s</%s>"):format(name, table.concat { ... }, name) end

-- Each kind as the platform documents it.
local song = { music_url = "u", title = "t", description = "d", hq_music_url = "h", thumb_media_id = "i" }
local device = cdata("DeviceType", "gh_1") .. cdata("DeviceID", "dev-1")
local cases = {
  { wechat.response_text("你好"), "text", cdata("Content", "你好") },
  { wechat.response_image("m"), "image", around("Image", cdata("MediaId", "m")) },
  { wechat.response_voice("m"), "voice", around("Voice", cdata("MediaId", "m")) },
  { wechat.response_video("m"), "video", around("Video", cdata("MediaId", "m")) },
  {
    wechat.response_video("m", "t", "d"), "video",
    around("Video", cdata("MediaId", "m"), cdata("Title", "t"), cdata("Description", "d")),
  },
  { wechat.response_music("u"), "music", around("Music", cdata("MusicUrl", "u"), cdata("HQMusicUrl", "u")) },
  {
    wechat.response_music(song), "music",
    around("Music", cdata("Title", "t"), cdata("Description", "d"), cdata("MusicUrl", "u"),
      cdata("HQMusicUrl", "h"),
      cdata("ThumbMediaId", "i")),
  },
  { wechat.response_music("u", "t", "", "", ""), "music", around("Music", cdata("Title", "t"),
    cdata("MusicUrl", "u"), cdata("HQMusicUrl", "u")) },
  {
    wechat.response_news { { title = "t", description = "d", picurl = "p", url = "u" } }, "news",
    "<ArticleCount>1</ArticleCount>" .. around("Articles", around("item", cdata("Title", "t"),
      cdata("Description", "d"), cdata("PicUrl", "p"), cdata("Url", "u"))),
  },
  { wechat.group_transfer_message(), "transfer_customer_service", "" },
  {
    wechat.group_transfer_message("agent1@demo"), "transfer_customer_service",
    around("TransInfo", cdata("KfAccount", "agent1@demo")),
  },
  {
    wechat.response_device_text("hi", "gh_1", "dev-1", 9), "device_text",
    device .. "<SessionID>9</SessionID>" .. cdata("Content", "aGk="),
  },
  {
    wechat.response_device_event("hi", "bind", "gh_1", "dev-1", "9"), "device_event",
    cdata("Event", "bind") .. device .. "<SessionID>9</SessionID>" .. cdata("Content", "aGk="),
  },
  {
    wechat.response_device_status(1, "gh_1", "dev-1"), "device_status",
    device .. "<DeviceStatus>1</DeviceStatus>",
  },
  {
    wechat.response_hardware("myrank", "ranklist"), "hardware",
    around("HardWare", cdata("MessageView", "myrank"), cdata("MessageAction", "ranklist")) ..
      "<FuncFlag>0</FuncFlag>",
  },
}
for _, case in ipairs(cases) do
  check.equal(kind(case[1]), case[2])
  check.equal(body(case[1]), case[3], case[2])
end

-- No reply, and XML of one's own.
check.equal(tostring(wechat.response_none()), "success")
check.equal(tostring(wechat.response_text("")), "success")
check.equal(tostring(wechat.response_raw("<xml>mine</xml>")), "<xml>mine</xml>")

-- Text that would break the document does not.
check.has(tostring(wechat.response_text("a]]>b\1c")), "<![CDATA[a]]]]><![CDATA[>bc]]>")
check.equal(wechat.response_text("<a href=\"x\">'&'</a>", true).content,
  "&lt;a href=&quot;x&quot;&gt;&#x27;&amp;&#x27;&lt;/a&gt;")
check.equal(wechat.response_text("<a>", false).content, "<a>")

-- News: one article answers a message, eight an event; a builder does not raise for more, but for what is no
-- article.
local ten = {}
for i = 1, 10 do ten[i] = { title = "T" .. i } end
local function count(reply) return select(2, tostring(reply):gsub("<item>", "")) end
check.equal(count(wechat.response_news(ten)), 1)
check.event("CLICK", { { "EventKey", "K" } })
check.equal(count(wechat.response_news(ten)), 8)
check.has(tostring(wechat.response_news(ten)), "<ArticleCount>8</ArticleCount>")
check.raises("articles is empty", wechat.response_news, {})
local holed = { { title = "A" } }
holed[3] = { title = "C" }
check.raises("wechat.response_news: articles[2] is missing (a list without holes expected)", wechat.response_news, holed)
check.raises("articles[1] is missing", wechat.response_news, { [2] = { title = "B" } })
check.raises("articles has a field 'title' (a list of {title, description, picurl, url} expected)", wechat.response_news, { title = "A" })
check.raises("articles[2] is a string", wechat.response_news, { { title = "A" }, "x" })
check.raises("articles[1].title is a number (string expected)", wechat.response_news, { { title = 1 } })
check.raises("articles[1] has a field 'pic_url'", wechat.response_news, { { pic_url = "x" } })
local blank = "has neither title, description, picurl nor url"
check.raises("wechat.response_news: articles[1] " .. blank, wechat.response_news, { {} })
check.raises("wechat.response_news: articles[2] " .. blank, wechat.response_news, { { url = "u" }, { title = "", picurl = "" } })
local emptied = wechat.response_news { { title = "A" } }
emptied.articles[1].title = nil
check.raises("reply 'news': articles[1] " .. blank, tostring, emptied)

-- A reply is addressed when it is printed.
local early = wechat.response_text("x")
wechat.parse_data((check.xml("text"):gsub("oUser1", "oUser2")))
check.has(tostring(early), "<ToUserName><![CDATA[oUser2]]></ToUserName>")

-- Hardware replies take from the message what is left out.
check.message("device_text", { { "DeviceType", "gh_1" }, { "DeviceID", "d" }, { "SessionID", "7" } })
check.has(body(wechat.response_device_text("x")),
  "<DeviceID><![CDATA[d]]></DeviceID><SessionID>7</SessionID>")
check.message("text")
check.raises("wechat.response_device_text: device_type is missing (the message has no DeviceType)",
  wechat.response_device_text, "x")

-- A reply's fields can be read and changed before it goes out.
local reply = wechat.response_image("a")
reply.media_id = "b"
check.equal(body(reply), "<Image><MediaId><![CDATA[b]]></MediaId></Image>")
reply.media_id = ""
check.raises("reply 'image': media_id is empty", tostring, reply)
reply.media_id = nil
check.raises("reply 'image': media_id is missing", tostring, reply)
reply.type = "picture"
check.raises("a reply cannot have the type 'picture'", tostring, reply)

-- A required argument that is empty (the media_id of an upload that failed) is missing.
for _, case in ipairs {
  { "response_image", "media_id", "" }, { "response_voice", "media_id", "" }, { "response_video", "media_id", "", "t" },
  { "response_music", "music_url", "" }, { "response_raw", "xml", "" }, { "response_hardware", "message_view", "", "x" },
  { "response_hardware", "message_action", "x", "" }, { "response_device_text", "content", "", "a", "b", 1 },
  { "response_device_event", "content", "", "bind", "a", "b", 1 },
} do
  local words = ("wechat.%s: %s is empty (string)"):format(case[1], case[2])
  check.raises(words, wechat[case[1]], table.unpack(case, 3))
end
