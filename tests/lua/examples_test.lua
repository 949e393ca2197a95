-- The example bots: each answers as its first lines say, in at most 40 lines.
local check = require "check"

local folder = "../../scripts/"

-- Loads an example in globals of its own and gives its on_message.
local function load_bot(name)
  package.loaded["wechat.bot"] = nil
  local lines = 0
  local first
  for line in io.lines(folder .. name .. ".lua") do
    first, lines = first or line, lines + 1
  end
  assert(lines <= 40, name .. " has more than 40 lines")
  assert(first:find("^%-%- "), name .. " does not say what it shows")
  local globals = setmetatable({}, { __index = _G })
  assert(loadfile(folder .. name .. ".lua", "t", globals))()
  return globals.on_message
end

local function text(content) return check.message("text", { { "Content", content } }) end
local function click(key) return check.event("CLICK", { { "EventKey", key } }) end

local hello = load_bot("hello")
check.equal(hello(text("hi")).content, "你说：hi")
check.has(hello(check.event("subscribe", { { "EventKey", "" } })), "欢迎关注")
check.equal(hello(check.message("image")), nil)

local echo = load_bot("echo")
check.equal(echo(text("你好")), "你好")
check.equal(echo(check.event("unsubscribe")), nil)

local keyword = load_bot("keyword")
check.has(keyword(text(" 地址 ")), "上海")
check.has(keyword(text("时间")), "现在是")
check.equal(keyword(text("?")), "可以问我：地址、时间、电话")

local news = load_bot("news")
check.equal(#news(click("NEWS")).articles, 3)
check.equal(#news(text("星空")).articles, 1)
check.has(news(text("恐龙")), "没有找到")

local location = load_bot("location")
check.has(location(check.message("location", { { "Location_X", "31.2290" }, { "Location_Y", "121.4480" } })),
  "静安店")
check.has(location(check.event("LOCATION", { { "Latitude", "31.2215" }, { "Longitude", "121.5447" } })),
  "浦东店，0.0 公里")

local subscribe = load_bot("subscribe")
check.has(subscribe(check.event("subscribe", { { "EventKey", "qrscene_shop-42" }, { "Ticket", "T" } })),
  "42 号店")
check.has(subscribe(check.event("SCAN", { { "EventKey", "conference" }, { "Ticket", "T" } })), "会议资料")
check.equal(subscribe(check.event("subscribe", { { "EventKey", "" } })), "欢迎关注！")
check.equal(subscribe(check.event("unsubscribe", { { "EventKey", "" } })), nil)

local menu = load_bot("menu")
check.equal(menu(click("SONG")).type, "music")
check.has(menu(click("LIKE")), "第 1 个")
check.has(menu(click("LIKE")), "第 2 个")
check.equal(menu(check.event("scancode_waitmsg", { { "EventKey", "SCAN" } },
  "<ScanCodeInfo><ScanResult>42</ScanResult></ScanCodeInfo>")), "扫到：42")

check.has(load_bot("oauth")(text("?")), "登录")

local router = load_bot("router")
check.equal(router(text("掷骰子 1")), "掷出了 1")
check.equal(router(text("重复 2 次 好")), "好\n好")
check.has(router(text("帮助")), "掷骰子")
check.equal(router(check.message("image", { { "MediaId", "m" } })).media_id, "m")
check.has(router(text("?")), "没听懂")
