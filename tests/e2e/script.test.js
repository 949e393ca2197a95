// The script: return values, functions that it may define, libraries that it may use, and damage that it cannot do.
// All over real HTTP.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const { atEnd, TOKEN, startBot, sleep, textXml, eventXml, wemoon, tempDir, until, writeFiles } = require('./harness');

// The script of a bot that answers "alive" whatever earlier messages did to it; `on.WORD` is the code for the word
// WORD.
const withCases = (cases, rest = '') => `
local on = {}
${Object.entries(cases).map(([word, body]) => `on[${JSON.stringify(word)}] = function(msg) ${body}\nend`).join('\n')}
${rest}
function on_message(msg)
  local case = on[msg.content]
  if case then return case(msg) end
  return "alive"
end
`;

async function assertAlive(bot) {
  assert.equal(await bot.say('are you there'), 'alive', bot.log);
}

// The same, once the processor time of an earlier message is over, which a busy machine draws out past deadlines.
const assertGoesOn = (bot) => until(async () => (await bot.say('are you there')) === 'alive', 'an answer', 20000);

// Makes the script hang by the word "x" and asserts that other messages are soon answered. Then kills the bot, so
// that its stuck thread uses no more CPU.
async function assertGivenUp(bot) {
  await assertAlive(bot);
  const stuck = bot.deliver(textXml('x'), { agent: false }).catch(() => null);
  await sleep(1600);
  await assertAlive(bot);
  assert.match(bot.log, /bot\.lua/);
  await bot.kill();
  await stuck;
}

// ---- return values ------------------------------------------------------------------------------------------------

test('what a script returns becomes the reply', async (t) => {
  const bot = await startBot(t, {
    script: withCases({
      reply: 'return wechat.response_text("你说：" .. msg.content)', string: 'return "plain"', nothing: 'return',
      nil: 'return nil', false: 'return false', none: 'return wechat.response_none()', empty: 'return ""',
    }),
  });
  assert.equal(await bot.say('reply'), '你说：reply');
  assert.equal(await bot.say('string'), 'plain');
  for (const word of ['nothing', 'nil', 'false', 'none', 'empty']) {
    const answer = await bot.deliver(textXml(word));
    assert.equal(answer.status, 200, word);
    assert.equal(answer.body, 'success', word);
  }
  assert.doesNotMatch(bot.log, /\bERROR\b|level":"error/i);
});

test('a reply goes to who wrote, from the account that was written to', async (t) => {
  const bot = await startBot(t, { script: 'function on_message() return "hi" end' });
  const { reply } = await bot.deliver(textXml('x', { FromUserName: 'oWriter', ToUserName: 'gh_account' }));
  assert.equal(reply.ToUserName, 'oWriter');
  assert.equal(reply.FromUserName, 'gh_account');
  assert.ok(Math.abs(Number(reply.CreateTime) - Date.now() / 1000) < 60);
});

for (const [what, value, type] of [['a number', '42', 'number'], ['true', 'true', 'boolean'], ['a table that is no reply', '{}', 'table'],
  ['a function', 'print', 'function'], ['a coroutine', 'coroutine.create(print)', 'thread']]) {
  test(`${what} is answered with success, and the log names type and place`, async (t) => {
    const bot = await startBot(t, { script: withCases({ x: `return ${value}` }) });
    assert.equal(await bot.say('x'), null);
    await bot.waitForLog(new RegExp(`on_message.*${type}|${type}.*on_message`));
    assert.match(bot.log, /bot\.lua/);
    await assertAlive(bot);
  });
}

// ---- errors -------------------------------------------------------------------------------------------------------

test('an error is answered with success; the log shows message, file, line, source line and traceback', async (t) => {
  const bot = await startBot(t, {
    script: 'local function deep()\n  local nothing\n  return nothing.field -- the line\nend\nfunction on_message(msg)\n' +
      '  if msg.content == "x" then local y = deep() return y end\n  return "alive"\nend\n',
  });
  assert.equal(await bot.say('x'), null);
  await bot.waitForLog(/bot\.lua:3: attempt to index a nil value/);
  assert.match(bot.log, /return nothing\.field -- the line/);
  assert.match(bot.log, /traceback/);
  assert.match(bot.log, /bot\.lua:6/);
  await assertAlive(bot);
});

