-- Routing: `local bot = require "wechat.bot"`, rules, and `on_message = bot.on_message` at the end.
--
-- The first matching rule answers: texts by pattern or word and clicks by key in the order of their
-- definition, then rules for a type, then the default. A rule's answer is a function (msg, captures...), or a fixed
-- string or reply.

local misread = require "wechat.misread"

local bot = {}

local texts, clicks, types, default = {}, {}, {}, nil

local function check(name, argument, value, ...)
  for _, wanted in ipairs { ... } do
    if type(value) == wanted then return end
  end
  local expected = table.concat({ ... }, " or ")
  error(("bot.%s: %s is a %s (%s expected)"):format(name, argument, type(value), expected), 3)
end

---@alias Answer string|Reply|fun(msg: Message, ...: string): (Reply|string|nil)

--- Answers texts that match the Lua pattern; the answer gets the message and the captures.
---@param pattern string
---@param answer Answer
function bot.text(pattern, answer)
  check("text", "pattern", pattern, "string")
  check("text", "answer", answer, "function", "string", "table")
  local works, fault = pcall(string.find, "", pattern)
  if not works then error(("bot.text: '%s' is not a pattern: %s"):format(pattern, fault), 2) end
  texts[#texts + 1] = { pattern = pattern, answer = answer }
end

-- Makes full-width letters, digits and blanks narrow, and trims white space.
local narrow = { ["\u{3000}"] = " " }
for first, count in pairs { ["0"] = 10, A = 26, a = 26 } do
  for i = 0, count - 1 do
    local code = first:byte() + i
    narrow[utf8.char(code + 0xFEE0)] = string.char(code)
  end
end

local function plain(text)
  return (text:gsub("[\xE3\xEF][\x80-\xBF][\x80-\xBF]", narrow):match("^%s*(.-)%s*$"))
end

local function add_words(words, value, argument)
  check("word", argument, value, "string", "table")
  if type(value) == "string" then
    if plain(value) == "" then error(("bot.word: %s is empty"):format(argument), 3) end
    words[plain(value)] = true
    return
  end
  for i, one in ipairs(value) do
    if type(one) ~= "string" then error(("bot.word: %s[%d] is a %s (string expected)"):format(argument, i, type(one)), 3) end
    words[plain(one)] = true
  end
end

--- Answers texts that equal one of the words: words or lists of words, then the answer, which gets the
--- message and the word. Case matters. Full-width letters, digits and blanks count as narrow ones, marks of punctuation do not:
--- bot.word("天气", {"?", "？"}, fn).
---@param word string|string[]
---@param ... string|string[]|Answer
function bot.word(word, ...)
  local given = { word, ... }
  local answer = table.remove(given)
  check("word", "answer", answer, "function", "string", "table")
  if #given == 0 then error("bot.word: word is missing: bot.word(\"天气\", fn)", 2) end
  local words = {}
  for i, value in ipairs(given) do add_words(words, value, i == 1 and "word" or "word " .. i) end
  texts[#texts + 1] = { words = words, answer = answer }
end

--- Answers a tap on the menu button with that key.
---@param key string
---@param answer Answer
function bot.click(key, answer)
  check("click", "key", key, "string")
  check("click", "answer", answer, "function", "string", "table")
  clicks[key] = answer
end

--- Answers messages and events of a type: "image", "subscribe" ... For "location" both the message and the
--- event, unless told apart by msg.event.
---@param type_name string
---@param answer Answer
function bot.on(type_name, answer)
  check("on", "type", type_name, "string")
  check("on", "answer", answer, "function", "string", "table")
  types[type_name:lower()] = answer
end

--- Answers messages that no other rule answers.
---@param answer Answer
function bot.default(answer)
  check("default", "answer", answer, "function", "string", "table")
  default = answer
end

local function is_reply(value)
  local kind = type(value)
  return kind == "string" or not value or kind == "table" and getmetatable(value) ~= nil
end

-- Behind what is no reply the function that returned it: the log names its place (src/script/message_answer.c).
local function with_place(answer, reply)
  if is_reply(reply) then return reply end
  return reply, answer
end

local function give(answer, msg, ...)
  if type(answer) == "function" then return with_place(answer, answer(msg, ...)) end
  return answer
end

-- A pattern without captures gives none; string.match would give the whole match.
local function after_find(rule, msg, first, _, ...)
  if first then return true, give(rule.answer, msg, ...) end
end

local function after_word(rule, msg)
  local word = plain(msg.content)
  if rule.words[word] then return true, give(rule.answer, msg, word) end
end

local function answer_text(msg)
  for _, rule in ipairs(texts) do
    local fits, reply, place
    if rule.words then fits, reply, place = after_word(rule, msg)
    else fits, reply, place = after_find(rule, msg, msg.content:find(rule.pattern)) end
    if fits then return true, reply, place end
  end
end

---@param msg Message
---@return Reply|string|nil
function bot.on_message(msg)
  if msg.type == "text" and msg.content then
    local fits, reply, place = answer_text(msg)
    if fits then return reply, place end
  elseif msg.event == "click" and clicks[msg.key] then
    return give(clicks[msg.key], msg)
  end
  local answer = types[msg.type] or default
  if answer then return give(answer, msg) end
end

misread.watch(bot, "wechat.bot")

return bot
