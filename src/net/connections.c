// The table of connections: what the threads that serve them tell of them.
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mutex.h"
#include "net/connections_watch.h"

enum {
  TICK_DRAIN_MS = 10,
  LONG_WAIT_MS = 250,  // how long a request waits for a thread when idle clients hold all of them
  FAIR_SHARE_MS = 20,  // how long a busy connection keeps its thread while others wait
  // One descriptor in so many may be a connection's that has sent nothing.
  WAITERS_SHARE = 4,
  WAITERS_MOST = 256,  // of those that have sent nothing
  PASSED_MOST = 1024   // so many may wait for a thread; the command that serves budgets for them
};

// ---- marks by descriptor ------------------------------------------------------------------------

static void set_bit(atomic_uchar *bits, int fd) {
  if (fd < DESCRIPTORS_MAX) atomic_fetch_or(&bits[fd / 8], (unsigned char)(1 << fd % 8));
}

static void clear_bit(atomic_uchar *bits, int fd) {
  if (fd < DESCRIPTORS_MAX) atomic_fetch_and(&bits[fd / 8], (unsigned char)~(1 << fd % 8));
}

// ---- life ---------------------------------------------------------------------------------------

static void release(Connections *all) {
  if (atomic_fetch_sub(&all->holders, 1) != 1) return;
  silent_free(&all->silent);
  silent_free(&all->waiters);
  free(all);
}

Connections *connections_new(int threads, int64_t request_timeout_ms) {
  Connections *all = calloc(1, sizeof *all + (size_t)threads * sizeof *all->slots);
  if (!all) return NULL;
  all->threads = threads;
  atomic_init(&all->holders, 1);
  all->timeout_us = request_timeout_ms * 1000;
  all->waiting_most = tcp_descriptors_end() / WAITERS_SHARE;
  if (all->waiting_most > WAITERS_MOST) all->waiting_most = WAITERS_MOST;
  for (int i = threads - 1; i >= 0; i--) {
    all->slots[i].all = all;
    all->slots[i].next_free = all->free;
    all->free = &all->slots[i];
  }
  condition_init(&all->changed);
  pthread_mutex_init(&all->mutex, NULL);
  if (connections_watch(all)) return all;
  pthread_cond_destroy(&all->changed);
  pthread_mutex_destroy(&all->mutex);
  free(all);
  return NULL;
}

void connections_serve(Connections *all, int port) {
  pthread_mutex_lock(&all->mutex);
  all->port = port;
  pthread_mutex_unlock(&all->mutex);
}

void connections_drain(Connections *all, int64_t max_ms) {
  int64_t end_ms = clock_now_ms() + max_ms;
  bool any = true;
  atomic_store(&all->draining, true);
  while (any && clock_now_ms() < end_ms) {
    pthread_mutex_lock(&all->mutex);
    // In this order: an answer is counted as being sent before its thread is free.
    any = connections_look_after(all) > 0 || atomic_load(&all->busy) > 0 ||
          atomic_load(&all->sending_count) > 0;
    pthread_mutex_unlock(&all->mutex);
    if (any) usleep(TICK_DRAIN_MS * 1000);
  }
}

void connections_free(Connections *all) {
  if (!all) return;
  connections_watch_end(all);
  pthread_cond_destroy(&all->changed);
  pthread_mutex_destroy(&all->mutex);
  release(all);
}

static void set_phase(Connection *connection, Phase phase) {
  atomic_store_explicit(&connection->since_us, clock_coarse_us(), memory_order_relaxed);
  atomic_store_explicit(&connection->phase, phase, memory_order_release);
}

Connection *connection_opened(Connections *all) {
  accepted_note_taken();
  atomic_fetch_sub(&all->passed_count, 1);
  pthread_mutex_lock(&all->mutex);
  Connection *connection = all->free;
  if (connection) {
    all->free = connection->next_free;
    connection->fd = -1;
    connection->opened_us = clock_now_us();
    atomic_store(&connection->answered, false);
    set_phase(connection, PHASE_WAITS);
    atomic_fetch_add(&all->busy, 1);
    if (are_few_free(all)) pthread_cond_signal(&all->changed);
  }
  pthread_mutex_unlock(&all->mutex);
  return connection;
}

