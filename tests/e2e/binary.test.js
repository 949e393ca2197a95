// The program as a file and as a process: hardened like Debian's own programs, and no secret is visible to other
// users.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const { BINARY, AES_KEY, APPID, startBot } = require('./harness');
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

test('a core file holds no secret', { skip: sanitizer || NO_CORE }, async (t) => {
  const bot = await startBot(t, { script: 'function on_message(msg) wechat.session().x = "s3cretsession" return msg.content end', mode: 'safe', config: { token: undefined }, env: { ...SECRETS, WEMOON_STORE: 'sqlite:bot.db' }, under: ['prlimit', '--core=unlimited'] });
  assert.equal(await bot.say('hi', { token: SECRETS.WEMOON_TOKEN }), 'hi');
  bot.signal('SIGABRT');
  assert.equal((await bot.ended).signal, 'SIGABRT');
  bot.stopped = true;
  const core = fs.readdirSync(bot.dir).find((name) => name.startsWith('core'));
  const bytes = fs.readFileSync(bot.file(core), 'latin1');
  assert.ok(bytes.startsWith('\x7fELF') && bytes.length > 1000, `${bytes.length} bytes`);
  for (const secret of ['s3cret', AES_KEY]) assert.ok(!bytes.includes(secret), `${secret} in ${core}, ${bytes.length} bytes`);
});

test('the store, which holds tokens and sessions, is its owner\'s alone', async (t) => {
  const bot = await startBot(t, { script: 'function on_message(msg) wechat.session().x = 1 return "kept" end' });
  assert.equal(await bot.say('?'), 'kept');
  const files = fs.readdirSync(bot.dir).filter((name) => name.startsWith('wemoon.db'));
  assert.ok(files.length > 0);
  for (const name of files) assert.equal(fs.statSync(bot.file(name)).mode & 0o777, 0o600, name);
});
