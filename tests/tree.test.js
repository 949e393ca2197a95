// The plan of src/, held against the tree and a build of it (BUILD): who sees whom, where each foreign library is at
// home, who calls whom.
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const ROOT = path.join(__dirname, '..');
const SRC = path.join(ROOT, 'src');
const { BUILD } = process.env;

// Each layer, and the layers that stand directly below it.
const BELOW = {
  base: [],
  codec: ['base'],
  wechat: ['codec'],
  net: ['codec'],
  store: ['net'],
  api: ['wechat', 'store'],
  engine: ['codec'],
  script: ['engine', 'api'],
  host: ['script'],
  bot: ['host'],
  dev: ['bot'],
  cli: ['dev'],
};

// Which files may include the headers of a foreign library.
const HOMES = {
  civetweb: [/^civetweb\.h$/, ['net/civetweb.c']],
  libcurl: [/^curl\//, ['net/transfer.h', 'net/sockets.h', 'net/curl_memory.c']],
  libuv: [/^uv\.h$/, ['net/loop.c', 'net/shard.c', 'net/sockets.c', 'net/parked.c']],
  libxml2: [/^libxml\//, ['codec/xml.c']],
  cJSON: [/^cjson\//, ['codec/json.c']],
  OpenSSL: [/^openssl\//, ['codec/aes.c', 'codec/certificates.c', 'codec/digest.c', 'codec/keyed_digest.c', 'store/redis_tls.c']],
  SQLite: [/^sqlite3/, ['store/sqlite_file.h']],
  hiredis: [/^hiredis\//, ['store/redis_link.h']],
  Lua: [/^(lua|lauxlib|lualib|luaconf)\.h$/, ['engine/', 'script/', 'host/']],
  libedit: [/^(histedit|editline)/, ['cli/prompt.c', 'cli/prompt_keys.h', 'cli/prompt_history.h']],
  libqrencode: [/^qrencode/, ['codec/qr.c']],
  'cmark-gfm': [/^cmark-gfm/, ['codec/markdown.c']],
};

// A task's slice ends suspended or with the task, the worker runs the next one, and the last task's end may close the
// engine: these call each other.
const SCHEDULER = ['engine/engine.c', 'engine/park.c', 'engine/task_end.c', 'engine/task_run.c', 'engine/worker.c'];

// Layers in which each file has a test of its own.
const TESTED = ['engine', 'script', 'host'];

const layers = Object.keys(BELOW);
const filesOf = (layer) => fs.readdirSync(path.join(SRC, layer)).filter((name) => /\.[ch]$/.test(name)).map((name) => `${layer}/${name}`);
const files = layers.flatMap(filesOf);

function includesOf(file) {
  const text = fs.readFileSync(path.join(SRC, file), 'utf8');
  return [...text.matchAll(/^\s*#\s*include\s*[<"]([^>"]+)[>"]/gm)].map((match) => match[1]);
}

function allBelow(layer) {
  return new Set(BELOW[layer].flatMap((below) => [below, ...allBelow(below)]));
}

function publicHeaders(layer) {
  const call = new RegExp(`^layer\\(${layer}\\s[^)]*?PUBLIC_HEADERS\\s+([^)]*?)\\s*(?:LINKS|USES|\\))`, 'm');
  const [, names] = call.exec(fs.readFileSync(path.join(ROOT, 'CMakeLists.txt'), 'utf8'));
  return names.split(/\s+/).map((name) => `${layer}/${name}`);
}

// The compiler's call for one file of a layer, without its input and output.
function compilation(layer) {
  const entries = JSON.parse(fs.readFileSync(path.join(BUILD, 'compile_commands.json'), 'utf8'));
  const entry = entries.find(({ file }) => file.startsWith(path.join(SRC, layer) + path.sep));
  return entry.command.replace(/ -o \S+ -c \S+$/, '').replaceAll('\\"', '"').split(' ');
}

const foldersOf = (command) => command.filter((word) => word.startsWith('-I')).map((word) => word.slice(2));
const isSeen = (folders, header) => folders.some((folder) => fs.existsSync(path.join(folder, header)));

// Groups of files that reach each other by the arrows (Tarjan), each of two or more.
function circles(arrows) {
  const order = new Map();
  const low = new Map();
  const stack = [];
  const found = [];
  function visit(file) {
    order.set(file, order.size);
    low.set(file, order.get(file));
    stack.push(file);
    for (const next of arrows.get(file) || []) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) low.set(file, Math.min(low.get(file), low.get(next)));
    }
    if (low.get(file) !== order.get(file)) return;
    const circle = stack.splice(stack.indexOf(file));
    if (circle.length > 1) found.push(circle.sort());
  }
  for (const file of arrows.keys()) if (!order.has(file)) visit(file);
  return found;
}

// What an object file defines for others, and what it takes from them.
function symbolsOf(file) {
  const object = path.join(BUILD, 'CMakeFiles', `${path.dirname(file)}.dir`, 'src', `${file}.o`);
  const { status, stdout, stderr } = spawnSync('nm', [object], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/));
  return {
    taken: rows.filter((row) => row[0] === 'U').map((row) => row[1]),
    given: rows.filter((row) => /^[TDBRV]$/.test(row[1])).map((row) => row[2]),
  };
}

function callArrows() {
  const symbols = new Map(files.filter((file) => file.endsWith('.c')).map((file) => [file, symbolsOf(file)]));
  const home = new Map();
  for (const [file, { given }] of symbols) for (const name of given) home.set(name, file);
  const takenFrom = (file, taken) => taken.map((name) => home.get(name)).filter((other) => other && other !== file);
  return new Map([...symbols].map(([file, { taken }]) => [file, new Set(takenFrom(file, taken))]));
}

test('each layer has the folders and only the folders of the plan', () => {
  const folders = fs.readdirSync(SRC, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  assert.deepEqual(folders.filter((name) => name !== 'packaging').sort(), [...layers].sort());
});

for (const layer of layers) {
  test(`${layer} finds its own headers and the public ones of the layers below, and no other`, () => {
    const offered = new Set([...allBelow(layer)].flatMap(publicHeaders));
    const headers = files.filter((file) => file.endsWith('.h'));
    const wanted = headers.filter((header) => header.startsWith(`${layer}/`) || offered.has(header));
    const folders = foldersOf(compilation(layer));
    assert.deepEqual(headers.filter((header) => isSeen(folders, header)), wanted);
  });

  test(`${layer} does not build with a header of a layer above it, nor with a private one of a layer below`, () => {
    const below = allBelow(layer);
    const offered = new Set(layers.flatMap(publicHeaders));
    const refused = layers.filter((other) => other !== layer).flatMap((other) => {
      const headers = filesOf(other).filter((file) => file.endsWith('.h'));
      return below.has(other) ? headers.filter((header) => !offered.has(header)).slice(0, 1) : headers.slice(0, 1);
    });
    const [compiler, ...options] = compilation(layer);
    for (const header of refused) {
      const { status, stderr } = spawnSync(compiler, [...options, '-fsyntax-only', '-x', 'c', '-'],
        { cwd: BUILD, input: `#include "${header}"\n`, encoding: 'utf8' });
      assert.notEqual(status, 0, `${layer} can include ${header}`);
      assert.match(stderr, /No such file/, header);
    }
  });
}

for (const [library, [headers, homes]] of Object.entries(HOMES)) {
  test(`${library} is included at home alone`, () => {
    const users = files.filter((file) => includesOf(file).some((header) => headers.test(header)));
    const isHome = (file) => homes.some((home) => (home.endsWith('/') ? file.startsWith(home) : file === home));
    assert.deepEqual(users.filter((file) => !isHome(file)), []);
    for (const home of homes) assert(users.some((file) => file.startsWith(home)), `${home} does not include it any more: take it off the list`);
  });
}

test('engine knows no word of WeChat', () => {
  const words = /\w*(wechat|weixin|openid|msgid|msg_id|appid|on_message|customer_service|passive_reply|follower)\w*/gi;
  const found = filesOf('engine').flatMap((file) => (fs.readFileSync(path.join(SRC, file), 'utf8').match(words) || []).map((word) => `${file}: ${word}`));
  assert.deepEqual(found.filter((word) => !/: WEMOON_/.test(word)), []);
});

test('a store backend is one file and its name in the list of backends.c', () => {
  const read = (file) => fs.readFileSync(path.join(SRC, file), 'utf8');
  const names = [...read('store/backends.c').matchAll(/EACH\((\w+)\)/g)].map((match) => match[1]);
  assert.ok(names.length >= 3);
  for (const name of names) {
    const users = files.filter((file) => new RegExp(`\\b${name}\\b`).test(read(file)));
    assert.deepEqual(users, ['store/backends.c', `${name.replace('_', '/')}.c`].sort(), name);
  }
});

test('what a command says of errors is read by the test of their Chinese', () => {
  const read = fs.readFileSync(path.join(ROOT, 'tests/lua/errors_zh_test.lua'), 'utf8').split('local commands = ')[1].split('for name in')[0];
  for (const name of fs.readdirSync(path.join(SRC, 'cli')).filter((file) => file.endsWith('.c')).map((file) => file.slice(0, -2))) {
    const source = fs.readFileSync(path.join(SRC, 'cli', `${name}.c`), 'utf8');
    const says = /\b(report|report_usage|err_set|FAULT)\([^)]*"[^"]*[a-z]+ [a-z]/.test(source);
    assert.ok(!says || new RegExp(`\\b${name}\\b`).test(read), name);
  }
});

test('no header includes another in a circle', () => {
  const headers = files.filter((file) => file.endsWith('.h'));
  const arrows = new Map(headers.map((header) => [header, includesOf(header).filter((other) => headers.includes(other))]));
  assert.deepEqual(circles(arrows), []);
});

test('no files call each other in a circle but the scheduler\'s own', () => {
  const found = circles(callArrows());
  assert.deepEqual(found.filter((circle) => !circle.every((file) => SCHEDULER.includes(file))), []);
});

for (const layer of TESTED) {
  test(`each file of ${layer} has a unit test`, () => {
    const tests = new Set(fs.readdirSync(path.join(__dirname, 'unit')));
    const names = filesOf(layer).filter((file) => file.endsWith('.c')).map((file) => `${file.slice(0, -2).replace('/', '_')}_test.c`);
    assert.deepEqual(names.filter((name) => !tests.has(name)), []);
  });
}
