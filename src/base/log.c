// The log: makes a line, cleans it, and hands it to the sink at once.
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log_sink.h"

static _Atomic LogLevel log_level = LOG_INFO;
static _Atomic LogFormat log_format = LOG_TEXT;

typedef void (*LogTap)(void *ctx, LogLevel level, Str message);
static _Atomic LogTap log_tap_fn;
static void *_Atomic log_tap_ctx;
static _Atomic LogTap log_show;
static void *_Atomic log_show_ctx;

static const char *const level_names[] = { "debug", "info", "warn", "error" };

void log_setup(LogLevel level, LogFormat format) {
  log_level = level;
  log_format = format;
}

bool log_on(LogLevel level) {
  return level >= atomic_load_explicit(&log_level, memory_order_relaxed);
}

// Bytes of the character at the front of `s`; 0 when it may not be shown: broken, or a control character.
// Those from U+0080 to U+009F count too, for terminals obey them.
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

static void add_clean(Buf *out, Str s, LogFormat format) {
  while (s.len) {
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

// Local time; JSON also carries the offset, as RFC 3339 wants it.
static void add_time(Buf *out, LogFormat format) {
  int64_t now_ms = clock_unix_ms();
  time_t now = now_ms / 1000;
  struct tm tm = { 0 };
  localtime_r(&now, &tm);
  buf_printf(out, "%04d-%02d-%02d%c%02d:%02d:%02d.%03d", tm.tm_year + 1900, tm.tm_mon + 1,
             tm.tm_mday, format == LOG_JSON ? 'T' : ' ', tm.tm_hour, tm.tm_min, tm.tm_sec,
             (int)(now_ms % 1000));
  if (format != LOG_JSON) return;
  long minutes = labs(tm.tm_gmtoff) / 60;
  buf_printf(out, "%c%02ld:%02ld", tm.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

bool log_to_file(const char *path) { return log_sink_to_file(path); }

void log_reopen(void) { log_sink_reopen(); }

static bool write_line(LogLevel level, Str message) {
  LogFormat format = log_format;
  Buf line;
  buf_init(&line);
  buf_reserve(&line, message.len + 64);
  if (format == LOG_JSON) buf_add(&line, STR("{\"time\":\""));
  add_time(&line, format);
  buf_printf(&line, format == LOG_JSON ? "\",\"level\":\"%s\",\"message\":\"" : " %-5s ",
             level_names[level]);
  add_clean(&line, message, format);
  buf_add(&line, format == LOG_JSON ? STR("\"}\n") : STR("\n"));
  bool written = log_sink_write(line.failed ? STR("wemoon: no memory for a line of the log\n")
                                            : buf_str(&line));
  buf_clear(&line);
  return written;
}

// Says that lines were dropped, before the first line after them that gets through.
static void tell_dropped(void) {
  uint64_t lines = log_sink_untold();
  if (lines == 0) return;
  char text[96];
  int len = snprintf(text, sizeof text,
                     "lines of the log were dropped: its reader did not keep up dropped=%llu",
                     (unsigned long long)lines);
  if (write_line(LOG_WARN, str_make(text, (size_t)len))) log_sink_told(lines);
}

void log_divert(LogTap show, void *ctx) {
  if (show) log_show_ctx = ctx;
  log_show = show;
}

void log_tap(LogTap tap, void *ctx) {
  if (tap) log_tap_ctx = ctx;
  log_tap_fn = tap;
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
  LogTap show = log_show;
  if (show) {
    show(log_show_ctx, level, shown);
  } else {
    tell_dropped();
    if (!write_line(level, shown)) log_sink_count_dropped();
  }
  LogTap tap = log_tap_fn;
  if (tap) tap(log_tap_ctx, level, shown);
  buf_clear(&message);
  errno = saved_errno;
}

void log_mask(Buf *out, Str secret) {
  if (secret.len >= 12) buf_add(out, str_make(secret.ptr, str_utf8_prefix(secret, 4)));
  buf_printf(out, "…(%zu)", secret.len);
}
