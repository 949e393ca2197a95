#!/bin/sh
# Caddy 2.6.2 (Debian 12), "encode gzip" before a language model's stream: text/event-stream is among the types that it compresses,
# and whether it does so depends on the size of the first write. An event of up to 512 bytes goes through as it is, and all after
# it do, one by one. Is the first event longer, as those of gateways are that put a filter's verdicts or the settings into it,
# the whole stream is compressed, and what the proxy flushes stays in the encoder: the client has the head at once and all events
# together at the end. A test with short events sees them flow. flush_interval -1 does not help; what helps is to name the types
# that are to be compressed ("match header Content-Type application/json*" in encode), without text/event-stream.
set -eu
dir=$(mktemp -d)
trap 'kill ${caddy:-} ${node:-} 2>/dev/null || true; sleep 0.5; rm -rf "$dir"' EXIT
cd "$dir"
apt-get -q download caddy=2.6.2-5 >/dev/null 2>&1
dpkg -x ./*.deb root
cat >model.js <<'JS'
// A stream of four events, a second between them; the first one is padded to /BYTES.
const event = (text) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: text } }] })}\n\n`;
const server = require('node:http').createServer((request, response) => request.resume().on('end', async () => {
  response.setHeader('Content-Type', 'text/event-stream');
  for (const wait of [1000, 1000, 1000, 0]) {
    const size = wait && !response.headersSent ? +request.url.replace(/.*\//, '') : 0;
    response.write(event('x'.repeat(Math.max(0, size - event('').length))));
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
  response.end('data: [DONE]\n\n');
})).listen(0, '127.0.0.1', () => console.log(server.address().port));
JS
cat >client.js <<'JS'
// Prints when each part of the text arrives, in seconds, as every SDK asks for it: compressed if the server likes.
const [port, ...paths] = process.argv.slice(2);
(async () => {
  for (const path of paths) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: '{}' });
    const began = Date.now(), parts = [];
    for await (const part of answer.body) if (part.length) parts.push(Math.round((Date.now() - began) / 1000));
    console.log(`${path}: ${answer.headers.get('content-encoding') ?? 'as it is'}, parts after ${[...new Set(parts)].join(', ')} s`);
  }
})();
JS
node model.js >model & node=$!
until [ -s model ]; do kill -0 "$node" || exit 1; sleep 0.1; done
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
cat >Caddyfile <<CADDY
{
  admin off
  auto_https off
}
http://127.0.0.1:$port {
  @some path /gzip/*
  encode @some gzip
  @others path /named/*
  encode @others {
    gzip
    match header Content-Type application/json*
  }
  reverse_proxy 127.0.0.1:$(cat model) {
    flush_interval -1
  }
}
CADDY
HOME=$dir root/usr/bin/caddy run --config Caddyfile --adapter caddyfile >log 2>&1 & caddy=$!
until curl -s -o /dev/null "http://127.0.0.1:$port/"; do kill -0 "$caddy" || exit 1; sleep 0.2; done
root/usr/bin/caddy version
node client.js "$port" /gzip/512 /gzip/513 /named/513 | tee seen
cat >expected <<'TEXT'
/gzip/512: as it is, parts after 0, 1, 2, 3 s
/gzip/513: gzip, parts after 3 s
/named/513: as it is, parts after 0, 1, 2, 3 s
TEXT
if cmp -s seen expected; then echo "as found"; else echo "changed"; exit 1; fi
