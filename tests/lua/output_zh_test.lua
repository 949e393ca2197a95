-- Whatever a command prints for a person, it prints in Chinese too, with the same values in it, and nothing besides; and
-- what `wemoon new` writes has the same code in both languages.
local check = require "check"
local c_source = require "c_source"

local function read(path)
  local file <close> = assert(io.open("../../" .. path))
  return file:read("a")
end
local function literal_of(text) return load("return " .. text:gsub("\1", '\\"'))() end
-- A source of C, the parts of a literal joined; \1 stands for a quote in a literal.
local function source_of(path) return (read(path):gsub("\n%s*//[^\n]*", ""):gsub('"%s*\n%s*"', ""):gsub('\\"', "\1")) end

-- ---- the table of C

local function conversions_of(text)
  local list = {}
  for conversion in text:gmatch("%%[%d.*]*[hlz]*[%a%%]") do list[#list + 1] = conversion end
  return table.concat(list, " ")
end

local chinese_of, rows = {}, 0
for english, chinese in source_of("src/cli/output_text.c"):gmatch('{ ("[^"]*"),%s*("[^"]*") }') do
  english, chinese = literal_of(english), literal_of(chinese)
  chinese_of[english], rows = chinese, rows + 1
  check.equal(conversions_of(chinese), conversions_of(english), english)
  check.equal(chinese:match("\n*$"), english:match("\n*$"), english)
  check.equal(chinese:match("^ *"):sub(1, 1) == english:match("^ *"):sub(1, 1) or chinese:find("^（") ~= nil, true, english)
  check.equal(chinese ~= english, true, english)
end
check.equal(rows > 50, true, rows .. " texts")

-- ---- what commands print

local sources = {}
for path in assert(io.popen("ls ../../src/cli/*.c")):lines() do
  local name = path:match("([%w_]+)%.c$")
  -- Completions are code of a shell; the one for zsh is installed for all users, in English.
  if name ~= "output_text" and name ~= "completions" then sources[name] = read("src/cli/" .. name .. ".c") end
end

local says_in_both = { output_text = true, output_title = true, print_title = true, print_line = true, print_duration = true }
local used = {}
for name, source in pairs(sources) do
  c_source.each_literal(source, function(literal, callees)
    if not says_in_both[callees[1]] then return end
    used[literal] = true
    check.equal(literal == "" or chinese_of[literal] ~= nil, true, name .. ".c: " .. literal)
  end)
end
-- Those that are printed by a variable.
for title in sources.cmd_status:gmatch('{ "wemoon_[%w_]+{", ("[^"]*")') do
  used[literal_of(title)] = true
  check.equal(chinese_of[literal_of(title)] ~= nil, true, title)
end
for label in sources.cmd_replay:gmatch('print_reply%(c, ("[^"]*")') do
  used[literal_of(label)] = true
  check.equal(chinese_of[literal_of(label)] ~= nil, true, label)
end
for state in source_of("src/bot/admin.c"):match("bot%->refusing(.-);"):gmatch('"(%a+)"') do
  used[state] = true
  check.equal(chinese_of[state] ~= nil, true, "a state of /healthz: " .. state)
end
for english in pairs(chinese_of) do check.equal(used[english] or false, true, "a text that nobody prints: " .. english) end

-- No command prints words that are in no table. The literals below are no words of a language: code, names and examples.
local prints = { printf = true, fprintf = true, puts = true, fputs = true, report_print = true, buf_add = true, buf_printf = true }
local around = { STR = true, str_of = true, [""] = true } -- these give a literal to what prints it; other calls take names
local no_words = {
  cmd_check = {
    ["wemoon: check: %.*s\n"] = true,
  },
  cmd_dev = { -- code of other SDKs
    ["  wechatpy\n    class Client(wechatpy.WeChatClient):\n        API_BASE_URL = \"%s/cgi-bin/\"\n"
      .. "        def fetch_access_token(self):\n"
      .. "            return self._fetch_access_token(url=\"%s/cgi-bin/token\", params={\n"
      .. "                \"grant_type\": \"client_credential\", \"appid\": self.appid, \"secret\": self.secret})\n"
      .. "  WxJava\n"
      .. "    config.setHostConfig(WxMpHostConfig.builder().apiHost(\"%s\").mpHost(\"%s\").openHost(\"%s\").build());\n"
      .. "  EasyWeChat\n    'http' => ['base_uri' => '%s/'],\n  silenceper/wechat\n"
      .. "    util.SetURIModifier(func(uri string) string {\n"
      .. "        return strings.Replace(uri, \"https://api.weixin.qq.com\", \"%s\", 1)\n    })\n"
      .. "  co-wechat-api\n    api.prefix = '%s/cgi-bin/';\n"] = true,
  },
  compose = {
    [" event"] = true,
  },
  cmd_help = {
    ["%swemoon %s%s%s%s"] = true,
    ["  wemoon %-7s "] = true,
    ["  function on_message(msg) return \"你说：\" .. (msg.content or msg.type) end\n"] = true,
    ["wemoon %s: "] = true,
    ["  wemoon COMMAND --help, wemoon help COMMAND\n      "] = true,
  },
  cmd_test = { -- the contract with scripts
    ["ok  "] = true,
    ["FAIL"] = true,
    ["%d passed, %d failed\n"] = true,
  },
  commands = {
    ["wemoon %s\n"] = true,
  },
  print_reply = { -- JSON
    ["null"] = true,
  },
  reference = {
    [",{\"name\":"] = true,
  },
  repl_attach = { -- a member of the settings
    ["yes"] = true,
  },
  replay_spec = { -- a spec
    ["user:%s("] = true,
    ["user:follows("] = true,
    ["user:unfollows()"] = true,
    ["user:scans("] = true,
    ["user:causes("] = true,
    ["user:says("] = true,
    ["  expect(reply.xml):is(\"success\")\n"] = true,
    ["  expect(reply.text):%s("] = true,
    ["contains"] = true,
    ["is"] = true,
    ["):contains("] = true,
    ["  expect(reply.kind):is("] = true,
    ["  bot:account_kind(\"personal\")\n"] = true,
    ["  user:expects_later("] = true,
    ["  reply = "] = true,
    [", function()\n  local user, reply = bot:user("] = true,
    ["  bot:wait(%lld)\n"] = true,
    ["end)\n"] = true,
  },
  report = { -- said by docs/say.lua
    ["wemoon: %s%s%.*s\n"] = true,
    ["Try: wemoon %s%s--help"] = true,
  },
  services = { -- a setting
    ["sqlite:"] = true,
    ["wemoon.db"] = true,
  },
  serving = {
    [" send"] = true,
    [" text 你好\n"] = true,
  },
}
local function is_json(literal) return literal:find('^[{,]?"[%w_]+":') ~= nil end
local function is_printed(callees)
  local at = 1
  while around[callees[at]] do at = at + 1 end
  return prints[callees[at]] ~= nil
end
local met = {}
for name, source in pairs(sources) do
  c_source.each_literal(source, function(literal, callees)
    if not is_printed(callees) or is_json(literal) or not literal:gsub("%%[%d.*]*[hlz]*[%a%%]", ""):find("%a%a") then return end
    local exempt = no_words[name] and no_words[name][literal]
    met[name .. literal] = true
    check.equal(exempt or false, true, name .. ".c prints in English alone: " .. literal)
  end)
end
for name, literals in pairs(no_words) do
  for literal in pairs(literals) do check.equal(met[name .. literal] or false, true, name .. ".c does not print: " .. literal) end
end

-- ---- what `wemoon new` writes

-- Returns a line's code and its comment. A setting that is commented out is code.
local function parts_of(line)
  local setting, behind = line:match("^(%s*%-%- [%a_]+ = .-,)%s*(.*)$")
  if setting then return setting, behind:match("^%-%- (.*)") end
  local code_part, comment = line:match("^(.-)%s*%-%-%s?(.*)$")
  return code_part or line, comment
end
local function code_and_comments(path)
  local lines, comments = {}, {}
  for line in read(path):gmatch("[^\n]*") do
    lines[#lines + 1], comments[#comments + 1] = parts_of(line)
  end
  return table.concat(lines, "\n"), comments
end
for _, name in ipairs { "bot", "bot_spec", "config" } do
  local path = "lua/new/zh/" .. name .. ".lua"
  local chinese, comments = code_and_comments(path)
  local english, english_comments = code_and_comments("lua/new/" .. name .. ".lua")
  check.equal(chinese, english, path)
  check.equal(#comments, #english_comments, path)
  check.equal(#comments > 0, true, path)
  for _, comment in ipairs(comments) do
    check.equal(comment == "" or comment:find("[\xe4-\xe9][\x80-\xbf][\x80-\xbf]") ~= nil, true, path .. ": " .. comment)
  end
end

-- ---- what `check --online` says

local online_zh = require "docs.online_zh"
local sentences = {}
for _, name in ipairs { "online", "online_words", "errors", "errcodes" } do
  local source = read("lua/wechat/" .. name .. ".lua"):gsub("\n%s*%-%-[^\n]*", "\n"):gsub("\\z%s+", "")
  for literal in source:gmatch('"([^"\n]*)"') do sentences[literal] = name end
end
local parts = { ["online: "] = true, ["wemoon: online: "] = true }
local said = 0
local function expect_online(literal)
  said = said + 1
  local chinese = online_zh[literal]
  check.equal(chinese ~= nil and chinese ~= literal, true, "check --online: " .. literal)
  check.equal(conversions_of(chinese), conversions_of(literal), literal)
end
for literal, name in pairs(sentences) do
  local is_pattern = literal:find("%%[s%(%[%-]?[%*%+]") or literal:find("%(%[") ~= nil
  if name:find("^online") and literal:find(" ") and literal:find("%a%a") and not is_pattern and not parts[literal] then expect_online(literal) end
end
for what in read("lua/wechat/online.lua"):gmatch('what = "([^"]*)"') do expect_online(what) end
for _, name in ipairs { "online", "online_words" } do
  for word in read("lua/wechat/" .. name .. ".lua"):gmatch('words%.say%("([^"]*)"') do expect_online(word) end
end
for _, block in ipairs { read("lua/wechat/errors.lua"):match("local hints = {(.-)\n}"), read("lua/wechat/errors.lua"):match("\nlocal crowded = [^\n]*"),
  read("lua/wechat/errcodes.lua"):match("if not known then return [^\n]*") } do
  for hint in block:gmatch('"([^"]*)"') do expect_online(hint) end
end
check.equal(said > 30, true, said .. " sentences of check --online")
for english in pairs(online_zh) do check.equal(sentences[english] ~= nil, true, "a sentence that check --online does not say: " .. english) end
