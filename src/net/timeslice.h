// Time slices of HTTP threads, for the requests that pollers leave to them (pollers.h). Under load more connections have a
// message than there are cores, each with a thread of its own. To wake a thread that sleeps after its answer costs as
// much as the message itself. A thread that yields instead finds its next message there when it runs again, if that is
// not too soon: a longer time slice puts it further back in the kernel's queue.
#ifndef WEMOON_NET_TIMESLICE_H
#define WEMOON_NET_TIMESLICE_H

#include <stdatomic.h>
#include <stdint.h>

enum { TIMESLICE_SHORTEST_US = 300, TIMESLICE_LONGEST_US = 3000 };

// Adapts the length of time slices to the load.
typedef struct {
  atomic_int length_us;
  // Of the measuring thread: the number of cores; time, CPU time of the process and requests at the last measurement.
  int cores;
  int64_t at_us, cpu_us;
  uint64_t requests;
} Timeslice;

void timeslice_init(Timeslice *timeslice);
// Call it about twice a second. `active`: connections that had requests since the last call; `requests`: all requests
// so far.
void timeslice_measure(Timeslice *timeslice, int64_t now_us, int active, uint64_t requests);
static inline int timeslice_us(const Timeslice *timeslice) {
  return atomic_load_explicit(&timeslice->length_us, memory_order_relaxed);
}
// The time slice, within two bounds, that lets every other thread that probably has a request answer it before the
// calling thread runs again. `load`: the process's share of the time of all cores, 0 to 1.
int timeslice_for(int active, int cores, double request_cpu_us, double load);

// After an answer: lets other runnable threads go first; returns at once if there are none. If the connection's next
// request is far off, it wastes one context switch.
void timeslice_yield(void);

#endif
