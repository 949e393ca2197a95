// The script's memory at its limit (script_memory_mb): warnings, refused allocations, evicted data, replaced
// interpreters, and freed memory.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const test = require('node:test');
const { startBot, sleep, until } = require('./harness.js');
const { sanitizer } = require('./sanitizer');

const rss = (bot) => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${bot.pid}/status`, 'utf8'))[1]) / 1024;
const count = (log, what) => log.split(what).length - 1;
const HOARD = `
hoard = {}
local function keep(mb) for _ = 1, mb do local piece = {} for i = 1, 1 << 16 do piece[i] = i end hoard[#hoard + 1] = piece end end
`;

test('at 90 % of script_memory_mb there is one warning, and another only after it was easier', async (t) => {
  const bot = await startBot(t, { config: { script_memory_mb: 128, script_cpu_ms: 10000 }, script: `${HOARD}
function on_message(msg)
  if msg.content == "free" then hoard = {} collectgarbage() else keep(tonumber(msg.content)) end
  return "kept " .. #hoard
end` });
  assert.equal(await bot.say('60'), 'kept 60');
  await sleep(500);
  assert.doesNotMatch(bot.log, /script_memory_mb/);
  assert.equal(await bot.say('57'), 'kept 117');
  await bot.waitForLog(/the script uses \d+ of 128 MB \(script_memory_mb\)/);
  await sleep(1000);
  assert.equal(await bot.say('free'), 'kept 0');
  await sleep(500);
  assert.equal(count(bot.log, 'of 128 MB (script_memory_mb)'), 1);
  assert.equal(await bot.say('117'), 'kept 117');
  await until(() => count(bot.log, 'of 128 MB (script_memory_mb)') === 2, 'the second warning');
});

// A sanitizer keeps freed memory for a while.
test('after a runaway script the process goes back near where it began', { skip: sanitizer }, async (t) => {
  const bot = await startBot(t, { config: { script_memory_mb: 200, script_cpu_ms: 20000 }, script: `
function on_message(msg)
  if msg.content ~= "run" then return msg.content end
  local all = {}
  for i = 1, 1 << 40 do all[i] = { i } end
end` });
  assert.equal(await bot.say('before'), 'before');
  const before = rss(bot);
  await bot.deliver(require('./harness.js').textXml('run'), { timeoutMs: 20000 });
  const at = rss(bot);
  assert.equal(await bot.say('after'), 'after');
  await until(() => rss(bot) < before + 16, `${rss(bot)} MB to become ${before}`, 8000);
  t.diagnostic(`${before.toFixed(1)} MB, ${at.toFixed(1)} at the end of the runaway script, then ${rss(bot).toFixed(1)}`);
});

test('what a script needed while it waited is given back after its end', { skip: sanitizer }, async (t) => {
  const bot = await startBot(t, { script: `
function on_message(msg)
  if msg.content ~= "hold" then return msg.content end
  local all = {}
  for i = 1, 100 do all[i] = ("x"):rep(1000000) .. i end
  wechat.sleep(1) -- meanwhile the interpreter is idle
  return #all .. " held"
end` });
  assert.equal(await bot.say('before'), 'before');
  const before = rss(bot);
  assert.equal(await bot.say('hold'), '100 held');
  assert.ok(rss(bot) > before + 90);
  await until(() => rss(bot) < before + 16, `${rss(bot)} MB to become ${before}`, 15000);
});

test('a script that stays full for five seconds is replaced, the log says so once, and no message waits longer', { timeout: 60000 }, async (t) => {
  const bot = await startBot(t, { config: { script_memory_mb: 48, deadline_ms: 4500, late_reply: 'drop' }, script: `${HOARD}
function on_message(msg)
  if msg.content == "fill" then pcall(function() while true do keep(1) end end) pcall(function() while true do hoard[#hoard + 1] = ("y"):rep(1000) .. #hoard end end) return "full" end
  local t = {}
  for i = 1, 20000 do t[i] = { i } end
  return "answered " .. msg.content
end` });
  await bot.say('fill').catch(() => {});
  const began = Date.now();
  const asked = [];
  let answered;
  while (!answered && Date.now() - began < 20000) {
    asked.push(bot.say(`m${asked.length}`, { agent: false, fields: { FromUserName: `o${asked.length}` } }).then((text) => { if (/^answered/.test(text)) answered ??= Date.now() - began; }, () => {}));
    await sleep(200);
  }
  await Promise.all(asked);
  assert.ok(answered > 4000 && answered < 9000, `${answered} ms`);
  assert.equal(count(bot.log, 'has filled script_memory_mb (48 MB) for 5 s: a fresh interpreter serves in its place'), 1);
  await sleep(300);
  if (!sanitizer) await until(() => rss(bot) < 60, `${rss(bot)} MB to become less`, 8000);
});

const ASKS = `
hoard = {}
function on_message(msg)
  if msg.content == "fill" then
    hoard = {}
    for i = 1, 117 do hoard[i] = {} for j = 1, 1 << 16 do hoard[i][j] = j end end
    return "filled"
  end
  local size = ("z"):rep(10000) .. msg.source
  local reply, why = wechat.ask("your name?")
  return reply and "hello " .. reply.content .. " " .. #size or nil
end`;

test('conversations that are in the store leave memory at 90 %, and go on', async (t) => {
  const bot = await startBot(t, { config: { script_memory_mb: 128, script_cpu_ms: 10000, store: 'sqlite:wemoon.db' }, script: ASKS });
  for (let i = 0; i < 30; i++) await bot.say('hi', { fields: { FromUserName: `oAsk${i}` } });
  await bot.say('fill', { fields: { FromUserName: 'oFill' } });
  await bot.waitForLog(/of 128 MB \(script_memory_mb\)/);
  await sleep(500);
  assert.doesNotMatch(bot.log, /conversation was ended/);
  for (let i = 0; i < 30; i++) assert.equal(await bot.say('Ann', { fields: { FromUserName: `oAsk${i}` } }), `hello Ann ${10000 + `oAsk${i}`.length}`);
});

test('where no store keeps them, the oldest conversations end at 90 %, each with a line', async (t) => {
  const bot = await startBot(t, { config: { script_memory_mb: 128, script_cpu_ms: 10000, store: 'memory:' }, script: ASKS });
  for (let i = 0; i < 30; i++) await bot.say('hi', { fields: { FromUserName: `oAsk${i}` } });
  await bot.say('fill', { fields: { FromUserName: 'oFill' } });
  await bot.waitForLog(/the conversation was ended: script_memory_mb is used up/);
  assert.match(bot.log, /oAsk0[^\n]*conversation was ended|conversation was ended[^\n]*oAsk0/);
});
