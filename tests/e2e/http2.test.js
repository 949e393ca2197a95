// Outgoing HTTPS: HTTP/2 if the server has it, certificates, checkssl, ca_file, proxy.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const http2 = require('node:http2');
const path = require('node:path');
const { atEnd, APPID, tempDir, writeFiles, configLua, wemoon } = require('./harness');

// Creates a certificate for `name`, in files of `dir`.
function certificate(dir, name) {
  const subject = /^[\d.]+$/.test(name) ? `IP:${name}` : `DNS:${name}`;
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`, '-addext',
    `subjectAltName=${subject}`, '-keyout', path.join(dir, 'key.pem'), '-out', path.join(dir, 'cert.pem')], { stdio: 'ignore' });
  return { key: fs.readFileSync(path.join(dir, 'key.pem')), cert: fs.readFileSync(path.join(dir, 'cert.pem')) };
}

// Starts a platform over TLS with HTTP/2 and HTTP/1.1. It reads a request before it answers: libcurl 7.88 reports a
// stream as broken if its answer ends before the request body is sent.
async function startSecure(t, dir, name) {
  const seen = { connections: 0, versions: new Set(), requests: 0 };
  const server = http2.createSecureServer({ ...certificate(dir, name), allowHTTP1: true }, (request, response) => {
    seen.requests++;
    seen.versions.add(request.httpVersion);
    response.setHeader('Content-Type', 'application/json');
    const token = request.url.startsWith('/cgi-bin/stable_token');
    request.resume().on('end', () => {
      if (token) response.end('{"access_token":"T","expires_in":7200}');
      else setTimeout(() => response.end('{"errcode":0,"menu":{}}'), 50);
    });
  });
  server.on('secureConnection', () => { seen.connections++; });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => server.close());
  return Object.assign(seen, { url: `https://127.0.0.1:${server.address().port}` });
}

async function run(t, dir, code, config, status = 0) {
  writeFiles(dir, { 'x.lua': code, 'config.lua': configLua({ appid: APPID, appsecret: 'hunter2-hunter2-hunter2', ...config }) });
  const { stdout, stderr } = await wemoon(['exec', 'x.lua'], { cwd: dir, code: status });
  return { values: stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line)), stderr };
}

test('a hundred calls at once share one HTTP/2 connection', async (t) => {
  const dir = tempDir(t);
  const server = await startSecure(t, dir, '127.0.0.1');
  const { values } = await run(t, dir, `
    local n = 0
    for i = 1, 100 do wechat.spawn(function() if wechat.get_menu() then n = n + 1 end end) end
    while n < 100 do wechat.sleep(0.01) end
    return n`, { api_base: server.url, ca_file: path.join(dir, 'cert.pem') });
  assert.deepEqual(values, [100]);
  assert.deepEqual([...server.versions], ['2.0']);
  assert.equal(server.connections, 1);
});

test('a stream reads from a server of HTTP/2 over HTTP/1.1, so that a cancel ends it there', async (t) => {
  const dir = tempDir(t);
  const seen = { versions: [], closed: 0 };
  const server = http2.createSecureServer({ ...certificate(dir, '127.0.0.1'), allowHTTP1: true }, (request, response) => {
    seen.versions.push(request.httpVersion);
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.on('close', () => { seen.closed++; });
    let n = 0;
    const timer = setInterval(() => response.write(`data: ${++n}\n\n`), 5);
    response.on('close', () => clearInterval(timer));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => server.close());
  const { values } = await run(t, dir, `
    local seen = {}
    for i = 1, 2 do
      local r <close> = assert(wechat.http.stream{url = "https://127.0.0.1:${server.address().port}/"})
      for event in r:events() do
        seen[#seen + 1] = event.data
        if event.data == "3" then break end
      end
    end
    wechat.sleep(0.3)
    return seen`, { ca_file: path.join(dir, 'cert.pem'), store: 'memory:' });
  assert.deepEqual(values, [['1', '2', '3', '1', '2', '3']]);
  assert.deepEqual(seen, { versions: ['1.1', '1.1'], closed: 2 });
});

test('an untrusted certificate, or one for another name, is refused; checkssl = false concerns the platform alone', async (t) => {
  const dir = tempDir(t);
  const server = await startSecure(t, dir, 'elsewhere.example');
  const code = `
    local menu, err = wechat.get_menu()
    local answer, why = wechat.http.get("${server.url}/x")
    return {menu and true or false, err and err.kind or "", tostring(err), answer and true or false, why and why.kind or ""}`;
  const strict = await run(t, dir, code, { api_base: server.url, store: 'memory:' });
  assert.equal(strict.values[0][1], 'network', JSON.stringify(strict.values));
  assert.match(strict.values[0][2], /certificate/);
  const wrongName = await run(t, dir, code, { api_base: server.url, store: 'memory:', ca_file: path.join(dir, 'cert.pem') });
  assert.equal(wrongName.values[0][1], 'network', JSON.stringify(wrongName.values));
  const lax = await run(t, dir, code, { api_base: server.url, store: 'memory:', checkssl: false });
  assert.equal(lax.values[0][0], true, JSON.stringify(lax.values));
  assert.equal(lax.values[0][4], 'network');
});

test('outgoing requests go through the proxy; its password shows nowhere', async (t) => {
  const asked = [];
  const proxy = http.createServer((request, response) => {
    asked.push([request.url, request.headers['proxy-authorization']]);
    response.end(request.url.includes('stable_token') ? '{"access_token":"T","expires_in":7200}' : '{"errcode":0}');
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { proxy.closeAllConnections(); proxy.close(); });
  const dir = tempDir(t);
  const config = { api_base: 'http://platform.invalid', store: 'memory:', proxy: `http://me:hunter2@127.0.0.1:${proxy.address().port}` };
  await run(t, dir, 'assert(wechat.get_menu()) return wechat.http.get("http://far.invalid/x").status', config);
  assert.match(asked[1][0], /^http:\/\/platform\.invalid\/cgi-bin\/menu\/get\?/);
  assert.equal(asked[2][0], 'http://far.invalid/x');
  assert.equal(asked[0][1], 'Basic ' + Buffer.from('me:hunter2').toString('base64'));
  await new Promise((resolve) => proxy.close(resolve) || proxy.closeAllConnections());
  const { values } = await run(t, dir, 'return tostring(select(2, wechat.get_menu()))', config);
  assert.doesNotMatch(values[0], /hunter2/);
});
