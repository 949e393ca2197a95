// What a test does with a core of the processor: stay on one.
#ifndef WEMOON_TESTS_UNIT_CORE_H
#define WEMOON_TESTS_UNIT_CORE_H

#include <sched.h>
#include <stdbool.h>

// The calling thread, from now on. False where this machine has no such core.
__attribute__((unused)) static bool stay_on_core(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET((size_t)core, &cores);
  return sched_setaffinity(0, sizeof cores, &cores) == 0;
}

#endif
