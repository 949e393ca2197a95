-- The simulated platform's parts that need no server: what it takes as a reply, its faults, its events, how elements
-- are written.
local check = require "check"

local json = { encode = wechat.json.encode, encode_lossy = wechat.json.encode, decode = wechat.json.decode, array = wechat.json.array, null = wechat.json.null }
local host = { json = json, time = { spawn = function() end, sleep = function() end } }

local function new_platform(...)
  local p = { host = host, told = {}, resets = {}, first_id = 1500 }
  function p.emit(event, data) p.told[#p.told + 1] = { event, data } end
  function p.on_reset(fn) p.resets[#p.resets + 1] = fn end
  function p.media_url(id) return "http://here/" .. id end
  function p.clock() return 1.5 end
  for _, part in ipairs { ... } do require("platform." .. part)(p, host) end
  return p
end

-- ---- passive replies

local p = new_platform("passive")

local function read(reply, item)
  reply.ToUserName = reply.ToUserName or "o1"
  item = item or {}
  item.openid, item.kind = "o1", item.kind or "text"
  return p.read_reply(item, reply)
end

local function refused(reply, why)
  local entry, text = read(reply)
  check.equal(entry, nil)
  check.has(text, why)
end

check.equal(read { MsgType = "text", Content = ("x"):rep(2048) }.kind, "text")
refused({ MsgType = "text", Content = ("x"):rep(2049) }, "2049 bytes")
refused({ MsgType = "text" }, "needs Content")
refused({ MsgType = "text", Content = "x", ToUserName = "o2" }, "ToUserName is 'o2'")
refused({ MsgType = "TEXT", Content = "x" }, "a reply of MsgType 'TEXT' does not exist")
refused({}, "a reply of MsgType '' does not exist")
refused({ MsgType = "image", Image = "x" }, "needs Image")
refused({ MsgType = "image", Image = {} }, "needs Image.MediaId")
refused({ MsgType = "music", Music = { Title = "x" } }, "needs Music.MusicUrl")
check.equal(read { MsgType = "image", Image = { MediaId = "m" } }, { kind = "image", media_id = "m", url = "http://here/m" })

local function news(count, said)
  local items = {}
  for i = 1, count do items[i] = { Title = "t" .. i } end
  return { MsgType = "news", ArticleCount = tostring(said or count), Articles = { item = items } }
end

check.equal(#read(news(3)).articles, 1, "articles in answer to a message")
check.equal(#read(news(9), { is_event = true, kind = "CLICK" }).articles, 8, "articles in answer to an event")
refused(news(2, 3), "ArticleCount is '3'")
refused({ MsgType = "news", ArticleCount = "0" }, "needs Articles")

local seen = { kind = "VIEW", is_event = true }
check.equal(read({ MsgType = "text", Content = "x" }, seen), false, "the reply to VIEW")
check.has(seen.note, "sees no reply")
check.equal(read { MsgType = "transfer_customer_service" }.from, "system")
p.account_kind = "personal"
local nobody = {}
check.equal(read({ MsgType = "transfer_customer_service" }, nobody), false, "handed over to nobody")
check.has(nobody.note, "has no customer service staff")
p.account_kind = nil

-- ---- faults

p = new_platform("faults")
check.equal(p.parse_faults "slow=300,fail=45009,twice", true)
check.equal(p.faults, { slow_ms = 300, fail = 45009, twice = true })
check.equal(p.switch_faults { fail = 0, twice = false, quota = true }, true)
check.equal(p.faults, { slow_ms = 300, quota = true })
check.equal(p.switch_faults { slow_ms = wechat.json.null }, true)
for wanted, why in pairs {
  [{ rain = true }] = "unknown fault 'rain'", [{ slow_ms = "x" }] = "takes a number", [{ quota = 1 }] = "takes a true or false",
  [{ fail = -1 }] = "takes a number", [{ quota = false, rain = 1 }] = "unknown fault 'rain'",
} do
  local done, text = p.switch_faults(wanted)
  check.equal(done, nil)
  check.has(text, why)
end
check.equal(p.faults, { quota = true }, "after refusals")
check.has(select(2, p.parse_faults "slow"), "slow=NUMBER")
p.resets[1]()
check.equal(p.faults, {})

-- ---- events

p = new_platform("events")
local start = p.last_event()
local function collect(after, room)
  local got = {}
  p.event_stream(after).stream(function(text)
    local id, name = text:match("^id: (%d+)\nevent: (%l+)")
    got[#got + 1] = id and ("%s %d"):format(name, tonumber(id) - start) or text
    return #got < room
  end)
  return table.concat(got, ", ")
end
for _ = 1, 3 do p.emit("entry", {}) end
check.equal(p.last_event(), start + 3)
check.equal(collect(start + 1, 3), "entry 2, entry 3, : still here\n\n")
check.equal(collect(start, 2), "entry 1, entry 2")
check.equal(collect(nil, 1), ": still here\n\n")
check.equal(collect(start + 99, 1), "reset 3", "for who knows too much")
check.equal(collect(start - 1, 1), "reset 3", "for a client of an earlier process")
for _ = 1, 1000 do p.emit("entry", {}) end
check.equal(collect(start + 1, 1), "reset 1003", "for who was away too long")
check.equal(collect(start + 1001, 2), "entry 1002, entry 1003")

-- ---- elements

p = new_platform("delivery")
check.equal(p.elements { B = 1, A = { D = { "x", "y" }, C = true }, [1] = "no name" },
  { { "A", { { "C", true }, { "D", "x" }, { "D", "y" } } }, { "B", 1 } })

-- ---- endpoints

local api, catalogue = require "platform.api", require "wechat.catalogue"
local core = {
  token = true, basic = true, menu = true, message = true, media = true, material = true, draft = true, freepublish = true,
  user = true, tag = true, group = true, qrcode = true, kf = true, comment = true, oauth = true, openapi = true,
}
local samples, counted = {}, 0
for _, group in ipairs(catalogue.groups) do
  local _, names = catalogue.group(group)
  for _, name in ipairs(core[group:match("^[^.]+")] and names or {}) do
    counted = counted + 1
    if not api.behaves(group .. "." .. name) then samples[#samples + 1] = group .. "." .. name end
  end
end
check.equal(samples, {}, "endpoints of the core that answer with a sample")
check.equal(counted > 130, true, "endpoints of the core")

-- ---- kinds of account

local kinds = require "platform.account_kinds"
for _, kind in ipairs(kinds.names) do check.equal(kinds.exists(kind), true, kind) end
check.equal(kinds.exists("rich"), false)
for name, codes in pairs {
  ["menu.create"] = { 48001, 48001 }, ["menu.get_current_selfmenu_info"] = {}, ["qrcode.show"] = {}, ["qrcode.create"] = { 48001, 48001, 48001 },
  ["qrcode.jump_add"] = { 48001, 48001, 48001, nil, 48001 }, ["message.mass.send"] = { 48001, 48001, 48001, nil, 48001 },
  ["message.mass.sendall"] = { 48001, 48001 }, ["message.subscribe.send_once"] = { 48001, 48001 },
  ["message.subscribe.bizsend"] = { 48001, 48001, 48001, nil, 48001 }, ["comment.list"] = { 88000, 88000, nil, nil, 88000 },
  ["kf.list"] = { 48001, 48001, nil, nil, 65400 }, ["freepublish.submit"] = { 48001, 48001, nil, nil, 48001 }, ["draft.add"] = {},
  ["datacube.publisher_settlement"] = { 48001, 48001, 48001, 48001, 48001 }, ["token.get_stable_access_token"] = {}, ["media.upload"] = {},
} do
  for i, kind in ipairs(kinds.names) do check.equal(kinds.refusal(kind, name), codes[i], kind .. " " .. name) end
  check.equal(kinds.refusal(nil, name), nil, name .. " of an account with every right")
end
check.equal({ kinds.calls("test", "menu.get"), kinds.calls("service", "menu.get"), kinds.calls("test", "draft.add") }, { 1000 })
check.equal({ kinds.hears("personal", "CLICK"), kinds.hears("personal", "subscribe"), kinds.hears("test", "SCAN"), kinds.hears(nil, "CLICK") },
  { false, true, true, true })

-- ---- documents

local compose = require("platform.document").compose
check.equal(compose { { "A", "1" }, { "B", 1 }, { "C", { { "D", "x]]>y" }, { "E", true } } }, { "no name", "x" } },
  "<xml><A><![CDATA[1]]></A><B>1</B><C><D><![CDATA[x]]]]><![CDATA[>y]]></D><E>true</E></C></xml>")
check.equal(compose { { "A", "a\1\0b\tc\u{FFFE}" } }, "<xml><A><![CDATA[ab\tc\u{FFFD}]]></A></xml>")
