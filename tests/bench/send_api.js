// The platform's API as far as customer service messages: accepts them, and notes their texts by user.
'use strict';

const http = require('node:http');

// Returns { server, delivered }, a server that does not listen yet and a Map of openid to list of texts.
function makeSendApi() {
  const delivered = new Map();
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => { body += chunk; }).on('end', () => {
      if (request.url.startsWith('/cgi-bin/message/custom/send')) {
        const { touser, text } = JSON.parse(body);
        delivered.set(touser, [...(delivered.get(touser) || []), text.content]);
      }
      response.end('{"errcode":0,"errmsg":"ok"}');
    });
  });
  return { server, delivered };
}

module.exports = { makeSendApi };
