// wechat.newest: what earlier messages of the user still do ends, wherever it runs, and nothing more of it goes out.
'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const path = require('node:path');
const { startPeer, platform } = require('./peer');
const { makeRedis } = require('./redis');
const { atEnd, OPENID, eventXml, sleep, startBot, tempDir, textXml, until, threeAtATime } = require('./harness');
const { stopwatch } = require('./stopwatch');

const test = threeAtATime('wechat.newest');

const OTHER = 'oOtherUser';
const as = (FromUserName) => ({ fields: { FromUserName } });
const sqlite = (t) => `sqlite:${path.join(tempDir(t), 'kept.db')}`;

// "slow" waits, has a spawned function and a variable whose closing waits; "new" cancels; all else is answered at once.
const SCRIPT = `function on_message(msg)
  if msg.content == "new" then return "new " .. tostring(wechat.newest()) end
  if msg.content == "new and wait" then
    wechat.sleep(0.1)
    wechat.spawn(function() wechat.sleep(0.8) wechat.send_text_message(msg.source, "own spawned") end)
    wechat.newest()
    wechat.sleep(1)
    return "own late"
  end
  if not msg.content:find "^slow" then return "quick" end
  local _ <close> = setmetatable({}, { __close = function() wechat.sleep(1.5) wechat.log.info("closed " .. msg.content) end })
  wechat.spawn(function() wechat.sleep(3) wechat.send_text_message(msg.source, "spawned by " .. msg.content) end)
  wechat.say("part of " .. msg.content .. "。")
  for _ = 1, 3 do pcall(wechat.sleep, 1) end
  return "late " .. msg.content
end`;

const sentTo = (peer, openid) => peer.sent.filter((one) => one.touser === openid).map((one) => one.text.content);

for (const interpreters of [1, 2]) {
  test(`${interpreters} interpreter(s): an earlier message ends, its request gets success, another user's goes on`, async (t) => {
    const peer = await startPeer(t);
    const bot = await startBot(t, { script: SCRIPT, config: { interpreters, error_reply: 'sorry', ...platform(peer) } });
    const elapsed = stopwatch(bot);
    const slow = bot.say('slow');
    const others = bot.say('slow 2', as(OTHER));
    await sleep(200);
    assert.equal(await bot.say('new'), 'new true');
    assert.equal(await slow, null);
    const ms = elapsed();
    assert.ok(ms < 1200, 'at once, though it takes 1.5 s to close');
    await bot.waitForLog(/closed slow openid/);
    assert.match(await others, /part of slow 2。/);
    await until(() => sentTo(peer, OTHER).length > 0, 'what is spawned for the other user', 10000);
    assert.deepEqual(sentTo(peer, OPENID), []);
  });

  test(`${interpreters} interpreter(s): late answers of several earlier messages do not go out, its own does`, async (t) => {
    const peer = await startPeer(t);
    const bot = await startBot(t, { script: SCRIPT, config: { interpreters, deadline_ms: 300, ...platform(peer) } });
    for (const word of ['slow 1', 'slow 2', 'slow 3']) await bot.say(word);
    peer.sent.length = 0;
    assert.equal(await bot.say('new and wait'), null);
    await until(() => sentTo(peer, OPENID).includes('own late'), 'its own late answer');
    await sleep(2500);
    assert.deepEqual(sentTo(peer, OPENID).sort(), ['own late', 'own spawned']);
  });
}

test('a reload: what began with the old script ends too', async (t) => {
  const peer = await startPeer(t);
  const bot = await startBot(t, { script: SCRIPT, config: { deadline_ms: 300, ...platform(peer) } });
  await bot.say('slow');
  peer.sent.length = 0;
  bot.replace('bot.lua', SCRIPT.replace('"new "', '"newer "'));
  await bot.waitForLog(/reloaded in/);
  assert.equal(await bot.say('new'), 'newer true');
  await bot.waitForLog(/closed slow openid/);
  await sleep(3000);
  assert.deepEqual(sentTo(peer, OPENID), []);
});