test('error_reply is what the user gets instead of an error', async (t) => {
  const bot = await startBot(t, { script: withCases({ x: 'error("boom")' }), config: { error_reply: '出错了' } });
  assert.equal(await bot.say('x'), '出错了');
  await assertAlive(bot);
});

test('on_error gets the error and the message, and may reply', async (t) => {
  const bot = await startBot(t, {
    script: withCases({ x: 'error("boom")', y: 'error({ code = 7 })' }, `function on_error(err, msg)
      return "caught " .. tostring(err):match("boom") .. " of " .. msg.content
    end`),
  });
  assert.equal(await bot.say('x'), 'caught boom of x');
  assert.equal(await bot.say('y'), null); // on_error itself fails
  await assertAlive(bot);
});

test('on_error that returns nil or raises leaves error_reply', async (t) => {
  const bot = await startBot(t, {
    script: withCases({ nil: 'error("boom")', raise: 'error("boom")' }, `function on_error(err, msg)
      if msg.content == "raise" then error("in on_error") end
    end`),
    config: { error_reply: 'sorry' },
  });
  assert.equal(await bot.say('nil'), 'sorry');
  assert.equal(await bot.say('raise'), 'sorry');
  await bot.waitForLog(/in on_error/);
  await assertAlive(bot);
});

for (const [what, code] of [['error(nil)', 'error(nil)'], ['error()', 'error()'], ['a table as error', 'error({})'],
  ['a table whose __tostring fails', 'error(setmetatable({}, { __tostring = function() error("no") end }))'],
  ['a table whose __tostring returns no string', 'error(setmetatable({}, { __tostring = function() return 1 end }))'],
  ['an error message of a megabyte', 'error(("x"):rep(1 << 20))'], ['an error message with NUL and newlines', 'error("a\\0b\\nc")']]) {
  test(`${what} does no harm`, async (t) => {
    const bot = await startBot(t, { script: withCases({ x: code }), config: { error_reply: 'sorry' } });
    assert.equal(await bot.say('x'), 'sorry');
    await assertAlive(bot);
  });
}

test('the log shows what a table that is raised holds', async (t) => {
  const bot = await startBot(t, { script: withCases({ x: 'error({ code = 7, why = "无" })', y: 'error({ print })' }) });
  assert.equal(await bot.say('x'), null);
  await bot.waitForLog(/on_message failed: \S*bot\.lua:3: \{"code":7,"why":"无"\}/);
  assert.equal(await bot.say('y'), null); // not encodable as JSON
  await bot.waitForLog(/on_message failed: \S*bot\.lua:\d+: table: /);
  await assertAlive(bot);
});

test('a script in a folder called wemoon is not taken for a part of wemoon', async (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, { 'wemoon/words.lua': 'return { hi = "你好" }', 'wemoon/good.lua': 'return require("words").hi',
    'wemoon/bad.lua': 'local function f() wechat.response_text(5) end\nf()' });
  assert.match((await wemoon(['exec', 'wemoon/good.lua'], { cwd, code: 0 })).stdout, /你好/);
  const { stderr } = await wemoon(['exec', 'wemoon/bad.lua', '--log-level', 'debug'], { cwd, code: 1 });
  assert.match(stderr, /wemoon\/bad\.lua:1: wechat\.response_text/);
});

const WRONG = ['store.set("big", ("x"):rep(20 << 20))', 'store.set("k", 1, -1)', 'ask("x")', 'sleep("x")', 'sleep(-1)', 'spawn(5)',
  'every("10x", print)', 'every(1)', 'cron("61 * * * *", print)', 'cron("0 0 30 2 *", print)', 'route("GET", "x", print)',
  'http.get(5)', 'http.get("nope")', 'http.get("http://127.0.0.1:1/", { bogus = 1 })', 'session()', 'pay_sign { a = 1 }',
  'jssdk_config("http://x")', 'utf8.sub("x", "y")', 'response_news("x")', 'response_news {}', 'create_menu("x")',
  'upload_media("image", "nope.jpg")', 'tag.create {}', 'get_menu()', 'call("GET", 5)'];

