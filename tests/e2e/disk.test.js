// A store whose disk is full or read-only: the bot logs the fault, still answers, and stores again once the disk is
// writable.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { atEnd, sleep, startBot, until, wemoon, writeFiles } = require('./harness');

const mount = (...args) => spawnSync('mount', args, { encoding: 'utf8' }).status === 0;

// Mounts a small disk for the test; null if that is not permitted (only root may mount).
function makeDisk(t, size) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'wemoon-'));
  const mounted = mount('-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', dir);
  atEnd(t, () => {
    if (mounted) spawnSync('umount', ['-l', dir]);
    fs.rmdirSync(dir);
  });
  return mounted ? dir : null;
}

const SCRIPT = `function on_message(msg)
  local ok, err = wechat.store.set(msg.content, ("x"):rep(20000))
  return ok and "kept" or err
end`;

test('a full disk: each call says so, messages are answered, and with room again all is well', async (t) => {
  const disk = makeDisk(t, '300k');
  if (!disk) return t.skip('needs the right to mount');
  const bot = await startBot(t, { script: SCRIPT, config: { store: `sqlite:${disk}/store.db` } });
  let answer;
  for (let i = 0; i < 40 && (!answer || answer === 'kept'); i++) answer = await bot.say(`key${i}`);
  assert.match(answer, /^store: .*store\.db cannot grow: the disk is full/);
  for (let i = 0; i < 3; i++) {
    await sleep(700); // meanwhile writes that need no new space succeed
    assert.match(await bot.say('one more'), /the disk is full/);
  }
  assert.equal(bot.log.match(/ warn {2}store: .*the disk is full: .*free space.*$/gm).length, 1, bot.log);
  assert.doesNotMatch(bot.log, /it works again/);
  assert.ok(mount('-o', 'remount,size=8m', disk));
  assert.equal(await bot.say('again'), 'kept');
  await bot.waitForLog(/store: it works again/, 10000);
});

test('a line that a full disk cut is ended before the next one, of the capture and of the log', async (t) => {
  const disk = makeDisk(t, '256k');
  if (!disk) return t.skip('needs the right to mount');
  const files = { capture: `${disk}/capture.jsonl`, log_file: `${disk}/log` };
  const bot = await startBot(t, { script: 'function on_message(msg) return msg.content end', config: { ...files, log_format: 'json', watch: false } });
  const filler = fs.openSync(`${disk}/filler`, 'w');
  const fill = () => { try { for (;;) fs.writeSync(filler, Buffer.alloc(4096)); } catch (full) { assert.equal(full.code, 'ENOSPC'); } };
  const size = (file) => fs.statSync(file).size;
  // Of each page that a file has begun it may write the rest.
  const isFull = async () => { await bot.say('more'); return size(files.capture) % 4096 === 0 && size(files.log_file) % 4096 === 0; };
  await bot.say('first');
  await until(() => size(files.capture) > 0, 'the first line');
  fill();
  await until(isFull, 'files that end where their last page does', 20000);
  await sleep(300); // what was captured meanwhile is dropped
  assert.ok(mount('-o', 'remount,size=8m', disk));
  for (let i = 0; i < 20; i++) await bot.say(`after ${i}`);
  await bot.stop();
  const lines = (file) => fs.readFileSync(file, 'utf8').split('\n').filter((line) => line);
  const isWhole = (line) => { try { return Boolean(JSON.parse(line)); } catch { return false; } };
  for (const file of Object.values(files)) assert.ok(lines(file).filter((line) => !isWhole(line)).length <= 1, file);
  assert.equal(lines(files.capture).filter((line) => isWhole(line) && /after \d+/.test(line)).length, 20);
  assert.equal(lines(files.log_file).filter((line) => isWhole(line) && JSON.parse(line).msg === 'message').length >= 20, true);
  // One that a killed process left, too.
  fs.appendFileSync(files.capture, '{"t":1,"in":"<xm');
  const again = await startBot(t, { script: 'function on_message(msg) return msg.content end', config: files });
  await again.say('again');
  await again.stop();
  assert.ok(isWhole(lines(files.capture).at(-1)));
  const replay = await wemoon(['replay', files.capture, bot.file('bot.lua')], { code: 0 });
  assert.match(replay.stderr, /capture\.jsonl:\d+ is left out: the line was not written whole/);
});

test('a disk that may not be written is told before anything is served', async (t) => {
  const disk = makeDisk(t, '1m');
  if (!disk) return t.skip('needs the right to mount');
  writeFiles(disk, { 'bot.lua': SCRIPT, 'config.lua': 'return { token = "t", listen = "127.0.0.1:0" }' });
  const bot = await startBot(t, { script: SCRIPT, config: { store: `sqlite:${disk}/store.db` } });
  await bot.say('key');
  await bot.stop();
  assert.ok(mount('-o', 'remount,ro', disk));
  const { stderr } = await wemoon(['run', 'bot.lua', '--store', `sqlite:${disk}/store.db`], { cwd: disk, code: 2 });
  assert.match(stderr, /store: .*store\.db cannot be opened for writing: Read-only file system/);
});
