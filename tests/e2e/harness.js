// The harness of the end-to-end tests: starts the real binary with a script and a configuration, talks to it over
// sockets like the platform, and stops it. Signing and encryption are implemented here again, on node's own crypto,
// so that wemoon's code is never checked against itself.
//
//   test('a text is echoed', async (t) => {
//     const bot = await startBot(t, { script: 'function on_message(msg) return msg.content end' });
//     assert.equal(await bot.say('hi'), 'hi');
//   });
//
// The binary is $WEMOON, else build/release/wemoon. A bot is stopped by SIGTERM when its test ends; the test fails if
// the bot does not exit with 0 or if its log contains a sanitizer report.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { describe, test } = require('node:test');

const BINARY = path.resolve(process.env.WEMOON || path.join(__dirname, '../../build/release/wemoon'));
const TOKEN = 'aCallbackToken1';
const APPID = 'wx0123456789abcdef';
const AES_KEY = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG'; // 43 characters
const OPENID = 'oDemoUser0000000000000000001';
const ORIGINAL_ID = 'gh_demo000001';
const START_TIMEOUT_MS = 20000; // for a binary under sanitizers on a busy machine

// The tests read English, whoever runs them: so does every program that a test starts, with cleanEnv() or without.
for (const name of ['LC_MESSAGES', 'LANG', 'LANGUAGE']) delete process.env[name];
process.env.LC_ALL = 'C.UTF-8';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// How long a test waits for what it sets no time for. A binary under a sanitizer has three times as long.
const PATIENCE_MS = 5000;
let patienceMs;
function patience() {
  patienceMs ??= PATIENCE_MS * (/__(asan|tsan)_init/.test(fs.readFileSync(BINARY, 'latin1')) ? 3 : 1);
  return patienceMs;
}

// Calls `probe` until it returns a true value; fails after the timeout, naming `what`.
async function until(probe, what, timeoutMs) {
  const began = Date.now();
  for (;;) {
    const value = await probe();
    if (value) return value;
    const ms = Date.now() - began;
    if (ms > (timeoutMs ?? PATIENCE_MS) && ms > (timeoutMs ?? patience())) assert.fail(`waited ${ms} ms in vain for ${what}`);
    await sleep(10);
  }
}

// Returns a `test` for files whose tests wait more than they compute: three of them run at a time, below `name`.
function threeAtATime(name) {
  const tests = [];
  queueMicrotask(() => describe(name, { concurrency: 3 }, () => tests.forEach((args) => test(...args))));
  return (...args) => { tests.push(args); };
}