test('a wrong call raises an error with the function\'s name and the script\'s line', async (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, { 'x.lua': WRONG.map((call) => `print(select(2, pcall(function() wechat.${call} end)))`).join('\n') });
  const { stdout } = await wemoon(['exec', '--store', 'memory:', 'x.lua'], { cwd, code: 0 });
  const said = stdout.trim().split('\n');
  assert.equal(said.length, WRONG.length, stdout);
  said.forEach((line, i) => assert.match(line, new RegExp(`^x\\.lua:${i + 1}: (wechat\\.|store: )`), WRONG[i]));
});

// ---- globals ------------------------------------------------------------------------------------------------------

test('reading an undefined global raises and names it', async (t) => {
  const bot = await startBot(t, { script: withCases({ x: 'return contnet' }) });
  assert.equal(await bot.say('x'), null);
  await bot.waitForLog(/contnet/);
  assert.match(bot.log, /bot\.lua:\d+:/);
  await assertAlive(bot);
});

test('a global made inside a function warns once, and is shared by all messages', async (t) => {
  const bot = await startBot(t, {
    script: 'total = 0\nfunction on_message(msg)\n  seen = (rawget(_G, "seen") or 0) + 1\n  total = total + 1\n  return seen .. "/" .. total\nend\n',
  });
  assert.equal(await bot.say('a'), '1/1');
  assert.equal(await bot.say('b'), '2/2');
  await bot.waitForLog(/\bseen\b/);
  assert.equal(bot.log.match(/^.*\bseen\b.*$/gm).length, 1, bot.log);
  assert.doesNotMatch(bot.log, /\btotal\b/);
});

// ---- libraries ----------------------------------------------------------------------------------------------------

test('the standard library is there but for os.exit, os.setlocale, os.execute and io.popen', async (t) => {
  const bot = await startBot(t, {
    script: withCases({
      missing: `local gone = {}
        for _, name in ipairs { "os.exit", "os.setlocale", "os.execute", "io.popen" } do
          local lib, field = name:match("(%w+)%.(%w+)")
          if _G[lib][field] == nil then gone[#gone + 1] = name end
        end
        return table.concat(gone, " ")`,
      present: `local found = {}
        for _, name in ipairs { "string", "table", "math", "utf8", "coroutine", "os", "io", "debug", "package" } do
          found[#found + 1] = type(_G[name])
        end
        return table.concat(found, " ") .. " " .. type(os.time()) .. type(io.open) .. type(require) .. type(load) .. type(debug.traceback)`,
    }),
  });
  assert.equal(await bot.say('missing'), 'os.exit os.setlocale os.execute io.popen');
  assert.equal(await bot.say('present'), `${'table '.repeat(9)}numberfunctionfunctionfunctionfunction`);
});

test('allow_shell gives os.execute and io.popen, and never os.exit', async (t) => {
  const bot = await startBot(t, {
    script: 'function on_message() return io.popen("echo shell"):read("l") .. tostring(os.execute("true")) .. tostring(os.exit) end',
    config: { allow_shell: true },
  });
  assert.equal(await bot.say('x'), 'shelltruenil');
});

test('require finds modules beside the script first, in subfolders too', async (t) => {
  const bot = await startBot(t, {
    script: 'local a, b = require "a", require "lib.b"\nfunction on_message() return a .. b end',
    files: { 'a.lua': 'return "A"', 'lib/b.lua': 'return "B"' },
  });
  assert.equal(await bot.say('x'), 'AB');
});

test('a missing module stops the start, and the error names it', async (t) => {
  const dir = tempDir(t);
  writeFiles(dir, { 'bot.lua': 'require "nowhere"\nfunction on_message() end' });
  const { stderr } = await wemoon(['run', 'bot.lua', '--token', 't', '--listen', '0'], { cwd: dir, code: 1 });
  assert.match(stderr, /nowhere/);
  assert.match(stderr, /bot\.lua:1/);
});

// ---- Debian's Lua modules -----------------------------------------------------------------------------------------

const isModuleInstalled = (name) => fs.existsSync(`/usr/share/lua/5.4/${name}.lua`);

