// No message is lost: three processes on a Redis with two replicas and a Sentinel receive messages, half of them
// slow, and hold conversations with users. The processes are killed with kill -9 in turn, and Redis fails over twice:
// by command, and after its master is killed (losses of Redis itself are counted separately). Each message is
// followed to its end.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const readline = require('node:readline');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const { spawn } = require('node:child_process');
const { WEMOON, ACCOUNT, sleep, freePort } = require('./sides.js');
const { makeSentinel } = require('../e2e/redis.js');
const { signedQuery, textXml, parseXml, tempDir, until } = require('../e2e/harness.js');

const FULL = { seconds: 300, rate: 300, talkers: 60, killEveryMs: 10000, settleMs: 60000 };
const QUICK = { seconds: 27, rate: 60, talkers: 20, killEveryMs: 8000, settleMs: 20000 };
const USERS = /\bo[mt]\d+(\.\d+)?\b/g;  // the users' openids
const NAMED = 40;  // how many of a kind are named with their history
const PROCESSES = 3, QUESTIONS = 4, TRIES = 3, PATIENCE_MS = 5000, REDIS_MS = 4000, DOWN_AFTER_MS = 2000;

// The same script in each process: a conversation that starts in one continues in another. The proxy identifies the
// calling process.
const script = `
local function effect(id)
  local got, err = wechat.http.post("http://effects.test/" .. id, { body = "x" })
  return got and "" or " [" .. id .. " is " .. err.kind .. "]"
end

function on_message(msg)
  local kind, id = msg.content:match("^(%a+) (%S+)$")
  if kind == "quick" then return "done " .. id .. effect(id) end
  if kind == "slow" then
    local first = effect(id .. "/a")
    wechat.sleep(6)
    return "done " .. id .. first .. effect(id .. "/b")
  end
  if kind ~= "talk" then return "plain " .. msg.content end
  local heard, cut = {}, ""
  for i = 1, ${QUESTIONS} do
    cut = cut .. effect(id .. "/" .. i)
    heard[i] = wechat.ask(("question %d of %s"):format(i, id)).content
  end
  return "done " .. id .. " " .. table.concat(heard, " ") .. cut
end
`;

// ---- outside servers ------------------------------------------------------------------------------------------------

