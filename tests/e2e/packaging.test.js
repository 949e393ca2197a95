// The package's files: the unit, the scripts, the manual page, the completions.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');
const { BINARY, startBot, tempDir, textXml, writeFiles } = require('./harness');

const BUILD = path.dirname(path.resolve(BINARY));
const PACKAGING = path.resolve(__dirname, '../../src/packaging');
const UNIT = path.join(PACKAGING, 'wemoon.service');
const unit = fs.readFileSync(UNIT, 'utf8');
const has = (program, ...args) => spawnSync(program, args).status === 0;
const docs = (kind) => spawnSync(BINARY, ['docs', kind], { encoding: 'utf8' }).stdout;

const TRACES = has('systemd-analyze', '--version') && has('strace', '-o', '/dev/null', 'true');
const NO_SYSTEMD = !has('systemd-analyze', '--version') && 'there is no systemd here';
const UNITS = ['wemoon.service', 'wemoon@.service', 'wemoon.socket', 'wemoon@.socket'];

test('systemd finds both services hardened', { skip: NO_SYSTEMD }, () => {
  for (const name of UNITS.slice(0, 2)) {
    const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=yes', '--no-pager', path.join(PACKAGING, name)], { encoding: 'utf8' });
    const score = /exposure level for wemoon\S*\.service: ([0-9.]+)/.exec(stdout);
    assert.ok(score && Number(score[1]) <= 1.4, stdout.slice(-200));
  }
});

// Verifies the units unchanged, except for the program's path, which is that of the build.
function verify(t, change = (text) => text) {
  const dir = tempDir(t);
  for (const name of UNITS) {
    const text = fs.readFileSync(path.join(PACKAGING, name), 'utf8').replace('/usr/bin/wemoon', BINARY);
    fs.writeFileSync(path.join(dir, name), change(text));
  }
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...UNITS.map((name) => path.join(dir, name))], { encoding: 'utf8' });
  return { status, said: stdout + stderr };
}

test('systemd reads every unit without a word, a % in Environment too', { skip: NO_SYSTEMD }, (t) => {
  assert.deepEqual(verify(t), { status: 0, said: '' });
  const drops = /Failed to resolve (unit )?specifiers/;
  assert.match(verify(t, (text) => text.replace(/^Environment=.*$/m, 'Environment=WEMOON_STORE=redis://:a%40b@h/0')).said, drops);
  assert.doesNotMatch(verify(t, (text) => text.replace(/^Environment=.*$/m, 'Environment=WEMOON_STORE=redis://:a%%40b@h/0')).said, drops);
});

test('the package of plain cpack holds units, manual page and completions', { skip: !has('dpkg-shlibdeps', '--version') && 'there is no dpkg-dev here' }, (t) => {
  const dir = tempDir(t);
  const made = spawnSync('cpack', ['-G', 'DEB', '-B', dir], { cwd: BUILD, encoding: 'utf8' });
  assert.equal(made.status, 0, made.stdout + made.stderr);
  const deb = fs.readdirSync(dir).find((name) => name.endsWith('.deb'));
  const files = spawnSync('dpkg-deb', ['-c', path.join(dir, deb)], { encoding: 'utf8' }).stdout;
  const wanted = ['usr/bin/wemoon', 'usr/share/man/man1/wemoon.1', 'usr/share/man/zh_CN/man1/wemoon.1', 'usr/share/bash-completion/completions/wemoon', 'usr/share/zsh/vendor-completions/_wemoon',
    'etc/wemoon/bot.lua', 'etc/wemoon/config.lua', ...UNITS.map((name) => `lib/systemd/system/${name}`)];
  for (const name of wanted) assert.ok(files.includes(` ./${name}\n`), `${name} is missing:\n${files}`);
});

