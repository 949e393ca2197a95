-- wechat.menu: what the builder makes is the platform's JSON; each limit just kept and just broken; changes by path;
-- what goes out and what comes in.
local check = require "check"
local fake = require "fake_host"
local types = require "wechat.menu.types"

local menu = wechat.menu
local encode = wechat.json.encode

local function json(value, expected, what) check.equal(encode(value), expected, what) end

-- ---- the builder

local required = { key = "K", url = "https://a.example/", media_id = "M", article_id = "A", appid = "wx1", pagepath = "p" }
local expected_types = "click view scancode_push scancode_waitmsg pic_sysphoto pic_photo_or_album pic_weixin "
  .. "location_select media_id view_limited article_id article_view_limited miniprogram"
for name in expected_types:gmatch("%S+") do
  local row = types.by_name[name]
  local in_order, by_name, expected = {}, { name = "按钮" }, { type = name, name = "按钮" }
  for i, field in ipairs(row.fields) do
    in_order[i], by_name[field], expected[field] = required[field], required[field], required[field]
  end
  local built = menu.new()
  check.equal(built[name](built, "按钮", table.unpack(in_order)), built, name .. " gives the menu")
  built:sub("组")[name](built.button[2], by_name)
  json(built, encode { button = { expected, { name = "组", sub_button = { expected } } } }, name)
  json(menu.check(built), "{}", name .. " without faults")
  for _, field in ipairs(row.fields) do
    for place, at in pairs { [built.button[1]] = "button[1]", [built.button[2].sub_button[1]] = "button[2].sub_button[1]" } do
      place[field] = nil
      local faults = menu.check(built)
      check.equal(#faults, 1, name .. " without " .. field)
      check.equal(faults[1].path, at .. "." .. field)
      check.equal(faults[1].what, "is missing (string)")
      place[field] = required[field]
    end
  end
end
check.equal(#types.list, 13, "all types are tried")

json(menu.new(), '{"button":[]}')
local m = menu.new()
m:click("今日歌曲", "V1001_TODAY_MUSIC")
local s = m:sub("菜单")
s:view("搜索", "http://www.soso.com/"):click("赞一下我们", "V1001_GOOD")
json(m, '{"button":[{"key":"V1001_TODAY_MUSIC","name":"今日歌曲","type":"click"},{"name":"菜单","sub_button":['
  .. '{"name":"搜索","type":"view","url":"http://www.soso.com/"},{"key":"V1001_GOOD","name":"赞一下我们","type":"click"}]}]}')
json(s:remove(1), '{"name":"搜索","type":"view","url":"http://www.soso.com/"}')
m:move(1, 2)
json(m, '{"button":[{"name":"菜单","sub_button":[{"key":"V1001_GOOD","name":"赞一下我们","type":"click"}]},'
  .. '{"key":"V1001_TODAY_MUSIC","name":"今日歌曲","type":"click"}]}')
m:move { a = 2, b = 1 }
check.equal(m.button[1].name, "今日歌曲")

check.raises("wechat.menu:click: key is missing (string)", function() m:click("a") end)
check.raises("wechat.menu:click: name is a number (string expected)", function() m:click(1, "k") end)
check.raises("wechat.menu:view: there is no argument named 'key'", function() m:view { name = "a", key = "k" } end)
check.raises("wechat.menu:remove: n is 3 (1 to 2 expected)", function() m:remove(3) end)
check.raises("wechat.menu:remove: n is 0 (1 to 2 expected)", function() m:remove(0) end)
check.raises("wechat.menu:move: b is 3 (1 to 2 expected)", function() m:move(1, 3) end)
check.raises("wechat.menu:remove: n is 1 (there are no buttons)", function() menu.new():remove(1) end)
check.raises("menu_test.lua:", function() m.click("a", "k") end)
check.raises("call it with a colon: menu:click(...)", function() m.click("a", "k") end)
local round = { button = {} }
round.button[1] = { name = "a", sub_button = round.button }
check.raises("nested more than 20 deep", function() menu.new(round) end)

-- ---- what a menu is made of

local plain = { button = { { type = "click", name = "a", key = "k", sub_button = {} }, { name = "b", sub_button = {} } } }
local copied = menu.new(plain)
json(copied, '{"button":[{"key":"k","name":"a","type":"click"},{"name":"b","sub_button":[]}]}')
copied.button[2]:click("c", "k")
copied.button[1].name = "d"
check.equal(plain.button[1].name, "a", "the original's name")
check.equal(#plain.button[2].sub_button, 0, "the original's list")

json(menu.new { menu = { button = plain.button, menuid = 1 } }, encode(menu.new(plain)), "as menu.get has it")
local got = menu.new { menu = { button = plain.button }, conditionalmenu = {
  { button = plain.button, matchrule = { tag_id = "2" }, menuid = 10 },
  { button = plain.button, matchrule = { tag_id = "1" }, menuid = 9 },
} }
check.equal(got.conditionalmenu[1].matchrule.tag_id, "1", "the one added first")
check.equal(got.conditionalmenu[2].menuid, 10)
json(menu.new { is_menu_open = 1, selfmenu_info = { button = {
  { name = "button", sub_button = { list = {
    { type = "view", name = "view_url", url = "http://www.qq.com" },
    { type = "news", name = "news", news_info = { list = { { title = "T" } } }, value = "MEDIA" },
    { type = "photo", name = "photo", value = "ax5" },
    { type = "text", name = "text", value = "你好" },
  } } },
  { type = "click", name = "c", key = "k" },
} } }, '{"button":[{"name":"button","sub_button":[{"name":"view_url","type":"view","url":"http://www.qq.com"},'
  .. '{"media_id":"MEDIA","name":"news","type":"media_id"},{"media_id":"ax5","name":"photo","type":"media_id"},'
  .. '{"name":"text","type":"text","value":"你好"}]},{"key":"k","name":"c","type":"click"}]}', "as the website made it")
json(menu.new { is_menu_open = 0 }, '{"button":[]}')

-- ---- faults

-- Exactly one fault; nil for none.
local function fault(of, path, what, errcode, limit)
  local faults = menu.check(of)
  local texts = {}
  for i, one in ipairs(faults) do texts[i] = tostring(one) end
  check.equal(table.concat(texts, "\n"), path and path .. " " .. what or "", "the faults")
  if path then check.equal({ faults[1].errcode, faults[1].limit or false }, { errcode, limit or false }, path) end
end

local function click(name, key) return { type = "click", name = name or "a", key = key or "k" } end
local function view(url) return { type = "view", name = "a", url = url } end
local function top(button) return { button = { button } } end
local function sub(button) return top { name = "s", sub_button = { button } } end
local function times(count, button)
  local list = {}
  for i = 1, count do list[i] = button end
  return list
end
local x = string.rep

fault({ button = times(1, click()) })
fault({ button = times(3, click()) })
fault({ button = times(4, click()) }, "button", "has 4 buttons (at most 3)", 40016, 3)
fault({ button = {} }, "button", "is empty (1 to 3 buttons expected)", 40016, 3)
fault({}, "button", "is missing (a list of 1 to 3 buttons)", 40016, 3)
fault({ button = "x" }, "button", "is not a list (1 to 3 buttons expected)", 40016)
fault({ button = { [1] = click(), [3] = click() } }, "button", "is not a list (1 to 3 buttons expected)", 40016)
fault({ button = { "x" } }, "button[1]", "is a string (table expected)", 40017)
fault(top { name = "s", sub_button = times(5, click()) })
fault(top { name = "s", sub_button = times(6, click()) }, "button[1].sub_button", "has 6 buttons (at most 5)", 40023, 5)
fault(top { name = "s", sub_button = {} }, "button[1].sub_button", "is empty (1 to 5 buttons expected)", 40023, 5)

fault(top(click(x("n", 16))))
fault(top(click(x("n", 17))), "button[1].name", "has 17 bytes (at most 16)", 40018, 16)
fault(top(click(x("名", 5))))
fault(top(click(x("名", 6))), "button[1].name", "has 18 bytes (at most 16)", 40018, 16)
fault(top { name = x("s", 17), sub_button = { click() } }, "button[1].name", "has 17 bytes (at most 16)", 40018, 16)
fault(sub(click(x("名", 20))))
fault(sub(click(x("n", 61))), "button[1].sub_button[1].name", "has 61 bytes (at most 60)", 40025, 60)
fault(top { type = "click", key = "k" }, "button[1].name", "is missing (string)", 40018)
fault(sub { type = "click", key = "k", name = "" }, "button[1].sub_button[1].name", "is empty", 40025, 60)
fault(top(click("\xe4\xbd")), "button[1].name", "is not UTF-8", 65318)
fault(top { type = "click", key = "k", name = 5 }, "button[1].name", "is a number (string expected)", 40018)

fault(top(click("a", x("k", 128))))
fault(top(click("a", x("k", 129))), "button[1].key", "has 129 bytes (at most 128)", 40019, 128)
fault(sub(click("a", x("k", 128))))
fault(sub(click("a", x("k", 129))), "button[1].sub_button[1].key", "has 129 bytes (at most 128)", 40026, 128)
fault(top(click("a", "")), "button[1].key", "is empty", 40019, 128)

local base = "http://a.example/"
fault(top(view(base .. x("u", 1024 - #base))))
fault(top(view(base .. x("u", 1025 - #base))), "button[1].url", "has 1025 bytes (at most 1024)", 40020, 1024)
fault(sub(view(base .. x("u", 1025 - #base))), "button[1].sub_button[1].url", "has 1025 bytes (at most 1024)", 40027, 1024)
local no_address = "is not an address (http:// or https://, a host, no spaces expected)"
for _, url in ipairs { "a.example", "ftp://a.example", "http://", "http:///x", "https://:80/", "http://a.example/b c", "javascript:x" } do
  fault(top(view(url)), "button[1].url", no_address, 40054)
  fault(sub(view(url)), "button[1].sub_button[1].url", no_address, 40055)
end
for _, url in ipairs { "HTTPS://A.example", "http://a.example:8080/?a=1&b=中文#x", "http://127.0.0.1" } do fault(top(view(url))) end

fault(top { name = "a" }, "button[1]", "does nothing: it has neither type nor sub_button", 40017)
fault(top { name = "a", key = "k" }, "button[1].type", "is missing (" .. types.names() .. ")", 40017)
fault(sub { name = "a", key = "k" }, "button[1].sub_button[1].type", "is missing (" .. types.names() .. ")", 40024)
fault(top { name = "a", type = "clik", key = "k" }, "button[1].type", "is 'clik' (" .. types.names() .. " expected)", 40017)
fault(sub { name = "a", type = "text", value = "v" }, "button[1].sub_button[1].type",
  "is 'text', which only the account's website can make", 40024)
fault(top { name = "a", key = "k", sub_button = { click() } }, "button[1]",
  "has both key and sub_button: a button acts or opens a list", 40017)
fault(top { name = "a", type = "view", sub_button = { click() } }, "button[1]",
  "has both type and sub_button: a button acts or opens a list", 40017)
fault(sub { name = "a", sub_button = { click() } }, "button[1].sub_button[1].sub_button", "is a third level (a menu has 2)", 40022, 2)
fault(sub { type = "click", name = "a", key = "k", sub_button = {} })
local deep = menu.new()
deep:sub("a"):sub("b"):click("c", "k")
fault(deep, "button[1].sub_button[1].sub_button", "is a third level (a menu has 2)", 40022, 2)

local two = menu.check { button = { click(x("n", 17)), { name = "s", sub_button = { click(), click("b", "") } } } }
check.equal({ two[1].path, two[2].path }, { "button[1].name", "button[2].sub_button[2].key" }, "faults in the menu's order")

-- ---- menus for some

local function for_some(rule, ...) return { button = { ... }, matchrule = rule } end
local function both(...) return { button = { click() }, conditionalmenu = { ... } } end

fault(for_some({ tag_id = "2" }, click()))
fault(for_some({ tag_id = 2, client_platform_type = 3, sex = "1", language = "zh_CN" }, click()))
fault(for_some({ country = "中国", province = "广东", city = "广州" }, click()))
fault(for_some({}, click()), "matchrule", "is empty: it would match no user", 65304)
fault(for_some({ tag_id = "" }, click()), "matchrule", "is empty: it would match no user", 65304)
fault(for_some({ tag_id = "2" }), "button", "is empty (1 to 3 buttons expected)", 65307, 3)
fault(for_some({ tag_id = "2" }, { name = "a" }), "button[1]", "does nothing: it has neither type nor sub_button", 65308)
fault(for_some({ tag_id = "2" }, view("x")), "button[1].url", no_address, 65317)
fault(for_some({ tag_id = "vip" }, click()), "matchrule.tag_id", "is 'vip' (a tag's number expected)")
fault(for_some({ client_platform_type = 4 }, click()), "matchrule.client_platform_type",
  "is '4' (1 (iOS), 2 (Android) or 3 (others) expected)")
fault(for_some({ tag_id = "2", tagid = "2" }, click()), "matchrule.tagid", "is not a field of a match rule (tag_id, group_id, sex, "
  .. "client_platform_type, country, province, city, language expected)")
fault(for_some({ province = "广东" }, click()), "matchrule.country", "is missing: province is given", 65310)
fault(for_some({ country = "中国", city = "广州" }, click()), "matchrule.province", "is missing: city is given", 65311)
fault(for_some({ country = {} }, click()), "matchrule.country", "is a table (string expected)")
fault(both(for_some({ tag_id = "2" }, click())))
fault(both { button = { click() } }, "conditionalmenu[1].matchrule", "is missing (table)", 65304)
fault(both(for_some({ tag_id = "2" }, click("a", ""))), "conditionalmenu[1].button[1].key", "is empty", 40019, 128)
fault({ conditionalmenu = { for_some({ tag_id = "2" }, click()) } }, "button",
  "is missing: personalised menus need a menu for all others first", 65303)

local function linked(...)
  local menus = {}
  for i, host in ipairs { ... } do menus[i] = for_some({ tag_id = i }, view("https://" .. host .. "/")) end
  return both(table.unpack(menus))
end
fault(linked("a.example", "b.example", "c.example", "A.example"))
fault(linked("a.example", "b.example", "c.example", "d.example"), "conditionalmenu[4].button[1].url",
  "goes to domain 4, d.example (personalised menus link to at most 3)", 65316, 3)

local rich = menu.new(top(click()))
local vip = rich:conditional { tag_id = "2" }
vip:view("a", "https://a.example/")
json(rich, '{"button":[{"key":"k","name":"a","type":"click"}],"conditionalmenu":[{"button":[{"name":"a","type":"view",'
  .. '"url":"https://a.example/"}],"matchrule":{"tag_id":"2"}}]}')
check.equal(#menu.check(rich), 0)

-- get_menu's answer as it is.
check.equal(#menu.check { menu = { button = { click() } }, conditionalmenu = { for_some({ tag_id = "2" }, click()) } }, 0)

-- ---- changes

local function changes(old, new, ...)
  local texts = {}
  for i, change in ipairs(menu.diff(old, new)) do texts[i] = tostring(change) end
  check.equal(texts, { ... }, "the changes")
end
local abc = { button = { click("A"), click("B"), { name = "C", sub_button = { click("D"), click("E") } } } }
changes(abc, abc)
changes(abc, menu.new(abc))
changes({ menu = plain }, plain)
changes(abc, { button = { click("A"), click("B", "l"), { name = "C", sub_button = { click("D"), view("http://a.example") } } } },
  "button[2].key is 'l', was 'k'", "button[3].sub_button[2].key is gone, was 'k'", "button[3].sub_button[2].name is 'a', was 'E'",
  "button[3].sub_button[2].type is 'view', was 'click'", "button[3].sub_button[2].url is 'http://a.example', was not there")
changes(abc, { button = { abc.button[2], abc.button[3] } }, "button[1] is gone: 'A' (click)")
changes({ button = { abc.button[2] } }, { button = { click("A"), abc.button[2] } }, "button[1] is new: 'A' (click)")
changes(abc, { button = { abc.button[3], abc.button[1], abc.button[2] } }, "button[1] was button[3]: 'C' (2 in it)")
local changed = menu.diff(abc, top(click("A", "new")))
check.equal({ changed[3].path, changed[3].old, changed[3].new }, { "button[1].key", "k", "new" })
changes(both(for_some({ group_id = 2, country = "" }, click())), both(for_some({ tag_id = "2" }, click())))
changes(both(for_some({ tag_id = 1 }, click())), both(for_some({ tag_id = 2 }, click()), for_some({ tag_id = 1 }, click("a", "l"))),
  "conditionalmenu[1] is new: 1 in it, for {tag_id = '2'}", "conditionalmenu[2].button[1].key is 'l', was 'k'")
changes(both(for_some({ tag_id = 1 }, click())), { button = { click() } })

-- ---- out and in, to a stand-in for the platform

local function platform(answers)
  local wechat, host = fake.new()
  function host.api.call(request)
    host.requests[#host.requests + 1] = request
    local answer = answers[request.path:match("[^/]+$")]
    if type(answer) == "number" then return nil, { kind = "api", errcode = answer, errmsg = "no" } end
    return answer or { errcode = 0 }
  end
  return wechat.menu, function()
    local out = {}
    for i, request in ipairs(host.requests) do
      local body = request.body and next(request.body) and " " .. encode(request.body) or ""
      out[i] = request.path:match("[^/]+$") .. body
    end
    host.requests = {}
    return out
  end, host
end

local fake_menu, asked, host = platform {}
check.equal(fake_menu.push(top(click())), { errcode = 0 })
local created = 'create {"button":[{"key":"k","name":"a","type":"click"}]}'
check.equal(asked(), { created })
local done, err = fake_menu.push(top(click("a", "")))
check.equal(done, nil)
check.equal({ err.kind, err.errcode, err.method, #err.faults }, { "api", 40019, "menu.push", 1 })
check.has(tostring(err), "wechat.menu.push: 40019 button[1].key is empty; nothing was sent")
check.has(host.logged[1], "button[1].key is empty")
check.equal(asked(), {}, "requests of a faulty menu")
fake_menu.push(for_some({ tag_id = "2" }, click()))
check.equal(asked(), { 'addconditional {"button":[{"key":"k","name":"a","type":"click"}],"matchrule":{"tag_id":"2"}}' })

-- Of three the first stays; the others are in another order now.
local function added(tag) return ('addconditional {"button":[{"key":"k","name":"a","type":"click"}],"matchrule":{"tag_id":%s}}'):format(tag) end
fake_menu, asked = platform { get = { menu = top(click()), conditionalmenu = {
  { button = { click() }, matchrule = { group_id = 3 }, menuid = 13 },
  { button = { click() }, matchrule = { group_id = 2 }, menuid = 12 },
  { button = { click() }, matchrule = { group_id = 1 }, menuid = 11 },
} } }
local function rules(...)
  local menus = {}
  for i, tag in ipairs { ... } do menus[i] = for_some({ tag_id = tag }, click()) end
  return both(table.unpack(menus))
end
check.equal(fake_menu.push(rules(1, 3, 2)), { errcode = 0 })
check.equal(asked(), { created, "get", 'delconditional {"menuid":"13"}', 'delconditional {"menuid":"12"}', added(3), added(2) })
fake_menu.push(rules(1, 2, 3))
check.equal(asked(), { created, "get" }, "the same ones again")
fake_menu.push(fake_menu.pull())
check.equal(asked(), { "get", created, "get" }, "what was fetched")
fake_menu.push(rules())
check.equal(#asked(), 5, "all are taken out")
fake_menu.push(top(click()))
check.equal(asked(), { created }, "a menu that says nothing of personalised ones")
json(fake_menu.pull().button, '[{"key":"k","name":"a","type":"click"}]')

fake_menu, asked = platform { create = 45009 }
done, err = fake_menu.push(rules(1))
check.equal({ done == nil, err.errcode, err.method }, { true, 45009, "menu.push" })
check.equal(asked(), { created }, "nothing after a refusal")
fake_menu = platform { addconditional = 65306 }
done, err = fake_menu.push(rules(1))
check.equal({ done == nil, err.errcode }, { true, 65306 })

fake_menu, asked, host = platform {
  get = 46003, get_current_selfmenu_info = { is_menu_open = 1, selfmenu_info = { button = { { type = "click", name = "c", key = "k" } } } },
}
json(fake_menu.pull(), '{"button":[{"key":"k","name":"c","type":"click"}]}')
check.equal(asked(), { "get", "get_current_selfmenu_info" })
check.equal(#host.logged, 0, "no menu of the API is no failure")
fake_menu = platform { get = 46003, get_current_selfmenu_info = { is_menu_open = 0 } }
check.equal(#fake_menu.pull().button, 0)
fake_menu = platform { get = 48001 }
done, err = fake_menu.pull()
check.equal({ done == nil, err.errcode, err.method }, { true, 48001, "menu.pull" })

-- ---- beside the platform's calls

local beside = fake.new().menu
check.equal(type(beside.create), "function")
check.equal(type(beside.check), "function")
local names = {}
for name in pairs(wechat.menu) do names[name] = true end
for name in ("new check diff push pull create get delete addconditional trymatch"):gmatch("%S+") do
  check.equal(names[name], true, "wechat.menu." .. name)
end
