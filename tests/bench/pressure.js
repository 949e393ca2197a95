// Slow scripts beside quick ones on 64 threads: 500 messages that take 8 s, from a platform that waits 5 s and tries
// three times, with quick messages among them throughout. Also the cost of Redis per message, and of resuming a
// script.
'use strict';

const { spawn, spawnSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { ACCOUNT, BUILD, ROOT, WEMOON, freePort, sleep, wemoon } = require('./sides.js');
const median = require('./median.js');
const load = require('./load.js');
const { makeSendApi } = require('./send_api.js');

const SLOW = 500, TRIES = 3, QUICK_AT_ONCE = 4;

const percentile = (numbers, share) => [...numbers].sort((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * share))];

// Starts the platform's API: accepts customer service messages, and counts them by user.
async function startApi() {
  const { server, delivered } = makeSendApi();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, delivered, close: () => { server.closeAllConnections(); server.close(); } };
}

let ids = 0;

// Makes one try; returns { status, body, ms }; status is 0 if there is no answer within the platform's timeout.
function post(port, user, id, content, waitMs, agent) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = crypto.createHash('sha1').update([ACCOUNT.token, timestamp, 'n'].sort().join('')).digest('hex');
  const body = `<xml><ToUserName>gh</ToUserName><FromUserName>${user}</FromUserName><CreateTime>${timestamp}</CreateTime>` +
    `<MsgType>text</MsgType><Content>${content}</Content><MsgId>${id}</MsgId></xml>`;
  const begun = process.hrtime.bigint();
  return new Promise((resolve) => {
    const end = (status, text) => resolve({ status, body: text, ms: Number(process.hrtime.bigint() - begun) / 1e6 });
    const request = http.request({ port, host: '127.0.0.1', method: 'POST', agent, timeout: waitMs, headers: { 'Content-Length': Buffer.byteLength(body) },
      path: `/wechat?signature=${signature}&timestamp=${timestamp}&nonce=n` }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => { text += chunk; }).on('end', () => end(answer.statusCode, text));
    });
    request.on('timeout', () => request.destroy()).on('error', () => end(0, '')).end(body);
  });
}

// Delivers a message like the platform; returns { body, tries, longest (ms) }; body is null if no try was answered.
async function deliver(port, user, content, waitMs) {
  const id = `${Date.now()}${++ids}`;
  let longest = 0;
  for (let tries = 1; tries <= TRIES; tries++) {
    const answer = await post(port, user, id, content, waitMs);
    longest = Math.max(longest, answer.ms);
    if (answer.status === 200) return { body: answer.body, tries, longest };
    await sleep(Math.max(0, waitMs - answer.ms));
  }
  return { body: null, tries: TRIES, longest };
}

async function quickOnes(port, state) {
  const times = [];
  let lost = 0;
  await Promise.all(Array.from({ length: QUICK_AT_ONCE }, async (_, i) => {
    while (!state.over) {
      const answer = await post(port, `quick${i}`, `${Date.now()}${++ids}`, 'hi', 5000);
      if (answer.status === 200 && answer.body.includes('quick')) times.push(answer.ms);
      else lost++;
      await sleep(10);
    }
  }));
  return { times, lost };
}

async function settled(delivered, slow, longestMs) {
  const end = Date.now() + longestMs;
  const late = slow.filter((one) => one.body === 'success').length;
  while (delivered.size < late && Date.now() < end) await sleep(50);
  await sleep(500); // for repeated messages
}

