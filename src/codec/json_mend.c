// Rewrites a JSON text where it must be: NUL becomes C0 80 (which no UTF-8 text has), malformed bytes become U+FFFD, a
// number with a point, with an exponent or of many digits becomes 0. Checks the order of the tokens on the way.
#include "codec/json_mend.h"

#include "base/lane.h"

#include <float.h>
#include <string.h>

bool json_ask(JsonPace *pace) {
  const JsonLimits *limits = pace->limits;
  pace->since_asked = 0;
  pace->stopped = limits->keep_going && !limits->keep_going(limits->ctx);
  return !pace->stopped;
}

// The next bytes stay as they are.
static void keep(JsonMender *m, size_t len) {
  if (m->rewritten) buf_add(&m->out, str_sub(m->text, m->at, len));
  m->at += len;
}

// Other bytes stand in place of the next ones.
static void replace(JsonMender *m, size_t len, Str by) {
  if (!m->rewritten) buf_add(&m->out, str_sub(m->text, m->begin, m->at - m->begin));
  m->rewritten = true;
  buf_add(&m->out, by);
  m->at += len;
}

static bool fail(JsonMender *m, const char *fault) {
  m->fault = fault;
  return false;
}

static char peek(const JsonMender *m, size_t ahead) {
  return m->text.len - m->at > ahead ? m->text.ptr[m->at + ahead] : '\0';
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static size_t digits_at(const JsonMender *m, size_t from) {
  size_t count = 0;
  while (is_digit(peek(m, from + count))) count++;
  return count;
}

// The length of the number here, 0 if it is not valid JSON; *is_real if it has a point
// or an exponent.
static size_t number_len(const JsonMender *m, bool *is_real) {
  size_t len = peek(m, 0) == '-', digits = digits_at(m, len);
  if (digits == 0 || (digits > 1 && peek(m, len) == '0')) return 0;
  len += digits;
  *is_real = false;
  if (peek(m, len) == '.') {
    *is_real = true;
    digits = digits_at(m, ++len);
    if (digits == 0) return 0;
    len += digits;
  }
  if (peek(m, len) == 'e' || peek(m, len) == 'E') {
    *is_real = true;
    len++;
    if (peek(m, len) == '+' || peek(m, len) == '-') len++;
    digits = digits_at(m, len);
    if (digits == 0) return 0;
    len += digits;
  }
  return len;
}

// cJSON reads a number in a buffer of 64 bytes, and its point as the locale has it.
enum { CJSON_DIGITS = 20 };

static bool mend_number(JsonMender *m) {
  JsonNumber number = { 0 };
  size_t len = number_len(m, &number.is_real);
  Str literal = str_sub(m->text, m->at, len);
  number.literal = literal;
  if (len == 0) return fail(m, "a number written in a way that JSON does not know");
  if (len >= 1024) return fail(m, "a number of over 1,023 digits");
  if (!number.is_real && !str_to_int64(literal, &number.integer)) number.is_real = true;
  if (number.is_real && !str_to_double(literal, &number.real)) {
    number.real = literal.ptr[0] == '-' ? -DBL_MAX : DBL_MAX;
  }
  buf_add(&m->numbers, str_make((const char *)&number, sizeof number));
  if (number.is_real || len > CJSON_DIGITS) replace(m, len, STR("0"));
  else keep(m, len);
  return true;
}

// The code unit of the \uXXXX at `ahead`, or -1.
static int code_unit(const JsonMender *m, size_t ahead) {
  int unit = 0;
  if (peek(m, ahead) != '\\' || peek(m, ahead + 1) != 'u') return -1;
  for (size_t i = 2; i < 6; i++) {
    int digit = str_hex_digit(peek(m, ahead + i));
    if (digit < 0) return -1;
    unit = unit << 4 | digit;
  }
  return unit;
}

static bool mend_escape(JsonMender *m) {
  char kind = peek(m, 1);
  if (kind != 'u') {
    if (!kind || !strchr("\"\\/bfnrt", kind))
      return fail(m, "a backslash before a character that takes none");
    keep(m, 2);
    return true;
  }
  int unit = code_unit(m, 0), low = code_unit(m, 6);
  if (unit < 0) return fail(m, "\\u without four hexadecimal digits");
  bool pair = unit >= 0xD800 && unit < 0xDC00 && low >= 0xDC00 && low <= 0xDFFF;
  if (pair) keep(m, 12);
  else if (unit >= 0xD800 && unit <= 0xDFFF) replace(m, 6, STR("\xEF\xBF\xBD"));
  else if (unit == 0) replace(m, 6, STR("\xC0\x80"));
  else keep(m, 6);
  return true;
}

static bool mend_character(JsonMender *m, Str rest) {
  bool valid;
  size_t len = str_utf8_len(rest, &valid);
  if (!valid) replace(m, len, STR("\xEF\xBF\xBD"));
  else if (rest.ptr[0] == '\0') replace(m, len, STR("\xC0\x80"));
  else keep(m, len);
  return true;
}

static bool is_plain(char c) { return (unsigned char)c - 0x20u < 0x60 && c != '"' && c != '\\'; }

static bool continues(char c) { return ((unsigned char)c & 0xC0) == 0x80; }

// Whether a character of three bytes begins here, none of those whose second byte has to be judged: most Chinese ones.
static bool is_easy_three(Str text, size_t at) {
  if (text.len - at < 3) return false;
  unsigned char first = (unsigned char)text.ptr[at];
  return (first & 0xF0) == 0xE0 && first != 0xE0 && first != 0xED && continues(text.ptr[at + 1]) &&
         continues(text.ptr[at + 2]);
}

// How many bytes at the front stay as they are. As signed numbers those beyond ASCII are below a space.
static size_t plain_len(Str text) {
  size_t len = 0, more = 1;
  for (; more && text.len - len >= sizeof(Lane); len += more) {
    const char *at = text.ptr + len;
    Lane bytes = lane_at(at);
    more = lane_zeros((bytes < ' ') | (bytes == '"') | (bytes == '\\'));
    if (!more && lane_is_five_of_three(at)) more = sizeof(Lane) - 1;
  }
  while (len < text.len && (more = is_plain(text.ptr[len]) ? 1 : is_easy_three(text, len) ? 3 : 0))
    len += more;
  return len;
}

static bool mend_string(JsonMender *m) {
  for (keep(m, 1); m->at < m->text.len;) {
    Str rest = str_sub(m->text, m->at, m->text.len);
    size_t plain = plain_len(rest);
    keep(m, plain);
    if (plain == rest.len) break;
    rest = str_sub(rest, plain, rest.len);
    if (rest.ptr[0] == '"') {
      keep(m, 1);
      return true;
    }
    if (rest.ptr[0] == '\\' ? !mend_escape(m) : !mend_character(m, rest)) return false;
  }
  return fail(m, "the end inside a string");
}

static bool mend_word(JsonMender *m) {
  static const Str words[] = { { "true", 4 }, { "false", 5 }, { "null", 4 } };
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (!str_eq(str_sub(m->text, m->at, words[i].len), words[i])) continue;
    keep(m, words[i].len);
    return true;
  }
  return fail(m, NULL);
}

