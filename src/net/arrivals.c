// The listener is in the pollers' set, which reports it for as long as connections wait there: who accepts one serves
// it, and meanwhile another poller accepts the next one. So they are served in the order of their arrival.
#include "net/arrivals.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/accepted.h"
#include "net/handover.h"
#include "net/listener.h"
#include "net/tcp_state.h"

enum {
  PAUSE_US = 5 * 1000,   // when no more can be accepted
  LAST_US = 20 * 1000,   // how long the last ones have for their first bytes
  DROPPED_MAX = 1 << 20  // bytes behind a request that are read
};

// A connection that waits without a thread, by its descriptor: one that has sent nothing yet, or one that was answered
// and has sent more than its request. To close that with bytes unread would reset it, and the answer would be lost.
typedef struct {
  Watched watched;  // first
  Handover handover;
  Arrivals *of;
  bool lingers;    // it was answered
  size_t dropped;  // bytes received since
} Waiter;

struct Arrivals {
  Watched watched;  // first; the listener
  Connections *connections;
  WireShare share;
  int listener;  // -1: none
  int from, to;  // the pipe
  atomic_bool quiet, pauses;
  atomic_int accepting;  // threads that may have accepted one that is not marked yet
  Waiter waiters[DESCRIPTORS_MAX];
};

// ---- the pipe -----------------------------------------------------------------------------------

static bool pass(int pipe, int fd) { return write(pipe, &fd, sizeof fd) == sizeof fd; }

// A client that has gone meanwhile has no address any more: libcivetweb reads the end, and closes.
static int accept_passed(int pipe, struct sockaddr *address, socklen_t *len) {
  int fd;
  if (read(pipe, &fd, sizeof fd) != sizeof fd) return -1;
  memset(address, 0, *len);
  getpeername(fd, address, len);
  accepted_note_passed();
  return fd;
}

__attribute__((visibility("default"))) int accept(int fd, struct sockaddr *restrict address,
                                                  socklen_t *restrict len) {
  int accepted = accept4(fd, address, len, SOCK_CLOEXEC);
  return accepted < 0 && errno == ENOTSOCK ? accept_passed(fd, address, len) : accepted;
}

const char *arrivals_untapped(void) {
  return dlsym(RTLD_DEFAULT, "accept") == (void *)accept ? NULL : "accept";
}

// ---- one connection -----------------------------------------------------------------------------

static void pass_or_close(Arrivals *arrivals, int fd) {
  connections_pass(arrivals->connections);
  if (pass(arrivals->to, fd)) return;
  connections_take_back(arrivals->connections);
  connections_close(arrivals->connections, fd);
}

// Of one that is marked as served (connections_serve_begin). Between two of its states it may look to the watch as if
// it waited for a thread, for a moment: that does no harm.
static WireFirst serve_first(Arrivals *arrivals, int fd, bool is_watched) {
  WireFirst first = wire_serve_first(fd, is_watched, arrivals->share);
  if (first != WIRE_OVER) connections_serve_end(arrivals->connections, fd);
  return first;
}

// What is done with it now may be done with another connection of that number at once.
static void leave_waiters(Waiter *waiter, int fd) {
  connections_end_wait(waiter->of->connections, fd);
  handover_release(&waiter->handover);
}

// It was answered. From now on it may be silent for as long as at first.
static void begin_linger(Waiter *waiter, int fd) {
  shutdown(fd, SHUT_WR);
  accepted_note(fd);
  waiter->lingers = true;
  waiter->dropped = 0;
  connections_serve_end(waiter->of->connections, fd);
}

// Returns false if the client may send more.
static bool drop_bytes(Waiter *waiter, int fd) {
  char bytes[4096];
  ssize_t n = 1;
  while (n > 0 && waiter->dropped < DROPPED_MAX) {
    n = recvfrom(fd, bytes, sizeof bytes, MSG_DONTWAIT, NULL, NULL);
    if (n > 0) waiter->dropped += (size_t)n;
  }
  return n >= 0 || (errno != EAGAIN && errno != EINTR);
}

