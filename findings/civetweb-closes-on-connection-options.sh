#!/bin/sh
# libcivetweb 1.15 (Debian 12) with keep-alive switched on takes every Connection header of an HTTP/1.1 request that names
# neither keep-alive nor a known upgrade for "close". "TE", and "Upgrade, HTTP2-Settings", which Java's HttpClient sends with its
# requests by default, cost a new TCP connection per request; a handler that writes its own head does not even know that it ends.
# (RFC 9112, 9.3: an HTTP/1.1 connection persists unless "close" is there; the others name headers of this hop.)
set -eu
dir=$(mktemp -d)
trap 'kill ${server:-} 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
version=1.15+dfsg-4
apt-get -q download "libcivetweb-dev=$version" "libcivetweb1=$version" >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" root; done
library=$(dirname "$(find root -name 'libcivetweb.so.*' | head -n 1)")
cat >server.c <<'END'
#include <civetweb.h>
#include <stdio.h>
#include <unistd.h>

static int answer(struct mg_connection *connection, void *data) {
  (void)data;
  mg_send_http_ok(connection, "text/plain", 2);
  mg_write(connection, "ok", 2);
  return 200;
}

int main(void) {
  const char *options[] = { "listening_ports", "127.0.0.1:0", "enable_keep_alive", "yes", "keep_alive_timeout_ms", "5000", NULL };
  struct mg_server_port port;
  mg_init_library(0);
  struct mg_context *server = mg_start(NULL, 0, options);
  mg_set_request_handler(server, "/", answer, NULL);
  mg_get_server_ports(server, 1, &port);
  printf("%s %d\n", mg_version(), port.port);
  fflush(stdout);
  pause();
}
END
gcc -Iroot/usr/include server.c -o server -L"$library" -Wl,-rpath-link="$library" -lcivetweb
LD_LIBRARY_PATH=$library ./server >started & server=$!
until [ -s started ]; do kill -0 "$server" || exit 1; sleep 0.1; done
cat >client.js <<'END'
const ask = (connection, more = '') => new Promise((resolve) => {
  let text = '', state = 'open';
  const socket = require('node:net').connect(+process.argv[2], '127.0.0.1', () => {
    socket.write(`GET / HTTP/1.1\r\nHost: x\r\nConnection: ${connection}\r\n${more}\r\n`);
  });
  socket.on('data', (chunk) => { text += chunk; }).on('end', () => { state = 'closed'; }).on('error', () => {});
  setTimeout(() => { socket.destroy(); resolve(`${connection}: says ${/connection: (\S+)/i.exec(text)[1]}, is ${state}`); }, 1500);
});
(async () => {
  console.log(await ask('keep-alive'));
  console.log(await ask('TE', 'TE: trailers\r\n'));
  console.log(await ask('Upgrade, HTTP2-Settings', 'Upgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n'));
})();
END
node client.js "$(cut -d ' ' -f 2 started)" >seen
echo "civetweb $(cut -d ' ' -f 1 started)"
cat seen
cat >expected <<'END'
keep-alive: says keep-alive, is open
TE: says close, is closed
Upgrade, HTTP2-Settings: says close, is closed
END
if cmp -s seen expected; then echo "as found"; else echo "changed"; exit 1; fi
