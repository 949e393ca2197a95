// The cost of observing a running bot: the live desk, the capture and the log counted by callgrind (instructions per
// message without and with each), the CPU time that a capture and a watched desk take, and the attached prompt under
// half of the bot's maximum load (the prompt's answers, the messages' p99).
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const { run } = require('./load.js');
const { perMessage, perMessageIn, wemoonArgs } = require('./instructions.js');
const { WEMOON, freePort, wemoon } = require('./sides.js');
const median = require('./median.js');

const PASSWORD = 'a-password-for-the-desk';

const quantile = (list, q) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * q))];

// ---- desk ----

async function cookieOf(port) {
  const answer = await fetch(`http://127.0.0.1:${port}/desk/login`, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ password: PASSWORD }) });
  return answer.headers.get('set-cookie').split(';')[0];
}

// Simulates a viewer from here on: every two seconds opens the event stream and closes it before the event loop first
// reads events, which it does four times a second under any load. Events are then kept for 15 s.
async function look(port) {
  const Cookie = await cookieOf(port);
  const glance = () => {
    const request = http.get({ port, host: '127.0.0.1', path: '/desk/events', headers: { Cookie } }, () => request.destroy());
    request.on('error', () => {});
  };
  glance();
  const timer = setInterval(glance, 2000);
  return () => clearInterval(timer);
}

// The desk is counted by the function that keeps its events: the difference of two runs has the viewer's requests too,
// and the seed of Lua's hashes, which moves a message by a hundred instructions.
async function instructions(folder, say) {
  const plain = wemoonArgs(WEMOON);
  const desk = await freePort();
  const withDesk = (port) => [...plain(port), '--admin-listen', `127.0.0.1:${desk}`, '--admin-token', PASSWORD];
  const own = await perMessage(folder, plain);
  const unseen = await perMessageIn(folder, withDesk, 'keep_events');
  const seen = await perMessageIn(folder, withDesk, 'keep_events', () => look(desk));
  say(`a message ${Math.round(own)} instructions; for a desk that nobody looks at ${Math.round(unseen)}, that somebody looks at ${Math.round(seen)}`);
  return [
    { what: 'instructions of a message for a desk that nobody looks at', value: Math.round(unseen), unit: '', most: 50 },
    { what: 'instructions of a message while somebody looks, in percent', value: seen / own * 100, unit: ' %', most: 3 },
  ];
}

// ---- capture and log ----

// The fields are counted by the function that writes them: no build writes a line without.
async function written(folder, say) {
  const capture = wemoonArgs(WEMOON, '--capture', path.join(folder, 'talk.jsonl'));
  const log = wemoonArgs(WEMOON, '--log-level', 'info', '--log-file', path.join(folder, 'log'));
  const own = await perMessage(folder, wemoonArgs(WEMOON));
  const captured = await perMessage(folder, capture);
  const logged = await perMessage(folder, log);
  const fields = await perMessageIn(folder, log, 'add_text_fields');
  say(`a message ${Math.round(own)}, captured ${Math.round(captured)}, with its line of the log ${Math.round(logged)} instructions, of which ${Math.round(fields)} for the fields`);
  return [
    { what: 'instructions of capturing a message, in percent', value: (captured / own - 1) * 100, unit: ' %', most: 5 },
    { what: 'instructions of a message\'s line of the log', value: Math.round(logged - own), unit: '', most: 1400 },
    { what: 'instructions of the line\'s fields, in percent', value: fields / own * 100, unit: ' %', most: 3 },
  ];
}

// ---- CPU time ----

// How much more CPU time a message takes on the other side, in percent: a ratio for each turn of both sides, because
// other programs disturb single turns. Which side comes first alternates, and both are started anew several times:
// where a process lies in memory, and on which cores its threads settle, moves all of its turns by some percent.
async function ratios(starts, quick) {
  const load = { connections: 16, mode: 'plain', seconds: 1 };
  const more = [];
  for (let block = 0; block < (quick ? 1 : 4); block++) {
    const sides = [];
    for (const i of block % 2 ? [1, 0] : [0, 1]) sides[i] = await starts[i]();
    for (let round = 0; round < (quick ? 3 : 8); round++) {
      const cpu = [];
      for (const i of round % 2 ? [1, 0] : [0, 1]) cpu[i] = (await run(sides[i], load)).cpu;
      more.push((cpu[1] / cpu[0] - 1) * 100);
    }
    for (const side of sides) await side.stop();
  }
  return more;
}

