// HTTP requests and answers, to the status and to the byte; input of strangers and broken clients; and that the
// process survives every input and logs why it refused one.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const http = require('node:http');
const net = require('node:net');
const { atEnd, TOKEN, AES_KEY, eventXml, freePort, messageXml, parseXml, seal, sha1, sign, signedQuery, sleep, startBot, textXml, until,
  wrap } = require('./harness');
const { stopwatch } = require('./stopwatch');

const ECHO = 'function on_message(msg) return msg.content or msg.type end';
const OTHER_KEY = 'ZYXWVUTSRQPONMLKJIHGFEDCBA9876543210zyxwvut';
const search = (query) => new URLSearchParams(query).toString();

// Asserts that an answer reveals neither the software nor its paths.
function assertDiscreet(text) {
  assert.doesNotMatch(text, /civetweb|wemoon|libxml|openssl|cjson|traceback|\.lua|\.c:\d|\/(home|root|usr|tmp|work)\/|^Server:/im);
}

async function expect(bot, status, request, why) {
  const answer = await bot.request(request);
  assert.equal(answer.status, status, `${why || JSON.stringify(request).slice(0, 200)}: ${answer.body.slice(0, 200)}\n${bot.log.slice(-500)}`);
  assertDiscreet(JSON.stringify(answer.headers) + answer.body);
  return answer;
}

const post = (body, query = {}) => ({ query: signedQuery(query), body });

// Sends raw bytes; resolves to the answer once the server closes or is silent for a while.
async function raw(bot, status, bytes, options) {
  const began = Date.now();
  const answer = await bot.raw(bytes, options);
  assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), `${JSON.stringify(String(bytes).slice(0, 100))} got ${JSON.stringify(answer)}`);
  assertDiscreet(answer);
  return { answer, ms: Date.now() - began };
}

const head = (bot, method, target, headers = '') => `${method} ${target} HTTP/1.1\r\nHost: ${bot.host}\r\n${headers}`;

// ---- URL verification ---------------------------------------------------------------------------------------------

test('echostr comes back byte for byte with its length, neither chunked nor with a newline', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  for (const echostr of ['6829304851920374652', '', 'a b&c=d%+"<>\'\\', '你好 🌙', '\r\n\t\u0000', 'x'.repeat(4000)]) {
    const target = `/wechat?${search({ ...signedQuery(), echostr })}`;
    const { answer } = await raw(bot, 200, head(bot, 'GET', target, 'Connection: close\r\n\r\n'));
    const [start, ...rest] = answer.split('\r\n\r\n');
    const body = Buffer.from(rest.join('\r\n\r\n'), 'latin1').toString();
    assert.equal(body, echostr);
    assert.match(start, new RegExp(`\r\nContent-Length: ${Buffer.byteLength(echostr)}(\r\n|$)`));
    assert.doesNotMatch(start, /transfer-encoding/i);
  }
});

test('echostr may be percent-encoded in any way', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const query = search(signedQuery());
  assert.equal((await expect(bot, 200, { method: 'GET', query: `${query}&echostr=a%2Bb+c%20d%` })).body, 'a+b c d%');
});

test('the parameters may come in any order and with others between them', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const { signature, timestamp, nonce } = signedQuery();
  const query = `echostr=e&nonce=${nonce}&x=1&signature=${signature}&&y&timestamp=${timestamp}`;
  assert.equal((await expect(bot, 200, { method: 'GET', query })).body, 'e');
});

test('a verification that is not signed is refused', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  await expect(bot, 403, { method: 'GET', query: { echostr: 'e' } });
  await expect(bot, 403, { method: 'GET', query: { ...signedQuery({ token: 'other' }), echostr: 'e' } });
  await expect(bot, 403, { method: 'GET' });
});

// ---- messages -----------------------------------------------------------------------------------------------------

test('a signed message is answered with reply XML, or success', async (t) => {
  const bot = await startBot(t, { script: 'function on_message(msg) if msg.content == "hi" then return "ho" end end' });
  const reply = await expect(bot, 200, post(textXml('hi')));
  assert.equal(parseXml(reply.body).Content, 'ho');
  assert.match(reply.headers['content-type'], /^(text|application)\/xml/);
  assert.equal(reply.headers['content-length'], String(Buffer.byteLength(reply.body)));
  const nothing = await expect(bot, 200, post(textXml('x')));
  assert.equal(nothing.body, 'success');
  assert.equal(nothing.headers['content-length'], '7');
});

test('a JSON push is answered in XML, whatever its Content-Type', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  let id = 1;
  for (const type of ['application/json', 'text/xml', 'text/plain', undefined]) {
    const json = `{"ToUserName":"gh_1","FromUserName":"o1","CreateTime":1700000000,"MsgType":"text","Content":"月","MsgId":${id++}}`;
    const answer = await expect(bot, 200, { ...post(json), headers: type ? { 'Content-Type': type } : {} });
    assert.equal(parseXml(answer.body).Content, '月');
    assert.match(answer.headers['content-type'], /xml/);
  }
});