test('Debian\'s lua-socket works in a script, under strict globals', { skip: !isModuleInstalled('socket') && 'needs lua-socket' }, async (t) => {
  const server = http.createServer((request, response) => response.end(`${request.method} ${request.url}`)).listen(0, '127.0.0.1');
  atEnd(t, () => server.close());
  await once(server, 'listening');
  const script = `local http, ltn12, url = require "socket.http", require "ltn12", require "socket.url"
function on_message(msg)
  local body = {}
  local ok, status = http.request { url = msg.content .. url.escape("微 月"), sink = ltn12.sink.table(body) }
  return ("%s %s %s"):format(ok, status, table.concat(body))
end`;
  const bot = await startBot(t, { script, config: { allow_shell: true } });
  assert.equal(await bot.say(`http://127.0.0.1:${server.address().port}/`), `1 200 GET /${encodeURIComponent('微 月').toLowerCase()}`);
});

test('a module that is a C library is refused without allow_shell, by its file', { skip: !isModuleInstalled('socket') && 'needs lua-socket' }, async (t) => {
  const dir = tempDir(t);
  writeFiles(dir, { 'bot.lua': 'local http = require "socket.http"\nfunction on_message() return type(http) end' });
  const { stderr } = await wemoon(['check', 'bot.lua', '--token', TOKEN], { cwd: dir, code: 1 });
  assert.match(stderr, /module 'socket\.core' is a C library \(\/\S+\/core\.so\): C libraries need allow_shell = true/);
});

test('Debian\'s luaunit works in a script, under strict globals', { skip: !isModuleInstalled('luaunit') && 'needs lua-unit' }, async (t) => {
  const script = `local lu = require "luaunit"
local Suite = {}
function Suite.test_equal() lu.assertEquals({ 1, { a = 2 } }, { 1, { a = 2 } }) end
function Suite.test_wrong() lu.assertEquals(1, 2) end
function Suite.test_error() lu.assertErrorMsgContains("broken", error, "broken") end
function on_message()
  local runner = lu.LuaUnit.new()
  runner:setOutputType("nil")
  local failed = runner:runSuiteByInstances { { "Suite", Suite } }
  return failed .. " of " .. runner.result.runCount .. ": " .. runner.result.failedTests[1].msg
end`;
  const bot = await startBot(t, { script });
  assert.match(await bot.say('x'), /^1 of 3: .*bot\.lua:4: expected: 2, actual: 1$/);
  assert.doesNotMatch(bot.log, /global/);
});

test('redefining wechat hurts the script alone', async (t) => {
  const bot = await startBot(t, {
    script: withCases({ x: 'wechat = nil return "gone"', y: 'return wechat.response_text("y")', z: 'wechat = { response_text = 1 } return "z"' }),
    config: { error_reply: 'sorry' },
  });
  assert.equal(await bot.say('x'), 'gone');
  assert.equal(await bot.say('y'), 'sorry');
  assert.equal(await bot.say('z'), 'z');
  await assertAlive(bot);
});

test('spoiled string, table and metatables do no harm to wemoon', async (t) => {
  const bot = await startBot(t, {
    script: withCases({
      x: `string.format, table.concat, tostring, pcall, error, select, type, pairs, ipairs, next = nil
        getmetatable("").__index = nil
        setmetatable(_G, nil)
        return "spoiled"`,
      y: 'return wechat.response_text("y")',
    }),
    config: { error_reply: 'sorry' },
  });
  assert.equal(await bot.say('x'), 'spoiled');
  assert.ok(['y', 'sorry'].includes(await bot.say('y')));
  await assertAlive(bot);
});

// ---- endless scripts ----------------------------------------------------------------------------------------------

const LOOPS = {
  'a loop without end': 'while true do end',
  'a loop inside pcall': 'while true do pcall(function() while true do end end) end',
  'a loop inside xpcall with a handler that loops': 'xpcall(function() while true do end end, function() while true do end end)',
  'a loop inside a coroutine of its own': 'local co = coroutine.wrap(function() while true do end end) while true do pcall(co) end',
  'coroutines that make coroutines': 'local function f() local co = coroutine.create(f) while true do coroutine.resume(co) end end f()',
  'a loop in a metamethod': 'local t = setmetatable({}, { __index = function() while true do end end }) return t.x',
  'a loop in a sort function': 'local t = {} for i = 1, 100 do t[i] = i end table.sort(t, function() while true do end end)',
  'a loop in a gsub callback': 'return (("x"):rep(10):gsub(".", function() while true do end end))',
  'a to-be-closed variable that loops': 'local x <close> = setmetatable({}, { __close = function() while true do end end }) error("x")',
  'goto without end': '::top:: goto top',
  'a tail call without end': 'local function f() return f() end return f()',
};

