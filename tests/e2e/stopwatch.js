// A watch that stands still while the machine is busy with something else.
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const { performance } = require('node:perf_hooks');

const read = (path) => { try { return fs.readFileSync(path, 'utf8'); } catch { return ''; } };
const list = (path) => { try { return fs.readdirSync(path); } catch { return []; } };

// Starts a watch. What it returns stops it, and tells how many milliseconds have gone by without those in which a
// thread of the bot, or this process's, waited for a core that another program had: what these two used of the cores
// themselves is not another's. Threads at idle priority are to wait. `bot` may be a function that returns it: until
// there is one, its threads' time counts from their beginning.
function stopwatch(bot) {
  const began = Date.now();
  const pids = () => [process.pid, (typeof bot === 'function' ? bot() : bot)?.pid].filter(Boolean);
  const threads = () => pids().flatMap((pid) => list(`/proc/${pid}/task`).map((id) => `/proc/${pid}/task/${id}`));
  const times = (path) => read(`${path}/schedstat`).split(' ').map((ns) => Number(ns || 0) / 1e6); // run, waited
  const isIdle = (path) => (read(`${path}/stat`).split(') ')[1] || '').split(' ')[38] === '5';
  const seen = new Map(threads().map((path) => [path, times(path)]));
  let [waited, looked] = [0, performance.now()];
  const look = () => {
    let [longest, used] = [0, 0]; // since the last look
    for (const path of threads()) {
      const [ran, waits = 0] = times(path);
      const [ranBefore, waitsBefore] = seen.get(path) || [0, 0];
      if (!isIdle(path)) {
        longest = Math.max(longest, waits - waitsBefore);
        used += ran - ranBefore;
      }
      seen.set(path, [ran, waits]);
    }
    const now = performance.now();
    waited += Math.min(longest, Math.max(0, os.cpus().length * (now - looked) - used));
    looked = now;
  };
  const timer = setInterval(look, 50);
  return () => {
    clearInterval(timer);
    look();
    return Date.now() - began - waited;
  };
}

module.exports = { stopwatch };
