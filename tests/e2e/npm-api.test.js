// The npm packages wechat-api and co-wechat-api compared with wemoon: the same calls to one recording server. The
// content of their requests is passed to wemoon field by field; wemoon must send the same request: verb, host, path,
// query, decoded body. Fields that wemoon fills in itself are not passed. The differences are listed below, with the
// correct side.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const http = require('node:http');
const fs = require('node:fs');
const path = require('node:path');
const { atEnd, APPID, tempDir, wemoon } = require('./harness');
const { FILE, calls } = require('./npm_calls');

const PACKAGES = { 'wechat-api': require('wechat-api'), 'co-wechat-api': require('co-wechat-api') };

// By "method" or "package method": the difference, and why wemoon's is correct.
const GET_WITH_QUERY = ['verb', 'query', 'json'];
const missing = (what) => [`raised: wechat.${what}`];
const DIFFERENCES = {
  'wechat-api sendCard': { differs: missing('message.custom.send_wxcard: wxcard.card_ext is a table (string expected)'),
    why: 'card_ext is a string of JSON; the package sends the object itself' },
  'wechat-api sendCardFromCs': { differs: missing('message.custom.send_wxcard: wxcard.card_ext is a table (string expected)'), why: 'the same' },
  deleteKfAccount: { differs: GET_WITH_QUERY, why: 'documented today: POST with a JSON body; a GET with the account in the query is the older form' },
  uploadMPVideo: { differs: ['host'], why: 'the file host is of an earlier era; api.weixin.qq.com serves the same path' },
  getGoods: { differs: GET_WITH_QUERY, why: 'documented: POST with product_id in a JSON body' },
  updateExpressTemplate: { differs: ['path'], why: 'the package posts a change to the path that deletes' },
  'wechat-api uploadLogo': { differs: missing('media.uploadimg: media is missing (path, open file, or bytes with extension)'),
    why: 'the part is named media; the package names it buffer, as cards once did, and posts it to the file host' },
  updateCode: { differs: missing('card.code_update: there is no field newcode; did you mean new_code?'), why: 'the field is new_code; the packages send newcode' },
  updateLuckyMonkeyBalance: { differs: ['path'], why: 'the path says luckymoney' },
  'wechat-api addConsumer': { differs: ['unknown: is_super_consumer', 'unknown: location_id', 'unknown: username'],
    why: 'long gone; its fields were never documented, wemoon sends what it is given' },
  'co-wechat-api sendTemplate': { differs: ['unknown: color'],
    why: 'a colour stands beside each keyword, the head\'s is topcolor; wemoon sends color too when it is given one' },
  'co-wechat-api sendMiniProgramTemplate': { differs: ['unknown: color'], why: 'the same' },
  'co-wechat-api setNoDeliveryForOrder': { differs: missing('merchant.order_setdelivery: delivery_company is missing (string)'),
    why: 'delivery_company and delivery_track_no are documented as required, need_delivery or not' },
  transferStatus: { differs: missing('device.transmsg: msg_type is a string (integer expected)'), why: 'msg_type is an integer' },
  authorizeDevices: { differs: missing('device.authorize_device: device_num is a number (string expected)'), why: 'device_num is a string' },
  'co-wechat-api deletePages': { differs: missing('shakearound.page_delete: there is no field page_ids; did you mean page_id?'),
    why: 'one page a call, as page_id; the package sends the list of old' },
};

// ---- recording server ---------------------------------------------------------------------------------------------

// Parses the target: a path below /@HOST stands for that host, because the packages hard-code hosts in their URLs.
function parseTarget(request) {
  const url = new URL(request.url, 'http://x');
  const [, host, where] = /^\/@([\w.]+)(\/.*)$/.exec(url.pathname) || [null, 'api.weixin.qq.com', url.pathname];
  const query = Object.fromEntries(url.searchParams);
  delete query.access_token;
  return { verb: request.method, host, path: where, query };
}

// Decodes a form's text: objects are sent as JSON.
const decoded = (text) => (/^[[{]/.test(text) ? JSON.parse(text) : text);

// Returns the parts of a form by name: texts, and for files { filename, bytes }.
function parseForm(type, body) {
  const mark = /boundary=(.*)$/.exec(type)[1];
  const parts = {};
  for (const part of body.toString('latin1').split(`--${mark}`).slice(1, -1)) {
    const [head, ...rest] = part.split('\r\n\r\n');
    const text = rest.join('\r\n\r\n').replace(/\r\n$/, '');
    const filename = /filename="([^"]*)"/.exec(head);
    const value = decoded(Buffer.from(text, 'latin1').toString());
    parts[/ name="([^"]*)"/.exec(head)[1]] = filename ? { filename: Buffer.from(filename[1], 'latin1').toString(), bytes: value } : value;
  }
  return parts;
}

function parseBody(request, body) {
  const type = request.headers['content-type'] || '';
  if (/multipart/.test(type)) return { form: parseForm(type, body) };
  const text = body.toString();
  if (!text) return {};
  try { return { json: JSON.parse(text) }; } catch { return { raw: text }; }
}

