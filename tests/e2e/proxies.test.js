// The README's proxies, each loaded as printed, in front of three processes on one SQLite file.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { ImpatientPlatform, certify } = require('./impatient');
const { connects } = require('./redis');
const { atEnd, freePort, sleep, startBot, tempDir, textXml, until, writeFiles } = require('./harness');

const README = fs.readFileSync(path.join(__dirname, '../../README.md'), 'utf8');
const block = (pattern) => [...README.matchAll(/^```\w*\n([^]*?)^```$/gm)].map((match) => match[1]).find((text) => pattern.test(text));
const has = (program, ...args) => spawnSync(program, args).status === 0;

// Replaces the ports of the README's block with the bots' own.
function onPorts(text, ports) {
  assert.ok(text, 'the README has the block');
  ['8081', '8082', '8083'].forEach((written, i) => {
    assert.ok(text.includes(`127.0.0.1:${written}`), written);
    text = text.replaceAll(`127.0.0.1:${written}`, `127.0.0.1:${ports[i]}`);
  });
  return text;
}

// The surroundings of each block in a test: an unprivileged port, a certificate, files below `dir`.
const proxies = {
  nginx: {
    there: has('nginx', '-v'),
    configure(dir, port, ports) {
      const site = onPorts(block(/^upstream wemoon/m), ports)
        .replace('listen 443 ssl;', `listen 127.0.0.1:${port} ssl; ssl_certificate cert.pem; ssl_certificate_key key.pem;`);
      writeFiles(dir, { 'nginx.conf': `daemon off; master_process off; pid nginx.pid; error_log error.log; events { worker_connections 512; }
        http { access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;\n${site} }` });
      return ['nginx', '-p', dir, '-c', path.join(dir, 'nginx.conf')];
    },
    check: (command) => [...command, '-t'],
  },
  caddy: {
    there: has('caddy', 'version'),
    configure(dir, port, ports) {
      writeFiles(dir, { Caddyfile: `{\n admin off\n https_port ${port}\n local_certs\n skip_install_trust\n auto_https disable_redirects\n` +
        ` storage file_system ${dir}/caddy\n}\n${onPorts(block(/^bot\.example\.com \{/m), ports)}` });
      return ['caddy', 'run', '--adapter', 'caddyfile', '--config', path.join(dir, 'Caddyfile')];
    },
    check: (command) => ['caddy', 'validate', ...command.slice(2)],
    // Caddy 2.6.2 cannot send a body twice: it closes the connection, and the platform retries.
    leavesToPlatform: true,
  },
  haproxy: {
    there: has('haproxy', '-v'),
    configure(dir, port, ports) {
      writeFiles(dir, { 'haproxy.cfg': onPorts(block(/^backend bots/m), ports).replace('bind :443', `bind 127.0.0.1:${port}`)
        .replace('/etc/haproxy/bot.example.com.pem', path.join(dir, 'both.pem')) });
      return ['haproxy', '-f', path.join(dir, 'haproxy.cfg')];
    },
    check: (command) => [...command, '-c'],
  },
};

const SCRIPT = `function on_message(msg)
  if msg.content == "who" then return wechat.config.listen end
  local runs = wechat.store.incr("runs:" .. msg.content)
  if msg.content:find("slow") then wechat.sleep(0.3) end
  return msg.content .. " " .. runs
end`;