// Starts the servers that one process calls, through its own proxy: the platform, and a server that records each
// effect. `life` counts the process's starts: what a killed process sent may be read here after its successor's start.
async function startOutside(world, name, life) {
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => { body += chunk; }).on('end', () => {
      const url = new URL(request.url, 'http://x');
      if (url.host === 'effects.test') note(world.effects, url.pathname.slice(1), { by: name, life, at: Date.now() });
      else if (url.pathname.endsWith('/custom/send')) heard(world, name, JSON.parse(body));
      response.end('{"errcode":0,"errmsg":"ok","access_token":"T","expires_in":7200}');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  world.after(() => { server.closeAllConnections(); server.close(); });
  return `http://127.0.0.1:${server.address().port}`;
}

function note(map, key, value) {
  if (!map.has(key)) map.set(key, []);
  map.get(key).push(value);
}

function heard(world, name, { touser, text }) {
  if (text) note(world.late, touser, { text: text.content, by: name, at: Date.now() });
}

// ---- processes ------------------------------------------------------------------------------------------------------

// Starts a process that is restarted when it ends, as by systemd.
async function startProcess(world, name) {
  const dir = tempDir(world);
  fs.writeFileSync(path.join(dir, 'bot.lua'), script);
  const bot = { name, port: await freePort(), kills: [], log: fs.createWriteStream(path.join(dir, 'log')), over: false };
  const begin = async () => {
    const outside = await startOutside(world, name, bot.kills.length);
    if (bot.over) return;
    world.happened(`${name} begins`);
    bot.child = spawn(WEMOON, ['run', path.join(dir, 'bot.lua'), '--listen', String(bot.port), '--token', ACCOUNT.token, '--appid', ACCOUNT.appid,
      '--appsecret', '0123456789abcdef0123456789abcdef', '--encrypt-mode', 'normal', '--api-base', 'http://platform.test', '--proxy', outside, '--store', world.store], { stdio: ['ignore', 'ignore', 'pipe'] });
    readline.createInterface({ input: bot.child.stderr }).on('line', (line) => {
      bot.log.write(`${line}\n`);
      for (const user of new Set(line.match(USERS))) note(world.logged, user, `${name} ${line}`);
      if (/ error |is lost|cannot go on/.test(line)) world.lines.push(`${name}: ${line}`);
    });
    bot.child.on('close', () => { if (!bot.over) setTimeout(begin, 100); });
  };
  await begin();
  world.after(() => { bot.over = true; bot.child.kill('SIGKILL'); });
  return bot;
}

function kill(world, bot) {
  bot.kills.push(Date.now());
  world.happened(`${bot.name} is killed`);
  bot.child.kill('SIGKILL');
}

// ---- platform -------------------------------------------------------------------------------------------------------

// Makes one try; returns { body } of a complete answer, or { refused } or {}.
function attempt(port, xml) {
  return new Promise((resolve) => {
    const request = http.request({ port, host: '127.0.0.1', method: 'POST', path: `/wechat?${new URLSearchParams(signedQuery({ token: ACCOUNT.token }))}`, agent: false,
      headers: { 'Content-Length': Buffer.byteLength(xml) }, timeout: PATIENCE_MS }, (response) => {
      let body = '';
      response.on('data', (chunk) => { body += chunk; }).on('end', () => resolve(response.statusCode === 200 ? { body } : {})).on('error', () => resolve({}));
    });
    request.on('timeout', () => request.destroy()).on('error', (error) => resolve({ refused: error.code === 'ECONNREFUSED' })).end(xml);
  });
}

// Makes one try like a proxy: a process that accepts no connection is skipped.
async function tryOnce(world, user, xml) {
  for (let i = 0; i < 50; i++) {
    const bot = world.bots[world.turn++ % PROCESSES], begun = Date.now();
    const answer = await attempt(bot.port, xml);
    if (!answer.refused) note(world.tries, user, { at: begun, what: `a try at ${bot.name} got ${said(answer)} after ${Date.now() - begun} ms` });
    if (!answer.refused) return answer;
    if (i % PROCESSES === PROCESSES - 1) await sleep(50);
  }
  return {};
}

const said = ({ body }) => (body === undefined ? 'nothing' : body === 'success' ? body : JSON.stringify(parseXml(body).Content ?? body));

// Makes up to three tries, each after the previous one got no answer; returns the passive text, '' for success, null
// for none.
async function deliver(world, user, content) {
  const xml = textXml(content, { FromUserName: user, ToUserName: 'gh_1', CreateTime: Math.floor(Date.now() / 1000), MsgId: `${Date.now()}${String(++world.ids % 100000).padStart(5, '0')}` });
  for (let i = 0; i < TRIES; i++) {
    const begun = Date.now();
    const { body } = await tryOnce(world, user, xml);
    if (body !== undefined) return body === 'success' ? '' : parseXml(body).Content ?? '';
    await sleep(Math.max(500, PATIENCE_MS - (Date.now() - begun)));
  }
  return null;
}

// Waits for one of the user's late answers that begins with that text.
async function awaitLate(world, user, beginning, until) {
  for (;;) {
    const found = (world.late.get(user) ?? []).find((one) => one.text.startsWith(beginning));
    if (found) return found;
    if (Date.now() > until()) return null;
    await sleep(100);
  }
}

const settled = (world) => () => (world.end ? world.end + world.settleMs : Infinity);

async function sendPlain(world, kind) {
  const id = `m${++world.messages}`, user = `o${id}`;
  const message = { id, kind, begun: Date.now() };
  world.all.push(message);
  const passive = await deliver(world, user, `${kind} ${id}`);
  if (passive) Object.assign(message, { answered: Date.now(), text: passive });
  else {
    const late = await awaitLate(world, user, `done ${id}`, settled(world));
    if (late) Object.assign(message, { answered: late.at, late: true, text: late.text });
  }
  message.unanswered = passive === null;
}

async function say(world, talk, content, wanted) {
  const message = { id: `${talk.id}: ${content}`, kind: 'talk', begun: Date.now() };
  world.all.push(message);
  const passive = await deliver(world, talk.user, content);
  if (passive && !passive.startsWith(wanted)) talk.wrong = `${content}: ${passive}`;
  const late = passive ? null : await awaitLate(world, talk.user, wanted, () => Math.min(settled(world)(), Date.now() > message.begun + world.settleMs ? 0 : Infinity));
  if (passive || late) Object.assign(message, { answered: late ? late.at : Date.now(), late: !!late, text: passive || late.text });
  else talk.wrong = `${content}: no answer${passive === null ? ' to three tries' : ''}`;
  return !talk.wrong;
}

// Holds one user's dialogues, one after another, until the end.
async function talkOn(world, number) {
  for (let round = 1; !world.end; round++) {
    const id = `t${number}.${round}`;
    const talk = { id, user: `o${id}`, begun: Date.now(), answers: 0 };
    world.talks.push(talk);
    let words = `talk ${id}`;
    for (let i = 1; i <= QUESTIONS && await say(world, talk, words, `question ${i} of ${id}`); i++) {
      words = `word${i}`;
      talk.answers++;
      await sleep(500 + Math.random() * 3000);
    }
    if (!talk.wrong && await say(world, talk, words, `done ${id} word1`)) talk.done = true;
    talk.ended = Date.now();
  }
}

// ---- run ------------------------------------------------------------------------------------------------------------

async function killInTurn(world, everyMs) {
  for (let i = 0; !world.end; i++) {
    await sleep(everyMs);
    if (!world.end) kill(world, world.bots[i % PROCESSES]);
  }
}

// Notes when the Sentinel fails over by itself: what was written shortly before may be gone.
function watchSentinel(world, redis) {
  const child = spawn('redis-cli', ['-p', String(redis.sentinel.port), 'subscribe', '+switch-master'], { stdio: ['ignore', 'pipe', 'ignore'] });
  readline.createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith('bots ')) return;
    const now = Date.now(), known = world.losses.some(({ from }) => now - from < 15000);
    if (known) return;
    world.losses.push({ from: now - DOWN_AFTER_MS - REDIS_MS, to: now, bytes: NaN });
    world.happened('the Sentinel took the master of Redis for dead');
    world.say(`chaos: ${((now - world.begun) / 1000).toFixed(1)} s after the start the Sentinel took the master of Redis for dead`);
  });
  world.after(() => child.kill());
}

