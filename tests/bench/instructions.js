// The cost of one message, counted by callgrind: instructions compared with a bare civetweb handler (release build),
// and the number of wemoon's own functions, calls and files that it enters (debug build). Counts repeat; a busy
// machine does not change them.
'use strict';

const { spawn, spawnSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');

const { ROOT, BUILD, WEMOON, ACCOUNT, freePort, sleep } = require('./sides.js');

const FEW = 500;
const MANY = 1500;
const MANY_MORE = 5500; // several cycles of Lua's collector, which few messages may or may not include

// Posts like the platform: plain, signed, a separate message each time.
function post(agent, port, number) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const nonce = String(number);
  const signature = crypto.createHash('sha1').update([ACCOUNT.token, timestamp, nonce].sort().join('')).digest('hex');
  const body = `<xml><ToUserName><![CDATA[gh_bench]]></ToUserName><FromUserName><![CDATA[o${number % 100}]]></FromUserName>` +
    `<CreateTime>${timestamp}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好，今天天气怎么样？]]></Content>` +
    `<MsgId>${9000000000 + number}</MsgId></xml>`;
  return new Promise((resolve, reject) => {
    const request = http.request({ agent, port, host: '127.0.0.1', method: 'POST',
      path: `/wechat?signature=${signature}&timestamp=${timestamp}&nonce=${nonce}&openid=o1`,
      headers: { 'Content-Type': 'text/xml', 'Content-Length': Buffer.byteLength(body) } }, (response) => {
      response.resume().on('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`))));
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function until(port) {
  for (let i = 0; i < 600; i++) {
    const up = await new Promise((resolve) => {
      http.get({ port, host: '127.0.0.1', path: '/' }, (response) => { response.resume(); resolve(true); }).on('error', () => resolve(false));
    });
    if (up) return;
    await sleep(50);
  }
  throw new Error('the program under callgrind did not start');
}

// Returns callgrind's output file after `count` messages to the program that `command(port)` starts. `beside`: starts
// something that lasts as long as the messages, and returns a function that ends it.
async function profile(folder, count, command, beside) {
  const port = await freePort();
  const out = path.join(folder, `callgrind.${count}`);
  const child = spawn('valgrind', ['--tool=callgrind', `--callgrind-out-file=${out}`, '--compress-strings=no', '--compress-pos=no', ...command(port)],
    { stdio: 'ignore', env: { ...process.env, WEMOON: undefined } });
  const ended = new Promise((resolve) => child.on('close', resolve));
  await until(port);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const end = beside && await beside();
  for (let i = 0; i < count; i++) await post(agent, port, i);
  if (end) end();
  agent.destroy();
  child.kill('SIGTERM');
  await ended;
  return fs.readFileSync(out, 'utf8');
}

const total = (text) => Number(/^(?:summary|totals): (\d+)/m.exec(text)[1]);

// Returns the number of calls by "file function", of functions of the source tree.
function calls(text) {
  const counts = new Map();
  let caller = '';
  let file = '';
  let name = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('fl=')) file = caller = line.slice(3);
    else if (line.startsWith('cfi=') || line.startsWith('cfl=')) file = line.slice(4);
    else if (line.startsWith('cfn=')) name = line.slice(4);
    else if (line.startsWith('calls=')) {
      if (file.includes('/src/')) {
        const key = `${file.slice(file.indexOf('/src/') + 1)} ${name}`;
        counts.set(key, (counts.get(key) || 0) + Number(line.slice(6).split(' ')[0]));
      }
      file = caller; // a call without a file of its own is in the caller's file
    }
  }
  return counts;
}

const wemoonArgs = (program, ...more) => (port) => [program, 'run', path.join(ROOT, 'scripts/echo.lua'), '--listen', String(port), '--threads', '2',
  '--token', ACCOUNT.token, '--store', 'memory:', '--watch=false', '--log-level', 'error', ...more];
// OTHER_BUILD names the program of another build of wemoon to compare with.
const { OTHER_BUILD } = process.env;
const bareArgs = (port) => [path.join(BUILD, 'bare'), String(port), '2', '270'];

async function perMessage(folder, command, beside) {
  const few = total(await profile(folder, FEW, command, beside));
  return (total(await profile(folder, MANY_MORE, command, beside)) - few) / (MANY_MORE - FEW);
}

// Returns the calls of a function of the release build, and the instructions in them, the functions that it calls
// included.
function spentIn(text, name) {
  let inside = false;
  const spent = { calls: 0, instructions: 0 };
  for (const line of text.split('\n')) {
    if (line.startsWith('cfn=')) inside = line.slice(4).replace(/\..*/, '') === name;
    else if (line.startsWith('calls=') && inside) spent.calls += Number(line.slice(6).split(' ')[0]);
    else if (/^[+*\d-]/.test(line) && inside) {
      spent.instructions += Number(line.split(' ')[1]);
      inside = false;
    }
  }
  return spent;
}

async function perMessageIn(folder, command, ...names) {
  const sum = (text) => names.reduce((all, name) => all + spentIn(text, name).instructions, 0);
  const few = sum(await profile(folder, FEW, command));
  return (sum(await profile(folder, MANY_MORE, command)) - few) / (MANY_MORE - FEW);
}

// Returns the instructions of a call of each of these functions.
async function perCallIn(folder, command, names, beside) {
  const text = await profile(folder, MANY, command, beside);
  return names.map((name) => {
    const { calls, instructions } = spentIn(text, name);
    if (calls === 0) throw new Error(`no message called ${name}`);
    return instructions / calls;
  });
}

async function entered(folder, program) {
  const few = calls(await profile(folder, FEW, wemoonArgs(program)));
  const many = calls(await profile(folder, MANY, wemoonArgs(program)));
  const each = [...many].map(([key, count]) => [key, (count - (few.get(key) || 0)) / (MANY - FEW)]).filter(([, count]) => count > 0.5);
  return { calls: each.reduce((sum, [, count]) => sum + count, 0), functions: each.length, files: new Set(each.map(([key]) => key.split(' ')[0])).size };
}

function buildDebug() {
  const done = spawnSync('sh', ['-c', 'cmake --preset debug && cmake --build build/debug --target wemoon'], { cwd: ROOT, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`the debug build failed: ${done.stderr || done.stdout}`);
  return path.join(ROOT, 'build/debug/wemoon');
}

async function measure(quick, say) {
  say('\n== instructions: one plain message under callgrind');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wemoon-callgrind-'));
  try {
    const own = await perMessage(folder, wemoonArgs(WEMOON));
    const bare = await perMessage(folder, bareArgs);
    const captured = await perMessage(folder, wemoonArgs(WEMOON, '--capture', path.join(folder, 'capture.jsonl')));
    const logged = await perMessage(folder, wemoonArgs(WEMOON, '--log-level', 'info', '--log-file', path.join(folder, 'log')));
    const other = OTHER_BUILD ? await perMessage(folder, wemoonArgs(OTHER_BUILD)) : 0;
    const way = await entered(folder, process.env.DEBUG_BUILD || buildDebug());
    say(`wemoon ${Math.round(own)}, bare civetweb ${Math.round(bare)} instructions; ${Math.round(way.calls)} calls of ${way.functions} functions in ${way.files} files`);
    return [
      { what: 'instructions of a plain message beside civetweb', value: Math.round(own - bare), unit: '', most: 18000 },
      { what: 'instructions that capture adds to it', value: Math.round(captured - own), unit: '' },
      { what: 'instructions that its line of the log adds', value: Math.round(logged - own), unit: '' },
      ...(other ? [{ what: 'instructions of a plain message against the other build\'s', value: own / other, most: 1, unit: 'x' }] : []),
      { what: 'calls of its own functions by a plain message (debug build)', value: Math.round(way.calls), unit: '' },
      { what: 'functions entered', value: way.functions, unit: '' },
      { what: 'files entered', value: way.files, unit: '' },
    ];
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

module.exports = { measure, perMessage, perMessageIn, perCallIn, wemoonArgs };
