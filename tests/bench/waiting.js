// The memory of a waiting message, compared with nginx and the same handler in Lua (ngx.sleep); the memory of the
// process at its start; and the gain of a second interpreter for scripts that compute.
'use strict';

const net = require('node:net');
const path = require('node:path');
const { ROOT, nginx, wemoon, rssMb, sleep } = require('./sides.js');
const { requestBytes } = require('./crowd_side.js');
const load = require('./load.js');

const rss = (side) => side.pids().reduce((sum, pid) => sum + rssMb(pid), 0);

// Returns the KB of memory per message for `count` messages that wait at once.
async function eachOf(side, count, token) {
  try {
    await sleep(1000);
    const before = rss(side);
    const began = Date.now();
    const sockets = [];
    let sent = 0;
    for (let i = 0; i < count; i++) {
      const bytes = () => requestBytes({ token, user: `waits${i}`, id: `${Date.now()}${i}`, content: 'hi' });
      const socket = net.connect(side.port, '127.0.0.1', () => socket.write(bytes(), () => { sent++; }));
      sockets.push(socket.on('error', () => {}).on('data', () => {}));
      if (i % 50 === 49) await sleep(0);
    }
    while (sent < count && Date.now() - began < 4500) await sleep(20);
    if (sent < count) throw new Error(`the machine is too busy: only ${sent} of ${count} messages were sent before the first was over`);
    await sleep(700);
    const each = (rss(side) - before) * 1024 / count;
    sockets.forEach((socket) => socket.destroy());
    return each;
  } finally {
    await side.stop();
  }
}

async function memoryOfAll(count, say) {
  const { ACCOUNT } = require('./sides.js');
  const ours = await eachOf(await wemoon(64, 'plain', ['--late-reply', 'retry'], path.join(__dirname, 'waits_bot.lua')), count, ACCOUNT.token);
  const theirs = await eachOf(await nginx('plain', undefined, 'nginx_waits'), count, ACCOUNT.token);
  say(`waiting: ${count} messages at once take ${ours.toFixed(1)} KB each, in nginx ${theirs.toFixed(1)} KB`);
  return { what: `memory of a waiting message (${count} at once) against nginx's`, value: ours / theirs, most: 1, unit: 'x' };
}

async function memoryAtStart(say) {
  const side = await wemoon(64, 'plain', [], path.join(ROOT, 'scripts/hello.lua'));
  await sleep(1000);
  const mb = rssMb(side.pid);
  await side.stop();
  say(`waiting: ${mb.toFixed(1)} MB a second after the start, with 64 threads`);
  return { what: 'memory a second after the start, 64 threads', value: mb, most: 20, unit: ' MB' };
}

async function answersWith(interpreters, seconds) {
  const side = await wemoon(64, 'plain', ['--interpreters', String(interpreters)], path.join(__dirname, 'computes_bot.lua'));
  try {
    return (await load.run(side, { connections: 16, mode: 'plain', seconds })).requests / seconds;
  } finally {
    await side.stop();
  }
}

async function gainOfTwo(seconds, say) {
  const one = await answersWith(1, seconds), two = await answersWith(2, seconds);
  say(`waiting: scripts that compute 2 ms: ${one.toFixed(0)} answers a second with one interpreter, ${two.toFixed(0)} with two`);
  return { what: 'scripts that compute 2 ms: one interpreter against two', value: one / two, most: 1 / 1.8, unit: 'x' };
}

async function measure(quick, say) {
  return [
    await memoryOfAll(quick ? 1000 : 5000, say),
    await memoryAtStart(say),
    await gainOfTwo(quick ? 2 : 5, say),
  ];
}

module.exports = { measure };