test('JSON that is not a message is refused', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const good = '{"FromUserName":"o1","MsgType":"text","MsgId":1}';
  for (const json of ['{', '{"MsgType":"text"', '{}', '[]', `[${good}]`, `${good}x`, `${good}${good}`, `${good}]`, '{"MsgType":"event"}',
    '{"MsgType":""}', '{"MsgType":null}', "{'MsgType':'text'}", '{"MsgType":"text",}', `{"a":${'['.repeat(10000)}`,
    `{"MsgType":"t","a":${'[1,'.repeat(5000)}1${']'.repeat(5000)}}`, `{"MsgType":"t","a":${'{"a":'.repeat(300)}1${'}'.repeat(300)}}`]) {
    await expect(bot, 400, post(json));
  }
  assert.equal(await bot.say('alive'), 'alive');
});

// ---- signatures ---------------------------------------------------------------------------------------------------

const withDouble = (query, name) => `${search(query)}&${search({ [name]: query[name] })}`;
const without = (query, name) => Object.fromEntries(Object.entries(query).filter(([key]) => key !== name));
const renamed = (query, name) => search(query).replace(`${name}=`, `${name}[]=`);

for (const mode of ['normal', 'safe']) {
  test(`a part of the signature that is missing, doubled, wrong or of another shape is refused in ${mode} mode`, async (t) => {
    const bot = await startBot(t, { script: ECHO, mode });
    const sealed = mode === 'safe' ? seal(textXml('x')) : undefined;
    const body = sealed ? wrap(sealed) : textXml('x');
    const query = () => signedQuery({ sealed });
    for (const name of ['signature', 'timestamp', 'nonce', ...(sealed ? ['msg_signature'] : [])]) {
      await expect(bot, 403, { query: without(query(), name), body }, `no ${name}`);
      await expect(bot, 403, { query: withDouble(query(), name), body }, `${name} twice`);
      await expect(bot, 403, { query: `${name}=x&${search(query())}`, body }, `${name} twice, differing`);
      await expect(bot, 403, { query: renamed(query(), name), body }, `${name}[]`);
      await expect(bot, 403, { query: { ...query(), [name]: '' }, body }, `empty ${name}`);
      await expect(bot, 403, { query: { ...query(), [name]: `${query()[name]}0` }, body }, `longer ${name}`);
      await expect(bot, 403, { query: { ...query(), [name]: '9'.repeat(8000) }, body }, `oversized ${name}`);
    }
    for (const name of ['signature', ...(sealed ? ['msg_signature'] : [])]) {
      const right = query();
      for (const wrong of [right[name].toUpperCase(), 'g'.repeat(40), right[name].slice(0, 39), ` ${right[name]}`, `${right[name]}\u0000`,
        '\u0000'.repeat(40), '你'.repeat(13) + 'x', '0'.repeat(40)]) {
        if (wrong !== right[name]) await expect(bot, 403, { query: { ...right, [name]: wrong }, body }, `${name} ${wrong}`);
      }
    }
    if (!sealed) assert.equal(await bot.say('alive'), 'alive');
  });
}

test('a nonce may be of any length and hold anything, as long as it is signed', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  for (const nonce of ['1', 'x'.repeat(2000), '你好', 'a&b=c d+e%00']) {
    assert.equal(parseXml((await expect(bot, 200, post(textXml('x'), { nonce }))).body).Content, 'x');
  }
});

test('a timestamp outside replay_window_s is refused, early or late', async (t) => {
  const bot = await startBot(t, { script: ECHO, config: { replay_window_s: 60 } });
  const now = Math.floor(Date.now() / 1000);
  for (const off of [-90, 90, -86400, 1e9]) await expect(bot, 403, post(textXml('x'), { timestamp: now + off }), `${off} s off`);
  for (const off of [-30, 30]) await expect(bot, 200, post(textXml('x'), { timestamp: now + off }), `${off} s off`);
  for (const timestamp of ['yesterday', '-1', `${now}.5`, ` ${now}`, '99999999999999999999', '0x6553f100']) {
    await expect(bot, 403, post(textXml('x'), { timestamp }), timestamp);
  }
  const verification = { ...signedQuery({ timestamp: now - 90 }), echostr: 'e' };
  await expect(bot, 403, { method: 'GET', query: verification });
});

test('with replay_window_s = 0 no timestamp is too old', async (t) => {
  const bot = await startBot(t, { script: ECHO, config: { replay_window_s: 0 } });
  for (const timestamp of [1, 1400000000, 'yesterday']) await expect(bot, 200, post(textXml('x'), { timestamp }));
});

// ---- safe mode ----------------------------------------------------------------------------------------------------

test('in safe mode a plain message is refused, whatever the request says', async (t) => {
  const bot = await startBot(t, { script: ECHO, mode: 'safe' });
  const xml = textXml('x');
  await expect(bot, 403, post(xml), 'a plain message');
  await expect(bot, 403, { query: { ...signedQuery(), encrypt_type: 'raw' }, body: xml });
  await expect(bot, 403, { query: { ...signedQuery(), msg_signature: sha1('x') }, body: xml });
  const query = signedQuery();
  await expect(bot, 403, { query: { ...query, msg_signature: query.signature, encrypt_type: 'aes' }, body: xml });
  await expect(bot, 403, { query: signedQuery({ sealed: '' }), body: xml });
});

