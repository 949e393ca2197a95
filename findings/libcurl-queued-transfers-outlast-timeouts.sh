#!/bin/sh
# libcurl 7.88.1 (Debian 12) with CURLMOPT_MAX_TOTAL_CONNECTIONS or CURLMOPT_MAX_HOST_CONNECTIONS: the time that a
# transfer waits for a connection counts for CURLOPT_TIMEOUT_MS, says the manual. It is counted, but nobody looks: the
# timeout of a waiting transfer strikes when a connection becomes free. A transfer with 1 s ends after 4 s behind one
# that takes 4 s, as timed out, unsent, at the very moment when it could have been sent. Its own time limit is in
# truth that of the transfers before it. Whoever promises a time to a caller needs a timer of his own, or does not
# hand libcurl more transfers than it has connections.
set -eu
dir=$(mktemp -d)
trap 'kill ${server:-} 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
version=7.88.1-10+deb12u15
apt-get -q download "libcurl4-openssl-dev=$version" "libcurl4=$version" >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" root; done
arch=$(uname -m)-linux-gnu
cat >client.c <<'END'
#include <curl/curl.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static CURL *add(CURLM *all, const char *url, long timeout_ms) {
  CURL *one = curl_easy_init();
  curl_easy_setopt(one, CURLOPT_URL, url);
  curl_easy_setopt(one, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(one, CURLOPT_TIMEOUT_MS, timeout_ms);
  curl_multi_add_handle(all, one);
  return one;
}

// Two transfers at once, the second one with a timeout of 1 s: prints when the second one ends.
static void run(const char *url, CURLMoption limit, long connections, const char *what) {
  CURLM *all = curl_multi_init();
  curl_multi_setopt(all, limit, connections);
  double began = now();
  add(all, url, 0);
  CURL *second = add(all, url, 1000);
  int left = 2;
  while (left > 0) {
    curl_multi_perform(all, &left);
    int more;
    for (CURLMsg *message; (message = curl_multi_info_read(all, &more));)
      if (message->easy_handle == second)
        printf("%s: after %.0f s, %s\n", what, round(now() - began), curl_easy_strerror(message->data.result));
    curl_multi_poll(all, NULL, 0, 100, NULL);
  }
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  run(argv[1], CURLMOPT_MAX_TOTAL_CONNECTIONS, 0, "no limit");
  run(argv[1], CURLMOPT_MAX_TOTAL_CONNECTIONS, 1, "one in all");
  run(argv[1], CURLMOPT_MAX_HOST_CONNECTIONS, 1, "one a host");
}
END
gcc -Iroot/usr/include/"$arch" client.c -o client -L"root/usr/lib/$arch" -Wl,--allow-shlib-undefined -lcurl -lm
cat >server.js <<'END'
let asked = 0;
const server = require('node:http').createServer((request, response) => {
  asked++;
  setTimeout(() => response.end(), 4000);
}).listen(0, '127.0.0.1', () => console.log(server.address().port));
process.on('SIGTERM', () => { console.log(`requests received: ${asked} of 6`); process.exit(); });
END
node server.js >out & server=$!
until [ -s out ]; do kill -0 "$server" || exit 1; sleep 0.1; done
LD_LIBRARY_PATH=$dir/root/usr/lib/$arch ./client "http://127.0.0.1:$(head -n 1 out)/" | tee seen
echo "libcurl $version"
kill "$server"
wait "$server" || true
server=
tail -n 1 out | tee -a seen
cat >expected <<'END'
no limit: after 1 s, Timeout was reached
one in all: after 4 s, Timeout was reached
one a host: after 4 s, Timeout was reached
requests received: 4 of 6
END
if cmp -s seen expected; then echo "as found"; else echo "changed"; exit 1; fi