const isFree = (port) => new Promise((resolve) => {
  const server = net.createServer().on('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
});

// Returns a free port of the loopback address. It is not one of those that the system gives to whoever asks for any
// (ip_local_port_range, from 32768 on): such a one would soon be another test's.
async function freePort() {
  for (;;) {
    const port = crypto.randomInt(10240, 32768);
    if (await isFree(port)) return port;
  }
}

// ---- ends of tests ------------------------------------------------------------------------------------------------

async function callAll(ends) {
  const failures = [];
  for (const end of ends) {
    try {
      await end();
    } catch (failure) {
      failures.push(failure);
    }
  }
  if (failures.length) throw failures.length === 1 ? failures[0] : new AggregateError(failures, failures.join('\n'));
}

const ends = new WeakMap(); // by test
// Calls `end` when the test ends. What was begun last ends first, as a bot before the directory of its store. All are
// called, whichever fails: node's own hooks stop at the first that fails, and a process left by one of the others
// would keep the test from ever ending.
function atEnd(t, end) {
  if (!ends.has(t)) {
    ends.set(t, []);
    t.after(() => callAll(ends.get(t)));
  }
  ends.get(t).unshift(end);
}

// A file that stands still is killed by ctest after 600 s, without a word: shortly before, it says what it waits for.
function tellWhatIsAwaited() {
  const said = process._getActiveHandles().map((one) => [
    one.constructor.name, one.spawnargs?.join(' '), one.pid, one.localPort && `${one.localPort} to ${one.remotePort}`,
  ].filter(Boolean).join(' '));
  console.error(`this file has not ended yet; it has open:\n${said.join('\n')}`);
}
setTimeout(tellWhatIsAwaited, 570 * 1000).unref();

// ---- signatures and encryption ------------------------------------------------------------------------------------

const sha1 = (text) => crypto.createHash('sha1').update(text).digest('hex');

// Returns the `signature` of a request; with `sealed` (the text of <Encrypt>) the `msg_signature`.
function sign(token, timestamp, nonce, sealed) {
  const parts = [token, String(timestamp), nonce];
  if (sealed !== undefined) parts.push(sealed);
  return sha1(parts.map((part) => Buffer.from(part)).sort(Buffer.compare).join(''));
}

let nonces = 0;
// Returns the query of a signed request as an object; `sealed` adds msg_signature and encrypt_type. Given values
// override.
function signedQuery({ token = TOKEN, sealed, timestamp = Math.floor(Date.now() / 1000), nonce, ...others } = {}) {
  nonce = nonce || `n${process.pid}${++nonces}`;
  const query = { signature: sign(token, timestamp, nonce), timestamp: String(timestamp), nonce, openid: OPENID };
  if (sealed !== undefined) {
    query.encrypt_type = 'aes';
    query.msg_signature = sign(token, timestamp, nonce, sealed);
  }
  return { ...query, ...others };
}

const keyBytes = (key) => Buffer.from(key + '=', 'base64');

// Encrypts XML like the platform. Parts can be overridden to create envelopes with one fault: `length` (the length
// field), `padding` (the padding bytes), `cut` (bytes of ciphertext dropped at the end).
function seal(xml, { key = AES_KEY, appid = APPID, length, padding, cut = 0 } = {}) {
  const body = Buffer.from(xml);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(length === undefined ? body.length : length >>> 0);
  const plain = Buffer.concat([crypto.randomBytes(16), size, body, Buffer.from(appid)]);
  const pad = 32 - (plain.length % 32);
  const padded = Buffer.concat([plain, padding || Buffer.alloc(pad, pad)]);
  const bytes = keyBytes(key);
  const cipher = crypto.createCipheriv('aes-256-cbc', bytes, bytes.subarray(0, 16)).setAutoPadding(false);
  const sealed = Buffer.concat([cipher.update(padded), cipher.final()]);
  return sealed.subarray(0, sealed.length - cut).toString('base64');
}

// Decrypts the text of an <Encrypt>; returns { xml, appid }. Throws on bad padding.
function unseal(sealed, { key = AES_KEY } = {}) {
  const bytes = keyBytes(key);
  const decipher = crypto.createDecipheriv('aes-256-cbc', bytes, bytes.subarray(0, 16)).setAutoPadding(false);
  const padded = Buffer.concat([decipher.update(Buffer.from(sealed, 'base64')), decipher.final()]);
  const pad = padded[padded.length - 1];
  assert.ok(pad >= 1 && pad <= 32, `padding of ${pad} bytes`);
  assert.ok(padded.subarray(-pad).every((byte) => byte === pad), 'padding bytes differ');
  assert.equal(padded.length % 32, 0, 'the plain text is padded to 32 bytes');
  const plain = padded.subarray(0, padded.length - pad);
  const length = plain.readUInt32BE(16);
  return { xml: plain.subarray(20, 20 + length).toString(), appid: plain.subarray(20 + length).toString() };
}

// Returns the document around an encrypted message; `plain` (an XML document) adds its elements, as in compatible
// mode.
function wrap(sealed, { plain } = {}) {
  const elements = plain ? plain.replace(/^\s*<xml>/, '').replace(/<\/xml>\s*$/, '') : element('ToUserName', ORIGINAL_ID);
  return `<xml>${elements}<Encrypt><![CDATA[${sealed}]]></Encrypt></xml>`;
}

// ---- XML ----------------------------------------------------------------------------------------------------------

const cdata = (text) => `<![CDATA[${String(text).replaceAll(']]>', ']]]]><![CDATA[>')}]]>`;

function element(name, value) {
  if (typeof value === 'number' || typeof value === 'bigint') return `<${name}>${value}</${name}>`;
  if (Array.isArray(value)) return value.map((one) => element(name, one)).join('');
  if (value && typeof value === 'object') return `<${name}>${elements(value)}</${name}>`;
  return `<${name}>${cdata(value)}</${name}>`;
}
const elements = (fields) => Object.entries(fields).map(([name, value]) => element(name, value)).join('');

let ids = 0;
// Returns a message as XML: numbers bare, strings in CDATA, objects nested, arrays as repeated elements. Undefined
// fields are omitted.
function messageXml(fields) {
  const all = {
    ToUserName: ORIGINAL_ID, FromUserName: OPENID, CreateTime: Math.floor(Date.now() / 1000),
    MsgType: 'text', MsgId: 24000000000000000n + BigInt(process.pid) * 1000000n + BigInt(++ids), ...fields,
  };
  for (const name of Object.keys(all)) if (all[name] === undefined) delete all[name];
  return `<xml>${elements(all)}</xml>`;
}
const textXml = (content, fields) => messageXml({ MsgType: 'text', Content: content, ...fields });
const eventXml = (event, fields) => messageXml({ MsgType: 'event', Event: event, MsgId: undefined, ...fields });

const ENTITIES = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
function unescapeXml(text) {
  return text.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (whole, name) => {
    if (name[0] === '#') return String.fromCodePoint(name[1] === 'x' ? parseInt(name.slice(2), 16) : Number(name.slice(1)));
    assert.ok(name in ENTITIES, `entity ${whole}`);
    return ENTITIES[name];
  });
}

