// Several Lua states (`interpreters`): scripts compute concurrently, each state has its own globals, and everything
// else behaves as with one state.
//
// Scripts synchronize by files: a message computes until another message has written a file, so that no test depends
// on the machine's speed.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const { startBot, wemoon, tempDir, writeFiles, freePort, sleep, until } = require('./harness');

const WHO = `
local me = tostring({}):match("%x+$")
local function is_there(name) local file = io.open(name) if file then file:close() end return file ~= nil end
local function mark(name) io.open(name, "w"):close() end
local function compute_until(name, tries)
  for _ = 1, tries or math.huge do if is_there(name) then return true end end
end
`;
const SLOW = process.env.WEMOON_SLOW ? 4 : 1;
const PATIENT = { script_cpu_ms: 60000, deadline_ms: 4900, replay_window_s: 0, store: 'memory:' };

const start = (t, script, { config, ...options } = {}) =>
  startBot(t, { script: WHO + script, ...options, config: { interpreters: 2, ...PATIENT, ...config } });

const say = (bot, content, user = 'oSomebody') => bot.say(content, { fields: { FromUserName: user } });

// Returns the states that answer `times` messages, sent one after another.
async function statesOf(bot, times = 8) {
  const all = new Set();
  for (let i = 0; i < times; i++) all.add(await say(bot, 'who'));
  return all;
}

// ---- concurrent messages ------------------------------------------------------------------------------------------

const MEETING = `
function on_message(msg)
  local mine, other, tries = msg.content:match("(%w+) meets (%w+) ?(%d*)")
  mark(mine)
  return compute_until(other, tonumber(tries)) and "met" or "alone"
end
`;

test('two messages compute at once in two states', async (t) => {
  const bot = await start(t, MEETING);
  assert.deepEqual(await Promise.all([say(bot, 'a meets b', 'oA'), say(bot, 'b meets a', 'oB')]), ['met', 'met']);
});

test('with one state the second waits for the first', async (t) => {
  const bot = await start(t, MEETING, { config: { interpreters: 1 } });
  const answers = await Promise.all([say(bot, 'a meets b 20000', 'oA'), say(bot, 'b meets a 20000', 'oB')]);
  assert.deepEqual(answers.sort(), ['alone', 'met']);
});

const BUSY = `
function on_message(msg)
  if msg.content == "who" then return me end
  mark("began " .. msg.content)
  compute_until("end " .. msg.content)
  return me
end
`;

// Sends a message that computes until `end`; resolves once the script has started.
async function keepBusy(bot, name, user) {
  const answer = say(bot, name, user);
  await until(() => fs.existsSync(bot.file(`began ${name}`)), `${name} to begin`, 20000);
  return { answer, end: () => { bot.write(`end ${name}`, ''); return answer; } };
}

test('while one state is busy every message goes to the other', async (t) => {
  const bot = await start(t, BUSY);
  const long = await keepBusy(bot, 'long', 'oLong');
  const others = await statesOf(bot, 6);
  assert.equal(others.size, 1);
  assert.ok(!others.has(await long.end()));
});

test('a message that waits for a busy state is answered by the one that is free first', async (t) => {
  const bot = await start(t, BUSY);
  const long = await keepBusy(bot, 'long', 'oLong');
  const short = await keepBusy(bot, 'short', 'oShort');
  const waiting = [1, 2, 3, 4].map((n) => say(bot, 'who', `oQuick${n}`));
  await sleep(50);
  const free = await short.end();
  assert.deepEqual(await Promise.all(waiting), [free, free, free, free]);
  assert.notEqual(await long.end(), free);
});

// ---- shared and separate data -------------------------------------------------------------------------------------

test('globals are each state\'s own; the store is everybody\'s', async (t) => {
  const bot = await start(t, 'local n = 0\nfunction on_message() n = n + 1 return n .. "/" .. wechat.store.incr("n") end');
  const own = [];
  for (let i = 1; i <= 8; i++) {
    const [mine, all] = (await say(bot, 'x')).split('/').map(Number);
    assert.equal(all, i);
    own.push(mine);
  }
  assert.equal(Math.max(...own), 4); // they take turns
});

test('two messages of one user at once, in two states, lose neither one\'s keys', async (t) => {
  const bot = await start(t, `
function on_message(msg)
  local s = wechat.session()
  if msg.content == "show" then
    local keys = {}
    for key in pairs(s) do keys[#keys + 1] = key end
    table.sort(keys)
    return table.concat(keys, " ")
  end
  local mine, other = msg.content:match("(%w+) beside (%w+)")
  s[mine] = me
  mark(mine)
  compute_until(other) -- both have read the session, neither has written it
  return me
end`);
  const keys = [];
  for (let i = 0; i < 5; i++) {
    const first = say(bot, `a${i} beside b${i}`);
    await until(() => fs.existsSync(bot.file(`a${i}`)), `a${i} to compute`, 20000); // so that the other state is free
    assert.notEqual(await say(bot, `b${i} beside a${i}`), await first);
    keys.push(`a${i}`, `b${i}`);
  }
  assert.equal(await say(bot, 'show'), keys.sort().join(' '));
});

