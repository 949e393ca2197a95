// The output of `wemoon dev`: commands that work as printed, the simulated account, a URL that does not verify; and
// that each act of a user is separate.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const http = require('node:http');
const harness = require('./harness');
const { startDev } = require('./dev');

const { wemoon, sleep, until, tempDir, cleanEnv, BINARY, TOKEN, AES_KEY } = harness;

// Starts a bot in Node that answers `success`; `verify(echostr)` returns its answer to a GET.
async function startForeign(t, { verify = (echostr) => echostr, port = 0 } = {}) {
  const foreign = { gets: [], posts: [], order: [], verify };
  const server = http.createServer((request, response) => {
    const query = Object.fromEntries(new URL(request.url, 'http://x').searchParams);
    (request.method === 'GET' ? foreign.gets : foreign.posts).push(query);
    foreign.order.push(request.method);
    request.resume().on('end', () => response.end(request.method === 'GET' ? foreign.verify(query.echostr) : 'success'));
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  harness.atEnd(t, () => { server.closeAllConnections(); server.close(); });
  foreign.port = server.address().port;
  foreign.url = `http://127.0.0.1:${foreign.port}/wechat`;
  return foreign;
}

test('wemoon new, dev, and the printed line: it works in any folder, and the console shows it', async (t) => {
  const cwd = tempDir(t);
  await wemoon(['new', 'b'], { cwd, code: 0 });
  const child = spawn(BINARY, ['dev', 'bot.lua', '--port', '0'], { cwd: `${cwd}/b`, env: cleanEnv() });
  harness.atEnd(t, () => child.kill());
  let output = '';
  child.stdout.on('data', (chunk) => { output += chunk; });
  const [page] = await until(() => /http:\/\/\S+(?=\/console\n)/.exec(output), 'the console', 20000);
  const [line] = /^ {2}.* send .*$/m.exec(output);
  const shown = spawnSync('sh', ['-c', line], { cwd: tempDir(t), env: cleanEnv(), encoding: 'utf8' });
  assert.equal(shown.status, 0, shown.stderr);
  assert.match(shown.stdout, /^text: .*你好/);
  const state = await until(async () => {
    const now = await (await fetch(`${page}/sim/state`)).json();
    return now.trace.some((item) => item.outcome === 'replied') && now;
  }, 'the message on the desk');
  const item = state.trace.at(-1);
  assert.deepEqual([item.kind, item.summary, item.tries.length], ['text', '你好', 1]);
  assert.deepEqual(state.chats[item.openid].map((entry) => entry.from), ['user', 'account']);
});

test('a late reply reaches who sent the message with wemoon send', async (t) => {
  const sim = await startDev(t, { script: 'function on_message() wechat.sleep(0.6) return "at last" end', args: ['--deadline-ms', '200'] });
  const sent = await wemoon(['send', '--token', TOKEN, '--url', sim.bot.url, '--from', 'oStranger', 'text', 'x'], { code: 0 });
  assert.equal(sent.stdout, '(no reply)\n');
  await until(async () => ((await sim.state()).chats.oStranger || []).some((entry) => entry.content === 'at last' && entry.via === 'custom'), 'the late reply');
});

test('the platform\'s own messages are on the desk once', async (t) => {
  const sim = await startDev(t, { script: 'function on_message(msg) return msg.content end' });
  for (let i = 0; i < 5; i++) await sim.say(`m${i}`);
  await sleep(300);
  const state = await sim.state();
  assert.equal(state.trace.length, 5);
  assert.equal(state.chats[state.trace[0].openid].length, 10);
});

test('dev --callback prints the account that it plays, the API\'s address and how SDKs are told of it', async (t) => {
  const foreign = await startForeign(t);
  const sim = await startDev(t, { args: ['--callback', foreign.url], config: { token: undefined } });
  for (const pattern of [/token +development/, /appid +wx0123456789abcdef/, /appsecret +0123456789abcdef0123456789abcdef/, /mode +normal/, new RegExp(`^ {2}${sim.url}$`, 'm')]) {
    assert.match(sim.bot.output, pattern);
  }
  for (const sdk of ['wechatpy', 'WxJava', 'EasyWeChat', 'silenceper/wechat', 'co-wechat-api']) assert.ok(sim.bot.output.includes(sdk), sdk);
});

test('a bot elsewhere may write to the user of wemoon send, whose message went past the platform; of others the refusal says why', async (t) => {
  const sim = await startDev(t, { args: ['--callback', 'http://127.0.0.1:1/'], config: { token: undefined } });
  const { access_token: token } = await (await fetch(`${sim.url}/cgi-bin/token?grant_type=client_credential&appid=wx0123456789abcdef&secret=${'0123456789abcdef'.repeat(2)}`)).json();
  const write = async (touser) => (await fetch(`${sim.url}/cgi-bin/message/custom/send?access_token=${token}`, { method: 'POST', body: JSON.stringify({ touser, msgtype: 'text', text: { content: 'late' } }) })).json();
  const help = (await wemoon(['send', '--help'], { code: 0 })).stdout;
  const [openid] = /oWemoonSend\w+/.exec(help);
  for (let i = 0; i < 7; i++) assert.equal((await write(openid)).errcode, 0); // more than one message of a user allows
  const other = await write('oNobody0000000000000000000000');
  assert.equal(other.errcode, 40003);
  assert.match(other.errmsg, /^invalid openid: oNobody0+ is no user of this simulated platform, which knows those in its console; what wemoon send takes straight to the bot is not seen here/);
  assert.equal((await sim.state()).chats[openid].filter(({ content }) => content === 'late').length, 7);
});

test('what was configured is masked there', async (t) => {
  const foreign = await startForeign(t);
  const sim = await startDev(t, { args: ['--callback', foreign.url], config: { token: TOKEN, encoding_aes_key: AES_KEY, appid: 'wx0123456789abcdef', appsecret: 'f'.repeat(32) } });
  assert.match(sim.bot.output, /EncodingAESKey +abcd…\(43\)/);
  for (const secret of [TOKEN, AES_KEY, 'f'.repeat(32)]) assert.ok(!sim.bot.output.includes(secret));
});

test('the URL is verified first, and again before the first message after a failure; a fault is said and holds nothing back', async (t) => {
  const foreign = await startForeign(t, { verify: (echostr) => `"${echostr}"` });
  const sim = await startDev(t, { args: ['--callback', foreign.url] });
  await until(() => /does not verify: .*echostr/.test(sim.bot.log), 'the fault in the log');
  const [query] = foreign.gets;
  assert.equal(query.signature, harness.sign(TOKEN, query.timestamp, query.nonce));
  assert.equal((await sim.say('one')).attempts, 1);
  assert.deepEqual(foreign.order, ['GET', 'GET', 'POST']);
  foreign.verify = (echostr) => echostr;
  await sim.say('two');
  await until(() => /is verified/.test(sim.bot.log), 'that it is verified');
  await sim.say('three');
  assert.deepEqual(foreign.order, ['GET', 'GET', 'POST', 'GET', 'POST', 'POST']);
});

test('--account-kind plays an account with that kind\'s rights; one that there is not ends it with 2', async (t) => {
  const sim = await startDev(t, { script: 'function on_message(msg) local ok, err = wechat.create_menu { button = { { type = "click", name = "a", key = "b" } } } return err and tostring(err.errcode) or "made" end', args: ['--account-kind', 'personal'] });
  assert.equal((await sim.say('menu')).shown[0].content, '48001');
  assert.equal((await sim.state()).account.kind, 'personal');
  await sim.post('/sim/account', { kind: null });
  assert.equal((await sim.say('menu')).shown[0].content, 'made');
  const { stderr } = await wemoon(['dev', '--account-kind', 'royal', '--port', '0'], { code: 2 });
  assert.match(stderr, /--account-kind royal: .*personal, unverified, subscription, service, test/);
});

test('two equal acts within a second are two', async (t) => {
  const sim = await startDev(t, { script: 'count = 0 function on_message(msg) count = count + 1 return msg.type .. count end' });
  const shown = [];
  for (let i = 0; i < 3; i++) shown.push((await sim.act('event', { name: 'CLICK', fields: { EventKey: 'k' } })).shown[0].content);
  assert.deepEqual(shown, ['click1', 'click2', 'click3']);
  const times = (await sim.state()).trace.map((item) => item.fields.CreateTime);
  assert.equal(new Set(times).size, 3);
});
