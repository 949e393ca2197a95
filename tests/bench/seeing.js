// The cost of observing a running bot: the live desk, the capture and the log counted by callgrind (instructions per
// message without and with each), the CPU time that a capture and a watched desk take, and the attached prompt under half
// of the bot's maximum load (the prompt's answers, the messages' p99).
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
  const unseen = await perMessageIn(folder, withDesk, 'keep_event');
  const seen = await perMessageIn(folder, withDesk, 'keep_event', () => look(desk));
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

// How much more CPU time a message takes on the other side, in percent: both sides in turns, as a ratio of each turn, because
// other programs disturb single turns.
async function moreCpu(own, other, quick) {
  const load = { connections: 16, mode: 'plain', seconds: 1 };
  const more = [];
  for (let round = 0; round < (quick ? 3 : 15); round++) {
    const alone = (await run(own, load)).cpu;
    more.push(((await run(other, load)).cpu / alone - 1) * 100);
  }
  return median(more);
}

async function captureCpu(quick, say) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wemoon-capture-'));
  const own = await wemoon(8, 'plain');
  const captured = await wemoon(8, 'plain', ['--capture', path.join(folder, 'talk.jsonl')]);
  const more = await moreCpu(own, captured, quick);
  await own.stop();
  await captured.stop();
  fs.rmSync(folder, { recursive: true, force: true });
  say(`capturing adds ${more.toFixed(1)} % to a message's CPU time`);
  return [{ what: 'CPU time of a message that is captured, more than of one that is not', value: more, unit: ' %', most: 5 }];
}

// Both sides have a desk; at one of them somebody looks, whose own requests are counted too.
async function deskCpu(quick, say) {
  const withDesk = (port) => ['--admin-listen', `127.0.0.1:${port}`, '--admin-token', PASSWORD];
  const desk = await freePort();
  const own = await wemoon(8, 'plain', withDesk(await freePort()));
  const seen = await wemoon(8, 'plain', withDesk(desk));
  const leave = await look(desk);
  const more = await moreCpu(own, seen, quick);
  leave();
  await own.stop();
  await seen.stop();
  say(`somebody who looks at the desk adds ${more.toFixed(1)} % to a message's CPU time`);
  return [{ what: 'CPU time of a message while somebody looks, more than while nobody does', value: more, unit: ' %', most: 3 }];
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

const quantile = (list, q) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * q))];

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