const offsetOf = (info, name) => Number(new RegExp(`${name}:(\\d+)`).exec(info)?.[1]);

// Kills the master: what it had not yet sent to its replicas is lost. It restarts empty, as a replica.
async function killMaster(world, redis) {
  const [first] = await redis.masters(), had = offsetOf(await first.tell('info', 'replication'), 'master_repl_offset');
  const loss = { from: Date.now(), to: Infinity };
  world.losses.push(loss);
  world.happened('the master of Redis is killed');
  await first.stop();
  // Before the Sentinel names another one, its clients would go to the old one that is empty now.
  const next = await until(async () => { const named = await redis.named(); return named !== first && (await redis.masters()).includes(named) && named; }, 'another master', 30000);
  loss.to = Date.now();
  world.happened('another master of Redis serves');
  const has = offsetOf(await next.tell('info', 'replication'), 'second_repl_offset') - 1;
  loss.bytes = Math.max(0, had - has);
  world.say(`chaos: ${((loss.from - world.begun) / 1000).toFixed(1)} s after the start the master of Redis was killed; another one served ${loss.to - loss.from} ms later, which lacked ${loss.bytes} of the ${had} bytes written until milliseconds before`);
  await first.start();
}

// Redis fails over twice, each time a second after a process was killed: it is back before the next one is. What a
// process could not tell a store that was away is lost with the process.
async function failOver(world, redis, { seconds, killEveryMs }) {
  const afterKill = (ms) => Math.floor(ms / killEveryMs) * killEveryMs + 1000;
  await sleep(afterKill(seconds * 1000 / 3));
  await killMaster(world, redis);
  await sleep(Math.max(0, world.begun + afterKill(seconds * 2000 / 3) - Date.now()));
  const began = Date.now();
  world.happened('the master of Redis gives over');
  await redis.handOver();
  world.happened('another master of Redis serves');
  world.say(`chaos: ${((began - world.begun) / 1000).toFixed(1)} s after the start the master of Redis gave over; another one served, and its Sentinel knew it, ${Date.now() - began} ms later`);
}