// Returns the row of the median, and says how far the turns differ.
async function moreCpu(what, starts, most, quick, say) {
  const more = await ratios(starts, quick);
  say(`${what}: ${quantile(more, 0.5).toFixed(1)} % in the middle of ${more.length} turns, half of them between ${quantile(more, 0.25).toFixed(1)} and ${quantile(more, 0.75).toFixed(1)} %`);
  return [{ what, value: median(more), unit: ' %', most }];
}

async function captureCpu(quick, say) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wemoon-capture-'));
  const starts = [() => wemoon(8, 'plain'), () => wemoon(8, 'plain', ['--capture', path.join(folder, 'talk.jsonl')])];
  try {
    return await moreCpu('CPU time of a message that is captured, more than of one that is not', starts, 5, quick, say);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

const withDesk = (desk) => wemoon(8, 'plain', ['--admin-listen', `127.0.0.1:${desk}`, '--admin-token', PASSWORD]);

async function watched() {
  const desk = await freePort();
  const side = await withDesk(desk);
  const leave = await look(desk);
  return { ...side, stop: () => { leave(); return side.stop(); } };
}

// Both sides have a desk; at one of them somebody looks, whose own requests are counted too.
function deskCpu(quick, say) {
  const starts = [async () => withDesk(await freePort()), watched];
  return moreCpu('CPU time of a message while somebody looks, more than while nobody does', starts, 3, quick, say);
}

// ---- prompt ----

const frame = (word, text) => `${word} ${Buffer.byteLength(text)}\n${text}`;

// Enters one input after another; returns the time of each answer, in ms.
function prompt(file, pauseMs) {
  const times = [];
  const socket = net.connect(file);
  let asked = 0n;
  const ask = () => {
    asked = process.hrtime.bigint();
    socket.write(frame('line', '#wechat.config.token'));
  };
  socket.on('data', (chunk) => {
    if (asked) times.push(Number(process.hrtime.bigint() - asked) / 1e6);
    asked = 0n;
    if (/^wemoon/.test(chunk)) socket.write(frame('hello', '{"columns":"80","terminal":"","color":""}'));
    else setTimeout(ask, pauseMs);
  });
  return { times, end: () => socket.destroy() };
}

// Returns the pause of 64 connections that puts half of the maximum load on the bot.
async function pauseOfHalf(side, seconds) {
  const full = await run(side, { connections: 64, mode: 'plain', seconds });
  return Math.max(1, Math.round(64 * 2 / full.perSecond * 1000));
}

async function attached(quick, say) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wemoon-attach-'));
  const file = path.join(folder, 's.sock');
  const side = await wemoon(64, 'plain', ['--attach', file]);
  const seconds = quick ? 2 : 6;
  const load = { connections: 64, mode: 'plain', seconds, texts: ['hi'], pause: await pauseOfHalf(side, 2) };
  const alone = [], beside = [], answers = [];
  for (let round = 0; round < (quick ? 2 : 5); round++) {
    alone.push((await run(side, load)).p99);
    const typing = prompt(file, 20);
    beside.push((await run(side, load)).p99);
    typing.end();
    answers.push(...typing.times);
  }
  await side.stop();
  fs.rmSync(folder, { recursive: true, force: true });
  say(`${answers.length} inputs: median ${quantile(answers, 0.5).toFixed(2)} ms, p99 ${quantile(answers, 0.99).toFixed(2)} ms; messages' p99 ${median(alone).toFixed(2)} ms alone, ${median(beside).toFixed(2)} ms beside them`);
  return [
    { what: 'an attached input is answered at half load, median', value: quantile(answers, 0.5), unit: ' ms', most: 5 },
    { what: 'messages\' p99 beside attached inputs, more than alone', value: median(beside) - median(alone), unit: ' ms', most: 1 },
  ];
}

async function measure(quick, say) {
  say('\n== seeing: desk, capture and log under callgrind, the attached prompt at half load');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wemoon-callgrind-'));
  try {
    return [...await instructions(folder, say), ...await written(folder, say), ...await captureCpu(quick, say), ...await deskCpu(quick, say), ...await attached(quick, say)];
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

module.exports = { measure, instructions, written, captureCpu, deskCpu, attached };
