// The table of connections, for the two files that know it: connections.c, what threads tell of theirs, and
// connections_watch.c, the thread that watches them.
#ifndef WEMOON_NET_CONNECTIONS_TABLE_H
#define WEMOON_NET_CONNECTIONS_TABLE_H

#include <pthread.h>
#include <stdatomic.h>

#include "net/accepted.h"
#include "net/connections.h"
#include "net/tcp_state.h"

enum {
  RESERVE_SHARE = 16  // one thread in so many is to be free for connections that come
};

typedef enum { PHASE_FREE, PHASE_WAITS, PHASE_READS, PHASE_HANDLES } Phase;

struct Connection {
  Connections *all;
  _Atomic Phase phase;
  atomic_int_least64_t since_us;  // of the phase
  int64_t opened_us;
  int64_t waited_us;     // its first request, for a thread
  bool told;             // its socket was shut down because it was idle
  atomic_bool answered;  // at least one request; written by its thread
  int fd;                // -1: no request yet
  Connection *next_free;
};

struct Connections {
  int threads;
  int64_t timeout_us;
  atomic_int busy;
  atomic_bool others_wait;
  // Found by the last walk: connections that have, or wait for, a thread; and those of connections_wait.
  SilentList silent, waiters;
  int found;                // those that have, or wait for, a thread
  int waiters_found;        // those of connections_wait
  int served_found;         // those of connections_serve_begin; they may be something else by now
  int ending;               // of these: shut down, or served; they will not wait any longer
  int requests;             // that waited for a thread then
  int64_t last_request_us;  // when the last of their connections was accepted
  pthread_mutex_t mutex;    // slots are opened, closed and looked up under it
  pthread_cond_t changed;
  pthread_t thread;
  int port;
  bool stopping;
  atomic_bool draining;
  atomic_int holders;                         // its owner, and each parked connection
  atomic_uchar parked[DESCRIPTORS_MAX / 8];   // bits by descriptor
  atomic_int sending_count;                   // parked connections whose answers are being sent
  atomic_uchar waiting[DESCRIPTORS_MAX / 8];  // of connections_wait; bits by descriptor
  atomic_int waiting_count;
  atomic_uchar served[DESCRIPTORS_MAX / 8];  // by pollers from the beginning; bits by descriptor
  atomic_int served_count;
  int waiting_most;
  atomic_int passed_count;  // of connections_pass
  Connection *free;
  Connection slots[];
};

static inline bool has_bit(const atomic_uchar *bits, int fd) {
  return atomic_load_explicit(&bits[fd / 8], memory_order_relaxed) & 1 << fd % 8;
}

static inline int reserve_of(const Connections *all) {
  return all->threads > RESERVE_SHARE ? all->threads / RESERVE_SHARE : 1;
}

static inline bool are_few_free(const Connections *all) {
  return atomic_load(&all->busy) > all->threads - reserve_of(all);
}

#endif
