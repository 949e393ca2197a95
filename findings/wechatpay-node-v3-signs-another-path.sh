#!/bin/sh
# npm wechatpay-node-v3 2.2.1 and numbers with "|", which WeChat Pay v3 allows for combined orders and for refunds (of a refund's
# number it says: digits, letters and _-|*@). The order or the refund is made with the number in a JSON body, which works. It is
# asked for, and an order is closed, with the number in the path: the package signs the path as it stands, and its HTTP client,
# superagent 8.0.6, sends %7C for "|", so that the signature is another path's. The money has moved, and asking what became of it
# fails each time, with the answer of a wrong key (401 SIGN_ERROR), in a program whose payments work. The other characters are
# sent as they stand. Make numbers without "|", or hand over encodeURIComponent(number) where it goes into a path, and nowhere else.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-progress --no-audit --no-fund wechatpay-node-v3@2.2.1 superagent@8.0.6
cat >run.js <<'JS'
const crypto = require('node:crypto'), http = require('node:http'), https = require('node:https');
const WxPay = require('wechatpay-node-v3');
const pem = (type) => ({ type, format: 'pem' });
const { publicKey, privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: pem('spki'), privateKeyEncoding: pem('pkcs8') });

// Like the platform, it verifies method, target and body as they arrive.
const platform = http.createServer((request, response) => {
  let body = '';
  request.on('data', (part) => { body += part; }).on('end', () => {
    const { timestamp, nonce_str: nonce, signature } = Object.fromEntries([...request.headers.authorization.matchAll(/(\w+)="([^"]*)"/g)].map((m) => m.slice(1)));
    const text = [request.method, request.url, timestamp, nonce, body, ''].join('\n');
    const valid = crypto.verify('RSA-SHA256', Buffer.from(text), publicKey, Buffer.from(signature, 'base64'));
    const number = body.includes('out_refund_no') ? ` ${JSON.parse(body).out_refund_no}` : '';
    console.log(`${request.method} ${request.url.slice('/v3/'.length)}${number}: ${valid ? 'valid' : 'invalid'}`);
    response.writeHead(valid ? 200 : 401, { 'Content-Type': 'application/json' }).end(valid ? '{}' : '{"code":"SIGN_ERROR"}');
  });
}).listen(0, '127.0.0.1', async () => {
  const { port } = platform.address();
  https.request = (options, ...more) => // the platform's address is in the package's code
    http.request({ ...options, protocol: 'http:', host: '127.0.0.1', hostname: '127.0.0.1', port, agent: false }, ...more);
  const pay = new WxPay({ appid: 'wx1', mchid: '1900000001', publicKey, privateKey, serial_no: '1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C' });
  const amount = { refund: 1, total: 1, currency: 'CNY' };
  for (const number of ['quiz-2024', 'quiz*2024', 'quiz@2024', 'quiz|2024']) {
    await pay.refunds({ out_trade_no: 'quiz2024', out_refund_no: number, amount });
    await pay.find_refunds(number);
  }
  await pay.combine_query('all|2024');
  await pay.combine_close('all|2024', [{ mchid: '1900000001', out_trade_no: 'quiz2024' }]);
  await pay.find_refunds(encodeURIComponent('quiz|2024'));
  process.exit();
});
JS
npm ls --depth=0 | tail -n +2
node run.js | tee seen
cat >expected <<'TEXT'
POST refund/domestic/refunds quiz-2024: valid
GET refund/domestic/refunds/quiz-2024: valid
POST refund/domestic/refunds quiz*2024: valid
GET refund/domestic/refunds/quiz*2024: valid
POST refund/domestic/refunds quiz@2024: valid
GET refund/domestic/refunds/quiz@2024: valid
POST refund/domestic/refunds quiz|2024: valid
GET refund/domestic/refunds/quiz%7C2024: invalid
GET combine-transactions/out-trade-no/all%7C2024: invalid
POST combine-transactions/out-trade-no/all%7C2024/close: invalid
GET refund/domestic/refunds/quiz%7C2024: valid
TEXT
if cmp -s seen expected; then echo "as found"; else echo "changed"; exit 1; fi
