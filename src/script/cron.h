// Due times of a line of crontab's five fields: minute, hour, day of month, month, day of week, in local time.
#ifndef WEMOON_SCRIPT_CRON_H
#define WEMOON_SCRIPT_CRON_H

#include "base/err.h"
#include "base/str.h"

typedef struct {
  uint64_t minutes, hours, days, months, weekdays;  // one bit per value that matches
  bool any_day, any_weekday;  // begins with '*': then day and weekday must both match; without a
                              // '*' one match is enough
  bool by_clock;  // hour or minute begins with '*': due times follow elapsed time, as in Debian's
                  // cron
} Cron;

// Parses a line. Accepts lists, ranges, steps, names (jan, mon), 7 for Sunday, and @hourly, @daily, @weekly, @monthly,
// @yearly. Returns false with ERR_USAGE, which names the field.
bool cron_parse(Str spec, Cron *cron, Err *err);
// Returns the first matching time after `unix_s`, at second 0; -1 if there is none within five years (February 30). A
// time that a day lacks because its clock is put forward comes right after the gap; a time that a day has twice comes
// once, at its first occurrence.
int64_t cron_next(const Cron *cron, int64_t unix_s);

#endif
