// late_reply = "retry": a process knows its predecessor's answers, sent or about to be sent.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const path = require('node:path');
const { startPeer } = require('./peer');
const { startBot, textXml, sleep, tempDir } = require('./harness');

const MESSAGES = 30;

test('messages under way at SIGTERM are answered by the successor, and run once', async (t) => {
  const peer = await startPeer(t);
  const script = `function on_message(msg)
    wechat.http.post("${peer.url}/" .. msg.content, { body = "x" })
    wechat.sleep(2)
    return "slow " .. msg.content
  end`;
  const config = { store: `sqlite:${path.join(tempDir(t), 'kept.db')}`, deadline_ms: 1000, late_reply: 'retry' };
  let bot = await startBot(t, { script, config });
  const messages = Array.from({ length: MESSAGES }, (_, i) => textXml(String(i), { FromUserName: `o${i}`, CreateTime: Math.floor(Date.now() / 1000) }));
  const first = messages.map((xml) => bot.deliver(xml).catch(() => null));
  await sleep(1300);
  await bot.stop();
  await Promise.all(first);
  bot = await startBot(t, { script, config });
  const again = await Promise.all(messages.map((xml) => bot.deliver(xml).catch(() => null)));
  assert.deepEqual(again.map((answer) => answer?.reply?.Content), messages.map((_, i) => `slow ${i}`));
  assert.equal(peer.seen.length, MESSAGES);
});

test('a message that was under way at kill -9 is run again, and answered', async (t) => {
  const script = `function on_message(msg)
    wechat.sleep(1.5)
    return "slow " .. msg.content
  end`;
  const config = { store: `sqlite:${path.join(tempDir(t), 'kept.db')}`, deadline_ms: 1000, late_reply: 'retry' };
  let bot = await startBot(t, { script, config });
  const xml = textXml('x', { CreateTime: Math.floor(Date.now() / 1000) });
  bot.deliver(xml).catch(() => {});
  await sleep(1200);
  await bot.kill();
  bot = await startBot(t, { script, config });
  bot.deliver(xml).catch(() => {});
  await sleep(1200);
  assert.equal((await bot.deliver(xml)).reply.Content, 'slow x');
});
