// Encryption against another implementation: wemoon decrypts what the npm package wechat-crypto encrypts, and vice
// versa.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const WXBizMsgCrypt = require('wechat-crypto');
const { TOKEN, APPID, AES_KEY, parseXml, seal, sha1, sign, signedQuery, startBot, textXml, wrap } = require('./harness');

const OTHER_TOKEN = 'the-token-of-before';
const OTHER_KEY = 'ZYXWVUTSRQPONMLKJIHGFEDCBA9876543210zyxwvut';
const ECHO = 'function on_message(msg) return msg.content end';

// Posts like the platform, signed and encrypted by wechat-crypto, which also decrypts the reply.
async function exchange(bot, xml, { token = TOKEN, key = AES_KEY, appid = APPID, plain } = {}) {
  const crypt = new WXBizMsgCrypt(token, key, appid);
  const timestamp = String(Math.floor(Date.now() / 1000));
  const nonce = String(Math.floor(Math.random() * 1e9));
  const sealed = crypt.encrypt(xml);
  const answer = await bot.request({
    query: {
      signature: sha1([token, timestamp, nonce].sort().join('')), timestamp, nonce, encrypt_type: 'aes',
      msg_signature: crypt.getSignature(timestamp, nonce, sealed),
    },
    body: wrap(sealed, { plain }),
  });
  if (answer.status !== 200 || answer.body === 'success') return answer;
  const { Encrypt, MsgSignature, TimeStamp, Nonce } = parseXml(answer.body);
  assert.equal(MsgSignature, crypt.getSignature(TimeStamp, Nonce, Encrypt));
  const { message, id } = crypt.decrypt(Encrypt);
  assert.equal(id, appid);
  return { ...answer, sealed: Encrypt, reply: parseXml(message) };
}

test('messages of every length pass through wechat-crypto and back', async (t) => {
  const bot = await startBot(t, { script: ECHO, mode: 'safe' });
  for (const length of [1, 2, ...Array.from({ length: 34 }, (_, i) => 100 + i), 2048]) {
    const content = 'x'.repeat(length);
    const answer = await exchange(bot, textXml(content));
    assert.equal(answer.reply.Content, content);
    assert.equal(Buffer.from(answer.sealed, 'base64').length % 32, 0);
  }
  assert.equal((await exchange(bot, textXml('你好 🌙 ]]>'))).reply.Content, '你好 🌙 ]]>');
});

test('success is not sealed', async (t) => {
  const bot = await startBot(t, { script: 'function on_message() end', mode: 'safe' });
  assert.equal((await exchange(bot, textXml('x'))).body, 'success');
});

test('a key whose last character has bits over is taken', async (t) => {
  const key = AES_KEY.slice(0, -1) + 'H'; // differs from ...G only in the two bits that encode no byte
  const bot = await startBot(t, { script: ECHO, mode: 'safe', config: { encoding_aes_key: key } });
  assert.equal((await exchange(bot, textXml('hi'), { key })).reply.Content, 'hi');
  assert.equal((await exchange(bot, textXml('hi again'), { key: AES_KEY })).reply.Content, 'hi again');
});

test('compatible mode takes plain messages and answers them in plain, sealed ones and answers them sealed', async (t) => {
  const bot = await startBot(t, { script: ECHO, mode: 'compatible' });
  const plain = await bot.request({ query: signedQuery(), body: textXml('plain') });
  assert.equal(parseXml(plain.body).Content, 'plain');
  const xml = textXml('sealed');
  assert.equal((await exchange(bot, xml, { plain: xml })).reply.Content, 'sealed');
});

test('in compatible mode it is the sealed elements that count', async (t) => {
  const bot = await startBot(t, { script: ECHO, mode: 'compatible' });
  const answer = await exchange(bot, textXml('what was signed'), { plain: textXml('what somebody put beside it') });
  assert.equal(answer.reply.Content, 'what was signed');
});

test('normal mode looks at the plain message alone', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const query = { ...signedQuery(), encrypt_type: 'aes', msg_signature: 'x' };
  assert.equal(parseXml((await bot.request({ query, body: textXml('plain') })).body).Content, 'plain');
});

// ---- key change ---------------------------------------------------------------------------------------------------

const CHANGING = { previous_token: OTHER_TOKEN, previous_encoding_aes_key: OTHER_KEY };

test('while keys change, old and new are accepted in every pair, and the reply is sealed with what the message came in', async (t) => {
  const bot = await startBot(t, { script: ECHO, mode: 'safe', config: CHANGING });
  for (const token of [TOKEN, OTHER_TOKEN]) {
    for (const key of [AES_KEY, OTHER_KEY]) {
      const answer = await exchange(bot, textXml(`${token} ${key}`), { token, key });
      assert.equal(answer.reply.Content, `${token} ${key}`);
    }
  }
});

test('after the change the old token and key are refused', async (t) => {
  const bot = await startBot(t, { script: ECHO, mode: 'safe' });
  assert.equal((await exchange(bot, textXml('x'), { token: OTHER_TOKEN })).status, 403);
  assert.equal((await exchange(bot, textXml('x'), { key: OTHER_KEY })).status, 400);
});

test('the URL is verified with the old token too', async (t) => {
  const bot = await startBot(t, { script: ECHO, mode: 'safe', config: CHANGING });
  for (const token of [TOKEN, OTHER_TOKEN]) {
    const answer = await bot.request({ method: 'GET', query: { ...signedQuery({ token }), echostr: 'e' } });
    assert.equal(answer.body, 'e');
  }
  assert.equal((await bot.request({ method: 'GET', query: { ...signedQuery({ token: 'third' }), echostr: 'e' } })).status, 403);
});

test('the two signatures of a message are made with one token', async (t) => {
  const bot = await startBot(t, { script: ECHO, mode: 'safe', config: CHANGING });
  const sealed = seal(textXml('x'));
  const query = signedQuery({ sealed });
  query.msg_signature = sign(OTHER_TOKEN, query.timestamp, query.nonce, sealed);
  assert.equal((await bot.request({ query, body: wrap(sealed) })).status, 403);
});

// ---- retry --------------------------------------------------------------------------------------------------------

test('the platform\'s retry comes with other signatures and another envelope and gets the same answer', async (t) => {
  const bot = await startBot(t, { mode: 'compatible', script: 'local n = 0\nfunction on_message() n = n + 1; return tostring(n) end' });
  for (const xml of [textXml('x'), textXml('y').replace(/<MsgId>.*<\/MsgId>/, '')]) {
    const first = await exchange(bot, xml, { plain: xml });
    const second = await exchange(bot, xml, { plain: xml });
    assert.notEqual(first.sealed, second.sealed);
    assert.deepEqual(second.reply, first.reply);
  }
});
