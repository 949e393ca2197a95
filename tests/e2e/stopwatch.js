// A watch that stands still while the machine is busy with something else.
'use strict';

const fs = require('node:fs');

const read = (path) => { try { return fs.readFileSync(path, 'utf8'); } catch { return ''; } };
const list = (path) => { try { return fs.readdirSync(path); } catch { return []; } };

// Starts a watch. What it returns stops it, and tells how many milliseconds have gone by without those in which a thread of
// the bot, or this process's, waited for a core that another program had. Threads at idle priority are to wait. `bot` may
// be a function that returns it: until there is one, its threads' time counts from their beginning.
function stopwatch(bot) {
  const began = Date.now();
  const pids = () => [process.pid, (typeof bot === 'function' ? bot() : bot)?.pid].filter(Boolean);
  const threads = () => pids().flatMap((pid) => list(`/proc/${pid}/task`).map((id) => `/proc/${pid}/task/${id}`));
  const waitedMs = (path) => Number(read(`${path}/schedstat`).split(' ')[1] || 0) / 1e6;
  const isIdle = (path) => (read(`${path}/stat`).split(') ')[1] || '').split(' ')[38] === '5';
  const seen = new Map(threads().map((path) => [path, waitedMs(path)]));
  let waited = 0;
  const look = () => {
    let longest = 0; // since the last look
    for (const path of threads()) {
      const ms = waitedMs(path);
      if (!isIdle(path)) longest = Math.max(longest, ms - (seen.get(path) || 0));
      seen.set(path, ms);
    }
    waited += longest;
  };
  const timer = setInterval(look, 50);
  return () => {
    clearInterval(timer);
    look();
    return Date.now() - began - waited;
  };
}

module.exports = { stopwatch };
