// wemoon send: the message that it posts, to the test's own server, and its output.
'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const fs = require('node:fs');
const path = require('node:path');
const { atEnd, TOKEN, APPID, AES_KEY, OPENID, ORIGINAL_ID, sign, seal, unseal, parseXml, textXml, element, tempDir, writeFiles, configLua, wemoon, startBot, sleep, threeAtATime } = require('./harness');

const test = threeAtATime('wemoon send');

// Starts a bot that records messages and answers with `answer` (a string, or a function of the request).
async function recorder(t, answer = 'success', status = 200) {
  const requests = [];
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url, 'http://localhost');
      const seen = { method: request.method, path: url.pathname, query: Object.fromEntries(url.searchParams),
        headers: request.headers, body: Buffer.concat(chunks).toString() };
      requests.push(seen);
      response.statusCode = status;
      response.end(typeof answer === 'function' ? answer(seen) : answer);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => server.close());
  const dir = tempDir(t);
  const { port } = server.address();
  const config = (fields) => writeFiles(dir, { 'config.lua': configLua({ token: TOKEN, listen: `127.0.0.1:${port}`, ...fields }) });
  config({});
  const send = (args, options) => wemoon(['send', ...args], { cwd: dir, ...options });
  return { requests, dir, port, config, send, url: `http://127.0.0.1:${port}/wechat` };
}

const reply = (type, fields) => `<xml>${element('ToUserName', OPENID)}${element('FromUserName', ORIGINAL_ID)}` +
  `${element('CreateTime', 1700000001)}${element('MsgType', type)}${Object.entries(fields).map(([k, v]) => element(k, v)).join('')}</xml>`;

function sealedReply(xml, { token = TOKEN, key = AES_KEY, appid = APPID } = {}) {
  const sealed = seal(xml, { key, appid });
  return `<xml>${element('Encrypt', sealed)}${element('MsgSignature', sign(token, 1700000001, 'n', sealed))}` +
    `${element('TimeStamp', 1700000001)}${element('Nonce', 'n')}</xml>`;
}
const SAFE = { encoding_aes_key: AES_KEY, appid: APPID };

// ---- posted messages ----------------------------------------------------------------------------------------------

test('a text is signed and posted to listen and path', async (t) => {
  const peer = await recorder(t, reply('text', { Content: '你说：hi' }));
  const { stdout } = await peer.send(['text', 'hi']);
  assert.equal(stdout, 'text: 你说：hi\n');
  const [seen] = peer.requests;
  assert.equal(seen.method, 'POST');
  assert.equal(seen.path, '/wechat');
  const { signature, timestamp, nonce, openid } = seen.query;
  assert.equal(signature, sign(TOKEN, timestamp, nonce));
  assert.ok(Math.abs(Number(timestamp) - Date.now() / 1000) < 60);
  assert.equal(seen.query.encrypt_type, undefined);
  assert.match(seen.headers['content-type'], /^(text|application)\/xml/);
  assert.equal(seen.headers['content-length'], String(Buffer.byteLength(seen.body)));
  const message = parseXml(seen.body);
  assert.equal(message.FromUserName, openid);
  assert.equal(message.MsgType, 'text');
  assert.equal(message.Content, 'hi');
  assert.match(message.MsgId, /^\d{15,19}$/);
  assert.ok(Math.abs(Number(message.CreateTime) - Date.now() / 1000) < 60);
});

