// JSON in and out, over cJSON.
//
// cJSON stores numbers as doubles, ends strings at NUL, and refuses half a surrogate pair. So the text is rewritten
// first: each number becomes the index of its value in a list, NUL becomes C0 80 (which no
// UTF-8 text has), malformed bytes become U+FFFD. The rewriting checks the order of the tokens, so that an error
// has its position in the original text, and cJSON fails only without memory. Its tree is then converted
// to Json, whose strings are cJSON's own.
#include "codec/json.h"

#include <cjson/cJSON.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>

#include "base/arena.h"
#include "codec/lane.h"

struct Json {
  JsonKind kind;
  Str key, string;  // of a number `string` is its original text
  int64_t integer;  // JSON_BOOL too
  double real;
  size_t count;
  struct Json *first, *next;
};

struct JsonDoc {
  Arena *arena;  // holds this object too
  Json *root;
};

typedef struct {
  Str literal;  // its original text
  bool is_real;
  int64_t integer;
  double real;
} Number;

enum { ASK_EVERY = 2000 };  // tokens or values

// The parser of one text.
typedef struct {
  const JsonLimits *limits;
  Arena *arena;
  size_t used;  // bytes of the arena
  int until_asked;
  bool stopped;
} Reading;

// False past a limit.
static bool goes_on(Reading *reading, size_t used) {
  const JsonLimits *limits = reading->limits;
  if (limits->memory_max && used > limits->memory_max) return false;
  if (--reading->until_asked > 0) return true;
  reading->until_asked = ASK_EVERY;
  reading->stopped = limits->keep_going && !limits->keep_going(limits->ctx);
  return !reading->stopped;
}

static void *take(Reading *reading, size_t size) {
  reading->used += size;
  return goes_on(reading, reading->used) ? arena_alloc(reading->arena, size) : NULL;
}

// The tokens that may come next.
typedef enum { VALUE, VALUE_OR_END, NAME, NAME_OR_END, COLON, COMMA_OR_END, NOTHING } Expected;

typedef struct {
  Str text;
  size_t at;  // the position of the next token
  Expected expected;
  int depth;
  bool in_object[JSON_DEPTH_MAX];
  Buf out, numbers;
  const char *fault;  // what is wrong at `at`; NULL: the token is misplaced
  bool over;          // a limit was reached
} Mender;

// ---- mending ------------------------------------------------------------------------------------

static bool fail(Mender *m, const char *fault) {
  m->fault = fault;
  return false;
}

