// API calls: the cost of one compared with plain libcurl, and a thousand scripts that wait for a slow call.
'use strict';

const crypto = require('node:crypto');
const { fork } = require('node:child_process');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { WEMOON, ACCOUNT, compileWithCurl, numbersOf, wemoon, rssMb } = require('./sides.js');
const median = require('./median.js');

const AT_ONCE = 64;
const WAITING = 1000;
const FEW = 1000, MANY = 8000; // numbers of concurrent calls whose CPU is compared: the cost is linear
const MENU = JSON.stringify({ menu: { button: [{ type: 'click', name: '今日歌曲', key: 'V1001', sub_button: [] }, { type: 'view', name: '搜索', url: 'https://example.com/' }] } });
const TOKEN = 'a-token-of-the-usual-length-'.repeat(5);
const ANSWER = `HTTP/1.1 200 OK\r\nContent-Type: application/json; encoding=utf-8\r\nContent-Length: ${Buffer.byteLength(MENU)}\r\n\r\n${MENU}`;

// Starts a platform that reads a GET only up to its end; each answer is sent after `delayMs`.
function serve(delayMs, listening) {
  const server = net.createServer({ noDelay: true }, (socket) => {
    let open = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      const parts = (open + chunk.toString('latin1')).split('\r\n\r\n');
      open = parts.pop();
      for (let i = 0; i < parts.length; i++) {
        if (delayMs) setTimeout(() => socket.write(ANSWER), delayMs);
        else socket.write(ANSWER);
      }
    });
  });
  server.listen(0, '127.0.0.1', 4096, () => listening(server.address().port));
}

// Runs in a process of its own, so that its work does not delay the measuring process.
function startPeer(delayMs) {
  const child = fork(__filename, ['peer', String(delayMs)]);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('message', (port) => resolve({ url: `http://127.0.0.1:${port}`, close: () => child.kill() }));
  });
}

// Runs a command that prints one number; returns the number.
const measureBy = async (command, args) => (await numbersOf(command, args))[0];

const account = (peer) => ['--api-base', peer.url, '--appid', ACCOUNT.appid, '--access-token', TOKEN,
  '--access-token-expires-at', String(Math.floor(Date.now() / 1000) + 7200), '--store', 'memory:', '--log-level', 'error'];
const byLua = (peer, ...args) => measureBy(WEMOON, ['exec', ...account(peer), path.join(__dirname, 'api.lua'), ...args.map(String)]);

async function cost(quick, say) {
  const program = compileWithCurl('multi');
  const peer = await startPeer(0);
  const ours = [], floor = [];
  const requests = 10000;
  const url = `${peer.url}/cgi-bin/menu/get?access_token=${TOKEN}`;
  try {
    for (let i = 0; i < (quick ? 5 : 15); i++) { // alternating, so that a noisy minute affects both
      floor.push(await measureBy(program, [url, requests, AT_ONCE]));
      ours.push(await byLua(peer, requests, AT_ONCE));
    }
  } finally {
    peer.close();
  }
  say(`api: a call takes ${median(ours).toFixed(1)} us of CPU, a request of libcurl's multi interface ${median(floor).toFixed(1)} us (${AT_ONCE} at once)`);
  return [{ what: `a call of the platform: CPU against libcurl alone, ${AT_ONCE} at once`, value: median(ours.map((one, i) => one / floor[i])), most: 1.3, unit: 'x' }];
}

// Measures the cost of a call among many that wait half a second for an answer.
async function crowd(quick, say) {
  const peer = await startPeer(500);
  const few = [], many = [];
  try {
    for (let i = 0; i < (quick ? 1 : 5); i++) {
      few.push(await byLua(peer, MANY, FEW));
      many.push(await byLua(peer, MANY, MANY));
    }
  } finally {
    peer.close();
  }
  say(`api: a call among ${FEW} takes ${median(few).toFixed(1)} us of CPU, among ${MANY} ${median(many).toFixed(1)} us`);
  return [{ what: `a call of the platform: CPU among ${MANY} at once against ${FEW}`, value: median(many.map((one, i) => one / few[i])), most: 1.7, unit: 'x' }];
}

