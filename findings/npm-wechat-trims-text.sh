#!/bin/sh
# npm wechat 2.1.0 and co-wechat 2.4.0 trim what a user wrote: white space inside CDATA, which is the message, is cut off
# both ends, and a message of blanks alone arrives empty. A line of indented code, or "1 " typed to a form, is another text
# than the one that was sent. (Plain mode, a valid signature, one text message.)
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-progress --no-audit --no-fund wechat@2.1.0 co-wechat@2.4.0 koa@2.15.3
cat >run.js <<'END'
const crypto = require('node:crypto'), http = require('node:http');
const TOKEN = 'token', seen = [];
const sign = () => crypto.createHash('sha1').update([TOKEN, '1', '2'].sort().join('')).digest('hex');
const body = (text) => '<xml><ToUserName><![CDATA[gh_a]]></ToUserName><FromUserName><![CDATA[o_a]]></FromUserName>' +
  `<CreateTime>1</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[${text}]]></Content><MsgId>1</MsgId></xml>`;
const post = (port, text) => new Promise((resolve) => {
  http.request({ port, method: 'POST', path: `/?signature=${sign()}&timestamp=1&nonce=2`, headers: { 'Content-Type': 'text/xml' } },
    (answer) => answer.resume().on('end', resolve)).end(body(text));
});
const listen = (handler) => new Promise((resolve) => { const s = http.createServer(handler).listen(0, '127.0.0.1', () => resolve(s)); });

(async () => {
  const middleware = require('wechat')(TOKEN, (req, res) => { seen.push(['wechat', req.weixin.Content]); res.reply('ok'); });
  const express = await listen((req, res) => {
    req.query = Object.fromEntries(new URL(req.url, 'http://a').searchParams);
    middleware(req, res, () => res.end());
  });
  const Koa = require('koa'), app = new Koa();
  app.use(require('co-wechat')({ token: TOKEN, appid: 'wx1', encodingAESKey: '' }).middleware(async (message) => {
    seen.push(['co-wechat', message.Content]);
    return 'ok';
  }));
  const koa = await listen(app.callback());
  for (const text of ['  indented()\n', '   ']) for (const server of [express, koa]) await post(server.address().port, text);
  for (const [name, text] of seen) console.log(`${name} got ${JSON.stringify(text)}`);
  process.exit();
})();
END
node run.js | tee out
sort out >got
cat >want <<'END'
co-wechat got ""
co-wechat got "indented()"
wechat got ""
wechat got "indented()"
END
if sort want | diff - got; then echo "as found: sent were an indented call and three blanks"; else echo "changed"; exit 1; fi
