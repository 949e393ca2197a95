// Levels, subjects, the tap and the diversion of the log.
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log_line.h"
#include "base/log_plain.h"
#include "base/log_sink.h"
#include "base/visible.h"

static _Atomic LogLevel log_level = LOG_INFO;
static _Atomic LogFormat log_format = LOG_TEXT;

typedef void (*LogTap)(void *ctx, LogLevel level, Str message);
static _Atomic LogTap log_tap_fn;
static void *_Atomic log_tap_ctx;
static _Atomic LogLevel log_tap_from;
static _Atomic LogTap log_show;
static void *_Atomic log_show_ctx;

static _Thread_local LogSubject log_subject;

void log_setup(LogLevel level, LogFormat format) {
  log_level = level;
  log_format = format;
}

bool log_on(LogLevel level) {
  return level >= atomic_load_explicit(&log_level, memory_order_relaxed);
}

bool log_to_file(const char *path) { return log_sink_to_file(path); }

void log_reopen(void) { log_sink_reopen(); }

LogSubject log_about(LogSubject subject) {
  LogSubject before = log_subject;
  log_subject = subject;
  return before;
}

LogSubject log_subject_now(void) { return log_subject; }

static Str copy_text(char **at, Str text) {
  char *copy = *at;
  if (text.len) memcpy(copy, text.ptr, text.len);
  *at += text.len;
  return str_make(copy, text.len);
}

char *log_subject_copy(LogSubject *subject) {
  size_t len = subject->openid.len + subject->msgid.len;
  char *block = len ? malloc(len) : NULL, *at = block;
  LogSubject copy = { 0 };
  if (block)
    copy = (LogSubject){ .openid = copy_text(&at, subject->openid),
                         .msgid = copy_text(&at, subject->msgid),
                         .trail = subject->trail };
  *subject = copy;
  return block;
}

void log_end_subject(const char *block) {
  if (log_subject.openid.ptr == block) log_subject = (LogSubject){ 0 };
}

enum {
  NOTED_OPENID = 40,
  NOTED_MSGID = LOG_SUBJECT_SIZE - NOTED_OPENID
};  // bytes, with a NUL each

typedef union {
  char text[LOG_SUBJECT_SIZE];
  uint64_t words[LOG_SUBJECT_SIZE / 8];
} Noted;

void log_subject_note(LogSubjectNote *note, LogSubject subject) {
  Noted noted = { { 0 } };
  if (subject.openid.len < NOTED_OPENID) str_put(noted.text, subject.openid);
  if (subject.msgid.len < NOTED_MSGID) str_put(noted.text + NOTED_OPENID, subject.msgid);
  for (size_t i = 0; i < LOG_SUBJECT_SIZE / 8; i++)
    atomic_store_explicit(&note->words[i], noted.words[i], memory_order_relaxed);
}

LogSubject log_subject_noted(const LogSubjectNote *note, char text[LOG_SUBJECT_SIZE]) {
  Noted noted;
  for (size_t i = 0; i < LOG_SUBJECT_SIZE / 8; i++)
    noted.words[i] = atomic_load_explicit(&note->words[i], memory_order_relaxed);
  memcpy(text, noted.text, sizeof noted.text);
  text[NOTED_OPENID - 1] = text[LOG_SUBJECT_SIZE - 1] = '\0';
  return (LogSubject){ .openid = str_of(text), .msgid = str_of(text + NOTED_OPENID) };
}

// What reorders text is left as it is in files and pipes, but a terminal would obey it.
static void make_visible(Buf *text) {
  Buf shown;
  buf_init(&shown);
  visible_add(&shown, buf_str(text));
  shown.failed = shown.failed || text->failed;
  buf_clear(text);
  *text = shown;
}

static bool write_any_line(const LogLine *line) {
  Buf text;
  buf_init(&text);
  buf_reserve(&text, line->message.len + 512);
  log_line_render(line, log_format, &text);
  if (log_format == LOG_TEXT && log_sink_is_terminal()) make_visible(&text);
  bool written = log_sink_write(text.failed ? STR("wemoon: no memory for a line of the log\n")
                                            : buf_str(&text));
  buf_clear(&text);
  return written;
}

static bool write_line(const LogLine *line) {
  char text[LOG_PLAIN_MAX];
  size_t len = log_plain_render(line, log_format, text);
  return len ? log_sink_write(str_make(text, len)) : write_any_line(line);
}

// Reports dropped lines, before the next line that is written.
static void tell_dropped(void) {
  uint64_t lines = log_sink_untold();
  if (lines == 0) return;
  char text[128];
  int len = snprintf(text, sizeof text,
                     "lines of the log were dropped: its reader did not keep up, or its disk was "
                     "full dropped=%llu",
                     (unsigned long long)lines);
  LogLine line = { .level = LOG_WARN, .message = str_make(text, (size_t)len) };
  if (write_line(&line)) log_sink_told(lines);
}

void log_divert(LogTap show, void *ctx) {
  if (show) log_show_ctx = ctx;
  log_show = show;
}

void log_tap(LogLevel from, LogTap tap, void *ctx) {
  if (tap) log_tap_ctx = ctx;
  log_tap_from = from;
  log_tap_fn = tap;
}

// Gives the message with its fields to the sink and the tap.
static void hand_over(const LogLine *line, LogTap to, void *ctx) {
  Buf text;
  buf_init(&text);
  log_line_add_message(line, &text);
  to(ctx, line->level, buf_str(&text));
  buf_clear(&text);
}

static void put(LogLevel level, Str message, const LogField *fields, size_t count) {
  LogLine line = { level, message, log_subject, fields, count };
  LogTap show = log_show, tap = log_tap_fn;
  if (show) {
    hand_over(&line, show, log_show_ctx);
  } else {
    tell_dropped();
    if (!write_line(&line)) log_sink_count_dropped();
  }
  if (tap && level >= log_tap_from) hand_over(&line, tap, log_tap_ctx);
}

void log_fields(LogLevel level, const char *message, const LogField *fields, size_t count) {
  if (!log_on(level)) return;
  int saved_errno = errno;
  put(level, str_of(message), fields, count);
  errno = saved_errno;
}

void log_line(LogLevel level, const char *format, ...) {
  if (!log_on(level)) return;
  int saved_errno = errno;
  Buf message;
  buf_init(&message);
  char text[1024];
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int len = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  Str shown = str_make(text, len < 0 ? 0 : (size_t)len);
  if (shown.len >= sizeof text) {
    if (buf_reserve(&message, shown.len)) shown.ptr = message.ptr;
    else shown.len = sizeof text - 1;
    if (message.ptr) vsnprintf(message.ptr, shown.len + 1, format, again);
  }
  va_end(again);
  put(level, shown, NULL, 0);
  buf_clear(&message);
  errno = saved_errno;
}
