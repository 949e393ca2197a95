#!/bin/sh
# cmark-gfm 0.29.0.gfm.6 (Debian 12) with its strikethrough extension: one '~' on each side strikes text out, also inside a word.
# Chinese writes ranges with it, as language models do: "3~5元，6~8元" becomes 3<del>5元，6</del>8元, and a reader of the tree who
# drops the marks gets 35元，68元. Prices and opening hours change wherever a paragraph has two ranges; one range stays as it
# is, so that a test with one passes. GitHub's specification speaks of "two tildes": --strikethrough-double-tilde asks for that.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
version=0.29.0.gfm.6-6
apt-get -q download "cmark-gfm=$version" "libcmark-gfm0.29.0.gfm.6=$version" "libcmark-gfm-extensions0.29.0.gfm.6=$version" >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" root; done
LD_LIBRARY_PATH=$(dirname "$(find "$dir/root" -name 'libcmark-gfm.so.*' | head -n 1)")
export LD_LIBRARY_PATH
render() { printf '%s\n' "$1" | "$dir/root/usr/bin/cmark-gfm" -e strikethrough ${2:+"$2"}; }
"$dir/root/usr/bin/cmark-gfm" --version | head -n 1
two=$(render '票价3~5元，6~8元')
one=$(render '票价3~5元')
double=$(render '票价3~5元，6~8元' --strikethrough-double-tilde)
printf 'two ranges:   %s\none range:    %s\ndouble tilde: %s\n' "$two" "$one" "$double"
if [ "$two" = '<p>票价3<del>5元，6</del>8元</p>' ] && [ "$one" = '<p>票价3~5元</p>' ] &&
  [ "$double" = '<p>票价3~5元，6~8元</p>' ]; then echo "as found"; else echo "changed"; exit 1; fi
