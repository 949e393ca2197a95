// Waiting crowds: thousands of concurrent messages from a platform that waits 5 s and tries three times, with quick
// messages among them throughout.
'use strict';

const { fork } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { ACCOUNT, sleep, wemoon } = require('./sides.js');

const percentile = (numbers, share) => [...numbers].sort((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * share))];

const side = (role, options = {}) => fork(path.join(__dirname, 'crowd_side.js'), [role, JSON.stringify(options)]);
const answerOf = (child) => new Promise((resolve) => child.once('message', resolve));
const ask = (child) => { child.send('?'); return answerOf(child); };

const residentMb = (pid) => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

async function settled(api, late, longestMs) {
  const end = Date.now() + longestMs;
  while ((await ask(api)).users < late && Date.now() < end) await sleep(100);
  await sleep(500); // for repeated messages
  return ask(api);
}

// Runs one crowd. `retry`: without customer service messages.
async function crowd(say, what, { count, content, retry = false, spreadMs = 2000, lateMs = 60000 }) {
  const api = side('api');
  const url = `http://127.0.0.1:${(await answerOf(api)).port}`;
  const bot = await wemoon(64, 'plain', ['--api-base', url, '--access-token', 'a-token', '--access-token-expires-at',
    String(Math.floor(Date.now() / 1000) + 7200), ...(retry ? ['--late-reply', 'retry'] : [])], path.join(__dirname, 'pressure_bot.lua'));
  const quick = side('quick', { port: bot.port, token: ACCOUNT.token });
  try {
    await sleep(1000);
    const before = residentMb(bot.pid);
    const slow = side('slow', { port: bot.port, token: ACCOUNT.token, count, content, spreadMs, waitMs: 5000 });
    const answers = answerOf(slow);
    await sleep(spreadMs + 1500);
    const each = (residentMb(bot.pid) - before) * 1024 / count;
    const found = await answers;
    slow.disconnect();
    const late = await settled(api, retry ? 0 : count - found.passive, lateMs);
    const { times, lost } = await ask(quick);
    const answered = found.passive + late.once;
    const p99 = percentile(times, 0.99);
    say(`crowd: ${what}: ${found.passive} answered in time, ${late.once} late, longest wait of the platform ${found.longest.toFixed(0)} ms, ` +
      `${each.toFixed(1)} KB each; ${times.length} quick ones among them: p50 ${percentile(times, 0.5).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
    return [
      { what: `${what}: longest wait of the platform`, value: found.longest, most: 5000, unit: ' ms', of: retry ? 'tries' : '' },
      { what: `${what}: without any answer`, value: count - answered, most: 0, unit: '' },
      { what: `${what}: run or delivered twice`, value: found.twice + late.users - late.once, most: 0, unit: '' },
      { what: `${what}: quick ones' p99`, value: p99, most: 200, unit: ' ms' },
      { what: `${what}: quick ones lost`, value: lost, most: 0, unit: '' },
    ].filter((row) => row.of !== 'tries');
  } finally {
    await bot.stop();
    [api, quick].forEach((child) => child.disconnect());
  }
}

async function measure(quick, say) {
  const share = quick ? 10 : 1;
  return [
    ...await crowd(say, `${10000 / share} messages of 8 s`, { count: 10000 / share, content: 'slow 8' }),
    ...await crowd(say, `${5000 / share} of 4 s, retry`, { count: 5000 / share, content: 'slow 4', retry: true }),
    ...(await crowd(say, `${1000 / share} that compute 20 ms`, { count: 1000 / share, content: 'compute 20', spreadMs: 0 })).filter((row) => !/quick/.test(row.what)),
  ];
}

module.exports = { measure };