async function startShop(t, kind) {
  const dir = tempDir(t);
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  const start = (port) => startBot(t, { script: SCRIPT, config: { store: `sqlite:${path.join(dir, 'wemoon.db')}`, listen: `127.0.0.1:${port}` } });
  const bots = await Promise.all(ports.map(start));
  const port = await freePort();
  certify(dir);
  fs.writeFileSync(path.join(dir, 'both.pem'), fs.readFileSync(path.join(dir, 'cert.pem')) + fs.readFileSync(path.join(dir, 'key.pem')));
  const command = proxies[kind].configure(dir, port, ports);
  const checked = spawnSync(...[proxies[kind].check(command)].flatMap(([program, ...args]) => [program, args]), { encoding: 'utf8' });
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
  const child = spawn(command[0], command.slice(1), { stdio: 'ignore', env: { ...process.env, HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir } });
  const ended = new Promise((resolve) => child.on('close', resolve));
  atEnd(t, async () => { child.kill('SIGTERM'); await ended; });
  await until(() => connects(port), kind, 10000);
  const platform = new Platform(t, port, { rejectUnauthorized: false });
  // Caddy creates its certificate after it has started to listen.
  await until(async () => (await platform.post(textXml('who'), 'oNobody')).status === 200, `${kind} to answer`, 15000);
  return { bots, ports, start, platform };
}

class Platform extends ImpatientPlatform {
  // Sends a message of one of 40 users every 8 ms while `act` runs; each must be answered, and run at most twice.
  async loadWhile(act) {
    let loading = true;
    const acting = act().finally(() => { loading = false; });
    const answers = [];
    for (let i = 0; loading; i++) {
      const content = `${i % 3 ? 'quick' : 'slow'}${i}`;
      answers.push(this.say(content, `oUser${i % 40}`, String(1000 + i)).then((answer) => {
        assert.match(answer, new RegExp(`^${content} [12]$`));
        return answer;
      }));
      await sleep(8);
    }
    await acting;
    return Promise.all(answers);
  }
}

for (const kind of Object.keys(proxies)) {
  const options = { skip: !proxies[kind].there && `there is no ${kind} here` };

  test(`${kind}: each user's messages meet one process; refusals name the other side; another path is 404`, options, async (t) => {
    const { platform, bots } = await startShop(t, kind);
    const users = Array.from({ length: 30 }, (_, i) => `oUser${i}`);
    const first = await Promise.all(users.map((user) => platform.say('who', user)));
    assert.deepEqual(await Promise.all(users.map((user) => platform.say('who', user))), first);
    assert.equal(new Set(first).size, 3);
    const refused = await platform.post(textXml('x'), 'oUser1', '/wechat', { signature: 'forged' });
    assert.equal(refused.status, 403);
    await until(() => bots.some((bot) => /from 127\.0\.0\.1.* with 403/.test(bot.log)), 'the refusal');
    assert.ok([200, 404].includes((await platform.post('x', 'oUser1', '/elsewhere')).status)); // Caddy's empty answer has status 200
    assert.deepEqual(platform.failures, []);
  });

  test(`${kind}: a process is killed: its users are answered by the others`, options, async (t) => {
    const { platform, bots } = await startShop(t, kind);
    const answers = await platform.loadWhile(async () => {
      await sleep(700);
      await bots[1].kill();
      await sleep(2500);
    });
    const again = answers.filter((answer) => !answer.endsWith(' 1'));
    assert.ok(again.length < 40, `${again.length} of ${answers.length} ran twice`);
    assert.ok(platform.failures.length < 40, `${platform.failures.length} of ${answers.length}: ${platform.failures}`);
    const began = Date.now();
    await Promise.all(Array.from({ length: 40 }, (_, i) => platform.say('who', `oUser${i}`)));
    assert.ok(Date.now() - began < 3000, `${Date.now() - began} ms`);
  });

  test(`${kind}: a rolling restart: every message is answered and run once`, options, async (t) => {
    const { platform, bots, ports, start } = await startShop(t, kind);
    const answers = await platform.loadWhile(async () => {
      for (let i = 0; i < 3; i++) {
        await sleep(1200);
        await bots[i].stop();
        bots[i] = await start(ports[i]);
      }
      await sleep(400);
    });
    assert.deepEqual(answers.filter((answer) => !answer.endsWith(' 1')), []);
    if (!proxies[kind].leavesToPlatform) assert.deepEqual(platform.failures, []);
    for (const bot of bots) assert.doesNotMatch(bot.log, /error|refused/); // HAProxy's health checks log nothing
  });
}
