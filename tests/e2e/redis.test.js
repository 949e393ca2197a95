// Several processes on one store share tokens, sessions, duplicates and timers; Redis becomes unavailable and
// returns.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const dgram = require('node:dgram');
const http = require('node:http');
const net = require('node:net');
const { makeRedis } = require('./redis');
const { atEnd, APPID, BINARY, sleep, textXml, tempDir, writeFiles, configLua, wemoon, startBot, until } = require('./harness');
const { stopwatch } = require('./stopwatch');

test('four processes fetch one token together', async (t) => {
  const redis = await makeRedis(t);
  let tokens = 0;
  const platform = http.createServer((request, response) => {
    if (request.url.includes('stable_token')) {
      tokens++;
      setTimeout(() => response.end('{"access_token":"T","expires_in":7200}'), 300);
    } else response.end('{"errcode":0}');
  });
  await new Promise((resolve) => platform.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { platform.closeAllConnections(); platform.close(); });
  const dir = tempDir(t);
  writeFiles(dir, {
    'x.lua': 'for i = 1, 20 do assert(wechat.get_menu()) end return true',
    'config.lua': configLua({ appid: APPID, appsecret: 'hunter2-hunter2-hunter2', store: redis.url,
      api_base: `http://127.0.0.1:${platform.address().port}` }),
  });
  await Promise.all([1, 2, 3, 4].map(() => wemoon(['exec', 'x.lua'], { cwd: dir, code: 0 })));
  assert.equal(tokens, 1);
});

const SCRIPT = `
function on_message(msg)
  local s, err = wechat.session()
  if not s then return "no session: " .. err end
  local key = msg.content:match("^set (%w+)$")
  if key then wechat.sleep(0.2) s[key] = true return "set" end
  local keys = {}
  for k in pairs(s) do keys[#keys + 1] = k end
  table.sort(keys)
  return table.concat(keys, " ")
end`;

test('two bots share a user\'s session and lose none of its keys', async (t) => {
  const redis = await makeRedis(t);
  const config = { store: redis.url };
  const bots = await Promise.all([startBot(t, { script: SCRIPT, config }), startBot(t, { script: SCRIPT, config })]);
  await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((key, i) => bots[i % 2].say(`set ${key}`)));
  assert.equal(await bots[0].say('keys'), 'a b c d e f');
  assert.equal(await bots[1].say('keys'), 'a b c d e f');
});

test('wechat.allow counts what all processes do, and says when the store is away', async (t) => {
  const redis = await makeRedis(t);
  const script = 'function on_message(msg) local yes, more = wechat.allow("k", 3, 60) return tostring(yes) .. " " .. tostring(more) end';
  const bots = await Promise.all([1, 2].map(() => startBot(t, { script, config: { store: redis.url } })));
  const said = [];
  for (let i = 0; i < 4; i++) said.push(await bots[i % 2].say(String(i)));
  assert.deepEqual(said.slice(0, 3), Array(3).fill('true nil'));
  assert.match(said[3], /^false (59|60)\.\d+$/);
  await redis.stop();
  assert.match(await bots[0].say('away'), /^nil store: Redis at /);
});

test('Redis away: an error within a second; when it is back, so is the session', async (t) => {
  const redis = await makeRedis(t);
  const bot = await startBot(t, { script: SCRIPT, config: { store: redis.url } });
  assert.equal(await bot.say('set a'), 'set');
  await redis.stop();
  const elapsed = stopwatch(bot);
  assert.match(await bot.say('keys'), /^no session: store: Redis at 127\.0\.0\.1/);
  const ms = elapsed();
  assert.ok(ms < 1000, `${ms} ms`);
  await redis.start();
  await until(async () => !String(await bot.say('keys')).startsWith('no session'), 'the store to come back', 3000);
  assert.doesNotMatch(bot.log, /p@ss|p%40ss/);
});

// ---- messages and timers of several processes -----------------------------------------------------------------------

const COUNTING = `function on_message(msg)
  local runs = wechat.store.incr("runs:" .. msg.content)
  if msg.content:find("slow") then wechat.sleep(1) end
  return msg.content .. " " .. runs
end`;

const two = (t, redis, script, config = {}) => Promise.all([1, 2].map(() => startBot(t, { script, config: { store: redis.url, appid: APPID, ...config } })));
const textOf = (answer) => (answer.reply ? answer.reply.Content : answer.body);

