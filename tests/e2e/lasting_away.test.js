// What is kept while the store is unavailable, and platform retries after a process was killed: run once, answered
// once.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const path = require('node:path');
const { startPeer, platform } = require('./peer');
const { heldScript } = require('./owed');
const { makeRedis } = require('./redis');
const { startBot, textXml, sleep, tempDir, until } = require('./harness');

const TRIES = 3;
// Delivers a message as often as the platform does, until it has a reply.
async function deliverAgain(bot, xml) {
  for (let i = 1; i < TRIES; i++) {
    const answer = await bot.deliver(xml);
    if (answer.reply) return answer;
  }
  return bot.deliver(xml);
}

const sqlite = (t) => `sqlite:${path.join(tempDir(t), 'kept.db')}`;

const slow = (peer, seconds = 3) => `function on_message(msg)
  wechat.http.post("${peer.url}/first", { body = "x" })
  wechat.sleep(${seconds})
  wechat.http.post("${peer.url}/second", { body = "x" })
  return "late " .. msg.content
end`;

// Delivers a message and kills its process between its write to the store and its answer, in the last 200 ms before its
// deadline. Returns the message; null if its answer was faster.
async function killBeforeAnswer(bot) {
  const xml = textXml('go', { CreateTime: Math.floor(Date.now() / 1000) });
  const asked = bot.deliver(xml).then(() => true, () => false);
  await sleep(1900);
  await bot.kill();
  return await asked ? null : xml;
}

for (const store of ['SQLite', 'Redis']) {
  test(`a message whose process was killed just before its answer is run once, on ${store}`, async (t) => {
    let peer, bot, other, config, xml;
    for (let i = 0; i < 5 && !xml; i++) {  // a busy machine kills late
      peer = await startPeer(t);
      config = { store: store === 'Redis' ? (await makeRedis(t)).url : sqlite(t), deadline_ms: 2000, ...platform(peer) };
      bot = await startBot(t, { script: slow(peer), config });
      other = store === 'Redis' && await startBot(t, { script: slow(peer), config });
      xml = await killBeforeAnswer(bot);
    }
    if (!other) bot = await startBot(t, { script: slow(peer), config });
    await sleep(300);
    const again = await (other || bot).deliver(xml);
    await until(() => again.reply || peer.sent.length > 0, 'the answer', 20000);
    await sleep(1000); // nothing more comes
    assert.deepEqual(peer.seen, ['POST /first', 'POST /second']);
    assert.equal(peer.sent.length + (again.reply ? 1 : 0), 1);
    assert.equal(again.reply ? again.reply.Content : peer.sent[0].text.content, 'late go');
  });
}

test('what the store did not take while it was away is written when it is back', async (t) => {
  const redis = await makeRedis(t);
  const peer = await startPeer(t);
  const config = { store: redis.url, deadline_ms: 600, ...platform(peer) };
  let bot = await startBot(t, { script: slow(peer, 7), config });
  await sleep(500); // its first look at the store is over
  await redis.stop();
  assert.equal(await bot.say('go'), null);
  await bot.waitForLog(/warn .*this process alone knows of it until the store is back/);
  await redis.start();
  await until(() => redis.cli('-n', '2', 'keys', '*owed*'), 'the store to know of it', 20000);
  await bot.waitForLog(/info .*the store is back: \d+ changes? of what is owed to users written/, 20000);
  await bot.kill();
  bot = await startBot(t, { script: slow(peer, 7), config });
  await until(() => peer.sent.length === 1, 'the late answer', 30000);
  assert.deepEqual(peer.seen, ['POST /first', 'POST /second']);
});

test('an answer that went out while the store was away does not go out again', async (t) => {
  const redis = await makeRedis(t);
  const peer = await startPeer(t);
  const config = { store: redis.url, deadline_ms: 600, ...platform(peer) };
  let bot = await startBot(t, { script: slow(peer, 1), config });
  await bot.say('warm');
  await until(() => peer.sent.length === 1, 'the first late answer');
  assert.equal(await bot.say('go'), null);
  redis.signal('SIGSTOP');
  await until(() => peer.sent.length === 2, 'the late answer', 15000);
  await sleep(1500);
  redis.signal('SIGCONT');
  await sleep(1500);
  await bot.kill();
  bot = await startBot(t, { script: slow(peer, 1), config });
  await sleep(2500);
  assert.equal(peer.sent.length, 2);
});

test('a question waits a little for a store that is away, and lasts', async (t) => {
  const redis = await makeRedis(t);
  const script = `function on_message(msg)
    if msg.content ~= "go" then return "plain" end
    return "got " .. wechat.ask("?").content
  end`;
  const config = { store: redis.url };
  let bot = await startBot(t, { script, config });
  await redis.stop();
  const asked = bot.say('go');
  await sleep(600); // it has tried more than once
  await redis.start();
  assert.equal(await asked, '?');
  await bot.kill();
  bot = await startBot(t, { script, config });
  assert.equal(await bot.say('x'), 'got x');
});

