// Reload: a saved file is served within a second, however it was saved; a broken file changes nothing; no client
// notices the change.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const { atEnd, BINARY, cleanEnv, startBot, sleep, signedQuery, tempDir, until, writeFiles } = require('./harness');
const { stopwatch } = require('./stopwatch');

const saying = (word) => `function on_message() return ${JSON.stringify(word)} end\n`;
const WITHIN_MS = 1000; // after the save

// Asserts that new behaviour is served within a second, without the time that other programs had the cores.
async function assertSays(bot, word, withinMs = WITHIN_MS) {
  const elapsed = stopwatch(bot);
  await until(async () => (await bot.say('?')) === word, `the script that says ${word}`, 20000);
  const ms = elapsed();
  assert.ok(ms < withinMs, `it says ${word} ${ms} ms after the save:\n${bot.log}`);
}

test('a saved script is served within a second', async (t) => {
  const bot = await startBot(t, { script: saying('one') });
  assert.equal(await bot.say('?'), 'one');
  bot.write('bot.lua', saying('two'));
  await assertSays(bot, 'two');
  bot.write('bot.lua', saying('six')); // same size
  await assertSays(bot, 'six');
});

test('a script that was written beside and renamed over is served', async (t) => {
  const bot = await startBot(t, { script: saying('one') });
  bot.replace('bot.lua', saying('two'));
  await assertSays(bot, 'two');
  bot.replace('bot.lua', saying('three'));
  await assertSays(bot, 'three');
});

test('an editor that moves the old file away first loses nothing', async (t) => {
  const bot = await startBot(t, { script: saying('one') });
  fs.renameSync(bot.file('bot.lua'), bot.file('bot.lua~'));
  await sleep(400);
  assert.equal(await bot.say('?'), 'one');
  bot.write('bot.lua', saying('two'));
  await assertSays(bot, 'two');
});

test('a saved module is served, in a subfolder too', async (t) => {
  const bot = await startBot(t, {
    script: 'local a, b = require "a", require "lib.b"\nfunction on_message() return a.word .. b.word end',
    files: { 'a.lua': 'return { word = "a1" }', 'lib/b.lua': 'return { word = "b1" }' },
  });
  assert.equal(await bot.say('?'), 'a1b1');
  bot.write('a.lua', 'return { word = "a2" }');
  await assertSays(bot, 'a2b1');
  bot.replace('lib/b.lua', 'return { word = "b2" }');
  await assertSays(bot, 'a2b2');
});

test('a module that LUA_PATH finds elsewhere is looked after too', async (t) => {
  const elsewhere = tempDir(t);
  const write = (word) => fs.writeFileSync(`${elsewhere}/found.lua`, `return ${JSON.stringify(word)}`);
  write('one');
  const script = 'local word = require "found" function on_message() return word end';
  const bot = await startBot(t, { script, env: { LUA_PATH: `${elsewhere}/?.lua;;` } });
  assert.equal(await bot.say('?'), 'one');
  write('two');
  await assertSays(bot, 'two');
});

test('a module that was required while a message was answered is looked after too', async (t) => {
  const bot = await startBot(t, { script: 'function on_message() return require("late") end', files: { 'late.lua': 'return "one"' } });
  assert.equal(await bot.say('?'), 'one');
  bot.write('late.lua', 'return "two"');
  await assertSays(bot, 'two');
});

test('a module that was required while a message was answered is no change: nothing is loaded again', async (t) => {
  const bot = await startBot(t, {
    script: 'local n = 0\nfunction on_message() n = n + 1 return require("late") .. n end', files: { 'late.lua': 'return "one "' }, config: { interpreters: 2 },
  });
  await sleep(600); // a file written just before the start may be read again
  const before = (bot.log.match(/reloaded in/g) || []).length;
  for (const n of [1, 1, 2, 2, 3]) {
    assert.equal(await bot.say('?'), `one ${n}`);
    await sleep(350);
  }
  assert.equal((bot.log.match(/reloaded in/g) || []).length, before, bot.log);
  bot.write('late.lua', 'return "two "');
  await assertSays(bot, 'two 1');
});

