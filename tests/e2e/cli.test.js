// The command line: commands, help, exit statuses, sources of the configuration, and secrets that are never shown.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { atEnd, BINARY, TOKEN, APPID, AES_KEY, tempDir, writeFiles, configLua, cleanEnv, wemoon, startBot, until, textXml } =
  require('./harness');

const ECHO = 'function on_message(msg) return msg.content end\n';
const KEYS = `token appid appsecret encoding_aes_key encrypt_mode previous_token previous_encoding_aes_key partnerid partnerkey
  paysignkey access_token access_token_expires_at jsapi_ticket jsapi_ticket_expires_at checkssl listen path admin_listen admin_token attach trusted_proxies api_base
  mp_base proxy ca_file token_api store threads interpreters deadline_ms late_reply late_text error_reply job_timeout_s script_cpu_ms
  script_memory_mb api_timeout_s max_jobs max_body replay_window_s dedup_window_s watch allow_shell log_level log_format`.split(/\s+/);

// Creates a directory with a bot, and with a configuration if `config` is given.
function botDir(t, { script = ECHO, config, files = {} } = {}) {
  const dir = tempDir(t);
  writeFiles(dir, { 'bot.lua': script, ...files });
  if (config) writeFiles(dir, { 'config.lua': typeof config === 'string' ? config : configLua(config) });
  return dir;
}

// ---- help and version ---------------------------------------------------------------------------------------------

test('without arguments, help goes to standard error and the status is 2', async () => {
  const { stdout, stderr } = await wemoon([], { code: 2 });
  assert.equal(stdout, '');
  for (const command of ['run', 'exec', 'send', 'check', 'explain']) assert.match(stderr, new RegExp(`wemoon ${command}`));
});

test('--version says name and version', async () => {
  const { stdout, stderr } = await wemoon(['--version'], { code: 0 });
  assert.match(stdout, /^wemoon \d+\.\d+\.\d+\n$/);
  assert.equal(stderr, '');
});

test('--help names every command', async () => {
  const { stdout } = await wemoon(['--help'], { code: 0 });
  for (const command of ['run', 'exec', 'send', 'check', 'explain']) assert.match(stdout, new RegExp(`wemoon ${command} `));
});

test('the bot of --help is served and spoken to as it is printed there, with any message', async (t) => {
  const { stdout } = await wemoon(['--help'], { code: 0 });
  const [, script] = /hello\.lua:\n +(.*)\n/.exec(stdout), [, token] = /WEMOON_TOKEN=(\S+) wemoon run/.exec(stdout);
  const dir = botDir(t, { script, config: 'return {}' });
  const { stderr } = await wemoon(['check', 'bot.lua'], { cwd: dir, code: 0, env: { WEMOON_TOKEN: token } });
  assert.equal(stderr, '');
  const { stdout: said } = await wemoon(['exec', '-e', `${script} return on_message { type = "image" }`], { cwd: dir, code: 0 });
  assert.match(said, /image/);
});

for (const command of ['run', 'exec', 'send', 'check']) {
  test(`wemoon ${command} --help names every key of the configuration with its default`, async () => {
    const { stdout } = await wemoon([command, '--help'], { code: 0 });
    for (const key of KEYS) assert.match(stdout, new RegExp(`--${key.replaceAll('_', '-')} `), key);
    assert.match(stdout, /--config FILE/);
    assert.match(stdout, /\(127\.0\.0\.1:8080\)/);
    assert.match(stdout, /environment/);
  });
}

test('no line of any help ends with a blank', async () => {
  const names = [...(await wemoon(['--help'], { code: 0 })).stdout.matchAll(/^ {2}wemoon ([a-z]+)/gm)].map((found) => found[1]);
  assert.ok(names.includes('status'));
  for (const args of [['--help'], ...names.map((name) => [name, '--help'])]) {
    const { stdout } = await wemoon(args, { code: 0 });
    assert.doesNotMatch(stdout, / $/m, args.join(' '));
  }
});

test('help does not need a valid configuration and never shows one', async () => {
  const { stdout } = await wemoon(['run', '--help'], { code: 0, env: { WEMOON_TOKEN: 's3cret', WEMOON_NONSENSE: '1' } });
  assert.doesNotMatch(stdout, /s3cret/);
});

test('wemoon send --help lists the kinds', async () => {
  const { stdout } = await wemoon(['send', '--help'], { code: 0 });
  for (const kind of ['text CONTENT', 'image MEDIA_ID [PIC_URL]', 'voice MEDIA_ID [RECOGNITION]', 'video MEDIA_ID THUMB_MEDIA_ID',
    'shortvideo MEDIA_ID THUMB_MEDIA_ID', 'location LATITUDE LONGITUDE [LABEL]', 'link TITLE DESCRIPTION URL', 'subscribe [SCENE]',
    'unsubscribe', 'scan SCENE', 'click KEY', 'view URL', 'event NAME [Field=value...]', 'xml FILE|-']) {
    assert.ok(stdout.includes(`  ${kind}`), kind);
  }
});

// ---- wrong usage --------------------------------------------------------------------------------------------------

test('an unknown command is refused with the nearest one', async () => {
  const { stderr } = await wemoon(['chekc', 'bot.lua'], { code: 2 });
  assert.match(stderr, /^wemoon: unknown command chekc; did you mean check\?/);
});

test('wemoon SCRIPT.lua explains how to serve a script', async () => {
  const { stderr } = await wemoon(['bot.lua'], { code: 2 });
  assert.match(stderr, /wemoon run bot\.lua/);
});

test('an unknown option is refused with the nearest one', async () => {
  const { stderr } = await wemoon(['run', 'bot.lua', '--encrypt-mod', 'safe'], { code: 2 });
  assert.match(stderr, /^wemoon: run: unknown option --encrypt-mod; did you mean --encrypt-mode\?/);
});