test('a retry that another process gets is answered with the first answer, and the script runs once', async (t) => {
  const redis = await makeRedis(t);
  const [a, b] = await two(t, redis, COUNTING);
  const quick = textXml('quick', { MsgId: '1' }), slow = textXml('slow', { MsgId: '2' });
  assert.equal(textOf(await a.deliver(quick)), 'quick 1');
  assert.equal(textOf(await b.deliver(quick)), 'quick 1');
  const [first, second] = await Promise.all([a.deliver(slow), sleep(200).then(() => b.deliver(slow))]);
  assert.deepEqual([textOf(first), textOf(second)], ['slow 1', 'slow 1']);
  assert.equal(textOf(await b.deliver(textXml('slow', { MsgId: '3' }))), 'slow 2');
});

test('past its deadline the other process says success', async (t) => {
  const redis = await makeRedis(t);
  const [a, b] = await two(t, redis, COUNTING.replace('sleep(1)', 'sleep(8)'), { deadline_ms: 400, late_reply: 'drop' });
  const slow = textXml('slow', { MsgId: '2' });
  const answers = await Promise.all([a.deliver(slow), sleep(50).then(() => b.deliver(slow))]);
  assert.deepEqual(answers.map(textOf), ['success', 'success']);
  await Promise.all([a.kill(), b.kill()]); // the script is not waited for
});

test('a process that stops does not wait for another one\'s answer that nobody here will see', async (t) => {
  const redis = await makeRedis(t);
  const [a, b] = await two(t, redis, 'function on_message(msg) wechat.sleep(60) end', { deadline_ms: 400, late_reply: 'drop' });
  const slow = textXml('slow', { MsgId: '2' });
  const answers = [await a.deliver(slow), await b.deliver(slow)];
  assert.deepEqual(answers.map(textOf), ['success', 'success']);
  await redis.stop();
  await a.kill();
  await b.stop();
  assert.doesNotMatch(b.log, /still under way/);
});

test('what a killed process had under way runs in another when the platform asks again', async (t) => {
  const redis = await makeRedis(t);
  const [a, b] = await two(t, redis, COUNTING);
  const slow = textXml('slow', { MsgId: '2' });
  const lost = assert.rejects(a.deliver(slow));
  await sleep(300);
  await a.kill();
  await lost;
  assert.equal(textOf(await b.deliver(slow)), 'slow 2');
});

test('what was under way at a kill is answered by the process that takes its place, the first message too', async (t) => {
  const redis = await makeRedis(t);
  const script = `function on_message(msg)
    wechat.store.incr("runs")
    wechat.sleep(wechat.config.log_format == "json" and 60 or 0.2)
    return msg.content
  end`;
  const start = (log_format) => startBot(t, { script, config: { store: redis.url, appid: APPID, log_format, late_reply: 'retry' } });
  const messages = [0, 1, 2, 3, 4].map((i) => textXml(`m${i}`));
  const before = await start('json');
  const lost = messages.map((message) => assert.rejects(before.deliver(message, { agent: false })));
  await until(() => redis.cli('-n', '2', 'keys', '*answer/*').split('\n').length === 5, 'five claims');
  await before.kill();
  await Promise.all(lost);
  const after = await start('text');
  const answer = (message) => after.deliver(message, { agent: false }).catch(() => after.deliver(message, { agent: false }));
  assert.deepEqual((await Promise.all(messages.map(answer))).map(textOf), ['m0', 'm1', 'm2', 'm3', 'm4']);
  assert.doesNotMatch(after.log, /frozen/);
});

const TICKING = 'function on_load() wechat.every(0.2, function() wechat.log.warn("tick") end) end function on_message() end';

test('timers fire in one process, and in another when that one is stopped', async (t) => {
  const redis = await makeRedis(t);
  const [a, b] = await two(t, redis, TICKING);
  await sleep(2500);
  const ticks = [a, b].map((bot) => bot.log.split('tick').length - 1);
  assert.ok(Math.max(...ticks) > 5 && Math.min(...ticks) === 0, String(ticks));
  const [on, off] = ticks[0] ? [a, b] : [b, a];
  await on.stop();
  await until(() => off.log.includes('tick'), 'the other process takes over', 2500);
});

test('the timers of a killed process fire in another within ten seconds', async (t) => {
  const redis = await makeRedis(t);
  const [a, b] = await two(t, redis, TICKING);
  await until(() => a.log.includes('tick') || b.log.includes('tick'), 'a first tick');
  const [on, off] = a.log.includes('tick') ? [a, b] : [b, a];
  await on.kill();
  await until(() => off.log.includes('tick'), 'the other process takes over', 10000);
});

