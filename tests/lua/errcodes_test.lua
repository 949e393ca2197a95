-- What is known of the platform's error codes: all that the list (data/platform/errcodes.tsv) has.
local check = require "check"
require "fake_host"
local errcodes = require "wechat.errcodes"

local explain = require "wechat.explain"

local list = errcodes.list()
check.equal(#list, 459)
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
  local text = explain(tostring(code))
  for _, part in ipairs { known.symbol, known.meaning, known.meaning_zh, known.action, known.action_zh } do
    check.has(text, part)
  end
end

for line in io.lines("../data/platform/errcodes.tsv") do
  local code, symbol, kind = line:match("^(-?%d+)\t(%S+)\t(%a+)$")
  if code then
    local known = errcodes.find(math.tointeger(tonumber(code)))
    check.equal(known and { known.symbol, known.kind }, { symbol, kind }, code)
  end
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

-- Settings stand on the developers' platform since December 2025; each hint that names a place names it.
local secret = "› 基础信息 › 开发密钥"
for code, place in pairs {
  [40164] = secret, [40125] = secret, [40243] = secret, [40013] = "› 基础信息", [40048] = "域名与消息推送配置",
  [40201] = "域名与消息推送配置", [48008] = "接口管理 › 接口权限与额度",
} do
  for _, words in ipairs { errcodes.hint(code), errcodes.find(code).action_zh } do
    check.has(words, "微信开发者平台")
    check.has(words, "https://developers.weixin.qq.com/platform")
    check.has(words, place)
  end
end
for _, code in ipairs(list) do
  local known = errcodes.find(code)
  for _, words in ipairs { known.action, known.action_zh } do
    check.equal(words:find("Basic configuration", 1, true) or words:find("基本配置", 1, true), nil, code .. ": a place of the past")
  end
end
check.has(errcodes.hint(40252), "do not send it again")
check.has(errcodes.hint(48001), "freepublish")
check.has(errcodes.hint(40037), "service category")
check.has(errcodes.find(40125).action_zh, "appsecret")
check.has(errcodes.hint(48001), "wemoon check --online")
check.has(errcodes.hint(40050), "mend the request")

check.equal(errcodes.find(123456), nil)
check.equal(errcodes.retryable(123456), false)
check.has(errcodes.hint(123456), "not known here")
