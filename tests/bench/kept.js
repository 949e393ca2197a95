// The cost of losing no message, on SQLite: a message answered in time, a question, resuming from a record, and a
// hundred thousand open conversations.
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { spawn, spawnSync } = require('node:child_process');
const { WEMOON, ACCOUNT, cpuUs, rssMb, sleep, freePort } = require('./sides.js');
const { signedQuery, textXml, parseXml } = require('../e2e/harness.js');

const AT_ONCE = 16;
const RESTARTS = 7;
const SCRIPT = `
function on_message(msg)
  if msg.content == "plain" then return "plain" end
  if msg.content == "steps" then for i = 1, 10 do wechat.store.set("k", i) end end
  return "got " .. wechat.ask("?", { timeout_s = 86400 }).content
end
`;

function makeFolder() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wemoon-bench-'));
  fs.writeFileSync(path.join(folder, 'bot.lua'), SCRIPT);
  return folder;
}

async function start(folder, { conversations = 'lasting', store = `sqlite:${path.join(folder, 'kept.db')}` } = {}) {
  const port = await freePort(), admin = await freePort();
  fs.writeFileSync(path.join(folder, 'config.lua'), `return { token = "${ACCOUNT.token}", appid = "${ACCOUNT.appid}", encrypt_mode = "normal",
    store = "${store}", conversations = "${conversations}", log_level = "warn", attach = false, listen = "${port}", admin_listen = "${admin}" }`);
  const begun = process.hrtime.bigint();
  const child = spawn(WEMOON, ['run', path.join(folder, 'bot.lua')], { cwd: folder, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const health = async () => (await fetch(`http://127.0.0.1:${admin}/healthz`)).json();
  return { port, agent, health, begun, pid: child.pid, end: async (signal = 'SIGTERM') => { agent.destroy(); child.kill(signal); await ended; } };
}

let ids = 0;
// Sends a message; returns the reply's text; null if the bot does not listen yet.
function say(bot, user, content, xml = textXml(content, { FromUserName: user, MsgId: `24${String(++ids).padStart(15, '0')}` })) {
  return new Promise((resolve) => {
    const request = http.request({ port: bot.port, method: 'POST', agent: bot.agent, path: `/wechat?${new URLSearchParams(signedQuery({ token: ACCOUNT.token }))}`,
      headers: { 'Content-Length': Buffer.byteLength(xml) } }, (response) => {
      let body = '';
      response.on('data', (chunk) => { body += chunk; }).on('end', () => resolve(parseXml(body).Content));
    });
    request.on('error', () => resolve(null)).end(xml);
  });
}

async function firstAnswer(bot, user, content) {
  for (;;) {
    const text = await say(bot, user, content);
    if (text !== null) return { text, ms: Number(process.hrtime.bigint() - bot.begun) / 1e6 };
    await sleep(1);
  }
}

async function all(bot, users, content, wanted) {
  const list = users.slice();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let user; (user = list.pop());) {
      const text = await say(bot, user, content);
      if (text !== wanted) throw new Error(`${content}: ${text}`);
    }
  }));
}

// Openids as the platform makes them: 28 characters, in no order.
const openid = (kind, i) => kind + crypto.createHash('sha256').update(`${kind}${i}`).digest('base64url').slice(0, 28 - kind.length);
const names = (kind, count) => Array.from({ length: count }, (_, i) => openid(kind, i));

// Measures the CPU of the process in microseconds per message.
async function cpuOf(bot, users, content, wanted) {
  const before = cpuUs([bot.pid]);
  await all(bot, users, content, wanted);
  return (cpuUs([bot.pid]) - before) / users.length;
}

async function measureWrites(folder, count) {
  const bot = await start(folder), wal = path.join(folder, 'kept.db-wal');
  await firstAnswer(bot, 'oWarm', 'plain');
  await sleep(6000); // the writes of the start are checkpointed into the file
  const state = () => ['', '-wal'].map((end) => { try { const { size, mtimeMs } = fs.statSync(path.join(folder, `kept.db${end}`)); return `${size} ${mtimeMs}`; } catch { return 'none'; } }).join();
  const before = state();
  await all(bot, names('op', count), 'plain', 'plain');
  const writes = state() === before ? 0 : 1;
  await bot.end();
  return writes;
}

async function measureAsk(count) {
  const costs = {};
  for (const conversations of ['lasting', 'process']) {
    const folder = makeFolder(), bot = await start(folder, { conversations });
    await firstAnswer(bot, 'oWarm', 'plain');
    await all(bot, names('ow', 200), 'ask', '?');
    costs[conversations] = await cpuOf(bot, names('oa', count), 'ask', '?');
    await bot.end('SIGKILL');
    fs.rmSync(folder, { recursive: true, force: true });
  }
  return costs.lasting - costs.process;
}

