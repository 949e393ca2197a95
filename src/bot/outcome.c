#include "bot/outcome.h"

#include "bot/bot_metrics.h"

#include <stdio.h>

void outcome_msgid(const MessageHead *head, Buf *out) {
  if (head->msg_id.len > 0) return buf_add(out, head->msg_id);
  buf_add(out, STR("e:"));
  buf_add(out, head->create_time);
  buf_addc(out, ':');
  buf_add(out, head->is_event ? head->event : head->msg_type);
  buf_addc(out, ':');
  buf_add(out, head->event_key);
}

// What somebody should look at.
static LogLevel level_of(const char *outcome) {
  Str name = str_of(outcome);
  bool bad = str_eq(name, STR("failed")) || str_eq(name, STR("lost"));
  return bad || str_eq(name, STR("refused")) ? LOG_WARN : LOG_INFO;
}

static Str number(char *text, size_t size, const char *format, double value) {
  int len = snprintf(text, size, format, value);
  return str_make(text, len > 0 && (size_t)len < size ? (size_t)len : 0);
}

static void log_it(const Outcome *o, LogLevel level) {
  char attempt[16], ms[32], calls[16];
  LogField fields[] = {
    { "type", o->type, false },
    { "outcome", str_of(o->outcome), false },
    { "attempt", number(attempt, sizeof attempt, "%.0f", o->attempt), true },
    { "ms", number(ms, sizeof ms, "%.1f", (double)o->us / 1000), true },
    { "api_calls", number(calls, sizeof calls, "%.0f", o->api_calls), true },
    { "account", o->account, false },
    { "place", o->place, false },
  };
  log_fields(level, "message", fields, sizeof fields / sizeof fields[0]);
}

void outcome_tell(const Outcome *o, Metrics *metrics) {
  Str type = o->type.len > 0 ? o->type : STR("none");
  LogLevel level = level_of(o->outcome);
  bot_metrics_callback(metrics, type, str_of(o->outcome), o->us);
  if (o->attempt > 1 || str_eq(str_of(o->outcome), STR("duplicate")))
    bot_metrics_duplicate(metrics);
  if (o->type.len > 0 && log_on(level)) log_it(o, level);
}
