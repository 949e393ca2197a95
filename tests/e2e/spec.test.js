// `wemoon test` and `wemoon new`: specs that pass, that fail readably, that advance time; a new bot that works at
// once.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const { wemoon, tempDir, writeFiles } = require('./harness');

async function run(t, spec, { bot = 'function on_message(msg) return "echo " .. (msg.content or msg.type) end', code = 0, args = [], files = {}, timeoutMs } = {}) {
  const cwd = tempDir(t);
  writeFiles(cwd, { 'bot.lua': bot, 'bot_spec.lua': spec, ...files });
  return (await wemoon(['test', ...args, 'bot_spec.lua'], { cwd, code, timeoutMs })).stdout;
}

test('what passes is counted, exit 0', async (t) => {
  const out = await run(t, `
    test("echoes", function() expect(bot:user("alice"):says("hi")):is("echo hi") end)
    test("again", function() expect(bot:user("bob"):follows().text):is("echo subscribe") end)`);
  assert.equal(out, 'ok   echoes\nok   again\n2 passed, 0 failed\n');
});

test('what fails shows the line, its text, and both values; exit 1', async (t) => {
  const out = await run(t, 'test("wrong", function()\n  expect(bot:user("alice"):says("hi")):is("echo ho")\nend)', { code: 1 });
  assert.equal(out, 'FAIL wrong\n    bot_spec.lua:2:\n    2 | expect(bot:user("alice"):says("hi")):is("echo ho")\n'
    + '      expected "echo ho"\n      got      "echo hi"\n0 passed, 1 failed\n');
});

test('a misspelt act of a user, or of the bot, names the nearest', async (t) => {
  const out = await run(t, 'test("u", function() bot:user("a"):sayz("hi") end)\ntest("b", function() bot:usr("a") end)', { code: 1 });
  assert.match(out, /a user has no method sayz; did you mean user:says\?/);
  assert.match(out, /a bot has no method usr; did you mean bot:user\?/);
});

