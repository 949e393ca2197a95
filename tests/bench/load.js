// Runs wrk against one side for some seconds: requests per second, latencies, and the side's CPU time per request.
'use strict';

const { spawn } = require('node:child_process');
const path = require('node:path');
const { ACCOUNT, cpuUs } = require('./sides.js');

// Returns { child, result }: what load.lua reports.
function wrk(cores, args) {
  const words = [...(cores ? ['taskset', '-c', cores] : []), 'wrk', ...args];
  const child = spawn(words[0], words.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  child.stdout.on('data', (chunk) => { out += chunk; });
  child.stderr.on('data', (chunk) => { out += chunk; });
  const result = new Promise((resolve, reject) => {
    child.on('error', reject).on('close', () => {
      const found = /RESULT (\{.*\})/.exec(out);
      if (found) resolve(JSON.parse(found[1]));
      else reject(new Error(`wrk: ${out}`));
    });
  });
  return { child, result };
}

function start(side, { connections, close = false, mode, seconds, texts, pause, cores }) {
  const now = String(Math.floor(Date.now() / 1000));
  return wrk(cores, [`-t${cores ? cores.split(',').length : Math.min(2, connections)}`, `-c${connections}`, `-d${seconds}s`, '--timeout', '5s', '-s', path.join(__dirname, 'load.lua'),
    `http://127.0.0.1:${side.port}`, '--', mode, ACCOUNT.token, now, ACCOUNT.appid, ACCOUNT.key, close ? 'close' : 'keep', __dirname,
    ...(texts ? [texts.join(',')] : []), ...(pause ? [String(pause)] : [])]);
}

// `cores`: the cores for wrk, one thread each. load: { connections, close (a new connection for each request), mode
// ('plain' or 'safe'), seconds, texts (sent in turn; a built-in text by default), pause (ms between two requests of a
// connection; none) }
async function run(side, load) {
  const before = cpuUs(side.pids());
  const result = await start(side, load).result;
  const cpu = cpuUs(side.pids()) - before;
  return {
    requests: result.requests, refused: result.refused, lost: result.lost,
    perSecond: result.requests / (result.us / 1e6), p50: result.p50 / 1000, p99: result.p99 / 1000, max: result.max / 1000,
    cpu: cpu / result.requests,
  };
}

// A load on each side, of which one at a time runs for `turnMs` while the others are stopped: what disturbs the machine
// for longer falls on all sides alike. Returns the CPU time of a request on each side.
async function runInTurns(sides, load, turnMs) {
  const before = sides.map((side) => cpuUs(side.pids()));
  const loads = sides.map((side) => start(side, load));
  let at = 0;
  for (const { child } of loads.slice(1)) child.kill('SIGSTOP');
  const timer = setInterval(() => {
    loads[at].child.kill('SIGSTOP');
    at = (at + 1) % loads.length;
    loads[at].child.kill('SIGCONT');
  }, turnMs);
  try {
    const results = await Promise.all(loads.map(({ result }) => result));
    return sides.map((side, i) => (cpuUs(side.pids()) - before[i]) / results[i].requests);
  } finally {
    clearInterval(timer);
    for (const { child } of loads) child.kill('SIGKILL'); // after a failure one may be stopped
  }
}

module.exports = { run, runInTurns };
