-- The reference's rows of the modules, `require "wechat.bot"` and `require "wechat.model"`, in English and Chinese.
-- A test ensures that every function of the modules has its row here.

local modules = {}

modules[1] = {
  name = "wechat.bot",
  about = {
    "Routing: rules, and on_message = bot.on_message at the end. Texts and clicks are tried in the order of their rules, then rules for a type, then the default. An answer is a string, a reply, or a function that gets the message.",
    "路由：先写规则，最后写 on_message = bot.on_message。文本和点击按规则的先后匹配，然后是按类型的规则，最后是默认规则。answer 是字符串、回复，或收到消息的函数。",
  },
  rows = {
    { "bot.text(pattern, answer)", "Answers texts in which the Lua pattern is found; its captures follow the message in the call.",
      "回应含有该 Lua 模式的文本；捕获的内容跟在消息之后传给函数。",
      'bot.text("^天气%s*(.*)", function(msg, city) return city .. "：晴" end)' },
    { "bot.word(word, ..., answer)",
      "Answers texts that are one of the words, as a whole: words or lists of words, then the answer, which gets the message and the word. Case matters. Full-width letters, digits and blanks count as narrow ones; marks of punctuation do not: write both, {\"?\", \"？\"}.",
      "回应整条文本恰好是其中一个词的消息：先写词或词的列表，最后是 answer，它收到消息和那个词。区分大小写。全角字母、数字和空格与半角相同；标点不然，要写两种：{\"?\", \"？\"}。",
      'bot.word("帮助", { "help", "？", "?" }, "发“天气 北京”试试。")' },
    { "bot.click(key, answer)", "Answers a tap on the menu button with that key.", "回应对该 key 的菜单按钮的点击。",
      'bot.click("TODAY", function() return wechat.response_music("https://example.com/a.mp3", "今日歌曲") end)' },
    { "bot.on(type_name, answer)", "Answers messages and events of a type; \"location\" is both the message and the event.",
      "回应某个类型的消息和事件；\"location\" 既是消息也是事件。",
      'bot.on("subscribe", "你好，欢迎关注！")' },
    { "bot.default(answer)", "Answers what no other rule answers.", "回应其他规则都没有回应的消息。",
      'bot.default(function(msg) if not msg.event then return "没听懂。" end end)' },
    { "bot.on_message(msg)", "Applies the rules.", "按规则回应。", "on_message = bot.on_message" },
  },
}

modules[2] = {
  name = "wechat.model",
  about = {
    "Language models behind an OpenAI-compatible /chat/completions, streamed: what is whole by the deadline is the reply, the rest follows in parts.",
    "OpenAI 兼容的 /chat/completions 背后的大语言模型，流式读取：截止时间前说完的整句是回复，其余分段发出。",
  },
  rows = {
    { 'require "wechat.model" (settings)', "Gives a model. settings: ModelSettings.", "返回一个模型。settings：ModelSettings。",
      'local model = require "wechat.model" { url = "https://api.example.com/v1", key = os.getenv("MODEL_KEY"), model = "default" }' },
    { "model:reply(msg, [options])",
      "Answers a text, picture or voice message in parts (wechat.say), with the user's talk so far. Returns nothing, or nil and an error (ModelError), and says nothing of that itself (err.begun: a part of the answer was said). options: ModelReplyOptions.",
      "分段（wechat.say）回应文本、图片或语音消息，并带上该用户之前的对话。不返回值；失败时返回 nil 和错误（ModelError），自己不说什么（err.begun：答案已说出一部分）。options：ModelReplyOptions。",
      'local _, err = model:reply(msg, { system = "回答简短。", keep = 10 })\nif err then return "我现在想不出来，请稍后再试。" end' },
    { "model:chat(messages, [options])",
      "Asks with a question or a list of {role =, content =}; gives the text, or nil and an error (ModelError). options: ModelOptions.",
      "用一个问题或 {role =, content =} 的列表提问；返回文本，或 nil 和错误（ModelError）。options：ModelOptions。",
      'local text, err = model:chat("用一句话介绍北京")' },
    { "model:forget(msg)", "Drops the user's talk.", "删除该用户的对话。", "model:forget(msg)" },
  },
}

return modules