test('processes on one SQLite file share the timers of one account, and of no other', async (t) => {
  const dir = tempDir(t);
  const config = { store: `sqlite:${dir}/shared.db`, appid: APPID };
  const bots = await Promise.all([startBot(t, { script: TICKING, config }), startBot(t, { script: TICKING, config }),
    startBot(t, { script: TICKING, config: { ...config, appid: undefined } })]);
  await sleep(1500);
  const [a, b, stranger] = bots.map((bot) => bot.log.split('tick').length - 1);
  assert.ok(Math.max(a, b) > 3 && Math.min(a, b) === 0 && stranger > 3, String([a, b, stranger]));
});

test('messages are answered while Redis is away', async (t) => {
  const redis = await makeRedis(t);
  const bot = await startBot(t, { script: 'function on_message(msg) return msg.content end', config: { store: redis.url, appid: APPID } });
  await sleep(500); // its first look at the store is over: there is no conversation
  await redis.stop();
  const begun = Date.now();
  for (let i = 0; i < 5; i++) assert.equal(textOf(await bot.deliver(textXml(`away${i}`, { MsgId: String(i) }))), `away${i}`);
  assert.ok(Date.now() - begun < 3000);
});

// A name server that never answers: a socket that is never read, and a view of /etc that names it as the server.
const NAMING = `local runs = 0
function on_message(msg)
  runs = runs + 1
  return msg.content .. " " .. runs .. " by " .. wechat.config.log_format
end`;

test('what was answered while Redis was away is told to it when it is back: another process answers alike', async (t) => {
  const redis = await makeRedis(t);
  const [a, b] = await Promise.all(['text', 'json'].map((name) => startBot(t, { script: NAMING, config: { store: redis.url, appid: APPID, log_format: name } })));
  for (let round = 1; round <= 2; round++) {
    await redis.stop();
    const answers = await Promise.all([1, 2, 3, 4, 5].map((i) => a.deliver(textXml(`m${round}${i}`, { MsgId: `${round}${i}` }))));
    await sleep(1300); // by now it is tried every half second
    await redis.start();
    await sleep(1500);
    for (const [i, answer] of answers.entries()) {
      const again = await b.deliver(textXml(`m${round}${i + 1}`, { MsgId: `${round}${i + 1}` }));
      assert.equal(textOf(again), textOf(answer));
      assert.match(textOf(again), /by text$/);
    }
  }
});

// Nearly all of their time is waiting: they wait together.
test.describe('a try that another process gets just as Redis is back waits for the first one', { concurrency: 4 }, () => {
  for (const late_reply of ['retry', 'keep']) {
    for (const seconds of [1.5, 6]) {
      test(`${late_reply}, ${seconds} s`, async (t) => {
        const redis = await makeRedis(t);
        const script = `function on_message(msg)
          wechat.sleep(${seconds})
          return msg.content .. " by " .. wechat.config.log_format
        end`;
        const [a, b] = await Promise.all(['text', 'json'].map((name) => startBot(t, { script, config: { store: redis.url, appid: APPID, log_format: name,
          deadline_ms: 1000, late_reply } })));
        const xml = textXml('x', { CreateTime: Math.floor(Date.now() / 1000) });
        await redis.stop();
        a.deliver(xml, { timeoutMs: 1500 }).catch(() => {}); // held, and closed by the platform
        await sleep(3100); // after 3 s a message may be another try
        await redis.start();
        let again;
        for (let i = 0; i < 4 && !again; i++) again = await b.deliver(xml, { timeoutMs: 5000 }).catch(() => null);
        assert.equal(textOf(again), 'x by text');
      });
    }
  }
});

test('a Redis that does not answer keeps no message past its deadline, nor does it keep a bot from starting', async (t) => {
  const redis = await makeRedis(t);
  const bot = await startBot(t, { script: NAMING, config: { store: redis.url, appid: APPID, deadline_ms: 1500 } });
  assert.match(await bot.say('warm'), /^warm/);
  redis.signal('SIGSTOP');
  const elapsed = stopwatch(bot);
  await Promise.all(Array.from({ length: 200 }, (_, i) => bot.deliver(textXml(`s${i}`))));
  const ms = elapsed();
  assert.ok(ms < 1900, `${ms} ms`);
  const starting = Date.now();
  const other = await startBot(t, { script: NAMING, config: { store: redis.url, appid: APPID } });
  assert.match(await other.say('hi'), /^hi/);
  assert.ok(Date.now() - starting < 5000, `${Date.now() - starting} ms`);
  redis.signal('SIGCONT');
});

