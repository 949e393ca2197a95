// A redis-server of the test's own, with a password; start() and stop() as often as wanted.
'use strict';

const { spawn } = require('node:child_process');
const net = require('node:net');
const { freePort, tempDir, until } = require('./harness');

const connects = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
  socket.on('error', () => resolve(false));
});

async function makeRedis(t) {
  const port = await freePort();
  const dir = tempDir(t);
  let child;
  const redis = {
    url: `redis://:p%40ss@127.0.0.1:${port}/2`,
    async start() {
      child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--requirepass', 'p@ss', '--save', '',
        '--dir', dir], { stdio: 'ignore' });
      await until(() => connects(port), 'redis-server');
    },
    async stop() {
      if (!child) return;
      const ended = new Promise((resolve) => child.on('close', resolve));
      child.kill('SIGKILL');
      await ended;
      child = undefined;
    },
  };
  t.after(() => redis.stop());
  await redis.start();
  return redis;
}

module.exports = { connects, makeRedis };
