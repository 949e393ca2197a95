// Out of memory: allocations fail one after another, in every library too, and the bot survives and answers.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const http = require('node:http');
const { atEnd, APPID, sleep, startBot, textXml } = require('./harness');
const { preload, sanitized: skip } = require('./preload');

const MOST = 2000;    // no message makes that many allocations
const SOON_MS = 3000; // before deadline_ms has passed
const ROUNDS = 20;

// fail(n) makes the nth allocation from now on fail; left() is 0 once it has failed; inUse() counts blocks.
function makeStarver(t) {
  const { env, put, get } = preload(t, 'starve', 2);
  return { env, fail: (n) => put(0, n), left: () => get(0), inUse: () => get(1) };
}

// Fails each allocation of one message in turn, until the message has fewer allocations.
async function starveMessages(bot, starver, content) {
  let failed = 0;
  for (let n = 1; n < MOST; n++) {
    const message = textXml(content);
    starver.fail(n);
    const began = Date.now();
    const first = await bot.deliver(message).catch(() => {}); // no answer is acceptable: the platform retries
    const took = Date.now() - began;
    const reached = starver.left() <= 0;
    starver.fail(0);
    assert.equal(bot.exit, undefined, `allocation ${n}:\n${bot.log.slice(-3000)}`);
    assert.equal(first ? first.status : 200, 200, `allocation ${n}: another status loses the message`);
    assert.ok(took < SOON_MS, `allocation ${n}: answered, or closed, after ${took} ms\n${bot.log.slice(-3000)}`);
    if (!reached) return failed;
    failed++;
    const again = await bot.deliver(message);
    assert.equal(again.status, 200, `allocation ${n}: ${again.body}`);
    assert.equal(await bot.say('are you there?'), 'text are you there?', `after allocation ${n}`);
  }
  return assert.fail(`a message that takes ${MOST} allocations`);
}

// Runs rounds until the number of blocks stays: caches of each core and thread are allocated once, a leak grows each
// time. AddressSanitizer also checks at the end.
async function runUntilBlocksStay(t, bot, starver, round) {
  const inUse = [];
  const stays = () => inUse.length > 1 && inUse.at(-1) <= inUse.at(-2);
  while (inUse.length < ROUNDS && !stays()) {
    await round();
    await sleep(50);
    await bot.say('sweep');
    inUse.push(starver.inUse());
  }
  t.diagnostic(`blocks in use: ${inUse.join(', ')}`);
  assert.ok(stays(), `blocks in use: ${inUse}`);
}

async function starveAndCount(t, bot, starver, content, least) {
  await runUntilBlocksStay(t, bot, starver, async () => {
    const failed = await starveMessages(bot, starver, content);
    assert.ok(failed >= least, `${failed} allocations`);
  });
}

const SCRIPT = `function on_message(msg)
  if msg.content == "api" then
    local user, err = wechat.get_user_info(msg.source)
    return user and user.nickname or err.errmsg
  end
  if msg.content == "nap" then wechat.sleep(0.01) end
  if msg.content == "busy" then local over = os.clock() + 0.05 while os.clock() < over do end end
  if msg.content == "sweep" then collectgarbage() collectgarbage() end
  return "text " .. msg.content
end
wechat.route("GET", "/nap", function() wechat.sleep(0.01) return "page" end)`;
const CONFIG = { store: 'memory:', watch: false, log_level: 'error', threads: 2, dedup_window_s: 0 };

for (const mode of ['normal', 'safe']) {
  test(`every allocation of a message fails once: the bot answers on, and nothing leaks (${mode})`, { skip, timeout: 240000 }, async (t) => {
    const starver = makeStarver(t);
    const bot = await startBot(t, { script: SCRIPT, mode, env: starver.env, config: CONFIG });
    await starveAndCount(t, bot, starver, 'hello', 1); // a message makes almost none
  });
}

