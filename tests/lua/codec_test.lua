-- wechat.utf8, base64, digests, config, log.
local check = require "check"
local utf = wechat.utf8

check.equal(utf.len("你好a😀"), 4)
check.equal(utf.len(""), 0)
check.equal(utf.len("\xe4\xbd你"), 3)
check.equal(utf.sub("你好世界", 2, 3), "好世")
check.equal(utf.sub("你好世界", -2), "世界")
check.equal(utf.sub("你好世界", 3), "世界")
check.equal(utf.sub("你好世界", 1, -2), "你好世")
check.equal(utf.sub("你好", 3), "")
check.equal(utf.sub("你好", 2, 1), "")
check.equal(utf.sub("你好", 0, 9), "你好")
check.equal(utf.cut("你好", 5), "你")
check.equal(utf.cut("你好", 6), "你好")
check.equal(utf.cut("你好", 0), "")
check.equal(utf.cut("你好", -1), "")
check.equal(utf.cut { s = "abc", bytes = 2 }, "ab")

check.equal(wechat.sha1("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d")
check.equal(wechat.md5("abc"), "900150983cd24fb0d6963f7d28e17f72")
check.equal(wechat.hmac_sha256("key", "The quick brown fox jumps over the lazy dog"),
  "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8")
check.equal(wechat.base64.encode("hi\0\xff"), "aGkA/w==")
check.equal(wechat.base64.decode("aGkA/w=="), "hi\0\xff")
check.equal((wechat.base64.decode("a?==")), nil)
check.equal(type(select(2, wechat.base64.decode("a?=="))), "string")

-- A float without a fraction is signed as an integer; what is no finite number is not signed.
local signed = wechat.pay_sign { total_fee = 1990, mch_id = "10" }
check.equal(wechat.pay_sign { total_fee = 1990.0, mch_id = "10" }, signed)
check.equal(wechat.pay_sign { total_fee = "1990", mch_id = 10.0 }, signed)
check.equal(wechat.pay_sign { rate = 0.1 }, wechat.pay_sign { rate = "0.1" })
check.raises("wechat.pay_sign: params.total_fee is not a finite number", wechat.pay_sign, { total_fee = 0 / 0 })
check.raises("wechat.pay_sign: params.total_fee is not a finite number", wechat.pay_sign, { total_fee = 1 / 0 })

-- So is the time of a page's signature, and of a callback's.
local function page(timestamp) return wechat.generate_jsapi_signature(timestamp, "n", "http://a.b/", "ticket") end
check.equal(page(1.7e9), page(1700000000))
check.equal(page(1.7e9), page("1700000000"))
check.raises("timestamp is a number", page, 1.5)
local sum = wechat.sha1("11700000000" .. "wemoon")
check.equal(wechat.check_signature(sum, 1.7e9, 1.0), wechat.check_signature(sum, "1700000000", "1"))

-- The settings can be read, but not changed, and no secret is among them.
check.equal(wechat.config.appid, "wx0000000000000001")
check.equal(wechat.config.deadline_ms, 4000)
check.equal(wechat.config.checkssl, true)
for _, secret in ipairs { "token", "appsecret", "encoding_aes_key", "partnerkey", "previous_token" } do
  check.equal(wechat.config[secret], nil, secret)
end
check.raises("wechat.config is read only", function() wechat.config.appid = "x" end)
local listed = false
for key, value in pairs(wechat.config) do
  listed = listed or (key == "appid" and value == "wx0000000000000001")
end
check.equal(listed, true)

wechat.log.debug("a line with a table", { a = 1 }, nil, true, wechat.json.null)

-- Markdown
check.equal(wechat.plain("**晴**，见[官网](https://a.cn)\n\n- 一\n- 二"), "晴，见<a href=\"https://a.cn\">官网</a>\n\n• 一\n• 二")
check.equal(wechat.plain(""), "")
check.raises("wechat.plain: the text has 65537 bytes; at most 65536 are allowed", wechat.plain, ("x"):rep(65537))