test('a link is followed, and a link that is turned is seen', async (t) => {
  const bot = await startBot(t, { script: saying('start'), files: { 'v1/m.lua': 'return "one"', 'v2/m.lua': 'return "two"' } });
  fs.symlinkSync('v1', bot.file('current'));
  bot.write('bot.lua', 'local word = require "current.m"\nfunction on_message() return word end');
  await assertSays(bot, 'one');
  bot.write('v1/m.lua', 'return "one and a half"');
  await assertSays(bot, 'one and a half');
  fs.symlinkSync('v2', bot.file('next'));
  fs.renameSync(bot.file('next'), bot.file('current'));
  await assertSays(bot, 'two');
});

test('a script that is itself a link is followed', async (t) => {
  const bot = await startBot(t, { script: saying('start') });
  bot.write('real/bot.lua', saying('real'));
  fs.symlinkSync('real/bot.lua', bot.file('link'));
  fs.renameSync(bot.file('link'), bot.file('bot.lua'));
  await assertSays(bot, 'real');
  bot.write('real/bot.lua', saying('changed'));
  await assertSays(bot, 'changed');
});

test('SIGHUP loads the script again, also where nothing is watched', async (t) => {
  const bot = await startBot(t, { script: saying('one'), config: { watch: false } });
  bot.write('bot.lua', saying('two'));
  await sleep(700);
  assert.equal(await bot.say('?'), 'one');
  bot.signal('SIGHUP');
  await assertSays(bot, 'two');
});

test('SIGHUP reads every module afresh', async (t) => {
  const bot = await startBot(t, {
    script: 'local word = require "m"\nfunction on_message() return word end', files: { 'm.lua': 'return "one"' }, config: { watch: false },
  });
  bot.write('m.lua', 'return "two"');
  bot.signal('SIGHUP');
  await assertSays(bot, 'two');
});

test('SIGTERM ends a bot that is still loading its script', async (t) => {
  const dir = tempDir(t);
  writeFiles(dir, { 'bot.lua': `${saying('one')} function on_load() wechat.log.info("loading") wechat.sleep(100) end` });
  for (const command of ['run', 'dev']) {
    const child = spawn(BINARY, [command, 'bot.lua', '--token', 'aToken', ...(command === 'run' ? ['--listen', '127.0.0.1:0'] : ['--port', '0'])], { cwd: dir, env: cleanEnv(), stdio: ['ignore', 'ignore', 'pipe'] });
    atEnd(t, () => child.kill('SIGKILL'));
    let log = '';
    child.stderr.on('data', (text) => { log += text; });
    await until(() => /loading/.test(log), `a script that loads: ${log}`, 20000);
    const ended = new Promise((resolve) => child.on('close', (...how) => resolve(how)));
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null], log);
  }
});

test('SIGTERM waits for no script that is being loaded, and no storm of other signals hides it', async (t) => {
  for (const watch of [true, false]) {
    const bot = await startBot(t, { script: saying('one'), config: { watch } });
    bot.write('bot.lua', `${saying('two')} function on_load() wechat.log.info("loading") wechat.sleep(100) end`);
    if (!watch) bot.signal('SIGHUP');
    await bot.waitForLog(/loading/);
    await bot.stop();
    assert.doesNotMatch(bot.log, /exiting without/);
  }
  const bot = await startBot(t, { script: saying('one'), config: { watch: false } });
  const storm = spawn('sh', ['-c', `while kill -HUP ${bot.pid} && kill -USR1 ${bot.pid}; do :; done 2>/dev/null`]);
  atEnd(t, () => storm.kill());
  await bot.waitForLog(/(was loaded again[^]*){3}/, 20000);
  await bot.stop();
  assert.doesNotMatch(bot.log, /exiting without/);
});

// ---- broken scripts -----------------------------------------------------------------------------------------------

