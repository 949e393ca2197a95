// Clients that read large answers slowly hold no thread.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const { atEnd, startBot, until, sleep } = require('./harness');

const MB = 1 << 20;
const SIZE = 6 * MB; // more than the kernel takes by itself
const THREADS = 4;
const POLLERS = Math.max(THREADS, os.availableParallelism());
const script = `local page = string.rep("0123456789abcdef", ${SIZE / 16})
  wechat.route("GET", "/large", function() return page end)
  wechat.route("GET", "/page", function() return page:sub(1, 1 << 18) end)
  wechat.route("GET", "/small", function() return "small" end)
  function on_message(msg) return msg.content end`;
const start = (t, config) => startBot(t, { script, config: { threads: THREADS, ...config } });

// A client that asks for a page and then reads only when told to.
class Reader {
  constructor(bot, where, headers = '', rest = '') {
    this.got = 0;
    this.head = '';
    this.socket = net.connect(bot.port, bot.host);
    this.socket.on('error', () => {});
    this.socket.on('data', (chunk) => this.take(chunk));
    this.ended = new Promise((resolve) => this.socket.on('close', () => resolve(this.got)));
    this.socket.write(`GET ${where} HTTP/1.1\r\nHost: x\r\n${headers}\r\n${rest}`);
    this.begun = new Promise((resolve) => { this.begins = resolve; });
  }

  take(chunk) {
    if (this.got === 0) { // a part of the answer is there: the rest waits for the reader
      this.head = chunk.toString('latin1').split('\r\n\r\n')[0];
      this.got -= this.head.length + 4;
      this.socket.pause();
      this.begins();
    }
    this.got += chunk.length;
  }

  // 1 KB a second.
  drip() {
    this.timer = setInterval(() => { this.got += (this.socket.read(1024) || []).length; }, 1000);
  }

  goOn() {
    clearInterval(this.timer);
    this.socket.resume();
    return this.ended;
  }

  close() {
    clearInterval(this.timer);
    this.socket.destroy();
  }
}

// One after the other: pages that are asked for at once wait for the interpreter, without a thread anyhow.
async function readers(t, bot, count, headers) {
  const all = [];
  atEnd(t, () => all.forEach((one) => one.close()));
  for (let i = 0; i < count; i++) {
    all.push(new Reader(bot, '/large', headers));
    await Promise.race([all.at(-1).begun, sleep(300)]);
  }
  return all;
}

for (const [kind, headers] of [['new', 'Connection: close\r\n'], ['kept', '']]) {
  test(`more slow readers on ${kind} connections than there are threads hold no message up`, { timeout: 120000 }, async (t) => {
    const bot = await start(t);
    const all = await readers(t, bot, POLLERS + THREADS + 4, headers);
    all.forEach((one) => one.drip());
    const began = Date.now();
    for (let i = 0; i < 10; i++) {
      assert.equal(await bot.say(`kept ${i}`), `kept ${i}`);
      assert.equal(await bot.say(`new ${i}`, { agent: new http.Agent() }), `new ${i}`);
    }
    assert.ok(Date.now() - began < 5000, `20 messages took ${Date.now() - began} ms`);
    await Promise.all(all.map((one) => one.begun));
    assert.equal(await all.at(-1).goOn(), SIZE); // the whole page
    all.forEach((one) => one.close());
  });
}

test('what comes behind the request of a slow reader does not cost its answer', { timeout: 60000 }, async (t) => {
  const bot = await start(t);
  const next = 'GET /small HTTP/1.1\r\nHost: x\r\n\r\n';
  for (const [headers, rest, half] of [['', next, false], ['', '', true], ['Connection: close\r\n', 'x', true]]) {
    const reader = new Reader(bot, '/large', headers, rest);
    if (half) reader.socket.end();
    await reader.begun;
    if (!half) reader.socket.write(next);
    assert.match(reader.head, /\r\nConnection: close/); // the next request is for another connection
    assert.equal(await reader.goOn(), SIZE);
  }
});

test('a connection is kept after a page that its client takes at once, and its next request answered', async (t) => {
  const bot = await start(t);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  let port;
  for (let i = 0; i < 3; i++) {
    const [page, same] = await new Promise((resolve, reject) => {
      http.get({ host: bot.host, port: bot.port, path: i === 1 ? '/small' : '/page', agent }, (answer) => {
        let size = 0;
        const from = answer.socket.localPort;
        answer.on('data', (chunk) => { size += chunk.length; });
        answer.on('end', () => resolve([size, from]));
      }).on('error', reject);
    });
    assert.equal(page, i === 1 ? 5 : 1 << 18);
    assert.equal(same, port || same);
    port = same;
  }
  agent.destroy();
});

test('SIGTERM waits for a slow reader, and not for one that has gone', { timeout: 60000 }, async (t) => {
  for (const leaves of [false, true]) {
    const bot = await start(t);
    const reader = new Reader(bot, '/large');
    await reader.begun;
    bot.signal('SIGTERM');
    await sleep(300);
    assert.equal(bot.exit, undefined);
    if (leaves) reader.socket.resetAndDestroy();
    else assert.equal(await reader.goOn(), SIZE);
    const began = Date.now();
    await bot.stop();
    assert.ok(Date.now() - began < 8000, `it ended ${Date.now() - began} ms later`);
  }
});

test('readers that reset leave no descriptor behind', { timeout: 60000 }, async (t) => {
  const bot = await start(t);
  const count = () => fs.readdirSync(`/proc/${bot.pid}/fd`).length;
  await bot.say('x', { agent: new http.Agent() });
  const before = count();
  const all = await readers(t, bot, 10, 'Connection: close\r\n');
  all.forEach((one) => one.socket.resetAndDestroy());
  await until(() => count() <= before, `${before} descriptors`);
  assert.equal(await bot.say('y'), 'y');
});
