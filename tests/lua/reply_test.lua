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

-- Each kind as the platform documents it.
local cases = {
  { wechat.response_text("你好"), "text", "<Content><![CDATA[你好]]></Content>" },
  { wechat.response_image("m"), "image", "<Image><MediaId><![CDATA[m]]></MediaId></Image>" },
  { wechat.response_voice("m"), "voice", "<Voice><MediaId><![CDATA[m]]></MediaId></Voice>" },
  { wechat.response_video("m"), "video", "<Video><MediaId><![CDATA[m]]></MediaId></Video>" },
  { wechat.response_video("m", "t", "d"), "video",
    "<Video><MediaId><![CDATA[m]]></MediaId><Title><![CDATA[t]]></Title><Description><![CDATA[d]]></Description></Video>" },
  { wechat.response_music("u"), "music", "<Music><MusicUrl><![CDATA[u]]></MusicUrl></Music>" },
  { wechat.response_music { music_url = "u", title = "t", description = "d", hq_music_url = "h", thumb_media_id = "i" }, "music",
    "<Music><Title><![CDATA[t]]></Title><Description><![CDATA[d]]></Description><MusicUrl><![CDATA[u]]></MusicUrl>" ..
    "<HQMusicUrl><![CDATA[h]]></HQMusicUrl><ThumbMediaId><![CDATA[i]]></ThumbMediaId></Music>" },
  { wechat.response_music("u", "t", "", "", ""), "music", "<Music><Title><![CDATA[t]]></Title><MusicUrl><![CDATA[u]]></MusicUrl></Music>" },
  { wechat.response_news { { title = "t", description = "d", picurl = "p", url = "u" } }, "news",
    "<ArticleCount>1</ArticleCount><Articles><item><Title><![CDATA[t]]></Title><Description><![CDATA[d]]></Description>" ..
    "<PicUrl><![CDATA[p]]></PicUrl><Url><![CDATA[u]]></Url></item></Articles>" },
  { wechat.group_transfer_message(), "transfer_customer_service", "" },
  { wechat.group_transfer_message("agent1@demo"), "transfer_customer_service",
    "<TransInfo><KfAccount><![CDATA[agent1@demo]]></KfAccount></TransInfo>" },
  { wechat.response_device_text("hi", "gh_1", "dev-1", 9), "device_text",
    "<DeviceType><![CDATA[gh_1]]></DeviceType><DeviceID><![CDATA[dev-1]]></DeviceID><SessionID>9</SessionID><Content><![CDATA[aGk=]]></Content>" },
  { wechat.response_device_event("hi", "bind", "gh_1", "dev-1", "9"), "device_event",
    "<Event><![CDATA[bind]]></Event><DeviceType><![CDATA[gh_1]]></DeviceType><DeviceID><![CDATA[dev-1]]></DeviceID>" ..
    "<SessionID>9</SessionID><Content><![CDATA[aGk=]]></Content>" },
  { wechat.response_device_status(1, "gh_1", "dev-1"), "device_status",
    "<DeviceType><![CDATA[gh_1]]></DeviceType><DeviceID><![CDATA[dev-1]]></DeviceID><DeviceStatus>1</DeviceStatus>" },
  { wechat.response_hardware("myrank", "ranklist"), "hardware",
    "<HardWare><MessageView><![CDATA[myrank]]></MessageView><MessageAction><![CDATA[ranklist]]></MessageAction></HardWare><FuncFlag>0</FuncFlag>" },
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
check.equal(wechat.response_text("<a href=\"x\">'&'</a>", true).content, "&lt;a href=&quot;x&quot;&gt;&#x27;&amp;&#x27;&lt;/a&gt;")
check.equal(wechat.response_text("<a>", false).content, "<a>")

-- News: one article answers a message, eight an event; a builder does not raise for more, but for what is no article.
local ten = {}
for i = 1, 10 do ten[i] = { title = "T" .. i } end
local function count(reply) return select(2, tostring(reply):gsub("<item>", "")) end
check.equal(count(wechat.response_news(ten)), 1)
check.event("CLICK", { { "EventKey", "K" } })
check.equal(count(wechat.response_news(ten)), 8)
check.has(tostring(wechat.response_news(ten)), "<ArticleCount>8</ArticleCount>")
check.raises("articles is empty", wechat.response_news, {})
check.raises("articles[2] is a string", wechat.response_news, { {}, "x" })
check.raises("articles[1].title is a number (string expected)", wechat.response_news, { { title = 1 } })
check.raises("articles[1] has a field 'pic_url'", wechat.response_news, { { pic_url = "x" } })

-- A reply is addressed when it is printed.
local early = wechat.response_text("x")
wechat.parse_data((check.xml("text"):gsub("oUser1", "oUser2")))
check.has(tostring(early), "<ToUserName><![CDATA[oUser2]]></ToUserName>")

-- Hardware replies take from the message what is left out.
check.message("device_text", { { "DeviceType", "gh_1" }, { "DeviceID", "d" }, { "SessionID", "7" }, { "Content", "aGk=" } })
check.has(body(wechat.response_device_text("x")), "<DeviceID><![CDATA[d]]></DeviceID><SessionID>7</SessionID>")
check.message("text")
check.raises("wechat.response_device_text: device_type is missing (the message has no DeviceType)", wechat.response_device_text, "x")

-- A reply's fields can be read and changed before it goes out.
local reply = wechat.response_image("a")
reply.media_id = "b"
check.equal(body(reply), "<Image><MediaId><![CDATA[b]]></MediaId></Image>")
reply.media_id = nil
check.raises("reply 'image': media_id is missing", tostring, reply)
reply.type = "picture"
check.raises("a reply cannot have the type 'picture'", tostring, reply)
