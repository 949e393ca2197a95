// Redis servers for the tests: one with a password, started and stopped by start() and stop() any number of times; or
// three with a Sentinel.
'use strict';

const assert = require('node:assert/strict');
const { spawn, execFile, execFileSync } = require('node:child_process');
const net = require('node:net');
const { promisify } = require('node:util');
const { atEnd, freePort, tempDir, until, writeFiles } = require('./harness');

const connects = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
  socket.on('error', () => resolve(false));
});

const SERVES = /Ready to accept connections|Sentinel ID is/;

// Creates a server that start() starts and stop() kills, with kill -9. A server that ends by itself, since its port is
// taken, fails its test: whoever has the port may be another test's server, and would answer in its place.
function makeServer(t, port, command, args) {
  let child;
  let ended;
  const server = {
    port,
    async start() {
      let said = '';
      const note = (chunk) => { said += chunk; };
      child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
      ended = new Promise((resolve) => child.on('close', resolve));
      child.stdout.on('data', note);
      await until(() => {
        if (child.exitCode !== null) assert.fail(`${command} ended with ${child.exitCode}:\n${said}`);
        return SERVES.test(said);
      }, command);
      child.stdout.off('data', note).resume();
    },
    async stop() {
      if (!child) return;
      child.kill('SIGKILL');
      await ended;
      child = undefined;
    },
    signal: (name) => child.kill(name),
    cli: (...words) => execFileSync('redis-cli', ['-p', String(port), '--no-auth-warning', '-a', 'p@ss', ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim(),
    // The same without blocking this process; resolves with "" if the server is away.
    tell: (...words) => run('redis-cli', ['-p', String(port), '--no-auth-warning', '-a', 'p@ss', ...words]).then(({ stdout }) => stdout.trim(), () => ''),
  };
  atEnd(t, () => server.stop());
  return server;
}

const run = promisify(execFile);

const redisArgs = (port, dir, more = []) => ['--port', String(port), '--bind', '127.0.0.1', '--requirepass', 'p@ss', '--save', '',
  '--dir', dir, ...more];

async function makeRedis(t) {
  const port = await freePort();
  const redis = makeServer(t, port, 'redis-server', redisArgs(port, tempDir(t)));
  redis.url = `redis://:p%40ss@127.0.0.1:${port}/2`;
  await redis.start();
  return redis;
}

// Starts a master with two replicas, and a Sentinel that considers a master dead after half a second.
async function makeSentinel(t, downAfterMs = 500) {
  const ports = [await freePort(), await freePort(), await freePort()];
  const servers = ports.map((port, i) => makeServer(t, port, 'redis-server', redisArgs(port, tempDir(t), ['--masterauth', 'p@ss',
    '--repl-diskless-sync-delay', '0', ...(i ? ['--replicaof', '127.0.0.1', String(ports[0])] : [])])));
  for (const server of servers) await server.start();
  const online = () => servers[0].cli('info', 'replication').split('state=online').length - 1;
  await until(() => online() === 2, 'two replicas', 15000);
  const port = await freePort();
  const dir = tempDir(t);
  const settings = { 'auth-pass': 'p@ss', 'down-after-milliseconds': downAfterMs, 'failover-timeout': 3000 };
  const lines = Object.entries(settings).map(([name, value]) => `sentinel ${name} bots ${value}`);
  writeFiles(dir, { 'sentinel.conf': `port ${port}\nbind 127.0.0.1\ndir ${dir}\nsentinel monitor bots 127.0.0.1 ${ports[0]} 1\n${lines.join('\n')}\n` });
  const sentinel = makeServer(t, port, 'redis-server', [`${dir}/sentinel.conf`, '--sentinel']);
  await sentinel.start();
  const ask = (...words) => execFileSync('redis-cli', ['-p', String(port), ...words], { encoding: 'utf8' }).trim();
  // A Sentinel promotes only replicas that have reported their state.
  const known = () => ask('sentinel', 'replicas', 'bots').match(/master-link-status\nok$/gm) ?? [];
  await until(() => known().length === 2, 'a Sentinel that knows how the replicas are', 15000);
  return {
    url: `redis+sentinel://:p%40ss@127.0.0.1:${port}/bots/2`,
    sentinel,
    servers,
    ask,
    // Resolves with the servers whose role is master, without blocking this process.
    async masters() {
      const roles = await Promise.all(servers.map((one) => one.tell('role')));
      return servers.filter((one, i) => roles[i].startsWith('master'));
    },
    // Resolves with the server that the Sentinel names as the master, without blocking this process.
    async named() {
      const { stdout } = await run('redis-cli', ['-p', String(port), 'sentinel', 'get-master-addr-by-name', 'bots']);
      return servers.find((one) => stdout.trim().endsWith(`\n${one.port}`));
    },
    // Makes another server the master without the loss of a write (FAILOVER). The Sentinel would notice that only after
    // half a minute, and fail over once more (findings/redis-failover-beside-sentinel.sh), so it is told at once.
    async handOver() {
      const [old] = await this.masters();
      await old.tell('failover');
      const master = await until(async () => (await this.masters()).find((one) => one !== old), 'another master', 30000);
      const input = ['remove bots', `monitor bots 127.0.0.1 ${master.port} 1`, ...Object.entries(settings).map(([name, value]) => `set bots ${name} ${value}`)];
      const told = run('redis-cli', ['-p', String(port)]);
      told.child.stdin.end(input.map((line) => `sentinel ${line}\n`).join(''));
      await told;
      return master;
    },
    // Returns the server that the Sentinel considers the master.
    master: () => servers.find((server) => ask('sentinel', 'get-master-addr-by-name', 'bots').endsWith(`\n${server.port}`)),
  };
}

module.exports = { connects, makeServer, makeRedis, makeSentinel };
