// Cleaning, sixteen bytes at a time where they are plain; and CDATA sections.
#include "codec/xml_text.h"

#include "base/lane.h"
#include "codec/xml_lex.h"

// How many bytes at the front of sixteen are ASCII that XML allows: as signed numbers those beyond ASCII are
// below a space too.
static inline __attribute__((always_inline)) size_t plain_len(const char *at) {
  Lane bytes = lane_at(at), below = bytes < ' ';
  if (lane_is_zero(below)) return sizeof(Lane);
  return lane_zeros(below & (Lane)(bytes != '\t') & (Lane)(bytes != '\n') & (Lane)(bytes != '\r'));
}

static bool noncharacter(Str s) {
  return s.ptr[0] == '\xEF' && s.ptr[1] == '\xBF' && (unsigned char)s.ptr[2] >= 0xBE;
}

// A quick check whether three bytes are a character that XML allows, which holds for all Chinese. With
// the lead bytes E0 and ED the second byte would have to be checked.
static bool plain_three(const char *at) {
  const unsigned char *byte = (const unsigned char *)at;
  uint32_t word = (uint32_t)byte[0] << 16 | (uint32_t)byte[1] << 8 | byte[2];
  return (word & 0xF0C0C0) == 0xE08080 && word >= 0xE10000 && word < 0xEFBF00 && byte[0] != 0xED;
}

// Whether the end of `s`, at most a lane, is plain: looked at as a whole lane, the last one of `s` or one
// filled up with spaces.
static bool ends_plain(Str s) {
  if (s.len >= sizeof(Lane)) return plain_len(s.ptr + s.len - sizeof(Lane)) == sizeof(Lane);
  char lane[sizeof(Lane)] = "                ";
  memcpy(lane, s.ptr, s.len);
  return plain_len(lane) == sizeof(Lane);
}

// The length of the character at `from`; 0 if it needs cleaning.
static size_t clean_character(Str s, size_t from) {
  const char *at = s.ptr + from;
  if (s.len - from >= 3 && plain_three(at)) return 3;
  if ((unsigned char)*at < 0x80) return xml_forbids((unsigned char)*at) ? 0 : 1;
  bool valid;
  size_t len = str_utf8_len(str_make(at, s.len - from), &valid);
  return valid && !(len == 3 && noncharacter(str_make(at, 3))) ? len : 0;
}

// The length of the beginning that needs no cleaning.
static size_t clean_prefix(Str s) {
  size_t i = 0, len;
  while (s.len - i >= sizeof(Lane)) {
    const char *at = s.ptr + i;
    if (!(len = plain_len(at)))
      len = lane_is_five_of_three(at) ? sizeof(Lane) - 1 : clean_character(s, i);
    if (len == 0) return i;
    i += len;
  }
  if (i == s.len || ends_plain(s)) return s.len;
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
    if ((unsigned char)s.ptr[0] >= 0x80) buf_add(out, STR(XML_REPLACEMENT));
    s = str_sub(s, dirty, s.len);
  }
}

Str xml_clean(Buf *scratch, Str in) {
  if (clean_prefix(in) == in.len) return in;
  size_t from = scratch->len;
  add_cleaned(scratch, in);
  return str_sub(buf_str(scratch), from, scratch->len);
}

void xml_add_section(Buf *out, Str clean) {
  Str rest = clean;
  buf_add(out, STR("<![CDATA["));
  ptrdiff_t end;
  while ((end = xml_section_end(rest)) >= 0) {
    buf_add(out, str_sub(rest, 0, (size_t)end + 2));
    buf_add(out, STR("]]><![CDATA["));
    rest = str_sub(rest, (size_t)end + 2, rest.len);
  }
  buf_add(out, rest);
  buf_add(out, STR("]]>"));
}

// Clean first, then split: "]\1]>" becomes "]]>" when its control character is dropped.
void xml_add_cdata(Buf *out, Str text) {
  Buf scratch;
  buf_init(&scratch);
  xml_add_section(out, xml_clean(&scratch, text));
  if (scratch.failed) out->failed = true;
  buf_clear(&scratch);
}
