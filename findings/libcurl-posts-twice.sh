#!/bin/sh
# curl 7.88.1 (libcurl of Debian 12) sends a POST a second time by itself when the kept connection that it used is closed
# before the first byte of an answer, although the server has read the whole request and may have acted on it. A
# new connection's POST is not repeated. A request that must not happen twice needs a fresh connection, or the server's help.
set -eu
dir=$(mktemp -d)
trap 'kill ${pid:-} 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
apt-get -q download curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" root; done
cat >server.js <<'END'
// Answers the first request of a connection; reads the second one whole, counts it, and closes.
const net = require('node:net');
let posts = 0;
const server = net.createServer((socket) => {
  let first = true, text = '';
  socket.on('error', () => {}).on('data', (chunk) => {
    text += chunk;
    if (!text.endsWith('hello')) return;
    posts++;
    text = '';
    if (!first) return socket.end();
    first = false;
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  });
}).listen(0, '127.0.0.1', () => console.log(server.address().port));
process.on('SIGTERM', () => { console.log(`posts received: ${posts}`); process.exit(); });
END
node server.js >out & pid=$!
until [ -s out ]; do kill -0 "$pid" || exit 1; sleep 0.1; done
url=http://127.0.0.1:$(head -n 1 out)/
LD_LIBRARY_PATH="$dir/root/usr/lib/$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH
"$dir/root/usr/bin/curl" --version | head -n 1
"$dir/root/usr/bin/curl" -s --data hello "$url" --next -s --data hello "$url" -w '\nexit %{exitcode}, connections %{num_connects}\n'
kill "$pid"
wait "$pid" || true
pid=
tail -n 1 out
if [ "$(tail -n 1 out)" = "posts received: 3" ]; then echo "as found: two were asked for"; else echo "changed"; exit 1; fi
