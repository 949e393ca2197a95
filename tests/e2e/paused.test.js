// Redis takes no writes for a while, as during a coordinated fail-over. Two processes run each message that they
// receive meanwhile once, and answer it once, although the platform tries some of them again.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { startPeer, platform } = require('./peer');
const { makeRedis, makeSentinel } = require('./redis');
const { startBot, textXml, sleep, until } = require('./harness');

const TRY_MS = 5000, TRIES = 3, MESSAGES = 24;

const script = (url) => `function on_message(msg)
  local kind = msg.content:match("^%a+")
  wechat.http.post("${url}/" .. msg.content .. "/a", { body = "x" })
  if kind ~= "quick" then
    wechat.sleep(kind == "slow" and 6 or 2)
    wechat.http.post("${url}/" .. msg.content .. "/b", { body = "x" })
  end
  return "done " .. msg.content
end`;

const tried = (bot, xml) => Promise.race([bot.deliver(xml, { agent: false }).catch(() => null), sleep(TRY_MS).then(() => null)]);

// Sends a message as the platform does, with up to three tries, and resolves with the passive text, '' for success, or
// null for no answer. Of every third message the first answer is lost on its way: the next try is at the other process.
async function deliver(bots, turn, user, content) {
  const xml = textXml(content, { FromUserName: user, MsgId: String(7000 + turn) });
  for (let i = 0; i < TRIES; i++) {
    const begun = Date.now();
    const answer = await tried(bots[(turn + i) % bots.length], xml);
    const arrives = i > 0 || Math.floor(turn / 3) % 3 !== 1;
    if (answer && answer.status === 200 && arrives) return answer.reply ? answer.reply.Content : '';
    await sleep(Math.max(0, TRY_MS - (Date.now() - begun)));
  }
  return null;
}

// Sends messages to two processes, calls `what` meanwhile, and follows each message to its end.
async function follow(t, store, what) {
  const peer = await startPeer(t);
  const options = { script: script(peer.url), config: { store, ...platform(peer) } };
  const bots = [await startBot(t, options), await startBot(t, options)];
  const sent = [];
  let done;
  for (let i = 0; i < MESSAGES; i++) {
    if (i === 6) done = what();
    const content = `${['quick', 'slow', 'short'][i % 3]}${i}`;
    sent.push(deliver(bots, i, `user${i}`, content).then((passive) => ({ content, passive })));
    await sleep(60);
  }
  await done;
  const answers = await Promise.all(sent);
  const late = () => peer.sent.map(({ text }) => text.content);
  const wanted = answers.filter(({ passive }) => !passive).map(({ content }) => `done ${content}`);
  await until(() => wanted.every((text) => late().includes(text)), 'the late answers', 20000).catch(() => {});
  await sleep(1500);
  assert.deepEqual(late().sort(), wanted.sort(), 'each answer goes out once');
  for (const { content, passive } of answers) if (passive) assert.equal(passive, `done ${content}`);
  const effects = answers.flatMap(({ content }) => (content.startsWith('quick') ? ['a'] : ['a', 'b']).map((step) => `POST /${content}/${step}`));
  assert.deepEqual(peer.seen.slice().sort(), effects.sort());
}

for (const seconds of [1, 2, 4]) {
  test(`writes are paused for ${seconds} s: each message is run once, and answered once`, async (t) => {
    const redis = await makeRedis(t);
    await follow(t, redis.url, () => redis.cli('client', 'pause', String(seconds * 1000), 'write'));
  });
}

test('the master gives over (FAILOVER): each message is run once, and answered once', async (t) => {
  const redis = await makeSentinel(t);
  await follow(t, redis.url, () => redis.handOver());
});
