// When a line of crontab's five fields comes due: minute, hour, day of month, month, day of week, in local
// time.
#ifndef WEMOON_SCRIPT_CRON_H
#define WEMOON_SCRIPT_CRON_H

#include "base/err.h"
#include "base/str.h"

typedef struct {
  uint64_t minutes, hours, days, months, weekdays;  // a bit for each that fits
  bool any_day, any_weekday;  // written as '*': then the other of the two decides alone
  bool
      by_clock;  // hour or minute begins with '*': it runs by the time that passes, as Debian's cron has it
} Cron;

// Lists, ranges, steps, names (jan, mon), 7 for Sunday; also @hourly, @daily, @weekly, @monthly, @yearly.
// ERR_USAGE names the field.
bool cron_parse(Str spec, Cron *cron, Err *err);
// The first matching time after `unix_s`, at second 0; -1 if there is none within five years
// (February 30). A time that a day lacks because its clock is put forward comes right after the
// gap; a time that a day has twice comes once, the first time.
int64_t cron_next(const Cron *cron, int64_t unix_s);

#endif
