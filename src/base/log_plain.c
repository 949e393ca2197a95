// Writes the parts one behind the other, and then looks at all of them at once.
#include "base/log_plain.h"

#include "base/lane.h"
#include "base/secrets.h"

enum {
  AROUND = 16,     // bytes at most around a name and its value
  FRAME = 100,     // bytes at most around message and fields
  FIELDS_MAX = 40  // their separators are counted in a byte
};

static inline char *put_char(char *at, char c) {
  *at = c;
  return at + 1;
}

static inline bool fits(const LogField *field, const char *at, const char *end) {
  return field->name.len + field->value.len + AROUND <= (size_t)(end - at);
}

// ---- looking ------------------------------------------------------------------------------------

// The sign bit of a byte marks a control character, or what is beyond ASCII.
static inline Lane signs_of_hard(Lane lane) {
  typedef uint8_t Bytes __attribute__((vector_size(sizeof(Lane))));
  return (Lane)(((Bytes)lane + 1) | ((Bytes)lane - ' '));
}

static inline bool has_sign(Lane lane) { return !lane_is_zero(lane & INT8_MIN); }

#ifdef __x86_64__
// Lanes of 32 bytes, of which most processors of this kind are capable.
typedef int8_t WideLane __attribute__((vector_size(32)));
typedef uint8_t WideBytes __attribute__((vector_size(sizeof(WideLane))));
// As numbers: of comparisons that are put together by `|`, GCC 12 makes three instructions instead of one.
typedef uint64_t WideFound __attribute__((vector_size(sizeof(WideLane))));

// As are_bare, and writes as much filler as a wide lane.
__attribute__((target("avx2"))) static bool are_bare_wide(const char *from, char *end,
                                                          size_t separators) {
  WideFound hard = { 0 };
  WideLane found = { 0 };
  memset(end, '.', sizeof(WideLane));
  for (; from < end; from += sizeof(WideLane)) {
    WideLane lane;
    memcpy(&lane, from, sizeof lane);
    // As signed numbers, those after a hard byte are below the one after a space.
    WideLane after = (WideLane)((WideBytes)lane + 1);
    hard |= (WideFound)(after <= ' ') | (WideFound)(lane == '"') | (WideFound)(lane == '\\');
    found -= (lane == ' ') + (lane == '=');
  }
  Lane halves[2];
  memcpy(halves, &found, sizeof found);
  bool is_hard = (hard[0] | hard[1] | hard[2] | hard[3]) != 0;
  return !is_hard && lane_sum(halves[0] + halves[1]) == separators;
}

static inline bool has_wide_lanes(void) { return __builtin_cpu_supports("avx2"); }
enum { FILLER = sizeof(WideLane) };
#else
static inline bool has_wide_lanes(void) { return false; }
static bool are_bare_wide(const char *from, char *end, size_t separators) {
  return (void)from, (void)end, (void)separators, false;
}
enum { FILLER = sizeof(Lane) };
#endif

// Whether values are shown without quotes: no byte is hard, a quotation mark or a backslash, and spaces and equals
// signs are no more than those between names and values. Writes a lane of filler to `end`, like the next function.
static bool are_bare(const char *from, char *end, size_t separators) {
  Lane hard = { 0 }, found = { 0 };
  if (has_wide_lanes()) return are_bare_wide(from, end, separators);
  memset(end, '.', sizeof(Lane));
  for (; from < end; from += sizeof(Lane)) {
    Lane lane = lane_at(from);
    hard |= signs_of_hard(lane) | (Lane)(lane == '"') | (Lane)(lane == '\\');
    found -= (Lane)(lane == ' ') + (Lane)(lane == '=');
  }
  return !has_sign(hard) && lane_sum(found) == separators;
}

// Whether JSON strings need no escape: no byte is hard or a backslash, and the quotation marks are those of the JSON.
static bool are_unescaped(const char *from, char *end, size_t quotes) {
  Lane hard = { 0 }, found = { 0 };
  memset(end, '.', sizeof(Lane));
  for (; from < end; from += sizeof(Lane)) {
    Lane lane = lane_at(from);
    hard |= signs_of_hard(lane) | (Lane)(lane == '\\');
    found -= (Lane)(lane == '"');
  }
  return !has_sign(hard) && lane_sum(found) == quotes;
}

// ---- text ---------------------------------------------------------------------------------------

