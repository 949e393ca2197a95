#!/bin/sh
# Redis 7.0.15 takes LC_COLLATE from the environment that it is started in, for SORT ... ALPHA, as that command's manual says. The
# scripts follow it too: "<" and table.sort of Lua compare by strcoll. With C, as in most containers, "Q" < "a"; where LANG is
# zh_CN.UTF-8 or en_US.UTF-8, "a" < "Q", and "+" and "/" hardly count. A script gives one result on the master and another one on
# the replica or the new machine. A check of message signatures by script (sort token, timestamp, nonce and Encrypt, then
# redis.sha1hex), right with C, refuses each message whose Encrypt begins with one of 18 of the 64 characters of base64, if the
# token begins with "Q". The platform's own example (token QDG6eK, Encrypt Ryp...) passes. Compare bytes (string.byte) in scripts,
# or start Redis with LC_ALL=C.
set -eu
dir=$(mktemp -d)
trap 'kill ${server:-} 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
version=5:7.0.15-1~deb12u10
apt-get -q download "redis-server=$version" "redis-tools=$version" locales=2.36-9+deb12u14 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" root; done
bin=$dir/root/usr/bin
"$bin/redis-check-rdb" --version >/dev/null 2>&1 || apt-get -q install -y --no-install-recommends libjemalloc2 liblua5.1-0 lua-cjson lua-bitop liblzf1 >/dev/null
mkdir locales
for name in zh_CN en_US; do I18NPATH=$dir/root/usr/share/i18n localedef -i "$name" -f UTF-8 "locales/$name.UTF-8"; done
# The right signatures, of 64 messages that differ in the first character of Encrypt; sorted by bytes.
cat >sign.js <<'END'
const { createHash } = require('node:crypto');
for (const first of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/') {
  const parts = ['QDG6eK', '1409659813', '1372623149', `${first}ypEvHKD8QQKFhvQ6QleEB4J58tiPdvo`];
  console.log(createHash('sha1').update([...parts].sort().join('')).digest('hex'), ...parts);
}
END
node sign.js >messages
cat >check.lua <<'END'
local refused = ''
for i = 1, #ARGV, 5 do
  local parts = { ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4] }
  table.sort(parts)
  if redis.sha1hex(table.concat(parts)) ~= ARGV[i] then refused = refused .. ARGV[i + 4]:sub(1, 1) end
end
return ('"Q" < "a" is %s, %d of %d signatures refused %s'):format(tostring('Q' < 'a'), #refused, #ARGV / 5, refused)
END
cli() { "$bin/redis-cli" -s "$dir/s" "$@"; }
for locale in C zh_CN.UTF-8 en_US.UTF-8; do
  LOCPATH=$dir/locales LC_ALL=$locale "$bin/redis-server" --port 0 --unixsocket "$dir/s" --save '' --logfile "$dir/log" & server=$!
  until cli ping >/dev/null 2>&1; do kill -0 "$server" || exit 1; sleep 0.1; done
  # shellcheck disable=SC2046  # many words
  echo "$locale: $(cli eval "$(cat check.lua)" 0 $(cat messages))"
  kill "$server"
  wait "$server" || true
done >seen
server=
"$bin/redis-server" --version | cut -d ' ' -f 1-3
cat seen
cat >expected <<'END'
C: "Q" < "a" is true, 0 of 64 signatures refused 
zh_CN.UTF-8: "Q" < "a" is false, 18 of 64 signatures refused abcdefghijklmnop+/
en_US.UTF-8: "Q" < "a" is false, 18 of 64 signatures refused abcdefghijklmnop+/
END
if cmp -s seen expected; then echo "as found"; else echo "changed"; exit 1; fi