test('in safe mode both signatures must be right', async (t) => {
  const bot = await startBot(t, { script: ECHO, mode: 'safe' });
  const sealed = seal(textXml('x'));
  const query = signedQuery({ sealed });
  await expect(bot, 403, { query: { ...query, signature: sha1('x') }, body: wrap(sealed) }, 'signature');
  await expect(bot, 403, { query: { ...query, msg_signature: sha1('x') }, body: wrap(sealed) }, 'msg_signature');
  await expect(bot, 403, { query: { ...query, msg_signature: query.signature }, body: wrap(sealed) }, 'one for the other');
  await expect(bot, 403, { query, body: wrap(seal(textXml('x'))) }, 'a signature for another envelope');
  await expect(bot, 200, { query, body: wrap(sealed) });
});

test('a sealed message that cannot be opened, or contains no message, is refused', async (t) => {
  const bot = await startBot(t, { script: ECHO, mode: 'safe' });
  const refused = async (sealed, why) => expect(bot, 400, { query: signedQuery({ sealed }), body: wrap(sealed) }, why);
  const xml = textXml('x');
  await refused(seal(xml, { appid: 'wx0000000000000000' }), 'another appid');
  await refused(seal(xml, { appid: '' }), 'no appid');
  await refused(seal(xml, { key: OTHER_KEY }), 'another key');
  await refused('!!!!', 'not base64');
  await refused(seal(xml).slice(1), 'base64 of another length');
  await refused(`${seal(xml).slice(0, -4)}====`, 'too much padding in the base64');
  await refused('', 'nothing');
  await refused('YWJj', 'less than a block');
  await refused(seal(xml, { cut: 16 }), 'a block is missing');
  await refused(seal(xml, { cut: 1 }), 'a byte is missing');
  await refused(seal(xml, { padding: Buffer.alloc(48 - (20 + Buffer.byteLength(xml) + 18) % 16, 0) }), 'bad padding');
  for (const length of [0, 1, Buffer.byteLength(xml) - 1, Buffer.byteLength(xml) + 1, 100000, 0x7fffffff, 0xffffffff]) {
    await refused(seal(xml, { length }), `a length of ${length}`);
  }
  for (const inside of ['', 'hello', '<xml></xml>', '<xml><MsgType>event</MsgType></xml>', '<!DOCTYPE xml><xml><MsgType>t</MsgType></xml>', '{}']) {
    await refused(seal(inside), `inside: ${inside}`);
  }
  assert.equal((await bot.deliver(textXml('alive'))).reply.Content, 'alive');
});

test('an outer document that is broken is refused before anything is opened', async (t) => {
  const bot = await startBot(t, { script: ECHO, mode: 'safe' });
  const sealed = seal(textXml('x'));
  for (const body of ['', 'x', '<xml>', `${wrap(sealed)}x`, `<!DOCTYPE xml>${wrap(sealed)}`, '{"Encrypt":']) {
    await expect(bot, 400, { query: signedQuery({ sealed }), body }, body);
  }
});

// ---- documents ----------------------------------------------------------------------------------------------------

const inXml = (inner, before = '') => `${before}<xml><FromUserName>o1</FromUserName><MsgType>text</MsgType><Content>${inner}</Content></xml>`;

test('a body that is not a message is refused', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const documents = {
    'an empty body': '', 'white space': ' \r\n', 'a word': 'hello', 'a form': 'a=1&b=2', 'no MsgType': '<xml><A>1</A></xml>',
    'an empty MsgType': messageXml({ MsgType: '' }), 'an event without Event': messageXml({ MsgType: 'event' }),
    'an event whose Event is empty': eventXml(''), 'a tag that is not closed': '<xml><MsgType>text</MsgType>',
    'tags that cross': '<xml><MsgType>text</xml></MsgType>', 'two documents': textXml('x') + textXml('x'), 'text behind it': `${textXml('x')}x`,
    'an entity of its own': inXml('&own;'), 'half an entity': inXml('&amp'), 'a CDATA section without end': inXml('<![CDATA[x'),
  };
  for (const [why, body] of Object.entries(documents)) await expect(bot, 400, post(body), why);
  assert.equal(await bot.say('alive'), 'alive');
});

