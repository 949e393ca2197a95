-- The other forms of a reply: the customer service messages that say the same, and the one line.
local check = require "check"

-- The builders over a host of our own, whose inner functions the test can reach.
local host = {
  args = { add = function(wechat, name, _, body) wechat[name] = body end, fail = function(text) error(text,
    0) end },
  reply = { register = function() end, cut = function(text) return wechat.utf8.cut(text, 2048) end },
  message = { get = function() end },
  codec = { base64_encode = wechat.base64.encode },
  json = { encode = wechat.json.encode },
}
local build = {}
require "wechat.reply"(build, host)
local custom, describe = host.reply.custom, host.reply.describe

check.equal(custom("hi"), { { msgtype = "text", text = { content = "hi" } } })
check.equal(custom(build.response_image("m")), { { msgtype = "image", image = { media_id = "m" } } })
check.equal(custom(build.response_voice("m")), { { msgtype = "voice", voice = { media_id = "m" } } })
check.equal(custom(build.response_video("m", "t")), { { msgtype = "video", video = { media_id = "m",
  title = "t" } } })
check.equal(custom(build.response_music("u", "t", nil, nil, "i")), {
  { msgtype = "music", music = { musicurl = "u", hqmusicurl = "u", title = "t", thumb_media_id = "i" } },
})
check.equal(custom(build.response_music("u", nil, nil, "", "i"))[1].music.hqmusicurl, "u")
check.equal({ custom(build.response_music("u", "t", "d")) }, {
  { { msgtype = "text", text = { content = "t\nd\nu" } } }, "music without thumb_media_id goes out as a text",
})
check.equal(custom(build.response_news { { title = "a", url = "u" }, { title = "b" } }), {
  { msgtype = "news", news = { articles = { { title = "a", url = "u" } } } },
})

-- A long text goes out in pieces, none longer than the platform takes, none cut inside a character.
local long = ("好"):rep(1500)
local pieces = custom(build.response_text(long))
check.equal(#pieces, 3)
local joined = ""
for _, piece in ipairs(pieces) do
  assert(#piece.text.content <= 2048 and utf8.len(piece.text.content))
  joined = joined .. piece.text.content
end
check.equal(joined, long)

-- Nothing to say, and what has no such form.
for _, reply in ipairs { false, "", build.response_none(),
  build.response_text("") } do check.equal(custom(reply), {}) end
check.equal(custom(nil), {})
for _, reply in ipairs { build.group_transfer_message(), build.response_raw("<xml/>"),
  build.response_hardware("a", "b") } do
  local bodies, why = custom(reply)
  check.equal(bodies, nil)
  check.has(why, "has no customer service form")
end

check.equal(describe("hi"), "text: hi")
check.equal(describe(build.response_news { { title = "A" }, { title = "B" } }), "news: 2 articles: A | B")
check.equal(describe(build.response_music("u", "t")), "music: t u")
check.equal(describe(build.group_transfer_message()), "transfer_customer_service")
check.equal(describe(build.response_none()), "(no reply)")
check.equal(describe(nil), "(no reply)")
