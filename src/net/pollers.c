// All threads wait in one epoll(7), whose connections are edge-triggered: each arrival is reported once, to one thread.
#include "net/pollers.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/mutex.h"
#include "net/core_share.h"
#include "net/thread_stack.h"

enum {
  STUCK_MS = 10,  // so long all threads may be busy with what they have before there is another one
  LONG_US = 5 * 1000,  // a thread that was busy for so long may have been set back (engine_give_up)
  END_MS = 1000,       // how long pollers_stop waits
  CORES_MAX = 64,      // threads that have a core of their own, at most
  IDLE_SHARE = 4       // threads that use less than this part of one core wait for something
};

struct Pollers {
  int epoll, end;  // `end`: an event that ends all waits
  int few, most;   // threads that wait, and threads in all
  bool may_bind;
  atomic_int waiting;    // threads in epoll_wait
  atomic_uint reported;  // sockets, so far
  atomic_bool keeper_sleeps, ending;
  PollersReady ready;
  pthread_mutex_t mutex;  // of what follows
  pthread_cond_t changed;
  int running;
  uint64_t cores;  // a bit for each of the first cores that a thread has as its own
  int lost;        // threads that ended because they were set back, and were not replaced yet
  pthread_t keeper;
};

static void signal_change(Pollers *pollers) {
  pthread_mutex_lock(&pollers->mutex);
  pthread_cond_broadcast(&pollers->changed);
  pthread_mutex_unlock(&pollers->mutex);
}

// A socket that has new bytes.
typedef struct {
  void *thing;  // NULL: none
  bool has_ended;
} Ready;

static void serve(Pollers *pollers, Ready ready) {
  atomic_fetch_add_explicit(&pollers->reported, 1, memory_order_relaxed);
  pollers->ready(ready.thing, ready.has_ended);
}

// The last one that stops waiting wakes the keeper.
static void stop_waiting(Pollers *pollers) {
  if (atomic_fetch_sub(&pollers->waiting, 1) == 1 && atomic_load(&pollers->keeper_sleeps))
    signal_change(pollers);
}

static Ready wait_for_next(Pollers *pollers) {
  struct epoll_event event = { 0 };
  int count = epoll_wait(pollers->epoll, &event, 1, -1);
  stop_waiting(pollers);
  return (Ready){ .thing = count == 1 ? event.data.ptr : NULL,
                  .has_ended = event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR) };
}

static bool is_set_back(void) { return sched_getscheduler(0) == SCHED_IDLE; }

// Whether this thread is to wait: it counts as waiting then.
static bool may_wait(Pollers *pollers) {
  bool may =
      atomic_fetch_add(&pollers->waiting, 1) < pollers->few && !atomic_load(&pollers->ending);
  if (!may) stop_waiting(pollers);
  return may;
}

// Returns whether another thread must take this one's place: one that it started would be set back like itself.
static bool poll_until_spare(Pollers *pollers, CoreShare *share) {
  while (may_wait(pollers)) {
    Ready ready = wait_for_next(pollers);
    int64_t began_us = clock_coarse_us();
    if (ready.thing) serve(pollers, ready);
    core_share_served(share);
    if (clock_coarse_us() - began_us > LONG_US && is_set_back()) return true;
  }
  return false;
}

// Returns the number of a core that no other thread has as its own, from 0; -1: none.
static int take_core(Pollers *pollers) {
  int taken = -1;
  pthread_mutex_lock(&pollers->mutex);
  for (int n = 0; taken < 0 && n < pollers->few && n < CORES_MAX; n++)
    if (!(pollers->cores >> n & 1)) taken = n;
  if (taken >= 0) pollers->cores |= UINT64_C(1) << taken;
  pthread_mutex_unlock(&pollers->mutex);
  return taken;
}

static void *poll_sockets(void *arg) {
  Pollers *pollers = arg;
  pthread_setname_np(pthread_self(), "http-poll");
  int n = pollers->may_bind ? take_core(pollers) : -1;
  bool lost = poll_until_spare(pollers, &(CoreShare){ .core = core_share_core(n) });
  pthread_mutex_lock(&pollers->mutex);
  if (n >= 0) pollers->cores &= ~(UINT64_C(1) << n);
  pollers->running--;
  pollers->lost += lost;
  pthread_cond_broadcast(&pollers->changed);
  pthread_mutex_unlock(&pollers->mutex);
  return NULL;
}

static bool start_thread(void *(*body)(void *arg), void *arg, pthread_t *thread) {
  pthread_attr_t attr;
  if (pthread_attr_init(&attr) != 0) return false;
  bool started = pthread_attr_setstacksize(&attr, THREAD_STACK_MIN) == 0 &&
                 pthread_create(thread, &attr, body, arg) == 0;
  pthread_attr_destroy(&attr);
  return started;
}

static bool start_one(Pollers *pollers) {
  pthread_t thread;
  pthread_mutex_lock(&pollers->mutex);
  bool started = start_thread(poll_sockets, pollers, &thread);
  if (started) pthread_detach(thread);
  pollers->running += started;
  pthread_mutex_unlock(&pollers->mutex);
  return started;
}

// ---- the keeper ---------------------------------------------------------------------------------

static void pause_until(Pollers *pollers, int64_t end_us) {
  struct timespec until = clock_to_timespec(end_us);
  while (!atomic_load(&pollers->ending) &&
         pthread_cond_timedwait(&pollers->changed, &pollers->mutex, &until) == 0) {
  }
}

// With the mutex held.
static void sleep_until_none_waits(Pollers *pollers) {
  atomic_store(&pollers->keeper_sleeps, true);
  while (!atomic_load(&pollers->ending) && atomic_load(&pollers->waiting) > 0 && pollers->lost == 0)
    pthread_cond_wait(&pollers->changed, &pollers->mutex);
  atomic_store(&pollers->keeper_sleeps, false);
}