test('malicious documents are refused at once', async (t) => {
  const bot = await startBot(t, { script: ECHO, config: { max_body: 4 << 20 } });
  const laughs = Array.from({ length: 10 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('');
  const documents = {
    'a DOCTYPE': inXml('x', '<!DOCTYPE xml>'),
    'a DOCTYPE in other letters': inXml('x', '<?xml version="1.0"?>\n<!-- c --><!DOCTYPE xml [ ]>'),
    'a file read through an entity': inXml('&e;', '<!DOCTYPE xml [<!ENTITY e SYSTEM "file:///etc/passwd">]>'),
    'an address read through an entity': inXml('&e;', '<!DOCTYPE xml [<!ENTITY e SYSTEM "http://127.0.0.1:1/">]>'),
    'a DTD from elsewhere': inXml('x', '<!DOCTYPE xml SYSTEM "http://127.0.0.1:1/x.dtd">'),
    'parameter entities': inXml('x', '<!DOCTYPE xml [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>'),
    'a billion laughs': inXml('&l10;', `<!DOCTYPE xml [<!ENTITY l0 "ha">${laughs}]>`),
    '10,000 levels': inXml('<a>'.repeat(10000) + '</a>'.repeat(10000)),
    '10,000 levels without end': inXml('<a>'.repeat(10000)),
    'a megabyte of one tag': '<xml>' + '<a>'.repeat(350000),
    'a tag of a megabyte': `<${'a'.repeat(1 << 20)}>`,
    'a megabyte of opening brackets': '<'.repeat(1 << 20),
    'a megabyte of attributes': `<xml ${Array.from({ length: 100000 }, (_, i) => `a${i}="1"`).join(' ')}><MsgType>t</MsgType></xml>`,
    'UTF-16 with a mark': Buffer.from('\ufeff' + textXml('x'), 'utf16le'),
    'UTF-16 without a mark': Buffer.from(textXml('x'), 'utf16le'),
    'UTF-16, the other end first': Buffer.from('\ufeff' + textXml('x'), 'utf16le').swap16(),
    'another encoding': `<?xml version="1.0" encoding="GBK"?>${textXml('x')}`,
  };
  for (const [why, body] of Object.entries(documents)) {
    const began = Date.now();
    await expect(bot, 400, post(body), why);
    assert.ok(Date.now() - began < 2000, `${why} took ${Date.now() - began} ms`);
  }
  assert.equal(await bot.say('alive'), 'alive');
});

test('a document may have a declaration, a byte order mark, comments and attributes', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  for (const before of ['<?xml version="1.0" encoding="UTF-8"?>\n', '\ufeff', '<!-- c -->', '<?pi x?>', '\n ']) {
    assert.equal(parseXml((await expect(bot, 200, post(before + textXml('x')), before)).body).Content, 'x');
  }
  const attributes = textXml('x').replace('<xml>', '<xml a="1" b=\'2\'>');
  assert.equal(parseXml((await expect(bot, 200, post(attributes))).body).Content, 'x');
});

test('many elements are a message as long as they fit', async (t) => {
  const bot = await startBot(t, { script: 'function on_message(msg) return tostring(#msg.a) end' });
  const body = textXml('x').replace('</xml>', '<a>1</a>'.repeat(20000) + '</xml>');
  assert.equal(parseXml((await expect(bot, 200, post(body))).body).Content, '20000');
});

// ---- methods, paths, sizes ----------------------------------------------------------------------------------------

test('another method is refused with what is allowed', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  for (const method of ['HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const answer = await expect(bot, 405, { method, query: signedQuery(), body: method === 'PUT' ? textXml('x') : undefined });
    assert.deepEqual((answer.headers.allow || '').split(/,\s*/).sort(), ['GET', 'POST'], method);
  }
});

test('the path is exact', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  for (const path of ['/', '/Wechat', '/WECHAT', '/wechat/', '/wechat//', '//wechat', '/wechat/x', '/wechatx', '/%77echat', '/x/../y', '/.htpasswd']) {
    await expect(bot, 404, { ...post(textXml('x')), path }, path);
    await expect(bot, 404, { method: 'GET', query: { ...signedQuery(), echostr: 'e' }, path }, path);
  }
  const other = await startBot(t, { script: ECHO, config: { path: '/own/path' } });
  await expect(other, 404, { ...post(textXml('x')), path: '/wechat' });
  await expect(other, 200, { ...post(textXml('x')), path: '/own/path' });
});

test('a body of max_body bytes is taken and one byte more is not, and is not even read', async (t) => {
  const bot = await startBot(t, { script: ECHO, config: { max_body: 2000 } });
  const fill = (size) => textXml('x') + ' '.repeat(size - Buffer.byteLength(textXml('x')));
  await expect(bot, 200, post(fill(2000)));
  const target = `/wechat?${search(signedQuery())}`;
  const { ms } = await raw(bot, 413, head(bot, 'POST', target, 'Content-Length: 2001\r\n\r\n'));
  assert.ok(ms < 3000, `${ms} ms`);
  await raw(bot, 413, head(bot, 'POST', target, 'Content-Length: 99999999999\r\n\r\n'));
});

test('a body without a length is refused without waiting for it', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const target = `/wechat?${search(signedQuery())}`;
  await raw(bot, 411, head(bot, 'POST', target, '\r\n'));
});

