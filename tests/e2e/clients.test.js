// Third-party clients and proxies at their defaults: how they use connections, and that no message is lost.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { atEnd, freePort, parseXml, signedQuery, startBot, tempDir, textXml, until } = require('./harness');

const ECHO = 'function on_message(msg) return msg.content end';
const is_there = (program, ...args) => spawnSync(program, args, { stdio: 'ignore' }).status === 0;

test('Java\'s client, which offers HTTP/2 with each request, loses no message',
  { skip: is_there('java', '--version') ? false : 'needs java' }, async (t) => {
    const bot = await startBot(t, { script: ECHO, config: { log_level: 'warn' } });
    const java = spawn('java', [path.join(__dirname, 'Posts.java'), bot.url], { stdio: ['pipe', 'pipe', 'inherit'] });
    let said = '';
    java.stdout.on('data', (chunk) => { said += chunk; });
    const lines = Array.from({ length: 600 }, (_, i) =>
      `${new URLSearchParams(signedQuery())}\t${Buffer.from(textXml(`hi ${i}`)).toString('base64')}\n`);
    java.stdin.end(lines.join(''));
    await new Promise((resolve) => java.on('close', resolve));
    assert.equal(said, '600 200 reply\n', bot.log.slice(-1000));
  });

// ---- nginx --------------------------------------------------------------------------------------------------------

// Starts nginx as Debian configures it: HTTP/1.0 to the bot, a connection per request, its own Host name.
async function nginx(t, bot, directives) {
  const dir = tempDir(t);
  const port = await freePort();
  fs.writeFileSync(path.join(dir, 'nginx.conf'), `daemon off; master_process off; pid nginx.pid; error_log error.log; events {}
http { access_log off; client_max_body_size 100m; client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p; fastcgi_temp_path ${dir}/f;
  uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
  upstream bot { server 127.0.0.1:${bot.port}; ${directives.upstream || ''} }
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://bot; ${directives.location || ''} } } }`);
  const child = spawn('nginx', ['-p', dir, '-c', path.join(dir, 'nginx.conf')], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('close', resolve));
  atEnd(t, () => { child.kill('SIGQUIT'); return ended; });
  await until(() => new Promise((resolve) => {
    http.get({ port, host: '127.0.0.1', path: '/' }, (response) => { response.resume(); resolve(true); }).on('error', () => resolve(false));
  }), 'nginx');
  return port;
}

const KEPT = { upstream: 'keepalive 8;', location: 'proxy_http_version 1.1; proxy_set_header Connection "";' };
const STREAMED = { location: `${KEPT.location} proxy_request_buffering off;`, upstream: KEPT.upstream };

// Posts with curl; returns { status, text }.
function post(port, body) {
  return new Promise((resolve, reject) => {
    const curl = spawn('curl', ['-s', '-w', '\n%{http_code}', '--data-binary', '@-', `http://127.0.0.1:${port}/wechat?${new URLSearchParams(signedQuery())}`],
      { stdio: ['pipe', 'pipe', 'ignore'] });
    let text = '';
    curl.stdout.on('data', (chunk) => { text += chunk; });
    curl.stdin.on('error', () => {}); // curl may be answered before it has sent the whole body
    curl.on('error', reject);
    curl.on('close', () => resolve({ status: Number(text.slice(-3)), text: text.slice(0, -4) }));
    curl.stdin.end(body);
  });
}

for (const [how, directives] of [['at its defaults', {}], ['with kept connections', KEPT], ['that sends bodies on as they come', STREAMED]]) {
  test(`behind nginx ${how} messages are answered and refusals arrive`, { skip: is_there('nginx', '-v') ? false : 'needs nginx' }, async (t) => {
    const bot = await startBot(t, { script: ECHO, config: { log_level: 'error', max_body: 100000 } });
    const port = await nginx(t, bot, directives);
    const large = 'x'.repeat(3000000);
    const answers = await Promise.all(Array.from({ length: 80 }, (_, i) => post(port, i % 2 ? large : textXml(`hi ${i}`))));
    for (const [i, { status, text }] of answers.entries()) {
      assert.equal(status, i % 2 ? 413 : 200, `${i}: ${text.slice(0, 200)}`);
      if (i % 2 === 0) assert.equal(parseXml(text).Content, `hi ${i}`);
    }
  });
}