test('what other tools call an option, a key or a command is told by its name here', async (t) => {
  const dir = botDir(t, { config: { token: TOKEN, port: 80 } });
  const says = async (args, pattern, env) => assert.match((await wemoon(args, { cwd: dir, code: 2, env })).stderr, pattern, args.join(' '));
  await says(['run', 'bot.lua', '--port', '80'], /^wemoon: run: unknown option --port; did you mean --listen\? --listen ADDRESS: ADDRESS:PORT, PORT \(/);
  await says(['run', 'bot.lua', '--host=0.0.0.0'], /unknown option --host; did you mean --listen\?/);
  await says(['run', 'bot.lua', '-p', '80'], /unknown option -p; did you mean --listen\?/);
  await says(['dev', 'bot.lua', '-v'], /unknown option -v; did you mean --log-level\?/);
  await says(['send', 'text', '-n'], /unknown option -n; did you mean --repeat\? .*write -- before an argument that begins with a dash/);
  await says(['-v'], /unknown option -v; did you mean --version\?/);
  await says(['check', 'bot.lua'], /port \(from config\.lua\): unknown key: did you mean listen\?/);
  await says(['exec', '-e', '1'], /WEMOON_HOST .*did you mean WEMOON_LISTEN\?/, { WEMOON_HOST: '0.0.0.0' });
  await says(['serve', 'bot.lua'], /unknown command serve; did you mean run\?/);
  await says(['send', 'follow'], /unknown kind "follow"; did you mean subscribe\?/);
});

test('wemoon help is --help, wemoon help COMMAND is COMMAND --help', async () => {
  const out = async (...args) => (await wemoon(args, { code: 0 })).stdout;
  for (const words of [['help'], ['help', '--help'], ['help', '-h']]) assert.equal(await out(...words), await out('--help'));
  for (const command of ['run', 'docs']) assert.equal(await out('help', command), await out(command, '--help'));
  assert.equal(await out('version'), await out('--version'));
  assert.match((await wemoon(['help', 'chekc'], { code: 2 })).stderr, /unknown command chekc; did you mean check\?/);
});

test('where the language is Chinese help is, with the same commands, options and keys', async () => {
  const env = { LC_ALL: '', LC_MESSAGES: 'zh_CN.UTF-8', LANG: 'en_US.UTF-8' };
  const help = async (args, variables) => (await wemoon(args, { env: variables })).stdout;
  const all = await help(['--help'], env);
  const names = [...all.matchAll(/^ {2}wemoon ([a-z]+)/gm)].map((found) => found[1]);
  assert.ok(names.length >= 14, all);
  for (const args of [['--help'], ...names.map((name) => [name, '--help'])]) {
    const chinese = await help(args, env), english = await help(args, { ...env, LC_MESSAGES: 'en_US.UTF-8' });
    const parts = (text) => [...text.matchAll(/^ {2}(wemoon [a-z]+.*|--[a-z-]+)/gm)].map((found) => found[1]);
    assert.deepEqual(parts(chinese), parts(english), args.join(' '));
    assert.doesNotMatch(english.replace(/.*(还在想|你说|你好|微信开发者平台).*/g, ''), /[\u4e00-\u9fff]/, args.join(' '));
    const prose = chinese.split('\n').filter((line) => !/^ {2}(wemoon|function) /.test(line)).join('\n');
    assert.doesNotMatch(prose, /([A-Za-z']{2,} ){4}[A-Za-z']{2,}/, args.join(' '));
    for (const row of chinese.matchAll(/^ {2}--[a-z-]+[^\u4e00-\u9fff]*$/gm)) assert.match(row[0], /log-format|token-api|log-level|^ {2}--previous-encoding-aes-key SECRET$/, args.join(' '));
  }
  assert.match((await wemoon([], { code: 2, env })).stderr, /^wemoon：没有给出命令[^]* {2}wemoon run {5}运行机器人\n/);
});

test('an option before the command is refused', async () => {
  const { stderr } = await wemoon(['--token=s3cret', 'run'], { code: 2 });
  assert.match(stderr, /wemoon COMMAND --option/);
  assert.doesNotMatch(stderr, /s3cret/);
});

test('a missing argument and one too many are refused', async () => {
  assert.match((await wemoon(['run'], { code: 2 })).stderr, /wemoon run BOT\.lua/);
  assert.match((await wemoon(['run', 'a.lua', 'b.lua'], { code: 2 })).stderr, /"b\.lua" is one argument too many/);
  assert.match((await wemoon(['exec'], { code: 2 })).stderr, /FILE\.lua/);
  assert.match((await wemoon(['send'], { code: 2 })).stderr, /KIND/);
  assert.match((await wemoon(['check'], { code: 2 })).stderr, /BOT\.lua/);
});

// ---- run ----------------------------------------------------------------------------------------------------------

test('run says what is served where, and how to talk to it', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  assert.match(bot.output, /serving \S*bot\.lua on http:\/\/127\.0\.0\.1:\d+\/wechat \(normal mode\)/);
  const line = /^ {2}\S*wemoon send .*text 你好$/m.exec(bot.output);
  assert.ok(line, bot.output);
});

test('the line that run prints works when it is copied', async (t) => {
  const bot = await startBot(t, { script: ECHO, mode: 'safe' });
  const [line] = await until(() => /^ {2}\S*wemoon send .*text 你好$/m.exec(bot.output), 'the line to copy');
  const shown = spawnSync('sh', ['-c', line], { cwd: bot.dir, env: cleanEnv(), encoding: 'utf8' });
  assert.equal(shown.stdout, 'text: 你好\n', shown.stderr);
  assert.equal(shown.status, 0);
});

test('the line that run prints works in any folder, however the program and the script were named', async (t) => {
  const dir = botDir(t, { script: ECHO, config: { token: TOKEN } });
  const child = spawn(path.relative(dir, BINARY), ['run', 'bot.lua', '--listen', '0'], { cwd: dir, env: cleanEnv() });
  atEnd(t, () => child.kill());
  let output = '';
  child.stdout.on('data', (chunk) => { output += chunk; });
  const [line] = await until(() => /^ {2}.* send .*text 你好$/m.exec(output), 'the line to copy', 20000);
  const shown = spawnSync('sh', ['-c', line], { cwd: tempDir(t), env: cleanEnv(), encoding: 'utf8' });
  assert.equal(shown.stdout, 'text: 你好\n', shown.stderr);
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`${signal} ends run with status 0`, async (t) => {
    const bot = await startBot(t, { script: ECHO });
    assert.equal(await bot.say('hi'), 'hi');
    await bot.stop({ signal });
  });
}

test('a script that is not there is said before a token is asked for', async (t) => {
  const { stderr } = await wemoon(['run', 'nothere.lua'], { cwd: tempDir(t), code: 2 });
  assert.equal(stderr, 'wemoon: nothere.lua: No such file or directory\n');
});

test('run without a token: status 2 and the mend', async (t) => {
  const dir = botDir(t);
  const { stderr, stdout } = await wemoon(['run', 'bot.lua'], { cwd: dir, code: 2 });
  assert.match(stderr, /^wemoon: token: is not set: give --token, WEMOON_TOKEN or token = .*without an account: wemoon dev BOT\.lua, which needs no token$/m);
  assert.equal(stdout, '');
});

test('run of a missing file: status 2', async (t) => {
  const dir = botDir(t, { config: { token: TOKEN, listen: '0' } });
  const { stderr } = await wemoon(['run', 'other.lua'], { cwd: dir, code: 2 });
  assert.match(stderr, /^wemoon: .*other\.lua/m);
  assert.match(stderr, /No such file|not there|does not exist/);
});

test('run of a script that does not parse: status 1, file and line', async (t) => {
  const dir = botDir(t, { script: 'local x = 1\nfunction on_message(\n', config: { token: TOKEN, listen: '0' } });
  const { stderr } = await wemoon(['run', 'bot.lua'], { cwd: dir, code: 1 });
  assert.match(stderr, /^wemoon: .*bot\.lua:[23]:/m);
});

test('run of a script without on_message: status 1', async (t) => {
  const dir = botDir(t, { script: 'local x = 1\n', config: { token: TOKEN, listen: '0' } });
  const { stderr } = await wemoon(['run', 'bot.lua'], { cwd: dir, code: 1 });
  assert.match(stderr, /on_message/);
});

test('run with a faulty configuration and a faulty script: status 2', async (t) => {
  const dir = botDir(t, { script: 'function (', config: { token: TOKEN, threads: 0 } });
  const { stderr } = await wemoon(['run', 'bot.lua'], { cwd: dir, code: 2 });
  assert.match(stderr, /threads/);
});

test('run on a port that is taken: status 1, which port', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.on('listening', resolve));
  atEnd(t, () => server.close());
  const { port } = server.address();
  const dir = botDir(t, { config: { token: TOKEN, listen: `127.0.0.1:${port}` } });
  const { stderr } = await wemoon(['run', 'bot.lua'], { cwd: dir, code: 1 });
  assert.match(stderr, new RegExp(`^wemoon: .*${port}`, 'm'));
});

