// How this project makes its mutexes and condition variables.
#ifndef WEMOON_BASE_MUTEX_H
#define WEMOON_BASE_MUTEX_H

#include <pthread.h>
#include <time.h>

// For mutexes that are held for some hundred nanoseconds: a waiting thread spins before it sleeps.
static inline void mutex_init_brief(pthread_mutex_t *mutex) {
  *mutex = (pthread_mutex_t)PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
}

// Timed waits use the monotonic clock (clock_to_timespec): a change of the wall clock does not affect them.
static inline void condition_init(pthread_cond_t *condition) {
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(condition, &monotonic);
  pthread_condattr_destroy(&monotonic);
}

#endif