// Parses XML strictly; returns the root's value: an element without children is its text, with children an object,
// and repeated elements are an array. Throws on malformed XML and on characters that XML forbids.
function parseXml(xml) {
  assert.doesNotMatch(xml, /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/, 'a character that XML forbids');
  const token = /<!\[CDATA\[([^]*?)\]\]>|<(\/?)([A-Za-z_][\w.-]*)\s*>|([^<]+)/y;
  const root = { name: '', text: '', children: [] };
  const stack = [root];
  while (token.lastIndex < xml.length) {
    const at = token.lastIndex;
    const match = token.exec(xml);
    assert.ok(match, `not well-formed at ${at}: ${JSON.stringify(xml.slice(at, at + 40))}`);
    const [, data, slash, name, text] = match;
    const top = stack[stack.length - 1];
    if (data !== undefined) top.text += data;
    else if (text !== undefined) {
      assert.ok(!text.includes(']]>'), 'a bare ]]>');
      top.text += unescapeXml(text);
    } else if (!slash) {
      const child = { name, text: '', children: [] };
      top.children.push(child);
      stack.push(child);
    } else {
      assert.equal(name, top.name, 'the tag that closes');
      assert.ok(stack.length > 1);
      stack.pop();
    }
  }
  assert.equal(stack.length, 1, 'an element is not closed');
  assert.equal(root.children.length, 1, 'one root');
  assert.equal(root.text.trim(), '', 'text outside the root');
  const value = (node) => {
    if (!node.children.length) return node.text;
    const result = {};
    for (const child of node.children) {
      const one = value(child);
      if (!Object.hasOwn(result, child.name)) result[child.name] = one;
      else if (Array.isArray(result[child.name])) result[child.name].push(one);
      else result[child.name] = [result[child.name], one];
    }
    return result;
  };
  return value(root.children[0]);
}

// ---- files --------------------------------------------------------------------------------------------------------

// A process that was only told to end may still put a file there; node's own retries remove what it saw at first.
const removeDir = (dir) => until(() => {
  try {
    fs.rmSync(dir, { recursive: true, force: true });
    return true;
  } catch (error) {
    if (error.code !== 'ENOTEMPTY') throw error;
    return false;
  }
}, `the last file in ${dir}`);

// Creates a directory that is removed when the test ends.
function tempDir(t) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'wemoon-'));
  atEnd(t, () => removeDir(dir));
  return dir;
}

function luaValue(value) {
  if (typeof value === 'string') {
    return '"' + value.replace(/[\\"\x00-\x1f\x7f]/g, (c) => '\\' + String(c.charCodeAt(0)).padStart(3, '0')) + '"';
  }
  if (Array.isArray(value)) return `{ ${value.map(luaValue).join(', ')} }`;
  if (value && typeof value === 'object') return luaTable(value);
  return String(value);
}
function luaTable(fields) {
  return `{ ${Object.entries(fields).map(([key, value]) => `[${luaValue(key)}] = ${luaValue(value)}`).join(', ')} }`;
}
// Returns a configuration file's text. Undefined keys are omitted.
const configLua = (config) =>
  `return ${luaTable(Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined)))}\n`;

function writeFiles(dir, files) {
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    fs.writeFileSync(path.join(dir, name), text);
  }
}

// ---- binary -------------------------------------------------------------------------------------------------------

const SANITIZER_REPORT = /(Address|Leak|Thread|Memory|UndefinedBehavior)Sanitizer|runtime error: /;

function checkSanitizers(log) {
  if (SANITIZER_REPORT.test(log)) assert.fail(`a sanitizer reports:\n${log}`);
}

// Returns the environment without variables that a wemoon user of this machine may have set, in English. A test that
// sets LANG or LC_MESSAGES sets LC_ALL to '' too.
function cleanEnv(extra) {
  const env = { ...process.env };
  for (const name of Object.keys(env)) if (name.startsWith('WEMOON_')) delete env[name];
  delete env.NODE_TEST_CONTEXT;
  env.TSAN_OPTIONS ||= `suppressions=${path.join(__dirname, '../tsan.supp')}`;
  return { ...env, ...extra };
}

// Runs a command to its end; returns { code, signal, stdout, stderr }. Checks `code` if given.
function wemoon(args, { input, env, cwd, code, timeoutMs = 30000 } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(BINARY, args, { cwd, env: cleanEnv(env), stdio: 'pipe' });
    const out = [];
    const err = [];
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.stdout.on('data', (chunk) => out.push(chunk));
    child.stderr.on('data', (chunk) => err.push(chunk));
    child.stdin.on('error', () => {}); // the command may end before it has read all input
    child.stdin.end(input);
    child.on('error', reject);
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      const result = { code: status, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
      try {
        checkSanitizers(result.stderr);
        if (code !== undefined) {
          assert.equal(status, code, `exit status of wemoon ${args.join(' ')}; ${signal || ''}\n${result.stderr}`);
        }
        resolve(result);
      } catch (failure) {
        reject(failure);
      }
    });
  });
}