async function crowd(quick, say) {
  const seconds = quick ? 2 : 8, waitMs = quick ? 1300 : 5000;
  const api = await startApi();
  const side = await wemoon(64, 'plain', ['--api-base', api.url, '--access-token', 'a-token', '--access-token-expires-at',
    String(Math.floor(Date.now() / 1000) + 7200), '--deadline-ms', String(waitMs * 0.9)], path.join(__dirname, 'pressure_bot.lua'));
  const state = { over: false };
  try {
    const quickly = quickOnes(side.port, state);
    await sleep(500);
    const slow = await Promise.all(Array.from({ length: SLOW }, (_, i) => deliver(side.port, `slow${i}`, `slow ${seconds}`, waitMs)));
    await settled(api.delivered, slow, seconds * 1000 + 10000);
    state.over = true;
    const { times, lost } = await quickly;
    const texts = [...api.delivered.values()];
    const passive = slow.filter((one) => one.body && one.body.includes('late 1')).length;
    const once = texts.filter((list) => list.length === 1 && list[0] === 'late 1').length;
    say(`pressure: ${SLOW} messages of ${seconds} s on 64 threads: ${passive} answered in time, ${once} late, longest wait of the platform ` +
      `${Math.max(...slow.map((one) => one.longest)).toFixed(0)} ms; ${times.length} quick ones among them: p50 ${percentile(times, 0.5).toFixed(1)} ms, ` +
      `p99 ${percentile(times, 0.99).toFixed(1)} ms, longest ${Math.max(...times).toFixed(0)} ms`);
    return [
      { what: `${SLOW} slow messages on 64 threads: quick ones' p99`, value: percentile(times, 0.99), most: 100, unit: ' ms' },
      { what: `${SLOW} slow messages: answers that nobody got`, value: SLOW - passive - once, most: 0, unit: '' },
      { what: `${SLOW} slow messages: delivered or run twice`, value: texts.length - once, most: 0, unit: '' },
      { what: 'quick messages among them that were lost', value: lost, most: 0, unit: '' },
    ];
  } finally {
    state.over = true;
    await side.stop();
    api.close();
  }
}

async function startRedis() {
  const port = await freePort();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wemoon-bench-'));
  const child = spawn('redis-server', ['--port', String(port), '--save', '', '--appendonly', 'no', '--dir', folder], { stdio: 'ignore' });
  await sleep(300);
  return { url: `redis://127.0.0.1:${port}/0`, stop: () => { child.kill(); fs.rmSync(folder, { recursive: true, force: true }); } };
}

// Sends one message after another; returns the median time in microseconds.
async function alone(store) {
  const side = await wemoon(16, 'plain', ['--store', store]);
  try {
    await load.run(side, { connections: 1, mode: 'plain', seconds: 1 });
    return (await load.run(side, { connections: 1, mode: 'plain', seconds: 2 })).p50 * 1000;
  } finally {
    await side.stop();
  }
}

async function duplicates(quick, say) {
  const redis = await startRedis();
  try {
    const program = path.join(ROOT, 'build/release/dedupe_bench');
    const own = Number(spawnSync(program, { encoding: 'utf8' }).stdout);
    const here = [], shared = [];
    for (let i = 0; i < (quick ? 1 : 5); i++) { // alternating, so that a noisy minute affects both
      here.push(await alone('memory:'));
      shared.push(await alone(redis.url));
    }
    const added = median(shared.map((one, i) => one - here[i]));
    say(`pressure: telling duplicates takes ${own.toFixed(2)} us; a message alone takes ${median(here)} us, with Redis ${median(shared)} us`);
    return [
      { what: 'telling duplicates, in the process', value: own, most: 1, unit: ' us' },
      { what: 'telling duplicates, what Redis adds to a message', value: added, most: 60, unit: ' us' },
    ];
  } finally {
    redis.stop();
  }
}

function resume(say) {
  const done = spawnSync(WEMOON, ['exec', '--store', 'memory:', path.join(__dirname, 'resume.lua')], { encoding: 'utf8', cwd: BUILD });
  const us = Number(done.stdout);
  if (!(us > 0)) throw new Error(`resume.lua: ${done.stdout}${done.stderr}`);
  say(`pressure: a script that waits goes on after ${us.toFixed(1)} us`);
  return [{ what: 'resuming a script that waited', value: us, most: 20, unit: ' us' }];
}

async function measure(quick, say) {
  return [...await crowd(quick, say), ...await duplicates(quick, say), ...resume(say)];
}

module.exports = { measure };
