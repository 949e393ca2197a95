// Runs the prompt: through a pipe, and at a real terminal (tmux).
'use strict';

const { execFileSync } = require('node:child_process');
const { BINARY, atEnd, wemoon, tempDir, writeFiles, cleanEnv, until } = require('./harness');

// Types lines into a pipe; returns { out, err, cwd }.
async function type(t, lines, { code = 0, script, files = {}, env, ending = '\n' } = {}) {
  const cwd = tempDir(t);
  writeFiles(cwd, { ...files, ...(script ? { 'bot.lua': script } : {}) });
  const args = script ? ['repl', 'bot.lua'] : ['repl'];
  const { stdout, stderr } = await wemoon(args, { cwd, input: `${lines.join('\n')}${ending}`, code, env: { XDG_STATE_HOME: cwd, ...env } });
  return { out: stdout, err: stderr, cwd };
}

const PATIENCE_MS = 30000; // on a busy machine

// Returns { screen(), keys(...), home } and what waits: shows(pattern), ended(), resize(width), asks(): until Ctrl-C is
// a signal, because the program is asked; types(): until it is a key.
let sessions = 0;
function terminal(t, { width = 80, height = 24, env = {}, args = ['repl'], home = tempDir(t) } = {}) {
  const name = `wemoon-${process.pid}-${++sessions}`;
  const tmux = (...words) => execFileSync('tmux', ['-L', name, ...words], { env: cleanEnv({ LC_ALL: 'C.UTF-8', TERM: 'xterm' }) }).toString();
  const settings = Object.entries({ LC_ALL: 'C.UTF-8', LANG: 'C.UTF-8', XDG_STATE_HOME: home, ...env }).map(([key, value]) => `${key}=${value}`);
  tmux('-f', '/dev/null', '-u', 'new-session', '-d', '-x', String(width), '-y', String(height), '-c', home, 'env', ...settings, BINARY, ...args);
  atEnd(t, () => { try { tmux('kill-server'); } catch { /* it has ended */ } });
  const screen = () => { try { return tmux('capture-pane', '-p').trimEnd(); } catch { return ''; } };
  const stty = (...words) => execFileSync('stty', ['-F', tmux('display-message', '-p', '#{pane_tty}').trim(), ...words]).toString();
  const signals = (isig) => until(() => new RegExp(`(^|\\s)${isig}\\b`).test(stty('-a')), `a terminal with ${isig}:\n${screen()}`, PATIENCE_MS);
  return {
    screen, home,
    asks: () => signals('isig'), types: () => signals('-isig'),
    // tmux wraps its lines anew at once, but tells the program of the second of two sizes a while later: waits until it
    // has.
    resize: async (columns) => {
      tmux('resize-window', '-x', String(columns), '-y', String(height));
      await until(() => stty('size').trim() === `${height} ${columns}`, `a terminal of ${columns} columns`, PATIENCE_MS);
    },
    keys: (...keys) => tmux('send-keys', ...keys),
    shows: (pattern) => until(() => pattern.exec(screen()), `${pattern} on the screen:\n${screen()}`, PATIENCE_MS),
    ended: () => until(() => { try { tmux('has-session'); return false; } catch { return true; } }, 'the end', PATIENCE_MS),
  };
}

module.exports = { type, terminal, PATIENCE_MS };
