#include "cli/ctrl_c.h"

#include "base/clock.h"

enum { TWICE_US = 1000000 };

bool ctrl_c_is_second(CtrlC *ctrl_c) {
  int64_t now_us = clock_real_us();
  return now_us - atomic_exchange(&ctrl_c->last_us, now_us) < TWICE_US;
}

void ctrl_c_forget(CtrlC *ctrl_c) { atomic_store(&ctrl_c->last_us, 0); }
