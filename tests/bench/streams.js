// Streams of a language model: the CPU of reading a thousand at once, compared with libcurl's own loop, and their
// memory; and the time from a model's first whole sentence to the phone.
'use strict';

const { fork } = require('node:child_process');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { WEMOON, ROOT, ACCOUNT, compileWithCurl, numbersOf, wemoon, sleep } = require('./sides.js');
const median = require('./median.js');

const STREAMS = 1000, EVENTS_PER_S = 20, GROUPS = 10;
const EVENT = `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: '字' }, finish_reason: null }] })}\n\n`;
const CHUNK = Buffer.from(`${Buffer.byteLength(EVENT).toString(16)}\r\n${EVENT}\r\n`);
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';

// A server whose answers are endless: each gets 20 events a second, a tenth of them at a time.
function serve(listening) {
  const groups = Array.from({ length: GROUPS }, () => new Set());
  let turn = 0, opened = 0;
  const server = net.createServer({ noDelay: true }, (socket) => {
    const group = groups[opened++ % GROUPS];
    socket.on('error', () => {}).on('close', () => group.delete(socket));
    socket.once('data', () => { socket.write(HEAD); group.add(socket); });
  });
  setInterval(() => { for (const socket of groups[turn++ % GROUPS]) socket.write(CHUNK); }, 1000 / EVENTS_PER_S / GROUPS);
  server.listen(0, '127.0.0.1', 4096, () => listening(server.address().port));
}

// Runs in a process of its own, so that its work does not delay the measuring process.
function startPeer() {
  const child = fork(__filename, ['peer']);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('message', (port) => resolve({ url: `http://127.0.0.1:${port}/v1`, close: () => child.kill() }));
  });
}

// Runs a command that prints the CPU of an event and the memory of a stream.
async function measureBy(command, args) {
  const [us, kb] = await numbersOf(command, args);
  return { us, kb };
}

async function reading(quick, say) {
  const program = compileWithCurl('streams');
  const peer = await startPeer();
  const seconds = quick ? 3 : 8;
  const args = [peer.url, STREAMS, seconds].map(String);
  const ours = [], floor = [];
  try {
    for (let i = 0; i < (quick ? 3 : 9); i++) { // alternating, so that a noisy minute affects both
      floor.push(await measureBy(program, [...args, String(Buffer.byteLength(EVENT))]));
      ours.push(await measureBy(WEMOON, ['exec', '--store', 'memory:', '--log-level', 'error', path.join(__dirname, 'streams.lua'), ...args]));
    }
  } finally {
    peer.close();
  }
  const us = (list) => median(list.map((one) => one.us)), kb = (list) => median(list.map((one) => one.kb));
  say(`streams: an event of one of ${STREAMS} streams takes ${us(ours).toFixed(1)} us of CPU, in libcurl's own loop ${us(floor).toFixed(1)} us; ` +
    `a stream ${kb(ours).toFixed(1)} KB and ${kb(floor).toFixed(1)} KB`);
  return [
    { what: `${STREAMS} streams of ${EVENTS_PER_S} events a second: CPU against libcurl's loop`, value: median(ours.map((one, i) => one.us / floor[i].us)), most: 1.5, unit: 'x' },
    { what: `${STREAMS} streams: memory of each`, value: kb(ours), most: 24, unit: ' KB' },
  ];
}

// ---- the first sentence
// -----------------------------------------------------------------------------------------------

const noteFirst = (times, user) => { if (!times.has(user)) times.set(user, process.hrtime.bigint()); };

// A model that writes its first sentence after a second, and the platform; `written` and `sent` are times by user.
async function startOutside() {
  const outside = { written: new Map(), sent: new Map() };
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk)).on('end', async () => {
      const body = Buffer.concat(chunks).toString();
      if (request.url.includes('/message/custom/send')) noteFirst(outside.sent, JSON.parse(body).touser);
      if (!request.url.includes('/chat/completions')) return response.end('{"errcode":0,"errmsg":"ok","access_token":"T","expires_in":7200}');
      const user = JSON.parse(body).messages.at(-1).content;
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      await sleep(1000);
      noteFirst(outside.written, user);
      response.write(EVENT.replace('字', '今天晴，出门不用带伞。\\n\\n'));
      return setTimeout(() => response.end(`${EVENT}data: [DONE]\n\n`), 500);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  outside.url = `http://127.0.0.1:${server.address().port}`;
  outside.close = () => server.close();
  return outside;
}

async function firstSentence(quick, say) {
  const { requestBytes } = require('./crowd_side.js');
  const outside = await startOutside();
  process.env.MODEL_URL = `${outside.url}/v1`;
  const side = await wemoon(16, 'plain', ['--api-base', outside.url, '--appsecret', 'a'.repeat(32), '--deadline-ms', '500'],
    path.join(ROOT, 'scripts/chat.lua'));
  const count = quick ? 10 : 40;
  try {
    for (let i = 0; i < count; i++) {
      const socket = net.connect(side.port, '127.0.0.1');
      socket.on('error', () => {}).on('data', () => socket.destroy());
      socket.write(requestBytes({ token: ACCOUNT.token, user: `o${i}`, id: `${Date.now()}${i}`, content: `o${i}` }));
      for (let j = 0; j < 500 && !outside.sent.has(`o${i}`); j++) await sleep(10);
      if (!outside.sent.has(`o${i}`)) throw new Error('no first sentence arrived');
    }
  } finally {
    outside.close();
    await side.stop();
  }
  const ms = [...outside.sent].map(([user, at]) => Number(at - outside.written.get(user)) / 1e6).sort((a, b) => a - b);
  say(`streams: from a model's first whole sentence to the platform ${median(ms).toFixed(1)} ms, at most ${ms.at(-1).toFixed(1)} ms (${count} answers)`);
  return [{ what: 'from a model\'s first whole sentence to the platform, median', value: median(ms), most: 50, unit: ' ms' }];
}

async function measure(quick, say) {
  return [...await reading(quick, say), ...await firstSentence(quick, say)];
}

if (process.argv[2] === 'peer') serve((port) => process.send(port));

module.exports = { measure };
