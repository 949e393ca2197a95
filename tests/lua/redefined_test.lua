-- A script that has functions called `type`, `select` or `error` of its own changes nothing for wechat.
local check = require "check"

local names = {
  "type", "select", "error", "pairs", "ipairs", "setmetatable", "tostring", "pcall", "next", "rawset",
  "require", "string", "table", "math",
}
local before = {}
for _, name in ipairs(names) do before[name] = _G[name] end
for _, name in before.ipairs(names) do _G[name] = function() end end

local reply = wechat.response_music { music_url = "u", title = "t" }
local news = wechat.response_news { { title = "a" } }
local signature = wechat.pay_sign { a = "1", b = "2" }
local api = wechat.create_menu

for name, value in before.pairs(before) do _G[name] = value end

check.equal(reply.title, "t")
check.equal(#news.articles, 1)
check.equal(#signature, 32)
check.equal(type(api), "function")
