// A platform that behaves as documented, over HTTPS: it waits five seconds, tries three times with the same MsgId, and
// judges by status and body alone.
'use strict';

const { execFileSync } = require('node:child_process');
const https = require('node:https');
const path = require('node:path');
const { atEnd, TOKEN, parseXml, signedQuery, textXml } = require('./harness');

const NAME = 'bot.example.com';

// Writes a certificate, cert.pem, and its key, key.pem, into `dir`.
function certify(dir) {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', `/CN=${NAME}`,
    '-addext', `subjectAltName=DNS:${NAME}`, '-keyout', path.join(dir, 'key.pem'), '-out', path.join(dir, 'cert.pem')], { stdio: 'ignore' });
}

class ImpatientPlatform {
  // `trust`: the agent's options by which it trusts the server.
  constructor(t, port, trust) {
    this.port = port;
    this.agent = new https.Agent({ keepAlive: true, maxSockets: 128, servername: NAME, ...trust });
    this.failures = []; // tries that the platform counts as failed: the answers
    atEnd(t, () => this.agent.destroy());
  }

  // Posts a try; resolves to { status, body }, or { error } if there is no answer within five seconds.
  post(xml, user, where = '/wechat', fields = {}) {
    const query = new URLSearchParams({ ...signedQuery({ token: TOKEN, openid: user }), ...fields });
    return new Promise((resolve) => {
      const request = https.request({ host: '127.0.0.1', port: this.port, method: 'POST', path: `${where}?${query}`, agent: this.agent,
        headers: { Host: NAME, 'Content-Length': Buffer.byteLength(xml) } }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => { body += chunk; });
        response.on('end', () => resolve({ status: response.statusCode, body }));
        response.on('error', (error) => resolve({ error: error.message }));
      });
      request.setTimeout(5000, () => request.destroy(new Error('nothing within five seconds')));
      request.on('error', (error) => resolve({ error: error.message }));
      request.end(xml);
    });
  }

  // Sends a message; returns the text that the user gets, null for none; throws after three failed tries.
  async say(content, user, id) {
    const xml = textXml(content, { FromUserName: user, ...(id ? { MsgId: id } : {}) });
    for (let i = 0; i < 3; i++) {
      const { status, body, error } = await this.post(xml, user);
      if (status === 200) return body === 'success' ? null : parseXml(body).Content;
      this.failures.push(error || `${status} ${body}`);
    }
    throw new Error(`the user is told that the service is unavailable: ${this.failures.slice(-3)}`);
  }
}

module.exports = { ImpatientPlatform, certify };
