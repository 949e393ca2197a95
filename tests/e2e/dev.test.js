// `wemoon dev`: the simulated platform delivers by the book, to a bot of its own or anywhere; who may ask it.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const http = require('node:http');
const net = require('node:net');
const fs = require('node:fs');
const { AES_KEY, BINARY, sha1, sign, unseal, parseXml, sleep, until, wemoon, configLua } = require('./harness');
const { startDev } = require('./dev');

const echo = 'function on_message(msg) return msg.content or msg.type end';

test('a user says something, and the reply is in the chat, the trace and the answer', async (t) => {
  const dev = await startDev(t, { script: echo });
  const answer = await dev.act({ act: 'say', content: '你好 <&>' });
  assert.equal(answer.ok, true);
  assert.equal(answer.attempts, 1);
  assert.deepEqual(answer.shown.map(({ from, via, kind, content }) => ({ from, via, kind, content })), [{ from: 'account', via: 'passive', kind: 'text', content: '你好 <&>' }]);
  const state = await dev.state();
  const alice = state.users.find((user) => user.alias === 'alice');
  assert.deepEqual(state.chats[alice.openid].map((entry) => entry.from), ['user', 'account']);
  const trace = state.trace.find((item) => item.id === answer.trace);
  assert.equal(trace.outcome, 'replied');
  assert.match(trace.tries[0].request, /<MsgType><!\[CDATA\[text\]\]><\/MsgType>/);
});

test('every kind of act arrives as its message', async (t) => {
  const dev = await startDev(t, { script: echo });
  const acts = {
    image: 'image', voice: 'voice', video: 'video', shortvideo: 'shortvideo', location: 'location', locate: 'location', unfollow: null, follow: 'subscribe', scan: 'scan',
  };
  for (const [act, type] of Object.entries(acts)) {
    const answer = await dev.act({ act, ...(act === 'scan' ? { scene: '7' } : {}) });
    assert.equal(answer.shown[0]?.content ?? null, type, act);
  }
  assert.equal((await dev.act({ act: 'link', title: 'T', url: 'https://example.com/' })).shown[0].content, 'link');
  assert.equal((await dev.act({ act: 'event', name: 'anything_new', fields: { A: 'b' } })).shown[0].content, 'anything_new');
  assert.match((await dev.act({ act: 'nonsense' })).error, /there is no act 'nonsense'/);
});

for (const mode of ['safe', 'compatible']) {
  test(`messages and replies are sealed as configured (${mode})`, async (t) => {
    const dev = await startDev(t, { script: echo, files: { 'config.lua': configLua({ token: 'tok', appid: 'wx0123456789abcdef', encoding_aes_key: AES_KEY, encrypt_mode: mode }) } });
    assert.equal((await dev.act({ act: 'say', content: 'sealed' })).shown[0].content, 'sealed');
    assert.equal((await dev.state()).account.mode, mode);
  });
}

// A bot of the test's own.
async function elsewhere(t, answer) {
  const got = [];
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const one = { url: new URL(request.url, 'http://x'), body: Buffer.concat(chunks).toString(), time: Date.now() };
      got.push(one);
      answer(one, response, got.length);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => { server.closeAllConnections(); server.close(); });
  return { got, url: `http://127.0.0.1:${server.address().port}/callback?own=1` };
}

test('a bot elsewhere is asked three times with one MsgId, signed anew each time; then the user is told', async (t) => {
  const bot = await elsewhere(t, (one, response) => { response.statusCode = 500; response.end(); });
  const dev = await startDev(t, { args: ['--callback', bot.url] });
  const answer = await dev.act({ act: 'say', content: 'hi' });
  assert.equal(bot.got.length, 3);
  assert.equal(new Set(bot.got.map((one) => parseXml(one.body).MsgId)).size, 1);
  assert.equal(new Set(bot.got.map((one) => one.url.searchParams.get('nonce'))).size, 3);
  for (const { url } of bot.got) {
    const [timestamp, nonce] = ['timestamp', 'nonce'].map((name) => url.searchParams.get(name));
    assert.equal(url.searchParams.get('signature'), sign('development', timestamp, nonce));
    assert.equal(url.searchParams.get('own'), '1');
  }
  assert.deepEqual(answer.shown.map((entry) => entry.kind), ['notice']);
  assert.equal(answer.attempts, 3);
});

test('a bot that is silent is given five seconds', async (t) => {
  const bot = await elsewhere(t, (one, response, number) => { if (number > 1) response.end('success'); });
  const dev = await startDev(t, { args: ['--callback', bot.url] });
  const answer = await dev.act({ act: 'say', content: 'hi' });
  assert.equal(answer.attempts, 2);
  const waited = bot.got[1].time - bot.got[0].time;
  assert.ok(waited > 4800 && waited < 6500, `${waited} ms`);
});

