#!/bin/sh
# libcurl 7.88.1 (Debian 12, threaded resolver), multi interface, whose calls do not block: one name server that is silent stops
# all transfers. A name is looked up in a thread of its own. When the time of its transfer is up meanwhile, or the transfer is
# removed, libcurl waits for that thread, inside curl_multi_perform, curl_multi_socket_action or curl_multi_remove_handle: with
# glibc's defaults up to 10 s. A timeout of 1 s strikes then only, and transfers to other hosts, whose answers are there, wait
# along. What helps is CURLOPT_QUICK_EXIT (since 7.87), which its manual describes for programs that are about to exit: the thread
# is let go, and ends by itself when glibc gives up. Tests of timeouts use servers that are slow, not names, and do not see it.
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
#include <netdb.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

// In glibc's place: what libcurl sees when a name server is silent, in 4 s instead of 10.
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  (void)name, (void)service, (void)hints, (void)found;
  sleep(4);
  return EAI_AGAIN;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void add(CURLM *all, const char *url, long timeout_ms, long quick_exit, const char *what) {
  CURL *one = curl_easy_init();
  curl_easy_setopt(one, CURLOPT_URL, url);
  curl_easy_setopt(one, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(one, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(one, CURLOPT_TIMEOUT_MS, timeout_ms);
  curl_easy_setopt(one, CURLOPT_QUICK_EXIT, quick_exit);
  curl_easy_setopt(one, CURLOPT_PRIVATE, what);
  curl_multi_add_handle(all, one);
}

// One transfer looks its name up, with a timeout of 1 s; another one has its answer after 2 s. Prints when they end.
static void run(const char *url, long quick_exit) {
  CURLM *all = curl_multi_init();
  double began = now(), longest = 0;
  add(all, "http://name.example/", 1000, quick_exit, "the name, 1 s");
  add(all, url, 0, quick_exit, "the answer, 2 s");
  for (int left = 2, more; left > 0; curl_multi_poll(all, NULL, 0, 100, NULL)) {
    double called = now();
    curl_multi_perform(all, &left);
    longest = fmax(longest, now() - called);
    for (CURLMsg *message; (message = curl_multi_info_read(all, &more));) {
      char *what;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &what);
      printf("%s: after %.0f s, %s\n", what, round(now() - began), curl_easy_strerror(message->data.result));
    }
  }
  printf("longest call of curl_multi_perform: %.0f s\n", round(longest));
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  run(argv[1], 0);
  printf("CURLOPT_QUICK_EXIT\n");
  run(argv[1], 1);
}
END
gcc -D_GNU_SOURCE -Iroot/usr/include/"$arch" client.c -o client -L"root/usr/lib/$arch" -Wl,--allow-shlib-undefined -lcurl -lm
cat >server.js <<'END'
const server = require('node:http').createServer((request, response) => setTimeout(() => response.end(), 2000));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
END
node server.js >port & server=$!
until [ -s port ]; do kill -0 "$server" || exit 1; sleep 0.1; done
LD_LIBRARY_PATH=$dir/root/usr/lib/$arch ./client "http://127.0.0.1:$(cat port)/" | tee seen
echo "libcurl $version"
cat >expected <<'END'
the name, 1 s: after 4 s, Timeout was reached
the answer, 2 s: after 4 s, No error
longest call of curl_multi_perform: 3 s
CURLOPT_QUICK_EXIT
the name, 1 s: after 1 s, Timeout was reached
the answer, 2 s: after 2 s, No error
longest call of curl_multi_perform: 0 s
END
if cmp -s seen expected; then echo "as found"; else echo "changed"; exit 1; fi
