#!/bin/sh
# npm co-wechat-api 3.11.0 mends control characters in the platform's JSON (nicknames hold some) before it parses it: a newline
# becomes the two characters \n, wherever it is. A newline behind or between the fields, which JSON allows, which Go's json.Encoder
# writes behind each value and every pretty-printer writes, spoils the JSON thereby. An answer of the type application/json then
# throws "JSON.parse error", although the message was sent, and who tries again sends it twice. One of the type text/plain, which
# the platform uses for some refusals, is taken for a text: the refusal (errcode 45015) resolves, as a string, and no error is
# raised. Whatever stands between (a gateway, a stand-in for the platform in a test) must write no newline.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-progress --no-audit --no-fund co-wechat-api@3.11.0
cat >run.js <<'END'
const http = require('node:http'), API = require('co-wechat-api');
const verdicts = { sent: { errcode: 0, errmsg: 'ok' }, refused: { errcode: 45015, errmsg: 'response out of time limit' } };
const token = JSON.stringify({ access_token: 'token1', expires_in: 7200 });
let type, answer;
const platform = http.createServer((request, response) => request.resume().on('end', () => {
  const asked = new URL(request.url, 'http://a').pathname;
  response.setHeader('Content-Type', asked.endsWith('/token') ? 'application/json' : type).end(asked.endsWith('/token') ? token : answer);
})).listen(0, '127.0.0.1', async () => {
  const api = new API('wx1', 'secret');
  api.prefix = `http://127.0.0.1:${platform.address().port}/cgi-bin/`;
  for (type of ['application/json', 'text/plain']) {
    for (const newline of ['', '\n']) {
      for (const [verdict, fields] of Object.entries(verdicts)) {
        answer = JSON.stringify(fields) + newline;
        const outcome = await api.sendText('o_a', 'hello').then((value) => `resolves (${typeof value})`,
          (error) => `throws ${error.message.split('.').slice(0, 2).join('.')}`);
        console.log(`${type}${newline && ', newline'}, ${verdict}: ${outcome}`);
      }
    }
  }
  process.exit();
});
END
echo "co-wechat-api 3.11.0, Node $(node --version)"
node run.js | tee seen
cat >expected <<'END'
application/json, sent: resolves (object)
application/json, refused: throws response out of time limit
application/json, newline, sent: throws JSON.parse error
application/json, newline, refused: throws JSON.parse error
text/plain, sent: resolves (object)
text/plain, refused: throws response out of time limit
text/plain, newline, sent: resolves (string)
text/plain, newline, refused: resolves (string)
END
if cmp -s seen expected; then echo "as found"; else echo "changed"; exit 1; fi