static char peek(const Mender *m, size_t ahead) {
  return m->text.len - m->at > ahead ? m->text.ptr[m->at + ahead] : '\0';
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static size_t digits_at(const Mender *m, size_t from) {
  size_t count = 0;
  while (is_digit(peek(m, from + count))) count++;
  return count;
}

// The length of the number here, 0 if it is not valid JSON; *is_real if it has a point
// or an exponent.
static size_t number_len(const Mender *m, bool *is_real) {
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

static bool mend_number(Mender *m) {
  Number number = { 0 };
  size_t len = number_len(m, &number.is_real);
  Str literal = str_sub(m->text, m->at, len);
  number.literal = literal;
  if (len == 0) return fail(m, "a number written in a way that JSON does not know");
  if (len >= 1024) return fail(m, "a number of over 1,023 digits");
  if (!number.is_real && !str_to_int64(literal, &number.integer)) number.is_real = true;
  if (number.is_real && !str_to_double(literal, &number.real)) {
    number.real = literal.ptr[0] == '-' ? -DBL_MAX : DBL_MAX;
  }
  buf_add_int(&m->out, (int64_t)(m->numbers.len / sizeof number));
  buf_add(&m->numbers, str_make((const char *)&number, sizeof number));
  m->at += len;
  return true;
}

// The code unit of the \uXXXX at `ahead`, or -1.
static int code_unit(const Mender *m, size_t ahead) {
  int unit = 0;
  if (peek(m, ahead) != '\\' || peek(m, ahead + 1) != 'u') return -1;
  for (size_t i = 2; i < 6; i++) {
    int digit = str_hex_digit(peek(m, ahead + i));
    if (digit < 0) return -1;
    unit = unit << 4 | digit;
  }
  return unit;
}

static bool mend_escape(Mender *m) {
  char kind = peek(m, 1);
  if (kind != 'u') {
    if (!kind || !strchr("\"\\/bfnrt", kind))
      return fail(m, "a backslash before a character that takes none");
    buf_add(&m->out, str_sub(m->text, m->at, 2));
    m->at += 2;
    return true;
  }
  int unit = code_unit(m, 0), low = code_unit(m, 6);
  if (unit < 0) return fail(m, "\\u without four hexadecimal digits");
  bool pair = unit >= 0xD800 && unit < 0xDC00 && low >= 0xDC00 && low <= 0xDFFF;
  if (pair) buf_add(&m->out, str_sub(m->text, m->at, 12));
  else if (unit >= 0xD800 && unit <= 0xDFFF) buf_add(&m->out, STR("\xEF\xBF\xBD"));
  else if (unit == 0) buf_add(&m->out, STR("\xC0\x80"));
  else buf_add(&m->out, str_sub(m->text, m->at, 6));
  m->at += pair ? 12 : 6;
  return true;
}

static bool mend_string(Mender *m) {
  buf_addc(&m->out, '"');
  for (m->at++; m->at < m->text.len;) {
    Str rest = str_sub(m->text, m->at, m->text.len);
    size_t plain = 0;
    while (plain < rest.len && (unsigned char)rest.ptr[plain] - 0x20u < 0x60 &&
           rest.ptr[plain] != '"' && rest.ptr[plain] != '\\') {
      plain++;
    }
    buf_add(&m->out, str_sub(rest, 0, plain));
    m->at += plain;
    if (plain == rest.len) break;
    rest = str_sub(rest, plain, rest.len);
    if (rest.ptr[0] == '\\') {
      if (!mend_escape(m)) return false;
      continue;
    }
    bool valid;
    size_t len = str_utf8_len(rest, &valid);
    m->at += len;
    if (!valid) buf_add(&m->out, STR("\xEF\xBF\xBD"));
    else if (rest.ptr[0] == '\0') buf_add(&m->out, STR("\xC0\x80"));
    else buf_add(&m->out, str_sub(rest, 0, len));
    if (rest.ptr[0] == '"') return true;
  }
  return fail(m, "the end inside a string");
}

static bool mend_word(Mender *m) {
  static const Str words[] = { { "true", 4 }, { "false", 5 }, { "null", 4 } };
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (!str_eq(str_sub(m->text, m->at, words[i].len), words[i])) continue;
    buf_add(&m->out, words[i]);
    m->at += words[i].len;
    return true;
  }
  return fail(m, NULL);
}

static void value_done(Mender *m) { m->expected = m->depth ? COMMA_OR_END : NOTHING; }

static bool mend_open(Mender *m, char c) {
  if (m->expected != VALUE && m->expected != VALUE_OR_END) return fail(m, NULL);
  if (m->depth == JSON_DEPTH_MAX) return fail(m, "a value nested too deeply");
  m->in_object[m->depth++] = c == '{';
  m->expected = c == '{' ? NAME_OR_END : VALUE_OR_END;
  return true;
}

static bool mend_close(Mender *m, char c) {
  bool open = m->expected == COMMA_OR_END || m->expected == (c == '}' ? NAME_OR_END : VALUE_OR_END);
  if (!open || m->in_object[m->depth - 1] != (c == '}')) return fail(m, NULL);
  m->depth--;
  value_done(m);
  return true;
}

static bool mend_mark(Mender *m, char c) {
  if (c == '{' || c == '[') {
    if (!mend_open(m, c)) return false;
  } else if (c == '}' || c == ']') {
    if (!mend_close(m, c)) return false;
  } else if (m->expected != (c == ':' ? COLON : COMMA_OR_END)) {
    return fail(m, NULL);
  } else {
    m->expected = c == ',' && m->in_object[m->depth - 1] ? NAME : VALUE;
  }
  buf_addc(&m->out, c);
  m->at++;
  return true;
}

static bool mend_token(Mender *m, char c) {
  if (c && strchr("{}[],:", c)) return mend_mark(m, c);
  bool name = m->expected == NAME || m->expected == NAME_OR_END;
  if (!(name && c == '"') && m->expected != VALUE && m->expected != VALUE_OR_END)
    return fail(m, NULL);
  bool done = c == '"' ? mend_string(m) : c == '-' || is_digit(c) ? mend_number(m) : mend_word(m);
  if (name) m->expected = COLON;
  else value_done(m);
  return done;
}

// Writes the rewritten text to `out`; on an error `at` is its position.
static bool mend(Mender *m, Reading *reading) {
  buf_reserve(&m->out, m->text.len);
  if (str_starts(m->text, STR("\xEF\xBB\xBF"))) m->at = 3;
  for (; m->at < m->text.len;) {
    char c = m->text.ptr[m->at];
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') m->at++;
    else if (!mend_token(m, c)) return false;
    m->over = !goes_on(reading, m->out.len + m->numbers.len);
    if (m->over) return false;
  }
  return m->expected == NOTHING;
}

// ---- from cJSON's tree to ours ------------------------------------------------------------------

// C0 80 back to NUL, in place.
static Str unmend_string(char *text) {
  size_t len = strlen(text);
  char *from = memchr(text, 0xC0, len), *end = text + len;
  if (!from) return str_make(text, len);
  char *to = from;
  while (from < end) {
    bool nul = (unsigned char)*from == 0xC0;
    *to++ = nul ? '\0' : *from;
    from += nul ? 2 : 1;
  }
  *to = '\0';
  return str_make(text, (size_t)(to - text));
}

static bool take_number(Json *value, Number number, Reading *reading) {
  value->kind = number.is_real ? JSON_REAL : JSON_INT;
  value->integer = number.integer;
  value->real = number.is_real ? number.real : (double)number.integer;
  reading->used += number.literal.len;
  value->string = arena_dup(reading->arena, number.literal);
  return value->string.ptr != NULL;
}

static Json *adopt(cJSON *item, Reading *reading, const Number *numbers) {
  Json *value = take(reading, sizeof *value);
  if (!value) return NULL;
  memset(value, 0, sizeof *value);
  if (item->string) value->key = unmend_string(item->string);
  if (cJSON_IsNumber(item)) {
    if (!take_number(value, numbers[item->valueint], reading)) return NULL;
  } else if (cJSON_IsString(item)) {
    value->kind = JSON_STRING;
    value->string = unmend_string(item->valuestring);
  } else if (cJSON_IsBool(item)) {
    value->kind = JSON_BOOL;
    value->integer = cJSON_IsTrue(item);
  } else if (!cJSON_IsNull(item)) {
    value->kind = cJSON_IsArray(item) ? JSON_ARRAY : JSON_OBJECT;
  }
  Json **next = &value->first;
  for (cJSON *child = item->child; child; child = child->next) {
    *next = adopt(child, reading, numbers);
    if (!*next) return NULL;
    next = &(*next)->next;
    value->count++;
  }
  return value;
}

static bool report(const Mender *m, Err *err) {
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

// The text that this thread parses: cJSON's allocator gets no context.
static _Thread_local Reading *under_way;

static void *cjson_allocate(size_t size) { return take(under_way, size); }

static void cjson_free(void *block) {}

static void tell_cjson(void) {
  cJSON_InitHooks(&(cJSON_Hooks){ .malloc_fn = cjson_allocate, .free_fn = cjson_free });
}

static Json *build(Reading *reading, const Mender *m) {
  static pthread_once_t told = PTHREAD_ONCE_INIT;
  if (m->out.failed || m->numbers.failed) return NULL;
  pthread_once(&told, tell_cjson);
  under_way = reading;
  cJSON *tree = cJSON_ParseWithLength(m->out.ptr, m->out.len + 1);
  return tree ? adopt(tree, reading, (const Number *)m->numbers.ptr) : NULL;
}

void json_free(JsonDoc *doc) {
  if (doc) arena_free(doc->arena);
}

static JsonDoc *read_document(const Mender *m, Reading *reading) {
  Arena *arena = arena_new();
  JsonDoc *doc = arena ? arena_alloc(arena, sizeof *doc) : NULL;
  if (doc) {
    reading->arena = arena;
    *doc = (JsonDoc){ arena, build(reading, m) };
    if (doc->root) return doc;
  }
  arena_free(arena);
  return NULL;
}

static bool report_end(const Reading *reading, Err *err) {
  return reading->stopped ? err_set(err, ERR_FAILED, "the reading of a JSON text was stopped")
                          : err_set(err, ERR_MEMORY, "no memory to read a JSON text");
}

JsonDoc *json_parse_within(Str text, const JsonLimits *limits, Err *err) {
  Mender m = { .text = text };
  Reading reading = { .limits = limits, .until_asked = ASK_EVERY };
  bool mended = mend(&m, &reading);
  JsonDoc *doc = mended ? read_document(&m, &reading) : NULL;
  if (!mended && !m.over) report(&m, err);
  else if (!doc) report_end(&reading, err);
  buf_clear(&m.out);
  buf_clear(&m.numbers);
  return doc;
}

JsonDoc *json_parse(Str text, Err *err) { return json_parse_within(text, &(JsonLimits){ 0 }, err); }

// ---- asking -------------------------------------------------------------------------------------

const Json *json_root(const JsonDoc *doc) { return doc->root; }

JsonKind json_kind(const Json *value) { return value->kind; }

bool json_bool(const Json *value) { return value->kind == JSON_BOOL && value->integer; }

int64_t json_int(const Json *value) { return value->kind == JSON_INT ? value->integer : 0; }

double json_real(const Json *value) { return value->real; }

static bool is_number(const Json *value) {
  return value->kind == JSON_INT || value->kind == JSON_REAL;
}

Str json_number(const Json *value) { return is_number(value) ? value->string : STR(""); }

Str json_string(const Json *value) { return value->kind == JSON_STRING ? value->string : STR(""); }

size_t json_count(const Json *value) { return value->count; }

const Json *json_first(const Json *value) { return value->first; }

const Json *json_next(const Json *member) { return member->next; }

Str json_key(const Json *member) { return member->key; }

const Json *json_get(const Json *object, Str key) {
  const Json *found = NULL;
  if (object->kind != JSON_OBJECT) return NULL;
  for (const Json *member = object->first; member; member = member->next) {
    if (str_eq(member->key, key)) found = member;
  }
  return found;
}

// ---- writing ------------------------------------------------------------------------------------

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
  // matter.
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
  for (const Json *member = value->first; member; member = member->next) {
    if (member != value->first) buf_addc(out, ',');
    if (named) json_add_string(out, member->key);
    if (named) buf_addc(out, ':');
    json_add_value(out, member);
  }
  buf_addc(out, named ? '}' : ']');
}

void json_add_value(Buf *out, const Json *value) {
  switch (value->kind) {
    case JSON_NULL: buf_add(out, STR("null")); break;
    case JSON_BOOL: buf_add(out, value->integer ? STR("true") : STR("false")); break;
    case JSON_INT:
    case JSON_REAL: buf_add(out, value->string); break;
    case JSON_STRING: json_add_string(out, value->string); break;
    case JSON_ARRAY: add_members(out, value, false); break;
    case JSON_OBJECT: add_members(out, value, true); break;
  }
}
