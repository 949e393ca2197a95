// Byte slices: comparing, cutting, reading numbers.
#include "base/str.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>

enum { NUMBER_MAX = 1024 };

static char to_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool str_eq_folded(Str a, Str b) {
  if (a.len != b.len) return false;
  for (size_t i = 0; i < a.len; i++) {
    if (to_lower(a.ptr[i]) != to_lower(b.ptr[i])) return false;
  }
  return true;
}

bool str_ends(Str s, Str suffix) {
  return s.len >= suffix.len &&
         (suffix.len == 0 || memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

ptrdiff_t str_find(Str s, Str needle) {
  if (needle.len == 0) return 0;
  if (needle.len > s.len) return -1;
  const char *at = memmem(s.ptr, s.len, needle.ptr, needle.len);
  return at ? at - s.ptr : -1;
}

int str_hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool str_to_int64(Str s, int64_t *out) {
  bool negative = s.len > 0 && s.ptr[0] == '-';
  if (s.len == (size_t)negative) return false;
  // Accumulated as a negative number, because INT64_MIN has no positive counterpart.
  int64_t value = 0;
  const char *at = s.ptr + negative, *end = s.ptr + s.len;
  const char *safe = end - at > 18 ? at + 18 : end;  // 18 digits always fit
  for (; at < safe; at++) {
    unsigned digit = (unsigned)*at - '0';
    if (digit > 9) return false;
    value = value * 10 - digit;
  }
  for (; at < end; at++) {
    if (!is_digit(*at)) return false;
    if (__builtin_mul_overflow(value, 10, &value)) return false;
    if (__builtin_sub_overflow(value, *at - '0', &value)) return false;
  }
  if (!negative && value == INT64_MIN) return false;
  *out = negative ? value : -value;
  return true;
}

// strtod also takes hexadecimal, "inf", "nan" and leading white space: the shape is checked here.
static bool is_decimal(Str s) {
  size_t i = s.len > 0 && s.ptr[0] == '-', digits = 0;
  for (; i < s.len && is_digit(s.ptr[i]); i++) digits++;
  if (i < s.len && s.ptr[i] == '.') i++;
  for (; i < s.len && is_digit(s.ptr[i]); i++) digits++;
  if (digits == 0) return false;
  if (i == s.len) return true;
  if (s.ptr[i] != 'e' && s.ptr[i] != 'E') return false;
  i++;
  if (i < s.len && (s.ptr[i] == '+' || s.ptr[i] == '-')) i++;
  if (i == s.len) return false;
  for (; i < s.len; i++) {
    if (!is_digit(s.ptr[i])) return false;
  }
  return true;
}

bool str_to_double(Str s, double *out) {
  if (s.len >= NUMBER_MAX || !is_decimal(s)) return false;
  char text[NUMBER_MAX];
  memcpy(text, s.ptr, s.len);
  text[s.len] = '\0';
  // glibc keeps one object for the whole "C" locale: nothing is allocated, nothing is to be freed.
  locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!c_locale) return false;
  double value = strtod_l(text, NULL, c_locale);
  freelocale(c_locale);
  if (!isfinite(value)) return false;
  *out = value;
  return true;
}

size_t str_utf8_prefix(Str s, size_t max) {
  if (s.len <= max) return s.len;
  size_t cut = max;
  // A byte of the form 10xxxxxx continues a character; a character has three of them at most.
  while (cut > 0 && max - cut < 4 && ((unsigned char)s.ptr[cut] & 0xC0) == 0x80) cut--;
  return ((unsigned char)s.ptr[cut] & 0xC0) == 0x80 ? max : cut;
}

size_t str_utf8_len(Str s, bool *valid) {
  const unsigned char *at = (const unsigned char *)s.ptr;
  unsigned char first = at[0];
  *valid = true;
  if (first < 0x80) return 1;
  // The second byte shows overlong forms, surrogates and code points past U+10FFFF.
  unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  size_t len = first < 0xC2 || first > 0xF4 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  for (size_t i = 1; i < len; i++) {
    if (i == s.len || at[i] < low || at[i] > high) {
      *valid = false;
      return i;
    }
    low = 0x80;
    high = 0xBF;
  }
  *valid = len != 0;
  return len ? len : 1;
}

uint32_t str_code_point(Str s, size_t *len) {
  static const unsigned char masks[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
  bool valid;
  *len = str_utf8_len(s, &valid);
  if (!valid) return 0xFFFD;
  uint32_t code = (unsigned char)s.ptr[0] & masks[*len];
  for (size_t i = 1; i < *len; i++) code = code << 6 | ((unsigned char)s.ptr[i] & 0x3F);
  return code;
}
