// What real documents need before they are well-formed.
#include "codec/xml_mend.h"

#include <stdint.h>
#include <string.h>

#include "codec/xml.h"

// ---- characters ---------------------------------------------------------------------------------

#define REPLACEMENT "\xEF\xBF\xBD"  // U+FFFD

typedef int8_t Lane __attribute__((vector_size(16)));

static bool forbidden_control(unsigned char c) {
  return c < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

static bool none(Lane lane) {
  uint64_t half[2];
  memcpy(half, &lane, sizeof half);
  return (half[0] | half[1]) == 0;
}

// How many bytes at the front of sixteen are ASCII that XML allows: as signed numbers those beyond ASCII are
// below a space too.
static size_t plain_len(const char *at) {
  Lane bytes;
  memcpy(&bytes, at, sizeof bytes);
  Lane below = bytes < ' ';
  if (none(below)) return sizeof(Lane);
  Lane others = below & (Lane)(bytes != '\t') & (Lane)(bytes != '\n') & (Lane)(bytes != '\r');
  size_t len = 0;
  while (len < sizeof(Lane) && !others[len]) len++;
  return len;
}

#define FIVE_TIMES(a, b, c)                                                                        \
  { a, b, c, a, b, c, a, b, c, a, b, c, a, b, c, 0 }

// Whether the first fifteen bytes are five characters of three bytes, none of those beginnings whose other
// bytes would have to be judged: Chinese text nearly always is.
static bool five_of_three(const char *at) {
  static const Lane mask = FIVE_TIMES((int8_t)0xF0, (int8_t)0xC0, (int8_t)0xC0);
  static const Lane form = FIVE_TIMES((int8_t)0xE0, (int8_t)0x80, (int8_t)0x80);
  static const Lane one = FIVE_TIMES((int8_t)0xE0, (int8_t)0xBF, 0),
                    other = FIVE_TIMES((int8_t)0xED, 0, 0);
  Lane bytes;
  memcpy(&bytes, at, sizeof bytes);
  Lane judged = (Lane)(bytes == one) | (Lane)(bytes == other);
  return none((Lane)((bytes & mask) != form) | (judged & mask));
}

static bool noncharacter(Str s) {
  return s.ptr[0] == '\xEF' && s.ptr[1] == '\xBF' && (unsigned char)s.ptr[2] >= 0xBE;
}

// Whether three bytes are a character that XML allows, told without a look at each case: all Chinese is. Of
// the leads E0 and ED the second byte would have to be judged.
static bool plain_three(const char *at) {
  const unsigned char *byte = (const unsigned char *)at;
  uint32_t word = (uint32_t)byte[0] << 16 | (uint32_t)byte[1] << 8 | byte[2];
  return (word & 0xF0C0C0) == 0xE08080 && word >= 0xE10000 && word < 0xEFBF00 && byte[0] != 0xED;
}

// Whether what is left from `from` on, less than a lane, is plain: looked at as a whole lane, the last one of
// `s` or one filled up with spaces.
static bool ends_plain(Str s, size_t from) {
  if (s.len >= sizeof(Lane)) return plain_len(s.ptr + s.len - sizeof(Lane)) == sizeof(Lane);
  char lane[sizeof(Lane)] = "                ";
  for (size_t i = from; i < s.len; i++) lane[i] = s.ptr[i];
  return plain_len(lane) == sizeof(Lane);
}

// The length of the character at `from`, 0 when it needs cleaning.
static size_t clean_character(Str s, size_t from) {
  const char *at = s.ptr + from;
  if (s.len - from >= 3 && plain_three(at)) return 3;
  if ((unsigned char)*at < 0x80) return forbidden_control((unsigned char)*at) ? 0 : 1;
  bool valid;
  size_t len = str_utf8_len(str_make(at, s.len - from), &valid);
  return valid && !(len == 3 && noncharacter(str_make(at, 3))) ? len : 0;
}

// How many bytes at the front need no cleaning.
static size_t clean_prefix(Str s) {
  size_t i = 0, len;
  while (s.len - i >= sizeof(Lane)) {
    const char *at = s.ptr + i;
    if (!(len = plain_len(at))) len = five_of_three(at) ? sizeof(Lane) - 1 : clean_character(s, i);
    if (len == 0) return i;
    i += len;
  }
  if (ends_plain(s, i)) return s.len;
  for (; i < s.len; i += len) {
    if (!(len = clean_character(s, i))) return i;
  }
  return s.len;
}

static void add_cleaned(Buf *out, Str s) {
  while (s.len) {
    size_t clean = clean_prefix(s);
    buf_add(out, str_sub(s, 0, clean));
    s = str_sub(s, clean, s.len);
    if (s.len == 0) return;
    bool valid;
    size_t dirty = str_utf8_len(s, &valid);
    if ((unsigned char)s.ptr[0] >= 0x80) buf_add(out, STR(REPLACEMENT));
    s = str_sub(s, dirty, s.len);
  }
}

Str xml_clean(Buf *scratch, Str in) {
  if (clean_prefix(in) == in.len) return in;
  size_t from = scratch->len;
  add_cleaned(scratch, in);
  return str_sub(buf_str(scratch), from, scratch->len);
}

// ---- references ---------------------------------------------------------------------------------

static int digit_value(char c, bool hex) {
  if (c >= '0' && c <= '9') return c - '0';
  char lower = (char)(c | 32);
  return hex && lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The number that a character reference at the front of `s` names, and its length; 0 bytes when it is none.
static size_t read_reference(Str s, uint32_t *code) {
  bool hex = str_starts(s, STR("&#x"));
  size_t i = hex ? 3 : 2, digits = 0;
  *code = 0;
  for (; i < s.len; i++, digits++) {
    int digit = digit_value(s.ptr[i], hex);
    if (digit < 0) break;
    if (*code <= 0x10FFFF) *code = *code * (hex ? 16 : 10) + (uint32_t)digit;
  }
  return digits && i < s.len && s.ptr[i] == ';' ? i + 1 : 0;
}

static bool allowed_code(uint32_t code) {
  if (code < 0x20) return !forbidden_control((unsigned char)code);
  return code < 0xD800 || (code > 0xDFFF && code != 0xFFFE && code != 0xFFFF && code <= 0x10FFFF);
}

size_t xml_literal_section(Str s) {
  static const struct {
    Str begin, end;
  } sections[] = {
    { { "<![CDATA[", 9 }, { "]]>", 3 } },
    { { "<!--", 4 }, { "-->", 3 } },
    { { "<?", 2 }, { "?>", 2 } },
  };
  for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
    if (!str_starts(s, sections[i].begin)) continue;
    ptrdiff_t end = str_find(str_sub(s, sections[i].begin.len, s.len), sections[i].end);
    return end < 0 ? s.len : sections[i].begin.len + (size_t)end + sections[i].end.len;
  }
  return 0;
}

bool xml_mend_references(Buf *out, Str s) {
  while (s.len) {
    size_t len = 1;
    Str part = str_sub(s, 0, 1);
    if (s.ptr[0] == '<' && xml_literal_section(s)) {
      len = xml_literal_section(s);
      part = str_sub(s, 0, len);
    } else if (str_starts(s, STR("&#"))) {
      uint32_t code;
      size_t reference = read_reference(s, &code);
      len = reference ? reference : 1;
      part = str_sub(s, 0, len);
      if (reference && !allowed_code(code)) part = code < 0x20 ? str_make("", 0) : STR(REPLACEMENT);
    }
    buf_add(out, part);
    s = str_sub(s, len, s.len);
  }
  return true;
}

// ---- sections -----------------------------------------------------------------------------------

#define SECTION "<![CDATA["

enum { MENDED_MAX = 64 * 1024 };  // a message is a few thousand bytes

// The name of the element that opens just before `at`, empty without one: "...<Content>" gives "Content".
static Str name_before(Str s, size_t at) {
  size_t from = at;
  if (at < 3 || s.ptr[at - 1] != '>') return STR("");
  while (from > 0 && s.ptr[from - 1] != '<') from--;
  Str name = str_sub(s, from, at - 1 - from);
  return xml_name_ok(name) ? name : STR("");
}

// The length of `before`, `name`, `after` where `s` begins with them; else 0.
static size_t tag_len(Str s, Str before, Str name, Str after) {
  if (!str_starts(s, before) || !str_starts(str_sub(s, before.len, s.len), name)) return 0;
  size_t len = before.len + name.len;
  return str_starts(str_sub(s, len, s.len), after) ? len + after.len : 0;
}

// Where the "]]></name>" begins that ends the section in which `s` begins: what a user sent may hold elements
// of that name, each with a section. -1 without one.
static ptrdiff_t matching_end(Str s, Str name) {
  int open = 1;
  for (size_t at = 0; at < s.len; at++) {
    if (s.ptr[at] != '<' && s.ptr[at] != ']') continue;
    Str rest = str_sub(s, at, s.len);
    if (tag_len(rest, STR("<"), name, STR(">" SECTION))) open++;
    else if (tag_len(rest, STR("]]></"), name, STR(">")) && --open == 0) return (ptrdiff_t)at;
  }
  return -1;
}

bool xml_mend_sections(Buf *out, Str s) {
  bool changed = false;
  ptrdiff_t begin;
  if (s.len > MENDED_MAX) return false;
  while ((begin = str_find(s, STR(SECTION))) >= 0) {
    Str name = name_before(s, (size_t)begin);
    buf_add(out, str_sub(s, 0, (size_t)begin));
    s = str_sub(s, (size_t)begin + sizeof SECTION - 1, s.len);
    ptrdiff_t own_end = xml_section_end(s);
    ptrdiff_t end = name.len ? matching_end(s, name) : -1;
    if (own_end < 0) return false;
    if (end < 0) end = own_end;
    changed = changed || end > own_end;
    xml_add_cdata(out, str_sub(s, 0, (size_t)end));
    s = str_sub(s, (size_t)end + 3, s.len);
  }
  buf_add(out, s);
  return changed;
}