async function startRecorder(t) {
  const seen = [];
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const one = { ...parseTarget(request), ...parseBody(request, Buffer.concat(chunks)) };
      response.setHeader('Content-Type', 'application/json');
      if (/\/(stable_)?token$/.test(one.path)) return response.end('{"access_token":"TOKEN","expires_in":7200}');
      seen.push(one);
      return response.end('{"errcode":0,"errmsg":"ok","media_id":"M","ticket":"T","expires_in":7200}');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { server.closeAllConnections(); server.close(); });
  return { seen, url: `http://127.0.0.1:${server.address().port}` };
}

// ---- packages -------------------------------------------------------------------------------------------------------

// Returns an API object with all its URLs pointing to the recorder.
function redirected(name, url) {
  const api = new PACKAGES[name](APPID, 'secret');
  const request = api.request;
  api.request = function (address, ...rest) {
    return request.call(this, address.replace(/^https?:\/\//, `${url}/@`), ...rest);
  };
  return api;
}

const copy = (value, file) => (value === FILE ? file : value instanceof Date || typeof value !== 'object' ? value : JSON.parse(JSON.stringify(value)));

// Issues a call and returns the recorded request: some methods of co-wechat-api return no promise of the answer.
async function issue(name, api, call, file, recorder) {
  const args = call.args.map((value) => copy(value, file));
  const before = recorder.seen.length;
  if (name === 'wechat-api') await new Promise((resolve) => { api[call.method](...args, resolve); });
  else await api[call.method](...args);
  for (let i = 0; i < 100 && recorder.seen.length === before; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(recorder.seen.length > before, `${name}.${call.method} sends nothing`);
  return recorder.seen[recorder.seen.length - 1]; // a card's signature needs a ticket, fetched first
}

// ---- wemoon
// -----------------------------------------------------------------------------------------------------------

// Returns the content of a request as fields for wemoon.
function fieldsOf(request, file) {
  const fields = { ...request.query, ...request.json };
  let upload;
  for (const [name, value] of Object.entries(request.form || {})) {
    if (value.filename) upload = { field: name, path: file };
    else fields[name] = value;
  }
  if (request.raw !== undefined) upload = { path: file };
  return { fields, file: upload };
}

// Issues the same calls by wemoon; returns each of theirs with { request, unknown, raised, failed }.
async function issueByWemoon(list, recorder, dir) {
  const before = recorder.seen.length;
  fs.writeFileSync(path.join(dir, 'calls.json'), JSON.stringify(list.map(({ as, request, file }) => ({ as, ...fieldsOf(request, file) }))));
  const { stdout } = await wemoon(['exec', '--api-base', recorder.url, '--mp-base', recorder.url, '--appid', APPID, '--appsecret', 'secret', '--store', 'memory:',
    '--log-level', 'error', path.join(__dirname, 'npm_calls.lua'), path.join(dir, 'calls.json')], { code: 0 });
  const lines = stdout.trim().split('\n').map((line) => JSON.parse(line));
  assert.equal(lines.length, list.length);
  let at = before;
  return lines.map((line) => ({ ...line, request: line.raised ? undefined : recorder.seen[at++] }));
}

// ---- comparison
// ---------------------------------------------------------------------------------------------------------

const same = (a, b) => { try { assert.deepEqual(a, b); return true; } catch { return false; } };

function differences(theirs, ours) {
  if (ours.raised) return [`raised: ${ours.raised.replace(/^.*?: wechat\./, 'wechat.')}`];
  const found = ours.unknown.map((name) => `unknown: ${name}`);
  for (const part of ['verb', 'host', 'path', 'query', 'json', 'form', 'raw']) {
    if (!same(theirs[part], ours.request[part])) found.push(part);
  }
  if (ours.failed) found.push(ours.failed);
  return found;
}

function expected(name, call) {
  return DIFFERENCES[`${name} ${call.method}`] || DIFFERENCES[call.method];
}

test('wechat-api and co-wechat-api send what wemoon sends', { timeout: 120000 }, async (t) => {
  process.noDeprecation = true;
  const recorder = await startRecorder(t);
  const dir = tempDir(t);
  const file = path.join(dir, 'picture.jpg');
  fs.writeFileSync(file, 'BYTES OF A PICTURE');
  const list = [];
  for (const name of Object.keys(PACKAGES)) {
    const api = redirected(name, recorder.url);
    for (const call of calls) {
      if ((call.only && call.only !== name) || typeof api[call.method] !== 'function') continue;
      list.push({ name, call, as: call.as, file, request: await issue(name, api, call, file, recorder) });
    }
  }
  const results = await issueByWemoon(list, recorder, dir);
  const used = new Set();
  const wrong = [];
  list.forEach(({ name, call, request }, i) => {
    const found = differences(request, results[i]);
    const known = expected(name, call);
    if (known) used.add(known);
    if (!same(found, known ? known.differs : [])) {
      wrong.push({ call: `${name} ${call.method}`, found, theirs: request, ours: results[i].request });
    }
  });
  assert.equal(JSON.stringify(wrong, null, 1), '[]');
  assert.deepEqual(Object.values(DIFFERENCES).filter((one) => !used.has(one)), [], 'differences that are none any more');
  t.diagnostic(`${list.length} calls compared, ${used.size} differences known`);
});
