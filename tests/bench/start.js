// Start-up: the time from the process's start to its first answer, and the part that loading an interpreter takes.
'use strict';

const { spawn } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { ROOT, WEMOON, ACCOUNT, freePort, sleep } = require('./sides.js');
const median = require('./median.js');

function verification(port) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = crypto.createHash('sha1').update([ACCOUNT.token, timestamp, 'n'].sort().join('')).digest('hex');
  return `GET /wechat?signature=${signature}&timestamp=${timestamp}&nonce=n&echostr=42 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`;
}

// Retries until the server listens; resolves to the answer.
const firstAnswer = (port, request) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1');
  let answer = '';
  socket.on('connect', () => socket.write(request)).on('data', (chunk) => { answer += chunk; });
  socket.on('error', () => {}).on('close', () => resolve(answer || new Promise((again) => setImmediate(again)).then(() => firstAnswer(port, request))));
});

async function once() {
  const port = await freePort();
  const request = verification(port);
  const begun = process.hrtime.bigint();
  const child = spawn(WEMOON, ['run', path.join(ROOT, 'scripts/echo.lua'), '--listen', String(port), '--token', ACCOUNT.token,
    '--store', 'memory:', '--log-level', 'error'], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const answer = await firstAnswer(port, request);
  const ms = Number(process.hrtime.bigint() - begun) / 1e6;
  child.kill('SIGTERM');
  await ended;
  if (!answer.endsWith('\r\n\r\n42')) throw new Error(`the first answer was ${JSON.stringify(answer)}`);
  return ms;
}

// Measures reloads: a saved script is loaded in a new interpreter, and the log gives the time.
async function reloads(count) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wemoon-bench-'));
  const script = path.join(folder, 'bot.lua');
  const text = fs.readFileSync(path.join(ROOT, 'scripts/echo.lua'), 'utf8');
  fs.writeFileSync(script, text);
  const child = spawn(WEMOON, ['run', script, '--listen', String(await freePort()), '--token', ACCOUNT.token, '--store', 'memory:'],
    { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise((resolve) => child.on('close', resolve));
  let log = '';
  child.stderr.on('data', (chunk) => { log += chunk; });
  const times = () => [...log.matchAll(/reloaded in ([0-9.]+) ms/g)].map((match) => Number(match[1]));
  for (let i = 0; i < count; i++) {
    await sleep(300);
    fs.writeFileSync(script, text + '-- '.repeat(i + 1));
    for (let waited = 0; times().length <= i && waited < 200; waited++) await sleep(20);
  }
  child.kill('SIGTERM');
  await ended;
  fs.rmSync(folder, { recursive: true });
  if (times().length < count) throw new Error(`only ${times().length} of ${count} reloads: ${log}`);
  return times();
}

async function measure(quick, say) {
  const count = quick ? 5 : 11;
  const starts = [];
  for (let i = 0; i < count; i++) starts.push(await once());
  const loads = await reloads(count);
  say(`start: first answer after ${median(starts).toFixed(1)} ms; a new interpreter takes ${median(loads).toFixed(1)} ms`);
  return [
    { what: 'start to first answer', value: median(starts), most: 50, unit: ' ms' },
    { what: 'a new interpreter with all of wechat, script loaded and started', value: median(loads), most: 5, unit: ' ms' },
  ];
}

module.exports = { measure };
