// Ends a slice at its limits: CPU time, interruption, a given-up engine, a difference from the record.
#include "engine/guard.h"

#include <lauxlib.h>

#include "engine/engine_inner.h"
#include "engine/inbox.h"
#include "engine/place.h"
#include "engine/task_inner.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

enum {
  HOOK_EVERY = 1000,  // instructions between two calls of the hook
  LONG_US = 10000,    // from this length on, the slice's place is kept, and it serves timers
  WARN_AFTER_US = 100000,
  INTERRUPT_AFTER_US = 100000,
  // The hook's first call in a slice comes within this CPU time. If more time has elapsed, the thread was not running.
  FIRST_LOOK_US = 10000,
  MEAN_OF = 8  // the moving average covers about this many slices
};

void guard_init(Slice *slice) {
  pthread_mutex_init(&slice->mutex, NULL);
  buf_init(&slice->trace);
  buf_init(&slice->inner_text);
  buf_init(&slice->inner_trace);
}

void guard_clear(Slice *slice) {
  pthread_mutex_destroy(&slice->mutex);
  buf_clear(&slice->trace);
  buf_clear(&slice->inner_text);
  buf_clear(&slice->inner_trace);
}

void engine_set_entry(Engine *engine, const char *place) {
  Slice *slice = &engine->slice;
  pthread_mutex_lock(&slice->mutex);
  snprintf(slice->entry, sizeof slice->entry, "%s", place);
  pthread_mutex_unlock(&slice->mutex);
}

void engine_set_place(Engine *engine, const char *place) {
  Slice *slice = &engine->slice;
  pthread_mutex_lock(&slice->mutex);
  snprintf(slice->place, sizeof slice->place, "%s", place);
  slice->place_number = atomic_load_explicit(&slice->number, memory_order_relaxed);
  pthread_mutex_unlock(&slice->mutex);
}

void guard_last_place(Slice *slice, char *place, size_t size) {
  pthread_mutex_lock(&slice->mutex);
  bool seen = slice->place_number == atomic_load_explicit(&slice->number, memory_order_relaxed);
  snprintf(place, size, "%s", seen && slice->place[0] ? slice->place : slice->entry);
  pthread_mutex_unlock(&slice->mutex);
}

static clockid_t thread_clock(void) {
  static _Thread_local clockid_t clock;
  static _Thread_local bool known;
  if (!known) known = pthread_getcpuclockid(pthread_self(), &clock) == 0;
  return clock;
}

void guard_enter(Engine *engine) {
  Slice *slice = &engine->slice;
  int64_t now_us = clock_real_us();
  slice->cpu_began_us = -1;
  slice->end = SLICE_GOES_ON;
  slice->warned = false;
  slice->served_us = 0;
  if (slice->trace.len || slice->trace.failed) buf_reset(&slice->trace);
  if (slice->inner_text.len || slice->inner_text.failed) buf_reset(&slice->inner_text);
  atomic_store_explicit(&slice->cpu_clock, thread_clock(), memory_order_relaxed);
  atomic_store_explicit(&slice->seen_us, now_us, memory_order_relaxed);
  uint64_t number = atomic_load_explicit(&slice->number, memory_order_relaxed) + 1;
  atomic_store_explicit(&slice->number, number, memory_order_relaxed);
  atomic_store_explicit(&slice->began_us, now_us, memory_order_release);
}

void guard_renew(Engine *engine) {
  guard_leave(engine);
  guard_enter(engine);
}

// A program of wemoon's own, such as the simulated platform, has no place that its user could look at.
static void warn_of_length(Engine *engine, int64_t elapsed_us) {
  Slice *slice = &engine->slice;
  if (slice->warned || !engine->options.cpu_us_max) return;
  char place[PLACE_SIZE];
  guard_last_place(slice, place, sizeof place);
  if (!place[0]) return;
  slice->warned = true;
  log_warn("the script has run for %lld ms without a pause, at %s: other messages wait meanwhile",
           (long long)(elapsed_us / 1000), place);
}

void guard_leave(Engine *engine) {
  Slice *slice = &engine->slice;
  int64_t elapsed_us =
      clock_real_us() - atomic_load_explicit(&slice->began_us, memory_order_relaxed);
  int64_t mean_us = atomic_load_explicit(&slice->mean_us, memory_order_relaxed);
  atomic_store_explicit(&slice->mean_us, mean_us + (elapsed_us - mean_us) / MEAN_OF,
                        memory_order_relaxed);
  atomic_store_explicit(&slice->began_us, 0, memory_order_release);
  if (elapsed_us > WARN_AFTER_US) warn_of_length(engine, elapsed_us);
}

// Raises with the text of a memory error, for which the script's message handlers are not called. A handler would run
// inside the hook, with hooks switched off, and could loop without end.
static int throw_past_handlers(lua_State *L) {
  lua_pushstring(L, NO_MEMORY);
  return lua_error(L);
}

// For a C function, whose stack may be full. A hook must not clear the stack: it belongs to the interrupted function.
static int throw_from_c(lua_State *L) {
  lua_settop(L, 0);
  return throw_past_handlers(L);
}

static void note_trace(lua_State *L, Slice *slice) {
  luaL_traceback(L, L, NULL, 0);
  size_t len;
  const char *text = lua_tolstring(L, -1, &len);
  buf_add(&slice->trace, str_make(text, len));
  lua_pop(L, 1);
}

static void hook(lua_State *L, lua_Debug *ar);

// Ends a task whose time for closing variables is over (task_force). If the running coroutine can yield, it yields and
// is never resumed, and neither are the coroutines that resumed it: none of the script's handlers, pcalls or <close>
// variables runs any more. Inside a C function that Lua cannot yield across, an error is raised instead, and again at
// every later instruction, until the coroutine can yield. Returns whether the coroutine can yield now.
static bool end_by_yield(lua_State *L) {
  lua_sethook(L, hook, LUA_MASKCOUNT, 1);
  return lua_isyieldable(L);
}