// Whether, for a while, no thread has come back for something new, or all were busy and left the cores idle: then they
// wait for something themselves, a store or a file.
static bool are_all_stuck(Pollers *pollers) {
  unsigned before = atomic_load(&pollers->reported);
  int64_t cpu_us = clock_process_cpu_us();
  pause_until(pollers, clock_now_us() + STUCK_MS * 1000);
  if (atomic_load(&pollers->waiting) > 0 || pollers->running >= pollers->most) return false;
  return atomic_load(&pollers->reported) == before ||
         clock_process_cpu_us() - cpu_us < STUCK_MS * 1000 / IDLE_SHARE;
}

// Starts another thread in place of a lost one, or while all others are stuck.
static void *keep(void *arg) {
  Pollers *pollers = arg;
  pthread_setname_np(pthread_self(), "http-keeper");
  pthread_mutex_lock(&pollers->mutex);
  while (!atomic_load(&pollers->ending)) {
    sleep_until_none_waits(pollers);
    bool lacks_one = pollers->lost > 0 || are_all_stuck(pollers);
    if (!lacks_one || atomic_load(&pollers->ending)) continue;
    if (pollers->lost > 0) pollers->lost--;
    pthread_mutex_unlock(&pollers->mutex);
    start_one(pollers);
    pthread_mutex_lock(&pollers->mutex);
  }
  pthread_mutex_unlock(&pollers->mutex);
  return NULL;
}

// ---- sockets ------------------------------------------------------------------------------------

bool pollers_watch(Pollers *pollers, int fd, void *thing, bool again) {
  struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = thing };
  return epoll_ctl(pollers->epoll, again ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) == 0;
}

// Not edge-triggered: several connections may be one event, and its thread may be long with the first of them.
static struct epoll_event listening(void *thing) {
  return (struct epoll_event){ .events = EPOLLIN, .data.ptr = thing };
}

bool pollers_listen(Pollers *pollers, int fd, void *thing) {
  struct epoll_event event = listening(thing);
  return epoll_ctl(pollers->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

void pollers_pause(Pollers *pollers, int fd) {
  epoll_ctl(pollers->epoll, EPOLL_CTL_MOD, fd, &(struct epoll_event){ 0 });
}

void pollers_resume(Pollers *pollers, int fd, void *thing) {
  struct epoll_event event = listening(thing);
  epoll_ctl(pollers->epoll, EPOLL_CTL_MOD, fd, &event);
}

void pollers_forget(Pollers *pollers, int fd) {
  epoll_ctl(pollers->epoll, EPOLL_CTL_DEL, fd, NULL);
}

// ---- life ---------------------------------------------------------------------------------------

static int count_cores(void) {
  cpu_set_t cores;
  return cpu_cores(&cores) ? CPU_COUNT(&cores) : 1;
}

static Pollers *make(const PollersOptions *options) {
  Pollers *pollers = calloc(1, sizeof *pollers);
  if (!pollers) return NULL;
  pollers->ready = options->ready;
  pollers->may_bind = options->may_bind;
  pollers->few = count_cores();
  pollers->most = options->most > pollers->few ? options->most : pollers->few;
  pollers->epoll = epoll_create1(EPOLL_CLOEXEC);
  pollers->end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  pthread_mutex_init(&pollers->mutex, NULL);
  condition_init(&pollers->changed);
  return pollers;
}

static void destroy(Pollers *pollers) {
  if (pollers->epoll >= 0) close(pollers->epoll);
  if (pollers->end >= 0) close(pollers->end);
  pthread_cond_destroy(&pollers->changed);
  pthread_mutex_destroy(&pollers->mutex);
  free(pollers);
}

static bool watch_for_end(Pollers *pollers) {
  struct epoll_event event = { .events = EPOLLIN };
  return pollers->epoll >= 0 && pollers->end >= 0 &&
         epoll_ctl(pollers->epoll, EPOLL_CTL_ADD, pollers->end, &event) == 0;
}

Pollers *pollers_new(const PollersOptions *options) {
  Pollers *pollers = make(options);
  if (!pollers) return NULL;
  if (!watch_for_end(pollers) || !start_thread(keep, pollers, &pollers->keeper)) {
    destroy(pollers);
    return NULL;
  }
  bool started = true;
  for (int i = 0; started && i < pollers->few; i++) started = start_one(pollers);
  if (started) return pollers;
  pollers_end(pollers);
  return NULL;
}

int pollers_count(Pollers *pollers) {
  pthread_mutex_lock(&pollers->mutex);
  int running = pollers->running;
  pthread_mutex_unlock(&pollers->mutex);
  return running;
}

static bool wait_until_all_ended(Pollers *pollers) {
  struct timespec until = clock_to_timespec(clock_now_us() + END_MS * 1000);
  pthread_mutex_lock(&pollers->mutex);
  int failed = 0;
  while (pollers->running > 0 && failed == 0)
    failed = pthread_cond_timedwait(&pollers->changed, &pollers->mutex, &until);
  bool ended = pollers->running == 0;
  pthread_mutex_unlock(&pollers->mutex);
  return ended;
}

void pollers_stop(Pollers *pollers) {
  if (!pollers || atomic_exchange(&pollers->ending, true)) return;
  eventfd_write(pollers->end, 1);
  signal_change(pollers);
  pthread_join(pollers->keeper, NULL);
  wait_until_all_ended(pollers);
}

bool pollers_end(Pollers *pollers) {
  if (!pollers) return true;
  pollers_stop(pollers);
  bool ended = wait_until_all_ended(pollers);
  if (ended) destroy(pollers);
  return ended;
}
