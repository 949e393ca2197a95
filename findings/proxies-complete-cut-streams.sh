#!/bin/sh
# H2O 2.2.5 (Debian 12) as a reverse proxy: a chunked answer that breaks off between two chunks, because the server behind was
# restarted, killed or lost, is passed on as a complete one, last chunk and all. A language model's stream breaks off there almost
# always: each event is a chunk of its own, and time passes between two. Half an answer looks like a whole one, to a client that
# checks what HTTP lets it check and in the log, which has 200. A break inside a chunk, or before the end of a Content-Length, is
# passed on, so a test with a file finds nothing. nginx 1.22.1 completes both kinds of cut stream unless "proxy_http_version 1.1"
# is set: it asks in HTTP/1.0, which has no chunks, and chunks the answer itself. (Apache, HAProxy and lighttpd pass on all
# breaks.) Take a stream for complete only when it says so itself, by [DONE] or a finish_reason.
set -eu
dir=$(mktemp -d)
trap 'kill ${h2o:-} ${nginx:-} ${node:-} 2>/dev/null || true; sleep 0.5; rm -rf "$dir"' EXIT
cd "$dir"
apt-get -q download h2o=2.2.5+dfsg2-7 libyaml-0-2=0.2.5-1 nginx=1.22.1-9+deb12u11 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" root; done
cat >model.js <<'END'
const event = (text) => `data: {"choices":[{"delta":{"content":"${text}"}}]}\n\n`;
const server = require('node:http').createServer((request, response) => request.resume().on('end', () => {
  const how = request.url.slice(1), all = event('不') + event('要') + 'data: [DONE]\n\n';
  response.setHeader('Content-Type', 'text/event-stream');
  if (how === 'whole') return response.end(all);
  if (how === 'before-the-length') response.setHeader('Content-Length', Buffer.byteLength(all));
  response.write(event('不'));
  setTimeout(() => {
    if (how === 'inside-a-chunk') request.socket.write(`${request.httpVersion === '1.1' ? '40\r\n' : ''}${event('要').slice(0, 20)}`);
    request.socket.end(); // what the kernel does for a process that was killed
  }, 300);
})).listen(0, '127.0.0.1', () => console.log(server.address().port));
END
cat >ask.js <<'END'
const http = require('node:http');
const ask = (port, path) => new Promise((resolve) => http.get({ host: '127.0.0.1', port, path: `/${path}`, agent: false }, (response) => {
  const words = [];
  response.setEncoding('utf8').on('data', (part) => words.push(...part.match(/[不要](?=")/g) || [])).on('error', () => {})
    .on('close', () => resolve(`${response.statusCode} "${words.join('')}" ${response.complete ? 'complete' : 'broken off'}`));
}).on('error', () => {}));
(async () => {
  for (const how of ['whole', 'before-the-length', 'inside-a-chunk', 'between-chunks']) {
    const seen = await Promise.all(process.argv.slice(2).map((port) => ask(port, how)));
    console.log(`${how}: ${['directly', 'H2O', 'nginx', 'nginx 1.1'].map((name, i) => `${name} ${seen[i]}`).join(', ')}`);
  }
})();
END
node model.js >port & node=$!
until [ -s port ]; do kill -0 "$node" || exit 1; sleep 0.1; done
model=$(cat port)
ports=$(node -e 'const net = require("net"), all = [1, 2, 3].map(() => net.createServer().listen(0, "127.0.0.1"));
  setTimeout(() => { console.log(all.map((s) => s.address().port).join(" ")); all.forEach((s) => s.close()); }, 100)')
# shellcheck disable=SC2086  # three words
set -- $ports
cat >h2o.conf <<END
user: $(id -un)
listen: { host: 127.0.0.1, port: $1 }
access-log: { path: $dir/log, format: "%r %s" }
hosts: { default: { paths: { /: { proxy.reverse.url: "http://127.0.0.1:$model/" } } } }
END
mkdir temp
cat >nginx.conf <<END
daemon off; user $(id -un); worker_processes 1; pid $dir/pid;
events {}
http {
client_body_temp_path temp/b; proxy_temp_path temp/p; fastcgi_temp_path temp/f; uwsgi_temp_path temp/u; scgi_temp_path temp/s;
access_log off; proxy_buffering off;
server { listen 127.0.0.1:$2; location / { proxy_pass http://127.0.0.1:$model; } }
server { listen 127.0.0.1:$3; location / { proxy_pass http://127.0.0.1:$model; proxy_http_version 1.1; } }
}
END
LD_LIBRARY_PATH=$dir/root/usr/lib/$(uname -m)-linux-gnu root/usr/bin/h2o -c h2o.conf >h2o.log 2>&1 & h2o=$!
root/usr/sbin/nginx -p "$dir" -e error.log -c nginx.conf & nginx=$!
until curl -s -o /dev/null "http://127.0.0.1:$1/whole"; do kill -0 "$h2o" || exit 1; sleep 0.1; done
until curl -s -o /dev/null "http://127.0.0.1:$2/whole"; do kill -0 "$nginx" || exit 1; sleep 0.1; done
LD_LIBRARY_PATH=$dir/root/usr/lib/$(uname -m)-linux-gnu root/usr/bin/h2o --version | head -n 1
root/usr/sbin/nginx -v 2>&1
node ask.js "$model" "$@" | tee seen
tries=0
until grep -q '^GET /between-chunks' log || [ $tries = 50 ]; do sleep 0.1; tries=$((tries + 1)); done
sed -n 's!^GET /between-chunks .* !the log of H2O, between-chunks: !p' log | tee -a seen
cat >expected <<'END'
whole: directly 200 "不要" complete, H2O 200 "不要" complete, nginx 200 "不要" complete, nginx 1.1 200 "不要" complete
before-the-length: directly 200 "不" broken off, H2O 200 "不" broken off, nginx 200 "不" broken off, nginx 1.1 200 "不" broken off
inside-a-chunk: directly 200 "不" broken off, H2O 200 "不" broken off, nginx 200 "不" complete, nginx 1.1 200 "不" broken off
between-chunks: directly 200 "不" broken off, H2O 200 "不" complete, nginx 200 "不" complete, nginx 1.1 200 "不" broken off
the log of H2O, between-chunks: 200
END
if cmp -s seen expected; then echo "as found"; else echo "changed"; exit 1; fi
