// What the package brings: the unit, the scripts, the manual page, the completions.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');
const { BINARY } = require('./harness');

const PACKAGING = path.resolve(__dirname, '../../src/packaging');
const UNIT = path.join(PACKAGING, 'wemoon.service');
const has = (program, ...args) => spawnSync(program, args).status === 0;
const docs = (kind) => spawnSync(BINARY, ['docs', kind], { encoding: 'utf8' }).stdout;

test('systemd finds the unit hardened', { skip: !has('systemd-analyze', '--version') && 'there is no systemd here' }, () => {
  const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=yes', '--no-pager', UNIT], { encoding: 'utf8' });
  const score = /exposure level for wemoon\.service: ([0-9.]+)/.exec(stdout);
  assert.ok(score && Number(score[1]) <= 1.4, stdout.slice(-200));
});

test('the unit is told when the bot is ready, and watches it', () => {
  const unit = fs.readFileSync(UNIT, 'utf8');
  for (const line of ['Type=notify', /WatchdogSec=\d+/, /ExecReload=.*HUP/, 'Restart=on-failure', 'User=wemoon', 'UMask=0077']) assert.match(unit, new RegExp(line, 'm'));
});

test('the scripts of the package are shell', () => {
  for (const name of ['postinst', 'prerm', 'postrm']) assert.ok(has('sh', '-n', path.join(PACKAGING, 'debian', name)), name);
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
});

test('the manual page has every command and every key', { skip: !has('man', '--version') && 'there is no man here' }, () => {
  const page = docs('man');
  const shown = spawnSync('man', ['-l', '-'], { input: page, encoding: 'utf8', env: { ...process.env, MANPAGER: 'cat', MANWIDTH: '120' } }).stdout.replace(/.\x08/g, '');
  for (const word of ['run', 'dev', 'repl', 'exec', 'send', 'test', 'check', 'explain', 'new', 'status', 'encrypt_mode', 'late_reply', 'interpreters']) assert.match(shown, new RegExp(`\\b${word}\\b`), word);
});