void connection_introduce(Connection *connection, int fd) {
  pthread_mutex_lock(&connection->all->mutex);
  connection->fd = fd;
  pthread_mutex_unlock(&connection->all->mutex);
}

int connection_descriptor(const Connection *connection) { return connection ? connection->fd : -1; }

void connection_comes(Connection *connection, int64_t arrived_us, int64_t now_us) {
  if (connection && !atomic_load_explicit(&connection->answered, memory_order_relaxed))
    connection->waited_us = now_us - arrived_us;
}

void connection_closing(Connection *connection) {
  if (!connection) return;
  Connections *all = connection->all;
  pthread_mutex_lock(&all->mutex);
  atomic_store(&connection->phase, PHASE_FREE);
  connection->told = false;
  connection->next_free = all->free;
  all->free = connection;
  atomic_fetch_sub(&all->busy, 1);
  pthread_mutex_unlock(&all->mutex);
}

// The first request on a connection must come within one timeout from its opening; on later ones the timeout
// starts with the first incomplete part.
void connection_reads(Connection *connection) {
  if (!connection || atomic_load(&connection->phase) == PHASE_READS) return;
  if (connection->answered) set_phase(connection, PHASE_READS);
  else atomic_store(&connection->phase, PHASE_READS);
}

void connection_handles(Connection *connection) {
  if (connection) atomic_store_explicit(&connection->phase, PHASE_HANDLES, memory_order_release);
}

void connection_waits(Connection *connection) {
  if (!connection) return;
  atomic_store_explicit(&connection->answered, true, memory_order_relaxed);
  set_phase(connection, PHASE_WAITS);
}

// A connection that sends one request after the other deserves a share of a thread. But most are
// idle after the first request, for a second at least: if requests wait long for a thread, none is kept.
bool connection_should_close(const Connection *connection) {
  if (!connection) return false;
  if (atomic_load_explicit(&connection->all->draining, memory_order_relaxed)) return true;
  return atomic_load_explicit(&connection->all->others_wait, memory_order_relaxed) &&
         (connection->waited_us > LONG_WAIT_MS * 1000 ||
          clock_now_us() - connection->opened_us > FAIR_SHARE_MS * 1000);
}

void connections_pass(Connections *all) { atomic_fetch_add(&all->passed_count, 1); }

void connections_take_back(Connections *all) { atomic_fetch_sub(&all->passed_count, 1); }

bool connections_are_enough(const Connections *all) {
  return atomic_load(&all->passed_count) >= PASSED_MOST;
}

void connections_wait(Connections *all, int fd) {
  set_bit(all->waiting, fd);
  if (atomic_fetch_add(&all->waiting_count, 1) == all->waiting_most)
    pthread_cond_signal(&all->changed);
}

void connections_end_wait(Connections *all, int fd) {
  clear_bit(all->waiting, fd);
  atomic_fetch_sub(&all->waiting_count, 1);
}

void connections_serve_begin(Connections *all, int fd) {
  atomic_fetch_add(&all->served_count, 1);
  set_bit(all->served, fd);
}

void connections_serve_end(Connections *all, int fd) {
  clear_bit(all->served, fd);
  atomic_fetch_sub(&all->served_count, 1);
}

void connections_close(Connections *all, int fd) {
  pthread_mutex_lock(&all->mutex);
  close(fd);
  pthread_mutex_unlock(&all->mutex);
}

void connections_close_served(Connections *all, int fd) {
  pthread_mutex_lock(&all->mutex);
  connections_serve_end(all, fd);
  close(fd);
  pthread_mutex_unlock(&all->mutex);
}

void connections_lock(Connections *all) { pthread_mutex_lock(&all->mutex); }

void connections_unlock(Connections *all) { pthread_mutex_unlock(&all->mutex); }

void connections_park(Connections *all, int fd) {
  atomic_fetch_add(&all->holders, 1);
  set_bit(all->parked, fd);
}

void connections_unpark(Connections *all, int fd) {
  clear_bit(all->parked, fd);
  release(all);
}

void connections_send_begin(Connections *all) { atomic_fetch_add(&all->sending_count, 1); }

void connections_send_end(Connections *all) { atomic_fetch_sub(&all->sending_count, 1); }

int connections_busy(const Connections *all) {
  return atomic_load(&all->busy) + atomic_load(&all->served_count);
}
