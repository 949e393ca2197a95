// Reads JSON, over cJSON.
//
// cJSON stores numbers as doubles, ends strings at NUL, and refuses half a surrogate pair. So the text is looked
// through first, and rewritten where that matters (json_mend.h), which checks the order of the tokens too: an error has
// its position in the original text, and cJSON fails only without memory. Its tree is then converted to Json, whose
// strings are cJSON's own, and whose numbers are those that were listed on the way.
#include "codec/json.h"

#include <cjson/cJSON.h>
#include <pthread.h>
#include <string.h>

#include "base/arena.h"
#include "codec/json_mend.h"

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
  size_t size;
};

// The parser of one text.
typedef struct {
  JsonPace pace;
  Arena *arena;
  size_t used;  // bytes of the arena
  const JsonNumber *next_number;
} Reading;

static void *take(Reading *reading, size_t size) {
  reading->used += size;
  return json_goes_on(&reading->pace, reading->used) ? arena_alloc(reading->arena, size) : NULL;
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

static bool take_number(Json *value, JsonNumber number, Reading *reading) {
  value->kind = number.is_real ? JSON_REAL : JSON_INT;
  value->integer = number.integer;
  value->real = number.is_real ? number.real : (double)number.integer;
  reading->used += number.literal.len;
  value->string = arena_dup(reading->arena, number.literal);
  return value->string.ptr != NULL;
}

// In the order of the text, as the numbers are listed.
static Json *adopt(cJSON *item, Reading *reading) {
  Json *value = take(reading, sizeof *value);
  if (!value) return NULL;
  memset(value, 0, sizeof *value);
  if (item->string) value->key = unmend_string(item->string);
  if (cJSON_IsNumber(item)) {
    if (!take_number(value, *reading->next_number++, reading)) return NULL;
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
    *next = adopt(child, reading);
    if (!*next) return NULL;
    next = &(*next)->next;
    value->count++;
  }
  return value;
}

// The text that this thread parses: cJSON's allocator gets no context.
static _Thread_local Reading *under_way;

static void *cjson_allocate(size_t size) { return take(under_way, size); }

static void cjson_free(void *block) {}

static void tell_cjson(void) {
  cJSON_InitHooks(&(cJSON_Hooks){ .malloc_fn = cjson_allocate, .free_fn = cjson_free });
}

static Json *build(Reading *reading, const JsonMender *m) {
  static pthread_once_t told = PTHREAD_ONCE_INIT;
  if (m->out.failed || m->numbers.failed) return NULL;
  pthread_once(&told, tell_cjson);
  Str text = json_mended(m);
  under_way = reading;
  reading->next_number = (const JsonNumber *)m->numbers.ptr;
  cJSON *tree = cJSON_ParseWithLength(text.ptr, text.len);
  return tree ? adopt(tree, reading) : NULL;
}

void json_free(JsonDoc *doc) {
  if (doc) arena_free(doc->arena);
}

enum {
  COST_OF_ALL = 65536,
  COST_OF_SMALL = 8192  // the arena's first block, and its next one
};

// Blocks of the arena that are begun, which grow with it.
static size_t cost_of_room(size_t len) {
  size_t small = COST_OF_SMALL + 2 * len;
  return small < COST_OF_ALL ? small : COST_OF_ALL;
}

static JsonDoc *read_document(const JsonMender *m, Reading *reading) {
  Arena *arena = arena_new();
  JsonDoc *doc = arena ? arena_alloc(arena, sizeof *doc) : NULL;
  if (doc) {
    reading->arena = arena;
    *doc = (JsonDoc){ .arena = arena, .root = build(reading, m) };
    doc->size = reading->used + cost_of_room(m->text.len);
    if (doc->root) return doc;
  }
  arena_free(arena);
  return NULL;
}

static bool report_end(const Reading *reading, Err *err) {
  return reading->pace.stopped ? err_set(err, ERR_FAILED, "the reading of a JSON text was stopped")
                               : err_set(err, ERR_MEMORY, "no memory to read a JSON text");
}

JsonDoc *json_parse_within(Str text, const JsonLimits *limits, Err *err) {
  JsonMender m = { .text = text };
  Reading reading = { .pace.limits = limits };
  bool mended = json_mend(&m, &reading.pace);
  JsonDoc *doc = mended ? read_document(&m, &reading) : NULL;
  if (!mended && !m.over) json_mend_report(&m, err);
  else if (!doc) report_end(&reading, err);
  buf_clear(&m.out);
  buf_clear(&m.numbers);
  return doc;
}

JsonDoc *json_parse(Str text, Err *err) { return json_parse_within(text, &(JsonLimits){ 0 }, err); }

// ---- what a text becomes ------------------------------------------------------------------------

// Of a value: cJSON's item and ours, a number listed in a buffer with room to grow, and the ends of its texts. Of a
// broken byte, or NUL: the two or three bytes that replace it, in the text that is rewritten, with room to grow, and in
// cJSON's string.
enum {
  VALUE_COST = sizeof(cJSON) + sizeof(Json) + 2 * sizeof(JsonNumber) + 16,
  BROKEN_COST = 3 * 3
};

// The position behind the string that begins at `from`, or the end of the text.
static size_t behind_string(Str text, size_t from) {
  for (size_t at = from + 1; at < text.len; at++) {
    const char *quote = memchr(text.ptr + at, '"', text.len - at);
    if (!quote) break;
    size_t escapes = 0, end = (size_t)(quote - text.ptr);
    while (end - escapes > at && text.ptr[end - escapes - 1] == '\\') escapes++;
    if (escapes % 2 == 0) return end + 1;
    at = end;
  }
  return text.len;
}

static size_t values_most(Str text) {
  size_t values = 1;
  for (size_t at = 0; at < text.len;) {
    char c = text.ptr[at];
    values += c == ',' || c == '[' || c == '{';
    at = c == '"' ? behind_string(text, at) : at + 1;
  }
  return values;
}

static size_t count_broken(Str text) {
  size_t broken = 0;
  for (size_t at = 0, len = 1; at < text.len; at += len) {
    bool valid = true;
    len =
        (unsigned char)text.ptr[at] < 0x80 ? 1 : str_utf8_len(str_sub(text, at, text.len), &valid);
    broken += !valid || text.ptr[at] == '\0';
  }
  return broken;
}

size_t json_cost(Str text) {
  return cost_of_room(text.len) + text.len + text.len / 4 + values_most(text) * VALUE_COST +
         count_broken(text) * BROKEN_COST;
}

// Nearly all values have two bytes, the comma counted, and the others are one within the other. A broken byte
// costs less.
size_t json_cost_most(size_t len) {
  size_t values = len / 2 + JSON_DEPTH_MAX;
  if (values > len) values = len;
  return cost_of_room(len) + len + len / 4 + (values + 1) * VALUE_COST;
}

size_t json_copy_most(size_t len) { return 2 * len; }

// ---- asking -------------------------------------------------------------------------------------

size_t json_size(const JsonDoc *doc) { return doc->size; }

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