// Runs as a user with a limit of 60 threads; only root can switch to another user.
test('fewer HTTP threads than were asked for: status 1, how many there are and the mend', { skip: process.getuid() === 0 ? false : 'this needs root' }, (t) => {
  const dir = botDir(t, { config: { token: TOKEN, listen: '0', store: 'memory:' } });
  fs.copyFileSync(BINARY, path.join(dir, 'wemoon'));
  const user = String(200000 + process.pid); // the limit counts what a user runs anywhere: this one runs nothing else
  spawnSync('chown', ['-R', `${user}:${user}`, dir]);
  const run = (threads) => spawnSync('prlimit', ['--nproc=60', 'setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups',
    './wemoon', 'run', 'bot.lua', '--threads', String(threads)], { cwd: dir, env: cleanEnv(), encoding: 'utf8', timeout: 30000 });
  const few = run(512);
  const said = /^wemoon: only (\d+) of the 513 HTTP threads could be started .*`threads`$/m.exec(few.stderr);
  assert.ok(said, few.stderr);
  assert.equal(few.status, 1);
  const allButOne = run(Number(said[1]));
  assert.match(allButOne.stderr, /only (\d+) of the \d+ HTTP threads could be started/);
  assert.equal(allButOne.status, 1);
});

test('fewer files than threads need: status 1 and the mend; few more: a warning', async (t) => {
  const dir = botDir(t, { config: { token: TOKEN, listen: '0', store: 'memory:' } });
  const run = (files) => spawn('prlimit', [`--nofile=${files}`, BINARY, 'run', 'bot.lua'], { cwd: dir, env: cleanEnv() });
  const ended = await new Promise((resolve) => {
    let said = '';
    const child = run(100).on('close', (status) => resolve({ status, said }));
    child.stderr.on('data', (chunk) => { said += chunk; });
  });
  assert.match(ended.said, /^wemoon: only 100 files may be open at once, and 64 threads need 128: .*`threads`$/m);
  assert.equal(ended.status, 1);
  const child = run(700);
  atEnd(t, () => child.kill());
  let log = '';
  child.stderr.on('data', (chunk) => { log += chunk; });
  await until(() => /only 700 files may be open at once, and 1664 are recommended for 64 threads/.test(log), 'the warning', 20000);
});

test('a bare port means the loopback address', async (t) => {
  const bot = await startBot(t, { script: ECHO, args: ['--listen', '0'] });
  assert.equal(bot.host, '127.0.0.1');
});

const IPV6 = Object.values(require('node:os').networkInterfaces()).flat().some((one) => one.address === '::1');

test('an IPv6 address is served', { skip: IPV6 ? false : 'this machine has no IPv6' }, async (t) => {
  const bot = await startBot(t, { script: ECHO, args: ['--listen=[::1]:0'] });
  assert.equal(bot.host, '::1');
  assert.equal(await bot.say('hi'), 'hi');
  const { stdout } = await wemoon(['send', '--url', bot.url, 'text', 'hi'], { cwd: bot.dir, code: 0 });
  assert.equal(stdout, 'text: hi\n');
});

test('run keeps serving when its standard output is closed', async (t) => {
  const dir = botDir(t, { config: { token: TOKEN, listen: '127.0.0.1:0' } });
  const child = spawn('sh', ['-c', 'exec "$0" run bot.lua >&-', BINARY], { cwd: dir, env: cleanEnv(), stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk) => { log += chunk; });
  await until(() => /standard output/.test(log), 'the warning', 20000);
  const ended = new Promise((resolve) => child.on('close', resolve));
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
});

