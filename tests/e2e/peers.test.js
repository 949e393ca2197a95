// Two processes on one SQLite file share duplicates and claims as on Redis; a single process writes nothing for a
// message.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { execFileSync } = require('node:child_process');
const { APPID, OPENID, TOKEN, configLua, sleep, tempDir, textXml, until, writeFiles, startBot } = require('./harness');
const { stopwatch } = require('./stopwatch');

const SCRIPT = `
function on_message(msg)
  local s = msg.content:match("^slow (.+)$")
  if s then wechat.sleep(tonumber(s)) end
  local f = assert(io.open(os.getenv("RUNS"), "a"))
  f:write(msg.content, "\\n") f:close()
  return wechat.config.log_format .. ": " .. msg.content
end`;

// Creates a file for bots to share; log_format distinguishes the bots.
function makeFile(t) {
  const dir = tempDir(t);
  const runs = path.join(dir, 'runs');
  fs.writeFileSync(runs, '');
  const start = (name, config = {}) => startBot(t, { script: SCRIPT, env: { RUNS: runs },
    config: { store: `sqlite:${path.join(dir, 'wemoon.db')}`, log_format: name, ...config } });
  // Of a copy, made while nobody writes: a process that has the file open is one of those who share it.
  const count = (sql) => {
    const [copy, ends] = [path.join(tempDir(t), 'copy.db'), ['', '-wal']];
    const written = () => ends.map((end) => fs.statSync(path.join(dir, `wemoon.db${end}`), { bigint: true })).map(({ size, mtimeNs }) => `${size} ${mtimeNs}`).join();
    for (let before; before !== written();) {
      before = written();
      for (const end of ends) fs.copyFileSync(path.join(dir, `wemoon.db${end}`), `${copy}${end}`);
    }
    return Number(execFileSync('sqlite3', [copy, sql], { encoding: 'utf8' }));
  };
  return {
    start, file: path.join(dir, 'wemoon.db'),
    runs: () => fs.readFileSync(runs, 'utf8').split('\n').filter(Boolean),
    answers: () => count("select count(*) from wemoon_store where cast(key as text) like 'o:answer/%'"),
  };
}

const text = (content, id) => textXml(content, { MsgId: String(id) });
const content = (answer) => (answer.reply ? answer.reply.Content : answer.body);

test('a message and its duplicate at the other process: run once, answered alike', async (t) => {
  const shop = makeFile(t);
  const [a, b] = [await shop.start('text'), await shop.start('json')];
  const quick = await a.deliver(text('hi', 1));
  assert.equal(content(await b.deliver(text('hi', 1))), content(quick));
  const slow = text('slow 0.5', 2);
  const [one, two] = await Promise.all([a.deliver(slow), sleep(100).then(() => b.deliver(slow))]);
  assert.equal(content(one), 'text: slow 0.5');
  assert.equal(content(two), content(one));
  assert.deepEqual(shop.runs(), ['hi', 'slow 0.5']);
});

test('alone, a message costs no write; what it answered is known to a process that comes later', async (t) => {
  const shop = makeFile(t);
  const a = await shop.start('text');
  await a.deliver(text('before', 1));
  const running = a.deliver(text('slow 2', 2));
  await sleep(200);
  assert.equal(shop.answers(), 0);
  const b = await shop.start('json');
  await until(() => shop.answers() >= 2, 'the one that was there to tell what it had answered, and what it had under way');
  assert.equal(content(await b.deliver(text('before', 1))), 'text: before');
  const joined = await b.deliver(text('slow 2', 2));
  assert.equal(content(joined), 'text: slow 2');
  assert.equal(content(await running), 'text: slow 2');
  assert.deepEqual(shop.runs(), ['before', 'slow 2']);
});

