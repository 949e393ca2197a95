// Picks the length of time slices, which base/scheduling sets, and yields: a thread that yields goes back in the run queue
// by one slice.
#include "net/timeslice.h"

#include "base/clock.h"

#include <sched.h>
#include <stdlib.h>

// A fraction of the CPU time of a round of answers. Found by experiment, with plain and encrypted messages on 64 to 400
// connections: half or double that length costs a tenth to a fifth more, and slices
// that are far too short a third more.
#define OF_A_ROUND 1.2

enum { FEWEST_REQUESTS = 100 };  // that say anything about what one costs

static int count_cores(void) {
  cpu_set_t ours;
  return sched_getaffinity(0, sizeof ours, &ours) == 0 ? CPU_COUNT(&ours) : 1;
}

void timeslice_init(Timeslice *timeslice) {
  *timeslice = (Timeslice){ .cores = count_cores() };
  atomic_init(&timeslice->length_us, TIMESLICE_SHORTEST_US);
}

int timeslice_for(int active, int cores, double request_cpu_us, double load) {
  double length_us = OF_A_ROUND * request_cpu_us * active * load / cores;
  if (length_us < TIMESLICE_SHORTEST_US) return TIMESLICE_SHORTEST_US;
  return length_us < TIMESLICE_LONGEST_US ? (int)length_us : TIMESLICE_LONGEST_US;
}

// Two system calls per thread are worth it only if the length changes much.
static void set_length(Timeslice *timeslice, int length_us) {
  int before_us = timeslice_us(timeslice);
  if (abs(length_us - before_us) > before_us / 4) atomic_store(&timeslice->length_us, length_us);
}

void timeslice_measure(Timeslice *timeslice, int64_t now_us, int active, uint64_t requests) {
  int64_t process_us = clock_process_cpu_us();
  uint64_t came = requests - timeslice->requests;
  if (timeslice->at_us > 0 && came >= FEWEST_REQUESTS) {
    double cpu_us = (double)(process_us - timeslice->cpu_us);
    double load = cpu_us / (double)(now_us - timeslice->at_us) / timeslice->cores;
    set_length(timeslice, timeslice_for(active, timeslice->cores, cpu_us / (double)came, load));
  }
  timeslice->at_us = now_us;
  timeslice->cpu_us = process_us;
  timeslice->requests = requests;
}

void timeslice_yield(void) { sched_yield(); }
