// A message that a process was answering when it ended or froze is no new message: whoever takes the run over answers
// it.
'use strict';

const { describe, test } = require('node:test');
const assert = require('node:assert/strict');
const path = require('node:path');
const { startPeer, platform } = require('./peer');
const { makeRedis } = require('./redis');
const { freePort, startBot, textXml, sleep, tempDir, until } = require('./harness');

const script = (peer) => `function on_message(msg)
  if msg.content ~= "start" then return "plain " .. msg.content end
  local first = wechat.ask("one?").content
  wechat.http.get("${peer.url}/held")
  return "end " .. first
end`;

const sent = (peer) => peer.sent.map(({ text }) => text.content);

// Both wait, and compute little.
describe('the answer to a conversation', { concurrency: 2 }, () => {
  // Its script is put into the store 0.2 s before its message is answered without it.
  test('one whose process was killed just before it was owed is no new message', async (t) => {
    const peer = await startPeer(t);
    const port = await freePort();
    const config = { store: `sqlite:${path.join(tempDir(t), 'kept.db')}`, deadline_ms: 2000, ...platform(peer) };
    const first = await startBot(t, { script: script(peer), config: { ...config, admin_listen: `127.0.0.1:${port}` } });
    const next = await startBot(t, { script: script(peer), config });
    assert.equal(await first.say('start'), 'one?');
    const xml = textXml('a');
    first.deliver(xml).catch(() => {});
    await until(() => peer.seen.length === 1, 'the call');
    const health = async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).json();
    await until(async () => (await health()).owed === 1, 'the script in the store');
    await first.kill();
    await until(() => peer.seen.length === 2, 'the call of the next process', 30000);
    peer.lets = true;
    await until(() => peer.sent.length === 1, 'the end');
    assert.equal((await next.deliver(xml)).body, 'success');
    assert.deepEqual(sent(peer), ['end a']);
  });

  // The last process has claimed the message, which waits for the conversation there, when another one, where messages
  // wait too, takes that over; the last one is the quickest in one of three runs.
  test('one of a frozen process is run by nobody who claimed it meanwhile', async (t) => {
    const peer = await startPeer(t);
    const config = { store: (await makeRedis(t)).url, ...platform(peer) };
    const bots = [];
    for (let i = 0; i < 4; i++) bots.push(await startBot(t, { script: script(peer), config }));
    assert.equal(await bots[0].say('start'), 'one?');
    const xml = textXml('a');
    bots[0].deliver(xml).catch(() => {});
    await until(() => peer.seen.length === 1, 'the call');
    bots[0].signal('SIGSTOP');
    const others = [1, 2].map((i) => bots[i].say('b').catch(() => null));
    await sleep(4000); // its claim lapses after 3 s
    const again = bots[3].deliver(xml).then(({ reply }) => reply?.Content, () => null);
    await until(() => peer.seen.length === 2, 'the call of the next process', 30000);
    await sleep(2000); // claims are renewed every 0.75 s
    peer.lets = true;
    const told = async () => [...sent(peer), ...await Promise.all([again, ...others])].filter((text) => text);
    await until(async () => (await told()).length === 3, 'the answers', 15000);
    await sleep(500);
    assert.deepEqual((await told()).sort(), ['end a', 'plain b', 'plain b']);
    assert.equal((await bots[3].deliver(xml)).body, 'success');
    await bots[0].kill();
  });
});
