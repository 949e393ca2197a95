// Crowds on 64 threads: 256 busy kept-alive connections each get their answers; silent connections delay no other;
// thousands wait (crowd_waits.js).
'use strict';

const crypto = require('node:crypto');
const http = require('node:http');
const net = require('node:net');
const { wemoon, sleep, ACCOUNT } = require('./sides.js');
const waits = require('./crowd_waits.js');

let ids = 0;

function target() {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = crypto.createHash('sha1').update([ACCOUNT.token, timestamp, 'n'].sort().join('')).digest('hex');
  return `/wechat?signature=${signature}&timestamp=${timestamp}&nonce=n`;
}

function message() {
  const id = `${Math.floor(Date.now() / 1000)}${String(++ids).padStart(9, '0')}`;
  return '<xml><ToUserName><![CDATA[gh]]></ToUserName><FromUserName><![CDATA[o1]]></FromUserName><CreateTime>1700000000</CreateTime>' +
    `<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[hi]]></Content><MsgId>${id}</MsgId></xml>`;
}

// Sends a message; returns the milliseconds until the complete answer arrived, or -1.
function ask(port, agent) {
  const begun = process.hrtime.bigint();
  const body = message();
  return new Promise((resolve) => {
    const request = http.request({ port, host: '127.0.0.1', path: target(), method: 'POST', agent, headers: { 'Content-Length': Buffer.byteLength(body) } }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode === 200 ? Number(process.hrtime.bigint() - begun) / 1e6 : -1));
    });
    request.on('error', () => resolve(-1)).end(body);
  });
}

async function busy(port, count, seconds) {
  const end = Date.now() + seconds * 1000;
  let longest = 0, lost = 0, answers = 0;
  await Promise.all(Array.from({ length: count }, async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    while (Date.now() < end) {
      const ms = await ask(port, agent);
      if (ms < 0) lost++;
      else answers++;
      longest = Math.max(longest, ms);
    }
    agent.destroy();
  }));
  return { longest, lost, answers };
}

async function silent(port, count, words) {
  const sockets = Array.from({ length: count }, () => net.connect(port, '127.0.0.1').on('error', () => {}).on('connect', function () { this.write(words); }));
  await sleep(50);
  let longest = 0, lost = 0;
  for (let i = 0; i < 20; i++) {
    const ms = await ask(port, new http.Agent());
    if (ms < 0) lost++;
    longest = Math.max(longest, ms);
  }
  sockets.forEach((socket) => socket.destroy());
  return { longest, lost };
}

async function measure(quick, say) {
  const side = await wemoon(64, 'plain');
  try {
    const crowd = await busy(side.port, 256, quick ? 2 : 5);
    say(`crowd: 256 busy on 64 threads: ${crowd.answers} answers, the longest wait ${crowd.longest.toFixed(0)} ms, ${crowd.lost} lost`);
    const mute = await silent(side.port, 100, '');
    const halves = await silent(side.port, 500, 'POST /wechat HTTP/1.1\r\nHost: x\r\nContent-Le');
    say(`crowd: beside 100 silent connections at most ${mute.longest.toFixed(0)} ms; beside 500 half-sent heads ${halves.longest.toFixed(0)} ms`);
    return [
      { what: '256 busy connections on 64 threads: longest wait', value: crowd.longest, most: 1000, unit: ' ms' },
      { what: '256 busy connections on 64 threads: answers lost', value: crowd.lost, most: 0, unit: '' },
      { what: '100 silent connections: longest wait of another', value: mute.longest, most: 1000, unit: ' ms' },
      { what: '500 half-sent heads: longest wait of another', value: halves.longest, most: 1000, unit: ' ms' },
      { what: 'beside stalling connections: answers lost', value: mute.lost + halves.lost, most: 0, unit: '' },
      ...await waits.measure(quick, say),
    ];
  } finally {
    await side.stop();
  }
}

module.exports = { measure };