// Keeps ten megabytes.
const KEEPING = `
local kept = {}
function on_message() for i = 1, 10 do kept[i] = ("x"):rep(1 << 20) end return me end
`;

test('each state may take script_memory_mb', async (t) => {
  const bot = await start(t, KEEPING, { config: { script_memory_mb: 16 } });
  assert.equal((await statesOf(bot)).size, 2, bot.log);
});

test('every state has the pages', async (t) => {
  const bot = await start(t, 'wechat.route("GET", "/who", function() return me end)\nfunction on_message() end');
  const seen = new Set();
  for (let i = 0; i < 8; i++) {
    const page = await bot.request({ method: 'GET', path: '/who' });
    assert.equal(page.status, 200);
    seen.add(page.body);
  }
  assert.equal(seen.size, 2);
});

test('timers that the script makes while it is loaded tick in one state', async (t) => {
  const bot = await start(t, 'wechat.every(0.02, function() wechat.log.info("tick in " .. me) end)\nfunction on_message() end', { config: { interpreters: 4 } });
  await until(() => bot.log.split('tick in').length > 20, 'twenty ticks', 20000);
  assert.equal(new Set([...bot.log.matchAll(/tick in (\w+)/g)].map((one) => one[1])).size, 1);
});

// ---- conversations ------------------------------------------------------------------------------------------------

test('a conversation goes on in the state that asked, whatever state is free', async (t) => {
  const bot = await start(t, `
function on_message(msg)
  if msg.content == "who" then return me end
  for n = 1, 3 do
    local answer = wechat.ask(me .. "?")
    if answer.content ~= tostring(n) then return "not " .. n end
  end
  return me .. "!"
end`, { config: { interpreters: 3 } });
  const users = Array.from({ length: 12 }, (_, i) => `oUser${i}`);
  const asked = await Promise.all(users.map((user) => say(bot, 'go', user)));
  assert.equal(new Set(asked).size, 3);
  for (const n of ['1', '2']) assert.deepEqual(await Promise.all(users.map((user) => say(bot, n, user))), asked);
  assert.deepEqual(await Promise.all(users.map((user) => say(bot, '3', user))), asked.map((state) => state.replace('?', '!')));
});

test('conversations of all states live through eight reloads; the ninth ends those of the first', async (t) => {
  const script = (n) => `${WHO}function on_message(msg)
    if msg.content == "which" then return "v${n}" end
    local answer, why = wechat.ask(me .. "?", { timeout_s = 60 })
    if not answer then wechat.log.warn("v${n} ended: " .. why) return end
    return "v${n} got " .. answer.content
  end`;
  const bot = await startBot(t, { script: script(0), config: { interpreters: 2, watch: false, ...PATIENT } });
  for (let n = 1; n <= 9; n++) {
    const asked = new Set(await Promise.all([say(bot, 'start', `oOne${n - 1}`), say(bot, 'start', `oTwo${n - 1}`)]));
    for (let more = 1; asked.size < 2; more++) asked.add(await say(bot, 'start', `oMore${n}-${more}`));
    bot.write('bot.lua', script(n));
    bot.signal('SIGHUP');
    await until(async () => (await say(bot, 'which', 'oOther')) === `v${n}`, `version ${n}`);
    if (n === 8) assert.equal(await say(bot, 'x', 'oOne0'), 'v0 got x');
  }
  await bot.waitForLog(/v0 ended: reload/);
  for (const user of ['oOne1', 'oTwo1']) assert.equal(await say(bot, 'x', user), 'v1 got x');
  assert.doesNotMatch(bot.log, /v1 ended/);
});

// ---- reloads ------------------------------------------------------------------------------------------------------

const COUNTING = (version) => `${WHO}
local n = 0
function on_load(state) if state then n = state.n end end
function on_unload() return { n = n } end
function on_message(msg) if msg.content == "who" then return me end n = n + 1 return "${version} " .. n end`;

test('a reload replaces all states at once, and each hands its state on', async (t) => {
  const bot = await startBot(t, { script: COUNTING('v1'), config: { interpreters: 2, ...PATIENT } });
  const before = await statesOf(bot);
  for (let i = 0; i < 6; i++) await say(bot, 'add');
  bot.write('bot.lua', COUNTING('v2'));
  await bot.waitForLog(/reloaded in/);
  for (let i = 0; i < 4; i++) assert.match(await say(bot, 'add'), /^v2 [45]$/);
  const after = await statesOf(bot);
  assert.equal(after.size, 2);
  for (const state of before) assert.ok(!after.has(state));
});

test('a script that fails in one of the states takes over in none', async (t) => {
  const bot = await startBot(t, { script: COUNTING('v1'), config: { interpreters: 3, ...PATIENT } });
  const before = await statesOf(bot, 9);
  bot.write('bot.lua', `${COUNTING('v2')}\nif is_there("loaded once") then error("the second one fails") end mark("loaded once")`);
  await bot.waitForLog(/not reloaded.*the second one fails/);
  assert.deepEqual(await statesOf(bot, 9), before);
});