const FIELDS = {
  'image m1': { MsgType: 'image', MediaId: 'm1' },
  'image m1 http://p/q.jpg': { MsgType: 'image', MediaId: 'm1', PicUrl: 'http://p/q.jpg' },
  'voice m2': { MsgType: 'voice', MediaId: 'm2', Format: 'amr', Recognition: undefined },
  'voice m2 说了什么': { MsgType: 'voice', MediaId: 'm2', Recognition: '说了什么' },
  'video m3 t3': { MsgType: 'video', MediaId: 'm3', ThumbMediaId: 't3' },
  'shortvideo m4 t4': { MsgType: 'shortvideo', MediaId: 'm4', ThumbMediaId: 't4' },
  'location -33.86 151.2': { MsgType: 'location', Location_X: '-33.86', Location_Y: '151.2', Label: undefined },
  'location 23.13 113.35 街': { MsgType: 'location', Location_X: '23.13', Location_Y: '113.35', Label: '街' },
  'link T D http://u/': { MsgType: 'link', Title: 'T', Description: 'D', Url: 'http://u/' },
  'subscribe': { MsgType: 'event', Event: 'subscribe', EventKey: '', Ticket: undefined, MsgId: undefined },
  'subscribe shop': { MsgType: 'event', Event: 'subscribe', EventKey: 'qrscene_shop', Ticket: 'TICKET' },
  'unsubscribe': { MsgType: 'event', Event: 'unsubscribe', EventKey: '', MsgId: undefined },
  'scan shop': { MsgType: 'event', Event: 'SCAN', EventKey: 'shop', Ticket: 'TICKET', MsgId: undefined },
  'click V1': { MsgType: 'event', Event: 'CLICK', EventKey: 'V1', MsgId: undefined },
  'view http://u/?a=b&c': { MsgType: 'event', Event: 'VIEW', EventKey: 'http://u/?a=b&c', MsgId: undefined },
  'event LOCATION Latitude=23.1 Longitude=113.3 Precision=5': { MsgType: 'event', Event: 'LOCATION', Latitude: '23.1', Longitude: '113.3',
    Precision: '5', MsgId: undefined },
  'event pic_sysphoto EventKey=P SendPicsInfo.Count=2 SendPicsInfo.PicList.item[1].PicMd5Sum=aa SendPicsInfo.PicList.item[2].PicMd5Sum=bb':
    { Event: 'pic_sysphoto', EventKey: 'P', SendPicsInfo: { Count: '2', PicList: { item: [{ PicMd5Sum: 'aa' }, { PicMd5Sum: 'bb' }] } } },
  'event x A.B.C=1 A.B.D=2 A.E=': { Event: 'x', A: { B: { C: '1', D: '2' }, E: '' } },
  'event x CreateTime=1700000000': { CreateTime: '1700000000' },
};

for (const [words, fields] of Object.entries(FIELDS)) {
  test(`send ${words}`, async (t) => {
    const peer = await recorder(t);
    const { stdout } = await peer.send(words.split(' '), { code: 0 });
    assert.equal(stdout, '(no reply)\n');
    const message = parseXml(peer.requests[0].body);
    for (const [name, value] of Object.entries(fields)) assert.deepEqual(message[name], value, name);
    assert.ok(message.ToUserName && message.FromUserName && message.CreateTime);
    if (message.MsgType !== 'event') assert.match(message.MsgId, /^\d+$/);
  });
}

test('texts are posted in CDATA, of digits too, and numbers bare, as the platform has them', async (t) => {
  const peer = await recorder(t);
  for (const words of [['text', '12345'], ['location', '-33.86', '151.2', '7'], ['event', 'LOCATION', 'Latitude=23.137466', 'Precision=near'], ['scan', '42'],
    ['event', 'location_select', 'SendLocationInfo.Location_X=23', 'SendLocationInfo.Scale=15'], ['view', 'http://u/']]) await peer.send(words, { code: 0 });
  const bodies = peer.requests.map(({ body }) => body);
  assert.match(bodies[0], /<CreateTime>\d+<\/CreateTime>.*<Content><!\[CDATA\[12345\]\]><\/Content><MsgId>\d+<\/MsgId>/);
  assert.match(bodies[1], /<Location_X>-33\.86<\/Location_X><Location_Y>151\.2<\/Location_Y><Label><!\[CDATA\[7\]\]><\/Label><Scale>20<\/Scale>/);
  assert.match(bodies[2], /<Latitude>23\.137466<\/Latitude><Precision><!\[CDATA\[near\]\]><\/Precision>/);
  assert.match(bodies[3], /<EventKey><!\[CDATA\[42\]\]><\/EventKey>/);
  assert.match(bodies[4], /<Location_X><!\[CDATA\[23\]\]><\/Location_X><Scale><!\[CDATA\[15\]\]><\/Scale>/);
  assert.match(bodies[5], /<MenuId>400000001<\/MenuId>/);
});

