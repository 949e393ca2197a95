// One thread that runs uv_run, and a queue of calls for it. The thread empties the queue before it waits, so only a
// thread that waits is woken for a call.
#include "net/loop.h"

#include "base/pages.h"
#include "base/sanitized.h"
#include "base/wakeups.h"
#include "net/tcp_state.h"
#include "net/unsent.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

enum {
  DESCRIPTORS = 16384,  // libuv keeps a pointer for each
  TIMERS_KEPT = 128,
  UNSENT_SHARE = 4  // one descriptor in so many may be a connection's that reads slowly
};

struct LoopTimer {
  uv_timer_t handle;  // first
  LoopFn fn;
  void *ctx;
  bool once;
  Loop *loop;
  LoopTimer *next, **to;  // among the loop's timers; or, once stopped, among those that it keeps
};

struct Loop {
  uv_loop_t uv;
  uv_async_t wake;
  uv_poll_t highest;  // while the loop begins
  uv_prepare_t before_wait;
  uv_check_t after_wait;
  pthread_t thread;
  LoopTimer *timers;
  // Stopped, for the next ones: most requests have one, and libuv closes a timer in several steps.
  LoopTimer *kept;
  int kept_count;
  UnsentList unsent;
  pthread_mutex_t mutex;
  // Members below: under `mutex`.
  LoopCall *first, **end;
  bool waits;  // a call must wake it
  bool closing;
};

static void free_handle(uv_handle_t *handle) { free(handle); }

// Closes the remaining handles: timers, signals, and answered connections that wait for their
// clients; other files of net/ have closed theirs before.
static void close_left(uv_handle_t *handle, void *wake) {
  if (uv_is_closing(handle)) return;
  const LoopLeft *left = handle->type == UV_POLL ? handle->data : NULL;
  if (handle == wake || handle->type == UV_PREPARE || handle->type == UV_CHECK)
    uv_close(handle, NULL);
  else if (left) uv_close(handle, left->closed);
  else if (handle->type == UV_TIMER || handle->type == UV_SIGNAL)
    uv_close(handle, handle->data ? free_handle : NULL);
}

static void close_all(Loop *loop) {
  loop->kept = NULL;
  loop->kept_count = TIMERS_KEPT;
  uv_walk(&loop->uv, close_left, &loop->wake);
}

static LoopCall *take_all(Loop *loop, bool *closing) {
  pthread_mutex_lock(&loop->mutex);
  LoopCall *first = loop->first;
  loop->first = NULL;
  loop->end = &loop->first;
  loop->waits = false;
  *closing = loop->closing;
  pthread_mutex_unlock(&loop->mutex);
  return first;
}

static void run_calls(Loop *loop) {
  bool closing;
  for (LoopCall *call = take_all(loop, &closing); call;) {
    LoopCall now = *call;
    if (now.owned) free(call);
    now.fn(now.ctx);
    call = now.next;
  }
  if (closing) close_all(loop);
}

static void after_wait(uv_check_t *check) {
  wakeups_send();
  run_calls(check->data);
}

// With calls that came meanwhile, it looks at what else is ready and comes back: a call that adds itself again holds
// nothing up.
static void before_wait(uv_prepare_t *prepare) {
  Loop *loop = prepare->data;
  run_calls(loop);
  wakeups_send();
  pthread_mutex_lock(&loop->mutex);
  loop->waits = true;
  if (loop->first) uv_async_send(&loop->wake);
  pthread_mutex_unlock(&loop->mutex);
}

static void *loop_thread(void *arg) {
  Loop *loop = arg;
  pthread_setname_np(pthread_self(), "wemoon-loop");
  wakeups_put_off();
  uv_run(&loop->uv, UV_RUN_DEFAULT);
  wakeups_send();
  return NULL;
}