test('a restart: the next process knows what the one before it answered', async (t) => {
  const shop = makeFile(t);
  const a = await shop.start('text');
  for (let i = 0; i < 50; i++) await a.deliver(text(`m${i}`, 100 + i));
  await a.stop();
  const b = await shop.start('json');
  for (let i = 0; i < 50; i += 7) assert.equal(content(await b.deliver(text(`m${i}`, 100 + i))), `text: m${i}`);
  assert.equal(shop.runs().length, 50);
});

test('a restart while a script goes on for too long: the answers of before are known all the same', async (t) => {
  const shop = makeFile(t);
  const config = { deadline_ms: 400, late_reply: 'drop' };
  const a = await shop.start('text', config);
  assert.equal(content(await a.deliver(text('hi', 1))), 'text: hi');
  assert.equal(content(await a.deliver(text('slow 60', 2))), 'success');
  await a.stop();
  assert.match(a.log, /messages were still under way after 10 s/);
  const b = await shop.start('json', config);
  assert.equal(content(await b.deliver(text('hi', 1))), 'text: hi');
  assert.deepEqual(shop.runs(), ['hi']);
});

test('a process is killed: what it had under way is run by the other, at the next try', async (t) => {
  const shop = makeFile(t);
  const [a, b] = [await shop.start('text'), await shop.start('json')];
  const lost = a.deliver(text('slow 1', 1)).catch(() => 'cut');
  await sleep(300);
  await a.kill();
  assert.equal(await lost, 'cut');
  assert.equal(content(await b.deliver(text('slow 1', 1))), 'json: slow 1');
});

// Posts up to three times, like the platform.
async function persist(bot, xml) {
  for (let i = 0; i < 2; i++) {
    const answer = await bot.deliver(xml).catch(() => null);
    if (answer) return answer;
    await sleep(100);
  }
  return bot.deliver(xml);
}

test('300 messages at both at once: each is run once', async (t) => {
  const shop = makeFile(t);
  const bots = [await shop.start('text'), await shop.start('json')];
  const all = await Promise.all(Array.from({ length: 300 }, (_, i) => Promise.all(bots.map((bot) => persist(bot, text(`n${i}`, 1000 + i))))));
  for (const [one, two] of all) assert.equal(content(one), content(two));
  assert.deepEqual(shop.runs().length, 300);
});

test('another program locks the file for long: every message is answered by its deadline', async (t) => {
  const shop = makeFile(t);
  const [a] = [await shop.start('text', { deadline_ms: 1000 }), await shop.start('json')];
  await a.deliver(text('warm', 1));
  execFileSync('bash', ['-c', `(echo "begin immediate;"; sleep 2.5; echo "commit;") | sqlite3 '${shop.file}' >/dev/null 2>&1 &`]);
  await sleep(300);
  const elapsed = stopwatch(a);
  const answer = await a.deliver(text('locked', 2));
  const ms = elapsed();
  assert.ok(ms < 1400, `${ms} ms`);
  assert.equal(answer.status, 200);
});

test('another program locks the file for long: messages are answered by their scripts all the same', async (t) => {
  const shop = makeFile(t);
  const a = await shop.start('text');
  await a.deliver(text('warm', 1));
  execFileSync('bash', ['-c', `(echo "begin immediate;"; sleep 8; echo "commit;") | sqlite3 '${shop.file}' >/dev/null 2>&1 &`]);
  await sleep(300);
  for (let i = 2; i <= 4; i++) assert.match(content(await a.deliver(text('locked', i))), /: locked$/);
});

test('hundreds of duplicates at the other process leave threads for its own messages', async (t) => {
  const shop = makeFile(t);
  const [a, b] = [await shop.start('text', { threads: 32 }), await shop.start('json', { threads: 32 })];
  const slow = Array.from({ length: 200 }, (_, i) => text(`slow 2.${i}`, 5000 + i));
  const first = slow.map((xml) => a.deliver(xml));
  await sleep(300);
  const again = slow.map((xml) => b.deliver(xml, { agent: false }));
  await sleep(300);
  const elapsed = stopwatch(b);
  assert.equal(content(await b.deliver(text('quick', 9999), { agent: false })), 'json: quick');
  const ms = elapsed();
  assert.ok(ms < 800, `${ms} ms`);
  await Promise.all([...first, ...again.map((answer) => answer.catch(() => 'unanswered'))]);
  assert.equal(shop.runs().length, 201);
});

