// Runs wrk against one side for some seconds: requests per second, latencies, and the side's CPU time per request.
'use strict';

const { spawn } = require('node:child_process');
const path = require('node:path');
const { ACCOUNT, cpuUs } = require('./sides.js');

function wrk(cores, args) {
  return new Promise((resolve, reject) => {
    const words = [...(cores ? ['taskset', '-c', cores] : []), 'wrk', ...args];
    const child = spawn(words[0], words.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    child.stdout.on('data', (chunk) => { out += chunk; });
    child.stderr.on('data', (chunk) => { out += chunk; });
    child.on('error', reject).on('close', () => {
      const result = /RESULT (\{.*\})/.exec(out);
      if (result) resolve(JSON.parse(result[1]));
      else reject(new Error(`wrk: ${out}`));
    });
  });
}

// `cores`: the cores for wrk, one thread each. load: { connections, close (a new connection for each request), mode
// ('plain' or 'safe'), seconds, texts (sent in turn; a built-in text by default), pause (ms between two requests of a
// connection; none) }
async function run(side, { connections, close = false, mode, seconds, texts, pause, cores }) {
  const now = String(Math.floor(Date.now() / 1000));
  const before = cpuUs(side.pids());
  const result = await wrk(cores, [`-t${cores ? cores.split(',').length : Math.min(2, connections)}`, `-c${connections}`, `-d${seconds}s`, '--timeout', '5s', '-s', path.join(__dirname, 'load.lua'),
    `http://127.0.0.1:${side.port}`, '--', mode, ACCOUNT.token, now, ACCOUNT.appid, ACCOUNT.key, close ? 'close' : 'keep', __dirname,
    ...(texts ? [texts.join(',')] : []), ...(pause ? [String(pause)] : [])]);
  const cpu = cpuUs(side.pids()) - before;
  return {
    requests: result.requests, refused: result.refused, lost: result.lost,
    perSecond: result.requests / (result.us / 1e6), p50: result.p50 / 1000, p99: result.p99 / 1000, max: result.max / 1000,
    cpu: cpu / result.requests,
  };
}

module.exports = { run };