test('characters that would break XML arrive as they were typed', async (t) => {
  const peer = await recorder(t);
  const content = ']]> <&> "\' 你好\n';
  await peer.send(['text', content], { code: 0 });
  assert.equal(parseXml(peer.requests[0].body).Content, content);
});

test('--from and --to say who writes to whom', async (t) => {
  const peer = await recorder(t);
  await peer.send(['--from', 'oSomeone', 'text', 'hi', '--to=gh_other'], { code: 0 });
  const message = parseXml(peer.requests[0].body);
  assert.equal(message.FromUserName, 'oSomeone');
  assert.equal(message.ToUserName, 'gh_other');
  assert.equal(peer.requests[0].query.openid, 'oSomeone');
});

test('--url is stronger than listen and path, and keeps its query', async (t) => {
  const peer = await recorder(t);
  peer.config({ listen: '127.0.0.1:1' });
  await peer.send(['--url', `http://127.0.0.1:${peer.port}/a/b?tenant=1`, 'text', 'hi'], { code: 0 });
  assert.equal(peer.requests[0].path, '/a/b');
  assert.equal(peer.requests[0].query.tenant, '1');
});

test('listening on all addresses is reached on the loopback one', async (t) => {
  const peer = await recorder(t);
  peer.config({ listen: `0.0.0.0:${peer.port}` });
  await peer.send(['text', 'hi'], { code: 0 });
  assert.equal(peer.requests.length, 1);
});

test('--repeat sends one MsgId several times, signed anew', async (t) => {
  const peer = await recorder(t);
  const { stdout } = await peer.send(['text', 'hi', '--repeat', '3'], { code: 0 });
  assert.equal(stdout, '(no reply)\n(no reply)\n(no reply)\n');
  const ids = new Set(peer.requests.map((seen) => parseXml(seen.body).MsgId));
  const signatures = new Set(peer.requests.map((seen) => seen.query.signature));
  assert.equal(ids.size, 1);
  assert.equal(signatures.size, 3);
});

test('two commands never use one MsgId', async (t) => {
  const peer = await recorder(t);
  await Promise.all(Array.from({ length: 8 }, () => peer.send(['text', 'hi'], { code: 0 })));
  assert.equal(new Set(peer.requests.map((seen) => parseXml(seen.body).MsgId)).size, 8);
});

test('two commands, one after the other, never send one event twice', async (t) => {
  const { requests, send } = await recorder(t);
  for (let i = 0; i < 3; i++) assert.equal((await send(['click', 'TODAY'])).code, 0);
  const seconds = requests.map(({ body }) => parseXml(body).CreateTime);
  assert.equal(new Set(seconds).size, 3, String(seconds));
});

test('in safe mode only the envelope is posted', async (t) => {
  const peer = await recorder(t, () => sealedReply(reply('text', { Content: 'hello' })));
  peer.config(SAFE);
  const { stdout } = await peer.send(['text', 'hi'], { code: 0 });
  assert.equal(stdout, 'text: hello\n');
  const [seen] = peer.requests;
  const outer = parseXml(seen.body);
  assert.deepEqual(Object.keys(outer).sort(), ['Encrypt', 'ToUserName']);
  assert.equal(seen.query.encrypt_type, 'aes');
  assert.equal(seen.query.signature, sign(TOKEN, seen.query.timestamp, seen.query.nonce));
  assert.equal(seen.query.msg_signature, sign(TOKEN, seen.query.timestamp, seen.query.nonce, outer.Encrypt));
  const { xml, appid } = unseal(outer.Encrypt);
  assert.equal(appid, APPID);
  assert.equal(parseXml(xml).Content, 'hi');
  assert.equal(parseXml(xml).ToUserName, outer.ToUserName);
});

