-- What is known of the platform's error codes.
local check = require "check"
require "fake_host"
local errcodes = require "wechat.errcodes"

local list = errcodes.list()
check.equal(#list, 410)
check.equal({ list[1], list[2], list[3], list[#list] }, { -1000, -1, 0, 9300812 })

local kinds = { ok = 1, retry = 1, wait = 1, quota = 1, token = 1, oauth = 1, done = 1, user = 1, request = 1, account = 1 }
local symbols = {}
for _, code in ipairs(list) do
  local known = errcodes.find(code)
  check.equal(known.code, code)
  check.equal(kinds[known.kind], 1, code .. ".kind")
  check.equal(known.symbol:find("^%u[%u%d_]+$"), 1, code .. ".symbol")
  check.equal(symbols[known.symbol], nil, code .. ": a symbol used before")
  symbols[known.symbol] = code
  check.equal(known.meaning:find("[\128-\255]"), nil, code .. ".meaning in English")
  check.equal(known.meaning_zh:find("[\128-\255]") ~= nil, true, code .. ".meaning_zh in Chinese")
  check.equal(known.action ~= "" and known.action_zh ~= "", true, code .. ".action")
  check.equal(errcodes.hint(code):find("\n"), nil, code .. ".hint in one line")
end

-- What a caller may do about some well-known ones.
local expected = {
  [-1] = true, [45009] = true, [45011] = true, [61450] = true, [40001] = false, [40013] = false, [40164] = false, [43004] = false,
  [48001] = false, [46003] = false, [0] = false,
}
for code, retryable in pairs(expected) do
  check.equal(errcodes.retryable(code), retryable, code .. " retryable")
  check.equal(errcodes.find(code).retryable, retryable, code .. ".retryable")
end
check.has(errcodes.hint(40164), "the whitelist on mp.weixin.qq.com")
check.has(errcodes.find(40125).action_zh, "appsecret")
check.has(errcodes.hint(48001), "wemoon check --online")
check.has(errcodes.hint(40050), "mend the request")

check.equal(errcodes.find(123456), nil)
check.equal(errcodes.retryable(123456), false)
check.has(errcodes.hint(123456), "not known here")
