// One process of a crowd, forked by crowd_waits.js: `api` (the platform's API for customer service messages), `slow`
// (many concurrent messages, as the platform delivers them) or `quick` (a few at a time, until told to end).
'use strict';

const crypto = require('node:crypto');
const net = require('node:net');
const { makeSendApi } = require('./send_api.js');

const TRIES = 3, QUICK_AT_ONCE = 4;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const now = () => Number(process.hrtime.bigint()) / 1e6;

let ids = 0;

function requestBytes({ token, user, id, content }) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = crypto.createHash('sha1').update([token, timestamp, 'n'].sort().join('')).digest('hex');
  const body = `<xml><ToUserName>gh</ToUserName><FromUserName>${user}</FromUserName><CreateTime>${timestamp}</CreateTime>` +
    `<MsgType>text</MsgType><Content>${content}</Content><MsgId>${id}</MsgId></xml>`;
  return `POST /wechat?signature=${signature}&timestamp=${timestamp}&nonce=n HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

// Makes one try on its own connection; returns { text, ms }; text is '' if there is no answer within the platform's
// timeout.
function attempt(port, bytes, waitMs) {
  const begun = now();
  return new Promise((resolve) => {
    let text = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
    const end = () => { clearTimeout(timer); socket.destroy(); resolve({ text, ms: now() - begun }); };
    // Reads received data first: a client that is itself short of CPU must not count an answer as lost.
    const timer = setTimeout(() => setImmediate(end), waitMs);
    socket.on('data', (chunk) => {
      text += chunk;
      const length = /Content-Length: (\d+)/.exec(text);
      if (length && text.length >= text.indexOf('\r\n\r\n') + 4 + Number(length[1])) end();
    }).on('error', end).on('end', end);
  });
}

async function deliver({ port, token, user, content, waitMs }) {
  const id = `${Date.now()}${process.pid}${++ids}`;
  let longest = 0;
  for (let tries = 1; tries <= TRIES; tries++) {
    const answer = await attempt(port, requestBytes({ token, user, id, content }), waitMs);
    longest = Math.max(longest, answer.ms);
    if (answer.text) return { body: answer.text.slice(answer.text.indexOf('\r\n\r\n') + 4), tries, longest };
    await sleep(Math.max(0, waitMs - answer.ms));
  }
  return { body: null, tries: TRIES, longest };
}

async function slow({ count, spreadMs, ...options }) {
  const all = await Promise.all(Array.from({ length: count }, async (_, i) => {
    await sleep(spreadMs * i / count);
    return deliver({ ...options, user: `slow${i}` });
  }));
  const passive = all.filter((one) => one.body && one.body !== 'success');
  process.send({
    longest: Math.max(...all.map((one) => one.longest)), unanswered: all.filter((one) => one.body === null).length,
    success: all.filter((one) => one.body === 'success').length, passive: passive.length,
    twice: passive.filter((one) => !one.body.includes('late 1')).length,
  });
}

async function quick(options) {
  const times = [];
  let lost = 0, over = false;
  process.on('message', () => { over = true; });
  await Promise.all(Array.from({ length: QUICK_AT_ONCE }, async (_, i) => {
    while (!over) {
      const answer = await attempt(options.port, requestBytes({ ...options, user: `quick${i}`, id: `${Date.now()}${process.pid}${++ids}`, content: 'hi' }), 5000);
      if (answer.text.includes('quick')) times.push(answer.ms);
      else lost++;
      await sleep(20);
    }
  }));
  process.send({ times, lost });
}

function api() {
  const { server, delivered } = makeSendApi();
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
  process.on('message', () => {
    // The quick ones may be late too.
    const texts = [...delivered].filter(([user]) => user.startsWith('slow')).map(([, list]) => list);
    process.send({ users: texts.length, once: texts.filter((list) => list.length === 1 && list[0] === 'late 1').length });
  });
}

const roles = { api, slow, quick };
if (require.main === module) {
  process.on('disconnect', () => process.exit());
  roles[process.argv[2]](JSON.parse(process.argv[3] || '{}'));
}

module.exports = { requestBytes };