const chunked = (body) => `${[...body.match(/[^]{1,50}/g)].map((piece) =>
  `${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`).join('')}0\r\n\r\n`;

test('a message in chunks is a message like any other, plain and sealed, and its connection is kept', async (t) => {
  for (const mode of ['normal', 'safe']) {
    const bot = await startBot(t, { script: ECHO, mode });
    for (let i = 0; i < 3; i++) {
      const xml = textXml(`第 ${i} 条 ${'长'.repeat(200)}`);
      const sealed = mode === 'safe' ? seal(xml) : undefined;
      const body = Buffer.from(sealed ? wrap(sealed) : xml);
      const answer = await bot.request({ query: signedQuery({ sealed }), headers: { 'Transfer-Encoding': 'chunked' }, body });
      assert.equal(answer.status, 200, answer.body);
      assert.match(answer.body, mode === 'safe' ? /<Encrypt>/ : /第 \d 条/);
      assert.match(answer.headers['keep-alive'], /timeout=75/);
    }
    await until(() => (bot.log.match(/replied/g) || []).length === 3, bot.log);
  }
});

test('max_body is counted as chunks come', async (t) => {
  const bot = await startBot(t, { script: ECHO, config: { max_body: 2000 } });
  const target = `/wechat?${search(signedQuery())}`;
  const fill = (size) => textXml('x') + ' '.repeat(size - Buffer.byteLength(textXml('x')));
  await raw(bot, 200, head(bot, 'POST', target, `Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(fill(2000))}`));
  await raw(bot, 413, head(bot, 'POST', target, `Transfer-Encoding: chunked\r\n\r\n${chunked(fill(2001))}`));
  await raw(bot, 413, head(bot, 'POST', target, 'Transfer-Encoding: chunked\r\n\r\nffffffff\r\n'));
  await raw(bot, 400, head(bot, 'POST', target, 'Transfer-Encoding: chunked\r\n\r\nno chunk\r\n'));
  assert.equal(await bot.say('alive'), 'alive');
});

test('framing that could be understood in two ways is answered with 400 and a line, never with silence', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const target = `/wechat?${search(signedQuery())}`;
  const body = textXml('x'), length = `Content-Length: ${Buffer.byteLength(body)}`;
  const line = (...headers) => `POST ${target} HTTP/1.1\r\n${headers.map((one) => `${one}\r\n`).join('')}\r\n${body}`;
  const faults = {
    'two lengths': [line('Host: x', length, length), /more than one Content-Length/],
    'a length and chunks': [line('Host: x', length, 'Transfer-Encoding: chunked'), /both a Content-Length and a Transfer-Encoding/],
    'two Hosts': [line('Host: x', 'Host: y', length), /more than one Host/],
    'no Host': [line(length), /no Host/],
    'a blank before a colon': [line('Host: x', length.replace(':', ' :')), /blank before its colon/],
    'a folded line': [line('Host: x', 'X: y', ' z', length), /malformed/],
    'OPTIONS *': ['OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n', /its target is \*/],
    'a URL of another host': [`POST http://other:${bot.port}${target} HTTP/1.1\r\nHost: bot\r\n${length}\r\n\r\n${body}`, /another host/],
    'a URL of another port': [`POST http://bot${target} HTTP/1.1\r\nHost: bot\r\n${length}\r\n\r\n${body}`, /another host or port/],
    'HTTPS': ['\x16\x03\x01\x00\x10\x01\x00\r\n\r\n', /HTTPS/],
    'the PROXY protocol': ['PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n', /PROXY protocol/],
  };
  for (const [name, [bytes, reason]] of Object.entries(faults)) {
    const before = bot.log.length;
    const { answer, ms } = await raw(bot, 400, bytes);
    assert.match(answer, /\r\nConnection: close\r\n/, name);
    assert.ok(ms < 1500, `${name}: ${ms} ms`);
    await until(() => reason.test(bot.log.slice(before)), `${name}: ${bot.log.slice(before)}`);
    assert.equal(bot.log.slice(before).trim().split('\n').length, 1, bot.log.slice(before));
  }
  const before = bot.log.length;
  await raw(bot, 431, head(bot, 'GET', '/wechat', `X: ${'a'.repeat(20000)}\r\n\r\n`));
  await until(() => /its head is larger than 16 KB/.test(bot.log.slice(before)), bot.log.slice(before));
  assert.equal(await bot.say('alive'), 'alive');
});

const openSockets = new Set();
test.after(() => { for (const socket of openSockets) socket.destroy(); });

// Sends a message as common HTTP clients do, twice on a connection.
async function twice(bot, version, headers) {
  const socket = net.connect(bot.port, bot.host);
  openSockets.add(socket);
  let text = '';
  socket.on('data', (chunk) => { text += chunk; }).on('error', () => {});
  for (let i = 1; i <= 2; i++) {
    const body = textXml(`message ${i}`);
    socket.write(`POST /wechat?${search(signedQuery())} HTTP/${version}\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`);
    await until(() => text.includes(`message ${i}]]`) || socket.closed, `message ${i}: ${text}`, 3000);
  }
  socket.destroy();
  return text;
}

test('connections are kept for the clients of Java and for HTTP/1.0, and ended when one of several words says so', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  for (const [version, headers] of [['1.1', ''], ['1.1', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n'],
    ['1.1', 'Connection: TE\r\nTE: trailers\r\n'], ['1.0', 'Connection: keep-alive\r\n'], ['1.0', 'Connection: Keep-Alive\r\n']]) {
    const elapsed = stopwatch(bot);
    const text = await twice(bot, version, headers);
    assert.match(text, /message 1\]\][^]*message 2\]\]/, headers);
    assert.equal(text.match(/\r\nConnection: keep-alive\r\nKeep-Alive: timeout=75\r\n/g).length, 2, text);
    const ms = elapsed();
    assert.ok(ms < 900, `${headers}: ${ms} ms`);
  }
  const target = `/wechat?${search({ ...signedQuery(), echostr: 'e' })}`;
  const { answer, ms } = await raw(bot, 200, head(bot, 'GET', target, 'Connection: keep-alive, close\r\n\r\n'));
  assert.match(answer, /\r\nConnection: close\r\n/);
  assert.ok(ms < 1000, `${ms} ms`);
});

test('a client that sends all of a body before it reads gets the refusal, not a reset', async (t) => {
  const bot = await startBot(t, { script: ECHO, config: { max_body: 1000 } });
  for (let i = 0; i < 5; i++) {
    const socket = net.connect({ port: bot.port, host: bot.host, allowHalfOpen: true });
    let text = '', fault;
    socket.on('data', (chunk) => { text += chunk; }).on('error', (error) => { fault = error; });
    socket.write(head(bot, 'POST', `/wechat?${search(signedQuery())}`, 'Content-Length: 2097152\r\n\r\n'));
    await sleep(50); // the refusal has been sent by now
    for (let j = 0; j < 8; j++) await new Promise((resolve) => socket.write(Buffer.alloc(256 << 10, 'x'), resolve));
    await until(() => text.endsWith('Content Too Large\n'), text);
    await sleep(20);
    socket.destroy();
    assert.equal(fault, undefined);
  }
});

