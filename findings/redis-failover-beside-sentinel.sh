#!/bin/sh
# Redis 7.0.15: the command FAILOVER, which hands a master's role over without losing a write, and a Sentinel do not know of each
# other. For half a minute (down-after plus two INFO periods of 10 s) the Sentinel goes on naming the old master, which refuses
# writes; then it takes that master for dead because it calls itself a replica, and makes a fail-over of its own, uncoordinated,
# and by default to the other replica than the one that was just promoted. A client that asks the Sentinel alone cannot write
# meanwhile. Where there are Sentinels, use SENTINEL FAILOVER; a client should ask the named server for its ROLE.
set -eu
dir=$(mktemp -d)
trap 'cat "$dir"/*/pid 2>/dev/null | xargs -r kill 2>/dev/null || true; sleep 1; rm -rf "$dir"' EXIT
cd "$dir"
version=5:7.0.15-1~deb12u10
apt-get -q download "redis-server=$version" "redis-tools=$version" "redis-sentinel=$version" >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" root; done
bin=$dir/root/usr/bin
"$bin/redis-check-rdb" --version >/dev/null 2>&1 || apt-get -q install -y --no-install-recommends libjemalloc2 liblua5.1-0 lua-cjson lua-bitop liblzf1 >/dev/null
ports=$(node -e 'const net = require("net"), all = [1, 2, 3, 4].map(() => net.createServer().listen(0, "127.0.0.1"));
  setTimeout(() => { console.log(all.map((s) => s.address().port).join(" ")); all.forEach((s) => s.close()); }, 100)')
# shellcheck disable=SC2086  # four words
set -- $ports
for port in "$1" "$2" "$3"; do
  mkdir "$port"
  [ "$port" = "$1" ] && of='' || of="--replicaof 127.0.0.1 $1"
  # shellcheck disable=SC2086  # an option with its words, or nothing
  "$bin/redis-server" --port "$port" --bind 127.0.0.1 --save '' --daemonize yes --dir "$dir/$port" --pidfile "$dir/$port/pid" \
    --repl-diskless-sync-delay 0 $of >/dev/null
done
cli() { "$bin/redis-cli" -p "$@"; }
all_run() { for one in "$dir"/*/pid; do kill -0 "$(cat "$one")" || return 1; done; }
until [ "$(cli "$1" info replication | grep -c state=online)" = 2 ]; do all_run || exit 1; sleep 0.2; done
mkdir sentinel
printf 'port %s\nbind 127.0.0.1\ndir %s\nsentinel monitor bots 127.0.0.1 %s 1\nsentinel down-after-milliseconds bots 2000\n' "$4" "$dir" "$1" >sentinel.conf
"$bin/redis-sentinel" sentinel.conf --daemonize yes --pidfile "$dir/sentinel/pid" --logfile "$dir/log" >/dev/null
named() { cli "$4" sentinel get-master-addr-by-name bots | tail -n 1; }
until [ "$(cli "$4" sentinel replicas bots | grep -A1 master-link-status | grep -c '^ok')" = 2 ]; do all_run || exit 1; sleep 0.2; done
cli "$1" failover to 127.0.0.1 "$2" >/dev/null
until cli "$2" role | head -n 1 | grep -q master; do all_run || exit 1; sleep 0.1; done
refusal=$(cli "$1" set key value 2>&1 | cut -d ' ' -f 1)
began=$(date +%s)
while [ "$(named "$@")" = "$1" ] && [ $(($(date +%s) - began)) -lt 90 ]; do sleep 0.5; done
seconds=$(($(date +%s) - began))
until grep -q '+switch-master' log; do all_run || exit 1; sleep 0.2; done
echo "redis $(cli "$1" info server | sed -n 's/^redis_version:\([0-9.]*\).*/\1/p')"
[ "$(named "$@")" = "$2" ] && whom='the promoted replica' || whom='the other replica'
echo "FAILOVER to the first replica: the old master answers $refusal to a write"
if [ "$seconds" -ge 15 ]; then echo "the Sentinel names the old master for more than 15 s"; fi
echo "then: $(grep -c '+switch-master' log) fail-over by the Sentinel, to $whom"
if [ "$refusal" = READONLY ] && [ "$seconds" -ge 15 ] && [ "$seconds" -lt 60 ] && [ "$(grep -c '+switch-master' log)" = 1 ] &&
  [ "$whom" = 'the other replica' ]; then echo "as found"; else echo "changed ($seconds s)"; exit 1; fi