// ---- configuration ------------------------------------------------------------------------------------------------

test('a flag is stronger than the environment, and that stronger than the file', async (t) => {
  const bot = await startBot(t, {
    script: ECHO, config: { path: '/file', token: 'of-file' }, env: { WEMOON_PATH: '/environment', WEMOON_TOKEN: 'of-environment' },
    args: ['--path', '/flag'],
  });
  assert.equal(bot.path, '/flag');
  assert.equal(await bot.say('hi', { token: 'of-environment' }), 'hi');
  assert.equal((await bot.deliver(textXml('hi'), { token: 'of-file' })).status, 403);
});

test('--config names another file, and config.lua is not read then', async (t) => {
  const bot = await startBot(t, {
    script: ECHO, config: { nonsense: 1 }, files: { 'other.lua': configLua({ token: TOKEN, listen: '0', path: '/other' }) },
    args: ['--config', 'other.lua'],
  });
  assert.equal(bot.path, '/other');
});

test('a relative path in the configuration file counts from its folder, in a flag from the working directory', async (t) => {
  const config = { token: TOKEN, listen: '0', capture: 'a.jsonl', log_file: 'a.log', store: 'sqlite:a.db', attach: './a.sock' };
  const bot = await startBot(t, {
    script: 'function on_message(msg) wechat.store.set("k", 1) return msg.content end',
    files: { 'sub/config.lua': configLua(config) }, args: ['--config', 'sub/config.lua', '--log-file', 'b.log'],
  });
  const beside = (name) => fs.existsSync(path.join(bot.dir, 'sub', name));
  assert.equal(await bot.say('hi'), 'hi');
  assert.ok(beside('a.sock'));
  await bot.stop();
  assert.ok(beside('a.db') && beside('a.jsonl') && !beside('a.log'));
  assert.ok(fs.existsSync(path.join(bot.dir, 'b.log')));
  const list = await wemoon(['store', 'list', '--config', path.join(bot.dir, 'sub/config.lua')], { cwd: os.tmpdir(), code: 0 });
  assert.equal(list.stdout, '{"key":"k"}\n');
});

test('--config with a missing file: status 2', async (t) => {
  const dir = botDir(t);
  const { stderr } = await wemoon(['run', 'bot.lua', '--config', 'none.lua'], { cwd: dir, code: 2 });
  assert.match(stderr, /none\.lua/);
});

test('an unknown key names itself, its file and line, and the nearest key', async (t) => {
  const dir = botDir(t, { config: 'return {\n  token = "t",\n  encrypt_mdoe = "safe",\n}\n' });
  const { stderr } = await wemoon(['run', 'bot.lua'], { cwd: dir, code: 2 });
  assert.match(stderr, /^wemoon: encrypt_mdoe \(from config\.lua:3\): .*did you mean encrypt_mode\?/m);
});

test('an unknown WEMOON_ variable is an error', async (t) => {
  const dir = botDir(t, { config: { token: TOKEN } });
  for (const command of [['run', 'bot.lua'], ['check', 'bot.lua'], ['exec', '-e', 'return 1'], ['send', 'text', 'hi']]) {
    const { stderr } = await wemoon(command, { cwd: dir, code: 2, env: { WEMOON_TOKNE: 's3cret' } });
    assert.match(stderr, /WEMOON_TOKNE.*did you mean WEMOON_TOKEN\?/s, command.join(' '));
    assert.doesNotMatch(stderr, /s3cret/);
  }
});

test('a wrong type, a value out of range and a missing partner are errors that name key and place', async (t) => {
  const dir = botDir(t, { config: 'return {\n token = "t",\n threads = "many",\n access_token = "s3cret" }' });
  const { stderr } = await wemoon(['run', 'bot.lua', '--max-jobs=0'], { cwd: dir, code: 2, env: { WEMOON_ENCRYPT_MODE: 'safe' } });
  assert.match(stderr, /^wemoon: threads \(from config\.lua:3\): .*integer/m);
  assert.match(stderr, /^wemoon: max_jobs \(from --max-jobs\): /m);
  assert.match(stderr, /^wemoon: encrypt_mode \(from WEMOON_ENCRYPT_MODE\): .*encoding_aes_key/m);
  assert.match(stderr, /^wemoon: access_token \(from config\.lua:4\): .*access_token_expires_at/m);
  assert.doesNotMatch(stderr, /s3cret/);
});

test('a wrong entry of trusted_proxies is named', async (t) => {
  const dir = botDir(t, { config: 'return { token = "t",\n trusted_proxies = "::1, my-proxy" }' });
  for (const command of ['run', 'check']) {
    const { stderr } = await wemoon([command, 'bot.lua'], { cwd: dir, code: 2 });
    assert.match(stderr, /trusted_proxies \(from config\.lua:2\): 'my-proxy' is neither an address/);
  }
});

test('a configuration file that fails names file and line', async (t) => {
  const dir = botDir(t, { config: 'local x = nil\nreturn { token = x.y }\n' });
  const { stderr } = await wemoon(['run', 'bot.lua'], { cwd: dir, code: 2 });
  assert.match(stderr, /config\.lua:2:/);
  assert.doesNotMatch(stderr, /token: is not set/, 'what the file was to say is not missed too');
});

test('a configuration file that loops is stopped', async (t) => {
  const dir = botDir(t, { config: 'while true do end' });
  const { stderr } = await wemoon(['run', 'bot.lua'], { cwd: dir, code: 2 });
  assert.match(stderr, /config\.lua/);
});

// ---- check --------------------------------------------------------------------------------------------------------

test('check says ok and what it found, and serves nothing', async (t) => {
  const dir = botDir(t, {
    script: `${ECHO}function on_load() error("must not run") end`,
    config: { token: TOKEN, encoding_aes_key: AES_KEY, appid: APPID, log_level: 'error' },
  });
  const { stdout, stderr } = await wemoon(['check', 'bot.lua'], { cwd: dir, code: 0 });
  assert.match(stdout, /^ok: bot\.lua: on_message, on_load; safe mode/);
  assert.equal(stderr, '');
});

