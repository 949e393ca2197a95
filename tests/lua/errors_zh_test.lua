-- Whatever a command says of an error, it says in Chinese too, with the same values in it, and nothing besides.
local check = require "check"
local c_source = require "c_source"
local errors_zh = require "docs.errors_zh"
local say = require "docs.sentence"(errors_zh)

local function read(path)
  local file <close> = assert(io.open("../../" .. path))
  return file:read("a")
end
local function is_chinese(text) return text:find("[\xe4-\xe9][\x80-\xbf][\x80-\xbf]") ~= nil end

local tokens_of, joined = c_source.tokens_of, c_source.joined

-- ---- literals of C

-- Returns the literals that stand in the arguments of each call of `name`, but for those of src/bot/prompt_text.c.
local function literals_in_calls(tokens, name)
  local found, depth = {}, nil
  for i, token in ipairs(tokens) do
    if token.literal then
      local is_said = i > 1 and tokens[i - 1].code and tokens[i - 1].code:find("language_text%(%s*$")
      if depth and not is_said then found[#found + 1] = token.literal end
    else
      local at = 1
      while at do
        if not depth then
          local _, open = token.code:find("%f[%w_]" .. name .. "%(", at)
          at, depth = open and open + 1, open and 1
        else
          local bracket = token.code:find("[()]", at)
          if bracket then depth = depth + (token.code:sub(bracket, bracket) == "(" and 1 or -1) end
          if depth == 0 then depth = nil end
          at = bracket and bracket + 1
        end
      end
    end
  end
  return found
end

-- Returns the literals between two lines of a source: those of a table, or of a function.
local function literals_between(source, from, to)
  local found = {}
  local start = assert(source:find(from, 1, true), from)
  for _, token in ipairs(joined(tokens_of(source:sub(start, assert(source:find(to, start, true), to))))) do found[#found + 1] = token.literal end
  return found
end

-- ---- what is said

local CONVERSION = "%%[%d.*]*[hlz]*[%a%%]"

-- Names, and formats of values alone, are no sentences.
local function is_sentence(literal) return literal:gsub(CONVERSION, ""):find("%a%a+ +%a") ~= nil end

local function sample_of(format)
  local values = { d = "7", u = "8", X = "0A", g = "1.5", c = "x" }
  local list = {}
  local text = format:gsub(CONVERSION, function(conversion)
    if conversion == "%%" then return "%" end
    list[#list + 1] = values[conversion:sub(-1)] or "v" .. #list + 1
    return list[#list]
  end)
  return text, list
end

local said_of = {} -- the sentences of the sources
local count = 0
local function expect_chinese(format, where)
  format = format:gsub("^: ", "")
  local sample, values = sample_of(format)
  local said, at = say(sample), 1
  check.equal(is_chinese(said), true, where .. ": " .. format)
  for _, value in ipairs(values) do
    local from, to = said:find(value, at, true)
    check.equal(from ~= nil, true, ("%s: %s: %s in %s"):format(where, format, value, said))
    at = to + 1
  end
  count = count + 1
end

local function expect_all(path, names)
  local tokens = joined(tokens_of(read(path)))
  for _, token in ipairs(tokens) do
    if token.literal then said_of[token.literal:gsub("^: ", "")] = true end
  end
  for _, name in ipairs(names) do
    for _, literal in ipairs(literals_in_calls(tokens, name)) do
      if is_sentence(literal) then expect_chinese(literal, path) end
    end
  end
end

-- The commands. tree.test.js holds that none is left out.
local commands = "activation attach_place chat_watch cmd_check cmd_dev cmd_docs cmd_exec cmd_explain cmd_forget cmd_new cmd_repl cmd_replay cmd_run cmd_send"
  .. " cmd_status cmd_store cmd_test commands compose config config_keys config_names config_use openid_hash options preflight print_reply prompt report services serving store_accounts store_line inputs repl_attach"
for name in commands:gmatch("%S+") do expect_all("src/cli/" .. name .. ".c", { "report", "report_usage", "err_set", "FAULT" }) end

expect_all("src/script/loader.c", { "warn" })

-- What the layers below refuse at a command's start.
local below = "base/file store/memory store/redis store/redis_connection store/redis_link store/redis_scan store/redis_sentinel store/redis_tls store/redis_url"
  .. " store/sqlite store/sqlite_file store/store store/store_job store/backend store/backends wechat/account net/listener net/server net/client net/civetweb"
  .. " net/forwarded net/loop bot/attach bot/capture_file bot/maintenance bot/watch bot/desk bot/answer dev/devserver dev/replay script/settings"
  .. " script/interpreter codec/url codec/certificates codec/json_mend engine/engine engine/run_wait engine/worker api/api api/token"
for name in below:gmatch("%S+") do expect_all("src/" .. name .. ".c", { "err_set", "luaL_error", "raise" }) end
expect_all("src/net/transfer.c", {}) -- much of it concerns scripts alone; how a request fails stands below
-- What a script returned that is no JSON (exec), a code that is not known (explain), a token that is not to be had.
local function expect_said(sentence, where)
  said_of[sentence] = true
  expect_chinese(sentence, where)
end
for _, token in ipairs(joined(tokens_of(read("src/engine/value.c")))) do
  local what = token.literal and token.literal:gsub("%%I", "%%d") or ""
  local of_text = what:match("^%%s(is .*)")
  if of_text then expect_said("result %d cannot be written as JSON: %s has a key that " .. of_text, "value.c") end
  what = of_text or what
  local is_whole = what:find("^%l+s ") and not what:find(" $")
  if is_whole and is_sentence(what) then expect_said("result %d cannot be written as JSON: %s " .. what, "value.c") end
end
expect_said(read("lua/wechat/explain.lua"):match('local fault = "([^"]*)"'), "explain.lua")
expect_said(read("src/api/result.c"):match('STR%("(fetching [^"]*): "'), "result.c")
for _, name in ipairs { "faults", "account_kinds", "init" } do
  for literal in read("lua/platform/" .. name .. ".lua"):gmatch('"([^"\n]+)"') do said_of[literal] = true end
end

-- What is said by a variable stands in a table, or in a function of its own.
for _, place in ipairs {
  { "src/cli/cmd_send.c", "static const char *status_hint(", "\n}\n" },
  { "src/cli/command.c", "static const char *advice(", "\n}\n" },
  { "src/cli/config.c", "} partners[] = {", "};" },
  { "src/cli/config.c", "static const char *const wanted[] =", "};" },
  { "src/cli/preflight.c", "const char *mend =", ";\n  return" },
  { "src/net/listener.c", "const char *mend =", "return err_set" },
  { "src/net/transfer.c", "static const char *details(", "\n}\n" },
  { "src/net/transfer.c", "void transfer_fail(", "\n}\n" },
  { "src/net/transfer.c", "static const char *how_far(", "\n}\n" },
  { "src/net/transfer.c", "void transfer_expire(", "\n}\n" },
  { "src/store/sqlite_file.c", "const char *mend =", "return err_set" },
  { "src/store/redis_connection.c", "} refusals[] = {", "\n};" },
  { "src/store/redis_url.c", "// ---- hosts", "size_t redis_url_decode" },
} do
  for _, literal in ipairs(literals_between(read(place[1]), place[2], place[3])) do
    said_of[literal:gsub("^: ", "")] = true
    if is_sentence(literal) then expect_chinese(literal, place[1]) end
  end
end
-- The lists that config.c makes of a setting's values.
local keys = read("src/cli/config_keys.c")
for name in keys:gmatch("%.choices = ([%w_]+)") do
  local values = {}
  for value in keys:match("%*const " .. name .. "%[%] = (%b{})"):gmatch('"(.-)"') do values[#values + 1] = value end
  local last = table.remove(values)
  local list = table.concat(values, ", ") .. " or " .. last
  said_of[list] = true
  check.equal(errors_zh[list], table.concat(values, "、") .. " 或 " .. last)
end
-- The list that backends.c makes of the forms of stores, in its order.
local form_list = { "memory:", "sqlite:PATH" }
for _, form in ipairs(literals_between(read("src/store/redis_url.c"), "redis_url_forms[] = {", "\n};")) do form_list[#form_list + 1] = form end
said_of[table.concat(form_list, ", ")] = true
local upper = "%u%u%u%u" -- an English word that stands for a value
for i = 3, #form_list do check.equal(say("the port is not a number from 1 to 65535: write " .. form_list[i]):find(upper), nil) end
check.equal(say("the URL is not that of a store: write one of " .. table.concat(form_list, ", ")):find(upper), nil)
check.equal(count > 300, true, count .. " sentences")

-- ---- the table

-- What the system, libcurl and Lua say, and parts of sentences.
local from_outside = {
  ["No such file or directory"] = true, ["Permission denied"] = true, ["Is a directory"] = true, ["Not a directory"] = true, ["File exists"] = true,
  ["No space left on device"] = true, ["Read-only file system"] = true, ["Too many open files"] = true, ["Address already in use"] = true,
  ["Cannot assign requested address"] = true, ["Connection refused"] = true, ["Connection reset by peer"] = true, ["Broken pipe"] = true,
  ["Cannot allocate memory"] = true, ["Couldn't connect to server"] = true, ["Failed to connect to %s port %d after %d ms"] = true, ["Could not connect to server"] = true, ["Couldn't resolve host name"] = true,
  number = true, boolean = true, string = true, table = true, ["function"] = true, ["store: %s"] = true, ["--fault: %s"] = true,
  ["%s (write -- before an argument that begins with a dash)"] = true,
}
local function conversions_of(text)
  local list = {}
  for conversion in text:gmatch(CONVERSION) do list[#list + 1] = conversion end
  return table.concat(list, " ")
end
for english, chinese in pairs(errors_zh) do
  check.equal(said_of[english] or from_outside[english] or false, true, "a sentence that nobody says: " .. english)
  check.equal(conversions_of(chinese), conversions_of(english), english)
end

-- ---- sentences in sentences

for english, chinese in pairs {
  ["bot.lua: No such file or directory"] = "bot.lua：没有这个文件或文件夹",
  ["prot (from config.lua:3): unknown key: did you mean port?"] = "prot（来自 config.lua:3）：没有这个键：你是不是想写 port？",
  ["proxy (from --proxy): the address names no host: write http://[USER:PASSWORD@]HOST:PORT or socks5://HOST:PORT"] =
    "proxy（来自 --proxy）：地址里没有主机名：请写 http://[USER:PASSWORD@]HOST:PORT 或 socks5://HOST:PORT",
  ["admin_listen: cannot listen on 127.0.0.1:80: Permission denied: ports below 1024 need rights; listen on a higher one, behind a proxy"] =
    "admin_listen：无法监听 127.0.0.1:80：没有权限：1024 以下的端口需要权限；请监听更大的端口，前面放代理",
  ["store: Redis at 127.0.0.1:6379: Connection refused: start it, or correct the store's address"] =
    "存储：Redis（127.0.0.1:6379）：连接被拒绝：请启动它，或改正存储的地址",
  ["unknown option -x (write -- before an argument that begins with a dash)"] = "没有选项 -x（以横线开头的参数之前请写 --）",
  ["store (from config.lua): is a number, must be a string: put it in quotes"] = "store（来自 config.lua）：是 数字，应为字符串：请放在引号里",
  ["bot.lua:3: attempt to index a nil value (global 'x')"] = "bot.lua:3: attempt to index a nil value (global 'x')",
  [""] = "",
  -- the user's own words
  ["unknown command string"] = "没有命令 string：wemoon --help 列出所有命令",
  ["there is no key table: wemoon store list prints the keys"] = "没有键 table：wemoon store list 打印所有的键",
  ["function (from config.lua:3): unknown key: remove it"] = "function（来自 config.lua:3）：没有这个键：请删掉",
  ["cannot read a space: Permission denied"] = "无法读取 a space：没有权限",
  ["byte 3 of the address is a space: write %20 in its place"] = "地址的第 3 个字节是空格：请改写成 %20",
  ["c.jsonl has no message of anybody"] = "c.jsonl 里没有来自 任何人 的消息",
  -- what a script says
  ["(command line):1: No such file or directory"] = "(command line):1: No such file or directory",
  ["a: b: c: function"] = "a: b: c: function",
} do check.equal(say(english), chinese) end

-- A pattern of adjacent texts, tried on what it does not fit, would take hours here; an error may quote a whole file.
for _, text in ipairs { ("x"):rep(3000), ("x y"):rep(300) .. " is stuck in a call that does not return: y", (": "):rep(480) } do
  local begun = os.clock()
  check.equal(say(text), text)
  check.equal(os.clock() - begun < 5, true, "the time for " .. #text .. " bytes")
end

-- ---- the faults of a menu

local faults_zh = require "docs.menu_faults_zh"
local say_fault = require "docs.sentence"(faults_zh)
local faults = 0
for format in read("lua/wechat/menu/check.lua"):gsub("%-%-%-[^\n]*", ""):gmatch('"([^"\n]+)"') do
  if format:find("^is ") or format:find("^has ") or format:find("^does ") or format:find("^goes ") then
    faults = faults + 1
    local sample = sample_of(format)
    check.equal(is_chinese(say_fault(sample)), true, format)
    check.equal(faults_zh[format] ~= nil, true, format)
  end
end
check.equal(faults > 25, true, "faults of a menu")
check.equal(say_fault("is a number (string expected)"), "是 数字（应为字符串）")

-- ---- the findings of `wemoon check`

local findings_zh = require "docs.findings_zh"
local say_finding = require "docs.sentence"(findings_zh)
local no_findings = { -- names and parts of names
  ["wechat.http.get wechat.http.post"] = true,
  ["if x then"] = true, ["elseif x then"] = true, ["while x do"] = true, -- of syntax.lua, which tells in words of Lua
}
local findings = 0
local function expect_findings(path)
  local source = read(path):gsub("\n%s*%-%-[^\n]*", "\n"):gsub("[ ;]%-%- [^\n]*", "")
  source = source:gsub("\\z%s+", "")
  for _, quoted in ipairs { '"([^"\n]*)"', "'([^'\n]*)'" } do
    for literal in source:gmatch(quoted) do
      local is_pattern = literal:find("^%^") or literal:find("%%[%^%-%[%(%a][+*-]")
      if literal:find("%a%a+ %a+ [%a%%]") and not is_pattern and not no_findings[literal] then
        findings = findings + 1
        check.equal(is_chinese(say_finding((sample_of(literal)))), true, path .. ": " .. literal)
      end
    end
  end
end
for _, name in ipairs { "init", "names", "calls", "modules", "habits", "forms", "fields", "methods", "gives", "meanings", "statements",
  "rules", "units", "message_fields", "syntax" } do expect_findings("lua/check/" .. name .. ".lua") end
check.equal(findings > 15, true, findings .. " findings")
for english, chinese in pairs(findings_zh) do check.equal(conversions_of(chinese), conversions_of(english), english) end

-- Whether a source holds the longest piece of the row: what is in its %s may stand elsewhere.
local composed = { ["%d arguments"] = true, ["%s has no option %s"] = true } -- made of a word with an s, or behind "has no"
local sources = {}
for name in ("check/init check/calls check/fields check/forms check/gives check/habits check/meanings check/message_fields check/methods"
  .. " check/modules check/names check/rules check/statements check/units wechat/args wechat/fields wechat/misread wechat/reply wechat/menu/types meta/types"):gmatch("%S+") do
  sources[#sources + 1] = read("lua/" .. name .. ".lua"):gsub("\\z%s+", ""):gsub('\\"', '"')
end
sources = table.concat(sources, "\n")
local stdlib = read("src/engine/stdlib.c"):gsub('" NEEDS_SHELL', 'needs allow_shell = true in the configuration"')
for _, why in ipairs(literals_between(stdlib, "left_out[] = {", "\n};")) do
  if is_sentence(why) then check.equal(is_chinese(say_finding(why)), true, "stdlib.c: " .. why) end
end
sources = sources .. stdlib

for english in pairs(findings_zh) do
  local longest = ""
  for piece in (english:gsub(CONVERSION, "\0") .. "\0"):gmatch("([^\0]*)\0") do longest = #piece > #longest and piece or longest end
  check.equal(composed[english] or sources:find(longest, 1, true) ~= nil, true, "a finding that nobody says: " .. english)
end
for english, chinese in pairs {
  ["there is no wechat.foo; did you mean wechat.for?"] = "没有 wechat.foo；你是不是想写 wechat.for？",
  ["wechat.create_menu takes 1 argument, not 2"] = "wechat.create_menu 取 1 个参数，不是 2 个",
  ["msg.location has no field lat (it has x, y)"] = "msg.location 没有字段 lat（它有 x, y）",
  ["msg.content is a text and 5 a number: write \"5\", or tonumber(msg.content)"] =
    "msg.content 是 文字，而 5 是 数字：请写 \"5\"，或 tonumber(msg.content)",
  ["there is no wechat.table"] = "没有 wechat.table",
  ["there is no global text"] = "没有全局变量 text",
  ["note: the global page is set while a page is answered: all users share it, and a restart loses it. Write local, or keep it in wechat.session() (of one user) or wechat.store"] =
    "提示：全局变量 page 在处理网页时被设置：所有用户共用它，重启后就没有了。请写 local，或放在 wechat.session()（每个用户各一份）或 wechat.store 里",
  ["note: there is no global foo"] = "提示：没有全局变量 foo",
} do check.equal(say_finding(english), chinese) end

-- ---- what strangers write takes no time

local began = os.clock()
say(("a: (from b): "):rep(300))
check.equal(os.clock() - began < 10, true, "a text of 4 KB")