test('replies that the platform would not take are shown as its notice, with the reason in the trace', async (t) => {
  const replies = [
    '<xml><broken', '<xml><MsgType>text</MsgType></xml>',
    (one) => `<xml><ToUserName>somebody</ToUserName><FromUserName>gh_0123456789ab</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType><Content>x</Content></xml>`,
    (one) => `<xml><ToUserName>${parseXml(one.body).FromUserName}</ToUserName><FromUserName>gh_0123456789ab</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType><Content>${'月'.repeat(800)}</Content></xml>`,
    (one) => `<xml><ToUserName>${parseXml(one.body).FromUserName}</ToUserName><FromUserName>gh_0123456789ab</FromUserName><CreateTime>1</CreateTime><MsgType>nonsense</MsgType></xml>`,
  ];
  let next;
  const bot = await elsewhere(t, (one, response) => response.end(typeof next === 'function' ? next(one) : next));
  const dev = await startDev(t, { args: ['--callback', bot.url] });
  for (next of replies) {
    const answer = await dev.act({ act: 'say', content: 'hi' });
    assert.deepEqual(answer.shown.map((entry) => entry.kind), ['notice'], String(next));
    const item = (await dev.state()).trace.find((one) => one.id === answer.trace);
    assert.equal(item.outcome, 'failed');
  }
});

test('npm wechat and co-wechat echo bots are chatted with, plain and sealed', async (t) => {
  const wechat = require('wechat');
  const cowechat = require('co-wechat');
  const Koa = require('koa');
  for (const key of [undefined, AES_KEY]) {
    const config = { token: 'tok', appid: 'wx0123456789abcdef', ...(key ? { encodingAESKey: key } : {}) };
    const handler = wechat(config, (request, response) => response.reply(`wechat: ${request.weixin.Content}`));
    const plain = http.createServer((request, response) => {
      request.query = Object.fromEntries(new URL(request.url, 'http://x').searchParams);
      handler(request, response, () => response.end());
    });
    const koa = new Koa();
    koa.use(cowechat(config).middleware(async (message) => `co: ${message.Content}`));
    const co = http.createServer(koa.callback());
    for (const [server, said] of [[plain, 'wechat: 你好'], [co, 'co: 你好']]) {
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      t.after(() => { server.closeAllConnections(); server.close(); });
      const args = ['--callback', `http://127.0.0.1:${server.address().port}/`, '--token', 'tok', '--appid', config.appid, ...(key ? ['--encoding-aes-key', key] : [])];
      const dev = await startDev(t, { args });
      const answer = await dev.act({ act: 'say', content: '你好' });
      assert.deepEqual(answer.shown.map((entry) => entry.content), [said], JSON.stringify(answer));
    }
  }
});

test('faults: twice, network, failing and slow APIs, a revoked token', async (t) => {
  const dev = await startDev(t, {
    script: `runs = 0
    function on_message(msg)
      runs = runs + 1
      if msg.content == "runs" then return tostring(runs) end
      local answer, err = wechat.get_followers()
      return err and tostring(err.errcode or err.kind) or "ok"
    end`,
  });
  const fault = (faults) => dev.ask('POST', '/sim/faults', faults);
  const said = async () => (await dev.act({ act: 'say', content: 'x' })).shown.at(-1).content;
  assert.equal(await said(), 'ok');
  await fault({ fail: 45009 });
  assert.equal(await said(), '45009');
  await fault({ fail: null, quota: true });
  assert.equal(await said(), '45009');
  await fault({ quota: false });
  await dev.ask('POST', '/sim/token', { revoke: true });
  assert.equal(await said(), 'ok'); // renewed once and sent again
  await fault({ network: true });
  const gone = await dev.act({ act: 'say', content: 'x' });
  assert.deepEqual(gone.shown.map((entry) => entry.kind), ['notice']);
  await fault({ network: false, twice: true });
  const before = Number((await dev.act({ act: 'say', content: 'runs' })).shown.at(-1).content);
  assert.equal(Number((await dev.act({ act: 'say', content: 'runs' })).shown.at(-1).content), before + 1); // delivered twice, run once
  assert.match((await fault({ nonsense: 1 })).value.error, /there is no fault 'nonsense'/);
});

test('what happens is told as server-sent events, and again to who comes back', async (t) => {
  const dev = await startDev(t, { script: echo });
  const { event } = await dev.state();
  await dev.act({ act: 'say', content: 'told' });
  const aborter = new AbortController();
  const answer = await fetch(`${dev.url}/sim/events?after=${event}`, { signal: aborter.signal });
  assert.match(answer.headers.get('content-type'), /^text\/event-stream/);
  let text = '';
  const reader = answer.body.getReader();
  while (!/event: entry\ndata: [^\n]*"told"[^]*event: trace[^]*"replied"/.test(text)) text += Buffer.from((await reader.read()).value).toString();
  dev.act({ act: 'say', content: 'live' });
  while (!text.includes('"live"')) text += Buffer.from((await reader.read()).value).toString();
  aborter.abort();
});

