// Half an hour at half of full load, with a year's faults: the script saved every few seconds, a platform that fails,
// clients that send a byte a second. Memory, file descriptors and threads stay flat; the log complains only of the
// injected faults.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');
const { wemoon, rssMb, sleep } = require('./sides.js');
const load = require('./load.js');

const TEXTS = [...Array(30).fill('echo'), ...Array(10).fill('session'), 'api', 'api', 'api', 'wait', 'ask', 'ask', 'late'];
const CONNECTIONS = 256, SLOW_CLIENTS = 20, RELOAD_MS = 5000, LOOK_MS = 1000;
const SHARE = 0.25; // of the duration, at its beginning and its end, compared

// Log complaints that the test causes on purpose.
const INJECTED = [/: -1 system error/, /: HTTP status 502/, /40001/, /: Empty reply from server/,
  /refused a request from 127.0.0.1 with 400: its head is malformed, or was not complete in time/];

// ---- failing platform
// --------------------------------------------------------------------------------------------------

let calls = 0;
function answerCall(request, response) {
  calls++;
  if (request.url.startsWith('/cgi-bin/stable_token')) return response.end('{"access_token":"a-token","expires_in":7200}');
  if (calls % 37 === 0) return request.socket.destroy();
  if (calls % 41 === 0) return response.writeHead(502).end('<html>bad gateway</html>');
  if (calls % 43 === 0) return response.end('{"errcode":40001,"errmsg":"invalid credential"}');
  if (calls % 47 === 0) return response.end('{"errcode":-1,"errmsg":"system error"}');
  if (calls % 53 === 0) return setTimeout(() => response.end('{"nickname":"slow"}'), 800);
  return response.end('{"errcode":0,"nickname":"n"}');
}

async function startApi() {
  const server = http.createServer((request, response) => request.on('end', () => answerCall(request, response)).resume());
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => { server.closeAllConnections(); server.close(); } };
}

// ---- injected faults
// ---------------------------------------------------------------------------------------------------

async function reloadNowAndThen(script, state) {
  const text = fs.readFileSync(script, 'utf8');
  for (let i = 1; !state.over; i++) {
    fs.writeFileSync(script + '.new', `${text}-- saved ${i} times\n`);
    fs.renameSync(script + '.new', script);
    await sleep(RELOAD_MS);
  }
}

// Sends a byte a second until the connection is closed, then reconnects.
async function trickle(port, state) {
  while (!state.over) {
    await new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => socket.write('POST /wechat?a=b HTTP/1.1\r\nHost: x\r\nX: '));
      const timer = setInterval(() => socket.write('x'), 1000);
      socket.on('error', () => {}).on('close', () => { clearInterval(timer); resolve(); }).resume();
      state.sockets.add(socket);
    });
    await sleep(100);
  }
}

function look(pid) {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  return { memory: rssMb(pid), files: fs.readdirSync(`/proc/${pid}/fd`).length, threads: Number(/Threads:\s+(\d+)/.exec(status)[1]) };
}

async function watch(pid, state) {
  while (!state.over) {
    state.seen.push(look(pid));
    await sleep(LOOK_MS);
  }
}

// ---- verdict
// -----------------------------------------------------------------------------------------------------------

const mean = (numbers) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

// Returns the mean at the beginning and the mean at the end.
function growth(seen, what) {
  const part = Math.max(1, Math.floor(seen.length * SHARE));
  const values = seen.map((one) => one[what]);
  return { early: mean(values.slice(0, part)), late: mean(values.slice(-part)) };
}

// Returns the first few unexpected log lines, and their number.
async function complaints(log) {
  const found = { all: 0, odd: 0, first: [] };
  for await (const line of readline.createInterface({ input: fs.createReadStream(log) })) {
    if (!/ (warn|error) /.test(line)) continue;
    found.all++;
    if (INJECTED.some((known) => known.test(line))) continue;
    if (found.odd++ < 5) found.first.push(line);
  }
  return found;
}

// Returns the milliseconds between two messages of a connection, so that all connections together send `perSecond`
// messages if an answer takes `answerMs`.
const pauseFor = (perSecond, answerMs) => Math.max(1, Math.round(CONNECTIONS / perSecond * 1000 - answerMs));

async function pressOn(side, script, seconds, say) {
  const full = await load.run(side, { connections: CONNECTIONS, mode: 'plain', seconds: 5, texts: TEXTS });
  const first = pauseFor(full.perSecond / 2, 0);
  const state = { over: false, sockets: new Set(), seen: [] };
  const others = [reloadNowAndThen(script, state), ...Array.from({ length: SLOW_CLIENTS }, () => trickle(side.port, state))];
  const warm = await load.run(side, { connections: CONNECTIONS, mode: 'plain', seconds: Math.min(30, seconds / 3), texts: TEXTS, pause: first });
  const pause = pauseFor(full.perSecond / 2, CONNECTIONS / warm.perSecond * 1000 - first);
  others.push(watch(side.pid, state));
  const half = await load.run(side, { connections: CONNECTIONS, mode: 'plain', seconds, texts: TEXTS, pause });
  state.over = true;
  state.sockets.forEach((socket) => socket.destroy());
  await Promise.all(others);
  say(`soak: ${half.requests} messages in ${seconds} s (${half.perSecond.toFixed(0)} a second, full load ${full.perSecond.toFixed(0)}: ${(half.perSecond / full.perSecond).toFixed(2)} of it), ` +
    `${calls} calls of the platform, p99 ${half.p99.toFixed(0)} ms`);
  return { half, seen: state.seen };
}

async function measure(quick, say) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wemoon-bench-'));
  const script = path.join(folder, 'bot.lua'), log = path.join(folder, 'log');
  fs.copyFileSync(path.join(__dirname, 'soak_bot.lua'), script);
  const api = await startApi();
  const side = await wemoon(512, 'plain', ['--api-base', api.url, '--appsecret', 'a-secret-of-the-usual-length-32b', '--deadline-ms', '1000',
    '--store', `sqlite:${folder}/store.db`, '--log-file', log, '--max-jobs', '5000'], script);
  try {
    const { half, seen } = await pressOn(side, script, quick ? 60 : 1800, say);
    const memory = growth(seen, 'memory'), files = growth(seen, 'files'), threads = growth(seen, 'threads');
    const { all, odd, first } = await complaints(log);
    say(`soak: memory ${memory.early.toFixed(1)} to ${memory.late.toFixed(1)} MB, files ${files.early.toFixed(0)} to ${files.late.toFixed(0)}, ` +
      `threads ${threads.early.toFixed(0)} to ${threads.late.toFixed(0)}; ${all} warnings`);
    first.forEach((line) => say(`soak: unexpected: ${line}`));
    return [
      { what: 'soak: memory at the end against the beginning', value: memory.late / memory.early, most: 1.1, unit: 'x' },
      { what: 'soak: file descriptors at the end against the beginning', value: files.late / files.early, most: 1.1, unit: 'x' },
      { what: 'soak: threads at the end against the beginning', value: threads.late / threads.early, most: 1.05, unit: 'x' },
      { what: 'soak: warnings of what nobody did', value: odd, most: 0, unit: '' },
      { what: 'soak: messages refused or lost', value: half.refused + half.lost, most: 0, unit: '' },
    ];
  } finally {
    await side.stop();
    api.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

module.exports = { measure };
