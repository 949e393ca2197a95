// host.time: sleeping, functions that run beside the caller, and functions that run again and again.
#include "script/core.h"

#include "base/clock.h"
#include "base/log.h"
#include "script/args.h"
#include "script/cron.h"
#include "script/libs.h"

#include <math.h>
#include <stdlib.h>

// ---- sleep --------------------------------------------------------------------------------------

typedef struct {
  Timer timer;  // first
  Inbox *inbox;
  Wait *wait;
} Sleep;

static void wake(Interpreter *in, void *ctx) {
  Sleep *sleep = ctx;
  wait_finish(sleep->wait, NULL, NULL, NULL);
  free(sleep);
}

// With the inbox's mutex held. A timer that is not in the heap has fired: wake() does the rest.
static void cancel_sleep(void *ctx) {
  Sleep *sleep = ctx;
  if (sleep->timer.index == 0) return;
  timer_remove_locked(sleep->inbox, &sleep->timer);
  wait_release(sleep->wait);
  free(sleep);
}

static int l_sleep(lua_State *L) {
  double seconds = luaL_checknumber(L, 1);
  if (!(seconds >= 0 && seconds <= 1e9))
    return args_error(L, "wechat.sleep: seconds is %f (0 to a thousand million expected)", seconds);
  Interpreter *in = interpreter_of(L);
  Err err = { 0 };
  if (!worker_start(in, &err)) return args_error(L, "wechat.sleep: %s", err.text);
  Wait *wait = wait_begin(L, "wechat.sleep");
  Sleep *sleep = calloc(1, sizeof *sleep);
  if (sleep) {
    sleep->timer.fn = wake;
    sleep->timer.ctx = sleep;
    sleep->inbox = in->inbox;
    sleep->wait = wait;
  }
  if (!sleep || !timer_add(in->inbox, &sleep->timer, clock_now_us() + (int64_t)(seconds * 1e6))) {
    free(sleep);
    wait_abort(wait);
    return luaL_error(L, "not enough memory");
  }
  return wait_suspend(L, wait, cancel_sleep, sleep);
}

// ---- every, cron --------------------------------------------------------------------------------

struct Tick {
  Timer timer;  // first
  Interpreter *in;
  int function;         // in the registry
  int64_t interval_us;  // 0: by `cron`
  Cron cron;
  int64_t due_s;  // of cron, Unix seconds
  bool armed;     // in the heap, or fired and on its way to the lock
  bool running, stopped;
  struct Tick *previous, *next;
};

// A clock that was set is noticed within that time.
enum { CRON_LOOK_US = 30 * 1000000 };

static void unlink_tick(Tick *tick) {
  if (tick->previous) tick->previous->next = tick->next;
  else tick->in->ticks = tick->next;
  if (tick->next) tick->next->previous = tick->previous;
}

// With the interpreter's lock.
static void free_when_over(Tick *tick) {
  if (!tick->stopped || tick->armed || tick->running) return;
  pthread_mutex_lock(&tick->in->inbox->mutex);
  unlink_tick(tick);
  pthread_mutex_unlock(&tick->in->inbox->mutex);
  luaL_unref(tick->in->L, LUA_REGISTRYINDEX, tick->function);
  free(tick);
}

static void arm(Tick *tick) {
  Interpreter *in = tick->in;
  int64_t now_us = clock_now_us(), due_us;
  if (tick->stopped || !in->ticking || atomic_load(&in->retired)) return;
  if (tick->interval_us > 0) {
    due_us = tick->timer.due_us + tick->interval_us;
    if (due_us <= now_us) due_us = now_us + tick->interval_us;
  } else {
    int64_t left_us = (tick->due_s - clock_unix_s()) * 1000000;
    due_us = now_us + (left_us < CRON_LOOK_US ? (left_us > 0 ? left_us : 0) : CRON_LOOK_US);
  }
  tick->armed = timer_add(in->inbox, &tick->timer, due_us);
  if (!tick->armed) log_error("no memory for a timer of the script: it has stopped");
}