// Counts the field, unless it has no value. Returns NULL if there is no room.
static inline char *put_text_field(char *at, const char *end, const LogField *field,
                                   size_t *shown) {
  if (!at || field->value.len == 0) return at;
  if (!fits(field, at, end)) return NULL;
  memcpy(at, &field->name, sizeof field->name);
  *shown += 1;
  return str_put(at + field->name.len, field->value);
}

// Returns NULL if the fields do not fit, or not as they are. The bench counts it by its name.
__attribute__((noinline)) static char *add_text_fields(const LogLine *line, char *at, char *end) {
  const LogSubject *subject = &line->subject;
  char hash[OPENID_SHOWN_MAX];
  const LogField openid = { LOG_NAME("openid"), secrets_show_openid(subject->openid, hash), false };
  const LogField msgid = { LOG_NAME("msgid"), subject->msgid, false };
  char *from = at;
  size_t shown = 0;
  at = put_text_field(at, end, &openid, &shown);
  at = put_text_field(at, end, &msgid, &shown);
  for (size_t i = 0; i < line->field_count; i++)
    at = put_text_field(at, end, &line->fields[i], &shown);
  bool plain =
      at && are_bare(from, at, 2 * shown) && secrets_allow(str_make(from, (size_t)(at - from)));
  return plain ? at : NULL;
}

static size_t render_text(const LogLine *line, char *out, char *end) {
  if (!log_line_is_easy(line->message) || !secrets_allow(line->message)) return 0;
  char *at = str_put(out, log_line_time(LOG_TEXT));
  at = str_put(at, log_level_columns[line->level]);
  at = str_put(at, line->message);
  at = add_text_fields(line, at, end);
  return at ? (size_t)(put_char(at, '\n') - out) : 0;
}

// ---- JSON ---------------------------------------------------------------------------------------

static inline char *put_quoted(char *at, Str text) {
  return put_char(str_put(put_char(at, '"'), text), '"');
}

static inline bool is_quoted(const LogField *field) {
  return !field->is_number && field->value.len;
}

static inline char *put_json_field(char *at, const char *end, const LogField *field,
                                   size_t *quotes) {
  if (!at || !fits(field, at, end)) return NULL;
  *quotes += is_quoted(field) ? 4 : 2;
  at = put_char(put_quoted(put_char(at, ','), log_line_name(field)), ':');
  if (is_quoted(field)) return put_quoted(at, field->value);
  return str_put(at, field->value.len ? field->value : STR("null"));
}

static char *add_json_fields(const LogLine *line, char *at, char *end) {
  const LogSubject *subject = &line->subject;
  char hash[OPENID_SHOWN_MAX];
  const LogField openid = { LOG_NAME("openid"), secrets_show_openid(subject->openid, hash), false };
  const LogField msgid = { LOG_NAME("msgid"), subject->msgid, false };
  char *from = at;
  size_t quotes = 0;
  if (subject->openid.len) at = put_json_field(at, end, &openid, &quotes);
  if (subject->msgid.len) at = put_json_field(at, end, &msgid, &quotes);
  for (size_t i = 0; i < line->field_count; i++)
    at = put_json_field(at, end, &line->fields[i], &quotes);
  bool plain =
      at && are_unescaped(from, at, quotes) && secrets_allow(str_make(from, (size_t)(at - from)));
  return plain ? at : NULL;
}

static size_t render_json(const LogLine *line, char *out, char *end) {
  if (!log_line_is_easy(line->message) || !secrets_allow(line->message)) return 0;
  char *at = str_put(out, STR("{\"time\":"));
  at = put_quoted(at, log_line_time(LOG_JSON));
  at = put_quoted(str_put(at, STR(",\"level\":")), log_level_names[line->level]);
  at = put_quoted(str_put(at, STR(",\"msg\":")), line->message);
  at = add_json_fields(line, at, end);
  return at ? (size_t)(str_put(at, STR("}\n")) - out) : 0;
}

size_t log_plain_render(const LogLine *line, LogFormat format, char out[LOG_PLAIN_MAX]) {
  char *end = out + LOG_PLAIN_MAX - FILLER;
  bool may_fit =
      line->message.len + FRAME <= (size_t)(end - out) && line->field_count <= FIELDS_MAX;
  if (!may_fit) return 0;
  return format == LOG_JSON ? render_json(line, out, end) : render_text(line, out, end);
}