test('a conversation that could not be stored leaves its user\'s other one in the store', async (t) => {
  const redis = await makeRedis(t);
  const script = `function on_message(msg)
    if msg.content ~= "plain" then
      wechat.store.incr("begun")
      while wechat.store.get("begun") < 2 do wechat.sleep(0.05) end -- a read: writes are refused soon
      if msg.content == "two" then wechat.sleep(1.5) end
      return msg.content .. " got " .. wechat.ask(msg.content .. "?").content
    end
    return "plain"
  end`;
  const [a, b] = await Promise.all([1, 2].map(() => startBot(t, { script, config: { store: redis.url } })));
  const [one, two] = [a.say('one'), b.say('two')];
  assert.equal(await one, 'one?');
  redis.cli('config', 'set', 'min-replicas-to-write', '1'); // it has none, and refuses all writes
  assert.equal(await two, 'two?');
  await b.waitForLog(/a conversation stays in this process because it could not be stored/);
  redis.cli('config', 'set', 'min-replicas-to-write', '0');
  assert.equal(await b.say('x'), 'two got x');
  assert.equal(await a.say('y'), 'one got y');
  assert.equal(await b.say('plain'), 'plain');
});

test('a message that the platform tries again is no answer to the question that it was answered with', async (t) => {
  const redis = await makeRedis(t);
  const script = `function on_message(msg)
    local first = wechat.ask("one?")
    wechat.sleep(1)
    return first.content .. wechat.ask("two?").content
  end`;
  const config = { store: redis.url };
  const bots = [];
  for (let i = 0; i < 2; i++) bots.push(await startBot(t, { script, config }));
  assert.equal(await bots[0].say('go'), 'one?');
  const xml = textXml('a');
  bots[0].deliver(xml).catch(() => {});
  await sleep(300);
  await bots[0].kill();
  assert.equal((await deliverAgain(bots[1], xml)).reply.Content, 'two?');
  assert.equal((await bots[1].deliver(xml)).reply.Content, 'two?');
  assert.equal(await bots[1].say('b'), 'ab');
});

test('an answer that arrives elsewhere while the store is silent waits for it, and goes to the conversation', async (t) => {
  const redis = await makeRedis(t);
  const script = `function on_message(msg)
    if msg.content ~= "go" then return "plain" end
    return "got " .. wechat.ask("?").content
  end`;
  const bots = [await startBot(t, { script, config: { store: redis.url } })];
  assert.equal(await bots[0].say('go', { fields: { FromUserName: 'o1' } }), '?');
  bots.push(await startBot(t, { script, config: { store: redis.url } }));
  await sleep(500);
  assert.equal(await bots[0].say('go', { fields: { FromUserName: 'o2' } }), '?');
  redis.signal('SIGSTOP');
  const answered = bots[1].say('x', { fields: { FromUserName: 'o2' } });
  await sleep(1300); // longer than a call of the store waits
  redis.signal('SIGCONT');
  assert.equal(await answered, 'got x');
});

test('a process that ends while its store is away says what may be lost', async (t) => {
  const redis = await makeRedis(t);
  const peer = await startPeer(t);
  const bot = await startBot(t, { script: slow(peer, 30), config: { store: redis.url, deadline_ms: 600, ...platform(peer) } });
  await sleep(500);
  await redis.stop();
  assert.equal(await bot.say('go'), null);
  await bot.waitForLog(/this process alone knows of it/);
  await bot.stop();
  assert.match(bot.log, /warn .*what was answered meanwhile may be lost/);
});

// The process works on x. The store stands still just before y, which waits behind x, is put into it; y is answered
// `success`, and the process is told to end within the second in which the write fails.
async function endsWhileItStandsStill(t) {
  const [redis, peer] = [await makeRedis(t), await startPeer(t)];
  const config = { store: redis.url, deadline_ms: 1500, ...platform(peer) };
  const script = heldScript(peer);
  const bot = await startBot(t, { script, config });
  assert.equal(await bot.say('go'), 'one?');
  assert.equal(await bot.say('x'), null);
  const y = textXml('y');
  const answered = bot.deliver(y);
  await sleep(1150);
  redis.signal('SIGSTOP');
  assert.equal((await answered).body, 'success');
  return { redis, peer, bot, stopped: bot.stop(), start: () => startBot(t, { script, config }) };
}

// The store comes back without anything.
test('a message that the store had not taken when its process was told to end is left to the next one once it is there', async (t) => {
  const { redis, peer, stopped, start } = await endsWhileItStandsStill(t);
  await sleep(400); // the process tries to begin y ten times a second
  await redis.stop();
  await sleep(1500); // longer than a call of the store waits
  await redis.start();
  await stopped;
  await start();
  await until(() => peer.sent.length === 1, 'the answer', 20000);
  assert.equal(peer.sent[0].text.content, 'plain y');
});

test('a process that ends names the messages that the store has not taken', async (t) => {
  const { redis, bot, stopped } = await endsWhileItStandsStill(t);
  await stopped;
  redis.signal('SIGCONT');
  assert.match(bot.log, /warn .*is not in the store, which is away: it is lost unless .* openid=oDemoUser\S+ msgid=\d+/);
});
