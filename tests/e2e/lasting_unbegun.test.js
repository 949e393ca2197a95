// A message that was answered before its script began is owed too: after kill -9, or at another process of the store,
// its script runs once, in the order of the user's messages, and nothing stays in the store.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { keptKeys, storeOf, texts } = require('./owed');
const { startPeer, platform } = require('./peer');
const { startBot, sleep, until } = require('./harness');

const TURNS = 800000000;  // of a loop: seconds

// Sends the words one soon after the other; all get `success`. Kills the bot, and starts it again until `count`
// messages were sent.
async function killAndGoOn(t, peer, script, config, count, words) {
  let bot = await startBot(t, { script, config });
  if (/"go"/.test(script)) assert.equal(await bot.say('go'), 'one?');
  const answers = [];
  for (const word of words) {
    answers.push(bot.say(word));
    await sleep(50);
  }
  for (const answer of answers) assert.equal(await answer, null);
  await bot.kill();
  assert.deepEqual(texts(peer), []);
  bot = await startBot(t, { script, config });
  await until(() => peer.sent.length >= count, 'the late answers', 40000);
  return bot;
}

async function endsClean(t, peer, bot, config, expected) {
  assert.deepEqual(texts(peer), expected);
  await until(async () => (await keptKeys(t, config)).length === 0, 'nothing in the store');
  await bot.stop();
  await sleep(300);
  assert.deepEqual(texts(peer), expected);
}

for (const kind of ['SQLite', 'Redis']) {
  test(`kill -9 loses no message that waits for its user's conversation, on ${kind}`, async (t) => {
    const peer = await startPeer(t);
    const config = { store: await storeOf(t, kind), deadline_ms: 800, ...platform(peer) };
    const script = `function on_message(msg)
      if msg.content ~= "go" then return "plain " .. msg.content end
      local x = wechat.ask("one?").content
      wechat.http.post("${peer.url}/" .. x, { body = "x" })
      wechat.sleep(3)
      local y = wechat.ask("two?").content
      wechat.http.post("${peer.url}/" .. y, { body = "y" })
      local z = wechat.ask("three?").content
      return x .. " then " .. y .. " then " .. z
    end`;
    const bot = await killAndGoOn(t, peer, script, config, 3, ['x', 'y', 'z']);
    assert.deepEqual(peer.seen, ['POST /x', 'POST /y']);
    await endsClean(t, peer, bot, config, ['two?', 'three?', 'x then y then z']);
  });
}

for (const kind of ['SQLite', 'Redis']) {
  test(`kill -9 loses no message that computes, and none behind it, on ${kind}`, async (t) => {
    const peer = await startPeer(t);
    const config = { store: await storeOf(t, kind), deadline_ms: 800, script_cpu_ms: 60000, interpreters: 1, ...platform(peer) };
    const script = `function on_message(msg)
      if msg.content == "x" then for i = 1, ${TURNS} do end end
      return "answer to " .. msg.content
    end`;
    const bot = await killAndGoOn(t, peer, script, config, 2, ['x', 'y']);
    await endsClean(t, peer, bot, config, ['answer to x', 'answer to y']);
  });
}