// The continuation of a script's coroutine that was ended by a yield, in case a later slice resumes the coroutine.
static int cannot_go_on(lua_State *L, int status, lua_KContext context) {
  return luaL_error(L, "the coroutine was stopped inside this call (script_cpu_ms)");
}

unsigned guard_forced(lua_State *L) {
  const Engine *engine = engine_of(L);
  return engine && engine->task ? engine->task->forced : 0;
}

int guard_unwind_on(lua_State *L) { return throw_from_c(L); }

int guard_unwind(lua_State *L) {
  if (engine_of(L)->force(L)) return throw_from_c(L);
  return end_by_yield(L) ? lua_yieldk(L, 0, 0, cannot_go_on) : throw_from_c(L);
}

// Whether an interruption ends the task now. A task that closes its variables was interrupted already and has until
// closing_us.
static bool heeds_interrupt(const Task *task) {
  return !task || !task->closing || clock_now_us() > task->closing_us;
}

// A long slice keeps the engine from the engine's thread, so it calls the timers that cannot wait.
static void serve_timers(Engine *engine, int64_t now_us) {
  Slice *slice = &engine->slice;
  Task *task = engine->task;
  if (now_us - slice->served_us < LONG_US) return;
  if (!slice->served_us && task && task->body->runs_long) task->body->runs_long(task);
  slice->served_us = now_us;
  timers_serve_in_slice(engine);
}

// After engine_interrupt_run a slice of another task ends only if it was running then, and has not paused since.
static bool is_interrupted(Engine *engine) {
  if (atomic_load_explicit(&engine->interrupted, memory_order_relaxed)) return true;
  uint64_t run = atomic_load_explicit(&engine->interrupted_run, memory_order_relaxed);
  if (run == 0) return false;
  if (engine->task && engine->task->origin == run) return true;
  int64_t at_us = atomic_load_explicit(&engine->interrupted_us, memory_order_relaxed);
  return atomic_load_explicit(&engine->slice.began_us, memory_order_relaxed) < at_us &&
         clock_real_us() - at_us > INTERRUPT_AFTER_US;
}

static SliceEnd look_at_clocks(Engine *engine, lua_State *L) {
  Slice *slice = &engine->slice;
  if (atomic_load_explicit(&engine->given_up, memory_order_relaxed)) return SLICE_GIVEN_UP;
  if (is_interrupted(engine) && heeds_interrupt(engine->task)) return SLICE_INTERRUPTED;
  int64_t now_us = clock_real_us();
  int64_t elapsed_us = now_us - atomic_load_explicit(&slice->began_us, memory_order_relaxed);
  atomic_store_explicit(&slice->seen_us, now_us, memory_order_relaxed);
  if (engine->options.cpu_us_max == 0) return SLICE_GOES_ON;
  if (slice->cpu_began_us < 0)
    slice->cpu_began_us =
        clock_thread_cpu_us() - (elapsed_us < FIRST_LOOK_US ? elapsed_us : FIRST_LOOK_US);
  if (elapsed_us > LONG_US) {
    char place[PLACE_SIZE];
    place_innermost(L, place, sizeof place);
    engine_set_place(engine, place);
    serve_timers(engine, now_us);
  }
  if (elapsed_us > WARN_AFTER_US) warn_of_length(engine, elapsed_us);
  if (elapsed_us <= engine->options.cpu_us_max) return SLICE_GOES_ON;
  return clock_thread_cpu_us() - slice->cpu_began_us > engine->options.cpu_us_max ? SLICE_OVER_CPU
                                                                                  : SLICE_GOES_ON;
}

bool guard_goes_on(lua_State *L) {
  Engine *engine = engine_of(L);
  if (!engine || atomic_load_explicit(&engine->slice.began_us, memory_order_relaxed) == 0)
    return true;
  Slice *slice = &engine->slice;
  if (slice->end != SLICE_GOES_ON) return false;
  slice->end = look_at_clocks(engine, L);
  if (slice->end == SLICE_GOES_ON) return true;
  char place[PLACE_SIZE];
  place_innermost(L, place, sizeof place);
  engine_set_place(engine, place);
  note_trace(L, slice);
  return false;
}

void guard_check(lua_State *L) {
  if (!guard_goes_on(L)) guard_unwind(L);
}

// Ends the running coroutine from the hook. An error raised in a hook leaves hooks switched off until a pcall of the
// same coroutine catches the error. A task's own coroutine has such a pcall. Any other coroutine yields if it can, and
// the coroutine that resumed it ends it.
static void leave_hook(lua_State *L) {
  Engine *engine = engine_of(L);
  bool own = engine->task->co == L;
  if (!own && lua_isyieldable(L)) {
    lua_yield(L, 0);
    return;
  }
  if (!own) engine->deaf = L;
  throw_past_handlers(L);
}

static void hook(lua_State *L, lua_Debug *ar) {
  if (guard_goes_on(L)) {
    // A coroutine in which an earlier slice was ended still calls the hook at every instruction (end_by_yield).
    if (lua_gethookcount(L) != HOOK_EVERY) lua_sethook(L, hook, LUA_MASKCOUNT, HOOK_EVERY);
  } else if (engine_of(L)->force(L)) {
    leave_hook(L);
  } else if (end_by_yield(L)) {
    lua_yield(L, 0);
  } else {
    throw_past_handlers(L);
  }
}

void guard_watch(lua_State *L) {
  if (!engine_of(L)->options.trusted) lua_sethook(L, hook, LUA_MASKCOUNT, HOOK_EVERY);
}
