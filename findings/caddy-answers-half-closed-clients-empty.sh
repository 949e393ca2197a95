#!/bin/sh
# Caddy 2.6.2 (Debian 12) as a reverse proxy: a client that shuts down its sending side after a complete request, and goes on
# reading, gets "200" with an empty body while the upstream is still at work, and the upstream's request is aborted.
# RFC 9112 (9.6) lets such a client wait for its answer. The upstream sees a client that left, the client sees success.
set -eu
dir=$(mktemp -d)
trap 'kill ${caddy:-} ${node:-} 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
apt-get -q download caddy=2.6.2-5 >/dev/null 2>&1
dpkg -x ./*.deb root
cat >up.js <<'END'
const server = require('node:http').createServer((request, response) => {
  response.on('close', () => { if (!response.writableFinished) console.log('upstream: the request was aborted'); });
  setTimeout(() => response.end('answer'), 1500);
}).listen(0, '127.0.0.1', () => console.log(server.address().port));
END
node up.js >up & node=$!
until [ -s up ]; do kill -0 "$node" || exit 1; sleep 0.1; done
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
printf '{\n  admin off\n  auto_https off\n}\nhttp://127.0.0.1:%s {\n  reverse_proxy 127.0.0.1:%s\n}\n' "$port" "$(head -n 1 up)" >Caddyfile
HOME=$dir "$dir/root/usr/bin/caddy" run --config Caddyfile --adapter caddyfile >log 2>&1 & caddy=$!
ask() {
  # shellcheck disable=SC2016  # the JavaScript has template strings
  node -e 'const [port, half] = process.argv.slice(1); let text = "";
    const s = require("net").connect({ port, host: "127.0.0.1", allowHalfOpen: true }, () => {
      s.write("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"); if (half === "half") s.end(); });
    s.on("error", () => {}).on("data", (d) => { text += d; }).on("end", () => { s.end();
      const [head, body] = text.split("\r\n\r\n"); console.log(`${head.split("\r\n")[0]}, body "${(body || "").trim()}"`); });' "$port" "$1"
}
until ask open | grep -q answer; do kill -0 "$caddy" || exit 1; sleep 0.2; done
"$dir/root/usr/bin/caddy" version
echo "client keeps its side open: $(ask open)"
half=$(ask half)
echo "client half-closes:         $half"
sleep 1.7
tail -n +2 up
case "$half" in 'HTTP/1.1 200 OK, body ""') echo "as found" ;; *) echo "changed"; exit 1 ;; esac
