#include "cli/replay_rid.h"

#include <ctype.h>

enum { LEAST = 8 };  // bytes; a shorter word is somebody's

static bool is_of_rid(char c) { return isxdigit((unsigned char)c) || c == '-'; }

// The length of the number at the text's beginning; 0: none.
static size_t length_of(Str text) {
  size_t len = 0;
  while (len < text.len && is_of_rid(text.ptr[len])) len++;
  return len >= LEAST ? len : 0;
}

// Where what follows "rid" begins: ": ", " ", or nothing.
static size_t mark_of(Str text) {
  size_t at = text.len && text.ptr[0] == ':';
  return at + (text.len > at && text.ptr[at] == ' ');
}

Str replay_rid_cut(Str text, Str *rest) {
  Str left = text;
  for (ptrdiff_t at; (at = str_find(left, STR("rid"))) >= 0;) {
    left = str_sub(left, (size_t)at + 3, left.len);
    size_t mark = mark_of(left), len = mark ? length_of(str_sub(left, mark, left.len)) : 0;
    if (!len) continue;
    Str number = str_sub(left, mark, left.len);
    *rest = str_sub(number, len, number.len);
    return str_sub(text, 0, (size_t)(number.ptr - text.ptr));
  }
  *rest = (Str){ 0 };
  return text;
}
