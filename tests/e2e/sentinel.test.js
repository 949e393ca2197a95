// A Redis with two replicas and a Sentinel: the master changes by command, manually and by kill -9, and the bot keeps
// serving.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { makeSentinel } = require('./redis');
const { APPID, startBot, until } = require('./harness');
const { stopwatch } = require('./stopwatch');

const SCRIPT = `function on_message(msg)
  local n, err = wechat.store.incr("n")
  return n and tostring(n) or err
end`;

const start = async (t) => {
  const redis = await makeSentinel(t);
  const bot = await startBot(t, { script: SCRIPT, config: { store: redis.url, appid: APPID } });
  return { redis, bot };
};

// A kept connection may end at the moment of use.
const counts = async (bot) => /^\d+$/.test(await bot.say('count').catch(() => ''));
const value = (server) => Number(server.cli('-n', '2', 'get', `wemoon:k:${APPID}:n`));
const followed = (redis, count) => until(() => redis.servers.slice(1).every((server) => value(server) === count), 'the replicas to follow');

test('the master that the Sentinel names is used', async (t) => {
  const { redis, bot } = await start(t);
  assert.equal(await bot.say('count'), '1');
  assert.equal(value(redis.servers[0]), 1);
  assert.doesNotMatch(bot.log, /p@ss|p%40ss/);
});

test('a fail-over that a Sentinel makes: the next call goes to the new master, and none to the old one', async (t) => {
  const { redis, bot } = await start(t);
  for (let i = 1; i <= 5; i++) assert.equal(await bot.say('count'), String(i));
  await followed(redis, 5);
  redis.ask('sentinel', 'failover', 'bots');
  await until(() => redis.master() !== redis.servers[0], 'another master', 10000);
  await until(() => counts(bot), 'the bot to count on', 2000);
  const counted = value(redis.master());
  assert.ok(counted >= 6, String(counted));
  await bot.waitForLog(new RegExp(`store: the master is 127\\.0\\.0\\.1:${redis.master().port} now`));
});

test('FAILOVER by hand: the old master, which the Sentinel still names, tells where the new one is', async (t) => {
  const { redis, bot } = await start(t);
  assert.equal(await bot.say('count'), '1');
  await followed(redis, 1);
  redis.servers[0].cli('failover');
  await until(() => redis.servers.slice(1).some((server) => /role:master/.test(server.cli('info', 'replication'))), 'a new master', 10000);
  const began = Date.now();
  await until(() => counts(bot), 'the bot to count on', 3000);
  assert.ok(Date.now() - began < 3000);
  const master = redis.servers.slice(1).find((server) => /role:master/.test(server.cli('info', 'replication')));
  assert.ok(value(master) >= 2);
});

test('a master that is killed: the bot answers meanwhile, and counts on at its successor', async (t) => {
  const { redis, bot } = await start(t);
  assert.equal(await bot.say('count'), '1');
  await followed(redis, 1);
  await redis.servers[0].stop();
  const elapsed = stopwatch(bot);
  assert.match(await bot.say('count'), /^store: Redis/);
  const ms = elapsed();
  assert.ok(ms < 1000, `${ms} ms`);
  await until(() => counts(bot), 'the bot to count on', 15000);
  assert.notEqual(redis.master(), redis.servers[0]);
  assert.ok(value(redis.master()) >= 2);
});

test('an old master that was frozen and wakes gets no call', async (t) => {
  const { redis, bot } = await start(t);
  assert.equal(await bot.say('count'), '1');
  await followed(redis, 1);
  redis.servers[0].signal('SIGSTOP');
  await until(() => redis.master() !== redis.servers[0], 'another master', 15000);
  await until(() => counts(bot), 'the bot to count on', 5000);
  redis.servers[0].signal('SIGCONT');
  const before = Number(await bot.say('count'));
  assert.equal(await bot.say('count'), String(before + 1));
  assert.equal(value(redis.master()), before + 1);
});

test('a Sentinel that is away at the start keeps no bot from starting', async (t) => {
  const redis = await makeSentinel(t);
  await redis.sentinel.stop();
  const bot = await startBot(t, { script: SCRIPT, config: { store: redis.url, appid: APPID } });
  assert.match(await bot.say('count'), /^store: Redis: the Sentinel at 127\.0\.0\.1:\d+: Connection refused/);
  await redis.sentinel.start();
  await until(() => counts(bot), 'the bot to count', 5000);
});