static void watch_waits(Loop *loop) {
  uv_prepare_init(&loop->uv, &loop->before_wait);
  uv_check_init(&loop->uv, &loop->after_wait);
  loop->before_wait.data = loop->after_wait.data = loop;
  uv_prepare_start(&loop->before_wait, before_wait);
  uv_check_start(&loop->after_wait, after_wait);
}

static int highest_descriptor(void) {
  struct rlimit limit;
  rlim_t most = DESCRIPTORS;
  int any = eventfd(0, EFD_CLOEXEC);
  if (any < 0) return -1;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < most) most = limit.rlim_cur;
  int highest = fcntl(any, F_DUPFD_CLOEXEC, (int)most - 1);
  close(any);
  return highest;
}

// libuv ends the process if it has no memory when its table of descriptors must grow. Watching the highest one for a
// moment lets the table grow now. libuv has written NULL into all of it, and few will be used.
static void grow_table(Loop *loop) {
  int fd = highest_descriptor();
  if (fd < 0) return;
  if (uv_poll_init(&loop->uv, &loop->highest, fd) == 0) {
    uv_poll_start(&loop->highest, UV_READABLE, NULL);
    uv_close((uv_handle_t *)&loop->highest, NULL);
    pages_give_back_zeros(loop->uv.watchers, loop->uv.nwatchers * sizeof *loop->uv.watchers);
  }
  close(fd);
}

Loop *loop_new(Err *err) {
  Loop *loop = calloc(1, sizeof *loop);
  if (!loop) {
    err_set(err, ERR_MEMORY, "no memory");
    return NULL;
  }
  loop->end = &loop->first;
  unsent_init(&loop->unsent, (size_t)tcp_descriptors_end() / UNSENT_SHARE);
  pthread_mutex_init(&loop->mutex, NULL);
  int failed = uv_loop_init(&loop->uv);
  if (!failed) {
    failed = uv_async_init(&loop->uv, &loop->wake, NULL);
    watch_waits(loop);
    grow_table(loop);
    if (!failed) failed = -pthread_create(&loop->thread, NULL, loop_thread, loop);
    if (!failed) return loop;
    uv_walk(&loop->uv, close_left, &loop->wake);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    uv_loop_close(&loop->uv);
  }
  err_set(err, ERR_FAILED, "cannot start the event loop: %s", uv_strerror(failed));
  pthread_mutex_destroy(&loop->mutex);
  free(loop);
  return NULL;
}

void loop_free(Loop *loop) {
  if (!loop) return;
  pthread_mutex_lock(&loop->mutex);
  loop->closing = true;
  uv_async_send(&loop->wake);
  pthread_mutex_unlock(&loop->mutex);
  pthread_join(loop->thread, NULL);
  uv_loop_close(&loop->uv);
  pthread_mutex_destroy(&loop->mutex);
  free(loop);
}

static bool add(Loop *loop, LoopCall *call) {
  pthread_mutex_lock(&loop->mutex);
  bool open = !loop->closing;
  if (open) {
    *loop->end = call;
    loop->end = &call->next;
    // Under the lock: loop_free cannot have closed the handle yet.
    if (loop->waits) uv_async_send(&loop->wake);
    loop->waits = false;
  }
  pthread_mutex_unlock(&loop->mutex);
  return open;
}

bool loop_post(Loop *loop, LoopFn fn, void *ctx) {
  LoopCall *call = malloc(sizeof *call);
  if (!call) return false;
  *call = (LoopCall){ .fn = fn, .ctx = ctx, .owned = true };
  bool posted = add(loop, call);
  if (!posted) free(call);
  return posted;
}

void loop_call(Loop *loop, LoopCall *call, LoopFn fn, void *ctx) {
  *call = (LoopCall){ .fn = fn, .ctx = ctx };
  add(loop, call);
}

typedef struct {
  uv_work_t request;
  LoopFn work, done;
  void *ctx;
} Work;

static void work_thread(uv_work_t *request) {
  Work *work = request->data;
  pthread_setname_np(pthread_self(), "wemoon-work");
  work->work(work->ctx);
}

