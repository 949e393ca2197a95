// `capture`: messages and replies in a JSON Lines file, checked with jq; and `wemoon replay`.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { atEnd, startBot, textXml, eventXml, until, sleep, OPENID, APPID, TOKEN, AES_KEY } = require('./harness');

const SECRET = 'the-secret-of-the-account-0123456';

// Starts a platform and another host in one server; records requests and answers them.
async function startOutside(t) {
  const outside = { sent: [], asked: [] };
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
      const where = request.url.split('?')[0];
      const body = Buffer.concat(chunks).toString();
      if (/token/.test(where)) return response.end('{"access_token":"TOKEN-OF-THE-PLATFORM-1","expires_in":7200}');
      if (/custom\/send/.test(where)) outside.sent.push(JSON.parse(body));
      else if (where !== '/cgi-bin/message/custom/typing') outside.asked.push({ url: request.url, body });
      if (where === '/bytes') return response.end(Buffer.from([255, 0, 254]));
      if (where === '/stream') { response.write('data: 一\n\n'); return setTimeout(() => response.end('data: 二\n\n'), 50); }
      if (where === '/weather') return response.end(JSON.stringify({ text: `晴 ${outside.asked.length}`, access_token: 'of another service' }));
      return response.end('{"errcode":0,"errmsg":"ok"}');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => server.close());
  outside.url = `http://127.0.0.1:${server.address().port}`;
  return outside;
}

// Starts a bot that captures; `lines(n)` waits for n lines, parsed by jq.
async function startCaptured(t, script, options = {}) {
  const outside = await startOutside(t);
  const bot = await startBot(t, {
    ...options, script: script.replaceAll('OUTSIDE', outside.url),
    config: { appid: APPID, appsecret: SECRET, api_base: outside.url, store: 'memory:', capture: 'talk.jsonl', deadline_ms: 400, ...options.config },
  });
  const file = path.join(bot.dir, 'talk.jsonl');
  return { bot, outside, file, lines: (count) => until(() => read(file).length >= count && read(file), `${count} lines`) };
}

