// JSON out.
#include "codec/json.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/lane.h"

static void add_escape(Buf *out, char c) {
  static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";
  const char *at = letters;
  while (*at && *at != c) at += 2;
  if (!*at) {
    buf_printf(out, "\\u%04x", (unsigned)(unsigned char)c);
    return;
  }
  buf_addc(out, '\\');
  buf_addc(out, at[1]);
}

// ASCII that needs no escape in a string.
static inline bool is_easy(unsigned char c) {
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

// Marks the bytes that need an escape or lie beyond ASCII: c ^ 2 makes 0x20 of the quotation mark, and leaves control
// characters below it.
static inline Lane hard_bytes(const char *at) {
  Lane lane = lane_at(at);
  return (Lane)((lane ^ 2) < 0x21) | (Lane)(lane == '\\');
}

static inline bool are_easy_lanes(const char *at) {
  return lane_is_zero(hard_bytes(at) | hard_bytes(at + 16) | hard_bytes(at + 32) |
                      hard_bytes(at + 48));
}

// The length of a beginning of ASCII that needs no escape. The last lane is laid over the one before it.
static inline size_t easy_ascii(Str text) {
  size_t at = 0, easy = sizeof(Lane);
  while (at + 4 * sizeof(Lane) <= text.len && are_easy_lanes(text.ptr + at)) at += 4 * sizeof(Lane);
  for (; easy == sizeof(Lane) && at + sizeof(Lane) <= text.len; at += easy)
    easy = lane_zeros(hard_bytes(text.ptr + at));
  if (easy < sizeof(Lane)) return at;
  if (at > 0 && lane_is_zero(hard_bytes(text.ptr + text.len - sizeof(Lane)))) return text.len;
  while (at < text.len && is_easy((unsigned char)text.ptr[at])) at++;
  return at;
}

// Whether this is certainly a valid character of three bytes, as in Chinese.
static inline bool is_common_three(const char *at) {
  unsigned char first = (unsigned char)at[0];
  uint16_t rest;
  memcpy(&rest, at + 1, sizeof rest);
  return first > 0xE0 && first < 0xF0 && first != 0xED && (rest & 0xC0C0) == 0x8080;
}

// The length of a beginning of characters of three bytes, as far as a quick look tells.
static inline size_t easy_threes(Str text) {
  size_t at = 0;
  while (at + sizeof(Lane) <= text.len && lane_is_five_of_three(text.ptr + at)) at += 15;
  while (at + 3 <= text.len && is_common_three(text.ptr + at)) at += 3;
  return at;
}

// The length of a beginning that needs no escape, as far as a quick look tells.
static size_t easy_prefix(Str text) {
  size_t at = easy_ascii(text), more = 1;
  while (at < text.len && more) {
    more = easy_threes(str_sub(text, at, text.len));
    if (more) more += easy_ascii(str_sub(text, at + more, text.len));
    at += more;
  }
  return at;
}

bool json_add_string(Buf *out, Str text) {
  bool all_valid = true;
  buf_reserve(out, text.len + 2);
  buf_addc(out, '"');
  while (text.len) {
    bool valid;
    size_t plain = 0, len = 1;
    for (; plain < text.len; plain += len) {
      len = easy_prefix(str_sub(text, plain, text.len));
      if (len) continue;
      if ((unsigned char)text.ptr[plain] < 0x80) break;
      len = str_utf8_len(str_make(text.ptr + plain, text.len - plain), &valid);
      if (!valid) break;
    }
    buf_add(out, str_sub(text, 0, plain));
    text = str_sub(text, plain, text.len);
    if (text.len == 0) break;
    bool ascii = (unsigned char)text.ptr[0] < 0x80;
    if (ascii) add_escape(out, text.ptr[0]);
    else buf_add(out, STR("\xEF\xBF\xBD"));
    all_valid = all_valid && ascii;
    text = str_sub(text, ascii ? 1 : len, text.len);
  }
  buf_addc(out, '"');
  return all_valid;
}

// Marks the bytes that need an escape, none beyond ASCII: c ^ 0x7D makes the greatest numbers of the quotation mark and
// of the control characters, which stood two by two below or beside it.
static inline Lane escaped_bytes(const char *at) {
  Lane lane = lane_at(at);
  return (Lane)((lane ^ 0x7D) > 0x5E) | (Lane)(lane == '\\');
}

static inline Lane escaped_lanes(const char *at) {
  return escaped_bytes(at) | escaped_bytes(at + 16) | escaped_bytes(at + 32) |
         escaped_bytes(at + 48);
}

static inline bool is_escaped(unsigned char c) { return c < 0x20 || c == '"' || c == '\\'; }

// The length of the beginning without a byte that needs an escape. The last lane is laid over the one before it.
static size_t unescaped_len(Str text) {
  size_t at = 0, len = sizeof(Lane);
  while (at + 4 * sizeof(Lane) <= text.len && lane_is_zero(escaped_lanes(text.ptr + at)))
    at += 4 * sizeof(Lane);
  for (; len == sizeof(Lane) && at + sizeof(Lane) <= text.len; at += len)
    len = lane_zeros(escaped_bytes(text.ptr + at));
  if (len < sizeof(Lane)) return at;
  if (at > 0 && lane_is_zero(escaped_bytes(text.ptr + text.len - sizeof(Lane)))) return text.len;
  while (at < text.len && !is_escaped((unsigned char)text.ptr[at])) at++;
  return at;
}

#ifdef __x86_64__
// Copies and looks at once, in lanes of 32 bytes, of which most processors of this kind are capable.
typedef int8_t WideLane __attribute__((vector_size(32)));
// As numbers: of comparisons that are put together by `|`, GCC 12 makes three instructions instead of one.
typedef uint64_t WideFound __attribute__((vector_size(sizeof(WideLane))));

__attribute__((target("avx2"), always_inline)) static inline void
put_wide_lane(char *to, const char *at, WideFound *found) {
  WideLane lane;
  memcpy(&lane, at, sizeof lane);
  memcpy(to, &lane, sizeof lane);
  *found |= (WideFound)((lane ^ 0x7D) > 0x5E) | (WideFound)(lane == '\\');
}

// Of a text of at least one lane. Looks at all of it: mostly there is nothing to escape. The last lane is laid over the
// one before it.
__attribute__((target("avx2"))) static bool put_wide(char *to, Str text) {
  WideFound found = { 0 };
  size_t at = 0, last = text.len - sizeof(WideLane);
  for (; at + sizeof(WideLane) <= last; at += 2 * sizeof(WideLane)) {
    put_wide_lane(to + at, text.ptr + at, &found);
    put_wide_lane(to + at + sizeof(WideLane), text.ptr + at + sizeof(WideLane), &found);
  }
  if (at < last) put_wide_lane(to + at, text.ptr + at, &found);
  put_wide_lane(to + last, text.ptr + last, &found);
  return (found[0] | found[1] | found[2] | found[3]) == 0;
}

static inline bool may_put_wide(Str text) {
  return text.len >= sizeof(WideLane) && __builtin_cpu_supports("avx2");
}
#else
static inline bool may_put_wide(Str text) { return (void)text, false; }
static bool put_wide(char *to, Str text) { return (void)to, (void)text, false; }
#endif

bool json_put_plain(char *to, Str text) {
  if (may_put_wide(text)) return put_wide(to, text);
  str_put(to, text);
  return unescaped_len(text) == text.len;
}

// Appends text whose first `len` bytes need no escape, without quotes.
static void add_escaped(Buf *out, Str text, size_t len) {
  while (len < text.len) {
    buf_add(out, str_sub(text, 0, len));
    add_escape(out, text.ptr[len]);
    text = str_sub(text, len + 1, text.len);
    len = unescaped_len(text);
  }
  buf_add(out, text);
}

static void add_unescaped(Buf *out, Str text) {
  char *at = buf_extend(out, text.len + 2);
  if (!at) return;
  at[0] = '"';
  if (text.len) memcpy(at + 1, text.ptr, text.len);
  at[text.len + 1] = '"';
}

void json_add_utf8(Buf *out, Str text) {
  size_t len = unescaped_len(text);
  if (len == text.len) {
    add_unescaped(out, text);
    return;
  }
  buf_addc(out, '"');
  add_escaped(out, text, len);
  buf_addc(out, '"');
}

void json_add_real(Buf *out, double number) {
  if (!isfinite(number)) {
    buf_add(out, STR("null"));
    return;
  }
  if (number == 0 && signbit(number)) {
    buf_add(out, STR("-0.0"));  // "-0" would be the integer 0
    return;
  }
  // printf uses the decimal point of the thread's locale.
  locale_t before = uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
  char text[40];
  double back = 0;
  // %.15g drops trailing zeros; only the numbers next to zero have fewer significant digits.
  for (int digits = fabs(number) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, number);
    if (str_to_double(str_of(text), &back) && back == number) break;
  }
  uselocale(before);
  buf_add(out, str_of(text));
}

// The recursion is bounded: no value is deeper than JSON_DEPTH_MAX.
static void add_members(Buf *out, const Json *value, bool named) {
  buf_addc(out, named ? '{' : '[');
  for (const Json *member = json_first(value); member; member = json_next(member)) {
    if (member != json_first(value)) buf_addc(out, ',');
    if (named) json_add_string(out, json_key(member));
    if (named) buf_addc(out, ':');
    json_add_value(out, member);
  }
  buf_addc(out, named ? '}' : ']');
}

void json_add_value(Buf *out, const Json *value) {
  switch (json_kind(value)) {
    case JSON_NULL: buf_add(out, STR("null")); break;
    case JSON_BOOL: buf_add(out, json_bool(value) ? STR("true") : STR("false")); break;
    case JSON_INT:
    case JSON_REAL: buf_add(out, json_number(value)); break;
    case JSON_STRING: json_add_string(out, json_string(value)); break;
    case JSON_ARRAY: add_members(out, value, false); break;
    case JSON_OBJECT: add_members(out, value, true); break;
  }
}
