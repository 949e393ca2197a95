// `wemoon check --online` against platforms with one fault each, and `wemoon explain`.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const http = require('node:http');
const { makeRedis } = require('./redis');
const { atEnd, TOKEN, APPID, tempDir, writeFiles, configLua, wemoon } = require('./harness');

const SECRET = 'hunter2hunter2hunter2hunter2hunt';
const TOKEN_VALUE = 'A-TOKEN-THAT-NOBODY-MAY-SEE';
const SCRIPT = 'function on_message(msg) return msg.content end\n';

// Starts a platform with a healthy account, except for the paths in `answers`. `asked` lists the requested paths in
// order.
async function startPlatform(t, answers = {}) {
  const healthy = {
    '/cgi-bin/stable_token': { access_token: TOKEN_VALUE, expires_in: 7200 },
    '/cgi-bin/ticket/getticket': { errcode: 0, errmsg: 'ok', ticket: 'JT', expires_in: 7200 },
    '/cgi-bin/menu/get': { menu: { button: [{ type: 'click', name: 'a', key: 'A' }, { type: 'click', name: 'b', key: 'B' }] } },
    '/cgi-bin/message/custom/typing': { errcode: 40003, errmsg: 'invalid openid' },
    ...answers,
  };
  const asked = [];
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://x');
    asked.push(pathname);
    request.resume().on('end', () => response.end(JSON.stringify(healthy[pathname] || { errcode: 0, errmsg: 'ok' })));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { server.closeAllConnections(); server.close(); });
  return { asked, url: `http://127.0.0.1:${server.address().port}` };
}

async function check(t, platform, { script = SCRIPT, config = {}, code, env } = {}) {
  const dir = tempDir(t);
  writeFiles(dir, { 'bot.lua': script,
    'config.lua': configLua({ token: TOKEN, appid: APPID, appsecret: SECRET, api_base: platform.url, ...config }) });
  const result = await wemoon(['check', 'bot.lua', '--online'], { cwd: dir, code, env });
  assert.doesNotMatch(result.stdout + result.stderr, new RegExp(`${SECRET}|${TOKEN_VALUE}`));
  result.faults = result.stderr.split('\n').filter(Boolean);
  for (const line of result.faults) assert.match(line, /^wemoon: |^  \d+ \| /); // a finding, or its source line
  return result;
}

test('a healthy account: every finding is a line, and nothing but reading was done', async (t) => {
  const platform = await startPlatform(t);
  const { stdout, faults } = await check(t, platform, { code: 0 });
  assert.deepEqual(faults, []);
  const lines = stdout.trim().split('\n');
  assert.match(lines[0], /^ok: bot\.lua/);
  assert.equal(lines[1], 'online: access token: fetched, good for 7200 s');
  assert.equal(lines[2], 'online: menu: 2 buttons');
  for (const line of lines.slice(3)) assert.match(line, /^online: right: .*: there$/);
  assert.equal(lines.length, 12);
  const writing = platform.asked.filter((path) => /create|add|del|update|submit|send/.test(path));
  assert.deepEqual(writing, []);
});