static void value_done(JsonMender *m) {
  m->expected = m->depth ? JSON_WANTS_COMMA_OR_END : JSON_WANTS_NOTHING;
}

static bool mend_open(JsonMender *m, char c) {
  if (m->expected != JSON_WANTS_VALUE && m->expected != JSON_WANTS_VALUE_OR_END)
    return fail(m, NULL);
  if (m->depth == JSON_DEPTH_MAX) return fail(m, "a value nested too deeply");
  m->in_object[m->depth++] = c == '{';
  m->expected = c == '{' ? JSON_WANTS_NAME_OR_END : JSON_WANTS_VALUE_OR_END;
  return true;
}

static bool mend_close(JsonMender *m, char c) {
  bool open = m->expected == JSON_WANTS_COMMA_OR_END ||
              m->expected == (c == '}' ? JSON_WANTS_NAME_OR_END : JSON_WANTS_VALUE_OR_END);
  if (!open || m->in_object[m->depth - 1] != (c == '}')) return fail(m, NULL);
  m->depth--;
  value_done(m);
  return true;
}

static bool mend_mark(JsonMender *m, char c) {
  if (c == '{' || c == '[') {
    if (!mend_open(m, c)) return false;
  } else if (c == '}' || c == ']') {
    if (!mend_close(m, c)) return false;
  } else if (m->expected != (c == ':' ? JSON_WANTS_COLON : JSON_WANTS_COMMA_OR_END)) {
    return fail(m, NULL);
  } else {
    m->expected = c == ',' && m->in_object[m->depth - 1] ? JSON_WANTS_NAME : JSON_WANTS_VALUE;
  }
  keep(m, 1);
  return true;
}

static bool is_mark(char c) {
  return c == ',' || c == ':' || c == '{' || c == '}' || c == '[' || c == ']';
}

static bool mend_token(JsonMender *m, char c) {
  if (is_mark(c)) return mend_mark(m, c);
  bool name = m->expected == JSON_WANTS_NAME || m->expected == JSON_WANTS_NAME_OR_END;
  if (!(name && c == '"') && m->expected != JSON_WANTS_VALUE &&
      m->expected != JSON_WANTS_VALUE_OR_END)
    return fail(m, NULL);
  bool done = c == '"' ? mend_string(m) : c == '-' || is_digit(c) ? mend_number(m) : mend_word(m);
  if (name) m->expected = JSON_WANTS_COLON;
  else value_done(m);
  return done;
}

bool json_mend(JsonMender *m, JsonPace *pace) {
  if (str_starts(m->text, STR("\xEF\xBB\xBF"))) m->begin = m->at = 3;
  for (; m->at < m->text.len;) {
    char c = m->text.ptr[m->at];
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') keep(m, 1);
    else if (!mend_token(m, c)) return false;
    m->over = !json_goes_on(pace, m->out.len + m->numbers.len);
    if (m->over) return false;
  }
  return m->expected == JSON_WANTS_NOTHING;
}

Str json_mended(const JsonMender *m) {
  return m->rewritten ? buf_str(&m->out) : str_sub(m->text, m->begin, m->text.len);
}

bool json_mend_report(const JsonMender *m, Err *err) {
  if (m->text.len == 0) return err_set(err, ERR_INVALID, "the JSON text is empty");
  size_t position = m->at + 1;
  if (m->fault)
    return err_set(err, ERR_INVALID, "the JSON text has, at byte %zu, %s", position, m->fault);
  if (m->at == m->text.len) {
    return err_set(err, ERR_INVALID, "the JSON text ends after byte %zu, before its value does",
                   m->at);
  }
  unsigned char found = (unsigned char)m->text.ptr[m->at];
  if (found <= ' ' || found >= 0x7F) {
    return err_set(err, ERR_INVALID,
                   "the JSON text has, at byte %zu, the byte 0x%02X where it cannot stand",
                   position, found);
  }
  return err_set(err, ERR_INVALID, "the JSON text has, at byte %zu, a '%c' where it cannot stand",
                 position, found);
}
