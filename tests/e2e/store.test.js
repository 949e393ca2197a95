// wemoon store: a script's stored data at a shell, and as JSON Lines that move a bot from one store to another.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { startPeer } = require('./peer');
const { makeRedis } = require('./redis');
const { APPID, OPENID, TOKEN, tempDir, writeFiles, configLua, wemoon, startBot } = require('./harness');

const SCRIPT = `
function on_message(msg)
  local verb, key, value = msg.content:match("^(%w+) (%S+) ?(.*)$")
  if verb == "set" then return tostring(wechat.store.set(key, value)) end
  if verb == "get" then return tostring(wechat.store.get(key)) end
  wechat.session()[verb] = key
  return "session"
end`;

const lines = (text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line));

// Creates a folder with a configuration, and `store(...)` that runs there.
function makeShop(t, config = {}) {
  const dir = tempDir(t);
  writeFiles(dir, { 'config.lua': configLua({ token: TOKEN, appid: APPID, ...config }) });
  const store = (args, options = {}) => wemoon(['store', ...args], { cwd: dir, ...options });
  const exec = (code) => wemoon(['exec', '-e', code], { cwd: dir, code: 0 });
  return { dir, store, exec };
}

const FILL = `local s = wechat.store
s.set("b", {name = "微月", n = 9007199254740993, list = wechat.json.array and {} or {1}}) s.set("a:1", "text") s.set("a:2", 2.5)
s.set("ends", true, 1000) s.incr("count", 41) s.incr("count") s.set('quo"te', "\\n")`;

test('list prints the keys in order, get a value, delete takes one key alone', async (t) => {
  const { store, exec } = makeShop(t);
  await exec(FILL);
  assert.deepEqual(lines((await store(['list'], { code: 0 })).stdout).map(({ key }) => key), ['a:1', 'a:2', 'b', 'count', 'ends', 'quo"te']);
  assert.equal((await store(['list', 'a:'], { code: 0 })).stdout, '{"key":"a:1"}\n{"key":"a:2"}\n');
  assert.equal((await store(['get', 'a:1'], { code: 0 })).stdout, '"text"\n');
  assert.equal((await store(['get', 'count'], { code: 0 })).stdout, '42\n');
  assert.match((await store(['get', 'b'], { code: 0 })).stdout, /"n":9007199254740993/);
  assert.equal((await store(['delete', 'a:'], { code: 1 })).stderr,
    'wemoon: store: there is no key a:: wemoon store list prints the keys\n');
  await store(['delete', 'a:1'], { code: 0 });
  await store(['get', 'a:1'], { code: 1 });
  assert.equal((await store(['list', 'a:'], { code: 0 })).stdout, '{"key":"a:2"}\n');
});

test('export writes what import reads: a bot moves from SQLite to Redis', async (t) => {
  const redis = await makeRedis(t);
  const old = makeShop(t);
  const moved = makeShop(t, { store: redis.url });
  await old.exec(FILL);
  const { stdout } = await old.store(['export'], { code: 0 });
  const ends = lines(stdout).find(({ key }) => key === 'ends');
  assert.ok(Math.abs(ends.expires_at - Date.now() / 1000 - 1000) < 30, JSON.stringify(ends));
  assert.deepEqual(lines(stdout).filter((line) => 'expires_at' in line), [ends]);
  await moved.store(['import'], { code: 0, input: stdout });
  assert.deepEqual(lines((await moved.store(['export'], { code: 0 })).stdout), lines(stdout));
  assert.equal((await moved.exec('return wechat.store.incr("count")')).stdout, '43\n');
  assert.equal((await old.store(['export', 'a:'], { code: 0 })).stdout, '{"key":"a:1","value":"text"}\n{"key":"a:2","value":2.5}\n');
});

