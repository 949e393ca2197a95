// wechat.cron and wechat.every when clocks change and processes are suspended.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { sleep, startBot, tempDir, until } = require('./harness');
const { preload, sanitized: skip } = require('./preload');

const lines = (file) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').filter(Boolean) : []);

test('work in the background that never ends keeps no message from its answer', async (t) => {
  const bot = await startBot(t, { script: `
local function compute(ms) local began = os.clock() while os.clock() - began < ms / 1000 do end end
function on_load() for _ = 1, 3 do wechat.spawn(function() while true do compute(5) wechat.sleep(0) end end) end end
wechat.route("GET", "/page", function() wechat.sleep(0.01) return {body = "page"} end)
function on_message(msg) wechat.sleep(0.01) return msg.content end` });
  for (const text of ['a', 'b', 'c']) assert.equal(await bot.say(text), text);
  assert.equal(await (await fetch(new URL('/page', bot.url))).text(), 'page');
});

test('nor does it keep a conversation that goes on from the store from its answer', async (t) => {
  const script = (question, lost) => `
local function compute(ms) local began = os.clock() while os.clock() - began < ms / 1000 do end end
local function wait() for _ = 1, 20 do wechat.sleep(0.001) end end
function on_load() for _ = 1, 100 do wechat.spawn(function() while true do compute(5) wechat.sleep(0) end end) end end
function on_message(msg) local text = wechat.ask("${question}").content wait() return "got " .. text end
${lost}`;
  const config = { store: `sqlite:${path.join(tempDir(t), 'wemoon.db')}` };
  for (const [question, hook, answer] of [['one?', '', 'got a'],
    ['another?', 'function on_lost(msg) wait() return "lost " .. msg.content end', 'lost a']]) {
    let bot = await startBot(t, { script: script('one?', ''), config });
    assert.equal(await bot.say('go'), 'one?');
    await bot.kill();
    bot = await startBot(t, { script: script(question, hook), config });
    assert.equal(await bot.say('a'), answer);
    await bot.kill();
  }
});

test('a clock that is set forth makes up for no cron time, one set back silences none', { skip }, async (t) => {
  const { env, put } = preload(t, 'shift', 1);
  const file = path.join(tempDir(t), 'ticks');
  // Sets the clock to that time of day, `days` from today.
  const set = (days, hours, minutes, seconds) => {
    const day = new Date();
    day.setUTCHours(hours, minutes, seconds, 0);
    put(0, Math.round((day.getTime() - Date.now()) / 1000) + days * 86400);
  };
  set(1, 1, 0, 0);
  await startBot(t, {
    script: `
function on_load() wechat.cron("30 2 * * *", function()
  local f = io.open(os.getenv("TICKS"), "a") f:write(os.date("!%H:%M"), "\\n") f:close()
end) end
function on_message() end`, env: { ...env, TZ: 'UTC', TICKS: file },
  });
  set(1, 12, 0, 0); // past the scheduled time: the run is not made up for
  await sleep(6000);
  assert.deepEqual(lines(file), []);
  set(1, 2, 29, 53); // back before the scheduled time
  await until(() => lines(file).length === 1, 'the tick of 02:30', 15000);
  assert.deepEqual(lines(file), ['02:30']);
  set(2, 2, 29, 53);
  await until(() => lines(file).length === 2, 'the tick of the next day', 15000);
});

test('a process that was frozen past its lease does not tick when it wakes', async (t) => {
  const dir = tempDir(t);
  const file = path.join(dir, 'ticks');
  const script = `
function on_load() wechat.every(0.1, function()
  local f = io.open(os.getenv("TICKS"), "a") f:write(os.getenv("NAME"), "\\n") f:close()
end) end
function on_message() end`;
  const start = (NAME) => startBot(t, { script, env: { TICKS: file, NAME }, config: { store: `sqlite:${path.join(dir, 'wemoon.db')}` } });
  const first = await start('first');
  await until(() => lines(file).length > 3, 'ticks of the first', 10000);
  const second = await start('second');
  first.signal('SIGSTOP');
  await until(() => lines(file).at(-1) === 'second', 'ticks of the second', 15000);
  const seen = lines(file).length;
  first.signal('SIGCONT');
  await sleep(1500);
  assert.deepEqual(new Set(lines(file).slice(seen)), new Set(['second']));
  await second.stop();
  await until(() => lines(file).at(-1) === 'first', 'ticks of the first again', 10000);
});

test('a timer of on_message ends with its process, and begins anew when its conversation goes on', async (t) => {
  const dir = tempDir(t);
  const script = `
local name = os.getenv("NAME")
local function note(what) local f = io.open(os.getenv("TICKS"), "a") f:write(name, " ", what, "\\n") f:close() end
wechat.every(0.1, function() note("body") end)
function on_message(msg)
  wechat.every(0.1, function() note("message") end)
  return "got " .. wechat.ask("?").content
end`;
  const file = path.join(dir, 'ticks');
  const start = (NAME) => startBot(t, { script, env: { TICKS: file, NAME }, config: { store: `sqlite:${path.join(dir, 'wemoon.db')}` } });
  const count = (line) => lines(file).filter((one) => one === line).length;
  const first = await start('first');
  assert.equal(await first.say('go'), '?');
  await until(() => count('first message') > 2, 'its ticks', 10000);
  await first.kill();
  const second = await start('second');
  await until(() => count('second body') > 5, 'ticks of the body', 10000);
  assert.equal(count('second message'), 0);
  assert.equal(await second.say('x'), 'got x');
  await until(() => count('second message') > 2, 'ticks after the answer', 10000);
});
