// The line of a user: messages that wait for their user's conversation begin in their order, whatever happens to the
// one before them.
'use strict';

const { describe, test } = require('node:test');
const assert = require('node:assert/strict');
const { startPeer, platform } = require('./peer');
const { OPENID, startBot, eventXml, freePort, sleep, until } = require('./harness');

const OTHER = 'oOtherUser';
const as = (FromUserName) => ({ fields: { FromUserName } });

// Asks once, then works until the peer lets it go; a message that is not for the conversation is told apart.
const script = (peer) => `function on_message(msg)
  if msg.content == "stuck" then os.execute("sleep 20 >/dev/null 2>&1") return "after" end
  if msg.key == "newest" then return "newest " .. tostring(wechat.newest()) end
  if msg.key == "forget" then return "forget " .. tostring(wechat.forget(msg.source)) end
  if msg.content ~= "start" then return "plain " .. (msg.content or msg.event) end
  local first = wechat.ask("one?").content
  wechat.http.get("${peer.url}/held")
  return "end " .. first
end`;

// Starts a bot in which a conversation of each user works. Returns what its end answers too.
async function startWorking(t, { users = [OPENID], config } = {}) {
  const peer = await startPeer(t);
  const bot = await startBot(t, { script: script(peer), config: { store: 'memory:', ...platform(peer), ...config } });
  for (const user of users) assert.equal(await bot.say('start', as(user)), 'one?');
  const ends = users.map((user) => bot.say('a', as(user)));
  await until(() => peer.seen.length === users.length, 'the calls');
  return { peer, bot, ends };
}

// Three at a time: they wait, and compute little.
describe('messages that wait for their user\'s conversation', { concurrency: 3 }, () => {
  test('however long two users\' conversations take, the machine is not stalled', async (t) => {
    const port = await freePort();
    const config = { admin_listen: `127.0.0.1:${port}`, deadline_ms: 500, late_reply: 'drop' };
    const { peer, bot } = await startWorking(t, { users: [OPENID, OTHER], config });
    const waiting = [OPENID, OTHER].map((user) => bot.say('b', as(user)));
    for (let i = 0; i < 50; i++) {
      const answer = await fetch(`http://127.0.0.1:${port}/healthz`);
      assert.equal(answer.status, 200, await answer.text());
      await sleep(100);
    }
    peer.lets = true;
    await Promise.all(waiting);
  });

  for (const interpreters of [1, 2]) {
    test(`one that is stuck is passed by those behind it, with ${interpreters} interpreter(s)`, async (t) => {
      const { peer, bot, ends } = await startWorking(t, { config: { interpreters, allow_shell: true } });
      bot.say('stuck').catch(() => {});
      await sleep(200);
      const answers = [];
      for (const word of ['c', 'd']) {
        bot.say(word).then((text) => text && answers.push(text), () => {});
        await sleep(50);
      }
      peer.lets = true;
      assert.equal(await ends[0], 'end a');
      const told = () => [...answers, ...peer.sent.map(({ text }) => text.content)];
      await until(() => told().length === 2, 'the answers to those behind', 15000);
      assert.deepEqual(told().sort(), ['plain c', 'plain d']);
      assert.match(bot.log, /it was given up and a fresh interpreter serves/);
      assert.equal(await bot.say('e'), 'plain e');
      await bot.kill();
    });
  }

  // What an event does meanwhile, which waits for nobody; and the answers to the conversation and to b, which waits.
  for (const [event, EventKey, does, answers] of [
    ['unsubscribe', '', 'plain unsubscribe', ['end a', 'plain b']],
    ['CLICK', 'newest', 'newest true', [null, null]],
    ['CLICK', 'forget', 'forget true', [null, null]],
  ]) {
    test(`the line goes on after ${EventKey || event}`, async (t) => {
      const { peer, bot, ends } = await startWorking(t);
      const waiting = bot.say('b');
      await sleep(200);
      assert.equal((await bot.deliver(eventXml(event, { EventKey }))).reply.Content, does);
      peer.lets = true;
      assert.deepEqual([await ends[0], await waiting], answers);
      assert.equal(await bot.say('c'), 'plain c');
    });
  }

  test('SIGTERM waits for the line', async (t) => {
    const { peer, bot, ends } = await startWorking(t);
    const waiting = [];
    for (const word of ['b', 'c']) {
      waiting.push(bot.say(word));
      await sleep(100);
    }
    bot.signal('SIGTERM');
    await bot.waitForLog(/stopping|SIGTERM/);
    peer.lets = true;
    assert.deepEqual(await Promise.all([...ends, ...waiting]), ['end a', 'plain b', 'plain c']);
    await bot.ended;
    assert.equal(bot.exit.code, 0);
  });
});