// Runs jq on a whole file: each line must be JSON.
function jq(file, filter = '.') {
  const { stdout, stderr, status } = spawnSync('jq', ['-c', filter, file], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout.trimEnd().split('\n').filter(Boolean).map((line) => JSON.parse(line));
}
const read = (file) => (fs.existsSync(file) ? jq(file) : []);

const echo = 'function on_message(msg) if msg.content == "fail" then error("oops") end return msg.content end';

test('a message and its reply are one line: t, in, out, late, calls', async (t) => {
  const { bot, file, lines } = await startCaptured(t, echo);
  const before = Date.now() / 1000;
  const document = textXml('你好 "a"\\');
  const { body } = await bot.deliver(document);
  await bot.deliver(textXml('fail'));
  await bot.deliver(eventXml('subscribe', { EventKey: '' }));
  const [line, failed, nothing] = await lines(3);
  assert.deepEqual(Object.keys(line), ['t', 'in', 'out', 'late', 'calls']);
  assert.ok(line.t >= before - 0.01 && line.t < before + 10, `${line.t}`);
  assert.equal(line.in, document);
  assert.equal(line.out, body);
  assert.deepEqual([line.late, line.calls], [[], []]);
  assert.equal(failed.out, '');
  assert.equal(nothing.out, '');
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
});

test('a sealed message is captured opened', async (t) => {
  const { bot, lines } = await startCaptured(t, echo, { mode: 'safe' });
  const document = textXml('secretly');
  await bot.deliver(document);
  const [line] = await lines(1);
  assert.equal(line.in, document);
  assert.match(line.out, /<Content><!\[CDATA\[secretly/);
});

test('late parts stand in the line of their message, in their order', async (t) => {
  const { bot, outside, lines } = await startCaptured(t, `function on_message(msg)
    wechat.say("一。") wechat.sleep(0.6) wechat.say("二。\\n\\n") wechat.sleep(0.1) return "三" end`);
  await bot.deliver(textXml('go'));
  const [line] = await lines(1);
  assert.match(line.out, /一。/);
  assert.deepEqual(line.late, outside.sent.map(({ touser, ...part }) => part));
  assert.deepEqual(line.late.map((part) => part.text.content), ['二。', '三']);
});

test('calls of other hosts stand there with what they got, those of the platform with how they ended', async (t) => {
  const { bot, lines } = await startCaptured(t, `function on_message(msg)
    local r = wechat.http.get("OUTSIDE/weather", { query = { city = "北京", api_key = "0123456789" } })
    wechat.http.post("OUTSIDE/bytes", { body = "x" })
    wechat.http.get("http://127.0.0.1:1/")
    for event in wechat.http.stream{ url = "OUTSIDE/stream" }:events() do r.last = event.data end
    wechat.tag.create{ tag = { name = "a" } }
    wechat.spawn(function() wechat.sleep(0.2) wechat.http.get("OUTSIDE/weather") end)
    return r.last end`);
  await bot.deliver(textXml('go'));
  const [{ calls, out }] = await lines(1);
  assert.match(out, /二/);
  assert.deepEqual(calls.map((call) => call.name), ['http.get', 'http.post', 'http.get', 'http.stream', 'tag.create', 'http.get']);
  const [weather, bytes, refused, stream, tag] = calls;
  assert.match(weather.url, /city=%E5%8C%97%E4%BA%AC/);
  assert.equal(weather.status, 200);
  assert.match(weather.body, /晴 1/);
  assert.deepEqual(Buffer.from(bytes.base64, 'base64'), Buffer.from([255, 0, 254]));
  assert.equal(refused.err.kind, 'network');
  assert.equal(stream.body, 'data: 一\n\ndata: 二\n\n');
  assert.ok(tag.ms >= 0 && !('errcode' in tag));
});

test('no secret is in it: neither of the configuration, nor a token, nor those that a URL or an answer names', async (t) => {
  const { bot, file, lines } = await startCaptured(t, `function on_message(msg)
    wechat.http.get("OUTSIDE/weather?api_key=key-of-another&q=1", { headers = { Authorization = "Bearer of-another" } })
    local token = wechat.get_access_token()
    wechat.message.custom.send_text{ touser = msg.source, text = { content = token } }
    return token .. msg.content end`, { config: { encoding_aes_key: AES_KEY, encrypt_mode: 'normal' } });
  await bot.deliver(textXml(`${SECRET} ${TOKEN} ${AES_KEY}`));
  await lines(1);
  const text = fs.readFileSync(file, 'utf8');
  for (const secret of [SECRET, TOKEN, AES_KEY, 'TOKEN-OF-THE-PLATFORM-1', 'key-of-another', 'of-another', 'of another service']) {
    assert.ok(!text.includes(secret), `${secret} in ${text}`);
  }
});

test('openids are as log_openid has them', async (t) => {
  const { bot, file, lines } = await startCaptured(t, 'function on_message(msg) return "to " .. msg.source end', { config: { log_openid: 'hash' } });
  await bot.deliver(textXml('a'));
  await bot.deliver(textXml('b', { FromUserName: 'oShort' }));
  const [one, other] = await lines(2);
  const text = fs.readFileSync(file, 'utf8');
  assert.ok(!text.includes(OPENID) && !text.includes('oShort'), text);
  const [, hash] = /<FromUserName><!\[CDATA\[([0-9a-f]{16})\]\]>/.exec(one.in);
  assert.match(one.out, new RegExp(`<ToUserName><!\\[CDATA\\[${hash}\\]\\]>.*to ${hash}`));
  assert.notEqual(/<FromUserName><!\[CDATA\[([0-9a-f]{16})\]\]>/.exec(other.in)[1], hash);
});

test('a message that the platform tries again is one line', async (t) => {
  const { bot, file, lines } = await startCaptured(t, echo);
  const document = textXml('once');
  await bot.deliver(document);
  await bot.deliver(document);
  await bot.deliver(textXml('twice'));
  await lines(2);
  await sleep(300);
  assert.equal(read(file).length, 2);
});

test('the file is rotated at 64 MB, up to FILE.4, and a file that was moved away is made anew', async (t) => {
  const { bot, file, lines } = await startCaptured(t, echo);
  await bot.deliver(textXml('one'));
  await lines(1);
  for (let n = 1; n <= 4; n++) fs.writeFileSync(`${file}.${n}`, `"${n}"\n`);
  fs.truncateSync(file, 64 * 1024 * 1024);
  fs.renameSync(file, `${file}.moved`);
  await bot.deliver(textXml('two'));
  await lines(1);
  fs.truncateSync(file, 64 * 1024 * 1024);
  await sleep(300);
  await bot.deliver(textXml('three'));
  await sleep(300);
  await bot.stop();
  assert.match(read(file).at(-1).in, /three/);
  assert.equal(read(file).length, 1);
  assert.equal(fs.statSync(`${file}.1`).size, 64 * 1024 * 1024);
  assert.deepEqual([2, 3, 4].map((n) => fs.readFileSync(`${file}.${n}`, 'utf8')), ['"1"\n', '"2"\n', '"3"\n']);
  assert.ok(!fs.existsSync(`${file}.5`));
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
});

test('what a bot has captured is in the file when it has stopped, and a full disk holds no message up', async (t) => {
  const { bot, file } = await startCaptured(t, echo);
  for (let i = 0; i < 50; i++) await bot.say(`n${i}`);
  await bot.stop();
  assert.equal(read(file).length, 50);
  const full = await startCaptured(t, echo, { config: { capture: '/dev/full' } });
  for (let i = 0; i < 5; i++) assert.equal(await full.bot.say('hi'), 'hi');
  await full.bot.waitForLog(/warn.*capture: messages were not written to \/dev\/full: No space left on device dropped=\d/);
});

test('a capture file that cannot be written is refused at the start', async () => {
  const { wemoon } = require('./harness');
  const dir = fs.mkdtempSync('/tmp/wemoon-capture-');
  fs.writeFileSync(path.join(dir, 'bot.lua'), echo);
  const { stderr } = await wemoon(['run', path.join(dir, 'bot.lua'), '--token', TOKEN, '--capture', '/nowhere/c.jsonl'], { code: 2 });
  assert.match(stderr, /wemoon: capture: cannot write \/nowhere\/c\.jsonl: No such file or directory/);
  fs.rmSync(dir, { recursive: true });
});
