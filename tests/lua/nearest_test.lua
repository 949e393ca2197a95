-- The nearest name, and a parser that takes all of the tree's own Lua.
local check = require "check"
local nearest = require "wechat.nearest"

local names = { "response_text", "response_news", "get_menu", "sleep", "ask", "tag" }
check.equal(nearest("respons_text", names), "response_text")
check.equal(nearest("repsonse_text", names), "response_text")
check.equal(nearest("RESPONSE_TEXT", names), "response_text")
check.equal(nearest("getmenu", names), "get_menu")
check.equal(nearest("aks", names), "ask")
check.equal(nearest("t", names), nil)
check.equal(nearest("something_else", names), nil)
check.equal(nearest("ab", { "ac", "aa" }), "aa", "of two that are equally near")
check.equal(nearest(("x"):rep(1000), names), nil)
check.equal(nearest("repsonse_txt", names), "response_text")
check.equal(nearest("repsonse_txt", names, 1), nil, "two letters differ, and one may")
check.equal(nearest("repsonse_text", names, 1), "response_text")

local misread = require "wechat.misread"
local methods = { "get_user_info", "get_menu", "response_text", "send_text_message", "send_image_message" }
check.equal(misread.hint("get_user", methods), "; did you mean get_user_info?")
check.equal(misread.hint("send_txt", methods, "wechat."), "; did you mean wechat.send_text_message?")
check.equal(misread.hint("respons_text", methods), "; did you mean response_text?", "the nearest one goes before")
check.equal(misread.hint("send_", methods), "", "two begin so")
check.equal(misread.hint("get", methods), "")
check.equal(misread.hint("responsible", methods), "")

local lex = require "check.lex"
local tokens = lex.tokens('a = "你好" .. b\n--[[ x\n ]] c')
local place = lex.placer('a = "你好" .. b\n--[[ x\n ]] c')
check.equal({ place(tokens[5].at) }, { 1, 13 })
check.equal({ place(tokens[#tokens - 1].at) }, { 3, 5 })

-- By the square it would take 64 times as long for 8 times the text. The least of three: another process may be in
-- one's way.
local function seconds_for(entries)
  local text, least = ("k = 'v', "):rep(entries), math.huge
  for _ = 1, 3 do
    local began = os.clock()
    lex.tokens(text)
    least = math.min(least, os.clock() - began)
  end
  return least
end
local few, many = seconds_for(2500), seconds_for(20000)
check.equal(many < 30 * few, true, ("a line of 2,500 entries takes %g s, one of 20,000 %g s"):format(few, many))

local parse = require "check.parse"
local watch = setmetatable({}, { __index = function() return function() end end })
local function takes(text) return parse.chunk(text, watch) end
check.equal(takes("local a = function(...) return ... end"), true)
check.equal(takes("#!/usr/bin/lua\nprint 'x'"), true)
check.equal(takes(""), true)
check.equal(takes("return;"), true)
check.equal(takes("local a ="), false, "half an assignment")
check.equal(takes("end"), false)

local list = io.popen("find ../../lua ../../scripts ../../tests -name '*.lua' -not -path '*/node_modules/*'")
for path in list:lines() do
  local file <close> = assert(io.open(path, "rb"))
  check.equal(takes(file:read("a")), true, path)
end
