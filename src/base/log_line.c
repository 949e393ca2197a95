#include "base/log_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/secrets.h"

const Str log_level_names[] = { STR("debug"), STR("info"), STR("warn"), STR("error") };
const Str log_level_columns[] = { STR(" debug "), STR(" info  "), STR(" warn  "), STR(" error ") };

// ---- characters ---------------------------------------------------------------------------------

// The length of the character at the front of `s`; 0 if it must not be shown: malformed, or a control character.
// U+0080 to U+009F are control characters too: terminals obey them.
static size_t shown_len(Str s) {
  bool valid;
  size_t len = str_utf8_len(s, &valid);
  unsigned char first = (unsigned char)s.ptr[0];
  if (!valid || first < 0x20 || first == 0x7F) return 0;
  return first == 0xC2 && (unsigned char)s.ptr[1] < 0xA0 ? 0 : len;
}

// Continuation lines begin with white space, which a line of the log never does.
static void add_text_char(Buf *out, char c) {
  if (c == '\n') buf_add(out, STR("\n    "));
  else if (c == '\t') buf_addc(out, c);
  else if (c == '\r') buf_add(out, STR("\\r"));
  else buf_printf(out, "\\x%02x", (unsigned)(unsigned char)c);
}

static void add_json_char(Buf *out, char c) {
  if (c == '\n') buf_add(out, STR("\\n"));
  else if (c == '\t') buf_add(out, STR("\\t"));
  else if (c == '\r') buf_add(out, STR("\\r"));
  else if ((unsigned char)c >= 0x80) buf_add(out, STR("\\ufffd"));
  else buf_printf(out, "\\u%04x", (unsigned)c);
}

// The length of the beginning that needs no escape: printable ASCII that JSON does not escape.
static size_t easy_len(Str s) {
  size_t len = 0;
  while (len < s.len && s.ptr[len] >= ' ' && s.ptr[len] < 0x7F && s.ptr[len] != '"' &&
         s.ptr[len] != '\\')
    len++;
  return len;
}

bool log_line_is_easy(Str text) { return easy_len(text) == text.len; }

static void add_clean(Buf *out, Str s, LogFormat format) {
  while (s.len) {
    size_t easy = easy_len(s);
    buf_add(out, str_sub(s, 0, easy));
    s = str_sub(s, easy, s.len);
    if (s.len == 0) return;
    char c = s.ptr[0];
    size_t len = shown_len(s);
    if (len == 0) {
      if (format == LOG_JSON) add_json_char(out, c);
      else add_text_char(out, c);
      len = 1;
    } else {
      if (format == LOG_JSON && (c == '"' || c == '\\')) buf_addc(out, '\\');
      buf_add(out, str_make(s.ptr, len));
    }
    s = str_sub(s, len, s.len);
  }
}

static void add_quoted(Buf *out, Str s) {
  buf_addc(out, '"');
  add_clean(out, s, LOG_JSON);
  buf_addc(out, '"');
}

// ---- what may not be shown ----------------------------------------------------------------------

// `s`, or its copy in `room` with secrets and openids hidden.
static Str shown(Str s, Buf *room) {
  if (s.len < SECRET_MIN) return s;
  buf_reset(room);
  return secrets_hide(s, room) ? buf_str(room) : s;
}

// ---- fields -------------------------------------------------------------------------------------

// What stands in a value without quotes: a parser of key=value would split at the others.
static bool is_plain(Str value) {
  static const bool splits[256] = {
    [0 ... ' '] = true, ['"'] = true, ['='] = true, ['\\'] = true, [0x7F ... 0xFF] = true
  };
  for (size_t i = 0; i < value.len; i++) {
    if (splits[(unsigned char)value.ptr[i]]) return false;
  }
  return true;
}

static void add_text_field(Buf *out, const LogField *field, Str value) {
  if (value.len == 0) return;
  bool bare = field->is_number || is_plain(value);
  buf_add(out, str_make(field->name.text, field->name.len));
  if (bare) buf_add(out, value);
  else add_quoted(out, value);
}

static void add_json_field(Buf *out, const LogField *field, Str value) {
  buf_add(out, STR(",\""));
  buf_add(out, log_line_name(field));
  buf_add(out, STR("\":"));
  if (value.len == 0) buf_add(out, STR("null"));
  else if (field->is_number) buf_add(out, value);
  else add_quoted(out, value);
}

static void add_field(Buf *out, const LogField *field, LogFormat format, Buf *room) {
  Str value = field->is_number ? field->value : shown(field->value, room);
  if (format == LOG_JSON) add_json_field(out, field, value);
  else add_text_field(out, field, value);
}