test('in compatible mode the plain elements go with the envelope', async (t) => {
  const peer = await recorder(t);
  peer.config({ ...SAFE, encrypt_mode: 'compatible' });
  await peer.send(['text', 'hi'], { code: 0 });
  const outer = parseXml(peer.requests[0].body);
  assert.equal(outer.Content, 'hi');
  const inner = parseXml(unseal(outer.Encrypt).xml);
  assert.equal(inner.Content, 'hi');
  assert.equal(inner.MsgId, outer.MsgId);
});

test('xml posts a file or standard input as it is', async (t) => {
  const peer = await recorder(t);
  const document = textXml('from a file');
  fs.writeFileSync(path.join(peer.dir, 'm.xml'), document);
  await peer.send(['xml', 'm.xml'], { code: 0 });
  await peer.send(['xml', '-'], { code: 0, input: '<broken' });
  assert.equal(peer.requests[0].body, document);
  assert.equal(peer.requests[1].body, '<broken');
});

test('xml is sealed in safe mode', async (t) => {
  const peer = await recorder(t);
  peer.config(SAFE);
  const document = textXml('from a file');
  await peer.send(['xml', '-'], { code: 0, input: document });
  const outer = parseXml(peer.requests[0].body);
  assert.equal(unseal(outer.Encrypt).xml, document);
  assert.equal(outer.ToUserName, ORIGINAL_ID);
});

// ---- output -------------------------------------------------------------------------------------------------------

const LINES = [
  [reply('text', { Content: '你说：hi' }), 'text: 你说：hi'],
  [reply('image', { Image: { MediaId: 'media-1' } }), 'image: media-1'],
  ['success', '(no reply)'],
  ['', '(no reply)'],
];
for (const [body, line] of LINES) {
  test(`prints ${line}`, async (t) => {
    const peer = await recorder(t, body);
    assert.equal((await peer.send(['text', 'hi'], { code: 0 })).stdout, line + '\n');
  });
}

test('news is printed with the number of its articles and their titles', async (t) => {
  const item = [{ Title: '一', Description: '', PicUrl: '', Url: 'http://a' }, { Title: '二', Description: '', PicUrl: '', Url: 'http://b' }];
  const peer = await recorder(t, reply('news', { ArticleCount: 2, Articles: { item } }));
  const { stdout } = await peer.send(['text', 'hi'], { code: 0 });
  assert.match(stdout, /^news: 2 articles: 一.*二.*\n$/);
});

test('--raw prints the bytes as received', async (t) => {
  for (const body of [sealedReply(reply('text', { Content: 'x' })), 'success', '', 'no xml\nat all']) {
    const peer = await recorder(t, body);
    peer.config(SAFE);
    assert.equal((await peer.send(['--raw', 'text', 'hi'], { code: 0 })).stdout, body);
  }
});

test('--json prints the reply as one line of JSON, lists as lists', async (t) => {
  const item = { Title: '一', Description: 'd"\n', PicUrl: 'p', Url: 'u' };
  const peer = await recorder(t, reply('news', { ArticleCount: 1, Articles: { item } }));
  const { stdout } = await peer.send(['--json', 'text', 'hi'], { code: 0 });
  assert.equal(stdout.split('\n').length, 2);
  assert.deepEqual(JSON.parse(stdout), { ToUserName: OPENID, FromUserName: ORIGINAL_ID, CreateTime: '1700000001', MsgType: 'news',
    ArticleCount: '1', Articles: { item: [item] } });
});

test('--json of no reply is null', async (t) => {
  const peer = await recorder(t);
  assert.equal((await peer.send(['--json', 'text', 'hi'], { code: 0 })).stdout, 'null\n');
});

// ---- errors -------------------------------------------------------------------------------------------------------

for (const [status, hint] of [[403, /token/], [404, /path|--url/], [400, /its log/], [503, /max_jobs/], [302, /--url/]]) {
  test(`an answer of ${status} is status 1, with what the bot said and a hint`, async (t) => {
    const peer = await recorder(t, 'what the bot said\n', status);
    const { stdout, stderr } = await peer.send(['text', 'hi'], { code: 1 });
    assert.equal(stdout, '');
    assert.match(stderr, new RegExp(`^wemoon: send: .*${status}.*what the bot said`));
    assert.match(stderr, hint);
    assert.equal(peer.requests.length, 1);
  });
}