async function send(world, { seconds, rate }) {
  const begun = Date.now(), sent = [];
  for (let i = 0; Date.now() < begun + seconds * 1000; i++) {
    const due = begun + i * 1000 / rate;
    if (due > Date.now()) await sleep(due - Date.now());
    sent.push(sendPlain(world, i % 2 ? 'slow' : 'quick'));
  }
  return sent;
}

// ---- results --------------------------------------------------------------------------------------------------------

// Returns whether Redis may have lost what was written at that time: only if its new master lacks bytes of the old one.
const nearRedis = (world, at) => world.losses.some(({ from, to, bytes }) => bytes !== 0 && at > from - REDIS_MS - 6000 && at < to + REDIS_MS);

// Returns what happened to a user's messages, in order: its tries, its effects, its late answers, the lines of all
// processes about it, and what happened to processes and to Redis meanwhile.
function historyOf(world, user) {
  const at = (line) => Date.parse(`${/\d{4}-\d\d-\d\d[ T][\d:.]+/.exec(line)?.[0]}`);
  const own = [...(world.tries.get(user) ?? []),
    ...(world.late.get(user) ?? []).map((one) => ({ at: one.at, what: `${one.by} sent "${one.text}"` })),
    ...[...world.effects].filter(([id]) => id.split('/')[0] === user.slice(1)).flatMap(([id, list]) => list.map((one) => ({ at: one.at, what: `${one.by} called ${id}` }))),
    ...(world.logged.get(user) ?? []).map((line) => ({ at: at(line), what: line }))].sort((a, b) => a.at - b.at);
  if (!own.length) return [];
  const events = world.events.filter((one) => one.at > own[0].at - 1000 && one.at < own.at(-1).at + 5000);
  return [...own, ...events].sort((a, b) => a.at - b.at).map((one) => `chaos:     ${((one.at - world.begun) / 1000).toFixed(2)} s: ${one.what}`);
}

// Returns the effects that happened more than once: those whose process was killed before the message was answered,
// and others.
function doubles(world) {
  const answered = new Map(world.all.map((message) => [message.id, message.answered ?? Infinity]));
  const cut = [], others = [];
  for (const [id, list] of world.effects) {
    if (list.length < 2) continue;
    const [first, second] = list;
    const its = world.bots.find((bot) => bot.name === first.by).kills[first.life];
    if (its <= second.at && !((answered.get(id.split('/')[0]) ?? Infinity) < its - 5)) cut.push(id);
    else others.push({ id, list });
  }
  return { cut, others };
}

// Returns whether a message is unanswered because a kill cut off the call that sends its answer: it may have gone out,
// so it is not sent again.
const isCutSend = (world, { id }) => (world.logged.get(`o${id}`) ?? []).some((line) => /custom\.send.* was under way when its process ended/.test(line));

// Returns the names by the kill that they followed.
function byKill(world, ids) {
  const kills = world.bots.flatMap((bot) => bot.kills.map((at) => ({ at, name: bot.name, ids: [] }))).sort((a, b) => a.at - b.at);
  for (const id of ids) kills.findLast(({ at, name }) => name === world.effects.get(id)[0].by && at <= world.effects.get(id)[1].at)?.ids.push(id);
  return kills.filter((one) => one.ids.length);
}

