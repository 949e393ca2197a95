// crontab's five fields.
#include "script/cron.h"

#include <time.h>

typedef struct {
  const char *name;
  int64_t low, high;
  const char *const *names;  // names of low, low + 1, ...
} Field;

static const char *const months[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul",
                                      "aug", "sep", "oct", "nov", "dec", NULL };
static const char *const weekdays[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL };

static const Field fields[] = { { "minute", 0, 59, NULL },
                                { "hour", 0, 23, NULL },
                                { "day of month", 1, 31, NULL },
                                { "month", 1, 12, months },
                                { "day of week", 0, 7, weekdays } };

static const struct {
  Str name, spec;
} shorthands[] = { { STR("@hourly"), STR("0 * * * *") },
                   { STR("@daily"), STR("0 0 * * *") },
                   { STR("@weekly"), STR("0 0 * * 0") },
                   { STR("@monthly"), STR("0 0 1 * *") },
                   { STR("@yearly"), STR("0 0 1 1 *") } };

static bool parse_number(const Field *field, Str text, int64_t *out) {
  for (int64_t i = 0; field->names && field->names[i]; i++) {
    if (!str_eq_nocase(text, str_of(field->names[i]))) continue;
    *out = field->low + i;
    return true;
  }
  return str_to_int64(text, out) && *out >= field->low && *out <= field->high;
}

// "*", "5", "5-9", each with "/step".
static bool parse_range(const Field *field, Str text, uint64_t *bits) {
  Str range, step_text, from, to;
  int64_t low = field->low, high = field->high, step = 1;
  bool stepped = str_cut(text, '/', &range, &step_text);
  if (stepped && (!str_to_int64(step_text, &step) || step < 1)) return false;
  if (!str_eq(range, STR("*"))) {
    bool is_range = str_cut(range, '-', &from, &to);
    if (!parse_number(field, from, &low)) return false;
    if (is_range && !parse_number(field, to, &high)) return false;
    if (!is_range && !stepped) high = low;
    if (high < low) return false;
  }
  if (step > high) step = high + 1;
  for (int64_t n = low; n <= high; n += step) *bits |= UINT64_C(1) << n;
  return true;
}

static bool parse_field(const Field *field, Str text, uint64_t *bits, Err *err) {
  Str item, rest = text;
  bool more = true;
  *bits = 0;
  do {
    more = str_cut(rest, ',', &item, &rest);
    if (!parse_range(field, item, bits)) {
      return err_set(
          err, ERR_USAGE,
          "'%.*s' is not a valid %s: write numbers from %lld to %lld, lists, ranges or steps",
          STR_FMT(text), field->name, (long long)field->low, (long long)field->high);
    }
  } while (more);
  return true;
}

static bool next_word(Str *rest, Str *word) {
  Str text = str_trim(*rest);
  size_t len = 0;
  while (len < text.len && text.ptr[len] != ' ' && text.ptr[len] != '\t') len++;
  *word = str_sub(text, 0, len);
  *rest = str_sub(text, len, text.len);
  return len > 0;
}

bool cron_parse(Str spec, Cron *cron, Err *err) {
  for (size_t i = 0; i < sizeof shorthands / sizeof shorthands[0]; i++) {
    if (str_eq(str_trim(spec), shorthands[i].name)) spec = shorthands[i].spec;
  }
  *cron = (Cron){ 0 };
  uint64_t *bits[] = { &cron->minutes, &cron->hours, &cron->days, &cron->months, &cron->weekdays };
  Str rest = spec, word;
  for (size_t i = 0; i < 5; i++) {
    if (!next_word(&rest, &word)) {
      return err_set(
          err, ERR_USAGE,
          "'%.*s' has no field for the %s: write minute, hour, day of month, month, day of week",
          STR_FMT(spec), fields[i].name);
    }
    if (!parse_field(&fields[i], word, bits[i], err)) return false;
    if (i == 2) cron->any_day = word.ptr[0] == '*';
    if (i < 2) cron->by_clock = cron->by_clock || word.ptr[0] == '*';
    if (i == 4) cron->any_weekday = word.ptr[0] == '*';
  }
  if (next_word(&rest, &word))
    return err_set(err, ERR_USAGE, "'%.*s' has more than five fields", STR_FMT(spec));
  if (cron->weekdays & (UINT64_C(1) << 7)) cron->weekdays |= 1;
  return true;
}

