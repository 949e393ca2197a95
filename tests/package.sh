#!/bin/sh
# The Debian package in a bare Debian 12 of its own: it installs, serves, is upgraded with what its operator changed, and
# leaves nothing behind. As root, with debootstrap and a network:  tests/package.sh [MIRROR]
# (No part of `./setup.sh test`: that installs nothing on the machine but what it needs.)
set -eu
cd "$(dirname "$0")/.."
root=$(mktemp -d)
chmod 755 "$root"  # its / is everybody's, as a machine's is
mirror=${1:-http://deb.debian.org/debian}

end() {
  umount -l "$root/proc" "$root/dev" 2>/dev/null || true
  rm -rf --one-file-system "$root"
}
trap end EXIT

say() { printf '== %s\n' "$*"; }

fail() {
  printf 'package.sh: %s\n' "$*" >&2
  exit 1
}

inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive "$@"; }

# What is on its disk, but for what apt, dpkg and useradd (/etc/shadow-) keep for themselves.
files() { inside find / -xdev \( -path /proc -o -path /dev -o -path /tmp -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/cache -o -path /var/log -o -path '/etc/*-' \) -prune -o -print | sort; }

say 'packing'
./setup.sh package >/dev/null
# shellcheck disable=SC2012  # the names are ours, and the newest is wanted
deb=$(ls -t build/package/wemoon_*.deb | head -n 1)

say 'a bare Debian'
debootstrap --variant=minbase bookworm "$root" "$mirror" >/dev/null
mount --rbind /proc "$root/proc"
mount --bind /dev "$root/dev"
cp "$deb" "$root/tmp/wemoon.deb"
# What it depends on comes first, so that what is left at the end is its own.
depends=$(dpkg-deb -f "$deb" Depends | sed 's/([^)]*)//g; s/|[^,]*//g; s/,/ /g')
# shellcheck disable=SC2086  # a list of words
inside apt-get install -y -q --no-install-recommends $depends >/dev/null
files >"$root/tmp/before"

say 'install'
inside apt-get install -y -q --no-install-recommends /tmp/wemoon.deb >/dev/null
inside getent passwd wemoon >/dev/null || fail 'no user wemoon'
[ "$(inside stat -c '%a %U:%G' /etc/wemoon/config.lua)" = '640 root:wemoon' ] || fail 'config.lua can be read by anybody'
[ "$(inside stat -c '%a %U' /var/lib/wemoon)" = '700 wemoon' ] || fail '/var/lib/wemoon is not its own alone'
inside wemoon --version
for file in usr/share/man/man1/wemoon.1 usr/share/bash-completion/completions/wemoon lib/systemd/system/wemoon.service; do
  [ -e "$root/$file" ] || [ -e "$root/usr/$file" ] || [ -e "$root/$file.gz" ] || fail "/$file is missing"
done

# As the unit starts it: its user, its store, what it runs.
serve() {
  inside setpriv --reuid wemoon --regid wemoon --clear-groups env WEMOON_TOKEN=a-token WEMOON_LISTEN=18099 \
    WEMOON_STORE=sqlite:/var/lib/wemoon/wemoon.db /usr/bin/wemoon run /etc/wemoon/bot.lua >"$root/tmp/log" 2>&1 &
  bot=$!
  sleep 1
  reply=$(inside wemoon send text 'hello moon' --token a-token --url http://127.0.0.1:18099/wechat) || fail "no answer: $(cat "$root/tmp/log")"
  printf '%s\n' "$reply"
  pkill -TERM -P "$bot" 2>/dev/null || kill "$bot"
  wait "$bot" || true
}

say 'serve'
serve
[ -e "$root/var/lib/wemoon/wemoon.db" ] || fail 'its store is not where the unit says'

say 'upgrade'
echo '-- changed by its operator' >>"$root/etc/wemoon/bot.lua"
dpkg-deb -R "$deb" "$root/tmp/next"
sed -i 's/^Version: .*/&+next/' "$root/tmp/next/DEBIAN/control"
dpkg-deb -b "$root/tmp/next" "$root/tmp/next.deb" >/dev/null
inside apt-get install -y -q /tmp/next.deb >/dev/null
# shellcheck disable=SC2016  # dpkg-query expands it
inside dpkg-query -W -f '${Version}\n' wemoon | grep -q '+next$' || fail 'it was not upgraded'
grep -q 'changed by its operator' "$root/etc/wemoon/bot.lua" || fail 'the upgrade took the bot away'
[ -e "$root/var/lib/wemoon/wemoon.db" ] || fail 'the upgrade took the store away'
serve

say 'remove'
inside apt-get remove -y -q wemoon >/dev/null
[ ! -e "$root/usr/bin/wemoon" ] || fail 'the program is still there'
[ -e "$root/etc/wemoon/config.lua" ] || fail 'the configuration went with the program'

say 'purge'
inside apt-get purge -y -q wemoon >/dev/null
inside getent passwd wemoon >/dev/null && fail 'its user is still there'
files >"$root/tmp/after"
diff "$root/tmp/before" "$root/tmp/after" | grep '^>' && fail 'it left these behind'
say 'all is well'
