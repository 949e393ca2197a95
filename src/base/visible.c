// Checks each character once; adds runs of harmless ones at once.
#include "base/visible.h"

typedef enum { GOOD, STEERING, REORDERING, BROKEN } Kind;

// Whether the code point changes the direction or the lines of the text around it, and shows nothing itself.
static bool is_reordering(uint32_t code) {
  return code == 0x061C || code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x206F);
}

// Whether the character at the front of `text` is harmless; *len is its length.
static Kind kind_of(Str text, size_t *len) {
  bool valid;
  *len = str_utf8_len(text, &valid);
  unsigned char first = (unsigned char)text.ptr[0];
  if (!valid || *len == 0) {
    *len = 1;
    return BROKEN;
  }
  if (first == '\n' || first == '\t') return GOOD;
  if (first < 0x20 || first == 0x7F) return STEERING;
  if (first < 0x80) return GOOD;
  uint32_t code = str_code_point(text, len);
  return code < 0xA0 ? STEERING : is_reordering(code) ? REORDERING : GOOD;
}

static void add_bytes(Buf *out, Str bytes) {
  for (size_t i = 0; i < bytes.len; i++) buf_printf(out, "\\x%02X", (unsigned char)bytes.ptr[i]);
}

void visible_add(Buf *out, Str text) {
  while (text.len) {
    size_t len;
    Kind kind = kind_of(text, &len);
    Str one = str_sub(text, 0, len);
    if (kind == GOOD) buf_add(out, one);
    else add_bytes(out, one);
    text = str_sub(text, len, text.len);
  }
}

void visible_add_json(Buf *out, Str json) {
  while (json.len) {
    size_t len;
    Kind kind = kind_of(json, &len);
    Str one = str_sub(json, 0, len);
    if (kind == STEERING) buf_printf(out, "\\u%04X", (unsigned char)one.ptr[len - 1]);
    else buf_add(out, one);
    json = str_sub(json, len, json.len);
  }
}

// The length of the colour that `text` begins with; 0: it does not.
static size_t colour_len(Str text) {
  size_t at = 2;
  if (!str_starts(text, STR("\x1b["))) return 0;
  while (at < text.len && ((text.ptr[at] >= '0' && text.ptr[at] <= '9') || text.ptr[at] == ';'))
    at++;
  return at < text.len && text.ptr[at] == 'm' ? at + 1 : 0;
}

void visible_add_coloured(Buf *out, Str text) {
  while (text.len > 0) {
    size_t colour = colour_len(text);
    buf_add(out, str_sub(text, 0, colour));
    text = str_sub(text, colour, text.len);
    ptrdiff_t next = str_find(str_sub(text, colour ? 0 : 1, text.len), STR("\x1b"));
    size_t plain = next < 0 ? text.len : (size_t)next + (colour ? 0 : 1);
    visible_add(out, str_sub(text, 0, plain));
    text = str_sub(text, plain, text.len);
  }
}
