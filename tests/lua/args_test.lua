-- How methods take their arguments.
local check = require "check"

-- In order, or by name.
check.equal(wechat.response_music("u", "t").music_url, "u")
check.equal(wechat.response_music({ music_url = "u", title = "t" }).title, "t")
check.equal(wechat.response_music { title = "t", music_url = "u" }.music_url, "u")
check.equal(wechat.hmac_sha256 { key = "k", data = "d" }, wechat.hmac_sha256("k", "d"))

-- A table that is the first parameter itself is not taken for named arguments.
check.equal(#wechat.response_news({ { title = "a" } }).articles, 1)
check.equal(#wechat.response_news { articles = { { title = "a" } } }.articles, 1)

-- Missing and wrong arguments are named.
check.raises("wechat.response_text: content is missing (string)", wechat.response_text)
check.raises("wechat.response_text: content is missing (string)", wechat.response_text, nil)
check.raises("wechat.response_text: content is a table (string expected)", wechat.response_text, { "x" },
  true)
check.raises("wechat.response_text: content is a number (string expected)", wechat.response_text, 42)
check.raises("wechat.response_text: escape is a number (boolean expected)", wechat.response_text, "a", 1)
check.raises("wechat.response_text: there is no argument named 'contents'", wechat.response_text,
  { contents = "x" })
check.raises("wechat.response_text: content is missing (string)", wechat.response_text, {})
check.raises("wechat.response_image: the table of named arguments, {media_id = ...}, has a key that is a number (1); " ..
  "media_id is missing (string): the call is wechat.response_image(media_id)", wechat.response_image, { "x" })
check.raises("content is a number (string expected): the call is wechat.response_text(content, [escape])", wechat.response_text, 42)
check.raises("wechat.check_signature: timestamp is a boolean (string or integer expected)",
  wechat.check_signature, "a", true, "n")
check.raises("wechat.utf8.cut: bytes is a number (integer expected)", wechat.utf8.cut, "a", 1.5)
check.equal(wechat.utf8.cut("abc", 2.0), "ab")

-- A message is no table of named arguments.
check.raises("wechat.response_text: content is a message (string expected)", wechat.response_text,
  check.message("text", { { "Content", "x" } }))
check.raises("wechat.response_text: content is a reply (string expected)", wechat.response_text,
  wechat.response_none())
check.raises("wechat.response_text: content is a null (string expected)", wechat.response_text,
  wechat.json.null)

-- Extra arguments are dropped, so that a builder can stand where a function of a message is wanted.
check.equal(wechat.response_none(check.message("text")).type, "none")
check.equal(wechat.response_text("a", nil, 1, 2).content, "a")

-- The caller's line is blamed, in tail position too.
local function in_the_middle() local reply = wechat.response_text(nil) return reply end
local function in_tail_position() return wechat.response_text(nil) end
local function of_a_later_check() return wechat.response_news({}) end
local function of_an_article() return wechat.response_news({ { title = "a" }, { titel = "b" } }) end
local base = debug.getinfo(in_the_middle, "S").linedefined
for i, fn in ipairs { in_the_middle, in_tail_position, of_a_later_check, of_an_article } do
  local why = check.raises("wechat.response_", fn)
  check.has(why, "args_test.lua:" .. base + i - 1 .. ": ")
end

-- Options may stand beside the named arguments.
check.raises("wechat.ask: there is no option named 'tmieout'", wechat.ask, { question = "名字？", tmieout = 1 })
check.raises("wechat.ask: timeout_s must be a positive", wechat.ask, { question = "名字？", timeout_s = 0 })
check.raises("wechat.ask: there is no argument named 'timeout_s'", wechat.ask, { question = "名字？", options = {}, timeout_s = 1 })
