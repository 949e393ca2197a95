-- Routing: require "wechat.bot".
local check = require "check"
local bot = require "wechat.bot"

local function text(content) return bot.on_message(check.message("text", { { "Content", content } })) end

check.equal(text("nobody answers"), nil)

bot.text("^天气%s*(.*)", function(msg, city) return msg.type .. " " .. city end)
bot.text("^(%d+)%+(%d+)$", function(_, a, b) return a + b .. "" end)
bot.text("^none$", function(...) return select("#", ...) .. "" end)
bot.text("^hi$", "hello")
bot.text("^hi", "shadowed")
bot.word("晴雨", { "weather", "Ｗ１" }, function(_, word) return "word " .. word end)
bot.word("?", "question")
bot.click("KEY", function(msg) return "clicked " .. msg.key end)
bot.on("subscribe", "welcome")
bot.on("image", function(msg) return wechat.response_image(msg.media_id) end)
bot.on("location", function(msg) return msg.event and "event" or "message" end)

check.equal(text("天气 上海"), "text 上海")
check.equal(text("1+2"), "3")
check.equal(text("晴雨"), "word 晴雨")
check.equal(text("?"), "question")
check.equal(text("？"), nil, "a full-width mark of punctuation is another word")
check.equal(text("\u{3000} weather "), "word weather", "trimmed, a full-width blank too")
check.equal(text("ｗｅａｔｈｅｒ"), "word weather")
check.equal(text("W1"), "word W1", "a rule's own word may be the wide one")
check.equal(text("weather today"), nil, "the whole message, no part of it")
check.equal(text("Weather"), nil)
check.equal(text("none"), "1")
check.equal(text("hi"), "hello")
check.equal(text("hi there"), "shadowed")
check.equal(text("else"), nil)
check.equal(bot.on_message(check.event("CLICK", { { "EventKey", "KEY" } })), "clicked KEY")
check.equal(bot.on_message(check.event("CLICK", { { "EventKey", "OTHER" } })), nil)
check.equal(bot.on_message(check.event("subscribe", { { "EventKey", "" } })), "welcome")
check.equal(bot.on_message(check.message("image", { { "MediaId", "m" } })).media_id, "m")
check.equal(bot.on_message(check.message("location", { { "Location_X", "1" } })), "message")
check.equal(bot.on_message(check.event("LOCATION", { { "Latitude", "1" } })), "event")

-- Behind what is no reply stands the function that returned it, for the log.
local function wrong() return 42 end
bot.text("^wrong", wrong)
bot.word("wrong word", wrong)
bot.on("voice", function() return {}, "more" end)
check.equal(select(2, text("hi")), nil)
check.equal(select(2, text("天气 上海")), nil)
check.equal(select(2, bot.on_message(check.message("image", { { "MediaId", "m" } }))), nil)
check.equal(select(2, text("wrong")), wrong)
check.equal(select(2, text("wrong word")), wrong)
check.equal(type(select(2, bot.on_message(check.message("voice", {})))), "function")

bot.default("what?")
check.equal(text("else"), "what?")
check.equal(bot.on_message(check.event("CLICK", { { "EventKey", "OTHER" } })), "what?")

check.raises("bot.text: pattern is a number (string expected)", bot.text, 1, "x")
check.raises("bot.text: answer is a nil", bot.text, "x")
check.raises("bot.text: '[' is not a pattern", bot.text, "[", "x")
check.raises("bot.word: word is missing", bot.word, "x")
check.raises("bot.word: word is a number (string or table expected)", bot.word, 1, "x")
check.raises("bot.word: word[2] is a boolean (string expected)", bot.word, { "a", true }, "x")
check.raises("bot.word: word is empty", bot.word, " ", "x")
check.raises("bot.on: type is a nil", bot.on)
