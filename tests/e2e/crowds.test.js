// Crowds: a waiting message holds no thread. Small numbers here; large ones are in the benchmark (crowd).
'use strict';

const assert = require('node:assert/strict');
const net = require('node:net');
const test = require('node:test');
const { startBot, textXml, signedQuery, sleep, until } = require('./harness.js');

const SLEEPS = `
runs = 0
function on_message(msg)
  runs = runs + 1
  local seconds = tonumber(msg.content)
  if seconds then wechat.sleep(seconds) end
  return msg.source .. " " .. runs
end`;

let users = 0;
const from = () => `oCrowd${++users}`;

// Sends a message on a bare socket: `got` is the received text so far; `ended` resolves when the server closes the
// connection.
function open(bot, xml, { keep = false } = {}) {
  const query = new URLSearchParams(signedQuery()).toString();
  const bytes = Buffer.from(xml);
  const socket = net.connect({ port: bot.port, host: bot.host, allowHalfOpen: true });
  const one = { socket, got: '', began: Date.now() };
  socket.on('error', (error) => { one.error = error.code; });
  socket.on('data', (data) => { one.got += data; });
  one.ended = new Promise((resolve) => {
    const done = () => { one.ms = one.ms || Date.now() - one.began; if (!keep) socket.end(); resolve(one); };
    socket.on('end', done);
    socket.on('close', done);
  });
  socket.write(Buffer.concat([Buffer.from(`POST ${bot.path}?${query} HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes.length}\r\n\r\n`), bytes]));
  return one;
}

test('messages that wait hold no thread: two hundred on four threads, and a quick one beside them', async (t) => {
  const bot = await startBot(t, { config: { threads: 4, watch: false, deadline_ms: 4900 }, script: `
waiting, released = 0, false
function on_message(msg)
  if msg.content == "wait" then
    waiting = waiting + 1
    while not released do wechat.sleep(0.2) end
    return msg.source
  end
  released = msg.content == "release"
  return tostring(waiting)
end` });
  const slow = Array.from({ length: 200 }, () => bot.say('wait', { agent: false, fields: { FromUserName: from() } }));
  await until(async () => (await bot.say('quick', { agent: false })) === '200', 'two hundred that wait');
  assert.equal(await bot.say('release', { agent: false }), '200');
  const answers = await Promise.all(slow);
  assert.equal(new Set(answers).size, 200);
  answers.forEach((answer) => assert.match(answer, /^oCrowd/));
});

test('a client that closes its half after its message is answered', async (t) => {
  const bot = await startBot(t, { script: SLEEPS });
  const one = open(bot, textXml('0.5'));
  one.socket.end();
  await one.ended;
  assert.match(one.got, /^HTTP\/1.1 200 OK\r\n[^]*Connection: close\r\n[^]*<Content>/);
});

test('what a client sends behind its message while that waits does no harm', async (t) => {
  const bot = await startBot(t, { script: SLEEPS });
  const a_byte = open(bot, textXml('0.5'));
  const another = open(bot, textXml('0.5', { FromUserName: from() }));
  const much = open(bot, textXml('0.5', { FromUserName: from() }));
  await sleep(150);
  a_byte.socket.write('x');
  another.socket.write(`GET ${bot.path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  much.socket.write(Buffer.alloc(300000, 'x'));
  for (const one of [a_byte, another, much]) {
    await one.ended;
    assert.match(one.got, /^HTTP\/1.1 200 OK\r\n[^]*<Content>/);
    assert.equal(one.got.match(/HTTP\/1.1/g).length, 1);
    assert.equal(one.error, undefined);
  }
});

test('a client that resets its connection leaves nothing behind, and the retry gets the answer of the one run', async (t) => {
  const bot = await startBot(t, { script: SLEEPS });
  const message = textXml('0.8');
  const one = open(bot, message);
  await sleep(200);
  one.socket.resetAndDestroy();
  assert.equal((await bot.deliver(message)).reply.Content.split(' ')[1], '1');
  assert.match(await bot.say('next'), / 2$/);
});

test('retry: the request is held without a byte until its client closes it, 6 s at most', async (t) => {
  const bot = await startBot(t, { script: SLEEPS, config: { deadline_ms: 300, late_reply: 'retry' } });
  const closing = open(bot, textXml('20', { FromUserName: from() }));
  const held = open(bot, textXml('20', { FromUserName: from() }), { keep: true });
  await sleep(1000);
  assert.equal(closing.got + held.got, '');
  assert.equal(closing.ms, undefined);
  closing.socket.end();
  await closing.ended;
  assert.ok(closing.ms < 2000, `${closing.ms} ms`);
  await held.ended;
  assert.ok(held.ms > 5000 && held.ms < 7500, `${held.ms} ms`);
  assert.equal(closing.got + held.got, '');
  await bot.kill();
});

// The system hands a connection over with its first bytes, or after a second.
test('the deadline counts from when the client could send', async (t) => {
  const bot = await startBot(t, { script: SLEEPS, config: { deadline_ms: 1500, late_reply: 'drop' } });
  const query = new URLSearchParams(signedQuery()).toString();
  for (const silentMs of [800, 1300]) {
    const body = textXml('10', { FromUserName: from() });
    const socket = net.connect(bot.port, bot.host);
    let got = '';
    socket.on('data', (data) => { got += data; });
    const began = Date.now();
    await sleep(silentMs);
    socket.write(`POST ${bot.path}?${query} HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    await until(() => /success$/.test(got), 'the answer');
    const ms = Date.now() - began;
    assert.ok(ms > 1400 && ms < 2200, `${ms} ms after ${silentMs} ms of silence`);
    socket.destroy();
  }
  await bot.kill();
});