test('reloads under way refuse and lose nothing', async (t) => {
  const script = (n) => `function on_message() return "v${n}" end`;
  const bot = await startBot(t, { script: script(0), config: { interpreters: 3, watch: false, ...PATIENT } });
  let over = false, answered = 0;
  const users = Array.from({ length: 8 }, async (_, i) => {
    for (let last = 0; !over; answered++) {
      const version = Number((await say(bot, 'x', `oUser${i}`)).slice(1));
      assert.ok(version >= last, `v${version} after v${last}`); // all states change at once
      last = version;
    }
  });
  for (let n = 1; n <= 15; n++) {
    bot.write('bot.lua', script(n));
    bot.signal('SIGHUP');
    await bot.waitForLog(new RegExp(`(was loaded again[^]*){${n}}`), 20000);
  }
  over = true;
  await Promise.all(users);
  assert.ok(answered > 100, `${answered} answers`);
});

// ---- a stuck state ------------------------------------------------------------------------------------------------

const HANGING = `
wechat.every(0.05, function() wechat.store.set("ticking", me) end)
function on_message(msg)
  if msg.content == "ticking" then return wechat.store.get("ticking") end
  if msg.content == "hang " .. me then setmetatable({}, { __gc = function() while true do end end }) collectgarbage() end
  return me
end`;

// Resolves to the answer's promise once that state hangs: the other state answers at once.
async function hang(bot, state) {
  for (;;) {
    const answer = say(bot, `hang ${state}`, 'oHanging');
    if (await Promise.race([answer, sleep(200 * SLOW).then(() => 'hangs')]) === 'hangs') return { answer };
  }
}

test('a stuck state is replaced alone while the other serves; its successor takes over the timers', async (t) => {
  const bot = await start(t, HANGING, { config: { script_cpu_ms: 500 * SLOW, deadline_ms: 3000, late_reply: 'drop' } });
  const before = await statesOf(bot);
  const ticking = await until(() => say(bot, 'ticking'), 'a tick');
  const stuck = await hang(bot, ticking);
  const [other] = [...before].filter((state) => state !== ticking);
  assert.deepEqual(await statesOf(bot, 5), new Set([other]));
  await bot.waitForLog(/it was given up and a fresh interpreter serves/, 10000);
  const after = await statesOf(bot);
  assert.equal(after.size, 2);
  assert.ok(after.has(other) && !after.has(ticking));
  await until(async () => after.has(await say(bot, 'ticking')), 'the successor\'s tick', 10000);
  assert.notEqual(await say(bot, 'ticking'), other);
  assert.equal(await stuck.answer, null);
  await bot.kill(); // SIGTERM would wait ten seconds for the stuck call
});

// ---- figures and log ----------------------------------------------------------------------------------------------

test('health, figures and status say how many states serve, and what they take', async (t) => {
  const port = await freePort();
  const bot = await start(t, KEEPING, { config: { interpreters: 3, admin_listen: `127.0.0.1:${port}` } });
  await statesOf(bot, 6);
  const get = async (path) => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  assert.equal(JSON.parse(await get('/healthz')).script.interpreters, 3);
  const figures = await get('/metrics');
  const value = (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(figures)[1]);
  assert.equal(value('wemoon_interpreters_serving'), 3);
  assert.ok(value('wemoon_lua_memory_bytes') > 30e6, figures);
  assert.ok(value('wemoon_lua_memory_max_bytes') > 10e6 && value('wemoon_lua_memory_max_bytes') < 30e6, figures);
  const status = await wemoon(['status', '--admin-listen', `127.0.0.1:${port}`], { code: 0 });
  assert.match(status.stdout, /^script .*loaded 1 time, in 3 Lua states$/m);
});

test('--help says what several states ask of a script', async () => {
  const { stdout } = await wemoon(['run', '--help'], { code: 0 });
  assert.match(stdout, /With interpreters = N[^]*wechat\.store and wechat\.session/);
  assert.doesNotMatch(stdout, /no effect/);
});

test('in a spec time passes in every state', async (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, {
    'config.lua': 'return { interpreters = 2 }',
    'bot.lua': 'function on_message(msg) if msg.content == "who" then return tostring(_G) end wechat.spawn(function() wechat.sleep(60) wechat.store.incr("woken") end) end',
    'bot_spec.lua': `test("all wake", function()
      local states, n = {}, 0
      for _ = 1, 6 do states[bot:user("a"):says("who").text] = true end
      for _ = 1, 6 do bot:user("a"):says("sleep") end
      for _ in pairs(states) do n = n + 1 end
      expect(n):is(2)
      bot:wait("90s")
      expect(function() return bot:store("woken") end):becomes(6)
    end)`,
  });
  const { stdout } = await wemoon(['test', 'bot_spec.lua'], { cwd });
  assert.match(stdout, /1 passed, 0 failed/, stdout);
});