test('check of a script without any account checks the script, and says that run needs a token', async (t) => {
  const dir = botDir(t);
  const { stdout, stderr } = await wemoon(['check', 'bot.lua'], { cwd: dir, code: 0 });
  assert.match(stdout, /^ok: bot\.lua: on_message/);
  assert.match(stderr, /^wemoon: check: warning: no account is configured, .*`wemoon run` needs a token/m);
  fs.writeFileSync(path.join(dir, 'bot.lua'), 'function on_message(msg) return msg.contnet end');
  assert.match((await wemoon(['check', 'bot.lua'], { cwd: dir, code: 1 })).stderr, /did you mean content\?/);
  const half = await wemoon(['check', 'bot.lua', '--appid', APPID], { cwd: dir, code: 2 });
  assert.match(half.stderr, /token: is not set/, 'an account without its token is a fault');
});

test('check reports every fault of configuration and script', async (t) => {
  const dir = botDir(t, { script: 'x = = 1', config: { threads: 0, nonsense: true } });
  const { stderr, stdout } = await wemoon(['check', 'bot.lua', '--log-level=loud'], { cwd: dir, code: 2 });
  for (const part of [/threads/, /nonsense/, /log_level/, /token: is not set/, /bot\.lua:1:/]) assert.match(stderr, part);
  assert.equal(stdout, '');
});

test('check of a faulty script: status 1; of a missing one: 2; of an account without its token: 2', async (t) => {
  const dir = botDir(t, { script: 'error("at load")', config: { token: TOKEN } });
  const faulty = await wemoon(['check', 'bot.lua'], { cwd: dir, code: 1 });
  assert.match(faulty.stderr, /bot\.lua:1: at load/);
  await wemoon(['check', 'none.lua'], { cwd: dir, code: 2 });
  const bare = botDir(t);
  assert.match((await wemoon(['check', 'bot.lua', '--appid', APPID], { cwd: bare, code: 2 })).stderr, /token/);
});

const refusedByCheck = async (t, args, word, code = 2) => {
  const dir = botDir(t, { config: { token: 'abc' } });
  const { stderr, stdout } = await wemoon(['check', 'bot.lua', ...args], { cwd: dir, code });
  assert.match(stderr, word);
  assert.equal(stderr.match(/^wemoon: /gm).length, 1, stderr); // the log may say that a script loads slowly here
  assert.equal(stdout.startsWith('ok'), code === 0);
  return dir;
};

test('check refuses store URLs that run refuses, and takes those that run takes', async (t) => {
  await refusedByCheck(t, ['--store', 'redis://h/5000000'], /store \(from --store\): the database, after the last \/,/);
  await refusedByCheck(t, ['--store', 'redis://user@h/0'], /:PASSWORD is missing before the @/);
  const dir = botDir(t, { config: { token: 'abc', store: 'redis://user:a/b?c#d@127.0.0.1:1/0' } });
  await wemoon(['check', 'bot.lua'], { cwd: dir, code: 0 });
});

test('check reports a store whose folder is missing once, and creates nothing', async (t) => {
  const dir = await refusedByCheck(t, ['--store', 'sqlite:nowhere/a.db'], /store: nowhere\/a\.db .*its folder does not exist/);
  assert.deepEqual(fs.readdirSync(dir).sort(), ['bot.lua', 'config.lua']);
});

test('check refuses files that run cannot write, and creates none', async (t) => {
  for (const [flag, value, code, word] of [
    ['--capture', '/nonexistent/x', 2, /capture: cannot write \/nonexistent\/x: No such file/],
    ['--capture', '/tmp', 2, /capture: cannot write \/tmp: Is a directory/],
    ['--capture', '/proc/x', 2, /capture: cannot write \/proc\/x: /],
    ['--log-file', '/proc/x', 2, /log_file: cannot write \/proc\/x: /],
    ['--store', 'sqlite:/tmp', 2, /^wemoon: store: \/tmp cannot be opened for writing: Is a directory: name a file in it \(--store sqlite:FOLDER\/wemoon\.db\)$/m],
    ['--store', 'sqlite:/proc/x.db', 2, /store: \/proc\/x\.db cannot be opened for writing: .*no file can be created in its folder/],
  ]) {
    const dir = await refusedByCheck(t, [flag, value], word);
    const { stderr } = await wemoon(['run', 'bot.lua', '--listen', '0', flag, value], { cwd: dir, code });
    assert.match(stderr, word);
  }
  const dir = botDir(t, { config: { token: 'abc', capture: 'a.jsonl', log_file: 'a.log', store: 'sqlite:a.db' } });
  assert.equal((await wemoon(['check', 'bot.lua'], { cwd: dir, code: 0 })).stderr, '');
  assert.deepEqual(fs.readdirSync(dir).sort(), ['bot.lua', 'config.lua']);
});

test('check reports faults of every kind in one run', async (t) => {
  const config = { token: '"tok"', previous_token: 'ab', deadline_ms: 6000, nonsense: 1, store: 'sqlite:nowhere/a.db',
    log_file: '/nonexistent/log', capture: '/nonexistent/x', listen: '192.0.2.1:80', admin_listen: '192.0.2.1:81' };
  const dir = botDir(t, { script: 'x = = 1', config });
  const { stderr } = await wemoon(['check', 'bot.lua'], { cwd: dir, code: 2 });
  for (const key of Object.keys(config)) {
    const lines = stderr.split('\n').filter((line) => new RegExp(`^wemoon: ${key}( \\(from|:)`).test(line));
    assert.equal(lines.length, 1, `${key}: ${stderr}`);
  }
  assert.match(stderr, /bot\.lua:1:/);
  delete config.deadline_ms;
  delete config.nonsense;
  const other = await wemoon(['check', 'bot.lua'], { cwd: botDir(t, { config }), code: 2 });
  for (const key of Object.keys(config)) assert.match(other.stderr, new RegExp(`^wemoon: ${key}( \\(from|:)`, 'm'));
});

