-- The Chinese of what the prompt says, by its English, which stands where it is said. A test ensures that every text of
-- lua/repl that is said has its Chinese here, with the same values in it. What C says is in src/bot/prompt_text.c.

local texts = {
  -- the banner
  ["wemoon %s · %s\n%s · .help lists the rest\n"] = "微月 %s · %s\n%s · .help 列出其余命令\n",
  ["calls go to the real platform"] = "调用发往真实的平台",
  ["there is no menu: draw one, menu:click(\"今日歌曲\", \"V1001\"), and .tap 今日歌曲; .push creates it on the platform"] =
    "没有菜单：先画一个，menu:click(\"今日歌曲\", \"V1001\")，再 .tap 今日歌曲；.push 把它创建到平台上",
  ["calls go to %s (api_base)"] = "调用发往 %s（api_base）",
  ["no appid and appsecret: calls go to a simulated platform"] = "没有 appid 和 appsecret：调用发往模拟的平台",
  ["%s answers what you .say"] = "%s 回应你 .say 的话",
  ["define an on_message, and .say 你好 to it"] = "定义 on_message，再对它 .say 你好",
  ["wemoon %s · %s\n%s.conversations, .end OPENID, .reload · .help lists the rest\n"] =
    "微月 %s · %s\n%s.conversations、.end OPENID、.reload · .help 列出其余命令\n",
  ["process %d serves %s: what you do here, it does"] = "进程 %d 正在运行 %s：你在这里做的，就是它做的",
  ["one of its %d Lua states: the others have globals of their own\n"] = "这是它的 %d 个 Lua 状态之一：其他状态各有自己的全局变量\n",

  -- notes and questions
  ["(the script failed)"] = "（脚本出错）",
  ["(no reply)"] = "（没有回复）",
  ["you are %s"] = "你是 %s",
  ["not done"] = "没有执行",
  ["%d more bytes were written: they are left out"] = "还写了 %d 个字节，没有显示",
  ["%s (y/N)"] = "%s (y/N)",
  ["to do it: %s yes"] = "要执行：%s yes",
  ["put it on the platform?"] = "放到平台上吗？",
  ["pushed"] = "已放到平台上",
  ["the platform has this menu already"] = "平台上已经是这个菜单",
  ["this discards what you drew:"] = "这会丢弃你画的：",
  ["what you drew is kept; the platform's menu has more:"] = "你画的都在；平台上的菜单还有：",
  ["fetch it anyway?"] = "仍要取回吗？",
  ["trace is %s"] = "trace 为 %s",
  ["written to %s"] = "已写入 %s",
  ["(an empty menu: menu:click(\"今日歌曲\", \"V1001\") adds a button)"] = "（空菜单：menu:click(\"今日歌曲\", \"V1001\") 添加一个按钮）",
  ["for users with %s:"] = "符合 %s 的用户：",

  -- errors
  ["error: "] = "错误：",
  ["unknown command %s: .help lists all"] = "没有命令 %s：.help 列出所有命令",
  ["unknown command %s; did you mean %s? .help lists all"] = "没有命令 %s；你是不是想输入 %s？.help 列出所有命令",
  ["commands begin with a dot: .help lists them"] = "命令以点开头：.help 列出所有命令",
  ["to leave: .quit, or Ctrl-D"] = "退出：.quit 或 Ctrl-D",
  ["nothing is known of %s"] = "不知道 %s 是什么",
  ["nothing is known of %s; did you mean %s?"] = "不知道 %s 是什么；你是不是想找 %s？",
  ["say what? .say 你好"] = "说什么？.say 你好",
  ["which button? .tap 1, .tap 2.1, or its name"] = "哪个按钮？.tap 1、.tap 2.1，或按钮的名字",
  ["there is no button %s"] = "没有按钮 %s",
  ["button %s opens a sheet: .tap %s.1"] = "按钮 %s 会展开列表：.tap %s.1",
  ["which scene? .scan 42"] = "哪个场景？.scan 42",
  ["where? .locate 23.13 113.36"] = "在哪里？.locate 23.13 113.36",
  ["menu is no longer a table: write menu = wechat.menu.new()"] = "menu 已不是表：请写 menu = wechat.menu.new()",
  ["not pushed: correct the faults first"] = "没有放到平台上：请先改正错误",
  ["there is no script: the bot is what you define here"] = "没有脚本：机器人就是你在这里定义的",
  ["on or off?"] = "on 还是 off？",
  ["which file? .save bot.lua"] = "哪个文件？.save bot.lua",
  ["%s is there already: name another file"] = "%s 已经存在：请换一个文件名",
  ["%s is not for a running bot: %s"] = "%s 不能用于运行中的机器人：%s",
  ["this prompt has no phone: the bot talks to its users. Send it a message as the platform would: wemoon send text 你好"] =
    "这里没有手机：机器人在和它的用户说话。请像平台那样给它发消息：wemoon send text 你好",
  ["it would slow every message down: the log shows them (log_level = \"debug\")"] = "它会拖慢每条消息：日志里有同样的内容（log_level = \"debug\"）",
  ["the file would be the bot's: write it at a prompt of its own (wemoon repl)"] = "那会是机器人的文件：请在单独的提示符（wemoon repl）里写",
}

-- What the simulated platform says of an act that a phone cannot do, and how wechat.menu tells changes, each behind its
-- place in the menu.
local forms = {
  { "^there is no menu: the bot has not created one %(create_menu%)$", "没有菜单：机器人还没有创建（create_menu）" },
  { "^the menu has no button (.+)$", "菜单里没有按钮 %1" },
  { "^'(.+)' opens a submenu: tap one of its buttons$", "“%1”会展开子菜单：请点其中的按钮" },
  { "^(.+) does not follow the account: follow first$", "%1 没有关注账号：请先 .subscribe" },
  { "^(%S+) is (.+) now, was (.+)$", "%1 现在是 %2，原来是 %3" },
  { "^(%S+) is (.+), was not there$", "%1 是 %2，原来没有" },
  { "^(%S+) is gone, was (.+)$", "%1 没有了，原来是 %2" },
  { "^(%S+) is (.+), was (.+)$", "%1 是 %2，原来是 %3" },
  { "^(%S+) is gone: (.+)$", "%1 没有了：%2" },
  { "^(%S+) is new: (.+)$", "%1 是新的：%2" },
  { "^(%S+) was (%S+): (.+)$", "%1 原来是 %2：%3" },
}

--- Returns the Chinese of a text, else the text.
---@param text string
---@return string
return function(text)
  if texts[text] then return texts[text] end
  for _, form in ipairs(forms) do
    if text:find(form[1]) then return (text:gsub(form[1], form[2])) end
  end
  return text
end
