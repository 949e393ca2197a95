// The late answers of one user go out whole and in the order of the messages, whichever processes of a store answer
// them.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const path = require('node:path');
const { startPeer, platform } = require('./peer');
const { makeRedis } = require('./redis');
const { atEnd, sleep, startBot, tempDir, until, threeAtATime } = require('./harness');

const test = threeAtATime('late answers of one user');

const STORES = {
  SQLite: async (t) => ({ store: `sqlite:${path.join(tempDir(t), 'kept.db')}` }),
  Redis: async (t) => { const redis = await makeRedis(t); return { store: redis.url, redis }; },
};

// "A 3" says three parts, one a second after 1.5 s; the last one is what it returns.
const SCRIPT = `function on_message(msg)
  local name, parts = msg.content:match("^(%u) (%d)$")
  if not name then return "quick" end
  wechat.sleep(1.5)
  for i = 1, parts - 1 do wechat.say(name .. i .. "。\\n\\n") wechat.sleep(1) end
  return name .. parts .. "。"
end`;

const textsOf = (peer) => peer.sent.map((one) => one.text.content.replace(/\s+/g, ' ')).join(' ');

async function start(t, kind, count = 2) {
  const peer = await startPeer(t);
  const { store, redis } = await STORES[kind](t);
  const config = { store, deadline_ms: 1000, ...platform(peer) };
  const bots = [];
  for (let i = 0; i < count; i++) bots.push(await startBot(t, { script: SCRIPT, config }));
  await sleep(300); // until they have noticed each other
  return { peer, bots, redis, config };
}

for (const kind of Object.keys(STORES)) {
  test(`two processes on ${kind}: parts do not mix, and a short answer waits for the long one before it`, async (t) => {
    const { peer, bots: [one, two] } = await start(t, kind);
    assert.equal(await one.say('A 3'), null);
    assert.equal(await two.say('B 2'), null);
    assert.equal(await one.say('C 1'), null);
    assert.equal(await two.say('D 1'), null);
    await until(() => /D1/.test(textsOf(peer)), 'all', 20000);
    assert.equal(textsOf(peer), 'A1。 A2。 A3。 B1。 B2。 C1。 D1。');
  });

  test(`two processes on ${kind}: a passive reply waits for nothing`, async (t) => {
    const { peer, bots: [one, two] } = await start(t, kind);
    assert.equal(await one.say('A 3'), null);
    assert.equal(await two.say('x'), 'quick');
    await until(() => /A3/.test(textsOf(peer)), 'the late answer', 10000);
  });

  for (const way of ['kill', 'stop']) {
    test(`two processes on ${kind}: an answer whose process got ${way === 'kill' ? 'kill -9' : 'SIGTERM'} still goes first`, async (t) => {
      const { peer, bots: [one, two] } = await start(t, kind);
      assert.equal(await one.say('A 2'), null);
      assert.equal(await two.say('B 1'), null);
      await one[way]();
      await until(() => /B1/.test(textsOf(peer)), 'both', 30000);
      assert.equal(textsOf(peer), 'A1。 A2。 B1。');
    });
  }
}

for (const kind of Object.keys(STORES)) {
  test(`one process on ${kind}: the answers of one user keep their order across a kill -9 and a restart`, async (t) => {
    const { peer, bots: [bot], config } = await start(t, kind, 1);
    for (const text of ['A 3', 'B 1', 'C 1']) assert.equal(await bot.say(text), null);
    await bot.kill();
    await startBot(t, { script: SCRIPT, config });
    await until(() => textsOf(peer).split(' ').includes('C1。'), 'the last answer', 20000);
    assert.equal(textsOf(peer), 'A1。 A2。 A3。 B1。 C1。');
  });
}

test('a message that is answered in time asks the store for no place', async (t) => {
  const { bots: [bot], redis } = await start(t, 'Redis', 1);
  const monitor = spawn('redis-cli', ['-p', String(redis.port), '--no-auth-warning', '-a', 'p@ss', 'monitor']);
  atEnd(t, () => monitor.kill());
  let seen = '';
  monitor.stdout.on('data', (text) => { seen += text; });
  await until(() => /OK/.test(seen), 'the monitor');
  assert.equal(await bot.say('x'), 'quick');
  await until(() => /answered|dedup|seen/i.test(seen) || seen.length > 100, 'the message');
  await sleep(500);
  assert.doesNotMatch(seen, /late\//);
  assert.equal(await bot.say('A 1'), null);
  await until(() => /late\//.test(seen), 'the place of a late answer');
});
