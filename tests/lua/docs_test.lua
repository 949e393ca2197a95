-- The reference's modules and types: nothing is left out, and all is said in Chinese too.
local check = require "check"
require "fake_host"
local modules = require "docs.modules"
local annotations = require "meta.types"
local types = require "docs.types"
local zh = require "docs.texts_zh"

local function is_chinese(text) return text:find("[\xe4-\xe9][\x80-\xbf][\x80-\xbf]") ~= nil end

local rows = {}
for _, module in ipairs(modules) do
  check.equal(is_chinese(module.about[2]), true, module.name)
  for _, row in ipairs(module.rows) do
    rows[row[1]:match("^[%w_.:]+")] = true
    check.equal(is_chinese(row[3]), true, row[1])
  end
end
for name in pairs(require "wechat.bot") do check.equal(rows["bot." .. name], true, "bot." .. name) end
for _, row in ipairs(types.by_name.Model.rows) do check.equal(rows["model:" .. row[1]], true, "model:" .. row[1]) end

for _, class in ipairs(types.list) do
  check.equal(class.about == "" or zh(class.about) ~= nil, true, class.name .. ": " .. class.about)
  for _, row in ipairs(class.rows) do
    check.equal(row[3] == "" or zh(row[3]) ~= nil, true, class.name .. "." .. row[1] .. ": " .. row[3])
  end
end

-- A type is told from the words behind it.
local stream = {}
for _, row in ipairs(types.by_name.HttpStream.rows) do stream[row[1]] = row end
check.equal(stream.read[2], "fun(n?: integer): string?, ApiError?")
check.equal(stream.read[3], "what has come, or n bytes; nil at the end")
-- What is called with a colon is shown with one.
check.equal(stream.read.as_called, ":read")
check.equal(stream.status.as_called, "status")
for _, row in ipairs(types.by_name["wechat.json"].rows) do check.equal(row.as_called, row[1]) end
check.equal(types.by_name.StreamRequest.parent, "HttpRequest")

-- A field of messages says what it holds, and not its message's type once more, which stands above it.
local reference = require "docs.reference"
for _, field in ipairs(reference.message_fields()) do
  check.equal(field[3] ~= field.kinds and not field[3]:find("^voice") and not field[3]:find("^link$"), true, "msg." .. field[1])
  check.equal(field.kinds ~= "" or field[3]:find(" ", 1, true) ~= nil, true, "msg." .. field[1])
end
local own = {}
for _, group in ipairs(reference.message_types()) do
  for _, field in ipairs(group[2]) do own[group[1] .. " " .. field[1]] = field[3] end
end
check.equal(own["text content"], "what the user wrote")
check.equal(own["voice recognition"], "what was understood, where the account has speech recognition")
check.equal(own["shortvideo thumb_media_id"], own["video thumb_media_id"])
check.equal(own["events key"], "EventKey as sent")

-- A reply that an example makes is given back.
for name in pairs(annotations.returns) do
  if annotations.returns[name] == "Reply" and name:find("%$$") then
    check.equal(reference.example(name:match("[%w_]+"), {}):match("^return ") ~= nil, true, name)
  end
end
check.equal(reference.example("response_text", { { "content", "string" } }), 'return wechat.response_text("你好")')
check.equal(reference.example("response_none"), "return wechat.response_none()")
check.equal(reference.example("md5", { { "text", "string" } }), 'wechat.md5("你好")')

-- The outcomes of a message are the same words everywhere, and each is explained.
local function read(path)
  local file <close> = assert(io.open("../../" .. path))
  return file:read("a")
