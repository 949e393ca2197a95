// host.time: sleep, spawned functions, gates, and functions that run periodically.
#include "host/libs.h"

#include <math.h>

#include "base/clock.h"
#include "engine/door.h"
#include "engine/method.h"
#include "engine/record.h"
#include "engine/wait.h"
#include "script/context.h"
#include "script/every.h"
#include "host/spawned.h"

enum { SUSPENDED_MAX = 10000 };  // a script that spawns without end leaves memory for messages

// sleep(seconds[, until]): sleeps until the earlier of the two. `until`, in Unix seconds, is the end of a sleep that is
// continued after a replay.
static int l_sleep(lua_State *L) {
  double seconds = luaL_checknumber(L, 1);
  if (!(seconds >= 0 && seconds <= 1e9))
    method_raise(L, "wechat.sleep: seconds is %f (0 to a thousand million expected)", seconds);
  double left = luaL_optnumber(L, 2, HUGE_VAL) - (double)clock_unix_ms() / 1000;
  if (left < seconds) seconds = left < 0 ? 0 : left;
  return wait_until(L, "wechat.sleep", clock_now_us() + (int64_t)(seconds * 1e6));
}

static const TaskBody SPAWNED = { .goes_on = context_goes_on, .doing = "a spawned function" };

static void check_spawn(lua_State *L, Engine *engine) {
  Err err = { 0 };
  if (lua_type(L, 1) != LUA_TFUNCTION)
    method_raise(L, "wechat.spawn: fn is a %s (function expected)", luaL_typename(L, 1));
  if (!task_running(L)) method_raise(L, "wechat.spawn can only be called while the script runs");
  if (!engine_start_thread(engine, &err)) method_raise(L, "wechat.spawn: %s", err.text);
  if (engine_tasks(engine) >= SUSPENDED_MAX)
    method_raise(L, "wechat.spawn: %d functions are under way already; wait for some of them",
                 SUSPENDED_MAX);
}

// Adds a spawned task to the record of the running task, if the running task is recorded. Returns the number of values
// that it inserts below the function, at index 2: 1 (door_begin) or 0.
static int share_record(lua_State *L, Task *task) {
  if (!task_record(task_running(L))) return 0;
  task_share_record(task_running(L), task);
  lua_pushcfunction(L, door_begin);
  lua_insert(L, 2);
  return 1;
}

// Gives the new task the current message, the function and its arguments, and the rest of what it has of the running
// task. Does not raise.
static void hand_on(lua_State *L, Task *task, int count) {
  const Task *parent = task_running(L);
  context_push_message(L);
  context_give_message(L, task);
  task_copy_subject(task, task_subject(parent));
  task_set_rank(task, task_rank(parent));
  count += share_record(L, task);
  lua_xmove(L, task_coroutine(task), count);
  task_limit(task);
  // Once their message is late, functions that spawn without end come after messages that are in time.
  task_set_due(task, task_due(parent));
  task_count(task);
}

// Creates a task for a function and its arguments, with room for them and for door_begin. NULL without memory.
static Task *make_spawned(Engine *engine, int count) {
  Task *task = task_new(engine, &SPAWNED, NULL);
  if (!task || lua_checkstack(task_coroutine(task), count + 2)) return task;
  task_discard(task);
  return NULL;
}

// spawn(fn, ...): starts a task and returns its value (spawned.h). What may raise comes before the task, which nothing
// would free.
static int l_spawn(lua_State *L) {
  Engine *engine = engine_of(L);
  check_spawn(L, engine);
  int count = lua_gettop(L);
  Spawned *spawned = spawned_push(L);
  lua_insert(L, 1);
  Task *task = make_spawned(engine, count);
  if (!task) raise_no_memory(L);
  hand_on(L, task, count);
  if (!task_post(task)) raise_no_memory(L);
  spawned_hold(spawned, task);
  return 1;
}

// Parses "10m", "1h30m", "500ms" or a plain number of seconds; returns seconds, or -1 if the text is invalid.
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

static int l_every(lua_State *L) {
  double seconds = lua_type(L, 1) == LUA_TSTRING ? parse_interval(str_trim(lua_str(L, 1)))
                                                 : luaL_checknumber(L, 1);
  if (!(seconds >= 0.001 && seconds <= 1e9))
    method_raise(
        L, "wechat.every: interval is '%s' (seconds, from 0.001, or \"10m\", \"1h30m\" expected)",
        luaL_tolstring(L, 1, NULL));
  return every_new(L, (int64_t)(seconds * 1e6), NULL, 0);
}

static int l_cron(lua_State *L) {
  Cron cron;
  Err err = { 0 };
  Str spec = lua_str(L, 1);
  if (!cron_parse(spec, &cron, &err)) method_raise(L, "wechat.cron: %s", err.text);
  int64_t due_s = cron_next(&cron, clock_unix_s());
  if (due_s <= 0) method_raise(L, "wechat.cron: no date ever fits '%s'", spec.ptr);
  return every_new(L, 0, &cron, due_s);
}

static int l_now(lua_State *L) {
  lua_pushnumber(L, (lua_Number)clock_unix_ms() / 1000);
  return 1;
}

static void goes_on(void *engine) { engine_goes_on(engine); }

// advance(seconds): moves the process's clock forward, for specs.
static int l_advance(lua_State *L) {
  const InterpreterOptions *options = script_context(L)->options;
  double seconds = luaL_checknumber(L, 1);
  if (!options->advance) raise(L, "time can be moved only in a spec");
  if (engine_is_given_up(engine_of(L))) raise(L, "the test was given up");
  options->advance(options->advance_ctx, (int64_t)(seconds * 1e6), goes_on, engine_of(L));
  return 0;
}

// restart(): restarts the bot of a spec, as a new process would.
static int l_restart(lua_State *L) {
  const InterpreterOptions *options = script_context(L)->options;
  Err err = { 0 };
  if (!options->restart) raise(L, "a bot can be restarted only in a spec");
  if (!options->restart(options->restart_ctx, &err)) raise(L, "%s", err.text);
  return 0;
}

static const luaL_Reg functions[] = {
  { "advance", l_advance }, { "cron", l_cron },   { "every", l_every }, { "gate", spawned_gate },
  { "restart", l_restart }, { "spawn", l_spawn }, { NULL, NULL },
};

static const DoorFunction recorded[] = {
  { "wechat.sleep or another function of time", "now", l_now, DOOR_READS, NULL },
  { "wechat.sleep", "sleep", l_sleep, DOOR_READS, NULL },
  { "wechat.once", "once", NULL, DOOR_ACTS, NULL },
  { NULL, NULL, NULL, DOOR_READS, NULL },
};

int lib_time(lua_State *L) {
  every_open(L);
  spawned_open(L);
  luaL_newlib(L, functions);
  door_set_all(L, recorded, 0);
  return 1;
}