static void on_worked(uv_work_t *request, int status) {
  Work work = *(Work *)request->data;
  free(request->data);
  work.done(work.ctx);
}

bool loop_work(Loop *loop, LoopFn fn, LoopFn done, void *ctx) {
  Work *work = calloc(1, sizeof *work);
  if (!work) return false;
  *work = (Work){ .work = fn, .done = done, .ctx = ctx };
  work->request.data = work;
  if (uv_queue_work(&loop->uv, &work->request, work_thread, on_worked) == 0) return true;
  free(work);
  return false;
}

static void on_timer(uv_timer_t *handle) {
  LoopTimer *timer = (LoopTimer *)handle;
  LoopFn fn = timer->fn;
  void *ctx = timer->ctx;
  if (timer->once) loop_timer_stop(timer);
  fn(ctx);
}

static LoopTimer *take_timer(Loop *loop) {
  LoopTimer *timer = loop->kept;
  if (timer) {
    loop->kept = timer->next;
    loop->kept_count--;
    return timer;
  }
  timer = calloc(1, sizeof *timer);
  if (!timer) return NULL;
  timer->loop = loop;
  uv_timer_init(&loop->uv, &timer->handle);
  timer->handle.data = timer;
  return timer;
}

LoopTimer *loop_timer(Loop *loop, int64_t delay_ms, int64_t repeat_ms, LoopFn fn, void *ctx) {
  LoopTimer *timer = take_timer(loop);
  if (!timer) return NULL;
  timer->fn = fn;
  timer->ctx = ctx;
  timer->once = repeat_ms <= 0;
  timer->next = loop->timers;
  timer->to = &loop->timers;
  if (timer->next) timer->next->to = &timer->next;
  loop->timers = timer;
  uv_update_time(&loop->uv);
  uv_timer_start(&timer->handle, on_timer, delay_ms > 0 ? (uint64_t)delay_ms : 0,
                 timer->once ? 0 : (uint64_t)repeat_ms);
  return timer;
}

void loop_timer_stop(LoopTimer *timer) {
  if (!timer) return;
  Loop *loop = timer->loop;
  if (!timer->to) abort();  // stopped already: it may be another request's by now
  *timer->to = timer->next;
  if (timer->next) timer->next->to = timer->to;
  uv_timer_stop(&timer->handle);
  if (SANITIZED || loop->kept_count >= TIMERS_KEPT) {
    uv_close((uv_handle_t *)timer, free_handle);
    return;
  }
  timer->to = NULL;
  timer->next = loop->kept;
  loop->kept = timer;
  loop->kept_count++;
}

typedef struct {
  Loop *loop;
  uint64_t ms;
} Moved;

static void bring_forward(LoopTimer *timer, uint64_t ms) {
  uv_timer_t *handle = &timer->handle;
  if (!uv_is_active((uv_handle_t *)handle)) return;
  uint64_t left = uv_timer_get_due_in(handle), repeat = uv_timer_get_repeat(handle);
  uv_timer_start(handle, on_timer, left > ms ? left - ms : 0, repeat);
}

// Those of libcurl stay: what is under way outside takes real time.
static void bring_all_forward(void *ctx) {
  Moved moved = *(Moved *)ctx;
  free(ctx);
  uv_update_time(&moved.loop->uv);
  for (LoopTimer *timer = moved.loop->timers; timer; timer = timer->next)
    bring_forward(timer, moved.ms);
}

void loop_time_moved(Loop *loop, int64_t us) {
  Moved *moved = malloc(sizeof *moved);
  if (!moved) return;
  *moved = (Moved){ loop, (uint64_t)us / 1000 };
  if (!loop_post(loop, bring_all_forward, moved)) free(moved);
}

struct uv_loop_s *loop_uv(Loop *loop) {
  return &loop->uv;
}

UnsentList *loop_unsent(Loop *loop) { return &loop->unsent; }