test('behind a proxy the log names its client, and nobody else is believed', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const refuse = async (headers, expected) => {
    const before = bot.log.length;
    await expect(bot, 403, { body: 'x', headers });
    await until(() => bot.log.slice(before).includes(` from ${expected} with 403`), bot.log.slice(before));
  };
  await refuse({}, '127.0.0.1');
  await refuse({ 'X-Forwarded-For': '6.6.6.6, 203.0.113.5' }, '203.0.113.5');
  await refuse({ 'X-Forwarded-For': '203.0.113.5, 127.0.0.1' }, '203.0.113.5');
  await refuse({ 'X-Forwarded-For': '2001:db8::5' }, '2001:db8::5');
  const alone = await startBot(t, { script: ECHO, config: { trusted_proxies: '10.0.0.0/8, fd00::/8' } });
  const before = alone.log.length;
  await expect(alone, 403, { body: 'x', headers: { 'X-Forwarded-For': '203.0.113.5' } });
  await until(() => alone.log.slice(before).includes(' from 127.0.0.1 with 403'), alone.log.slice(before));
});

test('a sealed message to a bot that opens none is refused by what to set', async (t) => {
  const sealed = seal(textXml('x'));
  const without = await startBot(t, { script: ECHO, config: { encoding_aes_key: '' } });
  await expect(without, 400, { query: signedQuery({ sealed }), body: wrap(sealed) });
  await until(() => /set encoding_aes_key/.test(without.log), without.log);
  await expect(without, 400, { query: signedQuery(), body: wrap(sealed) });
  await until(() => /sealed \(Encrypt, no MsgType\).*encoding_aes_key/.test(without.log), without.log);
  const plain = await startBot(t, { script: ECHO, config: { encoding_aes_key: AES_KEY, encrypt_mode: 'normal' } });
  await expect(plain, 400, { query: signedQuery({ sealed }), body: wrap(sealed) });
  await until(() => /set encrypt_mode/.test(plain.log), plain.log);
});

test('a laid-out message is the message, and its reply goes to its sender', async (t) => {
  const laidOut = textXml('你好').replace(/<!\[CDATA\[/g, '\n    <![CDATA[').replace(/\]\]>/g, ']]>\n  ');
  const normal = await startBot(t, { script: ECHO });
  const answer = await expect(normal, 200, post(laidOut));
  assert.equal(parseXml(answer.body).Content, '你好');
  assert.equal(parseXml(answer.body).ToUserName, parseXml(textXml('你好')).FromUserName);
  const safe = await startBot(t, { script: ECHO, mode: 'safe' });
  const sealed = seal(laidOut);
  const lines = sealed.replace(/.{76}/g, '$&\n');
  await expect(safe, 200, { query: signedQuery({ sealed }), body: `<xml>\n  <Encrypt>\n    <![CDATA[${lines}]]>\n  </Encrypt>\n</xml>` });
  await expect(safe, 200, { query: signedQuery({ sealed: lines }), body: `<xml><Encrypt><![CDATA[${lines}]]></Encrypt></xml>` });
});

test('an invalid Content-Length is refused', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const target = `/wechat?${search(signedQuery())}`;
  for (const length of ['-1', 'x', '1x', '', '1, 2', '18446744073709551616', '0x10']) {
    await raw(bot, '4\\d\\d', head(bot, 'POST', target, `Content-Length: ${length}\r\n\r\nhello world hello world`));
  }
  assert.equal(await bot.say('alive'), 'alive');
});

test('of several faults the first in order is named: 404, 405, 411, 413, 403, 400', async (t) => {
  const bot = await startBot(t, { script: ECHO, config: { max_body: 100 } });
  await raw(bot, 404, head(bot, 'PUT', '/other', '\r\n'));
  await raw(bot, 404, head(bot, 'POST', '/other', 'Content-Length: 101\r\n\r\n'));
  await raw(bot, 405, head(bot, 'PUT', '/wechat', '\r\n'));
  await raw(bot, 405, head(bot, 'PUT', '/wechat', 'Content-Length: 101\r\n\r\n'));
  await raw(bot, 411, head(bot, 'POST', '/wechat', '\r\n'));
  await raw(bot, 413, head(bot, 'POST', '/wechat', 'Content-Length: 101\r\n\r\n'));
  await expect(bot, 403, { body: 'no message' });
  await expect(bot, 403, { query: { ...signedQuery(), signature: 'x' }, body: '' });
  await expect(bot, 400, post('no message'));
});

