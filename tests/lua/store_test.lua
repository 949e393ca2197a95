-- wechat.store and wechat.session: what is kept comes back as it was, or raises.
local check = require "check"

for _, value in ipairs {
  "文 & 字", "a\0b", "\u{FFFD} itself", "\u{1F600}", "", 7, 9007199254740993, 0.5, true, { 1, { a = "\u{FFFD}" } }, wechat.json.array {},
} do
  check.equal(wechat.store.set("k", value), true)
  check.equal(wechat.store.get("k"), value)
end

-- Bytes that are no UTF-8.
check.equal(wechat.store.set("k", "before"), true)
for _, case in ipairs {
  { "caf\xE9", "value is no UTF-8 (byte 4)" }, { "\xED\xA0\x80", "value is no UTF-8 (byte 1)" },
  { { list = { "ok", "\xC4\xE3" } }, "value.list[2] is no UTF-8 (byte 1)" }, { { ["\xFF"] = 1 }, "value has a key that is no UTF-8 (byte 1)" },
} do
  check.raises("wechat.store.set: ", wechat.store.set, "k", case[1])
  check.raises(case[2], wechat.store.set, "k", case[1])
  check.raises(case[2], wechat.store.add, "another", case[1])
end
check.equal(wechat.store.get("k"), "before", "what was there")
check.equal(wechat.store.get("another"), nil)

-- Keys, listed.
for _, key in ipairs { "user:2", "user:10", "user:1", "use", "user;" } do check.equal(wechat.store.set(key, true), true) end
check.equal(wechat.store.list("user:"), { "user:1", "user:10", "user:2" })
check.equal(wechat.store.list("user:", { after = "user:10" }), { "user:2" })
check.equal(wechat.store.list("user:", { limit = 2 }), { "user:1", "user:10" })
check.equal(wechat.store.list { prefix = "nobody" }, {})
check.equal(wechat.store.list { prefix = "user:", after = "user:1", limit = 1 }, { "user:10" })
check.raises("there is no option named 'limti'", wechat.store.list, "", { limti = 1 })
check.raises("there is no option named 'limti'", wechat.store.list, { prefix = "", limti = 1 })
check.equal(wechat.store.list(), { "k", "use", "user:1", "user:10", "user:2", "user;" })
check.raises("limit must be a positive integer", wechat.store.list, "", { limit = 0 })
check.raises("after must be a key", wechat.store.list, "", { after = 1 })
check.raises("wechat.store.list: there is no option named 'limt'", wechat.store.list, "", { limt = 1 })