test('script errors come with file and line; sources are read and saved, and the reload is told; no other file is', async (t) => {
  const dev = await startDev(t, { script: 'function on_message(msg)\n  error("oops")\nend\n' });
  const { event } = await dev.state();
  await dev.act({ act: 'say', content: 'x' });
  const source = (await dev.ask('GET', '/sim/source')).value;
  assert.equal(source.files[0].text, 'function on_message(msg)\n  error("oops")\nend\n');
  assert.equal((await dev.ask('POST', '/sim/source', { file: source.files[0].file, text: 'function on_message() return "mended" end' })).status, 200);
  await until(async () => (await dev.act({ act: 'say', content: 'x' })).shown[0]?.content === 'mended', 'the reload');
  await dev.ask('POST', '/sim/source', { file: source.files[0].file, text: 'function (' });
  await until(async () => (await dev.state()).bot.ok === false, 'the error');
  assert.match((await dev.state()).bot.error, /bot\.lua:1: /);
  fs.writeFileSync(`${dev.dir}/secret.lua`, 'return 1');
  for (const file of ['secret.lua', '../../etc/passwd', '/etc/passwd', `${dev.dir}/config.lua`]) {
    assert.equal((await dev.ask('POST', '/sim/source', { file, text: 'x' })).status, 404, file);
    assert.equal((await dev.ask('GET', `/sim/source?file=${encodeURIComponent(file)}`)).status, 404, file);
  }
  const events = await fetch(`${dev.url}/sim/events?after=${event}`);
  const reader = events.body.getReader();
  let text = '';
  while (!/event: log\ndata: [^\n]*"line":2/.test(text) || !/event: reload/.test(text)) text += Buffer.from((await reader.read()).value).toString();
  reader.cancel();
});

function raw(dev, head) {
  const { port } = new URL(dev.url);
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = net.connect(Number(port), '127.0.0.1', () => socket.write(head.replaceAll('PORT', port)));
    socket.on('data', (chunk) => { text += chunk; });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}

test('another Host, and pages of other sites, are refused; the console is not', async (t) => {
  const dev = await startDev(t, { script: echo });
  const get = (path, headers) => raw(dev, `GET ${path} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`);
  assert.match(await get('/sim/state', 'Host: 127.0.0.1:PORT\r\n'), /^HTTP\/1\.1 200/);
  assert.match(await get('/console', 'Host: localhost:PORT\r\n'), /^HTTP\/1\.1 200/);
  for (const host of ['evil.example', 'evil.example:PORT', '127.0.0.1.evil.example:PORT', '127.0.0.1:1', '']) {
    assert.match(await get('/sim/state', host ? `Host: ${host}\r\n` : ''), /^HTTP\/1\.1 40[03]/, host);
  }
  assert.match(await get('/sim/state', 'Host: 127.0.0.1:PORT\r\nOrigin: http://evil.example\r\n'), /^HTTP\/1\.1 403/);
  assert.match(await get('/sim/state', 'Host: 127.0.0.1:PORT\r\nSec-Fetch-Site: cross-site\r\n'), /^HTTP\/1\.1 403/);
  for (const path of ['/console/../init.lua', '/console/..%2finit.lua', '/console/%2e%2e/init.lua', '/console/init.lua']) {
    assert.doesNotMatch(await get(path, 'Host: 127.0.0.1:PORT\r\n'), /^HTTP\/1\.1 200/, path);
  }
});

test('only a loopback address is listened on', async (t) => {
  const { stderr } = await wemoon(['dev', '--listen', '0.0.0.0:0'], { code: 2, cwd: t.tmp });
  assert.match(stderr, /can be reached from other machines/);
});

test('twenty readers that stall keep nobody from the platform', async (t) => {
  const dev = await startDev(t, { script: echo });
  const { port } = new URL(dev.url);
  const sockets = Array.from({ length: 20 }, () => net.connect(Number(port), '127.0.0.1', function () {
    this.write(`GET /sim/events?after=0 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    this.pause();
  }));
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  for (let i = 0; i < 50; i++) await dev.act({ act: 'say', content: 'x'.repeat(2000) });
  assert.equal((await dev.act({ act: 'say', content: 'still' })).shown[0].content, 'still');
});

test('dev is up in under 300 ms', async (t) => {
  if (/asan|tsan/.test(BINARY)) return t.skip('a sanitizer');
  let best = Infinity;
  for (let i = 0; i < 3; i++) {
    const began = Date.now();
    const dev = await startDev(t, { script: echo });
    await dev.state();
    best = Math.min(best, Date.now() - began);
    dev.stopped = true;
    await dev.stop();
  }
  assert.ok(best < 300, `${best} ms`);
});

test('production serves no route of it', async (t) => {
  const { startBot } = require('./harness');
  const bot = await startBot(t, { script: echo });
  for (const path of ['/console', '/sim/state', '/cgi-bin/token', '/sim/events']) assert.equal((await bot.request({ method: 'GET', path })).status, 404, path);
});