test('messages that wait for a silent Redis hold no thread', async (t) => {
  const redis = await makeRedis(t);
  const bot = await startBot(t, { script: NAMING, config: { store: redis.url, appid: APPID, threads: 3, watch: false } });
  assert.match(await bot.say('warm'), /^warm/);
  redis.signal('SIGSTOP');
  let waiting = 60;
  const elapsed = stopwatch(bot);
  const answers = Array.from({ length: waiting }, (_, i) => bot.deliver(textXml(`s${i}`), { agent: false }).finally(() => { waiting--; }));
  await sleep(600);
  assert.equal(waiting, 60);
  assert.equal((await bot.request({ method: 'GET', path: '/none', agent: false })).status, 404); // a thread is free
  assert.equal(waiting, 60);
  for (const answer of await Promise.all(answers)) assert.match(textOf(answer), /^s\d+ /);
  const ms = elapsed();
  assert.ok(ms < 1900, `${ms} ms`);
  redis.signal('SIGCONT');
});

test('the several calls that a message makes of a slow Redis take 0.9 s in all', async (t) => {
  const redis = await makeRedis(t);
  const clients = [];
  let delay = 0;
  const slow = net.createServer((client) => {
    clients.push(client);
    const server = net.connect(redis.port, '127.0.0.1');
    client.on('data', (data) => server.write(data));
    server.on('data', (data) => setTimeout(() => client.writable && client.write(data), delay));
    for (const [one, other] of [[client, server], [server, client]]) one.on('close', () => other.destroy()).on('error', () => {});
  });
  await new Promise((resolve) => slow.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { slow.close(); for (const client of clients) client.destroy(); });
  const url = redis.url.replace(`:${redis.port}`, `:${slow.address().port}`);
  const [a, b] = await Promise.all([redis.url, url].map((store) => startBot(t, { script: NAMING, config: { store, appid: APPID } })));
  const message = textXml('once');
  assert.match(textOf(await a.deliver(message)), /^once/);
  delay = 700; // the claim is refused after 700 ms, and the stored answer would arrive after 1,400
  const elapsed = stopwatch(b);
  assert.match(textOf(await b.deliver(message)), /^once/);
  const ms = elapsed();
  assert.ok(ms < 1200, `${ms} ms`);
});

test('a Redis whose name cannot be looked up is away within a second, too', async (t) => {
  const dir = tempDir(t);
  const silent = dgram.createSocket('udp4');
  atEnd(t, () => silent.close());
  const bound = await new Promise((resolve) => silent.on('error', () => resolve(false)).bind(53, '127.0.0.1', () => resolve(true)));
  const unshared = bound && spawnSync('unshare', ['-m', 'true']).status === 0;
  if (!unshared) return t.skip('needs the right to be a name server');
  writeFiles(dir, { 'resolv.conf': 'nameserver 127.0.0.1\n', 'nsswitch.conf': 'hosts: files dns\n',
    'x.lua': 'local began = os.time() local ok, err = wechat.store.set("a", 1) return os.time() - began <= 1 and err' });
  const views = ['resolv.conf', 'nsswitch.conf'].map((name) => `mount --bind ${dir}/${name} /etc/${name}`).join(' && ');
  const began = Date.now();
  const { stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', `${views} && exec ${BINARY} exec --store redis://redis.example:6379 x.lua`],
    { cwd: dir, encoding: 'utf8', timeout: 30000 });
  assert.match(stdout, /store: Redis at redis\.example:6379: its name is still being looked up/, stderr);
  assert.ok(Date.now() - began < 5000);
});

test('a Redis that deletes keys when its memory is full is warned of, once', async (t) => {
  const redis = await makeRedis(t);
  redis.cli('config', 'set', 'maxmemory', '100mb');
  redis.cli('config', 'set', 'maxmemory-policy', 'allkeys-lru');
  const bot = await startBot(t, { script: 'function on_message() return "x" end', config: { store: redis.url } });
  await bot.waitForLog(/warn .*Redis at \S+ deletes keys .*maxmemory-policy allkeys-lru\): owed answers and conversations can be lost/);
  await sleep(2500); // it is looked at each second
  assert.equal(bot.log.match(/maxmemory-policy allkeys-lru/g).length, 1);
});
