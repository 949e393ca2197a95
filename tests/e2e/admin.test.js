// The admin address: health, figures, reload; log lines and the log file; notifications of the service manager.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const { atEnd, startBot, wemoon, tempDir, eventXml, textXml, freePort, sleep, until } = require('./harness');

const echo = 'function on_message(msg) if msg.content == "fail" then error("oops") end return msg.content end';

async function startAdmin(t, options = {}) {
  const port = await freePort();
  const bot = await startBot(t, { script: echo, ...options, config: { admin_listen: `127.0.0.1:${port}`, ...options.config } });
  const ask = async (path, init) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, init);
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text(), allow: answer.headers.get('allow') };
  };
  return { bot, ask, port };
}

// Parses the exposition format strictly: HELP and TYPE precede the samples of a family, no sample is repeated,
// histograms add up.
function parseMetrics(text) {
  assert.ok(text.endsWith('\n'));
  const families = new Map();
  const samples = new Map();
  for (const line of text.trimEnd().split('\n')) {
    const comment = /^# (HELP|TYPE) ([a-z_:][a-z0-9_:]*) (.+)$/.exec(line);
    if (comment) {
      const family = families.get(comment[2]) || {};
      assert.ok(!(comment[1] in family), `${line}: twice`);
      families.set(comment[2], { ...family, [comment[1]]: comment[3] });
      continue;
    }
    const sample = /^([a-z_:][a-z0-9_:]*)(\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?[0-9.e+]+)$/.exec(line);
    assert.ok(sample, `no sample: ${line}`);
    const family = families.get(sample[1]) || families.get(sample[1].replace(/_(bucket|sum|count)$/, ''));
    assert.ok(family && family.HELP && family.TYPE, `${line}: without HELP and TYPE`);
    if (family.TYPE === 'counter') assert.match(sample[1], /_total$/);
    const key = sample[1] + (sample[2] || '');
    assert.ok(!samples.has(key), `${key}: twice`);
    samples.set(key, Number(sample[4]));
  }
  let before; // the samples of a family are contiguous, after its HELP and TYPE
  const over = new Set();
  for (const key of samples.keys()) {
    const name = /^[^{]+/.exec(key)[0], family = families.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
    assert.ok(!over.has(family), `${key}: apart from its family`);
    if (before && before !== family) over.add(before);
    before = family;
  }
  for (const [name, family] of families) {
    assert.match(family.TYPE, /^(counter|gauge|histogram)$/, name);
    assert.doesNotMatch(name, /_(ms|us|minutes|hours|kb|mb|kilobytes|megabytes|percent)(_total)?$/, `${name}: not a base unit`);
  }
  for (const [key, count] of samples) {
    if (families.get(key.replace(/_bucket\{.*/, ''))?.TYPE === 'histogram') {
      const rest = key.replace(/,?le="[^"]+"/, '').replace('{}', '');
      for (const part of ['_sum', '_count']) assert.ok(samples.has(rest.replace('_bucket', part)), `${key}: without ${part}`);
    }
    const histogram = /^(.*)_count(\{.*\})?$/.exec(key);
    if (!histogram) continue;
    const labels = histogram[2] ? `${histogram[2].slice(0, -1)},le="+Inf"}` : '{le="+Inf"}';
    assert.equal(samples.get(`${histogram[1]}_bucket${labels}`), count, key);
  }
  let last; // buckets are in order, and each includes those before it
  for (const [key, count] of samples) {
    const bucket = /^(.*_bucket\{.*)le="([^"]+)"\}$/.exec(key);
    const limit = bucket && Number(bucket[2].replace('+Inf', 'Infinity'));
    if (bucket && last && last.name === bucket[1]) assert.ok(limit > last.limit && count >= last.count, key);
    last = bucket && { name: bucket[1], limit, count };
  }
  return samples;
}

test('/healthz says that the bot answers, with script, store and token', async (t) => {
  const { bot, ask } = await startAdmin(t);
  const { status, type, text } = await ask('/healthz');
  assert.equal(status, 200);
  assert.match(type, /^application\/json/);
  const health = JSON.parse(text);
  assert.equal(health.status, 'ok');
  assert.deepEqual(health.store, { kind: 'sqlite', ok: true, error: null });
  assert.equal(health.script.error, null);
  assert.deepEqual(health.access_token, { expires_in_s: null });
  assert.ok(health.script.file.endsWith('bot.lua'));
  assert.equal((await bot.request({ method: 'GET', path: '/healthz' })).status, 404); // not on the platform's address
});

test('/healthz keeps 200 and says file and line when a reload failed, until it is mended', async (t) => {
  const { bot, ask } = await startAdmin(t);
  bot.write('bot.lua', 'function on_message(msg)\n  return (\nend\n');
  await until(async () => JSON.parse((await ask('/healthz')).text).script.error, 'the error');
  const health = await ask('/healthz');
  assert.equal(health.status, 200);
  assert.match(JSON.parse(health.text).script.error, /bot\.lua:3: /);
  assert.equal(await bot.say('still'), 'still');
  bot.write('bot.lua', 'function on_message(msg) return "mended" end\n');
  await until(async () => JSON.parse((await ask('/healthz')).text).script.error === null, 'no error');
});

test('/metrics counts callbacks by type and outcome, reloads and durations', async (t) => {
  const { bot, ask } = await startAdmin(t);
  await bot.say('hi');
  await bot.say('fail');
  await bot.deliver(eventXml('CLICK', { EventKey: 'K' }));
  await bot.request({ body: textXml('forged'), query: { signature: 'x', timestamp: '1', nonce: 'n' } });
  await bot.deliver(eventXml('we"ird\nname', { EventKey: 'K' }));
  const samples = parseMetrics((await ask('/metrics')).text);
  assert.equal(samples.get('wemoon_callbacks_total{type="text",outcome="replied"}'), 1);
  assert.equal(samples.get('wemoon_callbacks_total{type="text",outcome="failed"}'), 1);
  assert.equal(samples.get('wemoon_callbacks_total{type="click",outcome="success"}'), 1);
  assert.equal(samples.get('wemoon_callbacks_total{type="none",outcome="refused"}'), 1);
  assert.equal(samples.get('wemoon_callback_duration_seconds_count{outcome="success"}'), 2);
  assert.equal(samples.get('wemoon_reloads_total{result="success"}'), 1);
  assert.equal(samples.get('wemoon_http_threads'), 64);
});

test('promtool accepts the metrics', async (t) => {
  if (spawnSync('promtool', ['--version']).error) return t.skip('no promtool here');
  const { bot, ask } = await startAdmin(t);
  for (const content of ['hi', 'fail']) await bot.say(content);
  const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], { input: (await ask('/metrics')).text, encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
  assert.equal(stdout + stderr, '');
});

test('message types that a stranger invents do not grow the metrics without bound', async (t) => {
  const { bot, ask } = await startAdmin(t);
  for (let i = 0; i < 300; i++) await bot.deliver(eventXml(`made_up_${i}`, { EventKey: 'K' }));
  const samples = parseMetrics((await ask('/metrics')).text);
  const types = [...samples.keys()].filter((key) => key.startsWith('wemoon_callbacks_total'));
  assert.ok(types.length <= 201, `${types.length}`);
  assert.ok(samples.get('wemoon_callbacks_total{type="other",outcome="success"}') >= 100);
});

test('POST /reload loads anew or says why not; other methods, paths and pages of other sites are refused', async (t) => {
  const { bot, ask } = await startAdmin(t, { config: { watch: false } });
  bot.write('bot.lua', 'function on_message(msg) return "new" end');
  assert.equal(await bot.say('a'), 'a');
  assert.deepEqual((await ask('/reload', { method: 'POST' })).text, 'reloaded\n');
  assert.equal(await bot.say('a'), 'new');
  bot.write('bot.lua', 'function on_message(');
  const failed = await ask('/reload', { method: 'POST' });
  assert.equal(failed.status, 500);
  assert.match(failed.text, /bot\.lua:1: /);
  assert.equal(await bot.say('a'), 'new');
  assert.deepEqual((({ status, allow }) => ({ status, allow }))(await ask('/reload')), { status: 405, allow: 'POST' });
  assert.equal((await ask('/')).status, 404);
  assert.equal((await ask('/reload', { method: 'POST', headers: { Origin: 'http://evil.example' } })).status, 403);
});

test('wemoon status prints it readably', async (t) => {
  const { bot, port } = await startAdmin(t);
  await bot.say('hi');
  const { stdout } = await wemoon(['status', '--admin-listen', String(port)], { cwd: bot.dir, code: 0 });
  assert.match(stdout, /^state +ok/m);
  assert.match(stdout, /^callbacks +text replied 1$/m);
  assert.match(stdout, /^loads +success 1$/m);
});

test('wemoon status --json: the same facts as one object on one line, for jq', async (t) => {
  const { bot, ask, port } = await startAdmin(t);
  await bot.say('hi');
  await bot.say('fail');
  const strange = 'a"}] \\ 7 {b\u009b';
  await bot.deliver(eventXml(strange, { EventKey: 'K' }));
  const { stdout, stderr } = await wemoon(['status', '--json', '--admin-listen', String(port)], { cwd: bot.dir, code: 0 });
  assert.equal(stderr, '');
  assert.match(stdout, /^\{[^\n\u0080-\u009f]*\}\n$/);
  const jq = (filter) => {
    const ran = spawnSync('jq', ['-c', filter], { input: stdout, encoding: 'utf8' });
    assert.equal(ran.status, 0, ran.stderr);
    return JSON.parse(ran.stdout);
  };
  const { uptime_s: _, ...health } = JSON.parse((await ask('/healthz')).text);
  assert.deepEqual(jq('del(.uptime_s, .callbacks, .api_calls, .late_replies, .loads, .lost_answers)'), health);
  assert.equal(typeof jq('.uptime_s'), 'number');
  assert.equal(jq('.callbacks[] | select(.type == "text" and .outcome == "replied") | .count'), 1);
  assert.deepEqual(jq('[.callbacks[] | select(.type != "text")]'), [{ type: strange, outcome: 'success', count: 1 }]);
  assert.deepEqual(jq('[.callbacks[].count == 0] | any'), false);
  assert.deepEqual(jq('[.loads, .api_calls, .late_replies, .lost_answers]'), [[{ result: 'success', count: 1 }], [], [], []]);
  const readable = (await wemoon(['status', '--admin-listen', String(port)], { cwd: bot.dir, code: 0 })).stdout;
  assert.match(readable, /^callbacks {7}a"\}\] \\ 7 \{b\\xC2\\x9B success 1$/m);
});

test('wemoon status --json of a bot that is stopping is printed, with exit 1; of what is no bot nothing is', async (t) => {
  const stopping = '{"status":"stopping","version":"0.2.0","script":{},"jobs":1';
  const answers = { '/healthz': `${stopping}}`, '/metrics': '' };
  const server = http.createServer((request, response) => {
    response.statusCode = request.url === '/healthz' ? 503 : 200;
    response.end(answers[request.url]);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { server.closeAllConnections(); server.close(); });
  const url = `http://127.0.0.1:${server.address().port}`;
  const status = (code) => wemoon(['status', '--json', '--url', url], { cwd: tempDir(t), code });
  assert.equal((await status(1)).stdout, `${stopping},"callbacks":[],"api_calls":[],"late_replies":[],"loads":[],"lost_answers":[]}\n`);
  for (const other of ['{"state":"up"}', '[]', '5', '{"status":"ok"}', '{"status":"ok","version":"7"}', '{"status":"ok","script":{}}', '{"status":"ok","version":"7","script":"a"}']) {
    answers['/healthz'] = other;
    const { stdout, stderr } = await status(1);
    assert.deepEqual([stdout, stderr], ['', `wemoon: status: ${url} answers no bot's state: is that the admin address?\n`]);
  }
  const nobody = await wemoon(['status', '--json', '--url', 'http://127.0.0.1:1'], { cwd: tempDir(t), code: 1 });
  assert.equal(nobody.stdout, '');
  assert.match((await wemoon(['status', '--json'], { cwd: tempDir(t), code: 2 })).stderr, /admin_listen is not set/);
});

test('wemoon status without a running bot: exit 1 and the reason; without an address: exit 2', async (t) => {
  const cwd = tempDir(t);
  const { stderr } = await wemoon(['status', '--url', 'http://127.0.0.1:1'], { cwd, code: 1 });
  assert.match(stderr, /: is the bot running\? start it with wemoon run BOT\.lua, or give its admin address with --url\n$/);
  assert.match(stderr, /^wemoon: status: .*127\.0\.0\.1/);
  await wemoon(['status'], { cwd, code: 2 });
});

test('a stranger\'s text cannot forge a line of the log', async (t) => {
  const bot = await startBot(t, { script: echo, config: { log_format: 'json' } });
  await bot.deliver(eventXml('x\n2026-01-01 00:00:00.000 error forged', { EventKey: 'K', FromUserName: 'o\u001b[2J"\n}' }));
  await bot.waitForLog(/"success"/);
  for (const line of bot.log.trimEnd().split('\n')) assert.equal(typeof JSON.parse(line).msg, 'string');
});

test('the log goes to a file, and to a new one when that was renamed or at SIGUSR1', async (t) => {
  const dir = tempDir(t);
  const file = `${dir}/w.log`;
  const bot = await startBot(t, { script: echo, config: { log_file: file } });
  await bot.say('one');
  await until(() => /type=text/.test(fs.readFileSync(file, 'utf8')), 'the first line');
  fs.renameSync(file, `${file}.1`);
  await sleep(1100);
  await bot.say('two');
  await until(() => fs.existsSync(file), 'a new file after the rename');
  fs.renameSync(file, `${file}.2`);
  bot.signal('SIGUSR1');
  await until(() => fs.existsSync(file), 'a new file after SIGUSR1');
  await bot.say('three');
  assert.match(fs.readFileSync(`${file}.1`, 'utf8'), /type=text/);
  await until(() => /type=text/.test(fs.readFileSync(file, 'utf8')), 'the third line');
  assert.doesNotMatch(bot.log, /type=text/);
});

test('a log file that cannot be written: exit 2, named', async (t) => {
  const cwd = tempDir(t);
  fs.writeFileSync(`${cwd}/bot.lua`, echo);
  const { stderr } = await wemoon(['run', 'bot.lua', '--token', 't', '--log-file', '/nowhere/w.log'], { cwd, code: 2 });
  assert.match(stderr, /log_file: cannot write \/nowhere\/w\.log: No such file or directory/);
});

// Collects the notifications that a service manager receives; undefined if no helper can listen.
async function listenAsManager(t) {
  const file = `${tempDir(t)}/notify`;
  const said = [];
  // Node has no Unix datagram sockets: a Python helper is used if Python is installed.
  const script = `import socket,sys
s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM); s.bind(sys.argv[1]); print("bound",flush=True)
while True: print(s.recv(200).decode(),flush=True)`;
  const listener = spawn('python3', ['-c', script, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const missing = await new Promise((resolve) => {
    listener.on('error', () => resolve(true));
    listener.stdout.once('data', () => resolve(false));
  });
  if (missing) return undefined;
  atEnd(t, () => listener.kill());
  listener.stdout.on('data', (chunk) => said.push(...chunk.toString().trim().split('\n')));
  return { said, env: { NOTIFY_SOCKET: file, WATCHDOG_USEC: '100000' } };
}

test('a service manager is told READY, WATCHDOG and STOPPING', async (t) => {
  const manager = await listenAsManager(t);
  if (!manager) return t.skip('no python3');
  const { said, env } = manager;
  const bot = await startBot(t, { script: echo, env });
  await until(() => said.includes('READY=1'), 'READY=1');
  await until(() => said.filter((line) => line === 'WATCHDOG=1').length > 3, 'WATCHDOG=1');
  await bot.stop();
  await until(() => said.includes('STOPPING=1'), 'STOPPING=1');
});

test('messages that wait three seconds without a turn: 503, and the watchdog is not told; both end with it', { timeout: 60000 }, async (t) => {
  const manager = await listenAsManager(t);
  if (!manager) return t.skip('no python3');
  const { said, env } = manager;
  const { bot, ask } = await startAdmin(t, { env, config: { script_cpu_ms: 30000, late_reply: 'drop', deadline_ms: 1000 }, script: `
function on_message(msg)
  local over = os.time() + (tonumber(msg.content) or 0)
  while os.time() < over do end
  return "ran"
end` });
  const busy = bot.deliver(textXml('8'), { agent: false });
  await sleep(200);
  const waiting = bot.deliver(textXml('0', { FromUserName: 'oWaits' }), { agent: false });
  await sleep(1500);
  assert.equal((await ask('/healthz')).status, 200); // the call has waited for less than three seconds
  await until(async () => (await ask('/healthz')).status === 503, '503');
  assert.equal(JSON.parse((await ask('/healthz')).text).status, 'stalled');
  await sleep(200);
  const before = said.length;
  await sleep(1000);
  assert.equal(said.length, before);
  await Promise.all([busy, waiting]);
  await until(async () => (await ask('/healthz')).status === 200, '200', 10000);
  await until(() => said.length > before + 3, 'WATCHDOG=1');
});

test('/metrics and /healthz are served until the last message has ended', async (t) => {
  const { bot, ask } = await startAdmin(t, {
    script: 'function on_message() wechat.sleep(1.5) return "late" end', config: { deadline_ms: 100, late_reply: 'drop' },
  });
  const began = Date.now();
  assert.equal(await bot.say('hi'), null);
  await until(async () => parseMetrics((await ask('/metrics')).text).get('wemoon_jobs') === 1, 'the job');
  bot.signal('SIGTERM');
  await bot.waitForLog(/stopping/);
  let asked = 0;
  for (;; asked++) {
    const health = await ask('/healthz').catch(() => null);
    if (!health) break;
    assert.equal(health.status, 503);
    assert.equal(JSON.parse(health.text).status, 'stopping');
    const figures = await ask('/metrics').catch(() => null);
    if (!figures) break;
    assert.ok(parseMetrics(figures.text).has('wemoon_http_threads'));
    await sleep(20);
  }
  assert.ok(asked > 0 && Date.now() - began >= 1500, `${Date.now() - began} ms`);
});
