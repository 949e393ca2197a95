// Byte slices. A Str does not own its bytes: the function that returns it says how long they live.
#ifndef WEMOON_BASE_STR_H
#define WEMOON_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
  const char *ptr;  // not NUL-terminated unless a contract says so; NULL only when len is 0
  size_t len;
} Str;

// A Str over a string literal, and printf's pair for "%.*s".
#define STR(literal) ((Str){ "" literal, sizeof(literal) - 1 })
#define STR_FMT(s) (int)(s).len, (s).ptr ? (s).ptr : ""

static inline Str str_make(const char *ptr, size_t len) { return (Str){ ptr, len }; }
static inline Str str_of(const char *cstr) { return (Str){ cstr, cstr ? strlen(cstr) : 0 }; }
// Give a literal as `b`: the compiler then knows its length, and calls no function.
static inline bool str_eq(Str a, Str b) {
  return a.len == b.len && (b.len == 0 || memcmp(a.ptr, b.ptr, b.len) == 0);
}

// Copies the bytes to `to`, without a call if they are few; returns the end of the copy.
static inline char *str_put(char *to, Str s) {
  uint64_t first, last;
  uint32_t half_first, half_last;
  if (s.len > 2 * sizeof first) {
    memcpy(to, s.ptr, s.len);
  } else if (s.len >= sizeof first) {
    memcpy(&first, s.ptr, sizeof first);
    memcpy(&last, s.ptr + s.len - sizeof last, sizeof last);
    memcpy(to, &first, sizeof first);
    memcpy(to + s.len - sizeof last, &last, sizeof last);
  } else if (s.len >= sizeof half_first) {
    memcpy(&half_first, s.ptr, sizeof half_first);
    memcpy(&half_last, s.ptr + s.len - sizeof half_last, sizeof half_last);
    memcpy(to, &half_first, sizeof half_first);
    memcpy(to + s.len - sizeof half_last, &half_last, sizeof half_last);
  } else if (s.len > 0) {
    to[0] = s.ptr[0];
    to[s.len / 2] = s.ptr[s.len / 2];
    to[s.len - 1] = s.ptr[s.len - 1];
  }
  return to + s.len;
}

// Compares bytes, a prefix first: below 0, 0 or above 0.
static inline int str_compare(Str a, Str b) {
  size_t shorter = a.len < b.len ? a.len : b.len;
  int order = shorter ? memcmp(a.ptr, b.ptr, shorter) : 0;
  return order ? order : (a.len > b.len) - (a.len < b.len);
}

static inline bool str_starts(Str s, Str prefix) {
  return s.len >= prefix.len && str_eq(str_make(s.ptr, prefix.len), prefix);
}

// ASCII letters compare without case; other bytes must be equal. Mostly the two are equal to the byte: programs write
// a header's name as its standard does.
bool str_eq_folded(Str a, Str b);
static inline bool str_eq_nocase(Str a, Str b) { return str_eq(a, b) || str_eq_folded(a, b); }
bool str_ends(Str s, Str suffix);
// The position of the first `needle` in `s`, or -1. An empty needle is at 0.
ptrdiff_t str_find(Str s, Str needle);
// The slice from `from` (clamped) of at most `len` bytes.
static inline Str str_sub(Str s, size_t from, size_t len) {
  if (s.len == 0) return s;
  if (from > s.len) from = s.len;
  if (len > s.len - from) len = s.len - from;
  return str_make(s.ptr + from, len);
}
static inline bool str_is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
// The slice without ASCII white space at both ends.
static inline Str str_trim(Str s) {
  size_t from = 0, to = s.len;
  while (from < to && str_is_space(s.ptr[from])) from++;
  while (to > from && str_is_space(s.ptr[to - 1])) to--;
  return str_sub(s, from, to - from);
}
// Splits at the first `sep` into *head and *tail. False if there is none: head = s, tail empty. Either may be the
// variable that `s` came from.
static inline bool str_cut(Str s, char sep, Str *head, Str *tail) {
  const char *at = s.len ? (const char *)memchr(s.ptr, sep, s.len) : NULL;
  size_t cut = at ? (size_t)(at - s.ptr) : s.len;
  *tail = at ? str_make(at + 1, s.len - cut - 1) : str_make("", 0);
  *head = str_make(s.ptr, cut);
  return at != NULL;
}
// The whole of `s` as a decimal integer with an optional '-'; false on anything else or on overflow.
bool str_to_int64(Str s, int64_t *out);
// The whole of `s` as a finite decimal number of at most 1,023 bytes, whatever the locale; false on anything
// else.
bool str_to_double(Str s, double *out);
// The value of a hexadecimal digit of either case, or -1 if `c` is not one.
int str_hex_digit(char c);
// All 64 bits are good for a hash table. Without knowing `seed` an attacker cannot choose strings that collide.
static inline uint64_t str_hash(Str s, uint64_t seed) {
  uint64_t hash = seed ^ s.len;
  for (size_t at = 0; at < s.len; at += 8) {
    uint64_t word = 0;
    memcpy(&word, s.ptr + at, s.len - at < 8 ? s.len - at : 8);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 32;
  }
  hash *= 0xd6e8feb86659fd93u;
  return hash ^ hash >> 32;
}
// The length of the longest beginning of whole UTF-8 characters within the first `max` bytes.
size_t str_utf8_prefix(Str s, size_t max);
// The length of the UTF-8 character at the front of `s`, which is not empty. If it is malformed, *valid is false and
// the length is that of the bytes to replace by one U+FFFD: the longest valid beginning of a character, or one byte.
size_t str_utf8_len(Str s, bool *valid);
// The code point at the front of `s`, which is not empty, and its length in bytes; U+FFFD if it is malformed.
uint32_t str_code_point(Str s, size_t *len);

#endif