for (const [what, script, why] of [
  ['does not parse', 'function on_message(\n', /bot\.lua:[12]:/],
  ['fails at load', 'local x = nil\nprint(x.y)\nfunction on_message() return "broken" end\n', /bot\.lua:2:/],
  ['defines no on_message', 'local x = 1\n', /on_message/],
  ['requires what is not there', 'require "nowhere"\nfunction on_message() end\n', /nowhere/],
  ['loops at load', 'while true do end\n', /bot\.lua:1/],
  ['eats all memory at load', 'local t = {} while true do t[#t + 1] = ("x"):rep(100000) .. #t end\n', /memory/],
  ['raises in on_load', 'function on_load() error("not today") end\nfunction on_message() return "broken" end\n', /bot\.lua:1: not today/],
  ['is empty', '', /on_message/],
]) {
  test(`a script that ${what} does not take over; the log says why, and the mended one does`, async (t) => {
    const bot = await startBot(t, { script: saying('good'), config: { script_memory_mb: 16, script_cpu_ms: 4000 } });
    bot.write('bot.lua', script);
    await bot.waitForLog(/not reloaded/, 90000); // four seconds of CPU are a minute on a busy machine
    assert.match(bot.log, why);
    assert.equal(await bot.say('?'), 'good');
    bot.write('bot.lua', saying('mended'));
    await assertSays(bot, 'mended');
  });
}

test('a module that was missing is looked for until it is there', async (t) => {
  const bot = await startBot(t, { script: saying('good') });
  bot.write('bot.lua', 'local word = require "lib.later"\nfunction on_message() return word end');
  await bot.waitForLog(/lib\.later/);
  assert.equal(await bot.say('?'), 'good');
  bot.write('lib/later.lua', 'return "here"');
  await assertSays(bot, 'here');
});

test('a module that was broken and is mended brings the new script in', async (t) => {
  const bot = await startBot(t, {
    script: 'local word = require "m"\nfunction on_message() return word end', files: { 'm.lua': 'return "one"' },
  });
  bot.write('m.lua', 'return ((');
  await bot.waitForLog(/m\.lua:1/);
  assert.equal(await bot.say('?'), 'one');
  bot.write('m.lua', 'return "two"');
  await assertSays(bot, 'two');
});

// ---- hand-over ----------------------------------------------------------------------------------------------------

test('what on_unload returns is the next load\'s state', async (t) => {
  const script = (version) => `
local count = 0
function on_load(state) if state then count = state.count end end
function on_unload() return { count = count, list = { 1, "二", true } } end
function on_message(msg) if msg.content == "add" then count = count + 1 end return "${version}:" .. count end
`;
  const bot = await startBot(t, { script: script('v1') });
  assert.equal(await bot.say('add'), 'v1:1');
  assert.equal(await bot.say('add'), 'v1:2');
  bot.write('bot.lua', script('v2'));
  await assertSays(bot, 'v2:2');
  bot.signal('SIGHUP');
  await sleep(300);
  assert.equal(await bot.say('add'), 'v2:3');
});

for (const [what, body] of [['raises', 'error("in on_unload")'], ['loops', 'while true do end'], ['returns what is no JSON', 'return { f = print }'],
  ['returns nothing', 'return']]) {
  test(`on_unload that ${what}: state is nil, and the reload goes on`, async (t) => {
    const bot = await startBot(t, {
      script: `function on_unload() ${body} end\nfunction on_message() return "one" end`, config: { script_cpu_ms: 200 },
    });
    assert.equal(await bot.say('?'), 'one');
    bot.write('bot.lua', 'local seen = "unset"\nfunction on_load(state) seen = type(state) end\nfunction on_message() return seen end');
    await assertSays(bot, 'nil', 3000);
  });
}

test('on_unload is called when the process ends', async (t) => {
  const bot = await startBot(t, { script: 'function on_unload() wechat.log.info("good bye") end\nfunction on_message() end' });
  await bot.stop();
  assert.match(bot.log, /good bye/);
});

test('messages under way end on the old script', async (t) => {
  const script = (word, pause) => `function on_message() wechat.sleep(${pause}) return "${word}" end`;
  const bot = await startBot(t, { script: script('old', 1.5) });
  const slow = bot.say('slow');
  await sleep(100);
  bot.write('bot.lua', script('new', 0));
  await bot.waitForLog(/reloaded/);
  assert.equal(await bot.say('?'), 'new');
  assert.equal(await slow, 'old');
});

