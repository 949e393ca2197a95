// The cost of observing a running bot: the live desk, the capture and the log counted by callgrind (instructions per
// message without and with each), the CPU time that a capture and a watched desk take, and the attached prompt under
// half of the bot's maximum load (the prompt's answers, the messages' p99).
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const { run, runInTurns } = require('./load.js');
const { perMessage, perMessageIn, perCallIn, wemoonArgs } = require('./instructions.js');
const { WEMOON, freePort, wemoon } = require('./sides.js');
const median = require('./median.js');

const PASSWORD = 'a-password-for-the-desk';

const quantile = (list, q) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * q))];

// ---- desk ----

async function cookieOf(port) {
  const answer = await fetch(`http://127.0.0.1:${port}/desk/login`, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ password: PASSWORD }) });
  return answer.headers.get('set-cookie').split(';')[0];
}

// Somebody looks from here on: reads the stream of events, as the desk's page does. Returns a function that ends it.
async function look(port) {
  const Cookie = await cookieOf(port);
  const request = http.get({ port, host: '127.0.0.1', path: '/desk/events', headers: { Cookie } });
  request.on('error', () => {});
  await new Promise((resolve) => request.on('response', (response) => response.on('error', () => {}).once('data', resolve).resume()));
  return () => request.destroy();
}

// A desk shows so many messages a second, and leaves others out. Both are counted by the functions that do it: the
// difference of two runs has the viewer's requests too, and the seed of Lua's hashes, which moves a message by a
// hundred instructions. A message that is shown calls keep_events twice.
async function instructions(folder, say) {
  const plain = wemoonArgs(WEMOON);
  const desk = await freePort();
  const withDesk = (port) => [...plain(port), '--admin-listen', `127.0.0.1:${desk}`, '--admin-token', PASSWORD];
  const own = await perMessage(folder, plain);
  const unseen = await perMessageIn(folder, withDesk, 'keep_events');
  const [half, leftOut] = await perCallIn(folder, withDesk, ['keep_events', 'live_leave_out'], () => look(desk));
  say(`a message ${Math.round(own)} instructions; for a desk that nobody looks at ${Math.round(unseen)}, that somebody looks at ${Math.round(2 * half)} if it is shown, else ${Math.round(leftOut)}`);
  return [
    { what: 'instructions of a message for a desk that nobody looks at', value: Math.round(unseen), unit: '', most: 50 },
    { what: 'instructions of a message that is shown, in percent', value: 2 * half / own * 100, unit: ' %', most: 3 },
    { what: 'instructions of a message that is left out, in percent', value: leftOut / own * 100, unit: ' %', most: 1 },
  ];
}

// ---- capture and log ----

// All is counted by the functions that do it: the seed of Lua's hashes moves a message by a hundred instructions.
async function written(folder, say) {
  const capture = wemoonArgs(WEMOON, '--capture', path.join(folder, 'talk.jsonl'));
  const log = wemoonArgs(WEMOON, '--log-level', 'info', '--log-file', path.join(folder, 'log'));
  const own = await perMessage(folder, wemoonArgs(WEMOON));
  const captured = await perMessageIn(folder, capture, 'capture_begin', 'capture_answer', 'end_trail');
  const logged = await perMessageIn(folder, log, 'log_outcome');
  const fields = await perMessageIn(folder, log, 'add_text_fields');
  say(`a message ${Math.round(own)} instructions, ${Math.round(captured)} to capture it; its line of the log ${Math.round(logged)}, of which ${Math.round(fields)} for the fields`);
  return [
    { what: 'instructions of capturing a message, in percent', value: captured / own * 100, unit: ' %', most: 5 },
    { what: 'instructions of a message\'s line of the log', value: Math.round(logged), unit: '', most: 1400 },
    { what: 'instructions of the line\'s fields, in percent', value: fields / own * 100, unit: ' %', most: 3 },
  ];
}

// ---- CPU time ----

// The server is alone on a core, as with remote clients, and so is its load.
const SERVER = '0';
const LOAD = { connections: 16, mode: 'plain', cores: '1' };
const TURN_MS = 100;

const server = (...more) => wemoon(8, 'plain', more, undefined, { cores: SERVER });

// Returns the row of how much more CPU time a message takes on the second side than on the first, with its standard
// error: the mean of blocks, in each of which both sides have many short turns. `warmUp`: seconds that do not count.
async function moreCpu(what, sides, warmUp, most, quick, say) {
  const more = [];
  await runInTurns(sides, { ...LOAD, seconds: quick ? 2 : warmUp }, TURN_MS);
  for (let block = 0; block < (quick ? 3 : 12); block++) {
    const [base, other] = await runInTurns(sides, { ...LOAD, seconds: quick ? 2 : 4 }, TURN_MS);
    more.push((other / base - 1) * 100);
  }
  for (const side of sides) await side.stop();
  const value = more.reduce((sum, one) => sum + one, 0) / more.length;
  const error = Math.sqrt(more.reduce((sum, one) => sum + (one - value) ** 2, 0) / (more.length - 1) / more.length);
  say(`${what}: ${value.toFixed(2)} % +- ${error.toFixed(2)} (blocks: ${more.map((one) => one.toFixed(1)).join(' ')})`);
  return [{ what, value, unit: ' %', most }];
}

// The warm-up fills all files of the capture once: the system then has memory for their pages, which it may have to ask
// its host for. With /dev/null, what the file system takes for 64 MB a second is left out.
async function captureCpu(quick, say) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wemoon-capture-'));
  const into = async (file, where) => moreCpu(`CPU time of a message that is captured into ${where}, more than of one that is not`,
    [await server(), await server('--capture', file)], 12, 5, quick, say);
  try {
    return [...await into('/dev/null', '/dev/null'), ...await into(path.join(folder, 'talk.jsonl'), 'a file')];
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

// Both sides have a desk; at the second somebody looks, whose own requests are counted too.
async function deskCpu(quick, say) {
  const desks = [await freePort(), await freePort()], sides = [];
  for (const desk of desks) sides.push(await server('--admin-listen', `127.0.0.1:${desk}`, '--admin-token', PASSWORD));
  const leave = await look(desks[1]);
  try {
    return await moreCpu('CPU time of a message while somebody looks, more than while nobody does', sides, 2, 3, quick, say);
  } finally {
    leave();
  }
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