test('endless head lines and bytes that are not HTTP do no harm', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const bytes = ['\r\n\r\n\r\n', 'hello\r\n\r\n', 'GET\r\n\r\n', '\u0016\u0003\u0001\u0002\u0000\u0001', `GET /${'a'.repeat(100000)} HTTP/1.1\r\n\r\n`,
    head(bot, 'GET', '/wechat', `X: ${'a'.repeat(100000)}\r\n\r\n`), head(bot, 'GET', '/wechat', 'X: 1\r\n'.repeat(5000) + '\r\n'),
    'GET /wechat HTTP/9.9\r\n\r\n', 'GET wechat HTTP/1.1\r\n\r\n', 'GET http://elsewhere/wechat HTTP/1.1\r\n\r\n', '\u0000'.repeat(1000)];
  for (const one of bytes) {
    const answer = await bot.raw(one, { timeoutMs: 300 });
    assertDiscreet(answer);
    assert.doesNotMatch(answer, /^HTTP\/1\.\d 200/);
  }
  assert.equal(await bot.say('alive'), 'alive');
});

test('several messages on one connection are answered in order', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const one = (content, more = '') => {
    const body = textXml(content);
    return head(bot, 'POST', `/wechat?${search(signedQuery())}`, `Content-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`);
  };
  const answer = await bot.raw(one('first') + one('second') + one('third', 'Connection: close\r\n'));
  const contents = [...answer.matchAll(/<Content><!\[CDATA\[(\w+)\]\]>/g)].map((match) => match[1]);
  assert.deepEqual(contents, ['first', 'second', 'third']);
});

// ---- max_jobs -----------------------------------------------------------------------------------------------------

test('past max_jobs a message is closed without a byte, and taken when it is tried again', async (t) => {
  const bot = await startBot(t, { config: { max_jobs: 1 }, script: 'function on_message(msg) wechat.sleep(tonumber(msg.content)); return "done" end' });
  const slow = bot.request(post(textXml('0.7')));
  await sleep(200);
  const other = textXml('0');
  await assert.rejects(bot.request(post(other)), /hang up/);
  assert.equal((await slow).status, 200);
  await sleep(200); // it counts as in progress until its thread has released it
  assert.equal(parseXml((await expect(bot, 200, post(other))).body).Content, 'done');
});

async function startWithAdmin(t) {
  const port = await freePort();
  const bot = await startBot(t, { script: ECHO, config: { threads: 4, admin_listen: `127.0.0.1:${port}` } });
  return { bot, admin: `http://127.0.0.1:${port}` };
}

// ---- stalling clients ---------------------------------------------------------------------------------------------

// Connects, sends `bytes` and then nothing; `closed` resolves to the milliseconds until the server closed the
// connection.
function stall(bot, bytes, drip) {
  const began = Date.now();
  const socket = net.connect(bot.port, bot.host, () => socket.write(bytes));
  const timer = drip && setInterval(() => socket.write(drip), 200);
  socket.on('error', () => {});
  socket.on('data', () => {});
  const closed = new Promise((resolve) => socket.on('close', () => {
    clearInterval(timer);
    resolve(Date.now() - began);
  }));
  return { socket, closed };
}

