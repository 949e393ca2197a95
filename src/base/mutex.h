// How this project makes its mutexes and condition variables.
#ifndef WEMOON_BASE_MUTEX_H
#define WEMOON_BASE_MUTEX_H

#include <pthread.h>
#include <time.h>

// For what is held for some hundred nanoseconds: who finds it taken spins before it sleeps.
static inline void mutex_init_brief(pthread_mutex_t *mutex) {
  *mutex = (pthread_mutex_t)PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
}

// Timed waits are on the monotonic clock (clock_to_timespec), which no change of the wall clock moves.
static inline void condition_init(pthread_cond_t *condition) {
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(condition, &monotonic);
  pthread_condattr_destroy(&monotonic);
}

#endif