test('no bot at the address: status 1, and how to start one', async (t) => {
  const peer = await recorder(t);
  peer.config({ listen: '127.0.0.1:1' });
  const { stderr } = await peer.send(['text', 'hi'], { code: 1 });
  assert.match(stderr, /^wemoon: send: .*127\.0\.0\.1.*wemoon run/s);
});

test('a connection that is closed without an answer: status 1, why a bot does that, and what the platform does', async (t) => {
  const server = http.createServer((request) => request.resume().on('end', () => request.socket.destroy()));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => server.close());
  const url = `http://127.0.0.1:${server.address().port}/wechat`;
  const { stderr } = await wemoon(['send', 'text', 'hi', '--token', TOKEN, '--url', url], { cwd: tempDir(t), code: 1 });
  assert.match(stderr, /^wemoon: send: http:\/\/.*: no answer\. If that is the bot, .* the script missed the deadline, or max_jobs messages are under way; --repeat 3 tries as the platform does\. Otherwise: .*\n$/);
});

test('--repeat succeeds if any try is answered, and is not advised while it is in use', async (t) => {
  let tries = 0;
  const server = http.createServer((request, response) => request.resume().on('end', () => {
    tries += 1;
    if (tries === 2) response.end('success');
    else request.socket.destroy();
  }));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => server.close());
  const send = (repeat, code) => wemoon(['send', 'text', 'hi', '--repeat', repeat, '--token', TOKEN, '--url',
    `http://127.0.0.1:${server.address().port}/wechat`], { cwd: tempDir(t), code });
  const { stderr } = await send('3', 0);
  assert.equal(stderr.match(/no answer\. If that is the bot, .* messages are under way\. Otherwise/g).length, 2);
  assert.doesNotMatch(stderr, /--repeat/);
  assert.equal(tries, 3);
  await send('2', 1);
});

test('an answer that is not a reply is status 1', async (t) => {
  const peer = await recorder(t, 'hello <there>');
  assert.match((await peer.send(['text', 'hi'], { code: 1 })).stderr, /not a reply/);
});

test('a refused message does not suggest encoding_aes_key if there is no key', async (t) => {
  const plain = await startBot(t, { script: 'function on_message() end' });
  const sealed = await startBot(t, { script: 'function on_message() end', mode: 'safe' });
  for (const [bot, hint] of [[plain, /400 .*its log says why/], [sealed, /400 .*encoding_aes_key/]]) {
    const { stderr } = await wemoon(['send', '--url', bot.url, 'xml', '-'], { cwd: bot.dir, input: '<xml></xml>', code: 1 });
    assert.match(stderr, hint);
  }
});

test('a reply that is sealed with another token or key is status 1', async (t) => {
  const plain = reply('text', { Content: 'x' });
  for (const wrong of [{ token: 'another' }, { key: 'B'.repeat(43) }, { appid: 'wx-another' }]) {
    const peer = await recorder(t, sealedReply(plain, wrong));
    peer.config(SAFE);
    const { stdout, stderr } = await peer.send(['text', 'hi'], { code: 1 });
    assert.equal(stdout, '');
    assert.match(stderr, /^wemoon: send: /);
    for (const secret of [TOKEN, AES_KEY]) assert.ok(!stderr.includes(secret));
  }
});

test('a plain reply in safe mode is status 1: the platform would not take it', async (t) => {
  const peer = await recorder(t, reply('text', { Content: 'x' }));
  peer.config(SAFE);
  assert.match((await peer.send(['text', 'hi'], { code: 1 })).stderr, /not encrypted/);
});

test('send stops waiting for an answer after ten seconds', async (t) => {
  const peer = await recorder(t);
  const server = require('node:net').createServer(() => {});
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => server.close());
  const begun = Date.now();
  const { stderr } = await peer.send(['--url', `http://127.0.0.1:${server.address().port}/`, 'text', 'hi'], { code: 1 });
  const took = Date.now() - begun;
  assert.match(stderr, /no answer/);
  assert.ok(took > 8000 && took < 15000, `${took} ms`);
});