static bool go_on_lingering(Waiter *waiter, int fd) {
  if (!drop_bytes(waiter, fd)) return false;
  leave_waiters(waiter, fd);
  connections_close(waiter->of->connections, fd);
  return true;
}

// Returns false if it goes on waiting.
static bool go_on(Waiter *waiter, int fd) {
  Arrivals *arrivals = waiter->of;
  if (waiter->lingers) return go_on_lingering(waiter, fd);
  connections_serve_begin(arrivals->connections, fd);
  WireFirst first = serve_first(arrivals, fd, true);
  if (first == WIRE_SILENT) return false;
  if (first == WIRE_OVER && tcp_has_unread(fd)) {
    begin_linger(waiter, fd);
    return go_on_lingering(waiter, fd);
  }
  leave_waiters(waiter, fd);
  if (first == WIRE_OVER) return connections_close_served(arrivals->connections, fd), true;
  pollers_forget(arrivals->share.pollers, fd);
  pass_or_close(arrivals, fd);
  return true;
}

static void look_again(Waiter *waiter, int fd) {
  while (!go_on(waiter, fd)) {
    if (handover_give_back(&waiter->handover)) return;
  }
}

static void on_bytes(void *thing, bool has_ended) {
  Waiter *waiter = thing;
  if (handover_take(&waiter->handover)) look_again(waiter, (int)(waiter - waiter->of->waiters));
}

// A poller may read the place of an earlier connection of that number late: it is written once.
static Waiter *place_of(Arrivals *arrivals, int fd) {
  Waiter *waiter = &arrivals->waiters[fd];
  if (!waiter->of) *waiter = (Waiter){ .watched = { on_bytes }, .of = arrivals };
  return waiter;
}

// Returns its place, which this thread holds; NULL if there is none for that number. wait_for_bytes follows.
static Waiter *new_waiter(Arrivals *arrivals, int fd) {
  if (fd >= DESCRIPTORS_MAX) return NULL;
  Waiter *waiter = place_of(arrivals, fd);
  handover_hold(&waiter->handover);
  waiter->lingers = false;
  return waiter;
}

// Returns false if the system refuses.
static bool wait_for_bytes(Waiter *waiter, int fd) {
  Arrivals *arrivals = waiter->of;
  connections_wait(arrivals->connections, fd);
  bool watched = pollers_watch(arrivals->share.pollers, fd, waiter, false);
  if (!watched) leave_waiters(waiter, fd);
  else if (!handover_give_back(&waiter->handover)) look_again(waiter, fd);
  return watched;
}

// ---- the listener -------------------------------------------------------------------------------

static void finish(Arrivals *arrivals, int fd) {
  Waiter *waiter = tcp_has_unread(fd) ? new_waiter(arrivals, fd) : NULL;
  if (!waiter) return connections_close_served(arrivals->connections, fd);
  begin_linger(waiter, fd);
  if (!wait_for_bytes(waiter, fd)) connections_close(arrivals->connections, fd);
}

static void begin(Arrivals *arrivals, int fd) {
  WireFirst first = serve_first(arrivals, fd, false);
  if (first == WIRE_OVER) return finish(arrivals, fd);
  Waiter *waiter = first == WIRE_SILENT ? new_waiter(arrivals, fd) : NULL;
  if (!waiter || !wait_for_bytes(waiter, fd)) pass_or_close(arrivals, fd);
}

// One thread pauses, and the others do not hear of the listener meanwhile: they serve connections that are kept. What
// the pause is for, a lack of something, must not keep the listener from being heard again.
static void pause_a_moment(Arrivals *arrivals) {
  Pollers *pollers = arrivals->share.pollers;
  if (atomic_exchange(&arrivals->pauses, true)) return;
  pollers_pause(pollers, arrivals->listener);
  usleep(PAUSE_US);
  pollers_resume(pollers, arrivals->listener, arrivals);
  atomic_store(&arrivals->pauses, false);
}

