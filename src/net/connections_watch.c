// The socket of a connection that has a thread is known from its first request on; that of one that waits for its
// first bytes, that a poller serves, or that is parked, is marked by descriptor. All others, those that wait for a
// thread, are found among the process's descriptors and judged by the kernel's information. The walk through the
// descriptors is made only if a connection must be closed, no thread is free, or some wait for bytes, so that it costs
// nothing otherwise.
#include "net/connections_watch.h"

#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mutex.h"

enum {
  TICK_SHORT_MS = 20,  // while few threads are free
  TICK_MS = 500,
  SILENCE_MS = 250,      // how long a connection may be silent while others wait for its thread
  REST_MS = 20,          // the same when the server stops
  PAUSE_MS = 250,        // how long a body may pause then
  DAWDLE_MS = 400,       // how long its first request may take then, from the first packet on
  IDLE_LEAST_MS = 1000,  // how long a connection that had an answer may be idle, whatever waits
  MANY_WAIT = 256,       // so many that wait may hide others, which the system does not let in yet
  UNUSED_MAX = 1024,     // so many numbers in a row without one of ours end the walk
  WINDOW = 256           // so many are looked at with one call
};

// ---- sockets ------------------------------------------------------------------------------------

static bool is_its_socket(const Connection *connection, int fd) {
  return connection->fd == fd && atomic_load(&connection->phase) != PHASE_FREE;
}

// Whether nothing has arrived for a while and nothing is unread: its thread, if it has one, waits
// in vain.
static bool is_silent(int fd, int for_ms) {
  return !tcp_has_unread(fd) && tcp_times(fd).received_ms_ago > for_ms;
}

static bool is_unanswered(int fd, int for_ms) { return tcp_times(fd).sent_ms_ago > for_ms; }

// Checks a window of descriptors with one call: most are not in use, and the walk runs fifty times a second while
// no thread is free. If the call fails, all count as open.
static void look_which_are_open(int first, struct pollfd window[WINDOW]) {
  for (int i = 0; i < WINDOW; i++)
    window[i] = (struct pollfd){ .fd = first + i, .events = POLLRDHUP };
  ppoll(window, WINDOW, &(struct timespec){ 0 }, NULL);
}

// ---- the thread ---------------------------------------------------------------------------------

static int64_t age_us(const Connection *connection, int64_t now_us) {
  return now_us - atomic_load(&connection->since_us);
}

static bool is_over(const Connection *connection, bool others_wait, int64_t now_us) {
  Phase phase = atomic_load(&connection->phase);
  int64_t age = age_us(connection, now_us);
  if (phase == PHASE_READS)
    return age > connection->all->timeout_us || (others_wait && age > PAUSE_MS * 1000);
  if (phase != PHASE_WAITS) return false;
  if (atomic_load(&connection->all->draining)) return age > REST_MS * 1000;
  return others_wait && !atomic_load(&connection->answered) && age > SILENCE_MS * 1000;
}

// ---- idle connections ---------------------------------------------------------------------------

static bool is_idle(const Connection *connection) {
  return atomic_load(&connection->phase) == PHASE_WAITS && atomic_load(&connection->answered) &&
         connection->fd >= 0 && !connection->told;
}

static Connection *longest_idle(Connections *all) {
  Connection *longest = NULL;
  for (int i = 0; i < all->threads; i++) {
    Connection *connection = &all->slots[i];
    if (is_idle(connection) &&
        (!longest || atomic_load(&connection->since_us) < atomic_load(&longest->since_us)))
      longest = connection;
  }
  return longest;
}

// How many threads the reserve lacks, not counting those that will be free in a moment.
static int missing(const Connections *all) {
  int missing = atomic_load(&all->busy) + reserve_of(all) - all->threads;
  for (int i = 0; i < all->threads; i++) missing -= all->slots[i].told;
  return missing;
}

// Closes the connections that were idle longest until the reserve is filled: clients with a pool of connections are
// cut off last. With the mutex held, so that no socket can be closed and its number reused meanwhile.
static void close_idle(Connections *all) {
  int64_t now_us = clock_now_us();
  for (int wanted = missing(all); wanted > 0; wanted--) {
    Connection *one = longest_idle(all);
    if (!one || age_us(one, now_us) < IDLE_LEAST_MS * 1000) return;
    one->told = true;
    accepted_cut(one->fd, CUT_TO_CLOSE);
  }
}

