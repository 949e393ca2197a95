// A question that comes past the deadline goes out as a customer service message. Its user may answer before the
// platform has told the bot that the question is out: in this process, at another one, and after a kill.
'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { startPeer, platform } = require('./peer');
const { makeRedis } = require('./redis');
const { startBot, eventXml, tempDir, until, threeAtATime } = require('./harness');

const test = threeAtATime('late questions');

const script = `function on_message(msg)
  if msg.content ~= "go" then return "plain " .. msg.content end
  wechat.sleep(0.6)
  return "got " .. wechat.ask("late question").content
end`;

async function startLate(t, store) {
  const peer = await startPeer(t);
  const config = { store, ...platform(peer), late_reply: 'customer_service' };
  const bot = await startBot(t, { script, config: { ...config, deadline_ms: 300 } });
  return { peer, config, bot };
}

async function beginQuestion({ peer, bot }) {
  assert.equal(await bot.say('go'), null);
  await until(() => peer.sent.length === 1, 'the question');
  assert.equal(peer.sent[0].text.content, 'late question');
}

for (const kind of ['SQLite', 'Redis']) {
  const storeOf = async (t) => kind === 'Redis' ? (await makeRedis(t)).url : `sqlite:${path.join(tempDir(t), 'kept.db')}`;

  test(`an answer at another process waits for the question that is on its way, on ${kind}`, async (t) => {
    const world = await startLate(t, await storeOf(t));
    const other = await startBot(t, { script, config: world.config });
    world.peer.sendPause = 1000;
    await beginQuestion(world);
    assert.equal(await other.say('x'), 'got x');
    assert.equal(await other.say('y'), 'plain y');
  });

  test(`a process killed while its question is on its way: the next one waits for the answer, on ${kind}`, async (t) => {
    const world = await startLate(t, await storeOf(t));
    world.peer.sendPause = 60000;
    await beginQuestion(world);
    await world.bot.kill();
    const next = await startBot(t, { script, config: world.config });
    assert.equal(await next.say('x'), 'got x');
    assert.equal(world.peer.sent.length, 1);
    assert.equal(await next.say('y'), 'plain y');
  });
}

test('a conversation that has ended keeps no message waiting while its late answer is on its way', async (t) => {
  const peer = await startPeer(t);
  const config = { ...platform(peer), late_reply: 'customer_service', deadline_ms: 300 };
  const store = `sqlite:${path.join(tempDir(t), 'kept.db')}`;
  const slow = `function on_message(msg)
    if msg.content ~= "go" then return "plain " .. msg.content end
    local answer = wechat.ask("?")
    wechat.sleep(0.6)
    return "got " .. answer.content
  end`;
  let bot = await startBot(t, { script: slow, config: { ...config, store } });
  peer.sendPause = 60000;
  assert.equal(await bot.say('go'), '?');
  assert.equal(await bot.say('x'), null);
  await until(() => peer.sent.length === 1, 'the late answer');
  assert.equal(await bot.say('y'), 'plain y');
  assert.equal(await bot.say('go'), '?');
  await bot.kill();
  bot = await startBot(t, { script: slow, config: { ...config, store, deadline_ms: 4500 } });
  assert.equal(await bot.say('z'), 'got z');
  assert.equal(peer.sent.length, 1); // it may have gone out
});

test('a late question of a user who has a conversation in the store leaves that one in the store', async (t) => {
  const peer = await startPeer(t);
  const config = { ...platform(peer), late_reply: 'customer_service', deadline_ms: 300, store: `sqlite:${path.join(tempDir(t), 'kept.db')}` };
  const two = `function on_message(msg)
    if msg.event then wechat.sleep(0.6) end
    local answer = wechat.ask(msg.event and "event?" or "text?")
    return (msg.event or "text") .. " got " .. answer.content
  end`;
  let bot = await startBot(t, { script: two, config });
  assert.equal(await bot.say('go'), 'text?');
  await bot.deliver(eventXml('CLICK', { EventKey: 'K' }));
  await bot.waitForLog(/the conversation with \S+ at \S*bot\.lua:3 ends with this process: the user has another one/);
  await until(() => peer.sent.length === 1, 'the second question');
  await bot.kill();
  bot = await startBot(t, { script: two, config: { ...config, deadline_ms: 4500 } });
  assert.equal(await bot.say('x'), 'text got x');
  assert.equal(await bot.say('go'), 'text?');
});

test('what a user writes while an earlier answer is on its way is no answer to the question behind it', async (t) => {
  const peer = await startPeer(t);
  const behind = `function on_message(msg)
    if msg.content ~= "first" and msg.content ~= "go" then return "plain " .. msg.content end
    print("begun", msg.content)
    wechat.sleep(1.5)
    if msg.content == "first" then return "the first answer" end
    print("asking")
    return "got " .. wechat.ask("late question").content
  end`;
  const bot = await startBot(t, { script: behind, config: { ...platform(peer), late_reply: 'customer_service', deadline_ms: 1000 } });
  peer.sendPause = 4000;
  const first = bot.say('first');
  await until(() => /begun\tfirst/.test(bot.output), 'the first message begins');
  assert.deepEqual(await Promise.all([first, bot.say('go')]), [null, null]);
  await until(() => peer.sent.length === 1 && /asking/.test(bot.output), 'the question behind the answer');
  peer.sendPause = 0;
  assert.equal(await bot.say('x'), 'plain x');
  await until(() => peer.sent.length === 2, 'the question', 10000);
  assert.deepEqual(peer.sent.map((one) => one.text.content), ['the first answer', 'late question']);
  assert.equal(await bot.say('y'), 'got y');
});

test('an event waits for a late question that takes events, though the question before took none', async (t) => {
  const peer = await startPeer(t);
  const two = `function on_message(msg)
    if msg.event then return "event" end
    wechat.ask("one?")
    wechat.sleep(1.5)
    return "got " .. wechat.ask("two?", { events = true }).type
  end`;
  const bot = await startBot(t, { script: two, config: { ...platform(peer), late_reply: 'customer_service', deadline_ms: 1000 } });
  assert.equal(await bot.say('go'), 'one?');
  peer.sendPause = 2500;
  assert.equal(await bot.say('a'), null);
  await until(() => peer.sent.length === 1, 'the second question');
  assert.equal((await bot.deliver(eventXml('CLICK', { EventKey: 'K' }))).reply, null);
  await until(() => peer.sent.length === 2, 'the answer', 10000);
  assert.equal(peer.sent[1].text.content, 'got click');
});
