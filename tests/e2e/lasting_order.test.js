// What is owed to one user goes on in the order in which the platform sent the messages: after kill -9 and a restart,
// and in another process that takes it over.
'use strict';

const http = require('node:http');
const test = require('node:test');
const assert = require('node:assert/strict');
const { keptKeys, storeOf, texts } = require('./owed');
const { startPeer, platform } = require('./peer');
const { OPENID, eventXml, startBot, sleep, until } = require('./harness');

// After its question the conversation waits for the peer; the user's messages wait behind it.
const SCRIPT = (peer) => `function on_message(msg)
  if msg.content == "go" then
    wechat.ask("one?")
    wechat.http.get("${peer.url}/held", { timeout = 600 })
    return "end"
  end
  return "plain " .. (msg.content or msg.event)
end`;

const now = () => Math.floor(Date.now() / 1000);
const NEXT_MSGID = 30000000000000000n;

async function start(t, kind, more) {
  const peer = await startPeer(t);
  const config = { store: await storeOf(t, kind), deadline_ms: 800, job_timeout_s: 600, late_reply: 'customer_service', ...platform(peer), ...more };
  const begin = () => startBot(t, { script: SCRIPT(peer), config });
  return { peer, config, begin };
}

// Begins conversations of the users, which then work. Returns the answers to come.
async function occupy(peer, bot, users = [OPENID], fields = {}) {
  const called = peer.seen.length;
  for (const FromUserName of users) assert.equal(await bot.say('go', { fields: { FromUserName } }), 'one?');
  const answers = users.map((FromUserName) => bot.say('x', { fields: { FromUserName, ...fields } }));
  await until(() => peer.seen.length === called + users.length, 'the calls of the conversations', 20000);
  return answers;
}

// Delivers the texts "1" to `count`, which the platform sent in this order, in reverse. All are answered without their
// script.
async function deliverReversed(bot, count) {
  const made = now();
  const answers = [];
  for (let i = count; i > 0; i--) {
    answers.push(bot.say(String(i), { fields: { CreateTime: made + (i > count / 2 ? 1 : 0), MsgId: NEXT_MSGID - (i > count / 2 ? 1000n : 0n) + BigInt(i) } }));
    await sleep(5);
  }
  assert.deepEqual(await Promise.all(answers), answers.map(() => null));
}

const plain = (count) => Array.from({ length: count }, (_, i) => `plain ${i + 1}`);

async function endsWith(t, { peer, config }, expected) {
  await until(() => peer.sent.length >= expected.length, 'the answers', 40000).catch((error) => {
    assert.deepEqual(texts(peer), expected);
    throw error;
  });
  assert.deepEqual(texts(peer), expected);
  await until(async () => (await keptKeys(t, config)).length === 0, 'nothing in the store');
  await sleep(300);
  assert.deepEqual(texts(peer), expected);
}

for (const kind of ['SQLite', 'Redis']) {
  test(`after kill -9 what waits runs in the platform's order, and a new message behind it, on ${kind}`, async (t) => {
    const all = await start(t, kind);
    const bot = await all.begin();
    const answers = await occupy(all.peer, bot);
    await deliverReversed(bot, 12);
    assert.deepEqual(await Promise.all(answers), [null]);
    await bot.kill();
    assert.deepEqual(texts(all.peer), []);
    const next = await all.begin();
    assert.equal(await next.say('new', { fields: { CreateTime: now() + 2 } }), null);
    await all.begin(); // a process that meets another one claims what it has under way
    await sleep(1500);
    all.peer.lets = true;
    await endsWith(t, all, ['end', ...plain(12), 'plain new']);
  });

  test(`another process that lives takes what waits over, once and in order, on ${kind}`, async (t) => {
    const all = await start(t, kind);
    const bot = await all.begin();
    await all.begin();
    const answers = await occupy(all.peer, bot);
    await deliverReversed(bot, 6);
    assert.deepEqual(await Promise.all(answers), [null]);
    await bot.kill();
    all.peer.lets = true;
    await endsWith(t, all, ['end', ...plain(6)]);
  });
}