test('check refuses an address that this machine does not have, and equal addresses of listen and admin_listen', async (t) => {
  await refusedByCheck(t, ['--listen', '192.0.2.1:8080'], /listen: cannot listen on 192\.0\.2\.1:8080/);
  await refusedByCheck(t, ['--admin-listen', '192.0.2.1:8080'], /admin_listen: cannot listen/);
  await refusedByCheck(t, ['--listen', '8080', '--admin-listen', '127.0.0.1:8080'], /admin_listen .* is the address of listen too/);
});

test('check accepts the port that the running bot uses', async (t) => {
  const dir = botDir(t, { config: { token: 'abc' } });
  const server = net.createServer().listen(0, '127.0.0.1');
  atEnd(t, () => server.close());
  await new Promise((resolve) => server.on('listening', resolve));
  await wemoon(['check', 'bot.lua', '--listen', String(server.address().port)], { cwd: dir, code: 0 });
});

test('check refuses a token that the platform cannot hold; run serves and warns', async (t) => {
  for (const token of ["'quoted'", 'abcdefghijklmnopqrstuvwxyz0123456', '微月', 'ab'])
    await refusedByCheck(t, ['--token', token], /token \(from --token\): is not a token of 3 to 32 letters and digits/);
  const bot = await startBot(t, { script: ECHO, config: { token: "'quoted'" } });
  await bot.waitForLog(/warn .*token \(from .*\): is not a token of 3 to 32 letters and digits/);
});

test('check refuses a deadline that the platform does not wait for', async (t) => {
  await refusedByCheck(t, ['--deadline-ms', '6000'], /deadline_ms .*: 6000 is out of range: write 50 to 4900/);
});

test('check refuses a ca_file that contains no certificate', async (t) => {
  await refusedByCheck(t, ['--ca-file', __filename], /ca_file .* contains no certificate in PEM/);
});

test('an appid or an appsecret that cannot be the platform\'s is a warning, which does not show the secret', async (t) => {
  const dir = botDir(t, { config: { token: 'abc' } });
  const check = async (...args) => (await wemoon(['check', 'bot.lua', ...args], { cwd: dir, code: 0 })).stderr;
  const secret = '0123456789abcdef0123456789abcdef';
  assert.equal(await check('--appid', APPID, '--appsecret', secret), '');
  for (const appid of ['12', 'wx012', `${APPID}0`, 'ww0123456789abcdef', 'wx0123456789abcde!']) {
    assert.match(await check('--appid', appid), new RegExp(`^wemoon: check: warning: appid \\(from --appid\\): ${appid} is no AppID, which is wx and 16 letters and digits: copy it from .*platform`), appid);
  }
  assert.match(await check('--appid', 'gh_0123456789ab'), /no AppID, .*this is the account's original ID/);
  const short = await check('--appid', APPID, '--appsecret', 'shortsecret1');
  assert.match(short, /^wemoon: check: warning: appsecret \(from --appsecret\): this is no AppSecret, which is 32 letters and digits/);
  assert.doesNotMatch(short, /shortsecret1/);
});

// Whatever reads the configuration of a bot, with what it needs besides.
const READERS = [['exec', '-e', 'return 1'], ['repl'], ['repl', 'bot.lua'], ['status'], ['send', '--url', 'http://127.0.0.1:1/wechat', 'text', 'hi'],
  ['store', 'list'], ['forget', 'nobody'], ['replay', 'one.jsonl', 'bot.lua'], ['dev', '--callback', 'http://127.0.0.1:1/', '--listen', '192.0.2.1:1']];

test('whatever reads an account that cannot be the platform\'s gives the warnings of check, with their place', async (t) => {
  const config = 'return {\n  token = "\'quoted\'",\n  appid = "wx12",\n  appsecret = "shortsecret1",\n  store = "sqlite:w.db",\n}\n';
  const capture = `${JSON.stringify({ t: 1700000000.5, in: textXml('hi'), out: '', late: [], calls: [] })}\n`;
  const dir = botDir(t, { config, files: { 'one.jsonl': capture } });
  await wemoon(['exec', '-e', 'return wechat.store.set("a", 1)'], { cwd: dir, code: 0 });
  const warnings = [/token \(from config\.lua:2\): is not a token/, /appid \(from config\.lua:3\): wx12 is no AppID/, /appsecret \(from config\.lua:4\): this is no AppSecret/];
  for (const words of READERS) {
    const { stderr } = await wemoon(words, { cwd: dir, input: '' });
    for (const warning of warnings) assert.equal(stderr.split(warning).length, 2, `${words}: ${warning}: ${stderr}`);
    assert.doesNotMatch(stderr, /shortsecret1/);
  }
  const checked = await wemoon(['check', 'bot.lua', '--token', 'abc'], { cwd: dir, code: 0 });
  for (const warning of warnings.slice(1)) assert.match(checked.stderr, warning);
});

test('run gives the warnings of check, each once, and serves', async (t) => {
  const config = { token: TOKEN, appid: 'gh_12', appsecret: 'shortsecret1', admin_token: 'short', interpreters: 2, script_memory_mb: 1048576 };
  const log_file = path.join(tempDir(t), 'bot.log');
  const bot = await startBot(t, { script: ECHO, config: { ...config, log_file }, env: { TZ: 'Asia/Shangai' } });
  const { stderr } = await wemoon(['check', 'bot.lua'], { cwd: bot.dir, code: 0, env: { TZ: 'Asia/Shangai' } });
  const checked = stderr.trim().split('\n').map((line) => line.replace('wemoon: check: warning: ', ''));
  assert.equal(checked.length, 6, stderr);
  const log = fs.readFileSync(log_file, 'utf8').replaceAll(`${bot.dir}/`, '');
  for (const warning of checked) assert.equal(log.split(` warn  ${warning}\n`).length, 2, `${warning}\n${log}`);
});

const GBK = Buffer.concat([Buffer.from(`${ECHO}-- `), Buffer.from([0xc4, 0xe3, 0xba, 0xc3]), Buffer.from('\n')]);

test('a file of the script that is not UTF-8 is a warning of check, with file and line; run logs it', async (t) => {
  const dir = botDir(t, { config: { token: 'abc' }, files: { 'gbk.lua': GBK, 'uses.lua': `require 'gbk'\n${ECHO}` } });
  for (const script of ['gbk.lua', 'uses.lua']) {
    const { stderr } = await wemoon(['check', script], { cwd: dir, code: 0 });
    assert.equal(stderr, 'wemoon: check: warning: gbk.lua:2: this is not UTF-8 (GBK?), and users would read \uFFFD in its place: save the file as UTF-8\n');
    await wemoon(['check', script, '--strict'], { cwd: dir, code: 1 });
  }
  const bot = await startBot(t, { script: GBK });
  await bot.waitForLog(/warn +\S*bot\.lua:2: this is not UTF-8/);
});

test('an unknown time zone is a warning', async (t) => {
  const dir = botDir(t, { config: { token: 'abc' } });
  const check = async (zone) => (await wemoon(['check', 'bot.lua'], { cwd: dir, code: 0, env: { TZ: zone } })).stderr;
  assert.match(await check('Asia/Shangai'), /TZ: this machine knows no time zone Asia\/Shangai/);
  for (const zone of ['', 'UTC', 'CST-8', '<+08>-8', ':UTC0', 'EST5EDT,M3.2.0,M11.1.0']) assert.equal(await check(zone), '', zone);
});

test('every command that runs a script warns once of an unknown time zone', async (t) => {
  const dir = botDir(t, { config: { token: 'abc' } });
  writeFiles(dir, { 'bot_spec.lua': 'test("hi", function() expect(user():text("hi")):reply("hi") end)', 'one.jsonl': `${JSON.stringify({ t: 1700000000.5, in: textXml('hi'), out: '', late: [], calls: [] })}\n` });
  const warns = async (...words) => {
    const { stderr } = await wemoon(words, { cwd: dir, env: { TZ: 'Asia/Shangai', XDG_STATE_HOME: dir }, input: '' });
    assert.equal(stderr.split('this machine knows no time zone Asia/Shangai').length, 2, `${words}: ${stderr}`);
  };
  await warns('exec', '-e', 'return 1');
  await warns('exec', 'bot.lua');
  await warns('repl');
  await warns('repl', 'bot.lua');
  await warns('test', 'bot_spec.lua', 'bot_spec.lua');
  await warns('replay', 'one.jsonl', 'bot.lua');
  await warns('dev', 'none.lua');
});

test('run of a missing script names the script and creates no store', async (t) => {
  const dir = tempDir(t);
  for (const script of ['none.lua', 'nowhere/bot.lua']) {
    const { stderr } = await wemoon(['run', script, '--token', 'abc'], { cwd: dir, code: 2 });
    assert.equal(stderr, `wemoon: ${script}: No such file or directory\n`);
  }
  assert.deepEqual(fs.readdirSync(dir), []);
});

test('the variables that Kubernetes sets for a Service named wemoon are ignored', async (t) => {
  const dir = botDir(t, { config: { token: 'abc' } });
  const env = { WEMOON_PORT: 'tcp://10.0.0.1:80', WEMOON_SERVICE_HOST: '10.0.0.1', WEMOON_SERVICE_PORT: '80',
    WEMOON_PORT_80_TCP: 'tcp://10.0.0.1:80', WEMOON_PORT_80_TCP_ADDR: '10.0.0.1' };
  await wemoon(['check', 'bot.lua'], { cwd: dir, code: 0, env });
});

test('check warns where the interpreters may take more memory than there is', async (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, { 'bot.lua': ECHO });
  const most = ['check', 'bot.lua', '--token', 'tok', '--interpreters', '64'];
  const { stdout, stderr } = await wemoon([...most, '--script-memory-mb', '1000000'], { cwd, code: 0 });
  assert.match(stdout, /^ok: /);
  assert.match(stderr, /interpreters times script_memory_mb is 64000000 MB and this machine has \d+ MB/);
  assert.equal((await wemoon([...most, '--script-memory-mb', '1'], { cwd, code: 0 })).stderr, '');
});

