// Three processes on one Redis behind nginx with TLS, configured as in the README, and a platform that behaves as
// documented: waits five seconds, tries three times with the same MsgId, and judges by status and body alone.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { ImpatientPlatform, certify } = require('./impatient');
const { connects, makeRedis } = require('./redis');
const { atEnd, APPID, freePort, sleep, tempDir, writeFiles, startBot, until } = require('./harness');

const PORTS = ['8081', '8082', '8083'];

// ---- nginx ----------------------------------------------------------------------------------------------------------

function readmeConfig() {
  const readme = fs.readFileSync(path.join(__dirname, '../../README.md'), 'utf8');
  return /```nginx\n([^]*?)```/.exec(readme)[1];
}

async function startNginx(t, ports) {
  const dir = tempDir(t);
  const port = await freePort();
  certify(dir);
  let site = readmeConfig();
  PORTS.forEach((written, i) => { site = site.replace(`127.0.0.1:${written}`, `127.0.0.1:${ports[i]}`); });
  site = site.replace('listen 443 ssl;', `listen 127.0.0.1:${port} ssl; ssl_certificate cert.pem; ssl_certificate_key key.pem;`);
  writeFiles(dir, { 'nginx.conf': `daemon off; master_process off; pid nginx.pid; error_log error.log; worker_rlimit_nofile 4096;
    events { worker_connections 1024; }
    http { access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    ${site} }` });
  const child = spawn('nginx', ['-p', dir, '-c', path.join(dir, 'nginx.conf')], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('close', resolve));
  atEnd(t, async () => { child.kill('SIGTERM'); await ended; });
  await until(() => connects(port), 'nginx');
  return { port, ca: fs.readFileSync(path.join(dir, 'cert.pem')) };
}

// ---- platform -------------------------------------------------------------------------------------------------------

class Platform extends ImpatientPlatform {
  // Sends `count` messages of 60 users, one every `everyMs`; resolves to the answers, in order.
  async load(count, everyMs, contentOf) {
    const answers = [];
    for (let i = 0; i < count; i++) {
      answers.push(this.say(contentOf(i), `oUser${i % 60}`, String(1000 + i)));
      await sleep(everyMs);
    }
    return Promise.all(answers);
  }
}

// ---- processes ------------------------------------------------------------------------------------------------------

const SCRIPT = `function on_message(msg)
  if msg.content == "who" then return wechat.config.listen end
  if msg.content == "talk" then
    local first = wechat.ask("first?").content
    return first .. " " .. wechat.ask("second?").content
  end
  local session = wechat.session()
  if msg.content == "count" then
    if not session then return "no session" end
    session.n = (session.n or 0) + 1
    return tostring(session.n)
  end
  local runs = wechat.store.incr("runs:" .. msg.content) or "?"
  if msg.content:find("slow") then wechat.sleep(0.5) end
  return msg.content .. " " .. runs
end`;

async function startThree(t) {
  const redis = await makeRedis(t);
  const ports = await Promise.all(PORTS.map(freePort));
  const start = (port) => startBot(t, { script: SCRIPT, config: { store: redis.url, appid: APPID, listen: `127.0.0.1:${port}` } });
  const bots = await Promise.all(ports.map(start));
  const nginx = await startNginx(t, ports);
  return { redis, bots, ports, start, platform: new Platform(t, nginx.port, { ca: nginx.ca }) };
}

test('all three answer, each user\'s messages in one process', async (t) => {
  const { platform } = await startThree(t);
  const users = Array.from({ length: 30 }, (_, i) => `oUser${i}`);
  const first = await Promise.all(users.map((user) => platform.say('who', user)));
  const second = await Promise.all(users.map((user) => platform.say('who', user)));
  assert.deepEqual(first, second);
  assert.equal(new Set(first).size, 3);
});

test('conversations behind the proxy go on, and sessions are the same everywhere', async (t) => {
  const { platform, bots } = await startThree(t);
  await Promise.all(Array.from({ length: 30 }, async (_, i) => {
    const user = `oUser${i}`;
    assert.equal(await platform.say('talk', user), 'first?');
    assert.equal(await platform.say('a', user), 'second?');
    assert.equal(await platform.say('b', user), 'a b');
  }));
  const counts = [];
  for (const bot of [...bots, ...bots]) counts.push(await bot.say('count', { fields: { FromUserName: 'oCounted' } }));
  assert.deepEqual(counts, ['1', '2', '3', '4', '5', '6']);
});

test('one process is killed under load: every message is answered, and only what died with it is run again', async (t) => {
  const { platform, bots } = await startThree(t);
  const loading = platform.load(300, 8, (i) => (i % 3 ? `quick${i}` : `slow${i}`));
  await sleep(1200);
  await bots[1].kill();
  const answers = await loading;
  const again = answers.filter((answer) => !answer.endsWith(' 1'));
  answers.forEach((answer, i) => assert.match(answer, new RegExp(`^(quick|slow)${i} [12]$`)));
  assert.ok(again.length > 0 && again.length < 40, `${again.length} of 300 ran twice: ${again}`);
});

test('a rolling restart: the platform sees no failure', async (t) => {
  const { platform, bots, ports, start } = await startThree(t);
  let rolling = true;
  const loading = (async () => {
    const answers = [];
    for (let i = 0; rolling; i++) {
      answers.push(platform.say(i % 3 ? `quick${i}` : `slow${i}`, `oUser${i % 60}`, String(1000 + i)));
      await sleep(8);
    }
    return Promise.all(answers);
  })();
  for (let i = 0; i < 3; i++) {
    await sleep(400);
    await bots[i].stop();
    bots[i] = await start(ports[i]);
  }
  await sleep(400);
  rolling = false;
  const answers = await loading;
  answers.forEach((answer, i) => assert.match(answer, new RegExp(`^(quick|slow)${i} 1$`)));
  assert.ok(answers.length > 150);
  assert.deepEqual(platform.failures, []);
});

test('Redis is restarted under load: every message is answered', async (t) => {
  const { platform, redis } = await startThree(t);
  const loading = platform.load(300, 10, (i) => (i % 3 ? `quick${i}` : `slow${i}`));
  await sleep(800);
  await redis.stop();
  await sleep(800);
  await redis.start();
  const answers = await loading;
  answers.forEach((answer, i) => assert.match(answer, new RegExp(`^(quick|slow)${i} `)));
  assert.deepEqual(platform.failures, []);
  await until(async () => (await platform.say('count', 'oUser1')) !== 'no session', 'sessions to come back');
});
