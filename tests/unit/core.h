// What a test does with a core of the processor: stay on one, keep it busy.
#ifndef WEMOON_TESTS_UNIT_CORE_H
#define WEMOON_TESTS_UNIT_CORE_H

#include <sched.h>
#include <stdbool.h>

#include "base/clock.h"

// The calling thread, from now on. False where this machine has no such core.
__attribute__((unused)) static bool stay_on_core(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET((size_t)core, &cores);
  return sched_setaffinity(0, sizeof cores, &cores) == 0;
}

// So much of the process's CPU time.
__attribute__((unused)) static void burn_cpu(int64_t us) {
  int64_t until_us = clock_process_cpu_us() + us;
  while (clock_process_cpu_us() < until_us) {
  }
}

#endif