// The subject's openid is written as log_openid says.
static void add_subject(Buf *out, const LogSubject *subject, LogFormat format, Buf *room) {
  char hash[OPENID_SHOWN_MAX];
  LogField fields[] = { { LOG_NAME("openid"), secrets_show_openid(subject->openid, hash), false },
                        { LOG_NAME("msgid"), subject->msgid, false } };
  for (size_t i = 0; i < 2; i++) {
    if (fields[i].value.len) add_field(out, &fields[i], format, room);
  }
}

static void add_fields(Buf *out, const LogLine *line, LogFormat format, Buf *room) {
  add_subject(out, &line->subject, format, room);
  for (size_t i = 0; i < line->field_count; i++) add_field(out, &line->fields[i], format, room);
}

// ---- lines --------------------------------------------------------------------------------------

// The time that this thread wrote last: local time; JSON has the offset too (RFC 3339).
typedef struct {
  int64_t second;
  char text[sizeof "2026-11-29 00:00:00.000"];
  char json[sizeof "2026-11-29T00:00:00.000+00:00"];
} Time;

enum { FRACTION = sizeof "2026-11-29 00:00:00." - 1 };

static void fill_second(Time *at, int64_t second) {
  time_t now = second;
  struct tm tm = { 0 };
  localtime_r(&now, &tm);
  long minutes = labs(tm.tm_gmtoff) / 60;
  strftime(at->text, sizeof at->text, "%Y-%m-%d %H:%M:%S.000", &tm);
  strftime(at->json, sizeof at->json, "%Y-%m-%dT%H:%M:%S.000", &tm);
  snprintf(at->json + FRACTION + 3, sizeof "+00:00", "%c%02d:%02d", tm.tm_gmtoff < 0 ? '-' : '+',
           (int)(minutes / 60 % 100), (int)(minutes % 60));
  at->second = second;
}

Str log_line_time(LogFormat format) {
  static _Thread_local Time at = { .second = -1 };
  int64_t now_ms = clock_unix_ms();
  unsigned ms = (unsigned)(now_ms % 1000);
  if (at.second != now_ms / 1000) fill_second(&at, now_ms / 1000);
  char *time = format == LOG_JSON ? at.json : at.text;
  time[FRACTION] = (char)('0' + ms / 100);
  time[FRACTION + 1] = (char)('0' + ms / 10 % 10);
  time[FRACTION + 2] = (char)('0' + ms % 10);
  return str_make(time, format == LOG_JSON ? sizeof at.json - 1 : sizeof at.text - 1);
}

static void render_json(const LogLine *line, Buf *out, Buf *room) {
  buf_add(out, STR("{\"time\":\""));
  buf_add(out, log_line_time(LOG_JSON));
  buf_add(out, STR("\",\"level\":\""));
  buf_add(out, log_level_names[line->level]);
  buf_add(out, STR("\",\"msg\":"));
  add_quoted(out, shown(line->message, room));
  add_fields(out, line, LOG_JSON, room);
  buf_add(out, STR("}\n"));
}

static size_t first_line_len(Str s) {
  const char *newline = s.len ? memchr(s.ptr, '\n', s.len) : NULL;
  return newline ? (size_t)(newline - s.ptr) : s.len;
}

static void render_text(const LogLine *line, Buf *out, Buf *room) {
  Buf message_room;
  buf_init(&message_room);
  buf_add(out, log_line_time(LOG_TEXT));
  buf_add(out, log_level_columns[line->level]);
  Str message = shown(line->message, &message_room);
  size_t first = first_line_len(message);
  add_clean(out, str_sub(message, 0, first), LOG_TEXT);
  add_fields(out, line, LOG_TEXT, room);
  add_clean(out, str_sub(message, first, message.len), LOG_TEXT);
  buf_addc(out, '\n');
  buf_clear(&message_room);
}

void log_line_render(const LogLine *line, LogFormat format, Buf *out) {
  Buf room;
  buf_init(&room);
  if (format == LOG_JSON) render_json(line, out, &room);
  else render_text(line, out, &room);
  buf_clear(&room);
}

void log_line_add_message(const LogLine *line, Buf *out) {
  Buf room;
  buf_init(&room);
  buf_add(out, shown(line->message, &room));
  for (size_t i = 0; i < line->field_count; i++) add_field(out, &line->fields[i], LOG_TEXT, &room);
  buf_clear(&room);
}
