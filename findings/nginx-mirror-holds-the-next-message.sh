#!/bin/sh
# nginx 1.22.1 (Debian 12), "mirror": each message goes to a second server too, a new version on trial say, whose answers are
# ignored. They are waited for all the same. The message itself is answered at once; the next one on that connection is not read
# before the copy of the first is answered. With a trial server that takes 4 s it waits 4 s, of the 5 s that the platform grants,
# and with one that hangs a minute (proxy_read_timeout). A test that sends one message, or opens a connection for each, sees
# nothing, and neither does the log: $request_time is 4 s for both, the one that was answered at once and the one that waited.
# What helps is keepalive_timeout 0 where messages are mirrored, and short timeouts for the copies.
set -eu
dir=$(mktemp -d)
trap 'kill ${nginx:-} ${servers:-} 2>/dev/null || true; sleep 0.5; rm -rf "$dir"' EXIT
cd "$dir"
apt-get -q download nginx=1.22.1-9+deb12u11 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" root; done
cat >servers.js <<'END'
const http = require('node:http');
const serve = (wait) => new Promise((listening) => {
  const server = http.createServer((request, response) => request.resume().on('end', () => setTimeout(() => response.end('success'), wait)));
  server.listen(0, '127.0.0.1', () => listening(server.address().port));
});
Promise.all([serve(0), serve(4000)]).then((ports) => console.log(...ports));
END
node servers.js >ports & servers=$!
until [ -s ports ]; do kill -0 "$servers" || exit 1; sleep 0.1; done
read -r bot trial <ports
server() { # NAME EXTRA
  printf 'server {\n  listen unix:%s;\n  location / { mirror /copy; %s proxy_pass http://127.0.0.1:%s; }\n' "$dir/$1" "$2" "$bot"
  printf "  location = /copy { internal; proxy_pass http://127.0.0.1:%s\$request_uri; }\n}\n" "$trial"
}
mkdir temp
cat >nginx.conf <<END
daemon off; user root; worker_processes 1; pid $dir/pid;
events {}
http {
client_body_temp_path temp/b; proxy_temp_path temp/p; fastcgi_temp_path temp/f; uwsgi_temp_path temp/u; scgi_temp_path temp/s;
log_format times '\$request_uri \$request_time'; access_log $dir/log times;
$(server kept '')
$(server closed 'keepalive_timeout 0;')
}
END
root/usr/sbin/nginx -p "$dir" -e error.log -c nginx.conf & nginx=$!
until [ -S closed ]; do kill -0 "$nginx" || exit 1; sleep 0.1; done
# Two messages by one curl, which uses the connection again if it may: prints the times of their answers.
send() { curl -s --unix-socket "$1" -d hello -o /dev/null -w "$2: %{time_total}\n" "http://a/$1-1" -o /dev/null "http://a/$1-2"; }
rounded() { LC_ALL=C awk '{ $NF = sprintf("%.0f s", $NF); print }'; }
{
  send kept 'one connection' | rounded
  send closed 'keepalive_timeout 0' | rounded
} >seen
tries=0
until [ "$(wc -l <log)" = 4 ] || [ $tries = 100 ]; do sleep 0.1; tries=$((tries + 1)); done
sort log | sed -n 's!^/kept-!the log, message !p' | rounded >>seen
root/usr/sbin/nginx -v 2>&1
cat seen
cat >expected <<'END'
one connection: 0 s
one connection: 4 s
keepalive_timeout 0: 0 s
keepalive_timeout 0: 0 s
the log, message 1 4 s
the log, message 2 4 s
END
if cmp -s seen expected; then echo "as found"; else echo "changed"; exit 1; fi
