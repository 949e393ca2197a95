// Start-up: from the process's start to its first answer, and what loading an interpreter takes of it.
'use strict';

const { spawn, spawnSync } = require('node:child_process');
const crypto = require('node:crypto');
const net = require('node:net');
const path = require('node:path');
const { ROOT, WEMOON, ACCOUNT, freePort } = require('./sides.js');

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

function verification(port) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = crypto.createHash('sha1').update([ACCOUNT.token, timestamp, 'n'].sort().join('')).digest('hex');
  return `GET /wechat?signature=${signature}&timestamp=${timestamp}&nonce=n&echostr=42 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`;
}

// Tries until somebody listens; resolves with what was answered.
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

function timeOf(args) {
  const begun = process.hrtime.bigint();
  const done = spawnSync(WEMOON, args, { stdio: 'ignore' });
  if (done.status !== 0) throw new Error(`wemoon ${args.join(' ')} exits with ${done.status}`);
  return Number(process.hrtime.bigint() - begun) / 1e6;
}

async function measure(quick, say) {
  const times = quick ? 5 : 11;
  const starts = [], loaded = [], empty = [];
  for (let i = 0; i < times; i++) starts.push(await once());
  for (let i = 0; i < times * 2; i++) {
    empty.push(timeOf(['--version']));
    loaded.push(timeOf(['exec', '-e', 'return wechat.sha1("")']));
  }
  const load = median(loaded) - median(empty);
  say(`start: first answer after ${median(starts).toFixed(1)} ms; exec ${median(loaded).toFixed(1)} ms, of which the bare process ${median(empty).toFixed(1)} ms`);
  return [
    { what: 'start to first answer', value: median(starts), most: 50, unit: ' ms' },
    { what: 'interpreter with all of wechat loads (exec less --version)', value: load, most: 5, unit: ' ms' },
  ];
}

module.exports = { measure };
