-- The Chinese of the commands: summary, details and options. A test ensures that every command and option has it.

return {
  run = {
    summary = "运行机器人",
    details = [[
运行脚本的 on_message，直到收到 SIGTERM 或 SIGINT；SIGHUP 重新载入脚本。配置是脚本旁的 config.lua。

服务管理器交来套接字时（LISTEN_FDS；wemoon.socket 让 systemd 这样做），第一个代替 listen，第二个代替 admin_listen，重启时不会拒绝任何连接。服务失败次数过多时 systemd 也会停掉它的套接字：systemctl start wemoon.socket。

interpreters = N 时消息在 N 个 Lua 状态里运行，做计算的脚本因此能用 N 个核；每个状态最多用 script_memory_mb 内存。每个状态都载入脚本，两条消息（同一用户的也一样）可能在不同的状态里运行：数据要放在 wechat.store 和 wechat.session 里共享，不要放在脚本的全局变量或局部变量里。定时器和页面在载入脚本时注册：所有状态都有页面，只有一个状态运行定时器。
]],
  },
  dev = {
    summary = "把机器人、模拟的微信平台和浏览器控制台一起运行在一个本机端口上",
    details = [[
不需要公众号：配置里没有的都由模拟平台补上，机器人的调用也发往模拟平台。不给 BOT.lua 时只运行平台和控制台，供 --callback URL 处用任何语言写的机器人使用。

模拟的模板库里任何编号都有：get_template_id("TM00001") 添加一个模板，含 first、keyword1、keyword2 和 remark。43 个字符、没有被删除过的 template_id 视为在网站上添加的。
]],
    options = {
      callback = "用任何语言写的机器人的地址（不给 BOT.lua 时）",
      state = "把平台的状态保存在这个文件里（不给则每次从头开始）",
      port = "等于 --listen 127.0.0.1:PORT；0 表示任意空闲端口",
      fault = "打开故障：slow=毫秒、fail=错误码、quota、revoke、twice、network；多个用“,”相连",
      ["account-kind"] = "让账号只有这类账号的权限：personal、unverified、subscription、service、test（默认有全部权限）",
    },
  },
  repl = {
    summary = "提示符：调用接口、试做菜单、与机器人对话",
    details = [[
输入的是 Lua，其中有 `wechat`；.help 列出提示符自己的命令。没有 appid 和 appsecret 时平台是模拟的。不给 BOT.lua 时，在提示符里定义的 on_message 就是机器人。输入所派生的任务（wechat.spawn）与之后的输入并行。在管道里，有输入失败则退出状态为 1，结束前会等待派生的任务。Ctrl-C 结束正在运行的输入和它派生的任务；之前的输入派生的任务和机器人迟到的脚本不受影响。一秒内再按一次 Ctrl-C 也会结束它们，BOT.lua 的除外。

带 --attach 时提示符在运行中的机器人里工作，用它的 wechat、它的 token 和它的全局变量。每条输入是单独的任务，受 script_cpu_ms 限制，并由机器人记入日志。Ctrl-C 结束这条输入，一秒内再按一次也结束这个提示符的输入在上次重新载入之后所派生的任务；机器人的其他任务不受影响。机器人是 BOT.lua、当前目录的 config.lua 或 --config 所指的那个；有几个符合时用 --attach=SOCKET 选定。
]],
    options = { attach = "在运行中的机器人里工作：本配置的，或 --attach=SOCKET 的" },
  },
  exec = {
    summary = "运行一次脚本，其中有 `wechat`；把返回值打印成 JSON，一行一个",
    details = "选项要写在 FILE.lua 之前：它后面的都归脚本（`...` 和 `arg`）。配置是脚本旁的 config.lua，没有则是当前目录的。脚本抛出错误或返回 nil 和错误时退出状态为 1。",
    options = { eval = "运行 CODE，而不是文件" },
  },
  send = {
    summary = "像平台那样给运行中的机器人发一条消息；打印解密后的回复",
    details = [[
消息会签名，并按配置加密（当前目录的 config.lua）。事件的字段用平台的名字，嵌套的用点；item[2] 是列表的第二项。以横线开头的参数之前写 --。
事件没有编号，只靠它的那一秒来区分，所以这一秒过去后 send 才结束。种类：
]],
    options = {
      url = "机器人的地址（默认由 listen 和 path 得出）",
      from = "发送者（oWemoonSendUser0000000000001）",
      to = "收到消息的账号（gh_0123456789ab）",
      ["repeat"] = "用同一个 MsgId 发 N 次，像平台重试那样；有一次得到应答就算成功",
      raw = "原样打印收到的回复",
      json = "把回复打印成 JSON",
    },
  },
  test = {
    summary = "在模拟平台上运行机器人的测试",
    details = [[
NAME_spec.lua 测试它旁边的 NAME.lua。每个测试都有新的机器人、平台和存储；什么也不会离开本机。测试里可以写：
  test(NAME, FN), before_each(FN)
  bot:user("alice"):says(TEXT), :taps(NAME, ...), :follows([SCENE]), :unfollows(), :scans(SCENE),
    :locates(LAT, LNG), :sends_image(), :sends_voice(TEXT), :sends_location(LAT, LNG), :sends_link(...),
    :causes(EVENT, FIELDS)：回复（text、kind、articles……）；:sees()：聊天记录；
    :expects_later(TEXT[, WITHIN_S])：聊天里出现这段文字，最多等 60 秒
  bot:calls([ENDPOINT]), bot:session(USER), bot:store(KEY), bot:wait("10m"), bot:fault(NAME[, VALUE]),
    bot:answers(URL, ANSWER), bot:requests()
  expect(VALUE):is(V), :is_not(V), :contains(V), :matches(PATTERN), :raises(TEXT), :is_nil(), :exists();
  expect(FUNCTION):becomes(V[, SECONDS])：用于回复之外机器人所做的事
]],
    options = {
      bot = "所有测试的机器人（默认是 NAME_spec.lua 旁的 NAME.lua）",
      filter = "只运行名字里有 TEXT 的测试",
      quiet = "只打印失败和总数",
    },
  },
  new = {
    summary = "新建机器人：bot.lua、config.lua、一个测试、编辑器补全的设置",
    details = "--adopt 用账号的 appid 和 appsecret 询问平台（get_current_autoreply_info、get_current_selfmenu_info），写出 bot.lua、menu.lua 和不含密钥的 config.lua。",
    options = { adopt = "接管账号的自动回复和菜单（启用回调后它们会失效）" },
  },
  check = {
    summary = "载入脚本和配置，报告所有错误，不提供服务",
    details = [[
脚本的主体会运行，其中的函数不会。脚本和它旁边的模块还会被读一遍：找不到的模块，加载时互相 require 的模块，wechat 和 Lua 库里没有的名字，消息没有的字段（脚本自己设置的和平台以大写字母开头的除外），参数个数不对，参数、选项、字段、全局变量和钩子拼错，该用点的地方用了冒号，on_message 定义两次，做好却没有 return 的回复，return 了不是回复的东西，不存在的消息类型，字段与它不可能等于的值比较（msg.content == 1），用 + 连接文字，钩子写成 local，都算错误。语法错误除第一个以外，还会报告后面确定不是由它引起的，最多十个。带“提示：”的行只是可能有错，加 --strict 才影响退出状态：有条件地 require、或在作为参数的函数里 require 而找不到的模块（pcall 里的不报），load、dofile、算出名字的 require 或别人的模块可能设置了的 wechat 和 Lua 库的名字，回答消息时设置的和从未设置的全局变量，全局变量因为 load、dofile 或 _G 而没有检查，像是毫秒的秒数，主体里的 wechat.sleep，比 job_timeout_s 还长的 wechat.sleep，被别的规则挡住而永远不会回答的 wechat.bot 规则。脚本有错时退出状态为 1，配置有错或文件不存在时为 2；完全没有配置公众号时只检查脚本，并给出警告。--online 还会获取 access_token（存入机器人的存储）、读取菜单并试探账号的权限，什么也不改动；有需要处理的地方时退出状态为 1。
]],
    options = { online = "也询问平台：token、菜单、权限；说明要改什么", strict = "“提示：”和警告也算错误：退出状态为 1（没有配置公众号除外）" },
  },
  replay = {
    summary = "用记录下来的消息试脚本；打印不同的回复",
    details = "CAPTURE 是 `capture = FILE` 写下的文件。脚本在模拟平台上按记录的时间运行，平台把记录里的用户都当作关注者；脚本对其他主机的请求得到记录里的结果，没有则是 nil 和错误。迟到的部分也比较：比的是用户读到的全文，不管怎么分段。脚本 print 的内容写到标准错误，日志里对几条消息都一样的话也只在那里写一次；要看全部请加 --log-level warn。有任何不同则退出状态为 1。带 --spec 时什么也不运行，可以不给 BOT.lua。文字里平台的 rid 不比较。配置里没有 appid 和 appsecret、记录里也没有迟到的部分时，late_reply = auto 和当时的机器人一样把迟到的答复留着，测试里的账号也是不能主动发送的那一种。",
    options = { spec = "把该用户（默认是消息最多的用户）的记录写成测试；什么也不运行" },
  },
  store = {
    summary = "查看和修改脚本保存的值（wechat.store），格式是 JSON Lines",
    details = [[
账号和存储是 --config 所指的，没有则是当前目录的 config.lua 的；机器人的 token 从环境变量来时，这里也要给出（WEMOON_TOKEN 或 --token）。运行中的机器人看得到每个改动。
  list [PREFIX]    打印 {"key":...}，每个键一行
  get KEY          把值打印成 JSON；没有则退出状态为 1
  delete KEY       只删除这个键；没有则退出状态为 1
  export [PREFIX]  打印 {"key":...,"value":...}，值会过期时带 "expires_at"（Unix 秒）
  import           从标准输入读入 export 打印的内容，例如从 SQLite 搬到 Redis
]],
    options = { all = "导出和导入时也包括会话数据、token 和留存的答案" },
  },
  forget = {
    summary = "删除机器人为一个用户保存的全部内容",
    details = "与 wechat.forget(openid) 相同：删除该用户的会话数据、模型对话、对话记录、欠着的和留存的答案，并结束运行中的机器人里等待该用户的任务。脚本自己的键（wechat.store）下的值保留。正在回应该用户的脚本继续运行，它返回的内容照常发出；运行中的机器人一秒之内知道。账号和存储是 --config 所指的，没有则是当前目录的 config.lua 的；机器人的 token 从环境变量来时，这里也要给出（WEMOON_TOKEN 或 --token）。存储里只有别的账号的内容时退出码为 1。",
  },
  status = {
    summary = "打印运行中的机器人的状态",
    details = [[
询问 admin_listen 的 /healthz 和 /metrics（当前目录的 config.lua）。机器人不回答或正在停止时退出状态为 1。
--json 打印 /healthz 的内容，以及 /metrics 里不为 0 的计数，每种一个列表：
{"status":"ok",...,"callbacks":[{"type":"text","outcome":"replied","count":12}],"api_calls":[...],"late_replies":[...],"loads":[...],"lost_answers":[...]}。退出状态为 1 时，只要机器人有回答也会打印。
]],
    options = { url = "管理地址（由 admin_listen 得出）", json = "打印成一行里的一个 JSON 对象" },
  },
  explain = {
    summary = "用中文和英文解释平台的错误码和处理办法",
    details = [[CODE 是数字（40164、-1），或放在引号里的日志行、平台的应答：'{"errcode":40164,"errmsg":"..."}'。未知的错误码退出状态为 1。]],
  },
  docs = {
    summary = "打印参考手册的网页、手册页，或 shell 的补全",
    options = { lang = "网页和手册页的语言；不给则按 LANG" },
  },
}