class Bot {
  constructor(dir, child, settings) {
    this.dir = dir;
    this.child = child;
    this.pid = child.pid;
    this.settings = settings; // token, appid, key, mode: used by deliver() to sign and encrypt
    this.log = '';            // standard error so far
    this.output = '';         // standard output so far
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
    child.stderr.on('data', (chunk) => { this.log += chunk; });
    child.stdout.on('data', (chunk) => { this.output += chunk; });
    this.ended = new Promise((resolve) => child.on('close', (code, signal) => {
      this.exit = { code, signal };
      resolve(this.exit);
    }));
  }

  async waitUntilServing() {
    await until(() => {
      if (this.exit) assert.fail(`wemoon ended with ${JSON.stringify(this.exit)} before it served:\n${this.log}`);
      return /http:\/\/\S+:\d+\/\S*/.test(this.output);
    }, 'the line that says what is served', START_TIMEOUT_MS);
    const served = new URL(/http:\/\/\S+:\d+\/[^\s]*/.exec(this.output)[0]);
    this.host = served.hostname.replace(/^\[|\]$/g, '');
    this.port = Number(served.port);
    this.path = served.pathname;
    this.url = served.href;
  }

  file(name) { return path.join(this.dir, name); }
  write(name, text) { writeFiles(this.dir, { [name]: text }); }
  // Replaces a file as editors do that write a new file and rename it over the old one.
  replace(name, text) {
    writeFiles(this.dir, { [name + '.new']: text });
    fs.renameSync(this.file(name + '.new'), this.file(name));
  }

  waitForLog(pattern, timeoutMs) {
    return until(() => pattern.exec(this.log), `${pattern} in the log:\n${this.log}`, timeoutMs);
  }

