#!/bin/sh
# npm wechat-jssdk 5.1.0 signs a page's address for JS-SDK, without its fragment, as the platform wants it. It looks for the
# fragment that Node's url.parse found, and for an address without one that is null, which indexOf takes for the word: the
# address is cut at the first "null" in it, be that a value (from=null, as pages write it that put an unset variable in a link) or
# a part of a word (/annulled). A fragment does not help, for the address is cut twice. url.parse also escapes some characters
# ("|", "'"), and a fragment with one of them is not found and stays. Both ways the signature is another page's: wx.config says
# "invalid signature", to those alone who followed such a link. Replace JSSDK.normalizeUrl, as the program below does at its end.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-progress --no-audit --no-fund wechat-jssdk@5.1.0
cat >run.js <<'JS'
const crypto = require('node:crypto'), { JSSDK, Wechat } = require('wechat-jssdk'), PAGE = 'https://example.com/quiz';
const platform = require('node:http').createServer((request, response) => response.setHeader('Content-Type', 'application/json')
  .end(request.url.startsWith('/token') ? '{"access_token":"token","expires_in":7200}' : '{"errcode":0,"ticket":"ticket","expires_in":7200}'));
platform.listen(0, '127.0.0.1', async () => {
  const here = `http://127.0.0.1:${platform.address().port}`;
  const wechat = new Wechat({ appId: 'wx1', appSecret: 'secret', wechatToken: 'token', wechatRedirectUrl: here,
    accessTokenUrl: `${here}/token`, ticketUrl: `${here}/ticket` });
  // What WeChat computes for the page that it shows.
  const wanted = (url, { nonceStr, timestamp }) => crypto.createHash('sha1')
    .update(`jsapi_ticket=ticket&noncestr=${nonceStr}&timestamp=${timestamp}&url=${url.split('#')[0]}`).digest('hex');
  const sign = async (rest) => {
    const signed = await wechat.jssdk.getSignature(PAGE + rest);
    console.log(`${rest}: ${signed.signature === wanted(PAGE + rest, signed) ? 'valid' : `invalid, signed was ${signed.url.slice(PAGE.length)}`}`);
  };
  for (const rest of ['?from=menu', '?from=menu#/a', '?from=null', '?from=null#/a', '/annulled', "?from=menu#/o'clock"]) await sign(rest);
  JSSDK.normalizeUrl = (url) => url.split('#')[0];
  for (const rest of ['?to=null', '?to=null#/a', '/annulled?to=all', "?to=menu#/o'clock"]) await sign(rest);
  process.exit();
});
JS
npm ls --depth=0 | tail -n +2
node run.js | tee seen
cat >expected <<'TEXT'
?from=menu: valid
?from=menu#/a: valid
?from=null: invalid, signed was ?from=
?from=null#/a: invalid, signed was ?from=
/annulled: invalid, signed was /an
?from=menu#/o'clock: invalid, signed was ?from=menu#/o'clock
?to=null: valid
?to=null#/a: valid
/annulled?to=all: valid
?to=menu#/o'clock: valid
TEXT
if cmp -s seen expected; then echo "as found"; else echo "changed"; exit 1; fi
