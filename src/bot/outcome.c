#include "bot/outcome.h"

#include "bot/bot_metrics.h"

// Outcomes that need attention get a higher level.
static LogLevel level_of(Str name) {
  bool bad = str_eq(name, STR("failed")) || str_eq(name, STR("lost"));
  return bad || str_eq(name, STR("refused")) ? LOG_WARN : LOG_INFO;
}

enum { NUMBER_MAX = 24 };

// Writes a non-negative number with `decimals` digits after the point.
static Str number(char text[NUMBER_MAX], int64_t value, int decimals) {
  char *at = text + NUMBER_MAX;
  int written = 0;
  do {
    if (decimals && written++ == decimals) *--at = '.';
    *--at = (char)('0' + value % 10);
    value /= 10;
  } while (value > 0 || (decimals && written <= decimals));
  return str_make(at, (size_t)(text + NUMBER_MAX - at));
}

// The bench counts it by its name.
__attribute__((noinline)) static void log_outcome(const Outcome *o, LogLevel level) {
  char attempt[NUMBER_MAX], ms[NUMBER_MAX], calls[NUMBER_MAX];
  LogField fields[] = {
    { LOG_NAME("type"), o->type, false },
    { LOG_NAME("outcome"), str_of(o->outcome), false },
    { LOG_NAME("attempt"), number(attempt, o->attempt, 0), true },
    { LOG_NAME("ms"), number(ms, o->us > 0 ? o->us / 100 : 0, 1), true },
    { LOG_NAME("api_calls"), number(calls, o->api_calls, 0), true },
    { LOG_NAME("account"), o->account, false },
    { LOG_NAME("place"), o->place, false },
  };
  log_fields(level, "message", fields, sizeof fields / sizeof fields[0]);
}

void outcome_tell(const Outcome *o, Metrics *metrics) {
  Str type = o->type.len > 0 ? o->type : STR("none");
  Str outcome = str_of(o->outcome);
  LogLevel level = level_of(outcome);
  bot_metrics_callback(metrics, type, outcome, o->us);
  if (o->attempt > 1 || str_eq(outcome, STR("duplicate"))) bot_metrics_duplicate(metrics);
  if (o->type.len > 0 && log_on(level)) log_outcome(o, level);
}