test('check of a script that loops at load: status 1', async (t) => {
  const dir = botDir(t, { script: 'while true do end', config: { token: TOKEN } });
  const { stderr } = await wemoon(['check', 'bot.lua', '--script-cpu-ms', '200'], { cwd: dir, code: 1 });
  assert.match(stderr, /bot\.lua:1/);
});

// ---- exec ---------------------------------------------------------------------------------------------------------

test('exec -e prints each value as a line of JSON', async (t) => {
  const dir = tempDir(t);
  const code = 'return "你好\\n", 1, 1.5, true, nil, {1, 2}, {a = "b"}';
  const { stdout } = await wemoon(['exec', '-e', code], { cwd: dir, code: 0 });
  assert.equal(stdout, '"你好\\n"\n1\n1.5\ntrue\nnull\n[1,2]\n{"a":"b"}\n');
});

test('exec of a script that returns nothing prints nothing', async (t) => {
  const { stdout } = await wemoon(['exec', '-e', 'local x = 1'], { cwd: tempDir(t), code: 0 });
  assert.equal(stdout, '');
});

test('exec gives a file its arguments, whatever they look like, and finds modules beside it', async (t) => {
  const dir = tempDir(t);
  writeFiles(dir, {
    'tools/job.lua': '#!/usr/bin/env wemoon\nlocal util = require "util"\nlocal a, b = ...\nreturn util.join(a, b), arg[1], #arg',
    'tools/util.lua': 'return { join = function(a, b) return a .. "+" .. b end }',
  });
  const { stdout } = await wemoon(['exec', 'tools/job.lua', '--token', '-x'], { cwd: dir, code: 0 });
  assert.equal(stdout, '"--token+-x"\n"--token"\n2\n');
});

test('exec has wechat in it, and needs no token', async (t) => {
  const { stdout } = await wemoon(['exec', '-e', 'return type(wechat.response_text), tostring(wechat.response_text)~=""'],
    { cwd: tempDir(t), code: 0 });
  assert.equal(stdout, '"function"\ntrue\n');
});

