// What the other tests stand on: a fault of theirs must be told, not waited for.
'use strict';

const { test } = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { makeServer } = require('./redis');
const { atEnd, freePort, sleep, tempDir } = require('./harness');

const within = (ms, what, promise) => Promise.race([promise, sleep(ms).then(() => assert.fail(`${what} took more than ${ms} ms`))]);

// A test whose hooks are called by end().
function makeTest() {
  const hooks = [];
  return {
    after: (hook) => { hooks.push(hook); },
    async end() { for (const hook of hooks) await hook(); },
  };
}

test('at the end of a test all is ended, the last one first, whichever fails', async () => {
  const t = makeTest();
  const ended = [];
  for (const name of ['first', 'second', 'third']) {
    atEnd(t, async () => {
      await sleep(1);
      ended.push(name);
      if (name !== 'second') throw new Error(`the ${name} fails`);
    });
  }
  await assert.rejects(t.end(), (error) => {
    assert.deepEqual(error.errors.map((one) => one.message), ['the third fails', 'the first fails']);
    return /the third fails[^]*the first fails/.test(error.message);
  });
  assert.deepEqual(ended, ['third', 'second', 'first']);
});

test('the one that fails is told as it is', async () => {
  const t = makeTest();
  const failure = new Error('it fails');
  atEnd(t, () => {});
  atEnd(t, () => { throw failure; });
  await assert.rejects(t.end(), (error) => error === failure);
});

test('a directory is removed though a process that ends still writes into it; another failure is told', async (t) => {
  const rmSync = fs.rmSync;
  for (const [code, isRemoved] of [['ENOTEMPTY', true], ['EACCES', false]]) {
    const one = makeTest();
    const dir = tempDir(one);
    const fails = t.mock.method(fs, 'rmSync', () => { throw Object.assign(new Error(code), { code }); }, { times: 3 });
    const end = one.end();
    await (isRemoved ? end : assert.rejects(end, { code }));
    assert.equal(fs.existsSync(dir), !isRemoved);
    fails.mock.restore();
    rmSync(dir, { recursive: true, force: true });
  }
});

test('a Redis server whose port is taken fails its test at once, and can be stopped', async (t) => {
  const port = await freePort();
  const other = net.createServer().listen(port, '127.0.0.1');
  atEnd(t, () => other.close());
  const redis = makeServer(t, port, 'redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--dir', tempDir(t)]);
  await within(4000, 'start()', assert.rejects(redis.start(), /redis-server ended with 1:[^]*Address already in use/));
  await within(4000, 'stop()', redis.stop());
});

test('a free port is none that the system gives to whoever asks for any', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, freePort));
  assert.deepEqual(ports.filter((port) => port < 10240 || port >= 32768), []);
});

// A hook of node's own that fails keeps the hooks behind it from being called.
test('the tests end what they begin with atEnd', () => {
  const names = fs.readdirSync(__dirname).filter((name) => name.endsWith('.js') && name !== 'harness.js');
  const others = names.filter((name) => /\bt\.after\(/.test(fs.readFileSync(path.join(__dirname, name), 'utf8').replaceAll('/\\bt\\.after', '')));
  assert.deepEqual(others, []);
});