static bool tick_done(void *owner, TaskState state, const Reply *reply, Str rest) {
  Tick *tick = owner;
  tick->running = false;
  free_when_over(tick);
  return false;
}

static const TaskBody TICK = { NULL, NULL, 0, "a timer's function" };

static void run_tick(Tick *tick) {
  Interpreter *in = tick->in;
  Task *task = task_new(in, &TICK);
  if (!task) {
    log_error("no memory for a timer's function (script_memory_mb): this tick is left out");
    return;
  }
  lua_rawgeti(task->co, LUA_REGISTRYINDEX, tick->function);
  task->owner = tick;
  task->done = tick_done;
  tick->running = true;
  if (in->options.job_timeout_ms > 0)
    task->deadline_us = clock_now_us() + in->options.job_timeout_ms * 1000;
  guard_enter(in);
  task_run(task);
  guard_leave(in);
}

static bool is_due(Tick *tick) {
  if (tick->interval_us > 0) return true;
  if (clock_unix_s() < tick->due_s) return false;
  tick->due_s = cron_next(&tick->cron, clock_unix_s());
  return true;
}

static bool is_on_duty(const Interpreter *in) {
  return !in->options.shared ||
         !atomic_load_explicit(&in->options.shared->timers_elsewhere, memory_order_relaxed);
}

// A tick that is still under way when the next is due lets that one pass.
static void fire(Interpreter *in, void *ctx) {
  Tick *tick = ctx;
  if (!lock_take(&in->lock, INT64_MAX)) return;
  tick->armed = false;
  bool due = !tick->stopped && is_due(tick) && !tick->running && is_on_duty(in);
  if (tick->interval_us > 0 || tick->due_s > 0) arm(tick);
  if (due && !atomic_load(&in->retired)) run_tick(tick);
  else free_when_over(tick);
  lock_give_way(&in->lock);
}

static void stop_tick(Tick *tick) {
  Inbox *inbox = tick->in->inbox;
  pthread_mutex_lock(&inbox->mutex);
  if (tick->timer.index) {
    timer_remove_locked(inbox, &tick->timer);
    tick->armed = false;
  }
  pthread_mutex_unlock(&inbox->mutex);
  tick->stopped = true;
  free_when_over(tick);
}

void time_start(Interpreter *in) {
  in->ticking = true;
  if (in->options.timers_elsewhere)
    return;  // what a message makes from now on is its own, and ticks
  for (Tick *tick = in->ticks; tick; tick = tick->next) {
    tick->timer.due_us = clock_now_us();
    if (!tick->armed) arm(tick);
  }
}

void time_stop(Interpreter *in) {
  atomic_store(&in->retired, true);
  pthread_mutex_lock(&in->inbox->mutex);
  for (Tick *tick = in->ticks; tick; tick = tick->next)
    timer_remove_locked(in->inbox, &tick->timer);
  pthread_mutex_unlock(&in->inbox->mutex);
}

void time_close(Interpreter *in) {
  for (Tick *tick = in->ticks, *next; tick; tick = next) {
    next = tick->next;
    free(tick);
  }
  in->ticks = NULL;
}

// "10m", "1h30m", "500ms"; a bare number counts seconds. -1 for what is none.
static double parse_interval(Str text) {
  static const struct {
    Str name;
    double seconds;
  } units[] = {
    { STR("ms"), 0.001 }, { STR("s"), 1 }, { STR("m"), 60 }, { STR("h"), 3600 }, { STR("d"), 86400 }
  };
  double total = 0, number;
  if (str_to_double(text, &number)) return number;
  while (text.len > 0) {
    size_t digits = 0, letters = 0;
    while (digits < text.len &&
           ((text.ptr[digits] >= '0' && text.ptr[digits] <= '9') || text.ptr[digits] == '.'))
      digits++;
    while (digits + letters < text.len && text.ptr[digits + letters] >= 'a' &&
           text.ptr[digits + letters] <= 'z')
      letters++;
    Str unit = str_sub(text, digits, letters);
    double seconds = 0;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
      if (str_eq(unit, units[i].name)) seconds = units[i].seconds;
    }
    if (seconds == 0 || !str_to_double(str_sub(text, 0, digits), &number)) return -1;
    total += number * seconds;
    text = str_sub(text, digits + letters, text.len);
  }
  return total;
}

