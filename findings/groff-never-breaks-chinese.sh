#!/bin/sh
# groff-base 1.22.4 (man pages of Debian 12) breaks lines at blanks alone, and Chinese has none: a Chinese paragraph of a manual
# page is one line, as wide as it is long, which the terminal cuts anywhere and does not indent. The end of a line of the source
# becomes a blank between two Chinese characters. An English paragraph of the same page is filled as asked. What helps is "\:"
# (a place to break) between the characters, and one line of source for a paragraph.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get -q download groff-base=1.22.4-10 >/dev/null 2>&1
dpkg -x ./*.deb root
share=$dir/root/usr/share/groff/1.22.4
cat >page.1 <<'END'
.TH PAGE 1
.SH 说明
月光照在窗前的地上，看起来好像地上的霜一样白，抬起头看见天上的明月，低下头想起远方的家乡。
.P
短行一
短行二
.P
The moon shines on the ground before the window, white as frost; one looks up at it, and thinks of home.
END
sed '3s/[^ -~]/&\\:/g' page.1 >marked.1
show() { # FILE
  preconv="$dir/root/usr/bin/preconv"
  "$preconv" -e utf-8 "$1" | GROFF_BIN_PATH="$dir/root/usr/bin" "$dir/root/usr/bin/groff" -F "$share/font" -M "$share/tmac" \
    -Tutf8 -P-c -man -rLL=50n 2>&1 | grep -v -e '^$' -e '^PAGE'
}
export LC_ALL=C.UTF-8
"$dir/root/usr/bin/groff" --version | head -n 1
show page.1 | tee out
echo 'with \:'
show marked.1 | grep -A 2 月光
widest=$(sed -n 's/^ *//; /月光/p' out | wc -m)
if [ "$widest" -gt 40 ] && grep -q '短行一 短行二' out && [ "$(grep -c '[a-z]' out)" -gt 2 ]; then
  echo "as found: a line of $widest characters, two columns each, where 50 columns were asked for"
else echo changed; exit 1; fi