test('a message of a killed process, tried again at the only one left, stays there when others come', async (t) => {
  const config = { store: `sqlite:${tempDir(t)}/shared.db`, appid: APPID, deadline_ms: 4900 };
  const script = 'function on_message(msg) wechat.log.info("begun") wechat.sleep(1.5) return "done" end';
  const killed = await startBot(t, { script, config });
  const left = await startBot(t, { script, config });
  await until(async () => (await left.say('first')) === 'done' && (await killed.say('second')) === 'done', 'both');
  const message = textXml('again');
  killed.deliver(message, { agent: false }).catch(() => {});
  await killed.waitForLog(/(begun[^]*){2}/);
  await sleep(300); // its claim is in the store
  await killed.kill();
  await sleep(50); // the other one sees that it is alone
  const answer = left.deliver(message, { agent: false });
  await left.waitForLog(/(begun[^]*){2}/);
  await startBot(t, { script, config });
  assert.equal((await answer).reply?.Content, 'done', left.log);
});

test('a question of a process that has just been killed is answered at the only one left', async (t) => {
  const config = { store: `sqlite:${tempDir(t)}/shared.db`, appid: APPID };
  const script = 'function on_message(msg) return "you are " .. wechat.ask("who?").content end';
  const left = await startBot(t, { script, config });
  for (let i = 0; i < 5; i++) {
    const killed = await startBot(t, { script, config });
    const user = { FromUserName: `oUser${i}` };
    assert.equal(await killed.say('hi', { fields: user }), 'who?');
    await killed.kill();
    assert.equal(await left.say('me', { fields: user }), 'you are me', left.log);
  }
});

const countIn = (file, where) => Number(execFileSync('sqlite3', [file, `select count(*) from wemoon_store where ${where}`], { encoding: 'utf8' }));

test('an answer that a killed process kept is given by the only one left', async (t) => {
  const file = `${tempDir(t)}/shared.db`;
  const config = { store: `sqlite:${file}`, appid: APPID, deadline_ms: 500, late_reply: 'keep', late_text: 'wait' };
  const script = 'function on_message(msg) if msg.content == "slow" then wechat.sleep(1) return "late" end return "plain" end';
  const left = await startBot(t, { script, config });
  const killed = await startBot(t, { script, config });
  const lastTry = { CreateTime: Math.floor(Date.now() / 1000) - 20 };
  assert.equal(content(await killed.deliver(textXml('slow', lastTry))), 'wait');
  await until(() => countIn(file, "cast(key as text) like 'o:kept/%' and instr(value, cast('late' as blob))"), 'the kept answer');
  await killed.kill();
  assert.equal(await left.say('now?'), 'late', left.log);
});

test('a run that a killed process owed is not begun again at the only one left', async (t) => {
  const file = `${tempDir(t)}/shared.db`;
  const config = { store: `sqlite:${file}`, appid: APPID, deadline_ms: 1000, late_reply: 'keep', late_text: 'wait' };
  const script = `function on_message(msg)
    if msg.content == "runs?" then return tostring(wechat.store.get("runs")) end
    wechat.store.incr("runs")
    wechat.sleep(2)
  end`;
  const left = await startBot(t, { script, config });
  const killed = await startBot(t, { script, config });
  const message = textXml('slow', { CreateTime: Math.floor(Date.now() / 1000) - 20 });
  killed.deliver(message, { agent: false }).catch(() => {});
  await until(() => countIn(file, "cast(key as text) like 'o:owed/%'"), 'its run in the store');
  await killed.kill();
  await left.deliver(message).catch(() => {});
  assert.equal(await left.say('runs?', { fields: { FromUserName: 'oAnother' } }), '1', left.log);
});