// ---- under load ---------------------------------------------------------------------------------------------------

test('100 reloads under load leave no answer failed', { skip: spawnSync('wrk', ['-v']).error ? 'wrk is not installed' : false }, async (t) => {
  const script = (n) => `local util = require "util"\nfunction on_message(msg) return util.word .. "${n}" end -- ${crypto.randomUUID()}\n`;
  const bot = await startBot(t, { script: script(0), files: { 'util.lua': 'return { word = "n" }' }, config: { replay_window_s: 0 } });
  const query = new URLSearchParams(signedQuery({ timestamp: 1700000000, nonce: 'wrk' })).toString();
  // Each request is a separate message; wrk counts answers other than 200.
  bot.write('load.lua', `
local count, thread = 0, 0
function setup(t) thread = thread + 1 t:set("base", thread * 1000000000) end
function request()
  count = count + 1
  local body = "<xml><ToUserName>gh</ToUserName><FromUserName>o" .. base .. "</FromUserName><CreateTime>1700000000</CreateTime>" ..
    "<MsgType>text</MsgType><Content>hi</Content><MsgId>" .. (base + count) .. "</MsgId></xml>"
  return wrk.format("POST", "${bot.path}?${query}", { ["Content-Type"] = "text/xml" }, body)
end
function response(status, headers, body)
  if not body:find("<Content><!%[CDATA%[n%d+%]%]></Content>") then print("strange answer: " .. status .. " " .. body) end
end
`);
  const seconds = process.env.WEMOON_SLOW ? 60 : 25;
  const wrk = spawn('wrk', ['-t1', '-c16', `-d${seconds}s`, '--timeout', '5s', '-s', bot.file('load.lua'), `http://127.0.0.1:${bot.port}/`]);
  let output = '';
  wrk.stdout.on('data', (chunk) => { output += chunk; });
  const ended = new Promise((resolve) => wrk.on('close', resolve));
  await sleep(300);
  for (let n = 1; n <= 100; n++) {
    if (n % 2) bot.replace('bot.lua', script(n));
    else bot.write('bot.lua', script(n));
    bot.signal('SIGHUP');
    await sleep(150);
  }
  await assertSays(bot, 'n100', 5000);
  wrk.kill('SIGINT');
  await ended;
  assert.match(output, /requests in/, output);
  assert.doesNotMatch(output, /Non-2xx|Socket errors|strange answer/, output);
  const served = Number(/(\d+) requests in/.exec(output)[1]);
  assert.ok(served > 1000, output);
});

test('what wemoon itself reads late is no change of the script: no reload without one', async (t) => {
  const bot = await startBot(t, {
    script: 'function on_message(msg) return tostring(wechat.tag ~= nil) end',
  });
  await sleep(600);
  assert.equal(await bot.say('hi'), 'true');
  await sleep(800);
  const reloads = bot.log.match(/reloaded in/g) || [];
  assert.ok(reloads.length <= 1, bot.log); // a file written just before the start may be read again
});

// Mounts one file, like `docker run -v /etc/bot.lua:/bot.lua`.
test('a single mounted file that was replaced outside is the old one, and that is told', async (t) => {
  if (spawnSync('unshare', ['-m', 'true']).status !== 0) return t.skip('needs the right to mount');
  const bot = await startBot(t, { script: '', files: { 'outside.lua': saying('one') },
    under: ['unshare', '-m', 'sh', '-c', 'mount --bind outside.lua bot.lua && exec "$@"', 'sh'] });
  assert.equal(await bot.say('?'), 'one');
  bot.write('outside.lua', saying('two')); // the same file
  await assertSays(bot, 'two');
  assert.doesNotMatch(bot.log, /replaced outside/);
  bot.replace('outside.lua', saying('three'));
  await bot.waitForLog(/bot\.lua was replaced outside of the container, where the old file is still mounted/);
  assert.equal(await bot.say('?'), 'two');
});