test('in Chinese the same lines, with the same numbers and codes', async (t) => {
  const env = { LC_ALL: 'zh_CN.UTF-8' };
  const english = /([a-z']+ ){2}[a-z']+/;
  const healthy = await check(t, await startPlatform(t), { code: 0, env });
  const lines = healthy.stdout.trim().split('\n').slice(1);
  assert.deepEqual(lines.slice(0, 2), ['online: access_token：已取得，7200 秒内有效', 'online: 菜单：2 个按钮']);
  assert.equal(lines.length, 11);
  for (const line of lines.slice(2)) assert.match(line, /^online: 权限：.*[\u4e00-\u9fff].*：有$/);
  const lacking = await check(t, await startPlatform(t, { '/cgi-bin/user/get': { errcode: 48001, errmsg: 'api unauthorized' } }), { code: 1, env });
  assert.deepEqual(lacking.faults, ['wemoon: online: 权限：粉丝和他们的资料：48001 账号没有这个权限：经过微信认证的账号才有']);
  const wrong = await check(t, await startPlatform(t, { '/cgi-bin/stable_token': { errcode: 40164, errmsg: 'invalid ip 1.2.3.4' } }), { code: 1, env });
  assert.match(wrong.faults[0], /^wemoon: online: access_token：40164 invalid ip 1\.2\.3\.4：IP 白名单里没有 1\.2\.3\.4：请到微信开发者平台（[^，]*加入，几分钟后生效$/);
  const other = await check(t, await startPlatform(t, { '/cgi-bin/menu/get': { errcode: 45009, errmsg: 'reach max api daily quota limit' } }), { code: 1, env });
  assert.match(other.faults[0], /^wemoon: online: 菜单：45009 reach max[^：]*：[^：]*[\u4e00-\u9fff]/);
  const away = await check(t, { url: 'http://127.0.0.1:1' }, { code: 1, env });
  assert.match(away.faults[0], /：连不上平台：请检查网络、proxy 和 ca_file，稍后再试$/);
  const unauthorized = { errcode: 48001, errmsg: 'api unauthorized' };
  const odd = await check(t, await startPlatform(t, { '/cgi-bin/material/get_materialcount': unauthorized, '/cgi-bin/ticket/getticket': unauthorized }), { code: 1, env });
  assert.deepEqual(odd.faults, ['素材', 'JS-SDK（调用微信的网页）'].map((what) => `wemoon: online: 权限：${what}：48001 账号没有这个权限：每个账号本来都有`));
  const store = await check(t, await startPlatform(t), { config: { store: 'redis://:hunter2@127.0.0.1:1/0' }, code: 1, env });
  assert.deepEqual(store.faults, ['wemoon: online: 存储：Redis（127.0.0.1:1）：连接被拒绝：请启动它，或改正存储的地址']);
  for (const text of [healthy.stdout, ...odd.faults, ...store.faults, lacking.stdout, ...lacking.faults]) assert.doesNotMatch(text, english);
});

test('an account without a menu is healthy', async (t) => {
  const platform = await startPlatform(t, { '/cgi-bin/menu/get': { errcode: 46003, errmsg: 'menu no exist' } });
  const { stdout } = await check(t, platform, { code: 0 });
  assert.match(stdout, /^online: menu: there is none$/m);
});

test('40164 says which address to put on the whitelist, and nothing more is asked', async (t) => {
  for (const errmsg of ['invalid ip 203.0.113.9, not in whitelist rid: 64f0-1', 'invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist']) {
    const platform = await startPlatform(t, { '/cgi-bin/stable_token': { errcode: 40164, errmsg } });
    const { faults } = await check(t, platform, { code: 1 });
    assert.equal(faults.length, 1);
    assert.match(faults[0], /^wemoon: online: access token: 40164 .*add 203\.0\.113\.9 to the IP whitelist .*微信开发者平台 .*开发密钥/);
    assert.deepEqual(platform.asked, ['/cgi-bin/stable_token']);
  }
});

test('a wrong secret, a wrong appid', async (t) => {
  for (const [errcode, mend] of [[40125, /appsecret is wrong/], [40013, /appid is wrong/], [40001, /appsecret/]]) {
    const platform = await startPlatform(t, { '/cgi-bin/stable_token': { errcode, errmsg: 'invalid' } });
    const { faults } = await check(t, platform, { code: 1 });
    assert.equal(faults.length, 1);
    assert.match(faults[0], mend);
  }
});

test('48001 says which rights are lacking, one line each', async (t) => {
  const lacking = { errcode: 48001, errmsg: 'api unauthorized rid: 1-2' };
  const platform = await startPlatform(t, { '/cgi-bin/message/custom/typing': lacking,
    '/cgi-bin/template/get_all_private_template': lacking, '/cgi-bin/ticket/getticket': lacking });
  const { faults, stdout } = await check(t, platform, { code: 1 });
  assert.equal(faults.length, 3);
  assert.match(faults[0], /^wemoon: online: right: customer service messages .*48001 the account lacks this right/);
  assert.match(faults[1], /template messages/);
  assert.match(faults[2], /JS-SDK .*48001 the account lacks this right: every account should have it$/);
  assert.match(stdout, /right: tags: there/);
});

test('the rights that are missing say what kind of account it is, and who has them', async (t) => {
  const paths = { menu: '/cgi-bin/menu/get', custom: '/cgi-bin/message/custom/typing', users: '/cgi-bin/user/get', tags: '/cgi-bin/tags/get',
    publish: '/cgi-bin/freepublish/batchget', templates: '/cgi-bin/template/get_all_private_template', notices: '/wxaapi/newtmpl/gettemplate' };
  const kinds = [
    [['menu', 'custom', 'users', 'tags', 'publish', 'templates', 'notices'], /a person's or an unverified account/],
    [['templates', 'notices'], /a verified subscription account/],
    [['publish', 'notices'], /a test account/],
    [['templates'], null],
  ];
  for (const [missing, words] of kinds) {
    const lacking = Object.fromEntries(missing.map((name) => [paths[name], { errcode: 48001, errmsg: 'api unauthorized rid: 1-2' }]));
    const { faults, stdout } = await check(t, await startPlatform(t, lacking), { code: 1 });
    assert.equal(faults.length, missing.length);
    for (const line of faults) assert.match(line, /48001 the account lacks this right: .*(verified accounts|verified service accounts)/);
    if (words) assert.match(stdout, words);
    else assert.doesNotMatch(stdout, /these are the rights/);
  }
});

test('a platform that cannot be reached is one line', async (t) => {
  const { faults } = await check(t, { url: 'http://127.0.0.1:1' }, { code: 1 });
  assert.equal(faults.length, 1);
  assert.match(faults[0], /^wemoon: online: access token: .*network/);
});

test('a store that is away is a finding', async (t) => {
  const platform = await startPlatform(t);
  const { stderr } = await check(t, platform, { config: { store: 'redis://:hunter2@127.0.0.1:1/0' }, code: 1 });
  assert.match(stderr, /^wemoon: online: .*Redis at 127\.0\.0\.1:1/m);
});

test('a Redis that may delete keys is warned of, with its place and the mend', async (t) => {
  const platform = await startPlatform(t);
  const redis = await makeRedis(t);
  redis.cli('config', 'set', 'maxmemory', '100mb');
  redis.cli('config', 'set', 'maxmemory-policy', 'allkeys-lru');
  const { stderr } = await check(t, platform, { config: { store: redis.url } });
  assert.match(stderr, /^wemoon: check: warning: store: Redis at .*maxmemory-policy allkeys-lru.*set maxmemory-policy noeviction in its redis\.conf$/m);
});

test('faults of the script and of the account are both reported', async (t) => {
  const platform = await startPlatform(t, { '/cgi-bin/stable_token': { errcode: 40125, errmsg: 'invalid appsecret' } });
  const { faults, stdout } = await check(t, platform, { script: 'error("at load")', code: 1 });
  assert.ok(faults.some((line) => /bot\.lua:1: at load/.test(line)));
  assert.ok(faults.some((line) => /appsecret is wrong/.test(line)));
  assert.equal(stdout, '');
});

test('without appid or appsecret there is nothing to ask with: status 2', async (t) => {
  const { faults } = await check(t, { url: 'http://127.0.0.1:1' }, { config: { appsecret: undefined }, code: 2 });
  assert.match(faults[0], /--online needs appid and appsecret/);
});

// ---- explain ------------------------------------------------------------------------------------------------------

test('explain describes a code in English and Chinese', async () => {
  const { stdout, stderr } = await wemoon(['explain', '40164'], { code: 0 });
  assert.match(stdout, /^40164 INVALID_IP\n/);
  assert.match(stdout, /not in the whitelist/);
  assert.match(stdout, /不在白名单内/);
  assert.match(stdout, /^What to do: add the IP/m);
  assert.match(stdout, /^怎么处理：把/m);
  assert.equal(stderr, '');
});

test('explain takes a negative code as a code, not as an option', async () => {
  assert.match((await wemoon(['explain', '-1'], { code: 0 })).stdout, /^-1 SYSTEM_BUSY\n/);
});

test('the code is found in a line of a log and in an answer', async () => {
  for (const line of ['wechat.get_menu: 40164 invalid ip 203.0.113.9, rid: 64f0-1', '{"errcode":40164,"errmsg":"invalid ip 203.0.113.9"}',
    '2026-11-24 03:29:19.123 warn x.lua:1: wechat.get_menu: 40164 invalid ip', '40164: invalid ip 203.0.113.9']) {
    assert.match((await wemoon(['explain', line], { code: 0 })).stdout, /^40164 /, line);
  }
});

test('an unknown code: status 1; an argument without a number: status 2', async () => {
  assert.match((await wemoon(['explain', '123456'], { code: 1 })).stderr, /^wemoon: explain: 123456 is not a code that is known here/);
  assert.match((await wemoon(['explain', 'abc'], { code: 2 })).stderr, /"abc" contains no error code/);
  assert.match((await wemoon(['explain', '1.2.3.4'], { code: 2 })).stderr, /no error code/);
  await wemoon(['explain'], { code: 2 });
});
