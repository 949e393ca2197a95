// Socket activation (LISTEN_FDS): the service manager keeps the sockets, so a restart refuses no connection.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { atEnd, BINARY, TOKEN, cleanEnv, configLua, freePort, signedQuery, sleep, tempDir, textXml, until, wemoon, writeFiles } = require('./harness');

const SCRIPT = 'function on_message(msg) return msg.content .. " " .. tostring(os.getenv("LISTEN_FDS")) end';
const has = (program, ...args) => spawnSync(program, args).status === 0;

function makeDir(t, config = {}) {
  const dir = tempDir(t);
  writeFiles(dir, { 'bot.lua': SCRIPT, 'config.lua': configLua({ token: TOKEN, listen: '127.0.0.1:1', ...config }) });
  return dir;
}

// Starts a program that acts as systemd: `ports` of its sockets, `pids` of the bots that it started. It says that it
// hands `said` of them over.
async function hold(t, count, dir, said = count) {
  const child = spawn('perl', [path.join(__dirname, 'hold_socket.pl'), String(count), BINARY, 'run', path.join(dir, 'bot.lua')],
    { cwd: dir, env: cleanEnv({ SAID: String(said) }), stdio: ['ignore', 'pipe', 'pipe'] });
  const manager = { child, output: '', log: '', ports: [], pids: [] };
  child.stderr.on('data', (chunk) => { manager.log += chunk; });
  child.stdout.on('data', (chunk) => {
    manager.output += chunk;
    manager.ports = (/ports (.*)\n/.exec(manager.output) || ['', ''])[1].split(' ').map(Number);
    manager.pids = [...manager.output.matchAll(/^pid (\d+)$/gm)].map((match) => Number(match[1]));
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  atEnd(t, async () => { child.kill('SIGTERM'); await ended; });
  manager.served = () => [...manager.output.matchAll(/serving .*/g)].length;
  await until(() => manager.served() === 1, `the bot:\n${manager.log}`);
  return manager;
}

function request(port, { method = 'GET', path: where, body } = {}) {
  return new Promise((resolve, reject) => {
    const ask = http.request({ host: '127.0.0.1', port, method, path: where, agent: false,
      headers: body ? { 'Content-Length': Buffer.byteLength(body) } : {} }, (response) => {
      let text = '';
      response.on('data', (chunk) => { text += chunk; });
      response.on('end', () => resolve({ status: response.statusCode, body: text }));
      response.on('error', reject);
    });
    ask.on('error', reject);
    ask.end(body);
  });
}
const say = (port, content) => request(port, { method: 'POST', path: `/wechat?${new URLSearchParams(signedQuery({ token: TOKEN }))}`, body: textXml(content) });

test('the first socket is the callback\'s, the second the admin address\'s; listen is ignored', async (t) => {
  const manager = await hold(t, 2, makeDir(t));
  assert.match((await say(manager.ports[0], 'hi')).body, /<!\[CDATA\[hi nil\]\]>/); // the LISTEN_ variables are unset
  const health = await request(manager.ports[1], { path: '/healthz' });
  assert.equal(JSON.parse(health.body).status, 'ok');
  assert.match(manager.output, new RegExp(`on http://127\\.0\\.0\\.1:${manager.ports[0]}/wechat`));
  assert.match(manager.output, new RegExp(`send .*--url http://127\\.0\\.0\\.1:${manager.ports[0]}/wechat text`));
});

test('the live desk needs no admin_listen where its socket is handed over', async (t) => {
  const config = { admin_token: 'a long enough password' };
  assert.doesNotMatch((await hold(t, 2, makeDir(t, config))).log, /admin_token/);
  assert.match((await hold(t, 1, makeDir(t, config))).log, /admin_token .*: is set without admin_listen/);
});

test('restarts under load: no connection is refused or cut, each message is answered', async (t) => {
  const manager = await hold(t, 1, makeDir(t));
  let loading = true;
  const failures = [];
  const load = (async () => {
    const all = [];
    for (let i = 0; loading; i++) {
      all.push(say(manager.ports[0], `m${i}`).then(({ status, body }) => {
        if (status !== 200 || !body.includes(`m${i} `)) failures.push(`${i}: ${status} ${body}`);
      }, (error) => failures.push(`${i}: ${error.message}`)));
      await sleep(5);
    }
    await Promise.all(all);
    return all.length;
  })();
  for (let n = 1; n <= 4; n++) {
    await sleep(300);
    process.kill(manager.pids[n - 1], 'SIGTERM');
    await until(() => manager.served() === n + 1, `start ${n + 1}`);
  }
  await sleep(200);
  loading = false;
  const count = await load;
  assert.deepEqual(failures, []);
  assert.ok(count > 150, String(count));
});

test('to stop takes no longer for a socket that the manager keeps', async (t) => {
  const manager = await hold(t, 1, makeDir(t));
  await say(manager.ports[0], 'hi');
  const began = Date.now();
  process.kill(manager.pids[0], 'SIGTERM');
  await until(() => manager.pids.length === 2, 'the end of the first');
  assert.ok(Date.now() - began < 1000, `${Date.now() - began} ms`);
});

test('LISTEN_PID of another process: the sockets are not ours', async (t) => {
  const port = await freePort();
  const dir = makeDir(t, { listen: `127.0.0.1:${port}` });
  const child = spawn(BINARY, ['run', 'bot.lua'], { cwd: dir, env: cleanEnv({ LISTEN_PID: '1', LISTEN_FDS: '1' }), stdio: ['ignore', 'pipe', 'ignore'] });
  atEnd(t, () => child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (chunk) => { output += chunk; });
  await until(() => output.includes(`127.0.0.1:${port}`), 'its own address');
});

test('a descriptor that is no listening socket, or is closed, is refused with what to write', async (t) => {
  const dir = makeDir(t, { admin_listen: '127.0.0.1:0' });
  for (const given of ['3</dev/null', '3<&-', '1>&- 3<&-']) {
    const script = `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" run bot.lua ${given}`;
    const { status, signal, stderr } = spawnSync('sh', ['-c', script, BINARY], { cwd: dir, env: cleanEnv(), encoding: 'utf8' });
    assert.deepEqual([given, status, signal], [given, 2, null]);
    assert.match(stderr, /^wemoon: the socket that was handed over \(descriptor 3\) is not a listening TCP socket.*ListenStream=ADDRESS:PORT\n$/m);
  }
});

const SAME_TWICE = `use IO::Socket::INET; use POSIX (); $^F = 100;
my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or die $!;
POSIX::dup2(fileno($socket), 50); POSIX::dup2(50, $_) for 3, 4;
@ENV{qw(LISTEN_PID LISTEN_FDS)} = ($$, 2);
exec @ARGV or die $!;`;
test('one socket that is handed over twice is refused: callbacks would reach the admin address', (t) => {
  const { status, stderr } = spawnSync('perl', ['-e', SAME_TWICE, BINARY, 'run', 'bot.lua'], { cwd: makeDir(t), env: cleanEnv(), encoding: 'utf8', timeout: 20000 });
  assert.match(stderr, /^wemoon: one socket was handed over twice \(LISTEN_FDS, descriptors 3 and 4\).*ListenStream=ADDRESS:PORT for each\n$/m);
  assert.equal(status, 2);
});

test('a descriptor beyond the second that is not a socket of the manager stays as it is', async (t) => {
  const dir = makeDir(t, { log_file: 'bot.log' });
  const manager = await hold(t, 2, dir, 3);
  await say(manager.ports[0], 'hi');
  process.kill(manager.pids[0], 'SIGTERM');
  await until(() => manager.pids.length === 2, 'the end of the first');
  assert.match(fs.readFileSync(path.join(dir, 'bot.log'), 'utf8'), /SIGTERM: stopping/);
});

const ACTIVATES = has('systemd-socket-activate', '--version');
test('systemd-socket-activate starts the bot at the first connection', { skip: !ACTIVATES && 'there is no systemd here' }, async (t) => {
  const port = await freePort();
  const dir = makeDir(t);
  const child = spawn('systemd-socket-activate', ['-l', `127.0.0.1:${port}`, BINARY, 'run', 'bot.lua'], { cwd: dir, env: cleanEnv(), stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('close', resolve));
  atEnd(t, async () => { child.kill('SIGTERM'); await ended; });
  await until(() => say(port, 'moon').then(({ body }) => body.includes('moon nil'), () => false), 'an answer');
});

test('wemoon check needs none of the sockets that a service manager hands to run', async (t) => {
  await wemoon(['check', 'bot.lua'], { cwd: makeDir(t, { listen: '127.0.0.1:8080' }), code: 0 });
});