// Sends a message; returns { good, seconds }.
function ask(port, agent, id, content) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = crypto.createHash('sha1').update([ACCOUNT.token, timestamp, 'n'].sort().join('')).digest('hex');
  const body = `<xml><ToUserName>gh</ToUserName><FromUserName>o${id}</FromUserName><CreateTime>${timestamp}</CreateTime><MsgType>text</MsgType>` +
    `<Content>${content}</Content><MsgId>${timestamp}${String(id).padStart(6, '0')}</MsgId></xml>`;
  const begun = Date.now();
  return new Promise((resolve) => {
    const done = (good) => resolve({ good, seconds: (Date.now() - begun) / 1000 });
    const request = http.request({ port, host: '127.0.0.1', method: 'POST', agent, headers: { 'Content-Length': body.length },
      path: `/wechat?signature=${signature}&timestamp=${timestamp}&nonce=n` }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => { text += chunk; }).on('end', () => done(text.includes('done')));
    });
    request.on('error', () => done(false)).end(body);
  });
}

// Sends messages that each wait one second; returns { seconds, kb, lost }.
async function messages(peer, content) {
  const side = await wemoon(1024, 'plain', [...account(peer), '--max-jobs', '2000'], path.join(__dirname, 'api_bot.lua'));
  const agent = new http.Agent({ keepAlive: true, maxSockets: 2000 });
  try {
    await ask(side.port, agent, 0, content);
    const before = rssMb(side.pid);
    let highest = before;
    const watch = setInterval(() => { highest = Math.max(highest, rssMb(side.pid)); }, 20);
    const answers = await Promise.all(Array.from({ length: WAITING }, (_, i) => ask(side.port, agent, i + 1, content)));
    clearInterval(watch);
    return { seconds: Math.max(...answers.map((one) => one.seconds)), kb: (highest - before) * 1024 / WAITING,
      lost: answers.filter((one) => !one.good).length };
  } finally {
    agent.destroy();
    await side.stop();
  }
}

async function waiting(say) {
  const peer = await startPeer(1000);
  try {
    const coroutine = await byLua(peer, WAITING, WAITING, 'wait');
    const floor = await measureBy(compileWithCurl('multi'), [`${peer.url}/cgi-bin/menu/get?access_token=${TOKEN}`, WAITING, WAITING, 'wait']);
    const asleep = await messages(peer, 'sleep'), calling = await messages(peer, 'call');
    say(`api: ${WAITING} messages that call: at most ${calling.seconds.toFixed(2)} s, ${calling.kb.toFixed(1)} KB each (asleep: ` +
      `${asleep.seconds.toFixed(2)} s, ${asleep.kb.toFixed(1)} KB); coroutines alone: ${coroutine.toFixed(1)} KB; ` +
      `libcurl's own loop: ${floor.toFixed(1)} KB`);
    return [
      // A request that waits is 12.8 KB of libcurl's: 5.4 of its handle, 2.1 of its buffer, 1.5 of its connection.
      { what: `${WAITING} scripts wait for a call of 1 s: memory of each`, value: coroutine, unit: ' KB' },
      { what: `${WAITING} requests of libcurl's own loop wait: memory of each`, value: floor, unit: ' KB' },
      { what: `${WAITING} scripts wait for a call of 1 s: more than libcurl's own loop, each`, value: coroutine - floor, most: 10, unit: ' KB' },
      { what: `${WAITING} messages wait for a call of 1 s: the longest wait`, value: calling.seconds, most: 1.5, unit: ' s' },
      { what: `${WAITING} messages wait for a call of 1 s: lost`, value: calling.lost + asleep.lost, most: 0, unit: '' },
      { what: `${WAITING} messages wait for a call of 1 s: each, its thread too`, value: calling.kb, unit: ' KB' },
      { what: `${WAITING} messages wait for a call of 1 s: more than asleep, each`, value: calling.kb - asleep.kb, most: 32, unit: ' KB' },
    ];
  } finally {
    peer.close();
  }
}

async function measure(quick, say) {
  return [...await cost(quick, say), ...await crowd(quick, say), ...await waiting(say)];
}

if (process.argv[2] === 'peer') serve(Number(process.argv[3]), (port) => process.send(port));

module.exports = { measure };