test('wrong arguments are status 2, and nothing is sent', async (t) => {
  const peer = await recorder(t);
  for (const [words, what] of [
    [['txet', 'hi'], /did you mean text\?/], [['text'], /send text CONTENT/], [['text', 'two', 'words'], /quotes/],
    [['location', '91', '0'], /latitude/], [['location', 'north', '0'], /latitude/], [['location', '0', '181'], /longitude/],
    [['event'], /event NAME/], [['event', 'x', 'novalue'], /Field=value/], [['event', 'x', 'a b=1'], /the name of an element/],
    [['event', 'x', 'A..B=1'], /the name of an element/], [['text', 'hi', '--repeat', '0'], /--repeat/], [['text', 'hi', '--raw', '--json'], /exclude/],
    [['xml', 'none.xml'], /none\.xml/], [['xml'], /FILE/], [['xml', '-', '--from', 'x'], /--from/], [['text', 'hi', '--url', 'nonsense'], /--url/],
    [['text', 'hi', '--url', 'ftp://x/'], /--url/], [['text', 'hi', '--url', 'http://127.0.0.1/a b'], /is a space: write %20/],
    [['xml', '/dev/null'], /\/dev\/null is empty/],
  ]) {
    assert.match((await peer.send(words, { code: 2 })).stderr, what, words.join(' '));
  }
  assert.equal(peer.requests.length, 0);
});

test('a wrong kind is told before what the configuration lacks', async (t) => {
  const { stderr } = await wemoon(['send', 'txet', 'hi'], { cwd: tempDir(t), code: 2 });
  assert.match(stderr, /^wemoon: send: unknown kind "txet"; did you mean text\?/);
  const unlike = (await wemoon(['send', 'foo'], { cwd: tempDir(t), code: 2 })).stderr;
  assert.match(unlike, /^wemoon: send: unknown kind "foo"; the kinds are text, image, voice, video, shortvideo, location, link, subscribe, unsubscribe, scan, click, view, event and xml; /);
});

test('without a token: status 2 and the mend', async (t) => {
  const { stderr } = await wemoon(['send', 'text', 'hi'], { cwd: tempDir(t), code: 2 });
  assert.match(stderr, /token: is not set: .*`wemoon dev` serves .*: --token development$/m);
});

test('where listen takes any port, --url is asked for', async (t) => {
  const peer = await recorder(t);
  peer.config({ listen: '127.0.0.1:0' });
  assert.match((await peer.send(['text', 'hi'], { code: 2 })).stderr, /--url/);
});

// ---- with a real bot ----------------------------------------------------------------------------------------------

for (const mode of ['normal', 'compatible', 'safe']) {
  test(`send and a real bot understand each other in ${mode} mode`, async (t) => {
    const bot = await startBot(t, { mode, script: 'function on_message(msg) return msg.type .. ":" .. (msg.content or msg.key or "") end' });
    const send = async (...words) => (await wemoon(['send', '--url', bot.url, ...words], { cwd: bot.dir, code: 0 })).stdout;
    assert.equal(await send('text', '你好'), 'text: text:你好\n');
    assert.equal(await send('click', 'V1'), 'text: click:V1\n');
    assert.equal(await send('subscribe', 'shop'), 'text: subscribe:qrscene_shop\n');
  });
}

test('repeated to a real bot, the script runs once', async (t) => {
  const bot = await startBot(t, { script: 'local n = 0\nfunction on_message() n = n + 1 return tostring(n) end' });
  const { stdout } = await wemoon(['send', '--url', bot.url, 'text', 'hi', '--repeat', '3'], { cwd: bot.dir, code: 0 });
  assert.equal(stdout, 'text: 1\ntext: 1\ntext: 1\n');
  await sleep(10);
});

test('with the wrong token, send says what to compare', async (t) => {
  const bot = await startBot(t, { script: 'function on_message() end' });
  const { stderr } = await wemoon(['send', '--url', bot.url, '--token', 'another', 'text', 'hi'], { cwd: bot.dir, code: 1 });
  assert.match(stderr, /answered 403 Forbidden: /);
  assert.match(stderr, /token/);
});
