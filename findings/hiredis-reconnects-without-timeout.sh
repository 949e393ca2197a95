#!/bin/sh
# libhiredis 0.14.1 (Debian 12): redisSetTimeout limits the wait for an answer, and the context keeps what it was made with, so that
# redisReconnect needs no address. What it does not keep is this limit: after redisReconnect, which succeeds, the same context
# waits without end. The limit works in every test and in the first outage; when it strikes, the program connects again, as one
# must, and the second outage hangs it. (The time given to redisConnectWithTimeout is kept; it limits connecting alone.) Call
# redisSetTimeout after each redisReconnect. Below, Redis 7.0.15 takes 3 s to answer, and the limit is 0.5 s.
set -eu
dir=$(mktemp -d)
trap 'kill ${server:-} 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
version=5:7.0.15-1~deb12u10
apt-get -q download "redis-server=$version" "redis-tools=$version" libhiredis-dev=0.14.1-3 libhiredis0.14=0.14.1-3 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" root; done
arch=$(uname -m)-linux-gnu
bin=$dir/root/usr/bin
"$bin/redis-check-rdb" --version >/dev/null 2>&1 || apt-get -q install -y --no-install-recommends libjemalloc2 liblua5.1-0 lua-cjson lua-bitop liblzf1 >/dev/null
cat >client.c <<'END'
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// A command that Redis answers after 3 s.
static void ask(redisContext *redis, const char *when) {
  double began = now();
  redisReply *reply = redisCommand(redis, "BLPOP nothing 3");
  printf("%s: %s, %s\n", when, reply ? "answered" : redis->errstr, now() - began < 2 ? "in time" : "after 3 s");
  if (reply) freeReplyObject(reply);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  struct timeval limit = {.tv_usec = 500000};
  redisContext *redis = redisConnectUnixWithTimeout(argv[1], limit);
  if (!redis || redis->err || redisSetTimeout(redis, limit) != REDIS_OK) return 1;
  ask(redis, "redisSetTimeout");
  if (redisReconnect(redis) != REDIS_OK) return 1;
  ask(redis, "redisReconnect");
  if (redisReconnect(redis) != REDIS_OK || redisSetTimeout(redis, limit) != REDIS_OK) return 1;
  ask(redis, "redisReconnect, redisSetTimeout");
  redisFree(redis);
  printf("hiredis %d.%d.%d\n", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
}
END
gcc -Iroot/usr/include client.c -o client -L"root/usr/lib/$arch" -lhiredis
"$bin/redis-server" --port 0 --unixsocket "$dir/s" --save '' --logfile "$dir/log" & server=$!
until "$bin/redis-cli" -s "$dir/s" ping >/dev/null 2>&1; do kill -0 "$server" || exit 1; sleep 0.1; done
LD_LIBRARY_PATH=$dir/root/usr/lib/$arch ./client "$dir/s" | tee seen
kill "$server"
wait "$server" || true
server=
cat >expected <<'END'
redisSetTimeout: Resource temporarily unavailable, in time
redisReconnect: answered, after 3 s
redisReconnect, redisSetTimeout: Resource temporarily unavailable, in time
hiredis 0.14.1
END
if cmp -s seen expected; then echo "as found"; else echo "changed"; exit 1; fi
