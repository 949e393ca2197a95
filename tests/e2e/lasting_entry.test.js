// Several processes know a message that is owed: its entry in the store decides which of them runs it. It is run once.
'use strict';

const { describe, test } = require('node:test');
const assert = require('node:assert/strict');
const { heldScript, keptKeys, storeOf, texts } = require('./owed');
const { startPeer, platform } = require('./peer');
const { startBot, sleep, textXml, until } = require('./harness');

const CLAIM_MS = 3000; // a claim that is not renewed lapses after this; a lease after 9 s

// Two processes on a file, and what the file has of runs.
async function world(t, deadline = 1500) {
  const peer = await startPeer(t);
  const config = { store: await storeOf(t, 'SQLite'), deadline_ms: 1500, late_reply: 'customer_service', ...platform(peer) };
  const start = (deadline) => startBot(t, { script: heldScript(peer), config: { ...config, deadline_ms: deadline || config.deadline_ms } });
  const [first, second] = [await start(), await start(deadline)];
  await sleep(600); // until both have noticed each other
  return { peer, start, first, second, entries: () => keptKeys(t, config) };
}

// All answers are sent, once each, and nothing is owed any more.
async function areSent(peer, entries, wanted) {
  await until(() => peer.sent.length >= wanted.length, 'the answers', 40000);
  await until(async () => (await entries()).length === 0, 'nothing owed', 20000);
  assert.deepEqual(texts(peer).sort(), wanted);
}

// The first process works on x, so y waits there and is owed. Gives y's document.
async function begin(t, options = {}) {
  const { peer, first, second, entries } = await world(t);
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
  assert.equal((await entries()).length, 2);
  return { peer, first, second, y, entries, areSent: (wanted) => areSent(peer, entries, wanted), bothAreSent: () => areSent(peer, entries, ['answer to x', 'plain y']) };
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

  // The second process works on x. The first one, where y waits, is killed before it owes y, or afterwards.
  for (const [when, after] of [['before', 600], ['after', 1800]]) test(`is not lost if the process that had it is killed ${when} it owes it, and then the one that followed`, async (t) => {
    const { peer, first, second, start, entries } = await world(t);
    assert.equal(await first.say('go'), 'one?');
    second.say('x').catch(() => {});
    await until(() => peer.seen.length === 1, 'the call');
    await sleep(1500); // until x is owed
    const y = textXml('y');
    const tries = [first.deliver(y).catch(() => null)];
    await sleep(300);
    tries.push(second.deliver(y));
    await sleep(after - 300);
    await first.kill();
    assert.equal((await Promise.all(tries))[1].body, 'success');
    await sleep(CLAIM_MS + 1000);
    assert.equal((await entries()).length, 2);
    await second.kill();
    peer.lets = true;
    await start();
    await areSent(peer, entries, ['answer to x', 'plain y']);
  });

  // y waits for the interpreter, which another user's message holds. The second process takes y over with a try that it
  // answers itself, so it owes y only 4.3 s later.
  test('is not lost if the process that has just taken it over is killed too', async (t) => {
    const peer = await startPeer(t);
    const script = `function on_message(msg)
      if msg.content == "x" then while true do end end
      wechat.http.get("${peer.url}/held", { timeout = 60 })
      return "answer to " .. msg.content
    end`;
    const config = { store: await storeOf(t, 'SQLite'), script_cpu_ms: 60000, late_reply: 'customer_service', ...platform(peer) };
    const start = (interpreters) => startBot(t, { script, config: { ...config, interpreters } });
    const [first, second] = [await start(1), await start(4)];
    await sleep(600); // until both have noticed each other
    first.say('x', { fields: { FromUserName: 'oAnother' } }).catch(() => {});
    await sleep(100);
    const y = textXml('y');
    assert.equal((await first.deliver(y)).body, 'success');
    second.deliver(y).catch(() => {});
    await sleep(300);
    await first.kill();
    await until(() => peer.seen.length === 1, 'the call of y', 10000);
    await second.kill();
    peer.lets = true;
    await start(4);
    await until(() => peer.sent.length > 0, 'the answer to y', 20000);
    assert.deepEqual(texts(peer), ['answer to y']);
  });

  // Neither of the two processes can begin y: their only interpreters are busy. What the first one owes is gone on with
  // in order, so y comes after x, which waits for the interpreter of the second process. So the platform's next try finds
  // y first, and waits there.
  test('is run once if a try takes it over that cannot begin yet', async (t) => {
    const peer = await startPeer(t);
    const script = `function on_message(msg)
      if msg.content == "spin" then
        wechat.spawn(function()
          wechat.sleep(0.3)
          local t = os.time()
          while os.time() < t + 8 do end
        end)
        return "spins"
      end
      wechat.http.get("${peer.url}/held", { timeout = 60 })
      return "answer to " .. msg.content
    end`;
    const config = { store: await storeOf(t, 'SQLite'), interpreters: 1, script_cpu_ms: 60000, late_reply: 'customer_service', ...platform(peer) };
    const start = (deadline) => startBot(t, { script, config: { ...config, deadline_ms: deadline } });
    const another = { fields: { FromUserName: 'oAnother' } };
    const [first, second] = [await start(1000), await start(4500)];
    await sleep(600); // until both have noticed each other
    const x = first.say('x');
    await until(() => peer.seen.length === 1, 'the call of x');
    assert.equal(await first.say('spin', another), 'spins');
    await sleep(400);
    const y = textXml('y');
    assert.equal((await first.deliver(y)).body, 'success');
    assert.equal(await x, null);
    assert.equal(await second.say('spin', another), 'spins');
    await sleep(400);
    await first.kill();
    await sleep(CLAIM_MS + 1000);
    peer.lets = true;
    const { reply } = await second.deliver(y);
    assert.equal(reply?.Content, 'answer to y');
    await areSent(peer, () => keptKeys(t, config), ['answer to x']);
  });

  // The third process works on x, so y cannot begin at the second one, which gets it from the first. The third one stands
  // still meanwhile, so that it does not get y.
  test('is run once if it is taken over and cannot begin yet', async (t) => {
    const { peer, start, first, second, entries } = await world(t, 4500);
    const third = await start();
    await sleep(600);
    assert.equal(await third.say('go'), 'one?');
    assert.equal(await third.say('x'), null);
    const y = textXml('y');
    assert.equal((await first.deliver(y)).body, 'success');
    const again = second.deliver(y);
    await sleep(200);
    third.signal('SIGSTOP');
    await first.kill();
    await sleep(CLAIM_MS + 300);
    peer.lets = true;
    third.signal('SIGCONT');
    const { reply } = await again;
    const told = () => [...texts(peer), ...(reply ? [reply.Content] : [])].sort();
    await until(() => told().length >= 2, 'the answers', 20000);
    await until(async () => (await entries()).length === 0, 'nothing owed');
    assert.deepEqual(told(), ['answer to x', 'plain y']);
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