for (const [what, code] of Object.entries(LOOPS)) {
  test(`${what} is stopped; the process goes on`, async (t) => {
    const bot = await startBot(t, { script: withCases({ x: code }), config: { error_reply: 'sorry', script_cpu_ms: 300 } });
    const begun = Date.now();
    const said = await bot.say('x');
    assert.ok(Date.now() - begun < 4600, `${Date.now() - begun} ms`);
    assert.ok(said === 'sorry' || said === null, said);
    await bot.waitForLog(/bot\.lua:\d+/);
    await assertAlive(bot);
  });
}

test('debug.sethook cannot touch the guard', async (t) => {
  const bot = await startBot(t, {
    script: withCases({ x: 'pcall(debug.sethook) pcall(debug.sethook, function() end, "", 1) while true do end' }),
    config: { script_cpu_ms: 300 },
  });
  const begun = Date.now();
  assert.equal(await bot.say('x'), null);
  assert.ok(Date.now() - begun < 4600);
  await assertAlive(bot);
});

// Scripts in which one library call takes for ever, or nearly: it is stopped like a loop.
const LONG_CALLS = {
  'a pathological pattern': 'return (("a"):rep(40000) .. "b"):find(("a-"):rep(30) .. "c")',
  'a gsub over a pathological pattern': 'return (("a"):rep(30000):gsub(("a?"):rep(20) .. ("a-"):rep(10) .. "b", ""))',
  'a table.move of everything': 'table.move(setmetatable({}, { __index = tostring }), 1, 1 << 60, 1, setmetatable({}, { __newindex = type }))',
  'a sort of a large table': 'local t = {} for i = 1, 3e5 do t[i] = ("x"):rep(30) .. i end while true do table.sort(t) end',
};

for (const [what, code] of Object.entries(LONG_CALLS)) {
  test(`${what} is stopped; the process goes on`, async (t) => {
    const bot = await startBot(t, { script: withCases({ x: code }), config: { error_reply: 'sorry', script_cpu_ms: 300 } });
    assert.equal(await bot.say('x'), 'sorry');
    await bot.waitForLog(/bot\.lua:\d+: stopped after 300 ms of CPU time/);
    assert.doesNotMatch(bot.log, /given up/);
    await assertAlive(bot);
  });
}

// A finalizer cannot be interrupted: other messages are answered by their deadlines, and a fresh interpreter serves
// within a second of the detection.
test('a finalizer that hangs is given up', async (t) => {
  const code = 'setmetatable({}, { __gc = function() while true do end end }) collectgarbage() return "collected"';
  await assertGivenUp(await startBot(t, { script: withCases({ x: code }), config: { script_cpu_ms: 300, deadline_ms: 1500 } }));
});

test('other messages are answered while a script loops', async (t) => {
  const bot = await startBot(t, { script: withCases({ loop: 'while true do end' }), config: { error_reply: 'sorry' } });
  const looping = bot.say('loop');
  await sleep(100);
  assert.deepEqual(await Promise.all(Array.from({ length: 8 }, () => bot.say('hi'))), Array(8).fill('alive'));
  assert.equal(await looping, 'sorry');
  await assertAlive(bot);
});

// ---- scripts that use too much memory -----------------------------------------------------------------------------