test('with --all sessions, tokens and answers move too, and a message answered before is answered alike', async (t) => {
  const redis = await makeRedis(t);
  const fresh = await makeRedis(t);
  const xml = `<xml><ToUserName>gh_1</ToUserName><FromUserName>${OPENID}</FromUserName><CreateTime>1</CreateTime>
    <MsgType>text</MsgType><Content>colour blue</Content><MsgId>77</MsgId></xml>`;
  const bot = await startBot(t, { script: SCRIPT, config: { appid: APPID, store: redis.url } });
  const first = await bot.deliver(xml);
  await bot.stop();
  const old = makeShop(t, { store: redis.url });
  const moved = makeShop(t, { store: fresh.url });
  assert.equal((await old.store(['export'], { code: 0 })).stdout, '');
  const { stdout } = await old.store(['export', '--all'], { code: 0 });
  assert.deepEqual(lines(stdout).map(({ key }) => key.split('/')[0]).sort(), ['answer', 'session']);
  assert.ok(lines(stdout).every((line) => line.own === true));
  const left = await moved.store(['import'], { code: 0, input: stdout });
  assert.match(left.stderr, /^wemoon: store: 2 of wemoon's own keys were skipped: import them with --all\n$/);
  await moved.store(['import', '--all'], { code: 0, input: stdout });
  assert.deepEqual(lines((await moved.store(['export', '--all'])).stdout), lines(stdout));
  const other = await startBot(t, { script: SCRIPT.replace('"session"', '"not again"'), config: { appid: APPID, store: fresh.url } });
  assert.equal((await other.deliver(xml)).reply.Content, first.reply.Content);
});

test('without token and appid every verb is refused; of a wrong one it is told whose data there is', async (t) => {
  const dir = tempDir(t);
  const shell = (args, code, token) => wemoon(args, { cwd: dir, code, env: token ? { WEMOON_TOKEN: token } : {} });
  await shell(['exec', '-e', 'wechat.store.set("user/1", 1)'], 0, 'tok1');
  for (const args of [['list'], ['get', 'user/1'], ['delete', 'user/1'], ['export', '--all'], ['import']])
    assert.match((await shell(['store', ...args], 2)).stderr, /^wemoon: neither token nor appid is set, so it is unknown whose data is meant/, args[0]);
  const warning = /warning: nothing is stored of the account token-[0-9a-f]{16}, only of token-[0-9a-f]{16}: is it the right token or appid\?/;
  for (const [code, ...args] of [[0, 'list'], [0, 'export', '--all'], [1, 'get', 'user/1'], [1, 'delete', 'user/1']])
    assert.match((await shell(['store', ...args], code, 'wrong1')).stderr, warning, args[0]);
  assert.equal((await shell(['store', 'list'], 0, 'tok1')).stdout, '{"key":"user/1"}\n');
  assert.equal((await shell(['store', 'list', 'none'], 0, 'tok1')).stderr, '');
  for (const [i, name] of ['a1', 'b2', 'c3', 'd4'].entries())
    await wemoon(['exec', '-e', `wechat.store.set("k", ${i})`], { cwd: dir, code: 0, env: { WEMOON_APPID: name, WEMOON_TOKEN: 'tok1' } });
  assert.match((await shell(['store', 'list'], 0, 'wrong1')).stderr, /only of a1, b2, c3, \.\.\.: is it/);
});

test('a running bot sees the change', async (t) => {
  const bot = await startBot(t, { script: SCRIPT });
  const store = (args, options) => wemoon(['store', ...args], { cwd: bot.dir, ...options });
  assert.equal(await bot.say('set city 北京'), 'true');
  assert.equal((await store(['get', 'city'], { code: 0 })).stdout, '"北京"\n');
  await store(['import'], { code: 0, input: '{"key":"city","value":"上海"}\n' });
  assert.equal(await bot.say('get city'), '上海');
  await store(['delete', 'city'], { code: 0 });
  assert.equal(await bot.say('get city'), 'nil');
});

test('--config names the bot: its store is beside it, wherever the command is typed', async (t) => {
  const { dir, exec } = makeShop(t);
  await exec('wechat.store.set("k", 1)');
  const elsewhere = tempDir(t);
  const { stdout } = await wemoon(['store', 'list', '--config', path.join(dir, 'config.lua')], { cwd: elsewhere, code: 0 });
  assert.equal(stdout, '{"key":"k"}\n');
  assert.deepEqual(fs.readdirSync(elsewhere), []);
});

test('each account sees its own keys alone', async (t) => {
  const { dir, exec } = makeShop(t);
  await exec('wechat.store.set("mine", 1)');
  await wemoon(['exec', '--appid', 'wxotherother12345', '-e', 'wechat.store.set("theirs", 1) '], { cwd: dir, code: 0 });
  assert.equal((await wemoon(['store', 'list'], { cwd: dir, code: 0 })).stdout, '{"key":"mine"}\n');
});

test('a store that is missing, memory: or away is an error, and nothing is created', async (t) => {
  const { dir, store } = makeShop(t);
  assert.match((await store(['list'], { code: 1 })).stderr, /^wemoon: store: wemoon\.db does not exist: no bot has stored anything there\n$/);
  assert.deepEqual(fs.readdirSync(dir), ['config.lua']);
  assert.match((await store(['list', '--store', 'memory:'], { code: 2 })).stderr, /memory:, which only the bot's own process can read/);
  assert.match((await store(['list', '--store', 'redis://127.0.0.1:1/0'], { code: 1 })).stderr, /^wemoon: store: Redis at 127\.0\.0\.1:1: Connection refused: start it, or correct the store's address\n$/);
});

test('a command that stores nothing makes no file, neither beside the script nor where it is typed', async (t) => {
  const dir = tempDir(t), cwd = tempDir(t);
  const peer = await startPeer(t);
  const script = path.join(dir, 'bot.lua');
  writeFiles(dir, { 'bot.lua': 'function on_message() return wechat.store.get("k") or "nothing" end', 'read.lua': 'return wechat.store.list(""), wechat.store.get("k")',
    'bot_spec.lua': 'test("t", function() expect(bot:user("a"):says("x")):is("nothing") end)' });
  const account = { WEMOON_APPID: APPID, WEMOON_APPSECRET: 's3cretappsecret', WEMOON_API_BASE: peer.url, WEMOON_ENCRYPT_MODE: 'normal', WEMOON_TOKEN: TOKEN };
  const runs = [
    [['exec', '-e', 'return 1']], [['exec', path.join(dir, 'read.lua')]], [['check', script]], [['repl', script], 'wechat.store.get("k")\n.say hi\n'], [['repl'], '1 + 1\n'],
    [['test', path.join(dir, 'bot_spec.lua')]], [['explain', '40001']], [['docs', 'man']], [['store', 'list'], '', 1], [['status'], '', 2], [['forget', 'oUser'], '', 1],
    [['send', 'text', 'hi', '--url', 'http://127.0.0.1:1/'], '', 1], [['repl', '--attach'], '', 1],
  ];
  for (const [args, input, code = 0] of runs) {
    await wemoon(args, { cwd, env: account, input, code });
    for (const folder of [cwd, dir]) assert.deepEqual(fs.readdirSync(folder).filter((name) => name.includes('.db')), [], args.join(' '));
  }
  await wemoon(['exec', '-e', 'return wechat.get_access_token().access_token'], { cwd, env: account, code: 0 });
  assert.ok(fs.existsSync(path.join(cwd, 'wemoon.db')), 'a token that was fetched is kept for the next command');
});

test('a wrong use is exit 2, a line that cannot be imported exit 1 with its number', async (t) => {
  const { store } = makeShop(t);
  for (const args of [['lst'], ['get'], ['delete'], ['get', 'a', 'b'], ['import', 'x'], ['list', '--all'], []]) {
    assert.match((await store(args, { code: 2 })).stderr, /^wemoon: store: .*\nTry: wemoon store --help\n$/);
  }
  const { stderr } = await store(['import'], { code: 1, input: '{"key":"good","value":1}\n\n{"value":2}\n' });
  assert.equal(stderr, 'wemoon: store: line 3 of standard input: "key" is missing\n');
  assert.match((await store(['import'], { code: 1, input: 'nonsense' })).stderr, /^wemoon: store: line 1 of standard input: /);
  assert.equal((await store(['list'], { code: 0 })).stdout, '{"key":"good"}\n');
});

test('jq reads what it prints, and what jq prints is imported', async (t) => {
  const { store, exec } = makeShop(t);
  await exec(FILL);
  const { stdout } = await store(['export'], { code: 0 });
  const renamed = execFileSync('jq', ['-c', 'select(.key | startswith("a:")) | .key |= "new:" + .'], { input: stdout, encoding: 'utf8' });
  await store(['import'], { code: 0, input: renamed });
  assert.equal((await store(['get', 'new:a:1'], { code: 0 })).stdout, '"text"\n');
});

test('a store of a newer wemoon is refused by run, check and store, which say so; it stays as it is', async (t) => {
  const redis = await makeRedis(t);
  redis.cli('-n', '2', 'set', 'wemoon:format', '9');
  const { dir, exec } = makeShop(t);
  await exec('wechat.store.set("a", 1)');
  execFileSync('sqlite3', [path.join(dir, 'wemoon.db'), 'pragma user_version = 9; pragma wal_checkpoint(truncate)']);
  writeFiles(dir, { 'bot.lua': SCRIPT });
  const says = /^wemoon: store: wemoon\.db was written by a newer wemoon \(format 9, this one knows 2\): start that version, or name another file/m;
  for (const [args, code] of [[['run', 'bot.lua', '--listen', '0'], 2], [['check', 'bot.lua'], 2], [['store', 'list'], 1]]) {
    const { stderr } = await wemoon(args, { cwd: dir, code });
    assert.match(stderr, says);
    assert.equal(stderr.split('newer wemoon').length, 2, 'told once');
  }
  const { stderr } = await wemoon(['run', 'bot.lua', '--listen', '0', '--store', redis.url], { cwd: dir, code: 1 });
  assert.match(stderr, /^wemoon: store: Redis at .*: its data was written by a newer wemoon/m);
});
