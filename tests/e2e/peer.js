// A server for scripts to call, which is also the platform.
'use strict';

const http = require('node:http');
const { atEnd } = require('./harness');

// Starts a server that records requests and answers after `pause` ms (customer service messages: after sendPause, if it
// is set), requests for /held not before `peer.lets` is true; it also acts as the platform.
async function startPeer(t) {
  const peer = { seen: [], sent: [], pause: 0, errcode: 0, lets: false };
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      if (request.url.includes('/message/custom/send')) peer.sent.push({ ...JSON.parse(body), went: peer.errcode === 0 });
      else if (!request.url.includes('token')) peer.seen.push(`${request.method} ${request.url}`);
      const pause = request.url.includes('/send') && peer.sendPause || peer.pause;
      const answer = () => {
        if (request.url === '/held' && !peer.lets) return setTimeout(answer, 10).unref();
        response.end(JSON.stringify({ errcode: request.url.includes('/send') ? peer.errcode : 0, errmsg: 'as told', access_token: 'T', expires_in: 7200,
          number: peer.seen.length }));
      };
      setTimeout(answer, pause).unref(); // no test waits for an answer that comes after its end
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => server.close());
  peer.url = `http://127.0.0.1:${server.address().port}`;
  return peer;
}

const platform = (peer) => ({ api_base: peer.url, appid: 'wx0123456789abcdef', appsecret: '0123456789abcdef0123456789abcdef',
  encrypt_mode: 'normal' });

module.exports = { startPeer, platform };
