// Taking turns on the CPU. Under load there are more connections with a message than cores, each served by a
// thread of its own. A thread that sleeps after its answer has to be woken for the next message, which costs
// as much as the message itself; one that lets the others go first finds the next message there when its turn
// comes, if it does not come too soon: whose turns are longer goes further back in the line.
#ifndef WEMOON_NET_TURN_H
#define WEMOON_NET_TURN_H

#include <stdatomic.h>
#include <stdint.h>

enum { TURN_SHORTEST_US = 300, TURN_LONGEST_US = 3000 };

// How long turns should be, measured as the load comes.
typedef struct {
  atomic_int length_us;
  // Of the one thread that measures: cores, and the time, the process's CPU time and the requests of the last
  // measurement.
  int cores;
  int64_t at_us, cpu_us;
  uint64_t requests;
} Turns;

void turns_init(Turns *turns);
// Twice a second or so. `active` connections have had requests since the last time; `requests` came so far,
// in all.
void turns_measure(Turns *turns, int64_t now_us, int active, uint64_t requests);
static inline int turns_length_us(const Turns *turns) {
  return atomic_load_explicit(&turns->length_us, memory_order_relaxed);
}
// So long that between two turns of a thread each of the others that is likely to have a request answers it;
// within the two bounds. `load` is the process's share of all cores' time, from 0 to 1.
int turn_length_us(int active, int cores, double request_cpu_us, double load);

// Of the calling thread. Where the kernel has no such thing (before Linux 6.12) or does not allow it, turns
// stay as they are.
void turn_set_length(int length_us);
// After an answer: whoever else can run goes first. Returns at once if there is nobody. On a connection whose
// next request will be long in coming this is one switch more, for nothing.
void turn_pass(void);

#endif
