// Lexical rules that the XML parsers share.
#include "codec/xml_lex.h"

#include "base/lane.h"

enum { NAME_MAX_LEN = 128 };

// ---- names --------------------------------------------------------------------------------------

enum { NAME_START = 1, NAME_MORE = 2 };

static unsigned char name_class(unsigned char c) {
  static const unsigned char classes[256] = {
    ['A' ... 'Z'] = NAME_START | NAME_MORE,
    ['a' ... 'z'] = NAME_START | NAME_MORE,
    ['_'] = NAME_START | NAME_MORE,
    ['0' ... '9'] = NAME_MORE,
    ['-'] = NAME_MORE,
    ['.'] = NAME_MORE,
  };
  return classes[c];
}

// How many of sixteen bytes at the front are letters: the platform's names have nothing else.
static inline size_t letters_at(const char *at) {
  Lane lower = lane_at(at) | 0x20;
  return lane_zeros((Lane)(lower < 'a') | (Lane)(lower > 'z'));
}

size_t xml_name_len(Str s) {
  const char *at = s.ptr, *end = s.ptr + s.len;
  if (s.len == 0 || !(name_class((unsigned char)*at) & NAME_START)) return 0;
  at += s.len >= sizeof(Lane) ? letters_at(at) : 0;
  while (at < end && name_class((unsigned char)*at) & NAME_MORE) at++;
  size_t len = (size_t)(at - s.ptr);
  return len <= NAME_MAX_LEN ? len : 0;
}

bool xml_name_ok(Str name) { return name.len > 0 && xml_name_len(name) == name.len; }

// ---- sections -----------------------------------------------------------------------------------

ptrdiff_t xml_section_end(Str s) {
  for (size_t at = 0; at < s.len; at++) {
    const char *found = memchr(s.ptr + at, ']', s.len - at);
    if (!found) return -1;
    at = (size_t)(found - s.ptr);
    if (s.len - at >= 3 && found[1] == ']' && found[2] == '>') return (ptrdiff_t)at;
  }
  return -1;
}

size_t xml_literal_section(Str s) {
  static const struct {
    Str begin, end;
  } sections[] = {
    { { XML_SECTION, 9 }, { "]]>", 3 } },
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
