// A process that is told to end does so as soon as nothing is owed that another one cannot go on with; and what one has
// told its user before it was killed, the next one does not tell again.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { startPeer, platform } = require('./peer');
const { heldScript, storeOf } = require('./owed');
const { startBot, sleep, tempDir, textXml, until } = require('./harness');

const texts = (peer) => peer.sent.filter(({ went }) => went).map((sent) => sent.text.content);
const endedInTime = (bot) => assert.doesNotMatch(bot.log, /still under way/);

for (const kind of ['SQLite', 'Redis']) {
  test(`SIGTERM does not wait for an answered message, nor for those behind it, on ${kind}`, async (t) => {
    const peer = await startPeer(t);
    const config = { store: await storeOf(t, kind), deadline_ms: 800, ...platform(peer) };
    const script = heldScript(peer);
    const bot = await startBot(t, { script, config });
    assert.equal(await bot.say('go'), 'one?');
    const answers = [];
    for (const word of ['x', 'y', 'z']) {
      answers.push(bot.say(word));
      await sleep(50);
    }
    for (const answer of answers) assert.equal(await answer, null);
    await bot.stop();
    endedInTime(bot);
    peer.lets = true;
    await startBot(t, { script, config });
    await until(() => texts(peer).length >= 3, 'the late answers', 40000);
    assert.deepEqual(texts(peer).sort(), ['answer to x', 'plain y', 'plain z']);
  });
}

test('SIGTERM does not wait until an answer that another process began can be sent', async (t) => {
  const peer = await startPeer(t);
  const config = { store: await storeOf(t, 'SQLite'), deadline_ms: 400, ...platform(peer) };
  const script = 'function on_message(msg) wechat.sleep(1.5) return "late" end';
  peer.errcode = 45009;
  let bot = await startBot(t, { script, config });
  assert.equal(await bot.say('x'), null);
  await bot.kill();
  bot = await startBot(t, { script, config });
  await bot.waitForLog(/did not go out: .*45009.*; it is tried again in 2 s/, 30000);
  await bot.stop();
  endedInTime(bot);
  peer.errcode = 0;
  await startBot(t, { script, config });
  await until(() => texts(peer).length, 'the answer', 30000);
  assert.deepEqual(texts(peer), ['late']);
});

test('late_reply = retry: a try whose client has closed before its deadline is not held open', async (t) => {
  const bot = await startBot(t, { script: 'function on_message(msg) wechat.sleep(2) end', config: { deadline_ms: 1000, late_reply: 'retry' } });
  bot.deliver(textXml('x'), { timeoutMs: 300, agent: false }).catch(() => {});
  // 6 s if it were held.
  const [, ms] = await bot.waitForLog(/outcome=unanswered attempt=1 ms=(\d+)/, 20000);
  assert.ok(Number(ms) < 5500, `${ms} ms`);
});

test('an answer that its user has is not kept again by the process that goes on with its run', async (t) => {
  const dir = tempDir(t);
  const [file, saved] = [path.join(dir, 'kept.db'), path.join(dir, 'saved.db')];
  const sql = (statements) => execFileSync('sqlite3', [saved, `attach '${file}' as bot; ${statements}`], { encoding: 'utf8' }).trim();
  const config = { store: `sqlite:${file}`, deadline_ms: 500, late_reply: 'keep', late_text: 'wait', ...platform(await startPeer(t)) };
  const script = 'function on_message(msg) if msg.content == "slow" then wechat.sleep(8) return "the answer" end return "ran" end';
  const start = () => startBot(t, { script, config });
  let bot = await start();
  assert.equal(await bot.say('slow', { fields: { CreateTime: Math.floor(Date.now() / 1000) - 20 } }), 'wait'); // the last try
  // What the store has of a process that is killed after it has kept the answer, before it deletes its run.
  const isRun = "cast(key as text) like 'o:owed/%'";
  await until(() => Number(sql(`select count(*) from bot.wemoon_store where ${isRun}`)) === 1, 'the run in the store');
  sql(`create table runs as select * from bot.wemoon_store where ${isRun}`);
  assert.equal(sql('select count(*) from runs'), '1'); // it did not end between the two
  await bot.waitForLog(/is kept for the user's next message/, 30000);
  await bot.kill();
  bot = await start();
  assert.equal(await bot.say('now?'), 'the answer');
  await bot.stop();
  sql('insert or replace into bot.wemoon_store select * from runs');
  bot = await start();
  await bot.waitForLog(/is kept for the user's next message/, 30000);
  assert.equal(await bot.say('more'), 'ran');
});