// ---- the thread's rounds ------------------------------------------------------------------------

static bool any_over(Connections *all) {
  int64_t now_us = clock_now_us();
  for (int i = 0; i < all->threads; i++) {
    if (is_over(&all->slots[i], atomic_load(&all->others_wait), now_us)) return true;
  }
  return false;
}

static Cut why_over(const Connection *connection, bool others_wait, int64_t now_us) {
  const Connections *all = connection->all;
  if (atomic_load(&connection->phase) == PHASE_WAITS && atomic_load(&all->draining))
    return CUT_TO_CLOSE;
  return !others_wait || age_us(connection, now_us) > all->timeout_us ? CUT_LATE : CUT_FOR_OTHERS;
}

// Closes the connection of a thread if its time is over. A thread whose socket is shut down for reading reads what has
// arrived, finds the end of the stream, and closes; it can still answer. The time includes that in which a body waited
// unread for a thread.
static void close_if_over(Connection *connection, int fd, int64_t now_us) {
  bool others_wait = atomic_load(&connection->all->others_wait);
  bool stalls =
      others_wait && atomic_load(&connection->phase) == PHASE_READS && is_silent(fd, SILENCE_MS);
  if (!stalls && !is_over(connection, others_wait, now_us)) return;
  accepted_cut(fd, why_over(connection, others_wait, now_us));
}

static Connection *slot_of(Connections *all, int fd) {
  for (int i = 0; i < all->threads; i++) {
    if (is_its_socket(&all->slots[i], fd)) return &all->slots[i];
  }
  return NULL;
}

static void note_silent(SilentList *list, int fd) {
  silent_add(list, fd, is_silent(fd, SILENCE_MS) || is_unanswered(fd, DAWDLE_MS));
}

// A request that waits for a thread.
static void note_request(Connections *all, int fd) {
  int64_t came_us = accepted_us(fd);
  all->requests++;
  if (came_us > all->last_request_us) all->last_request_us = came_us;
  // Harmless for one that is complete.
  if (atomic_load(&all->others_wait) && is_unanswered(fd, DAWDLE_MS))
    accepted_cut(fd, CUT_FOR_OTHERS);
}

static void judge_waiter(Connections *all, int fd, bool ends, int64_t now_us) {
  bool has_unread = tcp_has_unread(fd);
  bool is_over = !ends && !has_unread && now_us - accepted_us(fd) > all->timeout_us;
  if (is_over) shutdown(fd, SHUT_RD);
  all->ending += ends || is_over;
  if (!ends && !is_over && !has_unread) note_silent(&all->waiters, fd);
}

// `ends`: the end of the stream is to be read, or was.
static void judge(Connections *all, int fd, bool ends, int64_t now_us) {
  Connection *connection = slot_of(all, fd);
  if (connection) return close_if_over(connection, fd, now_us);
  if (has_bit(all->waiting, fd)) judge_waiter(all, fd, ends, now_us);
  else if (tcp_has_unread(fd)) note_request(all, fd);
  else if (!ends) note_silent(&all->silent, fd);
  if (atomic_load(&all->draining) && is_silent(fd, REST_MS)) accepted_cut(fd, CUT_TO_CLOSE);
}

// How many threads have, or will have, a connection of which no request was read.
static int threads_for_new(const Connections *all) {
  int count = all->threads;
  for (int i = 0; i < all->threads; i++) {
    const Connection *connection = &all->slots[i];
    count -= connection->fd >= 0 && atomic_load(&connection->phase) != PHASE_FREE;
  }
  return count;
}

// Closes the oldest silent connections, as many as must go until each request behind them has a thread. `all_go`: there
// may be requests that the system does not let in yet.
static void make_way(Connections *all, bool all_go) {
  const Silent *silent = all->silent.items;
  size_t before = 0, count = all->silent.count;
  silent_sort(&all->silent);
  while (before < count && (all_go || silent[before].accepted_us < all->last_request_us)) before++;
  int64_t wanted = all_go ? INT64_MAX : (int64_t)before + all->requests - threads_for_new(all);
  silent_close(&all->silent, before, all->port, wanted);
}