  // Sends one HTTP request; returns { status, headers, body }. `query` is an object or a string.
  request({ method = 'POST', path: where = this.path, query, headers = {}, body, agent = this.agent, timeoutMs = 20000 } = {}) {
    const search = typeof query === 'string' ? query : query ? new URLSearchParams(query).toString() : '';
    const bytes = body === undefined ? undefined : Buffer.from(body);
    return new Promise((resolve, reject) => {
      const request = http.request({
        host: this.host, port: this.port, method, path: search ? `${where}?${search}` : where, agent, timeout: timeoutMs,
        headers: { ...(bytes && !headers['Transfer-Encoding'] ? { 'Content-Length': bytes.length } : {}), ...headers },
      }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => resolve({
          status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString(),
        }));
      });
      request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      request.on('error', reject);
      request.end(bytes);
    });
  }

  // Signs (and, in safe and compatible mode, encrypts) a message as configured and posts it. The answer's `reply` is
  // the parsed reply document, or null for `success`; an encrypted reply is verified and decrypted.
  async deliver(xml, { mode = this.settings.mode, token = this.settings.token, key = this.settings.key,
    appid = this.settings.appid, query = {}, ...options } = {}) {
    let body = xml;
    let sealed;
    if (mode !== 'normal') {
      sealed = seal(xml, { key, appid });
      body = wrap(sealed, { plain: mode === 'compatible' ? xml : undefined });
    }
    const answer = await this.request({ query: signedQuery({ token, sealed, ...query }), body, ...options });
    answer.reply = null;
    if (answer.status === 200 && answer.body !== 'success') {
      answer.reply = parseXml(answer.body);
      if (mode !== 'normal') {
        const { Encrypt, MsgSignature, TimeStamp, Nonce } = answer.reply;
        assert.equal(MsgSignature, sign(token, TimeStamp, Nonce, Encrypt), 'the signature of the reply');
        const opened = unseal(Encrypt, { key });
        assert.equal(opened.appid, appid, 'the appid in the reply');
        answer.xml = opened.xml;
        answer.reply = parseXml(opened.xml);
      } else answer.xml = answer.body;
    }
    return answer;
  }

  // Sends a user's text; returns the reply's text, or null for `success`. Any other answer fails.
  async say(content, options) {
    const answer = await this.deliver(textXml(content, options && options.fields), options);
    assert.equal(answer.status, 200, `${answer.body}\n${this.log}`);
    if (!answer.reply) return null;
    assert.equal(answer.reply.MsgType, 'text', answer.body);
    return answer.reply.Content;
  }

  // Sends bytes on a bare socket; resolves to the received text once the server closes or after `timeoutMs` of
  // silence.
  raw(bytes, { timeoutMs = 2000, end = false } = {}) {
    return new Promise((resolve, reject) => {
      const chunks = [];
      const socket = net.connect(this.port, this.host, () => (end ? socket.end(bytes) : socket.write(bytes)));
      const done = () => {
        socket.destroy();
        resolve(Buffer.concat(chunks).toString('latin1'));
      };
      socket.setTimeout(timeoutMs, done);
      socket.on('data', (chunk) => chunks.push(chunk));
      socket.on('close', done);
      socket.on('error', (error) => (error.code === 'ECONNRESET' || error.code === 'EPIPE' ? done() : reject(error)));
    });
  }

  signal(name) { this.child.kill(name); }

  // Kills the bot without any notice, like a power failure.
  async kill() {
    this.stopped = true;
    this.agent.destroy();
    this.child.kill('SIGKILL');
    await this.ended;
    checkSanitizers(this.log);
  }

  // Stops the bot and checks its exit status; a second call does nothing.
  async stop({ signal = 'SIGTERM', code = 0, timeoutMs = 20000 } = {}) {
    if (this.stopped) return this.exit;
    this.stopped = true;
    this.agent.destroy();
    if (!this.exit) this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), timeoutMs);
    await this.ended;
    clearTimeout(timer);
    checkSanitizers(this.log);
    assert.deepEqual(this.exit, { code, signal: null }, `how the bot ended; its log:\n${this.log}`);
    return this.exit;
  }
}

// Starts `wemoon run bot.lua` in a directory of its own and waits until it serves.
//   script   the text of bot.lua
//   config   keys of config.lua; `token` and a free port are set unless overridden
//   mode     'normal', 'compatible' or 'safe': also sets encrypt_mode, encoding_aes_key and appid
//   files    other files: { 'lib/util.lua': 'return {}' }
//   args     further arguments; env: further environment
//   command  `dev` instead of `run`; its script may be undefined: only the simulated platform runs
//   under    a command that starts wemoon: ['prlimit', '--nofile=64']
async function startBot(t, { script, config = {}, mode, files = {}, args = [], env, command = 'run', under = [], binary = BINARY } = {}) {
  const dir = tempDir(t);
  const sealing = mode && mode !== 'normal' ? { encrypt_mode: mode, encoding_aes_key: AES_KEY, appid: APPID } : {};
  const all = { token: TOKEN, listen: '127.0.0.1:0', ...sealing, ...config };
  writeFiles(dir, { ...(script === undefined ? {} : { 'bot.lua': script }), 'config.lua': configLua(all), ...files });
  const [program, ...rest] = [...under, binary, command, ...(script === undefined ? [] : [path.join(dir, 'bot.lua')]), ...args];
  const child = spawn(program, rest, {
    cwd: dir, env: cleanEnv(env), stdio: ['ignore', 'pipe', 'pipe'],
  });
  const bot = new Bot(dir, child, {
    token: all.token, appid: all.appid || APPID, key: all.encoding_aes_key || AES_KEY,
    mode: all.encrypt_mode || (all.encoding_aes_key ? 'safe' : 'normal'),
  });
  await new Promise((resolve, reject) => {
    child.on('spawn', resolve);
    child.on('error', reject);
  });
  atEnd(t, () => bot.stop());
  await bot.waitUntilServing();
  return bot;
}

module.exports = {
  BINARY, TOKEN, APPID, AES_KEY, OPENID, ORIGINAL_ID,
  sleep, until, threeAtATime, atEnd, freePort, sha1, sign, signedQuery, seal, unseal, wrap,
  messageXml, textXml, eventXml, element, cdata, parseXml,
  tempDir, writeFiles, configLua, luaValue, cleanEnv, wemoon, startBot,
};
