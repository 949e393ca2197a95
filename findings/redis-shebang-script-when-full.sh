#!/bin/sh
# Redis 7.0.15 at maxmemory: a script that only deletes a key (which gives memory back) is refused with -OOM when its first line
# is "#!lua", and runs when that line is left out. A lock that is released by such a script stays locked exactly when memory is
# short. (With the line, the script declares flags, and none of them says that it is allowed when memory is full.)
set -eu
dir=$(mktemp -d)
trap 'kill ${server:-} 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
version=5:7.0.15-1~deb12u10
apt-get -q download "redis-server=$version" "redis-tools=$version" >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" root; done
bin=$dir/root/usr/bin
"$bin/redis-check-rdb" --version >/dev/null 2>&1 || apt-get -q install -y --no-install-recommends libjemalloc2 liblua5.1-0 lua-cjson lua-bitop liblzf1 >/dev/null
"$bin/redis-server" --port 0 --unixsocket "$dir/s" --save '' --logfile "$dir/log" & server=$!
cli() { "$bin/redis-cli" -s "$dir/s" "$@"; }
until cli ping >/dev/null 2>&1; do kill -0 "$server" || exit 1; sleep 0.1; done
cli set lock mine >/dev/null
cli config set maxmemory 1 >/dev/null
flagged=$(cli eval "$(printf '#!lua\nreturn redis.call("del", KEYS[1])')" 1 lock)
plain=$(cli eval 'return redis.call("del", KEYS[1])' 1 lock)
cli info server | grep redis_version
printf 'with "#!lua": %s\nwithout:      %s\n' "$flagged" "$plain"
case "$flagged" in *OOM*) [ "$plain" = 1 ] && echo "as found" && exit 0 ;; esac
echo "changed" && exit 1