test('2,000 messages that wait at a kill -9 are all run by the next process, each user\'s in order', async (t) => {
  const USERS = 20, EACH = 100;
  const all = await start(t, 'SQLite', { late_reply: 'customer_service' });
  const bot = await all.begin();
  const agent = new http.Agent({ maxSockets: 250 });
  const users = Array.from({ length: USERS }, (_, i) => `oCrowd${i}`);
  const answers = await occupy(all.peer, bot, users);
  let id = NEXT_MSGID;
  for (let i = 0; i < EACH; i++)
    for (const FromUserName of users)
      answers.push(bot.say(String(i + 1), { agent, fields: { FromUserName, MsgId: ++id } }));
  assert.ok((await Promise.all(answers)).every((answer) => answer === null));
  await bot.kill();
  agent.destroy();
  assert.equal((await keptKeys(t, all.config)).length, USERS * (EACH + 1));
  const next = await all.begin();
  const fresh = users.map((FromUserName) => next.say('new', { fields: { FromUserName, CreateTime: now() + 2 } }));
  assert.ok((await Promise.all(fresh)).every((answer) => answer === null));
  all.peer.lets = true;
  await until(() => all.peer.sent.length >= USERS * (EACH + 2), 'the answers', 120000);
  for (const user of users) {
    const heard = all.peer.sent.filter((sent) => sent.touser === user).map((sent) => sent.text.content);
    assert.deepEqual(heard.filter((text) => text !== 'plain new'), ['end', ...plain(EACH)]);
    assert.equal(heard.filter((text) => text === 'plain new').length, 1);
  }
  await until(async () => (await keptKeys(t, all.config)).length === 0, 'nothing in the store', 20000);
});

test('late_reply = "keep": the answer of a message that waited at a kill -9 is fetched by the user\'s next text', async (t) => {
  const all = await start(t, 'SQLite', { late_reply: 'keep', late_text: 'wait' });
  const bot = await all.begin();
  const lastTry = { CreateTime: now() - 10 };
  const answers = await occupy(all.peer, bot, [OPENID], lastTry);
  answers.push(bot.say('y', { fields: lastTry }));
  assert.deepEqual(await Promise.all(answers), ['wait', 'wait']);
  await bot.kill();
  all.peer.lets = true;
  const next = await all.begin();
  const heard = [];
  await until(async () => {
    const answer = await next.say('fetch');
    if (answer !== 'wait') heard.push(answer);
    return heard.length === 2;
  }, 'both answers', 20000);
  assert.deepEqual(heard, ['end', 'plain y']);
});

// ---- messages that are not to be run any more
// ---------------------------------------------------------------------------

const ENDING = (peer) => SCRIPT(peer).replace('if msg.content == "go"', `if msg.content == "forget" then
    local done, any = wechat.forget("${OPENID}")
    return tostring(done) .. " " .. tostring(any)
  elseif msg.event == "click" then
    return tostring(wechat.newest())
  elseif msg.content == "go"`);

async function waiting(t) {
  const peer = await startPeer(t);
  const config = { store: await storeOf(t, 'SQLite'), deadline_ms: 800, late_reply: 'customer_service', ...platform(peer) };
  const begin = () => startBot(t, { script: ENDING(peer), config });
  const bot = await begin();
  const answers = await occupy(peer, bot);
  answers.push(bot.say('y'), bot.say('z'));
  assert.deepEqual(await Promise.all(answers), [null, null, null]);
  return { peer, config, begin, bot };
}

// Nothing is run or sent, in this process and in the next one.
async function endsSilent(t, all, bot) {
  all.peer.lets = true;
  await until(async () => (await keptKeys(t, all.config)).length === 0, 'nothing in the store');
  await sleep(500);
  await bot.kill();
  const next = await all.begin();
  assert.equal(await next.say('quick', { fields: { CreateTime: now() + 2 } }), 'plain quick');
  await sleep(1500);
  assert.deepEqual(texts(all.peer), []);
}

const another = { fields: { FromUserName: 'oAnother' } };
const tap = async (bot) => (await bot.deliver(eventXml('CLICK', { EventKey: 'K', CreateTime: now() + 1 }))).reply.Content;
const ENDS = {
  'wechat.forget': async (bot) => assert.equal(await bot.say('forget', another), 'true true'),
  'wechat.newest': async (bot) => assert.equal(await tap(bot), 'true'),
};

for (const [name, end] of Object.entries(ENDS)) {
  test(`${name} ends what waits, and what was running, in the process that owes it`, async (t) => {
    const all = await waiting(t);
    await end(all.bot);
    await endsSilent(t, all, all.bot);
  });

  test(`${name} ends what waits, and what runs again, in the process after a kill -9`, async (t) => {
    const all = await waiting(t);
    await all.bot.kill();
    const seen = all.peer.seen.length;
    const next = await all.begin();
    await until(() => all.peer.seen.length > seen, 'the call that is made again', 10000);
    await end(next);
    await endsSilent(t, all, next);
  });
}
