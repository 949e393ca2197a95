// `wemoon dev` for the tests: started, asked over its control API, stopped.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const { BINARY, cleanEnv, checkSanitizers, tempDir, writeFiles, until } = require('./harness');

// dev: { url, dir, log, ask(method, path, body, headers), act(fields), state() }
async function startDev(t, { script, args = [], files = {}, dir = tempDir(t) } = {}) {
  writeFiles(dir, { ...files, ...(script ? { 'bot.lua': script } : {}) });
  const child = spawn(BINARY, ['dev', ...(script ? ['bot.lua'] : []), '--port', '0', ...args], { cwd: dir, env: cleanEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
  const dev = { dir, log: '', output: '' };
  child.stdout.on('data', (chunk) => { dev.output += chunk; });
  child.stderr.on('data', (chunk) => { dev.log += chunk; });
  const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
  dev.stop = async () => {
    child.kill('SIGTERM');
    const exit = await ended;
    checkSanitizers(dev.log);
    assert.deepEqual(exit, { code: 0, signal: null }, dev.log);
  };
  t.after(() => dev.stopped || dev.stop());
  await until(() => /(http:\S+)\/console/.exec(dev.output), `the console's address:\n${dev.log}`, 20000);
  dev.url = /(http:\S+)\/console/.exec(dev.output)[1];
  dev.pid = child.pid;
  dev.ask = async (method, path, body, headers = {}) => {
    const type = body === undefined ? {} : { 'Content-Type': 'application/json' };
    const answer = await fetch(dev.url + path, { method, headers: { ...type, ...headers }, body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body), redirect: 'manual' });
    const text = await answer.text();
    let value = text;
    try { value = JSON.parse(text); } catch { /* no JSON */ }
    return { status: answer.status, headers: answer.headers, text, value };
  };
  dev.act = async (fields) => (await dev.ask('POST', '/sim/act', { user: 'alice', ...fields })).value;
  dev.state = async () => (await dev.ask('GET', '/sim/state')).value;
  return dev;
}

module.exports = { startDev, read: (file) => fs.readFileSync(file, 'utf8') };
