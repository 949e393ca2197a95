// Repairs that make real documents well-formed.
#include "codec/xml_mend.h"

#include "codec/xml_lex.h"
#include "codec/xml_text.h"

// ---- references ---------------------------------------------------------------------------------

// The number that a character reference at the front of `s` names, and its length; 0 bytes if it is not one.
static size_t read_reference(Str s, uint32_t *code) {
  bool hex = str_starts(s, STR("&#x"));
  size_t i = hex ? 3 : 2, digits = 0;
  *code = 0;
  for (; i < s.len; i++, digits++) {
    int digit = str_hex_digit(s.ptr[i]);
    if (digit < 0 || (digit > 9 && !hex)) break;
    if (*code <= 0x10FFFF) *code = *code * (hex ? 16 : 10) + (uint32_t)digit;
  }
  return digits && i < s.len && s.ptr[i] == ';' ? i + 1 : 0;
}

static bool allowed_code(uint32_t code) {
  if (code < 0x20) return !xml_forbids((unsigned char)code);
  return code < 0xD800 || (code > 0xDFFF && code != 0xFFFE && code != 0xFFFF && code <= 0x10FFFF);
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
      if (reference && !allowed_code(code))
        part = code < 0x20 ? str_make("", 0) : STR(XML_REPLACEMENT);
    }
    buf_add(out, part);
    s = str_sub(s, len, s.len);
  }
  return true;
}

// ---- sections -----------------------------------------------------------------------------------

enum { MENDED_MAX = 64 * 1024 };  // a message is a few thousand bytes

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The name of the element that opens just before `at`, with nothing but white space between; empty if there
// is none: "...<Content> " gives "Content".
static Str name_before(Str s, size_t at) {
  while (at > 0 && is_space(s.ptr[at - 1])) at--;
  size_t from = at;
  if (at < 3 || s.ptr[at - 1] != '>') return STR("");
  while (from > 0 && s.ptr[from - 1] != '<') from--;
  Str name = str_sub(s, from, at - 1 - from);
  return xml_name_ok(name) ? name : STR("");
}

static Str without_blanks(Str s) {
  size_t blanks = 0;
  while (blanks < s.len && is_space(s.ptr[blanks])) blanks++;
  return str_sub(s, blanks, s.len);
}

// Whether `s` begins with `before`, `name`, '>'; *rest is what follows.
static bool is_tag(Str s, Str before, Str name, Str *rest) {
  size_t len = before.len + name.len;
  *rest = str_sub(s, len + 1, s.len);
  return s.len > len && s.ptr[len] == '>' && str_starts(s, before) &&
         str_eq(str_sub(s, before.len, name.len), name);
}

static bool opens_section(Str s, Str name) {
  Str rest;
  return is_tag(s, STR("<"), name, &rest) && str_starts(without_blanks(rest), STR(XML_SECTION));
}

static bool closes_section(Str s, Str name) {
  Str rest;
  return str_starts(s, STR("]]>")) &&
         is_tag(without_blanks(str_sub(s, 3, s.len)), STR("</"), name, &rest);
}

// Where the "]]>" begins that ends the section in which `s` begins: what a user sent may hold elements of
// that name, each with a section. -1 if there is none.
static ptrdiff_t matching_end(Str s, Str name) {
  int open = 1;
  for (size_t at = 0; at < s.len; at++) {
    Str rest = str_sub(s, at, s.len);
    if (s.ptr[at] == '<' && opens_section(rest, name)) open++;
    else if (s.ptr[at] == ']' && closes_section(rest, name) && --open == 0) return (ptrdiff_t)at;
  }
  return -1;
}

bool xml_mend_sections(Buf *out, Str s) {
  bool changed = false;
  ptrdiff_t begin;
  if (s.len > MENDED_MAX) return false;
  while ((begin = str_find(s, STR(XML_SECTION))) >= 0) {
    Str name = name_before(s, (size_t)begin);
    buf_add(out, str_sub(s, 0, (size_t)begin));
    s = str_sub(s, (size_t)begin + sizeof XML_SECTION - 1, s.len);
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