static bool has(uint64_t bits, int n) { return bits & (UINT64_C(1) << n); }

static bool day_fits(const Cron *cron, const struct tm *day) {
  bool by_day = has(cron->days, day->tm_mday), by_weekday = has(cron->weekdays, day->tm_wday);
  if (!has(cron->months, day->tm_mon + 1)) return false;
  return cron->any_day || cron->any_weekday ? by_day && by_weekday : by_day || by_weekday;
}

// Steps through hours and minutes in real time, so that a day with a clock change has exactly the hours that it has.
static int64_t next_by_clock(const Cron *cron, int64_t unix_s) {
  time_t at = (time_t)(unix_s - unix_s % 60 + 60);
  time_t end = at + (time_t)5 * 366 * 86400;
  while (at < end) {
    struct tm now;
    if (!localtime_r(&at, &now)) return -1;
    if (!day_fits(cron, &now)) {
      struct tm next = {
        .tm_year = now.tm_year, .tm_mon = now.tm_mon, .tm_mday = now.tm_mday + 1, .tm_isdst = -1
      };
      time_t midnight = mktime(&next);
      at = midnight > at ? midnight : at + 3600;
    } else if (!has(cron->hours, now.tm_hour)) {
      at += 60 * (60 - now.tm_min);
    } else if (!has(cron->minutes, now.tm_min)) {
      at += 60;
    } else {
      return (int64_t)at;
    }
  }
  return -1;
}

// ---- fixed times --------------------------------------------------------------------------------

static int64_t offset_at(int64_t unix_s) {
  time_t at = (time_t)unix_s;
  struct tm local;
  return localtime_r(&at, &local) ? local.tm_gmtoff : 0;
}

// Returns the first moment after `before` at which the local clock is `offset` ahead of UTC, as it is at `after`.
static int64_t change_between(int64_t before, int64_t after, int64_t offset) {
  while (after - before > 1) {
    int64_t middle = before + (after - before) / 2;
    if (offset_at(middle) == offset) after = middle;
    else before = middle;
  }
  return after;
}

// Returns the moment at which the local clock first shows `wall`, which is in seconds since 1970 as if it were UTC; if
// the clock skips `wall`, the moment of the jump.
static int64_t moment_of(int64_t wall) {
  enum { DAY_S = 86400 };
  int64_t before = offset_at(wall - DAY_S), after = offset_at(wall + DAY_S);
  int64_t early = wall - (before > after ? before : after);
  int64_t late = wall - (before > after ? after : before);
  if (offset_at(early) == wall - early) return early;
  if (offset_at(late) == wall - late) return late;
  return change_between(early, late, after);
}

// Returns the first matching time after `unix_s` in the day that begins at `midnight` of the local clock; -1: none.
static int64_t next_of_day(const Cron *cron, int64_t midnight, int64_t unix_s) {
  for (int64_t minute = 0; minute < 24 * 60; minute++) {
    if (!has(cron->hours, (int)(minute / 60)) || !has(cron->minutes, (int)(minute % 60))) continue;
    int64_t moment = moment_of(midnight + minute * 60);
    if (moment > unix_s) return moment;
  }
  return -1;
}

static int64_t next_fixed(const Cron *cron, int64_t unix_s) {
  enum { DAY_S = 86400, DAYS = 5 * 366 };
  int64_t wall = unix_s + offset_at(unix_s), midnight = wall - (wall % DAY_S + DAY_S) % DAY_S;
  for (int day = 0; day < DAYS; day++, midnight += DAY_S) {
    time_t at = (time_t)midnight;
    struct tm date;
    if (!gmtime_r(&at, &date)) return -1;
    int64_t moment = day_fits(cron, &date) ? next_of_day(cron, midnight, unix_s) : -1;
    if (moment >= 0) return moment;
  }
  return -1;
}

int64_t cron_next(const Cron *cron, int64_t unix_s) {
  return cron->by_clock ? next_by_clock(cron, unix_s) : next_fixed(cron, unix_s);
}