async function measureGoingOn(count) {
  const folder = makeFolder(), users = names('os', count);
  let bot = await start(folder);
  await firstAnswer(bot, 'oWarm', 'plain');
  await all(bot, users, 'steps', '?');
  await bot.end('SIGKILL');
  bot = await start(folder);
  await firstAnswer(bot, 'oWarm', 'plain');
  await sleep(1500);
  const cost = await cpuOf(bot, users, 'x', 'got x');
  await bot.end('SIGKILL');
  fs.rmSync(folder, { recursive: true, force: true });
  return cost;
}

// Repeats one conversation's line of `wemoon store export` for `count` users.
async function fill(folder, count) {
  const bot = await start(folder), [name] = names('ox', 1);
  await firstAnswer(bot, 'oWarm', 'plain');
  await say(bot, name, 'ask');
  await bot.end();
  const line = spawnSync(WEMOON, ['store', 'export', '--all'], { cwd: folder, encoding: 'utf8' }).stdout.split('\n').find((one) => one.startsWith('{"key":"asked/') && one.includes(name));
  const value = Buffer.from(JSON.parse(line).base64, 'base64').toString('latin1');
  const tool = spawn(WEMOON, ['store', 'import', '--all'], { cwd: folder, stdio: ['pipe', 'ignore', 'inherit'] });
  for (const user of names('ox', count)) {
    const text = JSON.stringify({ ...JSON.parse(line), key: JSON.parse(line).key.replace(name, user), base64: Buffer.from(value.replaceAll(name, user), 'latin1').toString('base64') });
    if (!tool.stdin.write(`${text}\n`)) await new Promise((resolve) => tool.stdin.once('drain', resolve));
  }
  tool.stdin.end();
  await new Promise((resolve) => tool.on('close', resolve));
}

// Returns the milliseconds from a start to the first answer, in order, of starts after SIGTERM and after kill -9.
async function restarts(folder) {
  const times = [];
  for (let i = 0; i < RESTARTS; i++) {
    const bot = await start(folder);
    times.push((await firstAnswer(bot, 'oWarm', 'plain')).ms);
    await bot.end(i % 2 ? 'SIGTERM' : 'SIGKILL');
  }
  return times.sort((a, b) => a - b);
}

async function measureOpen(count, tell) {
  const folder = makeFolder();
  await fill(folder, count);
  let bot = await start(folder, { store: 'memory:' });
  await firstAnswer(bot, 'oWarm', 'plain');
  const empty = rssMb(bot.pid);
  await bot.end();
  const first = await restarts(folder);
  bot = await start(folder);
  await firstAnswer(bot, 'oWarm', 'plain');
  for (let i = 0; i < 600 && (await bot.health()).conversations < count; i++) await sleep(200);
  const known = (await bot.health()).conversations, mb = rssMb(bot.pid) - empty;
  const times = [];
  for (let i = 0; i < 20; i++) {
    const begun = process.hrtime.bigint(), text = await say(bot, openid('ox', Math.floor(Math.random() * count)), 'x');
    if (text === 'got x') times.push(Number(process.hrtime.bigint() - begun) / 1e6);
  }
  await bot.end();
  fs.rmSync(folder, { recursive: true, force: true });
  tell(`kept: ${known} open conversations take ${mb.toFixed(0)} MB; ${times.length} of 20 went on, in ${times.map((ms) => ms.toFixed(1)).join(' ')} ms; restarts: ${first.map((ms) => ms.toFixed(0)).join(' ')} ms`);
  return { first: first[RESTARTS >> 1], mb, answer: times.length < 18 ? Infinity : Math.max(...times) };
}

async function measure(quick, tell) {
  const folder = makeFolder();
  const writes = await measureWrites(folder, quick ? 500 : 5000);
  fs.rmSync(folder, { recursive: true, force: true });
  const ask = await measureAsk(quick ? 2000 : 10000), goingOn = await measureGoingOn(quick ? 500 : 3000);
  const some = await measureOpen(quick ? 10000 : 100000, tell), many = await measureOpen(quick ? 100000 : 1000000, tell);
  return [
    { what: 'a message answered in time, alone on SQLite: writes', value: writes, most: 0, unit: '' },
    { what: 'a question on SQLite: CPU more than one in memory', value: ask, most: 60, unit: ' us' },
    { what: 'going on from a record of ten steps: CPU', value: goingOn / 1000, most: 1, unit: ' ms' },
    { what: `restart to first answer, ${quick ? 10000 : 100000} open conversations (median)`, value: some.first, most: 100, unit: ' ms' },
    { what: `the same with ${quick ? 100000 : 1000000}`, value: many.first, most: 100, unit: ' ms' },
    { what: `${quick ? 100000 : 1000000} open conversations`, value: many.mb, most: quick ? 20 : 200, unit: ' MB' },
    { what: `the next answer of one of ${quick ? 100000 : 1000000} conversations`, value: many.answer, most: 20, unit: ' ms' },
  ];
}

module.exports = { measure };