static int too_many_waiters(const Connections *all) {
  return atomic_load(&all->waiting_count) - all->waiting_most;
}

// Those that are ending count until a poller has closed them.
static void close_oldest_waiters(Connections *all) {
  silent_sort(&all->waiters);
  silent_close(&all->waiters, all->waiters.count, all->port, too_many_waiters(all) - all->ending);
}

static void forget_last_walk(Connections *all) {
  all->silent.count = all->waiters.count = 0;
  all->found = all->waiters_found = all->served_found = 0;
  all->ending = all->requests = 0;
  all->last_request_us = 0;
}

// Those that pollers serve wait for nothing. Returns whether it is a connection of the server.
static bool look_at(Connections *all, int fd, short state, bool judges, int64_t now_us) {
  bool waits = has_bit(all->waiting, fd), is_served = has_bit(all->served, fd);
  if (has_bit(all->parked, fd)) return true;
  bool is_ours = !is_served && !(state & POLLNVAL) && tcp_is_of_port(fd, all->port);
  all->found += is_ours && !waits;
  all->served_found += is_served;
  all->waiters_found += waits;
  all->ending += waits && !is_ours;
  if (is_ours && judges) judge(all, fd, state & POLLRDHUP, now_us);
  return is_ours || waits || is_served;
}

// Walks the server's sockets: counts them (more than threads: others wait), and closes those past their timeout.
// With the mutex held, so that no slot's socket can be closed and its number reused meanwhile.
// Returns 0 if there are none, also of those that pollers serve though their clients have gone.
int connections_look_after(Connections *all) {
  int64_t now_us = clock_now_us();
  bool judges = atomic_load(&all->others_wait) || atomic_load(&all->draining) ||
                atomic_load(&all->waiting_count) > 0 || any_over(all);
  int end = tcp_descriptors_end(), waiters = atomic_load(&all->waiting_count);
  struct pollfd window[WINDOW];
  forget_last_walk(all);
  for (int fd = 0, unused = 0; fd < end && (unused < UNUSED_MAX || all->waiters_found < waiters);
       fd++) {
    if (fd % WINDOW == 0) look_which_are_open(fd, window);
    bool is_ours = look_at(all, fd, window[fd % WINDOW].revents, judges, now_us);
    unused = is_ours ? 0 : unused + 1;
  }
  int busy = atomic_load(&all->busy);
  bool others_wait = all->found > busy && busy >= all->threads;
  atomic_store(&all->others_wait, others_wait);
  if (others_wait) make_way(all, all->found - busy > MANY_WAIT);
  close_oldest_waiters(all);
  return all->found + all->waiters_found + all->served_found + atomic_load(&all->served_count);
}

static void *run(void *arg) {
  Connections *all = arg;
  pthread_setname_np(pthread_self(), "http-watch");
  pthread_mutex_lock(&all->mutex);
  while (!all->stopping) {
    bool hurries = are_few_free(all) || too_many_waiters(all) > 0;
    int64_t tick_ms = hurries ? TICK_SHORT_MS : TICK_MS;
    struct timespec until = clock_to_timespec(clock_now_us() + tick_ms * 1000);
    pthread_cond_timedwait(&all->changed, &all->mutex, &until);
    if (all->stopping || all->port == 0) continue;
    bool taken = atomic_load(&all->busy) >= all->threads && accepted_any_waits();
    if (!taken) atomic_store(&all->others_wait, false);
    close_idle(all);
    if (taken || atomic_load(&all->waiting_count) > 0 || any_over(all)) connections_look_after(all);
  }
  pthread_mutex_unlock(&all->mutex);
  return NULL;
}

bool connections_watch(Connections *all) {
  return pthread_create(&all->thread, NULL, run, all) == 0;
}

void connections_watch_end(Connections *all) {
  pthread_mutex_lock(&all->mutex);
  all->stopping = true;
  pthread_cond_signal(&all->changed);
  pthread_mutex_unlock(&all->mutex);
  pthread_join(all->thread, NULL);
}