test('exec: a script error is status 1 with file and line', async (t) => {
  const dir = tempDir(t);
  writeFiles(dir, { 'a.lua': 'local x\n\nerror("boom")' });
  const { stderr, stdout } = await wemoon(['exec', 'a.lua'], { cwd: dir, code: 1 });
  assert.match(stderr, /a\.lua:3: boom/);
  assert.equal(stdout, '');
  assert.match((await wemoon(['exec', '-e', 'x ='], { cwd: dir, code: 1 })).stderr, /command line/);
});

test('exec: nil and an error is status 1, the error on standard error', async (t) => {
  const { stderr, stdout } = await wemoon(['exec', '-e', 'return nil, "it did not work"'], { cwd: tempDir(t), code: 1 });
  assert.match(stderr, /^wemoon: .*it did not work/m);
  assert.equal(stdout, '');
});

test('exec: a missing file is status 2, a directory too', async (t) => {
  const dir = tempDir(t);
  assert.match((await wemoon(['exec', 'none.lua'], { cwd: dir, code: 2 })).stderr, /none\.lua/);
  fs.mkdirSync(path.join(dir, 'folder'));
  await wemoon(['exec', 'folder'], { cwd: dir, code: 2 });
});

test('exec takes the configuration beside its file, of the working directory, or --config', async (t) => {
  const dir = tempDir(t);
  writeFiles(dir, {
    'config.lua': configLua({ appid: 'wx-here' }), 'sub/config.lua': configLua({ appid: 'wx-beside' }),
    'other.lua': configLua({ appid: 'wx-named' }), 'sub/a.lua': 'return wechat.config.appid', 'b.lua': 'return wechat.config.appid',
  });
  const ask = async (...args) => (await wemoon(['exec', ...args], { cwd: dir, code: 0 })).stdout;
  assert.equal(await ask('sub/a.lua'), '"wx-beside"\n');
  assert.equal(await ask('b.lua'), '"wx-here"\n');
  assert.equal(await ask('-e', 'return wechat.config.appid'), '"wx-here"\n');
  assert.equal(await ask('--config', 'other.lua', 'sub/a.lua'), '"wx-named"\n');
});

test('exec may take longer than script_cpu_ms', async (t) => {
  const code = 'local t = os.clock() while os.clock() - t < 0.4 do end return "done"';
  const { stdout } = await wemoon(['exec', '--script-cpu-ms', '50', '-e', code], { cwd: tempDir(t), code: 0 });
  assert.equal(stdout, '"done"\n');
});

// ---- output and secrets -------------------------------------------------------------------------------------------

const FULL = fs.existsSync('/dev/full');

test('a full disk under standard output is noticed', { skip: !FULL }, async (t) => {
  for (const args of [['--help'], ['--version'], ['run', '--help'], ['exec', '-e', 'return 1']]) {
    const shown = spawnSync('sh', ['-c', 'exec "$0" "$@" >/dev/full', BINARY, ...args], { env: cleanEnv(), encoding: 'utf8', cwd: tempDir(t) });
    assert.equal(shown.status, 1, args.join(' '));
    assert.match(shown.stderr, /^wemoon: standard output: No space left on device/m);
  }
});

test('a reader of standard output who leaves ends the command silently, as SIGPIPE does', async (t) => {
  const script = '"$0" docs man 2>errors | head -n 1 >/dev/null; echo ${PIPESTATUS[0]}; cat errors';
  const shown = spawnSync('bash', ['-c', script, BINARY], { env: cleanEnv(), encoding: 'utf8', cwd: tempDir(t) });
  assert.equal(shown.stdout, `${128 + 13}\n`);
});

test('a closed standard output is noticed', async (t) => {
  const shown = spawnSync('sh', ['-c', 'exec "$0" "$@" >&-', BINARY, 'exec', '-e', 'return 1'],
    { env: cleanEnv(), encoding: 'utf8', cwd: tempDir(t) });
  assert.equal(shown.status, 1);
  assert.match(shown.stderr, /^wemoon: standard output: /m);
});

test('secrets that were given as flags do not stand in the list of processes', async (t) => {
  const secrets = { '--token': 's3crettoken', '--appsecret': 's3cretapp', '--encoding-aes-key': AES_KEY };
  const bot = await startBot(t, { script: ECHO, args: [...Object.entries(secrets).flat(), '--appid', APPID] });
  const shown = fs.readFileSync(`/proc/${bot.pid}/cmdline`, 'latin1');
  for (const secret of Object.values(secrets)) assert.ok(!shown.includes(secret), shown);
  assert.ok(shown.includes('--appid'));
});

test('secrets appear neither in the log nor in the output, at any level', async (t) => {
  const secrets = {
    token: 's3crettoken', appsecret: 's3cretappsecret', encoding_aes_key: AES_KEY, previous_token: 's3cretprevious',
    partnerkey: 's3cretpartner', paysignkey: 's3cretpay', access_token: 's3cretaccess', jsapi_ticket: 's3cretticket',
  };
  const bot = await startBot(t, {
    script: `function on_message(msg)
      local seen = {}
      for key, value in pairs(wechat.config) do seen[#seen + 1] = key .. "=" .. tostring(value) end
      if msg.content == "fail" then error("boom") end
      return table.concat(seen, " ")
    end`,
    config: { ...secrets, appid: APPID, access_token_expires_at: 4000000000, jsapi_ticket_expires_at: 4000000000, log_level: 'debug',
      error_reply: 'sorry' },
  });
  const shown = await bot.say('config');
  assert.match(shown, new RegExp(`appid=${APPID}`));
  assert.equal(await bot.say('fail'), 'sorry');
  await bot.request({ query: { signature: 'x', timestamp: '1', nonce: '2', msg_signature: 'z' }, body: textXml('x') });
  await bot.stop();
  for (const [key, secret] of Object.entries(secrets)) {
    assert.ok(!bot.log.includes(secret), `${key} in the log`);
    assert.ok(!bot.output.includes(secret), `${key} in the output`);
    assert.ok(!shown.includes(secret), `${key} in wechat.config`);
  }
});