end
local function quoted(text)
  local words = {}
  for word in text:gmatch("[\"']([%l_]+)[\"']") do words[#words + 1] = word end
  return table.concat(words, " ")
end
local explained = {}
for i, outcome in ipairs(require("docs.words").outcomes) do
  explained[i] = outcome[1]
  check.equal(outcome[2] ~= "" and is_chinese(outcome[3]), true, outcome[1])
end
explained = table.concat(explained, " ")
check.equal(quoted(read("src/bot/outcome.h"):match("#define OUTCOMES(.-)\n\n")), explained, "OUTCOMES")
check.equal(quoted(read("lua/desk/live.js"):match("const outcomes = %[(.-)%]")), explained, "the desk's filter")
for outcome in explained:gmatch("%S+") do
  check.equal(read("lua/desk/live_words.js"):find("o_" .. outcome .. ": [", 1, true) ~= nil, true, "the desk's word for " .. outcome)
end

-- The fields of the log and the metrics are explained, in both languages.
local log_fields = {}
for _, field in ipairs(require("docs.words").log_fields) do
  log_fields[field[1]] = true
  check.equal(field[2] ~= "" and is_chinese(field[3]), true, field[1])
end
for _, path in ipairs { "src/bot/outcome.c", "src/base/log_line.c", "src/base/log.c", "src/base/log_sink.c" } do
  for name in read(path):gmatch('LOG_NAME%("([%w_]+)"%)') do check.equal(log_fields[name], true, name) end
end
local figures_zh, figures = read("lua/desk/figures_zh.js"), 0
for name in read("src/bot/bot_metrics.c"):gmatch('{%s*"(wemoon_[%l_]+)",') do
  figures = figures + 1
  check.equal(figures_zh:find("\n  " .. name .. ": '", 1, true) ~= nil, true, name)
end
check.equal(figures > 20, true, "metrics")

-- What the prompt says, in Lua and in C, it says in Chinese too, with the same values in it, and nothing besides.
local function values_of(text)
  local list = {}
  for value in text:gmatch("%%[%d.*l]*%a") do list[#list + 1] = value end
  return table.concat(list, " ")
end
local function expect_chinese(english, chinese)
  check.equal(chinese ~= nil and chinese ~= "", true, english)
  check.equal(values_of(chinese), values_of(english), english)
end
-- The literals that stand behind `before` in a source, by their text; the parts of one are joined.
local function literals(source, before)
  local found = {}
  for literal in source:gsub('"%s*\n%s*"', ""):gsub('\\"', "\1"):gmatch(before .. '%s*("[^"\n]*")') do
    found[load("return " .. literal:gsub("\1", '\\"'))()] = true
  end
  return found
end

-- Returns a table whose members are to be used: `unused()` returns those that were not.
local function all_used(keys)
  local used = {}
  local function unused()
    local list = {}
    for key in pairs(keys) do
      if not used[key] then list[#list + 1] = key end
    end
    return table.concat(list, "; ")
  end
  return used, unused
end

local say_zh = require "repl.texts_zh"
local lines_of_lua = {}
for english in read("lua/repl/texts_zh.lua"):gmatch('\n  %[("[^\n]-")%] =') do lines_of_lua[load("return " .. english)()] = true end
local used, unused = all_used(lines_of_lua)
local said = 0
for _, name in ipairs { "init", "commands", "draw", "evaluate" } do
  for english in pairs(literals(read("lua/repl/" .. name .. ".lua"), "[%w%s(]%.?say%s*%(?")) do
    said, used[english] = said + 1, true
    expect_chinese(english, say_zh(english))
    check.equal(say_zh(english) ~= english or english == "%s (y/N)", true, english)
  end
end
-- Those that are said by a variable stand in a table.
for reason in pairs(literals(read("lua/repl/commands.lua"), "%] =")) do used[reason] = true end
for reason in pairs(literals(read("lua/repl/commands.lua"), "no_phone =")) do used[reason] = true end
check.equal(said > 30, true, "texts that are said")
check.equal(unused(), "", "texts that nobody says")

local pairs_of_c, asked = {}, 0
local c_texts = read("src/bot/prompt_text.c"):gsub('"%s*\n%s*"', "")
for english, chinese in c_texts:gmatch('{ ("[^\n]-"),%s*("[^\n]-") }') do
  pairs_of_c[load("return " .. english)()] = load("return " .. chinese)()
end
local c_used, c_unused = all_used(pairs_of_c)
for path, before in pairs { ["src/bot/attach_session.c"] = "say%(session,", ["src/cli/cmd_repl.c"] = "language_text%(",
  ["src/cli/repl_attach.c"] = "language_text%(" } do
  for english in pairs(literals(read(path), before)) do
    asked, c_used[english] = asked + 1, true
    expect_chinese(english, pairs_of_c[english])
  end
end
check.equal(asked > 20, true, "texts that C says")
for english in pairs(literals(read("src/bot/attach_session.c"), "[,({]")) do c_used[english] = true end
check.equal(c_unused(), "", "texts that C does not say")

-- Each command of the prompt is explained in Chinese.
local prompt = require("docs.words").prompt
local commands = 0
for name in pairs(literals(read("lua/repl/commands.lua"), "add%(")) do
  commands = commands + 1
  check.equal(is_chinese(prompt[name] or ""), true, name)
end
check.equal(commands > 15, true, "commands")

-- `wemoon check` takes each type of message that wemoon has fields of, and each in the reference.
local habits = require "check.habits"
local types_of_c = read("src/script/message_value.c")
local function expect_type(name)
  local asked_of = { values = { { kind = "literal", value = name } }, meaning = { path = "bot.on" } }
  habits.judge_rule({ add = function(_, _, _, fault) check.equal(fault, nil, name) end }, asked_of)
end
local kinds = 0
for kinds_of in types_of_c:gmatch("static const Kind [%w_]+%[%] = (%b{})") do
  for name in kinds_of:gmatch('LITERAL%("([^"]+)"%)') do
    kinds = kinds + 1
    expect_type(name)
  end
end
check.equal(kinds, 12, "types in message_value.c")
for i, group in ipairs(require("docs.reference").message_types()) do
  if i > 2 then expect_type((group[1]:gsub("^event ", ""))) end
end