test('what a failure shows does not steer the terminal', async (t) => {
  const bot = 'function on_message(msg) wechat.log.warn("c\\u{9b}d") return "a\\u{202e}b\\u{9b}" end';
  const out = await run(t, 'test("n\\27\\u{2066}", function()\n  expect(bot:user("alice"):says("hi")):is("x")\nend)', { bot, code: 1 });
  assert.doesNotMatch(out, /[\u001b\u0080-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f]/);
  assert.match(out, /^FAIL n\\x1B\\xE2\\x81\\xA6\n/);
  assert.match(out, /got {6}"a\\xE2\\x80\\xAEb\\xC2\\x9B"\n {4}-- the bot's log:\n {4}warning: .*c\\xC2\\x9Bd/);
});

test('flags of the configuration hold in a spec', async (t) => {
  const spec = 'test("t", function() expect(bot:user("a"):says("hi").xml):is("success") end)';
  const bot = 'function on_message() wechat.sleep(0.4) return "late" end';
  assert.match(await run(t, spec, { bot, args: ['--deadline-ms', '100'] }), /1 passed/);
});

test('bot:wait moves time while a call is under way, and what is due meanwhile happens', async (t) => {
  const bot = `
    wechat.every("6h", function() wechat.store.incr("ticks") end)
    function on_message(msg)
      wechat.spawn(function() wechat.store.set("got", wechat.http.get("http://slow.example/", { timeout = 100 }).body) end)
      return "begun" end`;
  const spec = `test("t", function()
    bot:answers("http://slow.example/", { body = "slowly", delay = 60 })
    bot:user("a"):says("hi")
    local before = os.time()
    bot:wait(90)
    expect(function() return bot:store("got") end):becomes("slowly")
    bot:user("a"):says("hi")
    bot:wait("24h")
    expect(os.time() - before >= 86490):is(true)
    expect(bot:store("ticks")):is(4) end)`;
  assert.match(await run(t, spec, { bot }), /1 passed/);
});

test('a test that is given up in bot:wait moves no time in the next one', async (t) => {
  // Ticks in each of the 20,000 steps that a day is moved in, none of which the wait has to hurry for.
  const bot = `wechat.every(4.5, function() end)
    function on_message(msg) return "echo" end`;
  const spec = `test("stuck", function()
    local from = os.clock()
    while os.clock() - from < 4.8 do end -- of 5 s
    bot:wait("24h")
  end)
  test("next", function()
    local before = os.time()
    for _ = 1, 20 do expect(bot:user("a"):says("hi")):is("echo") end
    expect(os.time() - before < 60):is(true)
  end)`;
  assert.match(await run(t, spec, { bot, code: 1, timeoutMs: 100000 }), /stuck in a call that does not return\n[^]*ok {3}next\n1 passed, 1 failed/);
});

test('bot:wait("24h") ends no call that is under way: of a cron, of a message, of a stream', async (t) => {
  const bot = `
    wechat.cron("0 * * * *", function()
      local count, err = wechat.material.get_materialcount()
      wechat.store.incr(count and "counted" or tostring(err))
    end)
    wechat.every("10m", function()
      local r, err = wechat.http.get("http://slow.example/", { timeout = 20 })
      wechat.store.incr(r and r.body or tostring(err))
    end)
    function on_message(msg)
      wechat.spawn(function()
        local r <close>, err = wechat.http.stream { url = "http://model.example/v1", idle_timeout = 20 }
        local count = 0
        for event in r:events() do count = count + 1 end
        wechat.store.set("streamed", count .. " " .. tostring(r.err))
      end)
      return "begun" end`;
  const spec = `test("t", function()
    bot:fault("slow", 4000)
    bot:answers("http://slow.example/", { body = "slowly", delay = 15 })
    bot:answers("http://model.example/v1", { stream = { "a", "b", "c", "d" }, pause = 15 })
    bot:user("a"):says("hi")
    bot:wait("24h")
    bot:wait("1m") -- the last call takes 15 s
    expect(bot:store("counted")):is(24)
    expect(bot:store("slowly")):is(144)
    expect(bot:store("streamed")):is("5 nil") end)`;
  assert.match(await run(t, spec, { bot, timeoutMs: 120000 }), /1 passed/);
});

test('the talk with a model goes 30 days after its user last wrote', async (t) => {
  const bot = `local model = require "wechat.model" { url = "https://m.example/v1" }
    function on_message(msg) model:reply(msg) end`;
  const spec = `test("t", function()
    bot:answers("https://m.example/", { choices = { { message = { content = "好" } } } })
    local function asked(text)
      bot:user("a"):says(text)
      return bot:requests()[#bot:requests()].body
    end
    asked("one")
    bot:wait("29d")
    expect(asked("two")):contains("one")
    bot:wait("29d")
    expect(asked("three")):contains("one")
    bot:wait("31d")
    expect(asked("four"):find("one", 1, true)):is(nil) end)`;
  assert.match(await run(t, spec, { bot }), /1 passed/);
});

test('nested tables are told apart by their path', async (t) => {
  const out = await run(t, 'test("t", function() expect({ a = { { b = 1 } } }):is({ a = { { b = 2 } } }) end)', { code: 1 });
  assert.match(out, /a\[1\]\.b:\n +expected 2\n +got +1\n/);
});

test('a script error of the bot is shown with the failure', async (t) => {
  const out = await run(t, 'test("t", function() expect(bot:user("a"):says("hi")):is("x") end)', { bot: 'function on_message() error("broken here") end', code: 1 });
  assert.match(out, /-- the bot's log:\n(?: {4}warning: .*\n)*? {4}error: on_message failed: bot\.lua:1: broken here\n {8}1 \| function on_message/);
});

test('a reply without a text is a reply, and holds what it shows', async (t) => {
  const bot = 'function on_message(msg) if msg.content == "news" then return wechat.response_news { { title = "月亮", url = "https://example.com/a" } } end end';
  const good = ['exists()', 'contains("月亮")', 'contains("example.com")', 'is_not(nil)', 'is_not("月亮")'];
  const wrong = ['is_nil()', 'contains("太阳")', 'contains("news")', 'is("月亮")', 'matches("月")'];
  const spec = (checks) => checks.map((check, i) => `test("${i}", function() expect(bot:user("a"):says("news")):${check} end)`).join('\n');
  assert.match(await run(t, spec(good), { bot }), /5 passed, 0 failed/);
  const out = await run(t, spec(wrong), { bot, code: 1 });
  assert.match(out, /0 passed, 5 failed/);
  assert.match(out, /expected a reply with "太阳"\n +got +.*title = "月亮"/);
  const none = 'test("n", function() expect(bot:user("a"):says("x")):is_nil() end)\ntest("e", function() expect(bot:user("a"):says("x")):exists() end)';
  assert.match(await run(t, none, { bot, code: 1 }), /1 passed, 1 failed/);
});

test('a table that a spec raises is shown', async (t) => {
  assert.match(await run(t, 'test("t", function() error { a = 1 } end)', { code: 1 }), /\n {4}\{ a = 1 \}\n/);
});

test('every matcher fails when what it says is not so', async (t) => {
  const cases = ['(1):is(2)', '(1):is_not(1)', '(1):is_nil()', '(nil):exists()', '("abc"):contains("x")', '({1}):contains(2)', '("abc"):matches("^b")',
    '(function() end):raises()', '(function() error("a") end):raises("zzz")', '(function() return 1 end):becomes(2, 0.1)', '(1):becomes(1)', '(1):nonsense()'];
  const out = await run(t, cases.map((one, i) => `test("${i}", function() expect${one} end)`).join('\n'), { code: 1 });
  assert.match(out, new RegExp(`0 passed, ${cases.length} failed`));
  const good = ['({a={1,2}}):is({a={1,2}})', '(1):is_not(2)', '(nil):is_nil()', '(1):exists()', '("abc"):contains("b")', '({{x=1}}):contains({x=1})',
    '("abc"):matches("^a")', '(function() error("abc") end):raises("b")',
    '((function() local n = 0 return function() n = n + 1 return n end end)()):becomes(3)'];
  assert.match(await run(t, good.map((one, i) => `test("${i}", function() expect${one} end)`).join('\n')), /9 passed, 0 failed/);
});

test('each test has a fresh bot, store and platform', async (t) => {
  const bot = 'n = 0 function on_message(msg) n = n + 1 return n .. " " .. wechat.store.incr("k") end';
  const one = 'test("t", function() expect(bot:user("a"):says("hi")):is("1 1") expect(#bot:user("a"):sees()):is(1) end)\n';
  assert.match(await run(t, one.repeat(3), { bot }), /3 passed, 0 failed/);
});

test('taps by names, follows with a scene, scans, locates, events: as the platform sends them', async (t) => {
  const bot = `function on_message(msg)
    if msg.content == "menu" then
      assert(wechat.create_menu { button = { { name = "菜单", sub_button = { { type = "click", name = "赞", key = "K" } } } } })
      return "made"
    end
    return table.concat({ msg.type, tostring(msg.key), tostring(msg.scene), tostring(msg.latitude) }, " ")
  end`;
  assert.match(await run(t, `test("t", function()
    local a = bot:user("alice")
    expect(a:says("menu")):is("made")
    expect(a:taps("菜单", "赞")):is("click K nil nil")
    expect(a:taps("K")):is("click K nil nil")
    a:unfollows()
    expect(a:follows("42")):is("subscribe qrscene_42 42 nil")
    expect(a:scans(7)):is("scan 7 7 nil")
    expect(a:locates(1.5, 2.5)):matches("^location nil nil 1.5")
    expect(a:causes("poi_check_notify", { UniqId = "1" })):matches("^poi_check_notify")
    expect(#bot:calls("menu.create")):is(1)
    expect(bot:calls("menu.create")[1].body.button[1].name):is("菜单")
  end)`, { bot }), /1 passed/);
});

test('time can be moved: timers, conversations, tokens', async (t) => {
  const bot = `ticks = 0
  wechat.every("1m", function() ticks = ticks + 1 end)
  function on_message(msg)
    if msg.content == "ask" then local a, why = wechat.ask("?", { timeout_s = 600 }) return a and "got" or why end
    if msg.content == "token" then return wechat.get_access_token().access_token end
    return tostring(ticks)
  end`;
  assert.match(await run(t, `test("t", function()
    local a = bot:user("alice")
    local token = a:says("token").text
    expect(a:says("token").text):is(token)
    expect(a:says("ask")):is("?")
    bot:wait("11m")
    expect(a:sees()[4].content):is("timeout")
    expect(tonumber(a:says("ticks").text) >= 10):is(true)
    bot:wait("2h")
    expect(a:says("token").text):is_not(token)
  end)`, { bot }), /1 passed/);
});

test('a bot can be restarted: conversations and what is owed go on, variables do not', async (t) => {
  const bot = `local count = 0
    function on_message(msg)
      count = count + 1
      if msg.content == "count" then return tostring(count) end
      if msg.content == "slow" then wechat.sleep(8) return "at last" end
      if msg.content ~= "start" then return "plain" end
      local name = wechat.ask("name?")
      wechat.sleep(1)
      return "hello " .. name.content
    end`;
  const out = await run(t, `
    test("t", function()
      local alice, bob = bot:user("alice"), bot:user("bob")
      expect(alice:says("start")):is("name?")
      expect(alice:says("Li")):is("hello Li")
      expect(alice:says("start")):is("name?")
      bob:says("slow")
      expect(bob:says("count")):is("4")
      bot:restart()
      expect(tonumber(bob:says("count").text) < 3):is(true)
      expect(alice:says("Wang")):is("hello Wang")
      expect(alice:says("Wang")):is("plain")
      bob:expects_later("at last")
      bot:restart()
      expect(bob:says("count")):is("1")
    end)
    test("each test begins with nothing open", function() expect(bot:user("alice"):says("Li")):is("plain") end)`, { bot });
  assert.match(out, /2 passed/);
});

test('other hosts are what the spec says, and nothing leaves the machine', async (t) => {
  const bot = 'function on_message(msg) local a, e = wechat.http.get("http://api.example.com/x?y=1") return a.status .. " " .. a.body end';
  assert.match(await run(t, `test("t", function()
    expect(bot:user("a"):says("hi")):contains("502 the spec has no answer for http://api.example.com/x?y=1")
    bot:answers("http://api.example.com/", "fine")
    expect(bot:user("a"):says("ho")):is("200 fine")
    expect(bot:requests()[2].url):is("http://api.example.com/x?y=1")
  end)`, { bot }), /1 passed/);
});

test('another host answers a text, JSON, or all of it by hand', async (t) => {
  const bot = 'function on_message(msg) local a = wechat.http.get("http://api.example.com/x") return a.status .. " " .. tostring(a.headers["content-type"]) .. " " .. a.body end';
  const answers = { '"fine"': '200 .* fine', '{ a = "好" }': '200 application/json {"a":"好"}', '{ status = 201, json = { b = 1 } }': '201 application/json {"b":1}',
    '{ status = "ok" }': '200 application/json {"status":"ok"}', '{ body = "x", headers = { ["Content-Type"] = "text/x" } }': '200 text/x x', '{ status = 404 }': '404 .* ' };
  const spec = Object.entries(answers).map(([given, pattern], i) =>
    `test("${i}", function() bot:answers("http://api.example.com/", ${given}) expect(bot:user("a"):says("hi")):matches([[^${pattern}$]]) end)`);
  assert.match(await run(t, spec.join('\n'), { bot }), /6 passed, 0 failed/);
});

test('what a spec cannot mean is an error, not a test that cannot fail', async (t) => {
  const wrong = { 'bot:calls("upload_media")': /no endpoint is called 'upload_media'/, 'bot:calls("http.get")': /no endpoint is called 'http\.get'/, 'bot:calls("tag.nothing")': /no endpoint is called 'tag\.nothing'/,
    'bot:user()': /a name is needed/, 'bot:answers("http://x")': /a text or a table is needed/, 'bot:fault("nothing")': /unknown fault 'nothing': write slow, fail/,
    'bot:account_kind()': /a name is needed/, 'bot:account_kind("rich")': /unknown kind of account, write one of: personal, unverified/ };
  const out = await run(t, Object.keys(wrong).map((one, i) => `test("${i}", function() ${one} end)`).join('\n'), { code: 1 });
  for (const text of Object.values(wrong)) assert.match(out, text);
  assert.match(out, /0 passed, 8 failed/);
});

test('faults of the platform can be tried', async (t) => {
  const bot = 'function on_message(msg) local r, e = wechat.get_followers() return e and tostring(e.errcode) or "ok" end';
  assert.match(await run(t, 'test("t", function() bot:fault("fail", 45009) expect(bot:user("a"):says("x")):is("45009") bot:fault("fail", false) expect(bot:user("a"):says("y")):is("ok") end)', { bot }), /1 passed/);
});

test('the account can be of any kind, for the length of a test', async (t) => {
  const bot = 'function on_message(msg) local r, e = wechat.get_followers() return e and e.errcode .. " " .. e.hint or "ok" end';
  assert.match(await run(t, `test("one", function() bot:account_kind("personal") expect(bot:user("a"):says("x")):contains("48001 the account has no right") end)
    test("two", function() expect(bot:user("a"):says("x")):is("ok") bot:account_kind("subscription") expect(bot:user("a"):says("y")):is("ok") end)`, { bot }), /2 passed/);
});

test('sessions can be looked at', async (t) => {
  const bot = 'function on_message(msg) wechat.session().last = msg.content return "k" end';
  assert.match(await run(t, 'test("t", function() bot:user("a"):says("x") expect(bot:session("a").last):is("x") expect(bot:session("b")):is({}) end)', { bot }), /1 passed/);
});

test('--filter runs some, --quiet says less, before_each runs before each', async (t) => {
  const spec = 'local n = 0 before_each(function() n = n + 1 end) test("one", function() expect(n):is(1) end) test("two", function() error("x") end)';
  assert.equal(await run(t, spec, { args: ['--filter', 'one', '--quiet'] }), '1 passed, 0 failed\n');
});

test('a spec that is missing, a folder, or has no test is told with its name and what to do', async (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, { 'bot.lua': 'function on_message() end', 'bot_spec.lua': 'test("a", function() end)', 'empty_spec.lua': '', 'folder_spec.lua/x': '' });
  const zh = { LC_ALL: 'zh_CN.UTF-8' };
  const said = async (words, code, env) => (await wemoon(['test', ...words], { cwd, code, env })).stderr;
  assert.equal(await said(['no_spec.lua'], 2), 'wemoon: test: there is no file no_spec.lua: name the spec of a bot, as a path from here (wemoon new DIR makes a bot with one, DIR/bot_spec.lua)\n');
  assert.match(await said(['no_spec.lua'], 2, zh), /^wemoon: test: 没有文件 no_spec\.lua：请给出机器人的测试文件/);
  assert.equal(await said(['folder_spec.lua'], 2), 'wemoon: test: cannot read folder_spec.lua: Is a directory\n');
  assert.equal(await said(['folder_spec.lua'], 2, zh), 'wemoon: test: 无法读取 folder_spec.lua：是文件夹\n');
  assert.match(await said(['empty_spec.lua'], 1), /^wemoon: test: there is no test in empty_spec\.lua: write test\(NAME, function\(\) \.\.\. end\) into it; wemoon test --help /);
  assert.match(await said(['empty_spec.lua'], 1, zh), /^wemoon: test: empty_spec\.lua 里没有测试：请在里面写 test\(名字/);
  assert.equal(await said(['bot.lua'], 1), 'wemoon: test: there is no test in bot.lua: run its spec, bot_spec.lua\n');
  assert.equal(await said(['bot.lua'], 1, zh), 'wemoon: test: bot.lua 里没有测试：请运行它的测试文件 bot_spec.lua\n');
  assert.match(await said(['bot_spec.lua', 'empty_spec.lua'], 1), /there is no test in empty_spec\.lua/); // though the other one passes
});

test('no test at all is a failure: a misspelt filter, a bot in place of its spec', async (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, { 'x.lua': 'function on_message() end', 'x_spec.lua': 'test("one", function() end)' });
  assert.match((await wemoon(['test', 'x_spec.lua', '--filter', 'two'], { cwd, code: 1 })).stderr, /no test's name contains "two"/);
  assert.match((await wemoon(['test', 'x.lua'], { cwd, code: 1 })).stderr, /no test in x\.lua: run its spec, x_spec\.lua/);
});

test('a spec that loops for ever, or does not load, fails and says so; a missing one is a usage error', async (t) => {
  const out = await run(t, 'test("loops", function() while true do end end) test("fine", function() end)', { code: 1 });
  assert.match(out, /FAIL loops\n.*stopped after 5000 ms of CPU time/s);
  assert.match(out, /1 passed, 1 failed/);
  const cwd = tempDir(t);
  writeFiles(cwd, { 'x_spec.lua': 'test(' });
  assert.match((await wemoon(['test', 'x_spec.lua'], { cwd, code: 1 })).stderr, /x_spec\.lua:1: /);
  await wemoon(['test', 'nothing_spec.lua'], { cwd, code: 2 });
});

test('a new bot gives luacheck nothing to say, tells users nothing but words of theirs, and answers nothing that nobody typed', async (t) => {
  const cwd = tempDir(t);
  await wemoon(['new', 'mybot'], { cwd, code: 0 });
  const { stdout, status } = spawnSync('luacheck', ['--no-color', '.'], { cwd: `${cwd}/mybot`, encoding: 'utf8' });
  assert.equal(status, 0, stdout);
  writeFiles(`${cwd}/mybot`, { 'quiet_spec.lua': `test("quiet", function()
    local alice = bot:user("alice")
    expect(#alice:locates(1, 2)):is(0)
    expect(#alice:causes("VIEW", { EventKey = "https://example.com/" })):is(0)
    expect(#alice:causes("MASSSENDJOBFINISH", { MsgID = 1 })):is(0)
    expect(alice:says("在吗")):contains("在吗")
    expect(alice:sends_voice("天气")):contains("天气")
    expect(alice:sends_image()):contains("只看得懂文字")
    expect(alice:sends_link("a", "b", "https://example.com/")):contains("只看得懂文字")
  end)` });
  await wemoon(['test', 'quiet_spec.lua', '--bot', 'bot.lua'], { cwd: `${cwd}/mybot`, code: 0 });
});

test('wemoon new makes a bot that passes its own spec, is checked, and completes in an editor', async (t) => {
  const cwd = tempDir(t);
  const { stdout } = await wemoon(['new', 'mybot'], { cwd, code: 0 });
  assert.match(stdout, /wemoon dev bot\.lua/);
  const dir = `${cwd}/mybot`;
  assert.match((await wemoon(['test', 'bot_spec.lua'], { cwd: dir, code: 0 })).stdout, /2 passed, 0 failed/);
  await wemoon(['check', 'bot.lua', '--token', 'abc'], { cwd: dir, code: 0 });
  assert.deepEqual(JSON.parse(fs.readFileSync(`${dir}/.luarc.json`))['workspace.library'], ['.wemoon']);
  assert.match(fs.readFileSync(`${dir}/.wemoon/wechat.lua`, 'utf8'), /function wechat\.ask\(/);
  assert.match(fs.readFileSync(`${dir}/.wemoon/wechat/bot.lua`, 'utf8'), /function bot\.word\(/);
  assert.equal(fs.statSync(`${dir}/config.lua`).mode & 0o777, 0o600);
  const { stderr } = await wemoon(['new', 'mybot'], { cwd, code: 2 });
  assert.match(stderr, /mybot exists and is not empty: name a new folder/);
});

test('a language model is played, on this machine too, and what it says late is expected', async (t) => {
  const dir = tempDir(t);
  writeFiles(dir, {
    'bot.lua': `
      local model = require "wechat.model" { url = "http://127.0.0.1:8080/v1", model = "m" }
      function on_message(msg)
        local _, err = model:reply(msg)
        if err then return tostring(err) end
      end`,
    'bot_spec.lua': `
      local url = "http://127.0.0.1:8080/v1"
      test("quick", function()
        bot:answers(url, { stream = { "今天", "晴。", "出门" } })
        expect(bot:user("a"):says("天气")):is("今天晴。出门")
        expect(bot:requests()[1].body):contains("天气")
      end)
      test("slow", function()
        bot:answers(url, { stream = { "今天晴。", "明天\\n\\n", "后天雨。" }, pause = 6 })
        local user = bot:user("a")
        expect(user:says("天气")):is("今天晴。")
        user:expects_later("明天", 10)
        user:expects_later("后天雨", 8) -- the end comes with it, and not 6 s later
      end)
      test("never", function()
        bot:answers(url, { status = 401, json = { error = { message = "no key" } } })
        local user = bot:user("a")
        expect(user:says("天气")):contains("no key")
        user:expects_later("晴", 3)
      end)
      test("still writing", function()
        bot:answers(url, { stream = { "一。", "二。" }, pause = 100 })
        expect(bot:user("a"):says("x")):is("一。")
      end)
      test("after it", function() expect(1):is(1) end)`,
  });
  const { stdout } = await wemoon(['test', 'bot_spec.lua'], { cwd: dir, code: 1, timeoutMs: 60000 });
  assert.match(stdout, /ok +quick\nok +slow\nFAIL never\n[^]*a was not shown "晴" within 3 s, but "[^"]*no key[^]*ok +still writing\nok +after it\n4 passed, 1 failed/);
});

test('a menu that on_load makes is there in each test, and nothing of the test before', async (t) => {
  const dir = tempDir(t);
  writeFiles(dir, {
    'bot.lua': `function on_load() assert(wechat.create_menu{ button = { { type = "click", name = "k", key = "K" } } }) end
      function on_message(msg) return msg.type end`,
    'bot_spec.lua': `for i = 1, 2 do
      test("tap " .. i, function()
        expect(bot:user("a"):taps("k")):is("click")
        expect(#bot:user("a"):sees()):is(1)
        expect(#bot:calls("menu.create")):is(1)
      end)
    end`,
  });
  const { stdout } = await wemoon(['test', 'bot_spec.lua'], { cwd: dir, code: 0 });
  assert.match(stdout, /2 passed, 0 failed/);
});