test('SIGTERM answers those who wait', async (t) => {
  const bot = await startBot(t, { script: SLEEPS });
  const waiting = Array.from({ length: 100 }, () => bot.say('1', { agent: false, fields: { FromUserName: from() } }));
  await sleep(600);
  const stopped = bot.stop();
  assert.equal(new Set(await Promise.all(waiting)).size, 100);
  await stopped;
});

test('a reload answers those who wait for the script before it', async (t) => {
  const bot = await startBot(t, { script: `
waiting = 0
function on_message(msg)
  if msg.content ~= "wait" then return tostring(waiting) end
  waiting = waiting + 1
  wechat.sleep(3)
  return msg.source
end` });
  const waiting = Array.from({ length: 100 }, () => bot.say('wait', { agent: false, fields: { FromUserName: from() } }));
  await until(async () => (await bot.say('how many')) === '100', 'a hundred that wait');
  bot.write('bot.lua', 'function on_message() return "new" end');
  await until(async () => (await bot.say('hi')) === 'new', 'the new script');
  (await Promise.all(waiting)).forEach((answer) => assert.match(answer, /^oCrowd/));
});

test('retry: the third try is the last: `success` at its deadline, and the reply is lost with a line', async (t) => {
  const bot = await startBot(t, { script: SLEEPS, config: { deadline_ms: 300, late_reply: 'retry' } });
  const message = textXml('2.5');
  for (let i = 0; i < 2; i++) await assert.rejects(bot.deliver(message, { timeoutMs: 500 }));
  assert.equal((await bot.deliver(message)).body, 'success');
  await bot.waitForLog(/past the platform's last try; it is lost/);
});

test('retry: a try that arrives 9 s or more after CreateTime is the last', async (t) => {
  const bot = await startBot(t, { script: SLEEPS, config: { deadline_ms: 300, late_reply: 'retry' } });
  const message = textXml('1', { CreateTime: Math.floor(Date.now() / 1000) - 10 });
  assert.equal((await bot.deliver(message)).body, 'success');
});

const COMPUTES = `
mark = 0
function on_message(msg)
  wechat.log.info("begun " .. msg.source)
  local over = os.time() + (tonumber(msg.content) or 0)
  while os.time() < over do end
  mark = mark + 1
  wechat.log.info("ran " .. msg.source)
  return "ran " .. mark
end`;

test('what has not begun is not begun for a client that has gone, once the platform\'s 5 s are over', async (t) => {
  const bot = await startBot(t, { script: COMPUTES, config: { script_cpu_ms: 20000, deadline_ms: 4900, late_reply: 'retry' } });
  const busy = open(bot, textXml('7', { FromUserName: 'oBusy' }));
  await bot.waitForLog(/begun oBusy/, 20000);
  const gone = open(bot, textXml('0', { FromUserName: 'oGone' }));
  await sleep(300);
  gone.socket.resetAndDestroy();
  busy.socket.destroy();
  await bot.waitForLog(/ran oBusy/, 20000);
  assert.match(await bot.say('0', { fields: { FromUserName: 'oNext' } }), /ran 2/);
  assert.doesNotMatch(bot.log, /ran oGone/);
});

test('a script of short waits ends in about its own time among messages that compute', async (t) => {
  const bot = await startBot(t, { config: { late_reply: 'drop', script_cpu_ms: 20000 }, script: `
computed = 0
function on_message(msg)
  if msg.content == "waits" then
    for _ = 1, 5 do wechat.sleep(0.05) end
    return tostring(computed)
  end
  for _ = 1, 6000000 do end  -- some 20 ms; os.clock would count the other threads too
  computed = computed + 1
  return "computed"
end` });
  const waited = bot.say('waits', { agent: false, fields: { FromUserName: 'oWaits' } });
  await sleep(20);
  const computing = Array.from({ length: 60 }, () => bot.say('compute', { agent: false, fields: { FromUserName: from() } }));
  const computed = Number(await waited);
  assert.ok(computed < 45, `${computed} were computed before`);
  await Promise.all(computing);
});

test('every tenth turn goes to what is late, while messages in time never end', async (t) => {
  const bot = await startBot(t, { config: { late_reply: 'drop', deadline_ms: 1500, interpreters: 1 }, script: `
computed = 0
function on_message(msg)
  if msg.content == "compute" then
    local over = os.clock() + 0.005
    while os.clock() < over do end
    computed = computed + 1
    return "computed"
  end
  wechat.sleep(1.8)
  local between = {}
  for i = 1, 5 do
    local before = computed
    wechat.sleep(0.001)
    between[i] = computed - before
  end
  wechat.log.info("between: " .. table.concat(between, " "))
end` });
  let over = false;
  const late = bot.say('late', { agent: false, fields: { FromUserName: 'oLate' } });
  const others = Array.from({ length: 30 }, async () => {
    while (!over) await bot.say('compute', { fields: { FromUserName: from() } });
  });
  const line = await bot.waitForLog(/between: [\d ]+/, 20000).finally(() => { over = true; });
  const between = String(line).match(/between: ([\d ]+)/)[1].trim().split(' ').map(Number);
  for (const count of between) assert.ok(count >= 3 && count <= 20, `${between} computed between its turns`);
  await Promise.all([late, ...others]);
});