test('what is installed below PREFIX, DESTDIR prepended, needs nothing of the source tree: program, manual pages, completions',
  { skip: !fs.existsSync(path.join(BUILD, 'docs/zh_CN/wemoon.1')) && 'the docs are not built' }, (t) => {
    const dir = tempDir(t);
    const { status, stderr } = spawnSync('cmake', ['--install', BUILD, '--prefix', '/opt/moon'], { env: { ...process.env, DESTDIR: dir }, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const at = (name) => path.join(dir, 'opt/moon', name);
    for (const name of ['share/man/man1/wemoon.1', 'share/man/zh_CN/man1/wemoon.1', 'share/bash-completion/completions/wemoon',
      'share/doc/wemoon/prometheus/wemoon.rules.yml', 'share/doc/wemoon/grafana/wemoon.json']) assert.ok(fs.statSync(at(name)).size > 1000, name);
    fs.writeFileSync(at('bot.lua'), 'function on_message(msg) return msg.contnet end');
    const calls = path.join(dir, 'opened');
    const traced = TRACES ? ['-f', '-e', 'trace=open,openat', '-o', calls, at('bin/wemoon')] : [];
    const check = spawnSync(TRACES ? 'strace' : at('bin/wemoon'), [...traced, 'check', at('bot.lua'), '--token', 'aToken', '--store', 'memory:'], { cwd: dir, encoding: 'utf8' });
    assert.match(check.stderr, /did you mean content\?/);
    if (TRACES) assert.ok(!fs.readFileSync(calls, 'utf8').includes(path.resolve(__dirname, '../../lua')), 'the Lua half is in the program');
  });

test('setup.sh install takes PREFIX and DESTDIR from the environment', (t) => {
  const dir = tempDir(t);
  const calls = path.join(dir, 'calls');
  fs.copyFileSync(path.join(__dirname, '../../setup.sh'), path.join(dir, 'setup.sh'));
  fs.mkdirSync(path.join(dir, 'bin'));
  fs.writeFileSync(path.join(dir, 'bin/dpkg-query'), '#!/bin/sh\nprintf installed\n', { mode: 0o755 }); // every package is there
  fs.writeFileSync(path.join(dir, 'bin/cmake'), `#!/bin/sh\nprintf '%s %s\\n' "$DESTDIR" "$*" >> ${calls}\n`, { mode: 0o755 });
  const install = (env) => spawnSync('sh', [path.join(dir, 'setup.sh'), 'install'], { env: { PATH: `${dir}/bin:${process.env.PATH}`, ...env }, encoding: 'utf8' });
  assert.equal(install({ PREFIX: '/opt/moon', DESTDIR: `${dir}/dest` }).status, 0);
  const said = fs.readFileSync(calls, 'utf8').trim().split('\n');
  assert.equal(said.at(-1), `${dir}/dest --install build/release --prefix /opt/moon`);
  assert.ok(said.some((line) => line.includes('--target docs')), 'the manual page and completions are made first');
});

test('the unit is told when the bot is ready, and watches it', () => {
  for (const line of ['Type=notify', /WatchdogSec=\d+/, /ExecReload=.*HUP/, 'Restart=on-failure', 'User=wemoon', 'UMask=0077']) assert.match(unit, new RegExp(line, 'm'));
});

test('what the unit runs is on the barest machine', () => {
  const programs = unit.match(/^Exec\w+=\S+/gm).map((line) => line.replace(/^.*=/, ''));
  assert.deepEqual(programs, ['/usr/bin/wemoon', '/bin/sh']);
});

// Returns the system calls of the unit's SystemCallFilter lines, groups expanded, combined as systemd does.
function allowedCalls() {
  const list = (group) => spawnSync('systemd-analyze', ['syscall-filter', group], { encoding: 'utf8' }).stdout
    .split('\n').slice(1).map((line) => line.trim()).filter((name) => name && name[0] !== '#');
  const spelledOut = (name) => (name[0] === '@' ? list(name).flatMap(spelledOut) : [name]);
  const allowed = new Set(['execve', 'exit', 'exit_group', 'rt_sigreturn']); // used at start and exit
  for (const [, not, names] of unit.matchAll(/^SystemCallFilter=(~?)(.*)$/gm)) {
    for (const name of names.split(' ').flatMap(spelledOut)) allowed[not ? 'delete' : 'add'](name);
  }
  return allowed;
}

test('the bot makes no system call for which the unit would have it killed', { skip: !TRACES && 'strace does not work here' }, async (t) => {
  const bot = await startBot(t, {
    script: `function on_message(msg)
      if msg.content == "stuck" then setmetatable({}, { __gc = function() while true do end end }) collectgarbage() end
      return msg.content
    end`,
    config: { store: 'sqlite:bot.db', script_cpu_ms: 100 }, args: ['--threads', '4'],
    under: ['strace', '-D', '-f', '-c', '-U', 'name', '-o', 'trace'],
    env: { ASAN_OPTIONS: 'detect_leaks=0' }, // leak detection does not work under a tracer
  });
  assert.equal(await bot.say('你好'), '你好');
  bot.signal('SIGHUP');
  await bot.waitForLog(/SIGHUP: .* was loaded again/);
  assert.equal(await bot.say('再见'), '再见');
  await bot.raw('GET /wechat HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50), { timeoutMs: 500 });
  bot.deliver(textXml('stuck')).catch(() => null);
  await bot.waitForLog(/was given up and a fresh interpreter serves/); // its thread goes to idle priority
  await bot.stop();
  const calls = fs.readFileSync(bot.file('trace'), 'utf8').split(/-{8,}/)[1].trim().split('\n');
  assert.ok(calls.includes('recvfrom') && calls.includes('sched_setattr'), calls.join(' '));
  const allowed = allowedCalls().add('fchown'); // SQLite's, if root opens a file
  assert.deepEqual(calls.filter((name) => !allowed.has(name)), []);
});

test('the scripts of the package are shell', () => {
  for (const name of ['postinst', 'prerm', 'postrm']) assert.ok(has('sh', '-n', path.join(PACKAGING, 'debian', name)), name);
});

// The words and files that a shell offers after `wemoon ARGUMENTS...`, the last of which is being typed.
const OFFERED = [
  [['send', 'te'], ['text']],
  [['send', 'ev'], ['event']],
  [['store', ''], ['delete', 'export', 'get', 'import', 'list']],
  [['docs', ''], ['completions', 'html', 'man']],
  [['docs', '--lang', ''], ['en', 'zh']],
  [['dev', '--account-kind', ''], ['personal', 'service', 'subscription', 'test', 'unverified']],
  [['run', '--log-level', ''], ['debug', 'error', 'info', 'warn']],
  [['run', '--watch', ''], ['false', 'true']],
  [['run', '--log-file', ''], ['bot.lua', 'spec']],
  [['run', ''], ['bot.lua', 'spec']],
  [['send', 'xml', ''], ['bot.lua', 'spec']],
  [['dev', '--state', 'b'], ['bot.lua']],
  [['dev', '--port', ''], []],
  [['run', '--threads', ''], []],
  [['explain', ''], []],
  [['forget', ''], []],
];

test('bash offers what an argument may be: words, files or nothing', (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, { 'bot.lua': '', spec: '' });
  const script = `${docs('bash')}\nCOMP_WORDS=(wemoon "$@"); COMP_CWORD=$#; COMPREPLY=(); _wemoon; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const complete = (words) => spawnSync('bash', ['-c', script, 'bash', ...words], { cwd, encoding: 'utf8' }).stdout.split('\n').filter(Boolean).sort();
  for (const [words, offered] of [...OFFERED, [['run', '--log-level', '=', 'de'], ['debug']], [['run', '--log-level', '='], ['debug', 'error', 'info', 'warn']]])
    assert.deepEqual(complete(words), offered, words.join(' '));
});

// A shell behind a pseudo terminal, in which `wemoon` prints its arguments; a Tab completes what is unambiguous.
const ZSH = `
zmodload zsh/zpty
zpty z zsh -fi
zpty -w z 'PS1= PS2= RPS1=; fpath=(functions $fpath); autoload -Uz compinit; compinit -D -u; wemoon() { print -r -- "<$*>" }; wemoon ready'
zpty -r -m z out '*<ready>*' || exit 1
for line in "$@"; do
  zpty -w -n z "wemoon $line"$'\\t\\n'
  zpty -r -m z out '*<*>*' || exit 1
  print -r -- "\${\${out##*<}%%>*}"
done`;

test('zsh completes what an argument may be: words, files or nothing', { skip: !has('zsh', '--version') && 'there is no zsh here' }, (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, { 'bot.lua': '', 'functions/_wemoon': docs('zsh') });
  const completed = {
    'send te': 'send text', 'send ev': 'send event', 'send xml b': 'send xml bot.lua', 'store imp': 'store import', 'docs ht': 'docs html', 'docs --lang z': 'docs --lang zh',
    'dev --account-kind serv': 'dev --account-kind service', 'run --log-level de': 'run --log-level debug', 'run --log-file b': 'run --log-file bot.lua', 'run b': 'run bot.lua',
    'dev --port b': 'dev --port b', 'run --threads b': 'run --threads b', 'explain b': 'explain b', 'forget b': 'forget b', 'help sen': 'help send',
  };
  const { stdout } = spawnSync('zsh', ['-f', '-c', ZSH, 'zsh', ...Object.keys(completed)], { cwd, encoding: 'utf8', timeout: 30000 });
  assert.deepEqual(stdout.split('\n').map((line) => line.trim()).filter(Boolean), Object.values(completed));
});

test('the kinds of account that a shell offers are those that dev knows', () => {
  const { stderr } = spawnSync(BINARY, ['dev', '--account-kind', 'none', '--port', '0'], { encoding: 'utf8' });
  for (const kind of OFFERED.find(([words]) => words[1] === '--account-kind')[1]) assert.match(stderr, new RegExp(`\\b${kind}\\b`));
});

test('completion for bash offers commands, keys and what a key may be', () => {
  const script = `${docs('bash')}\nCOMP_WORDS=(wemoon "$@"); COMP_CWORD=$#; COMPREPLY=(); $(complete -p wemoon | sed 's/.*-F \\([^ ]*\\).*/\\1/'); echo "\${COMPREPLY[*]}"`;
  const complete = (...words) => spawnSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8' }).stdout;
  assert.match(complete('re'), /\brepl\b/);
  assert.match(complete('run', '--deadline'), /--deadline-ms/);
  assert.equal(complete('run', '--encrypt-mode', 'c').trim(), 'compatible');
});

test('completion for zsh is what zsh can read', { skip: !has('zsh', '--version') && 'there is no zsh here' }, () => {
  assert.equal(spawnSync('zsh', ['-n'], { input: docs('zsh') }).status, 0);
  const completions = (SHELL, ...shell) => spawnSync(BINARY, ['docs', 'completions', ...shell], { env: { ...process.env, SHELL }, encoding: 'utf8' }).stdout;
  assert.equal(completions('/usr/bin/zsh'), docs('zsh'));
  assert.equal(completions('/bin/sh'), docs('bash'));
  assert.equal(completions('/bin/sh', 'zsh'), docs('zsh'));
  assert.equal(completions('/bin/sh', 'fish'), '');
});

test('apropos finds the manual page: lexgrog reads its name', { skip: !has('lexgrog', '--version') && 'there is no lexgrog here' }, (t) => {
  const file = path.join(tempDir(t), 'wemoon.1');
  fs.writeFileSync(file, docs('man'));
  assert.match(spawnSync('lexgrog', [file], { encoding: 'utf8' }).stdout, /: "wemoon - .*Lua"\n$/);
});

test('the manual page has every command and every key', { skip: !has('man', '--version') && 'there is no man here' }, () => {
  const page = docs('man');
  const shown = spawnSync('man', ['-l', '-'], { input: page, encoding: 'utf8', env: { ...process.env, MANPAGER: 'cat', MANWIDTH: '120' } }).stdout.replace(/.\x08/g, '');
  for (const word of ['run', 'dev', 'repl', 'exec', 'send', 'test', 'check', 'explain', 'new', 'status', 'encrypt_mode', 'late_reply', 'interpreters']) assert.match(shown, new RegExp(`\\b${word}\\b`), word);
});

const NOT_WHOLE = !fs.existsSync(path.join(BUILD, 'docs/wemoon.1')) && 'this build has only the program';

test('it installs while an example runs, the examples and nothing that lies beside them', { skip: NOT_WHOLE }, async (t) => {
  const examples = path.resolve(__dirname, '../../scripts');
  await startBot(t, { command: 'dev', args: [path.join(examples, 'hello.lua')] });
  assert.ok(fs.readdirSync(examples).some((name) => name.endsWith('.sock')));
  const prefix = tempDir(t);
  const { status, stderr } = spawnSync('cmake', ['--install', BUILD, '--prefix', prefix], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const installed = fs.readdirSync(path.join(prefix, 'share/doc/wemoon/examples'));
  assert.ok(installed.includes('hello.lua'));
  assert.deepEqual(installed.filter((name) => !name.endsWith('.lua')), []);
});
