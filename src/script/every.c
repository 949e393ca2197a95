// A list of timers, each of which starts a task when it is due.
#include "script/every.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/method.h"
#include "engine/record.h"
#include "script/inner.h"

#include <stdlib.h>

static const char TYPE[] = "wemoon.timer";

struct Every {
  Timer timer;
  Interpreter *in;
  int function;         // index in the registry
  int64_t interval_us;  // 0: by `cron`
  Cron cron;
  int64_t due_s;           // for cron, Unix seconds
  int64_t clock_apart_us;  // for cron: the wall clock minus the monotonic clock at the last check
  bool armed;              // in the timer heap, or fired and waiting for the lock
  bool running, stopped;
  struct Every *previous, *next;
};

// A change of the wall clock is noticed within CRON_LOOK_US.
enum { CRON_LOOK_US = 5 * 1000000, CLOCK_SET_US = 5 * 1000000 };

static void unlink_every(Every *every) {
  if (every->previous) every->previous->next = every->next;
  else every->in->timers = every->next;
  if (every->next) every->next->previous = every->previous;
}

static void free_when_over(Every *every) {
  if (!every->stopped || every->armed || every->running) return;
  unlink_every(every);
  luaL_unref(engine_main(every->in->engine), LUA_REGISTRYINDEX, every->function);
  free(every);
}

static void arm(Every *every) {
  Interpreter *in = every->in;
  int64_t now_us = clock_now_us(), due_us;
  if (every->stopped || !in->ticking || engine_is_retired(in->engine)) return;
  if (every->interval_us > 0) {
    due_us = every->timer.due_us + every->interval_us;
    if (due_us <= now_us) due_us = now_us + every->interval_us;
  } else {
    int64_t left_us = (every->due_s - clock_unix_s()) * 1000000;
    due_us = now_us + (left_us < CRON_LOOK_US ? (left_us > 0 ? left_us : 0) : CRON_LOOK_US);
  }
  every->armed = timer_add(in->engine, &every->timer, due_us);
  if (!every->armed) log_error("no memory for a timer of the script: it has stopped");
}

// If the interpreter was given up, every_free_all frees the timer.
static void tick_ended(Task *task) {
  Every *every = task_data(task);
  every->running = false;
  if (!engine_is_given_up(task_engine(task))) free_when_over(every);
}

static const TaskBody TICK = { .ended = tick_ended, .doing = "a timer's function" };

static void run_tick(Every *every) {
  Task *task = task_new(every->in->engine, &TICK, every);
  if (!task) {
    log_error("no memory for a timer's function (script_memory_mb): this tick is skipped");
    return;
  }
  lua_rawgeti(task_coroutine(task), LUA_REGISTRYINDEX, every->function);
  every->running = true;
  task_limit(task);
  task_start(task);
}

static int64_t clock_apart_us(void) { return clock_unix_ms() * 1000 - clock_now_us(); }

// Returns whether the wall clock was set. Then missed ticks are not made up for, and none is suppressed: the next tick
// comes at the next time on the new clock.
static bool clock_was_set(Every *every) {
  int64_t apart_us = clock_apart_us(), moved_us = apart_us - every->clock_apart_us;
  every->clock_apart_us = apart_us;
  return moved_us > CLOCK_SET_US || moved_us < -CLOCK_SET_US;
}

static bool is_due(Every *every) {
  if (every->interval_us > 0) return true;
  if (clock_was_set(every)) {
    every->due_s = cron_next(&every->cron, clock_unix_s());
    return false;
  }
  if (clock_unix_s() < every->due_s) return false;
  every->due_s = cron_next(&every->cron, clock_unix_s());
  return true;
}

// Returns whether this process runs the timers: not if it was frozen past the end of its lease.
static bool runs_timers(const Interpreter *in) {
  const BotShared *shared = in->options.shared;
  if (!shared) return true;
  if (atomic_load_explicit(&shared->timers_elsewhere, memory_order_relaxed)) return false;
  int64_t until_us = atomic_load_explicit(&shared->timers_until_us, memory_order_relaxed);
  return until_us == 0 || clock_real_us() < until_us;
}

// Runs a due tick. If the previous tick is still running, this one is skipped.
static void fire(Engine *engine, void *ctx) {
  Every *every = ctx;
  if (!engine_enter(engine, INT64_MAX)) return;
  every->armed = false;
  bool due = !every->stopped && is_due(every) && !every->running && runs_timers(every->in);
  if (every->interval_us > 0 || every->due_s > 0) arm(every);
  if (due && !engine_is_retired(engine)) run_tick(every);
  else free_when_over(every);
  engine_leave_to_others(engine);
}

static void stop(Every *every) {
  if (timer_remove(every->in->engine, &every->timer)) every->armed = false;
  every->stopped = true;
  free_when_over(every);
}

void every_start(Interpreter *in) {
  in->ticking = true;
  // Timers that a message creates from now on belong to this interpreter, and run.
  if (in->options.timers_elsewhere) return;
  for (Every *every = in->timers; every; every = every->next) {
    every->timer.due_us = clock_now_us();
    if (!every->armed) arm(every);
  }
}

void every_free_all(Interpreter *in) {
  for (Every *every = in->timers, *next; every; every = next) {
    next = every->next;
    free(every);
  }
  in->timers = NULL;
}

static int l_stop(lua_State *L) {
  Every **handle = luaL_checkudata(L, 1, TYPE);
  Every *every = *handle;
  *handle = NULL;
  if (every) stop(every);
  return 0;
}

static void link_every(Interpreter *in, Every *every) {
  every->next = in->timers;
  if (in->timers) in->timers->previous = every;
  in->timers = every;
  if (in->options.shared) atomic_store(&in->options.shared->timers, true);
}

// A conversation that starts a timer stays in memory, or its re-run would start the timer once more.
static void pin_record(Task *task) {
  Record *record = task ? task_record(task) : NULL;
  if (record) record_pin(record);
}

int every_new(lua_State *L, int64_t interval_us, const Cron *cron, int64_t due_s) {
  Interpreter *in = interpreter_of(L);
  Err err = { 0 };
  if (!engine_start_thread(in->engine, &err)) method_raise(L, "%s", err.text);
  Every **handle = lua_newuserdatauv(L, sizeof *handle, 0);
  *handle = NULL;
  luaL_setmetatable(L, TYPE);
  lua_pushvalue(L, 2);
  int function = luaL_ref(L, LUA_REGISTRYINDEX);
  Every *every = malloc(sizeof *every);
  if (!every) {
    luaL_unref(L, LUA_REGISTRYINDEX, function);
    raise_no_memory(L);
  }
  *every = (Every){ .in = in, .function = function, .interval_us = interval_us, .due_s = due_s };
  if (cron) every->cron = *cron;
  every->clock_apart_us = clock_apart_us();
  every->timer =
      (Timer){ .fn = fire, .ctx = every, .ends_with_service = true, .due_us = clock_now_us() };
  *handle = every;
  link_every(in, every);
  pin_record(task_running(L));
  if (in->ticking) arm(every);
  return 1;
}

static const luaL_Reg methods[] = { { "stop", l_stop }, { NULL, NULL } };

void every_open(lua_State *L) {
  luaL_newmetatable(L, TYPE);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}
