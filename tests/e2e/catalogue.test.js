// Every endpoint of the catalogue, called through the real binary: each field that the script passes arrives in its
// documented place.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const http = require('node:http');
const fs = require('node:fs');
const path = require('node:path');
const { atEnd, APPID, wemoon } = require('./harness');

// The platform's own list has a line for each.
const ENDPOINTS = fs.readFileSync(path.join(__dirname, '../data/platform/endpoints.tsv'), 'utf8').split('\n')
  .filter((line) => line && !line.startsWith('#')).length;

const TOKEN_PATH = '/cgi-bin/stable_token';

// Starts a platform that records requests, issues tokens, and answers every other call with success.
async function startPlatform(t) {
  const seen = [];
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url, 'http://x');
      const body = Buffer.concat(chunks).toString();
      const first = url.pathname === TOKEN_PATH && !seen.tokenGiven;
      if (first) seen.tokenGiven = true;
      else seen.push({ method: request.method, path: url.pathname, query: Object.fromEntries(url.searchParams), body,
        type: request.headers['content-type'] || '' });
      response.end(JSON.stringify(first ? { access_token: 'TOKEN', expires_in: 7200 } : { errcode: 0, errmsg: 'ok' }));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { server.closeAllConnections(); server.close(); });
  return { seen, url: `http://127.0.0.1:${server.address().port}` };
}

const asText = (value) => (typeof value === 'object' ? JSON.stringify(value) : String(value));

// Returns the parts of a multipart body by name.
function parseForm(request) {
  const mark = /boundary=(.*)$/.exec(request.type)[1];
  const parts = {};
  for (const part of request.body.split(`--${mark}`).slice(1, -1)) {
    const [head, ...rest] = part.split('\r\n\r\n');
    const name = / name="([^"]*)"/.exec(head)[1];
    const filename = /filename="([^"]*)"/.exec(head);
    parts[name] = { text: rest.join('\r\n\r\n').replace(/\r\n$/, ''), filename: filename && filename[1] };
  }
  return parts;
}

function checkBody(request, one) {
  if (typeof one.body === 'string') return assert.equal(request.body, one.body, one.name);
  if (one.verb === 'UPLOAD') {
    const expected = {};
    for (const [name, value] of Object.entries(one.body)) {
      expected[name] = name === one.file ? { text: 'BYTES', filename: `${name}.png` } : { text: asText(value), filename: null };
    }
    return assert.deepEqual(parseForm(request), expected, one.name);
  }
  if (request.method === 'GET') return assert.equal(request.body, '', one.name);
  assert.deepEqual(JSON.parse(request.body), one.body, one.name);
}

function checkRequest(request, one) {
  assert.equal(request.path, one.path, one.name);
  const takesBody = one.verb === 'POST' || one.verb === 'UPLOAD' || (one.verb === 'DOWNLOAD' && Object.keys(one.body).length > 0);
  assert.equal(request.method, takesBody ? 'POST' : 'GET', one.name);
  const query = one.token === 'access_token' ? { access_token: 'TOKEN' } : {};
  for (const [name, value] of Object.entries(one.query)) query[name] = asText(value);
  assert.deepEqual(request.query, query, one.name);
  checkBody(request, one);
}

test('a download that only begins like JSON is a file; JSON with an errcode is an error', async (t) => {
  const files = { css: '{color: red}', template: '{{name}} 你好', cut: '{"a":', error: '{"errcode":40007,"errmsg":"invalid media_id"}', video: '{"video_url":"http://a/"}' };
  const server = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://x');
    response.end(url.pathname === TOKEN_PATH ? JSON.stringify({ access_token: 'TOKEN', expires_in: 7200 }) : files[url.searchParams.get('media_id')]);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { server.closeAllConnections(); server.close(); });
  const code = `local css, template, cut = wechat.media.get{media_id = "css"}, wechat.media.get{media_id = "template"}, wechat.media.get{media_id = "cut"}
    local none, err = wechat.media.get{media_id = "error"}
    return css.body, template.body, cut.body, none == nil and err.errcode, wechat.media.get{media_id = "video"}.video_url`;
  const { stdout } = await wemoon(['exec', '--api-base', `http://127.0.0.1:${server.address().port}`, '--appid', APPID, '--appsecret', 'secret', '--store', 'memory:', '-e', code], { code: 0 });
  assert.deepEqual(stdout.trim().split('\n').map((line) => JSON.parse(line)), [files.css, files.template, files.cut, 40007, 'http://a/']);
});

test('every endpoint sends what the catalogue says', { timeout: 120000 }, async (t) => {
  const platform = await startPlatform(t);
  const run = await wemoon(['exec', '--api-base', platform.url, '--mp-base', platform.url, '--appid', APPID, '--appsecret', 'secret',
    '--store', 'memory:', '--log-level', 'error', path.join(__dirname, 'every_endpoint.lua')], { timeoutMs: 100000 });
  assert.equal(run.stderr, '');
  const list = run.stdout.trim().split('\n').map((line) => JSON.parse(line));
  assert.equal(list.length, ENDPOINTS);
  const sent = list.filter((one) => !one.url);
  assert.deepEqual(list.filter((one) => one.failed).map((one) => one.failed), []);
  assert.deepEqual(list.filter((one) => one.url).map((one) => one.name),
    ['message.subscribe.authorize_url', 'oauth.authorize', 'oauth.qrconnect']);
  assert.equal(platform.seen.length, sent.length);
  sent.forEach((one, i) => checkRequest(platform.seen[i], one));
});