function report(world, say) {
  const unsent = world.all.filter((one) => one.kind !== 'talk' && !one.answered), cutSends = unsent.filter((one) => isCutSend(world, one));
  const lost = unsent.filter((one) => !cutSends.includes(one)), lostTalks = world.talks.filter((talk) => talk.wrong);
  const { cut, others } = doubles(world);
  const apart = { lost: lost.filter((one) => nearRedis(world, one.begun)), talks: lostTalks.filter((one) => nearRedis(world, one.ended - world.settleMs) || nearRedis(world, one.ended)),
    twice: others.filter((one) => nearRedis(world, one.list[0].at)) };
  const unknown = world.all.filter((one) => /is unknown/.test(one.text ?? ''));
  const twiceTold = [...world.late].filter(([, list]) => new Set(list.map((one) => one.text)).size < list.length);
  apart.told = twiceTold.filter(([, list]) => nearRedis(world, list[0].at));
  const since = (at) => `${((at - world.begun) / 1000).toFixed(1)} s`;
  const name = (list, aside, user, line) => {
    for (const one of list.slice(0, NAMED)) {
      say(`chaos: ${aside.includes(one) ? '(Redis lost bytes) ' : ''}${line(one)}`);
      for (const step of historyOf(world, user(one))) say(step);
    }
    if (list.length > NAMED) say(`chaos: and ${list.length - NAMED} more: ${list.slice(NAMED).map(user).join(' ')}`);
  };
  for (const line of world.lines.slice(0, 20)) say(`chaos: ${line}`);
  name(lost, apart.lost, (one) => `o${one.id}`, (one) => `lost: ${one.kind} ${one.id}, sent at ${since(one.begun)}${one.unanswered ? ', no answer to three tries' : ''}`);
  name(lostTalks, apart.talks, (talk) => talk.user, (talk) => `conversation lost: ${talk.id} at ${since(talk.ended)}: ${talk.wrong}`);
  name(others, apart.twice, ({ id }) => `o${id.split('/')[0]}`, ({ id }) => `run twice: ${id}`);
  name(twiceTold, apart.told, ([user]) => user, ([user]) => `told twice: ${user}`);
  for (const { at, name: killed, ids } of byKill(world, cut)) say(`chaos: begun again, since the kill of ${killed} at ${since(at)} cut them off before their answer: ${ids.join(' ')}`);
  if (cutSends.length) say(`chaos: not sent again, since a kill cut the send off: ${cutSends.map(({ id }) => id).join(' ')}`);
  if (unknown.length) say(`chaos: calls cut off by a kill: ${unknown.map((one) => one.text.match(/\[.*\]/)[0]).join(' ')}`);
  const row = (what, value, most) => ({ what: `chaos: ${what}`, value, most, unit: '' });
  return [
    row('messages sent', world.all.length), row('answered in time', world.all.filter((one) => one.answered && !one.late).length),
    row('delivered late', world.all.filter((one) => one.late).length),
    row('kill -9', world.bots.reduce((sum, bot) => sum + bot.kills.length, 0)),
    row('lost', lost.length - apart.lost.length, 0), row('lost while the master of Redis was killed', apart.lost.length),
    row('run twice', others.length - apart.twice.length, 0), row('run twice since the master of Redis was killed', apart.twice.length),
    row('begun again, named above', cut.length), row('calls cut off by a kill, named above', unknown.length), row('sends cut off by a kill, named above', cutSends.length), row('answers delivered twice', twiceTold.length - apart.told.length, 0),
    row('answers delivered twice since the master of Redis was killed', apart.told.length),
    row('conversations continued', world.talks.reduce((sum, talk) => sum + talk.answers, 0)), row('conversations ended', world.talks.filter((talk) => talk.done).length),
    row('conversations lost', lostTalks.length - apart.talks.length, 0), row('conversations lost with the master of Redis', apart.talks.length),
  ];
}

async function measure(quick, say) {
  const options = quick ? QUICK : FULL, cleanups = [];
  const world = { effects: new Map(), late: new Map(), tries: new Map(), logged: new Map(), events: [], all: [], talks: [], lines: [], bots: [], losses: [], say, settleMs: options.settleMs, ids: 0, messages: 0, turn: 0, after: (fn) => cleanups.push(fn) };
  try {
    const redis = await makeSentinel(world, DOWN_AFTER_MS);
    world.store = redis.url;
    world.happened = (what) => world.events.push({ at: Date.now(), what: `-- ${what}` });
    watchSentinel(world, redis);
    for (let i = 1; i <= PROCESSES; i++) world.bots.push(await startProcess(world, `p${i}`));
    await sleep(1000);
    world.begun = Date.now();
    const delay = monitorEventLoopDelay();
    delay.enable();
    const talkers = Array.from({ length: options.talkers }, (_, i) => talkOn(world, i));
    const kills = killInTurn(world, options.killEveryMs), failures = failOver(world, redis, options);
    const sent = await send(world, options);
    world.end = Date.now();
    say(`chaos: ${options.seconds} s at ${options.rate} messages a second are over; what is under way has ${options.settleMs / 1000} s`);
    await Promise.all([...sent, ...talkers, failures, kills]);
    say(`chaos: this program itself stood still for up to ${Math.round(delay.max / 1e6)} ms: a try that it gave up after ${PATIENCE_MS} ms may have been answered`);
    return report(world, say);
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}

module.exports = { measure };