// There may be a descriptor soon.
static bool is_short_of_something(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static int accept_next(Arrivals *arrivals) {
  int fd = accept4(arrivals->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd >= 0) accepted_note(fd);
  return fd;
}

// Who stops accepting waits for threads that are here.
static int accept_unless_quiet(Arrivals *arrivals) {
  int fd = -1;
  atomic_fetch_add(&arrivals->accepting, 1);
  errno = EAGAIN;
  if (!atomic_load(&arrivals->quiet)) fd = accept_next(arrivals);
  int error = errno;
  if (fd >= 0) connections_serve_begin(arrivals->connections, fd);
  atomic_fetch_sub(&arrivals->accepting, 1);
  errno = error;
  return fd;
}

static void accept_one(void *thing, bool has_ended) {
  Arrivals *arrivals = thing;
  if (atomic_load(&arrivals->quiet)) return;
  if (connections_are_enough(arrivals->connections)) return pause_a_moment(arrivals);
  int fd = accept_unless_quiet(arrivals);
  if (fd >= 0) begin(arrivals, fd);
  else if (is_short_of_something(errno)) pause_a_moment(arrivals);
}

bool arrivals_accept(Arrivals *arrivals, int listener) {
  arrivals->listener = listener;
  return pollers_listen(arrivals->share.pollers, listener, arrivals);
}

// Pollers may be long with what they have, and the listener is closed next.
static void pass_all_that_wait(Arrivals *arrivals) {
  for (;;) {
    int fd = accept_next(arrivals);
    if (fd >= 0) pass_or_close(arrivals, fd);
    else if (errno != EINTR && errno != ECONNABORTED) return;
  }
}

// Clients may be connected, with their first bytes under way: the system has not given these connections yet.
static void await_first_bytes(Arrivals *arrivals) {
  listener_give_at_once(arrivals->listener);
  usleep(LAST_US);
}

void arrivals_quiet(Arrivals *arrivals, bool is_shared) {
  if (arrivals->listener >= 0 && !is_shared) await_first_bytes(arrivals);
  atomic_store(&arrivals->quiet, true);
  if (arrivals->listener < 0) return;
  pollers_forget(arrivals->share.pollers, arrivals->listener);
  while (atomic_load(&arrivals->accepting) > 0) sched_yield();
  if (!is_shared) pass_all_that_wait(arrivals);
}

// ---- life ---------------------------------------------------------------------------------------

Arrivals *arrivals_new(Connections *connections, WireShare share) {
  int ends[2];
  Arrivals *arrivals = calloc(1, sizeof *arrivals);
  if (!arrivals) return NULL;
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    free(arrivals);
    return NULL;
  }
  arrivals->watched.ready = accept_one;
  arrivals->connections = connections;
  arrivals->share = share;
  arrivals->listener = -1;
  arrivals->from = ends[0];
  arrivals->to = ends[1];
  return arrivals;
}

int arrivals_passed(const Arrivals *arrivals) { return arrivals->from; }

// Closes the pipe's writing end, whose number stays taken: a poller that is late finds that it cannot write.
void arrivals_end(Arrivals *arrivals) { dup3(arrivals->from, arrivals->to, O_CLOEXEC); }

static void close_passed(Arrivals *arrivals) {
  for (int fd; read(arrivals->from, &fd, sizeof fd) == sizeof fd;)
    connections_close(arrivals->connections, fd);
}

static void close_waiters(Arrivals *arrivals) {
  for (int fd = 0; fd < DESCRIPTORS_MAX; fd++) {
    Waiter *waiter = &arrivals->waiters[fd];
    if (!handover_take(&waiter->handover)) continue;
    leave_waiters(waiter, fd);
    connections_close(arrivals->connections, fd);
  }
}

void arrivals_free(Arrivals *arrivals) {
  if (!arrivals) return;
  close_passed(arrivals);
  close_waiters(arrivals);
  close(arrivals->from);
  close(arrivals->to);
  free(arrivals);
}
