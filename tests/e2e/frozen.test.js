// A process that stood still while the platform tried its message at another one: it does nothing of it when it goes
// on.
'use strict';

const { describe, test } = require('node:test');
const assert = require('node:assert/strict');
const path = require('node:path');
const { startPeer, platform } = require('./peer');
const { makeRedis } = require('./redis');
const { startBot, textXml, sleep, tempDir, until } = require('./harness');

const CLAIM_MS = 3000;

async function startTwo(t, where, script) {
  const store = where === 'Redis' ? (await makeRedis(t)).url : `sqlite:${path.join(tempDir(t), 'kept.db')}`;
  const peer = await startPeer(t);
  const options = { script: script.replaceAll('PEER', peer.url), config: { store, ...platform(peer) } };
  return { peer, bots: [await startBot(t, options), await startBot(t, options)] };
}

// The first process stops 0.8 s into the message, whose script has begun by then on a busy machine too; the platform
// gives its request up after 5 s, and tries the second one.
async function freeze(bots, xml, after) {
  const gone = new AbortController();
  bots[0].deliver(xml, { signal: gone.signal }).catch(() => {});
  await sleep(800);
  bots[0].signal('SIGSTOP');
  await sleep(CLAIM_MS + 400);
  const second = bots[1].deliver(xml);
  await sleep(after);
  bots[0].signal('SIGCONT');
  return (await second).reply;
}

// Three at a time: they wait, and compute little.
describe('a process that stood still', { concurrency: 3 }, () => {
  for (const where of ['SQLite file', 'Redis']) {
    for (const [when, after] of [['has answered it', 2500], ['runs it', 400]]) {
      test(`it calls nothing, and answers nothing, once another one of the ${where} ${when}`, async (t) => {
        const { peer, bots } = await startTwo(t, where, `function on_message(msg)
          wechat.sleep(2)
          wechat.http.post("PEER/effect", { body = "x" })
          return "answer to " .. msg.content
        end`);
        const reply = await freeze(bots, textXml('go', { MsgId: '77' }), after);
        assert.equal(reply.Content, 'answer to go');
        await sleep(3000);
        assert.deepEqual(peer.seen.filter((line) => line === 'POST /effect'), ['POST /effect']);
        assert.deepEqual(peer.sent, []);
        assert.match(bots[0].log, /a script was ended before its next call: this process was frozen/);
      });
    }

    test(`a conversation goes on once at another one of the ${where}, and the user is told once`, async (t) => {
      const { peer, bots } = await startTwo(t, where, `function on_message(msg)
        local name = wechat.ask("name?").content
        wechat.sleep(2)
        wechat.http.post("PEER/effect", { body = "x" })
        local age = wechat.ask("age of " .. name .. "?").content
        return name .. " is " .. age
      end`);
      assert.equal(await bots[0].say('start'), 'name?');
      const reply = await freeze(bots, textXml('Li', { MsgId: '79' }), 400);
      const told = () => [...(reply ? [reply.Content] : []), ...peer.sent.map(({ text }) => text.content)];
      await until(() => told().length === 1, 'the question', 8000);
      await sleep(2500);
      assert.deepEqual(told(), ['age of Li?']);
      assert.deepEqual(peer.seen.filter((line) => line === 'POST /effect'), ['POST /effect']);
      assert.equal(await bots[0].say('7'), 'Li is 7');
    });

    test(`what it would send late is not sent: another one of the ${where} has answered`, async (t) => {
      const { peer, bots } = await startTwo(t, where, 'function on_message(msg) wechat.sleep(2) return "answer to " .. msg.content end');
      const reply = await freeze(bots, textXml('go', { MsgId: '78' }), 2500);
      assert.equal(reply.Content, 'answer to go');
      await sleep(2500);
      assert.deepEqual(peer.sent, []);
      assert.equal((await bots[1].deliver(textXml('go', { MsgId: '78' }))).reply.Content, 'answer to go');
      assert.equal((await bots[0].deliver(textXml('go', { MsgId: '78' }))).reply.Content, 'answer to go');
    });

    test(`it goes on with a message that no other one of the ${where} was given`, async (t) => {
      const { peer, bots } = await startTwo(t, where, `function on_message(msg)
        wechat.sleep(1)
        wechat.http.post("PEER/effect", { body = "x" })
        wechat.sleep(1)
        return "answer to " .. msg.content
      end`);
      bots[0].say('go').catch(() => {});
      await sleep(300);
      bots[0].signal('SIGSTOP');
      await sleep(CLAIM_MS + 2500);
      bots[0].signal('SIGCONT');
      await until(() => peer.sent.length === 1, 'the late answer');
      assert.deepEqual(peer.seen.filter((line) => line === 'POST /effect'), ['POST /effect']);
    });
  }

  // What is in the store is taken over once its process has used no CPU for 9 s.
  for (const where of ['SQLite file', 'Redis']) {
    test(`an owed script that another one of the ${where} has taken over reads and sets nothing more`, async (t) => {
      const store = where === 'Redis' ? (await makeRedis(t)).url : `sqlite:${path.join(tempDir(t), 'kept.db')}`;
      const peer = await startPeer(t);
      const script = `function on_message(msg)
        wechat.sleep(2)
        wechat.http.get("${peer.url}/read")
        wechat.sleep(0.5)
        wechat.store.set("by", "x")
        return "answer to " .. msg.content
      end`;
      const options = { script, config: { store, deadline_ms: 500, ...platform(peer) } };
      const first = await startBot(t, options);
      assert.equal(await first.say('go'), null);
      await sleep(300);
      first.signal('SIGSTOP');
      await startBot(t, options);
      await until(() => peer.sent.length === 1, 'the answer', 30000);
      assert.deepEqual(peer.seen, ['GET /read']);
      first.signal('SIGCONT');
      await sleep(3000);
      assert.deepEqual(peer.seen, ['GET /read']);
      assert.equal(peer.sent.length, 1);
      assert.match(first.log, /a script was ended before its next call/);
    });
  }

  test('a message that another one has answered reads nothing more', async (t) => {
    const { peer, bots } = await startTwo(t, 'Redis', `function on_message(msg)
      wechat.sleep(2)
      wechat.http.get("PEER/read")
      return "answer to " .. msg.content
    end`);
    const reply = await freeze(bots, textXml('go', { MsgId: '80' }), 2500);
    assert.equal(reply.Content, 'answer to go');
    await sleep(1500);
    assert.deepEqual(peer.seen, ['GET /read']);
  });
});