const EATERS = {
  'a table that grows without end': 'local t = {} while true do t[#t + 1] = {} end',
  'a string that doubles': 'local s = "x" while true do s = s .. s end',
  'a string.rep of everything': 'return ("x"):rep(1 << 40)',
  'a string.rep of nearly everything, often': 'local t = {} while true do t[#t + 1] = ("x"):rep(30 << 20) end',
  'allocation inside pcall': 'local t = {} while true do pcall(function() while true do t[#t + 1] = ("x"):rep(1000) .. #t end end) end',
  'a table.concat of everything': 'local t = {} for i = 1, 100 do t[i] = ("x"):rep(1 << 20) end while true do t[#t + 1] = table.concat(t) end',
  'coroutines without end': 'local t = {} while true do t[#t + 1] = coroutine.create(function() end) end',
  'string.format of everything': 'local s = ("x"):rep(1 << 20) while true do s = string.format("%s%s", s, s) end',
};

for (const [what, code] of Object.entries(EATERS)) {
  test(`${what} is stopped at script_memory_mb; the process goes on`, async (t) => {
    const bot = await startBot(t, { script: withCases({ x: code }), config: { error_reply: 'sorry', script_memory_mb: 32, late_reply: 'drop' } });
    await assertAlive(bot);
    const said = await bot.say('x');
    assert.ok(said === 'sorry' || said === null, said);
    await assertGoesOn(bot);
  });
}

const RECURSIONS = {
  'recursion in Lua': 'local function f() return 1 + f() end return f()',
  'recursion in Lua inside pcall': 'local function f() return pcall(f) end f() local function g() return 1 + g() end return g()',
  'recursion through gsub': 'local function f() return (("x"):gsub("x", f)) end return f()',
  'recursion through sort': 'local function f() local t = { 2, 1 } table.sort(t, function(a, b) f() return a < b end) end return f()',
  'recursion through tostring': 'local t t = setmetatable({}, { __tostring = function() return tostring(t) end }) return tostring(t)',
  'recursion through load': 'local function f() return load(f)() end return f()',
  'recursion through require': 'package.preload.m = function() package.loaded.m = nil return require "m" end return require "m"',
  'recursion through coroutines': 'local function f() return coroutine.wrap(f)() end return f()',
  'a pattern that recurses': 'return (("x"):rep(1000):match(("x?"):rep(1000) .. "b"))',
  'a source text nested without end': 'return load("return " .. ("("):rep(100000))()',
  'recursion through __index': 'local t = setmetatable({}, {}) getmetatable(t).__index = function(_, k) return t[k .. "x"] end return t.a',
};

for (const [what, code] of Object.entries(RECURSIONS)) {
  test(`${what} is an error of the script; the process goes on`, async (t) => {
    const bot = await startBot(t, { script: withCases({ x: code }), config: { error_reply: 'sorry', late_reply: 'drop' } });
    const said = await bot.say('x');
    assert.ok(said === 'sorry' || said === null, said);
    await assertGoesOn(bot);
  });
}

// ---- concurrent messages ------------------------------------------------------------------------------------------

test('a message that waits does not hold up the others', async (t) => {
  const bot = await startBot(t, { script: withCases({ slow: 'wechat.sleep(0.5) return "slow"' }) });
  const slow = bot.say('slow');
  await sleep(50);
  const begun = Date.now();
  await assertAlive(bot);
  assert.ok(Date.now() - begun < 300);
  assert.equal(await slow, 'slow');
});

test('each message runs in a coroutine of its own, and sees its own message', async (t) => {
  const bot = await startBot(t, {
    script: `function on_message(msg)
      assert(coroutine.isyieldable())
      if wechat.sleep then wechat.sleep(0.01) end
      return wechat.get_message().content
    end`,
  });
  const words = Array.from({ length: 50 }, (_, i) => `word ${i}`);
  assert.deepEqual(await Promise.all(words.map((word) => bot.say(word))), words);
});

test('a yield of the script itself is an error that says what it is', async (t) => {
  const bot = await startBot(t, { script: withCases({ x: 'coroutine.yield(1) return "after"' }) });
  const said = await bot.say('x');
  assert.ok(said === null, said);
  await bot.waitForLog(/yield/);
  await assertAlive(bot);
});

test('an event reaches on_message like a message', async (t) => {
  const bot = await startBot(t, { script: 'function on_message(msg) return msg.type .. " " .. msg.event .. " " .. tostring(msg.id) end' });
  const { reply } = await bot.deliver(eventXml('CLICK', { EventKey: 'V1' }));
  assert.equal(reply.Content, 'click click nil');
});
