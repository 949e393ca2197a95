// A gate has a list of waiters. The thread that takes a waiter out of the list, under the gate's mutex, resumes its
// task. No other lock is taken while the gate's mutex is held.
#include "engine/gate.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mutex.h"
#include "engine/engine.h"
#include "engine/lua_helpers.h"
#include "engine/timers.h"
#include "engine/wait_inner.h"
#include "engine/method.h"

typedef struct Waiter {
  struct Waiter *next, **link;  // `link`: NULL once the waiter was taken out
  Gate *gate;
  Wait *wait;
  Timer timer;
  WaitPush push, late;
  atomic_int holders;  // the list, or the thread that took the waiter out; and the timer
} Waiter;

struct Gate {
  atomic_int holders;
  pthread_mutex_t mutex;
  int passes;  // passes left; negative: the number taken by gate_take while none was left
  bool open;
  Waiter *first, **end;
};

Gate *gate_new(int passes) {
  Gate *gate = calloc(1, sizeof *gate);
  if (!gate) return NULL;
  atomic_init(&gate->holders, 1);
  mutex_init_brief(&gate->mutex);
  gate->passes = passes;
  gate->end = &gate->first;
  return gate;
}

Gate *gate_hold(Gate *gate) {
  atomic_fetch_add_explicit(&gate->holders, 1, memory_order_relaxed);
  return gate;
}

void gate_release(Gate *gate) {
  if (!gate || atomic_fetch_sub_explicit(&gate->holders, 1, memory_order_acq_rel) != 1) return;
  pthread_mutex_destroy(&gate->mutex);
  free(gate);
}

static void waiter_release(Waiter *waiter) {
  if (atomic_fetch_sub_explicit(&waiter->holders, 1, memory_order_acq_rel) != 1) return;
  gate_release(waiter->gate);
  free(waiter);
}

// Takes the waiter out of the list. False if another thread has done so. The mutex is held.
static bool take_out(Waiter *waiter) {
  if (!waiter->link) return false;
  *waiter->link = waiter->next;
  if (waiter->next) waiter->next->link = waiter->link;
  else waiter->gate->end = waiter->link;
  waiter->link = NULL;
  return true;
}

static bool take_out_alone(Waiter *waiter) {
  pthread_mutex_lock(&waiter->gate->mutex);
  bool taken = take_out(waiter);
  pthread_mutex_unlock(&waiter->gate->mutex);
  return taken;
}

static void put(Waiter *waiter) {
  Gate *gate = waiter->gate;
  waiter->next = NULL;
  waiter->link = gate->end;
  *gate->end = waiter;
  gate->end = &waiter->next;
}

// ---- the end of a wait --------------------------------------------------------------------------

// Gives back the pass of a task that has ended before it could use the pass.
static void pass_on(void *ctx) {
  Gate *gate = ctx;
  gate_leave(gate);
  gate_release(gate);
}

static int let_through(lua_State *L, void *ctx) {
  Waiter *waiter = ctx;
  Gate *gate = waiter->gate;
  WaitPush push = waiter->push;
  waiter_release(waiter);
  return push(L, gate);
}

static void drop_waiter(void *ctx) {
  Waiter *waiter = ctx;
  pass_on(gate_hold(waiter->gate));
  waiter_release(waiter);
}

static void go_through(Waiter *waiter) {
  if (timer_remove(waiter->wait->engine, &waiter->timer)) waiter_release(waiter);
  wait_finish(waiter->wait, let_through, drop_waiter, waiter);
}

static int push_late(lua_State *L, void *ctx) {
  Waiter *waiter = ctx;
  Gate *gate = waiter->gate;
  WaitPush late = waiter->late;
  waiter_release(waiter);
  return late(L, gate);
}

static void drop_late(void *ctx) { waiter_release(ctx); }

static void on_due(Engine *engine, void *ctx) {
  Waiter *waiter = ctx;
  if (take_out_alone(waiter)) wait_finish(waiter->wait, push_late, drop_late, waiter);
  waiter_release(waiter);
}

static void cancel(void *ctx) {
  Waiter *waiter = ctx;
  if (!take_out_alone(waiter)) return;
  if (timer_remove_in_cancel(waiter->wait->engine, &waiter->timer)) waiter_release(waiter);
  wait_release(waiter->wait);
  waiter_release(waiter);
}

// ---- entering and leaving -----------------------------------------------------------------------

// True if the waiter has a pass; false if it was put in the list.
static bool try_to_enter(Gate *gate, Waiter *waiter) {
  pthread_mutex_lock(&gate->mutex);
  bool through = gate->open || (gate->passes > 0 && !gate->first);
  if (through && !gate->open) gate->passes--;
  if (!through) put(waiter);
  pthread_mutex_unlock(&gate->mutex);
  return through;
}

static Waiter *waiter_new(lua_State *L, Gate *gate, const char *what) {
  Wait *wait = wait_begin(L, what);
  Waiter *waiter = calloc(1, sizeof *waiter);
  if (!waiter) {
    wait_abort(wait);
    raise_no_memory(L);
  }
  atomic_init(&waiter->holders, 1);
  waiter->gate = gate_hold(gate);
  waiter->wait = wait;
  waiter->timer.fn = on_due;
  waiter->timer.ctx = waiter;
  return waiter;
}

static void set_timer(Waiter *waiter, int64_t due_us) {
  if (due_us == INT64_MAX) return;
  atomic_fetch_add(&waiter->holders, 1);
  if (!timer_add(waiter->wait->engine, &waiter->timer, due_us)) waiter_release(waiter);
}

int gate_enter(lua_State *L, Gate *gate, const char *what, int64_t due_us, WaitPush push,
               WaitPush late) {
  Err err = { 0 };
  if (!engine_start_thread(engine_of(L), &err)) method_raise(L, "%s: %s", what, err.text);
  Waiter *waiter = waiter_new(L, gate, what);
  Wait *wait = waiter->wait;
  waiter->push = push;
  waiter->late = late;
  set_timer(waiter, due_us);
  if (!try_to_enter(gate, waiter)) return wait_suspend(L, wait, cancel, waiter);
  if (timer_remove(wait->engine, &waiter->timer)) waiter_release(waiter);
  waiter_release(waiter);
  wait_abort(wait);
  return push(L, gate);
}

// Takes out and returns the first waiter, if one may get through now. If there is none, adds `passes` to the passes
// left. With `open`, opens the gate.
static Waiter *take_first(Gate *gate, int passes, bool open) {
  pthread_mutex_lock(&gate->mutex);
  Waiter *waiter = open || gate->passes >= 0 ? gate->first : NULL;
  gate->open |= open;
  if (waiter) take_out(waiter);
  else gate->passes += passes;
  pthread_mutex_unlock(&gate->mutex);
  return waiter;
}

void gate_take(Gate *gate) {
  pthread_mutex_lock(&gate->mutex);
  if (!gate->open) gate->passes--;
  pthread_mutex_unlock(&gate->mutex);
}

void gate_leave(Gate *gate) {
  Waiter *waiter = take_first(gate, 1, false);
  if (waiter) go_through(waiter);
}

void gate_open(Gate *gate) {
  for (Waiter *waiter; (waiter = take_first(gate, 0, true));) go_through(waiter);
}

bool gate_is_open(Gate *gate) {
  pthread_mutex_lock(&gate->mutex);
  bool open = gate->open;
  pthread_mutex_unlock(&gate->mutex);
  return open;
}
