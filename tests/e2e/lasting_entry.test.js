// Several processes know a message that is owed: its entry in the store decides which of them runs it. It is run once.
'use strict';

const { describe, test } = require('node:test');
const assert = require('node:assert/strict');
const { keptKeys, storeOf, texts } = require('./owed');
const { startPeer, platform } = require('./peer');
const { startBot, sleep, textXml, until } = require('./harness');

const script = (peer) => `function on_message(msg)
  if msg.content ~= "go" then return "plain " .. msg.content end
  local answer = wechat.ask("one?").content
  wechat.http.get("${peer.url}/held", { timeout = 60 })
  return "answer to " .. answer
end`;

const CLAIM_MS = 3000; // a claim that is not renewed lapses after this; a lease after 9 s

// The first process works on x, so y waits there and is owed. Gives y's document.
async function begin(t, options = {}) {
  const peer = await startPeer(t);
  const config = { store: await storeOf(t, 'SQLite'), deadline_ms: 1500, late_reply: 'customer_service', ...platform(peer) };
  const start = () => startBot(t, { script: script(peer), config });
  const first = await start();
  const second = await start();
  await sleep(600); // until both have noticed each other
  assert.equal(await first.say('go'), 'one?');
  first.say('x').catch(() => {});
  await until(() => peer.seen.length === 1, 'the call');
  const y = textXml('y');
  const requests = [first.deliver(y)];
  if (options.follows) {
    await sleep(300);
    requests.push(second.deliver(y));
  }
  for (const { body } of await Promise.all(requests)) assert.equal(body, 'success');
  const kept = async () => (await keptKeys(t, config)).length;
  assert.equal(await kept(), 2);
  const areSent = async (wanted) => {
    await until(() => peer.sent.length >= wanted.length, 'the answers', 40000);
    await until(async () => (await kept()) === 0, 'nothing owed', 20000);
    assert.deepEqual(texts(peer).sort(), wanted);
  };
  const bothAreSent = () => areSent(['answer to x', 'plain y']);
  const entries = () => keptKeys(t, config);
  return { peer, first, second, y, areSent, bothAreSent, entries };
}

// The second process gets a try of y while the first one's claim has lapsed, but not its lease.
async function freezeAndTry(t, all) {
  all ||= await begin(t);
  all.first.signal('SIGSTOP');
  await sleep(CLAIM_MS + 600);
  assert.equal((await all.second.deliver(all.y)).body, 'success');
  return all;
}

// They wait, and compute little.
describe('an owed message that another process knows too', { concurrency: 3 }, () => {
  test('is run by the process that followed it, if the first one leaves it', async (t) => {
    const { peer, first, bothAreSent } = await begin(t, { follows: true });
    await first.stop();
    peer.lets = true;
    await bothAreSent();
  });

  test('is run by the process that left it to a frozen one, if that one is killed', async (t) => {
    const { peer, first, bothAreSent } = await freezeAndTry(t);
    await first.kill();
    peer.lets = true;
    await bothAreSent();
  });

  for (const waits of [false, true]) test(`is run by a frozen process that goes on, ${waits ? 'later' : 'at once'}`, async (t) => {
    const { peer, first, bothAreSent } = await freezeAndTry(t);
    if (!waits) peer.lets = true;
    await sleep(300);
    first.signal('SIGCONT');
    if (waits) await sleep(1500); // until it knows that its claim is lost
    peer.lets = true;
    await bothAreSent();
  });

  // The frozen process is alone when it goes on, so it lists the keys of the store once, and not again. The script for x
  // is not begun a third time: two processes ended while they ran it.
  for (const [how, wanted] of [['kill', ['plain y']], ['stop', ['answer to x', 'plain y']]]) test(`is run by a frozen process whose successor had it until its ${how}`, async (t) => {
    const { peer, first, second, areSent, entries } = await begin(t);
    const before = await entries();
    first.signal('SIGSTOP');
    await until(async () => !(await entries()).some((entry) => before.includes(entry)), 'the second process to have both', 40000);
    await second[how]();
    first.signal('SIGCONT');
    await sleep(5000);
    peer.lets = true;
    await areSent(wanted);
  });

  // Another message of the user waits at the second process, so the try waits behind it there, and is owed.
  test('is run by the process that another one left it to, having written it anew', async (t) => {
    const all = await begin(t);
    assert.equal((await all.second.deliver(textXml('z'))).body, 'success');
    const before = await all.entries();
    assert.equal(before.length, 3);
    await freezeAndTry(t, all);
    assert.equal((await all.entries()).filter((entry) => before.includes(entry)).length, 2);
    all.first.signal('SIGCONT');
    await all.second.stop();
    all.peer.lets = true;
    await all.areSent(['answer to x', 'plain y', 'plain z']);
  });
});
