// The program as a file and as a process: hardened like Debian's own programs, and no secret is visible to other
// users.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { BINARY, AES_KEY, APPID, sleep, startBot, tempDir } = require('./harness');
const { sanitizer } = require('./sanitizer');

const readelf = (...args) => execFileSync('readelf', ['-W', ...args, BINARY], { encoding: 'utf8' });

test('it is position independent, and its data is not executable', () => {
  const segments = readelf('-l');
  assert.match(readelf('-h'), /Type:\s+DYN/);
  assert.match(readelf('-d'), /FLAGS_1.*\bPIE\b/);
  assert.match(segments, /GNU_STACK.*\sRW\s/);
  assert.doesNotMatch(segments, /LOAD.*\sRWE\s/);
});

test('its tables are read-only, its buffers and stacks are guarded', { skip: sanitizer }, () => {
  const symbols = readelf('--dyn-syms');
  assert.match(readelf('-l'), /GNU_RELRO/);
  assert.match(readelf('-d'), /BIND_NOW/);
  assert.match(symbols, /__stack_chk_fail/);
  assert.match(symbols, /__\w+_chk(@|\s)/); // _FORTIFY_SOURCE
  assert.doesNotMatch(readelf('-d'), /RPATH|RUNPATH/);
});

// A copy: in the build's folder the program reads its Lua files from the source, not from itself.
test('a second after it printed its address it has under 20 MB of memory', { skip: sanitizer }, async (t) => {
  const hello = fs.readFileSync(path.join(__dirname, '../../scripts/hello.lua'), 'utf8');
  const binary = path.join(tempDir(t), 'wemoon');
  fs.copyFileSync(BINARY, binary);
  const bot = await startBot(t, { binary, script: hello });
  await sleep(1000);
  const [, kb] = /VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${bot.pid}/status`, 'utf8'));
  t.diagnostic(`${kb} KB`);
  assert.ok(kb < 20 * 1024, `${kb} KB\n${fs.readFileSync(`/proc/${bot.pid}/smaps_rollup`, 'utf8')}`);
});

const SECRETS = {
  WEMOON_TOKEN: 's3crettoken', WEMOON_APPSECRET: 's3cretappsecret', WEMOON_ENCODING_AES_KEY: AES_KEY, WEMOON_PARTNERKEY: 's3cretpartner',
  WEMOON_STORE: 'redis://:s3cretredis@127.0.0.1:1/0',
};

test('secrets of its environment are in neither its environment nor its arguments, and no script finds them', async (t) => {
  const script = `function on_message(msg)
    local found = {}
    for _, name in ipairs { "TOKEN", "APPSECRET", "ENCODING_AES_KEY", "PARTNERKEY", "STORE", "APPID" } do
      found[#found + 1] = tostring(os.getenv("WEMOON_" .. name))
    end
    return table.concat(found, " ")
  end`;
  const bot = await startBot(t, { script, config: { token: undefined }, mode: 'safe', env: { ...SECRETS, WEMOON_APPID: APPID } });
  for (const file of ['environ', 'cmdline']) {
    const shown = fs.readFileSync(`/proc/${bot.pid}/${file}`, 'latin1');
    for (const secret of ['s3cret', AES_KEY]) assert.ok(!shown.includes(secret), `${file}: ${shown.replaceAll('\0', ' ')}`);
  }
  assert.equal(await bot.say('?', { token: SECRETS.WEMOON_TOKEN }), `nil nil nil nil nil ${APPID}`);
});

// The kernel's core pattern: core files go to the process's folder only if it is a plain name.
const PLAIN_CORE = fs.readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();
const NO_CORE = !/^core[.%\w]*$/.test(PLAIN_CORE) && `core files go to ${PLAIN_CORE}`;

const CORE_SCRIPT = `function on_message(msg)
  wechat.session().x = "s3cretsession"
  return tostring(#wechat.get_access_token().access_token)
end`;
const startForCore = (t) => startBot(t, {
  script: CORE_SCRIPT, mode: 'safe', config: { token: undefined }, under: ['prlimit', '--core=unlimited'],
  env: { ...SECRETS, WEMOON_STORE: 'sqlite:bot.db', WEMOON_ACCESS_TOKEN: 's3cretaccess'.repeat(10),
    WEMOON_ACCESS_TOKEN_EXPIRES_AT: String(Math.floor(Date.now() / 1000) + 7000) },
});

async function dumpCore(bot) {
  bot.stopped = true;
  bot.signal('SIGABRT');
  assert.equal((await bot.ended).signal, 'SIGABRT');
  const name = fs.readdirSync(bot.dir).find((file) => file.startsWith('core'));
  return name && fs.readFileSync(bot.file(name), 'latin1');
}

// Vector registers hold what their thread copied last: of a token of 120 bytes all.
test('a process that dies under load leaves no core file, whatever the limit that it inherited', { skip: NO_CORE }, async (t) => {
  const bot = await startForCore(t);
  const write = { token: SECRETS.WEMOON_TOKEN };
  assert.equal(await bot.say('hi', write), '120');
  const talk = async () => { while (!bot.stopped) await bot.say('hi', write); };
  const users = Array.from({ length: 24 }, () => talk().catch(() => {})); // they end with the process
  await sleep(300);
  assert.equal(await dumpCore(bot), undefined);
  await Promise.all(users);
});

test('a core file that a debugger asks for has no memory in it', { skip: sanitizer || NO_CORE }, async (t) => {
  const bot = await startForCore(t);
  assert.equal(await bot.say('hi', { token: SECRETS.WEMOON_TOKEN }), '120');
  execFileSync('prlimit', ['--core=unlimited', '--pid', String(bot.pid)]);
  const core = await dumpCore(bot);
  assert.ok(core.startsWith('\x7fELF') && core.length > 1000, `${core.length} bytes`);
  for (const secret of [SECRETS.WEMOON_APPSECRET, SECRETS.WEMOON_PARTNERKEY, AES_KEY]) {
    assert.ok(!core.includes(secret), `${secret} in ${core.length} bytes`);
  }
});

test('the store, which holds tokens and sessions, is its owner\'s alone', async (t) => {
  const bot = await startBot(t, { script: 'function on_message(msg) wechat.session().x = 1 return "kept" end' });
  assert.equal(await bot.say('?'), 'kept');
  const files = fs.readdirSync(bot.dir).filter((name) => name.startsWith('wemoon.db'));
  assert.ok(files.length > 0);
  for (const name of files) assert.equal(fs.statSync(bot.file(name)).mode & 0o777, 0o600, name);
});