for (const kind of ['SQLite', 'Redis']) {
  test(`two processes on ${kind}: an earlier message that the other one has ends within seconds`, async (t) => {
    const peer = await startPeer(t);
    const store = kind === 'Redis' ? (await makeRedis(t)).url : sqlite(t);
    const config = { store, deadline_ms: 1200, ...platform(peer) };
    const script = SCRIPT.replaceAll('for _ = 1, 3 do', 'for _ = 1, 8 do').replace('wechat.sleep(3)', 'wechat.sleep(8)');
    const one = await startBot(t, { script, config });
    const two = await startBot(t, { script, config });
    await one.say('slow');
    await one.say('slow 2', as(OTHER));
    await sleep(1100);
    peer.sent.length = 0;
    assert.equal(await two.say('new'), 'new true');
    await one.waitForLog(/closed slow openid/);
    assert.equal(await one.say('slow again'), 'part of slow again。', 'a later message is not cancelled');
    await until(() => sentTo(peer, OPENID).includes('late slow again'), 'the answer of the later message', 20000);
    assert.deepEqual(sentTo(peer, OPENID).filter((text) => !/again/.test(text)), []);
    assert.ok(sentTo(peer, OTHER).includes('late slow 2'));
  });
}

test('an answer that is owed after kill -9 does not go out', async (t) => {
  const peer = await startPeer(t);
  const config = { store: sqlite(t), deadline_ms: 600, ...platform(peer) };
  const script = `function on_message(msg)
    if msg.content == "new" then return tostring(wechat.newest()) end
    wechat.http.get("${peer.url}/held")
    return "late " .. msg.content
  end`;
  let bot = await startBot(t, { script, config });
  // Both before it is known that the account may not send.
  const slow = [OPENID, OTHER].map((user) => bot.say('slow', as(user)));
  assert.deepEqual(await Promise.all(slow), [null, null]);
  await bot.kill();
  bot = await startBot(t, { script, config: { ...config, deadline_ms: 4500 } });
  assert.equal(await bot.say('new'), 'true');
  peer.lets = true;
  await until(() => sentTo(peer, OTHER).length > 0, 'the other user\'s answer', 20000);
  await sleep(500);
  assert.deepEqual(sentTo(peer, OPENID), []);
});

