#include "store/store_health.h"

#include "base/clock.h"
#include "base/log.h"

enum {
  CALM_US = 3000 * 1000,  // without a failure: it works again
  // By then after a failure, those who share the store have told it what they did meanwhile: calls that are repeated
  // are made every CALL_REPEAT_PAUSE_US, and a connection is tried as often.
  SETTLES_US = 2000 * 1000
};

bool store_health_is_good(const Err *err) {
  return err->code == ERR_NONE || err->code == ERR_INVALID;
}

// A full disk fails what needs room, and what reads works: one line for all of it.
void store_health_tell(StoreHealth *health, const Err *err) {
  bool fails = !store_health_is_good(err);
  int64_t now_us = fails || health->told ? clock_now_us() : 0;
  if (fails) health->failed_us = now_us;
  if (fails && !health->told) log_warn("%s", err->text);
  bool again = !fails && health->told && now_us - health->failed_us >= CALM_US;
  if (again) log_info("store: it works again");
  if (fails || again) health->told = fails;
}

void store_health_note(StoreHealth *health, const Err *err) {
  bool good = store_health_is_good(err);
  if (good && !store_health_is_good(&health->last)) health->back_us = clock_now_us();
  if (good) health->has_worked = true;
  health->last = *err;
}

int64_t store_health_settles_ms(const StoreHealth *health) {
  if (!store_health_is_good(&health->last)) return SETTLES_US / 1000;
  int64_t left_us = health->back_us ? health->back_us + SETTLES_US - clock_now_us() : 0;
  return left_us > 0 ? left_us / 1000 : 0;
}
