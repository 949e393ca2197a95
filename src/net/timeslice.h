// Taking turns on the CPU. Under load there are more connections with a message than cores, each served by a
// thread of its own. A thread that sleeps after its answer has to be woken for the next message, which costs
// as much as the message itself; one that lets the others go first finds the next message there when its turn
// comes, if it does not come too soon: whose turns are longer goes further back in the line.
#ifndef WEMOON_NET_TIMESLICE_H
#define WEMOON_NET_TIMESLICE_H

#include <stdatomic.h>
#include <stdint.h>

enum { TIMESLICE_SHORTEST_US = 300, TIMESLICE_LONGEST_US = 3000 };

// How long turns should be, measured as the load comes.
typedef struct {
  atomic_int length_us;
  // Of the one thread that measures: cores, and the time, the process's CPU time and the requests of the last
  // measurement.
  int cores;
  int64_t at_us, cpu_us;
  uint64_t requests;
} Timeslice;

void timeslice_init(Timeslice *timeslice);
// Twice a second or so. `active` connections have had requests since the last time; `requests` came so far,
// in all.
void timeslice_measure(Timeslice *timeslice, int64_t now_us, int active, uint64_t requests);
static inline int timeslice_us(const Timeslice *timeslice) {
  return atomic_load_explicit(&timeslice->length_us, memory_order_relaxed);
}
// So long that between two turns of a thread each of the others that is likely to have a request answers it;
// within the two bounds. `load` is the process's share of all cores' time, from 0 to 1.
int timeslice_for(int active, int cores, double request_cpu_us, double load);

// Of the calling thread. Where the kernel has no such thing (before Linux 6.12) or does not allow it, turns
// stay as they are.
void timeslice_set(int length_us);
// After an answer: other threads that can run go first. Returns at once if there is nobody. On a connection whose
// next request will be long in coming this is one switch more, for nothing.
void timeslice_yield(void);

#endif