test('an empty line behind a body, in a segment of its own, neither ends its connection nor begins the next request', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const socket = net.connect(bot.port, bot.host);
  atEnd(t, () => socket.destroy());
  socket.setNoDelay(true);
  let text = '';
  socket.on('data', (chunk) => { text += chunk; }).on('error', () => {});
  const ask = async (content, lead = '') => {
    const body = textXml(content);
    const bytes = head(bot, 'POST', `/wechat?${search(signedQuery())}`, `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    socket.write(lead + bytes);
    await until(() => text.includes(`${content}]]`) || socket.closed, `${content}: ${text}`, 10000);
    assert.ok(text.includes(`${content}]]`), `${content}: ${text}\n${bot.log.slice(-500)}`);
  };
  await ask('first');
  for (const line of ['\r\n', '\r\n', '\n']) {
    socket.write(line);
    await sleep(100);
    await ask(`behind ${JSON.stringify(line)}`.replace(/\W/g, ' '));
  }
  // Longer than a head may take: its clock has not begun. libcivetweb's own thread has the connection then.
  socket.write('\r\n');
  await sleep(5500);
  await ask('later');
  await ask('with a line in front', '\r\n');
  socket.write('\r\n');
  await sleep(100);
  socket.end();
  await until(() => socket.closed, 'the end');
  assert.doesNotMatch(text, /^HTTP\/1\.1 4/m);
  assert.doesNotMatch(bot.log, /refused/);
});

test('many empty lines are no client: they are refused, or end with the time that an idle connection has', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  await raw(bot, 400, '\r\n\r\n');
  const { socket, closed } = stall(bot, '\r\n', '\r\n');
  await Promise.race([closed, sleep(10000)]);
  assert.ok(socket.closed, 'it is still open');
  assert.equal(await bot.say('alive'), 'alive');
});

test('a head or body that is incomplete after 5 s ends the connection, however slowly it arrives', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const target = `/wechat?${search(signedQuery())}`;
  const stalled = {
    'nothing at all': stall(bot, ''),
    'half a head': stall(bot, head(bot, 'POST', target, 'Content-Len')),
    'half a body': stall(bot, head(bot, 'POST', target, 'Content-Length: 100\r\n\r\n0123456789')),
    'a head that drips': stall(bot, head(bot, 'POST', target), 'X: 1\r\n'),
    'a body that drips': stall(bot, head(bot, 'POST', target, 'Content-Length: 1000\r\n\r\n'), '0'),
  };
  await sleep(300);
  assert.equal(await bot.say('meanwhile'), 'meanwhile');
  for (const [why, { closed, socket }] of Object.entries(stalled)) {
    const ms = await Promise.race([closed, sleep(9000).then(() => Infinity)]);
    socket.destroy();
    assert.ok(ms < 9000, `${why}: still open`);
    assert.ok(ms > 4000, `${why}: closed after ${ms} ms`);
  }
});

test('clients that stall, more of them than there are threads, keep no message from its answer', async (t) => {
  const bot = await startBot(t, { script: ECHO, config: { threads: 16 } });
  const target = `/wechat?${search(signedQuery())}`;
  const stalled = Array.from({ length: 100 }, (_, i) => stall(bot,
    ['', head(bot, 'POST', target), head(bot, 'POST', target, 'Content-Length: 100\r\n\r\n0')][i % 3]));
  await sleep(300);
  const elapsed = stopwatch(bot);
  assert.equal(await bot.say('meanwhile'), 'meanwhile');
  const ms = elapsed();
  for (const { socket } of stalled) socket.destroy();
  assert.ok(ms < 1500, `${ms} ms`);
});

// ---- log ----------------------------------------------------------------------------------------------------------

// How each of some requests ended, of which head and body come slowly or not at all, as the log and the figures have
// it.
test('why a body or a head did not come whole is said as it was, and counted', async (t) => {
  const { admin, bot } = await startWithAdmin(t);
  const refused = async () => Number(/^wemoon_callbacks_total\{type="none",outcome="refused"\} (\d+)/m.exec(await (await fetch(`${admin}/metrics`)).text())[1]);
  const target = `/wechat?${search(signedQuery())}`;
  const begun = head(bot, 'POST', target, 'Content-Length: 1000\r\n\r\n');
  const left = stall(bot, begun + 'x');
  await sleep(100);
  left.socket.end();
  await bot.waitForLog(/refused POST \/wechat from 127\.0\.0\.1 with 408: its connection ended within its body/);
  assert.equal(await refused(), 1);
  await stall(bot, begun + 'x').closed;
  await bot.waitForLog(/with 408: its body was not complete in time/);
  assert.equal(await refused(), 2);
  const slow = Array.from({ length: 12 }, () => stall(bot, begun, 'x'));
  await bot.waitForLog(/with 408: its body came slowly, and others waited for a thread/);
  await until(async () => await refused() === 14, `14 refused:\n${bot.log}`, 15000);
  const heads = Array.from({ length: 12 }, () => stall(bot, head(bot, 'POST', target), 'X: 1\r\n'));
  await bot.waitForLog(/with 408: its head came slowly, and others waited for a thread/, 15000);
  assert.equal(bot.log.match(/ended within its/g).length, 1, bot.log);
  for (const { socket } of [...slow, ...heads]) socket.destroy();
});

test('a head that has begun when the server stops is not said to be cut by its client', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const { closed } = stall(bot, head(bot, 'GET', `/wechat?${search(signedQuery())}`));
  await sleep(300);
  const stopped = bot.stop();
  await closed;
  await stopped;
  assert.match(bot.log, /with 408: the server was closing its connection/);
});

test('each refusal is one line in the log that says why, and nothing secret', async (t) => {
  const bot = await startBot(t, { script: ECHO, mode: 'safe', config: { max_body: 1000, appsecret: 'a-secret-of-the-account' } });
  const sealed = seal(textXml('x'), { appid: 'wxother' });
  const refusals = [
    [404, { ...post('x'), path: '/other' }, /404/],
    [405, { method: 'PUT', query: {}, body: 'x' }, /405/],
    [413, post('x'.repeat(1001)), /413/],
    [403, { body: 'x' }, /403.*signature is missing/],
    [403, post('x', { token: 'other' }), /403.*signature is wrong/],
    [403, post(textXml('x')), /403.*safe/],
    [403, post(textXml('x'), { timestamp: 1 }), /403.*replay_window_s/],
    [400, { query: signedQuery({ sealed }), body: wrap(sealed) }, /400.*appid/],
    [400, { query: signedQuery({ sealed }), body: '<xml>' }, /400.*XML/],
  ];
  for (const [status, request, reason] of refusals) {
    const before = bot.log.length;
    await expect(bot, status, request);
    await until(() => reason.test(bot.log.slice(before)), `${reason} in ${JSON.stringify(bot.log.slice(before))}`);
    await sleep(20);
    assert.equal(bot.log.slice(before).trim().split('\n').length, 1, bot.log.slice(before));
  }
  for (const secret of [TOKEN, AES_KEY, 'a-secret-of-the-account']) assert.ok(!bot.log.includes(secret), 'a secret in the log');
});

test('a stranger cannot forge a line in the log', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const mark = 'FORGED';
  await bot.raw(`GET /a%0a${mark} HTTP/1.1\r\nHost: x\r\n\r\n`, { timeoutMs: 300 });
  await bot.raw(`GET /a\n${mark} HTTP/1.1\r\nHost: x\r\n\r\n`, { timeoutMs: 300 });
  await expect(bot, 403, { query: { ...signedQuery(), timestamp: `1\n${mark}` }, body: 'x' });
  await expect(bot, 400, post(`<xml>\n${mark}\u001b[31m</b>`));
  for (const line of bot.log.split('\n')) assert.ok(!line.startsWith(mark), bot.log);
  assert.doesNotMatch(bot.log, /\u001b/);
});