static int l_stop(lua_State *L) {
  Tick **handle = luaL_checkudata(L, 1, "wemoon.timer");
  Tick *tick = *handle;
  *handle = NULL;
  if (tick) stop_tick(tick);
  return 0;
}

static void link_tick(Interpreter *in, Tick *tick) {
  pthread_mutex_lock(&in->inbox->mutex);
  tick->next = in->ticks;
  if (in->ticks) in->ticks->previous = tick;
  in->ticks = tick;
  if (in->options.shared) atomic_store(&in->options.shared->timers, true);
  pthread_mutex_unlock(&in->inbox->mutex);
}

// With the function at index 2; pushes the handle.
static int add_tick(lua_State *L, const Tick *what) {
  Interpreter *in = interpreter_of(L);
  Err err = { 0 };
  if (!worker_start(in, &err)) return args_error(L, "%s", err.text);
  Tick **handle = lua_newuserdatauv(L, sizeof *handle, 0);
  *handle = NULL;
  luaL_setmetatable(L, "wemoon.timer");
  lua_pushvalue(L, 2);
  int function = luaL_ref(L, LUA_REGISTRYINDEX);
  Tick *tick = malloc(sizeof *tick);
  if (!tick) {
    luaL_unref(L, LUA_REGISTRYINDEX, function);
    return luaL_error(L, "not enough memory");
  }
  *tick = *what;
  tick->in = in;
  tick->function = function;
  tick->timer = (Timer){ .fn = fire, .ctx = tick, .due_us = clock_now_us() };
  *handle = tick;
  link_tick(in, tick);
  if (in->ticking) arm(tick);
  return 1;
}

static int l_every(lua_State *L) {
  double seconds;
  if (lua_type(L, 1) == LUA_TSTRING) {
    Str text = { 0 };
    text.ptr = lua_tolstring(L, 1, &text.len);
    seconds = parse_interval(str_trim(text));
  } else {
    seconds = luaL_checknumber(L, 1);
  }
  if (!(seconds >= 0.001 && seconds <= 1e9)) {
    return args_error(
        L, "wechat.every: interval is '%s' (seconds, from 0.001, or \"10m\", \"1h30m\" expected)",
        luaL_tolstring(L, 1, NULL));
  }
  return add_tick(L, &(Tick){ .interval_us = (int64_t)(seconds * 1e6) });
}

static int l_cron(lua_State *L) {
  Tick tick = { 0 };
  Err err = { 0 };
  Str spec;
  spec.ptr = luaL_checklstring(L, 1, &spec.len);
  if (!cron_parse(spec, &tick.cron, &err)) return args_error(L, "wechat.cron: %s", err.text);
  tick.due_s = cron_next(&tick.cron, clock_unix_s());
  if (tick.due_s <= 0) return args_error(L, "wechat.cron: no date ever fits '%s'", spec.ptr);
  return add_tick(L, &tick);
}

static const luaL_Reg timer_methods[] = { { "stop", l_stop }, { NULL, NULL } };

static int l_now(lua_State *L) {
  lua_pushnumber(L, (lua_Number)clock_unix_ms() / 1000);
  return 1;
}

// advance(seconds): moves the process's time, for specs.
static int l_advance(lua_State *L) {
  const InterpreterOptions *options = script_context(L)->options;
  double seconds = luaL_checknumber(L, 1);
  if (!options->advance) return luaL_error(L, "time can be moved in a spec alone");
  options->advance(options->advance_ctx, (int64_t)(seconds * 1e6));
  return 0;
}

static const luaL_Reg functions[] = {
  { "advance", l_advance }, { "cron", l_cron },      { "every", l_every }, { "now", l_now },
  { "sleep", l_sleep },     { "spawn", task_spawn }, { NULL, NULL },
};

int lib_time(lua_State *L) {
  luaL_newmetatable(L, "wemoon.timer");
  luaL_newlib(L, timer_methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  return 1;
}
