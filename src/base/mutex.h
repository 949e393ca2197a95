// Mutexes that are held for some hundred nanoseconds: who finds one taken spins before it sleeps.
#ifndef WEMOON_BASE_MUTEX_H
#define WEMOON_BASE_MUTEX_H

#include <pthread.h>

static inline void mutex_init_brief(pthread_mutex_t *mutex) {
  *mutex = (pthread_mutex_t)PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
}

#endif