test('every allocation of a call of the platform fails once: the bot calls on, and nothing leaks', { skip, timeout: 240000 }, async (t) => {
  const platform = http.createServer((request, response) => response.end('{"nickname":"moon"}'));
  await new Promise((resolve) => platform.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { platform.closeAllConnections(); platform.close(); });
  const starver = makeStarver(t);
  const bot = await startBot(t, { script: SCRIPT, env: starver.env, config: { ...CONFIG, appid: APPID, access_token: 'T',
    access_token_expires_at: Math.floor(Date.now() / 1000) + 7200, api_base: `http://127.0.0.1:${platform.address().port}` } });
  assert.equal(await bot.say('api'), 'moon');
  await starveAndCount(t, bot, starver, 'api', 20);
  assert.equal(await bot.say('api'), 'moon');
});

test('every allocation on the way of a message that is parked fails once: the bot answers on, and nothing leaks', { skip, timeout: 240000 }, async (t) => {
  const starver = makeStarver(t);
  const bot = await startBot(t, { script: SCRIPT, env: starver.env, config: CONFIG });
  assert.equal(await bot.say('nap'), 'text nap');
  await starveAndCount(t, bot, starver, 'nap', 5);
});

// What is made once is made then: libxml2's state of a thread, for instance.
test('an allocation of a bot\'s first message fails: it answers on', { skip, timeout: 240000 }, async (t) => {
  const starver = makeStarver(t);
  for (let n = 4; n < 24; n++) {
    const bot = await startBot(t, { script: SCRIPT, env: starver.env, config: CONFIG });
    starver.fail(n);
    await bot.deliver(textXml('hello'), { agent: false }).catch(() => {});
    starver.fail(0);
    const next = await bot.deliver(textXml('hello'), { agent: false }).catch((error) => error);
    assert.equal(next.status, 200, `allocation ${n}: ${next}\n${bot.log.slice(-3000)}`);
    await bot.stop();
  }
});

// Covers messages that are stored, parked and queued.
test('every allocation on the way of a message that waits for its turn fails once: the bot answers on', { skip, timeout: 240000 }, async (t) => {
  const starver = makeStarver(t);
  const bot = await startBot(t, { script: SCRIPT, env: starver.env, config: { ...CONFIG, threads: 4 } });
  for (let n = 1; n < 60; n++) {
    const busy = bot.say('busy', { agent: false }).catch(() => {});
    await sleep(10);
    const message = textXml('hello', { FromUserName: 'oOther' });
    starver.fail(n);
    await bot.deliver(message, { agent: false }).catch(() => {});
    starver.fail(0);
    assert.equal(bot.exit, undefined, `allocation ${n}:\n${bot.log.slice(-3000)}`);
    await busy;
    assert.equal((await bot.deliver(message, { agent: false })).status, 200, `allocation ${n}`);
  }
});

for (const [path, whole] of [['/nap', 'page']]) {
  test(`every allocation on the way of a page that is parked fails once: ${path}`, { skip, timeout: 240000 }, async (t) => {
    const starver = makeStarver(t);
    const bot = await startBot(t, { script: SCRIPT, env: starver.env, config: CONFIG });
    const ask = () => bot.request({ method: 'GET', path, agent: false });
    await runUntilBlocksStay(t, bot, starver, async () => {
      let failed = 0;
      for (let n = 1, reached = true; reached; n++) {
        starver.fail(n);
        const began = Date.now();
        await ask().catch(() => {}); // a refusal or a closed connection is acceptable
        assert.ok(Date.now() - began < SOON_MS, `allocation ${n}`);
        reached = starver.left() <= 0;
        starver.fail(0);
        assert.equal(bot.exit, undefined, `allocation ${n}:\n${bot.log.slice(-3000)}`);
        assert.equal((await ask()).body, whole, `after allocation ${n}`);
        failed = n;
      }
      assert.ok(failed > 5, `${failed} allocations`);
    });
  });
}
