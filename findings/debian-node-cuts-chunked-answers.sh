#!/bin/sh
# Debian 12's nodejs 18.20.4+dfsg-1~deb12u3 (a security update) and node-fetch 2.7.0, which npm openai@4 and many SDKs of this field
# use: a chunked answer of HTTP/1.1 over a kept connection ends with ERR_STREAM_PREMATURE_CLOSE although it came whole. node-fetch
# takes a socket that has a "data" listener when the response closes for one that was cut off; the update gives each idle socket such
# a listener (freeSocketDataGuard). An answer whose end comes with its body is lost whole; a language model's stream fails at its
# end, behind its last word. With deb12u2, "Content-Length" or "Connection: close" all is well: an upgrade within one version of
# Node, on the distribution, breaks the client that is pinned.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
# A root folder with each of the two: Node looks for some of its own modules below /usr/share/nodejs.
mkdir all
(cd all && apt-get -q download libc6 libgcc-s1 libstdc++6 libuv1 zlib1g libbrotli1 libc-ares2 libicu72 libnghttp2-14 libssl3 \
  node-acorn node-cjs-module-lexer node-undici >/dev/null 2>&1)
for update in u2 u3; do
  mkdir "$update"
  version=18.20.4+dfsg-1~deb12$update
  (cd "$update" && apt-get -q download "nodejs=$version" "libnode108=$version" >/dev/null 2>&1)
  for deb in all/*.deb "$update"/*.deb; do dpkg -x "$deb" "$update/root"; done
done
npm init -y >/dev/null
npm install --silent --no-progress --no-audit --no-fund node-fetch@2.7.0 openai@4.104.0
cat >run.js <<'JS'
const http = require('node:http'), fetch = require('node-fetch'), { OpenAI } = require('openai');
const EVENTS = 'data: {"choices":[{"index":0,"delta":{"content":"hello"}}]}\n\ndata: [DONE]\n\n';
const server = http.createServer((request, response) => request.resume().on('end', () => {
  if (request.url === '/sized') response.setHeader('Content-Length', EVENTS.length);
  response.setHeader('Content-Type', 'text/event-stream');
  response.write(EVENTS);
  setTimeout(() => response.end(), request.url === '/chunked' ? 0 : 100);
}));
server.listen(0, '127.0.0.1', async () => {
  const base = `http://127.0.0.1:${server.address().port}`;
  const agent = new http.Agent({ keepAlive: true });
  const read = (path, options) => fetch(base + path, options).then((response) => response.text())
    .then((text) => (text === EVENTS ? 'whole' : 'other'), (error) => error.code);
  const stream = async () => {
    const client = new OpenAI({ apiKey: 'x', baseURL: base, maxRetries: 0 });
    let text = '';
    try {
      const parts = await client.chat.completions.create({ model: 'm', messages: [], stream: true });
      for await (const part of parts) text += part.choices[0].delta.content;
    } catch (error) { return `${text}, then ${error.code}`; }
    return text;
  };
  console.log([await read('/chunked', { agent }), await read('/sized', { agent }), await read('/chunked'), await stream()].join(' | '));
  process.exit();
});
JS
found=yes
for update in u2 u3; do
  cp -R run.js node_modules "$update/root"
  heard=$(NODE_EXTRA_CA_CERTS='' chroot "$update/root" /usr/bin/node run.js)
  echo "deb12$update: chunked, kept | sized, kept | chunked, closed | openai, streamed: $heard"
  case $update$heard in
    'u2whole | whole | whole | hello') ;;
    'u3ERR_STREAM_PREMATURE_CLOSE | whole | whole | hello, then ERR_STREAM_PREMATURE_CLOSE') ;;
    *) found=no ;;
  esac
done
npm ls --depth=0 | tail -n +2
if [ "$found" = no ]; then
  echo changed
  exit 1
fi
echo 'as found'
