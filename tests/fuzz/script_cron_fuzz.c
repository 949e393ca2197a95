// Any text as a line of crontab: a time that it gives fits, and lies ahead.
#include <stdlib.h>
#include <time.h>

#include "script/cron.h"

static void must(bool holds) {
  if (!holds) abort();
}

static void use_zone(void) {
  static bool set;
  if (set) return;
  setenv("TZ", "Europe/Berlin", 1);
  tzset();
  set = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Cron cron;
  Err err = { 0 };
  use_zone();
  if (!cron_parse(str_make((const char *)data, size), &cron, &err)) {
    must(err.code == ERR_USAGE && err.text[0]);
    return 0;
  }
  int64_t from = 1790000000 + (int64_t)(size * 86400), next = cron_next(&cron, from);
  must(next == -1 || (next > from && next % 60 == 0));
  if (next > 0) must(cron_next(&cron, next) > next || cron_next(&cron, next) == -1);
  return 0;
}
