// Terminal output, and file lookup: errors with their remedy, text from strangers without its escape sequences.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const { atEnd, wemoon, startBot, tempDir, writeFiles, TOKEN } = require('./harness');

const STEERING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

test('an error of exec FILE has a traceback', async (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, { 'e.lua': 'local function f(x) return x.y.z end\nlocal function g() return (f {}) end\ng()\n' });
  const { stderr } = await wemoon(['exec', 'e.lua'], { cwd, code: 1 });
  assert.match(stderr, /^wemoon: exec: e\.lua:1: .*\n {2}1 \| local function f.*\nstack traceback:\n\te\.lua:1: in .*\n\te\.lua:2: in .*\n\te\.lua:3: in main chunk\n$/);
});

test('what a bot answers reaches the terminal with its control characters made visible', async (t) => {
  const bot = await startBot(t, { script: 'function on_message() return wechat.response_text("a\\u{9b}31mb") end' });
  const line = (await wemoon(['send', '--url', bot.url, '--token', TOKEN, 'text', 'x'], { code: 0 })).stdout;
  assert.equal(line, 'text: a\\xC2\\x9B31mb\n');
  const json = (await wemoon(['send', '--json', '--url', bot.url, '--token', TOKEN, 'text', 'x'], { code: 0 })).stdout;
  assert.doesNotMatch(json.trimEnd(), STEERING);
  assert.equal(JSON.parse(json).Content, 'a\u009b31mb');
});

test('what another server answers, and what a script raises, is shown so too', async (t) => {
  const server = http.createServer((request, response) => request.resume().on('end', () => { response.statusCode = 500; response.end('\u001b]0;owned\u0007'); }));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => server.close());
  const sent = await wemoon(['send', '--url', `http://127.0.0.1:${server.address().port}/`, '--token', TOKEN, 'text', 'x'], { code: 1 });
  assert.doesNotMatch(sent.stderr.trimEnd(), STEERING);
  assert.match(sent.stderr, /\\x1B\]0;owned\\x07/);
  const raised = await wemoon(['exec', '-e', 'error("\\27[2J\\u{9b}")'], { code: 1 });
  assert.doesNotMatch(raised.stderr.replaceAll(/[\n\t]/g, ''), STEERING);
  const value = await wemoon(['exec', '-e', 'return "\\u{9b}\\27"'], { code: 0 });
  assert.equal(value.stdout, '"\\u009B\\u001b"\n');
});

// They reorder what a terminal shows: "abc" may be shown as "cba".
const REORDERING = /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f]/;

test('marks that reorder text are visible at the terminal, and left as they are in JSON and bytes', async (t) => {
  const bot = await startBot(t, { script: 'function on_message() return wechat.response_text("a\\u{202e}b\\u{2066}c") end' });
  const send = async (...more) => (await wemoon(['send', ...more, '--url', bot.url, '--token', TOKEN, 'text', 'x'], { code: 0 })).stdout;
  assert.equal(await send(), 'text: a\\xE2\\x80\\xAEb\\xE2\\x81\\xA6c\n');
  assert.equal(JSON.parse(await send('--json')).Content, 'a\u202eb\u2066c');
  assert.match(await send('--json'), /a\u202eb\u2066c/);
  assert.match(await send('--raw'), /a\u202eb\u2066c/);
  const raised = await wemoon(['exec', '-e', 'error("a\\u{202e}b")'], { code: 1 });
  assert.doesNotMatch(raised.stderr, REORDERING);
  assert.match(raised.stderr, /a\\xE2\\x80\\xAEb/);
  const cwd = tempDir(t);
  writeFiles(cwd, { 'x.lua': 'local function f() error("a\u200fb") end\nf()\n' });
  assert.doesNotMatch((await wemoon(['exec', 'x.lua'], { cwd, code: 1 })).stderr, REORDERING);
});

test('files are found beside the script from any folder: wechat.path, uploads, forms', async (t) => {
  const dir = tempDir(t);
  const script = `local file <close> = assert(io.open(wechat.path("words.txt")))
    local answer = assert(wechat.http.request { method = "POST", url = ARG, files = { f = "words.txt" } })
    return wechat.path("/etc/hosts"), file:read("a"), answer.body:find("the words", 1, true) ~= nil, select(2, pcall(wechat.upload_media, "image", "nope.png"))`;
  let body = '';
  const server = http.createServer((request, response) => request.on('data', (part) => { body += part; }).on('end', () => response.end(body)));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => server.close());
  writeFiles(dir, { 'bot/s.lua': script.replace('ARG', `"http://127.0.0.1:${server.address().port}/"`), 'bot/words.txt': 'the words' });
  for (const [cwd, name] of [['/', `${dir}/bot/s.lua`], [dir, 'bot/s.lua'], [`${dir}/bot`, 's.lua']]) {
    const { stdout } = await wemoon(['exec', name], { cwd, code: 0 });
    const [absolute, words, sent, missing] = stdout.trim().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual([absolute, words, sent], ['/etc/hosts', 'the words', true]);
    assert.ok(missing.includes(name === 's.lua' ? 'nope.png' : 'bot/nope.png'), missing);
  }
});

test('a missing script is named, and no store is created', async (t) => {
  const cwd = tempDir(t);
  const { stderr } = await wemoon(['run', 'gone.lua', '--token', TOKEN], { cwd, code: 2 });
  assert.match(stderr, /gone\.lua: No such file/);
  assert.deepEqual(fs.readdirSync(cwd), []);
});

test('errors that send an operator to a setting name the place where it is', async () => {
  const { stderr } = await wemoon(['run', '/dev/null'], { code: 2 });
  assert.match(stderr, /token: is not set: .*from 微信开发者平台 .*› 域名与消息推送配置/);
});