test('kept answers are gone, also the one that was to stand before its own reply', async (t) => {
  const peer = await startPeer(t);
  peer.errcode = 48001;
  const config = { store: sqlite(t), deadline_ms: 1000, ...platform(peer) };
  const script = `function on_message(msg)
    if msg.content == "slow" then wechat.sleep(1.5) return "the slow answer" end
    if msg.content == "new" then wechat.newest() end
    return "reply"
  end`;
  const bot = await startBot(t, { script, config });
  // Both before it is known that the account may not send.
  const slow = [OPENID, OTHER].map((user) => bot.say('slow', as(user)));
  assert.deepEqual(await Promise.all(slow), [null, null]);
  await until(() => (bot.log.match(/is kept for the user's next message/g) || []).length === 2, 'both to be kept');
  assert.equal(await bot.say('new'), 'reply');
  assert.equal(await bot.say('quick'), 'reply');
  assert.equal(await bot.say('quick', as(OTHER)), 'the slow answer\n\nreply');
});

for (const count of [1, 2]) {
  test(`${count} process(es): a finished answer that waits for the platform's next try does not go out either`, async (t) => {
    const peer = await startPeer(t);
    peer.errcode = 48001;
    const config = { store: sqlite(t), deadline_ms: 300, ...platform(peer) };
    const script = `function on_message(msg)
      if msg.content == "new" then return "new " .. tostring(wechat.newest()) end
      if msg.content == "slow" then wechat.sleep(0.6) end
      return "reply to " .. msg.content
    end`;
    const bots = [];
    for (let i = 0; i < count; i++) bots.push(await startBot(t, { script, config }));
    const [one, other] = [bots[0], bots[count - 1]];
    assert.equal(await one.say('slow'), null);
    await one.waitForLog(/is kept for the user's next message/);
    if (count === 2) await sleep(6000); // until the other process knows, too, that the right is missing
    await one.say('quick');
    const made = Math.floor(Date.now() / 1000);
    const slow = (fields) => textXml('slow', { CreateTime: made, MsgId: `77${made}`, ...fields });
    const first = (xml) => one.deliver(xml, { timeoutMs: 450 }).then(() => assert.fail('it waits for the next try'), () => {});
    await first(slow());
    await first(slow({ FromUserName: OTHER }));
    await sleep(600);
    assert.equal((await one.deliver(textXml('new', { CreateTime: made + 1 }))).reply.Content, 'new true');
    await sleep(count === 2 ? 2500 : 0);
    assert.equal((await other.deliver(slow())).body, 'success');
    assert.equal((await other.deliver(slow({ FromUserName: OTHER }))).reply.Content, 'reply to slow');
    assert.equal(await one.say('quick'), 'reply to quick');
  });
}

test('where conversations last, a message waits for the one before it, and finds nothing of it under way', async (t) => {
  const script = `function on_message(msg)
    if msg.content == "new" then return "new " .. tostring(wechat.newest()) end
    local name = wechat.ask("name?")
    wechat.sleep(1)
    return "hello " .. name.content
  end`;
  const bot = await startBot(t, { script, config: { store: sqlite(t) } });
  assert.equal(await bot.say('talk'), 'name?');
  const slow = bot.say('Wang');
  await sleep(200);
  assert.equal(await bot.say('new'), 'new true');
  assert.equal(await slow, 'hello Wang');
});

test('an open question stays, and what answers an earlier message of the conversation ends', async (t) => {
  const script = `function on_message(msg)
    if msg.event then return "new " .. tostring(wechat.newest()) end
    local name = wechat.ask("name?")
    if name.content == "Li" then return "hello Li" end
    wechat.sleep(3)
    return "never"
  end`;
  // (Where conversations last, the next message waits until this one has its answer.)
  const bot = await startBot(t, { script, config: { conversations: 'process' } });
  const tap = async () => (await bot.deliver(eventXml('CLICK', { EventKey: 'K' + Math.random() }))).reply.Content;
  assert.equal(await bot.say('talk'), 'name?');
  assert.equal(await tap(), 'new true');
  assert.equal(await bot.say('Li'), 'hello Li');
  assert.equal(await bot.say('talk'), 'name?');
  const slow = bot.say('Wang');
  await sleep(200);
  assert.equal(await tap(), 'new true');
  assert.equal(await slow, null);
  assert.equal(await bot.say('talk'), 'name?', 'the conversation is over');
});

test('a model that still writes is hung up on, and 重来 of scripts/chat.lua is answered at once', async (t) => {
  let closed = 0;
  const server = http.createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const timer = setInterval(() => response.write(`data: ${JSON.stringify({ choices: [{ delta: { content: '字' } }] })}\n\n`), 50);
    response.on('close', () => { closed = Date.now(); clearInterval(timer); });
    request.resume();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => server.close());
  const script = require('node:fs').readFileSync(path.join(__dirname, '../../scripts/chat.lua'), 'utf8');
  const bot = await startBot(t, { script, env: { MODEL_URL: `http://127.0.0.1:${server.address().port}/v1`, MODEL_KEY: 'k', MODEL_NAME: 'm' } });
  const first = bot.say('讲个故事');
  await sleep(500);
  assert.equal(await bot.say('重来'), '好，我们重新开始。');
  const answered = Date.now();
  assert.equal(await first, null);
  await until(() => closed, 'the end of the stream');
  assert.ok(closed - answered < 500, `${closed - answered} ms`);
});

test('a run that is gone on with elsewhere does not cancel again', async (t) => {
  const peer = await startPeer(t);
  const config = { store: sqlite(t), deadline_ms: 600, ...platform(peer) };
  const script = `function on_message(msg)
    if msg.content == "new" then
      local told = wechat.newest()
      wechat.store.incr("newest")
      wechat.sleep(2)
      return "late new " .. tostring(told)
    end
    wechat.sleep(4)
    return "late " .. msg.content
  end`;
  let bot = await startBot(t, { script, config });
  const made = Math.floor(Date.now() / 1000);
  assert.equal((await bot.deliver(textXml('new', { CreateTime: made }))).reply, null);
  await bot.kill();
  bot = await startBot(t, { script, config });
  assert.equal((await bot.deliver(textXml('slow', { CreateTime: made - 5 }))).reply, null);
  await until(() => sentTo(peer, OPENID).length === 2, 'both answers', 20000);
  assert.deepEqual(sentTo(peer, OPENID).sort(), ['late new true', 'late slow']);
});

test('an earlier message that comes after it is not run, and gets success', async (t) => {
  const bot = await startBot(t, { script: SCRIPT });
  const made = Math.floor(Date.now() / 1000);
  assert.equal((await bot.deliver(textXml('new', { CreateTime: made }))).reply.Content, 'new true');
  assert.equal((await bot.deliver(textXml('quick', { CreateTime: made - 3 }))).reply, null);
  assert.equal((await bot.deliver(textXml('quick', { CreateTime: made - 3, FromUserName: OTHER }))).reply.Content, 'quick');
  assert.equal((await bot.deliver(textXml('quick', { CreateTime: made }))).reply.Content, 'quick');
});

test('outside of on_message it raises', async (t) => {
  const bot = await startBot(t, { script: `
    wechat.every(0.1, function() local ok, err = pcall(wechat.newest) wechat.store.set("said", err) end)
    function on_message() return wechat.store.get("said") end` });
  await sleep(400);
  assert.match(await bot.say('x'), /wechat\.newest: no message is being answered here/);
});
