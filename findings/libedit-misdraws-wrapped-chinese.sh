#!/bin/sh
# libedit 3.1-20221030 (Debian 12) on a terminal that can insert characters (xterm, screen): a line of Chinese that fills a row
# of it, so that the next character goes to the second row, and a letter typed at its beginning: what is shown is not the line.
# With 20 columns and "a" before eleven Chinese characters, typing "b" and "c" at the beginning shows "bcc..." and the cursor a
# column too far; Enter gives "bca...". Lines that do not wrap, lines without wide characters, and all lines on a terminal that
# cannot insert (vt100) are shown as they are. A program that lets users edit Chinese has to make libedit draw the whole line
# anew (EL_REFRESH with the cursor at the prompt) after each change.
set -eu
dir=$(mktemp -d)
trap 'tmux -S "$dir/socket" kill-server 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
apt-get -q download libedit2=3.1-20221030-2 libedit-dev=3.1-20221030-2 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" root; done
for tool in gcc tmux; do command -v $tool >/dev/null || apt-get -qq install -y $tool >/dev/null; done
cat >line.c <<'END'
#include <histedit.h>
#include <locale.h>
#include <stdio.h>
static char *prompt(EditLine *edit) { (void)edit; return "> "; }
int main(int count, char **names) {
  const char *line;
  setlocale(LC_ALL, "");
  EditLine *edit = el_init(names[0], stdin, stdout, stderr);
  el_set(edit, EL_PROMPT, prompt);
  el_set(edit, EL_EDITOR, "emacs");
  while ((line = el_gets(edit, &count)) && count > 0) printf("got %s", line);
  el_end(edit);
}
END
lib=$dir/root/usr/lib/$(uname -m)-linux-gnu
gcc -I root/usr/include line.c -o line -L "$lib" -l:libedit.so.2
screen() { tmux -S "$dir/socket" "$@"; }
drawn() { # LINE [TERM], b and c typed at its beginning: prints the first row and where the cursor is
  screen -u -f /dev/null new-session -d -x 20 -y 6 "TERM=${2-screen} LC_ALL=C.UTF-8 LD_LIBRARY_PATH=$lib ./line"
  sleep 1
  screen send-keys -l "$1"
  for key in C-a b c; do sleep 0.5; screen send-keys $key; done
  sleep 1
  screen capture-pane -p | head -n 1
  screen display -p 'cursor in column #{cursor_x}'
  screen send-keys Enter
  sleep 0.5
  screen capture-pane -p | grep got
  screen kill-server
  sleep 0.5
}
export LC_ALL=C.UTF-8
dpkg-deb -f ./libedit2*.deb Package Version
{ drawn 'a月光照'; drawn 'a0123456789abcdefghijkl'; drawn 'a一二三四五六七八九十甲'; drawn 'a一二三四五六七八九十甲' vt100; } | tee out
if grep -q '> bca月光照' out && grep -q '> bca0123456789' out && grep -q '> bcc一二三' out && grep -q '> bca一二三' out && [ "$(grep -c 'column 5' out)" = 1 ]; then
  echo "as found: bca is shown as bcc"
else echo changed; exit 1; fi
