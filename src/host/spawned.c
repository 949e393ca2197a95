// Spawned tasks and gates as Lua values.
#include "host/spawned.h"

#include "base/clock.h"
#include "engine/door.h"
#include "engine/gate.h"
#include "engine/lua_helpers.h"
#include "engine/method.h"

#include <math.h>

static const char spawned_type[] = "wemoon.spawned", gate_type[] = "wemoon.gate",
                  pass_type[] = "wemoon.pass";

// Returns when a wait ends (monotonic, microseconds): the earlier of the time-out at `index`, in seconds (nil: no
// limit), and the optional time behind it, in Unix seconds, of a wait that is continued after a replay.
static int64_t due_of(lua_State *L, int index, const char *what) {
  if (lua_isnoneornil(L, index)) return INT64_MAX;
  double seconds = luaL_checknumber(L, index);
  if (!(seconds >= 0 && seconds <= 1e9))
    method_raise(L, "%s: timeout_s is %f (0 to a thousand million expected)", what, seconds);
  double left = luaL_optnumber(L, index + 1, HUGE_VAL) - (double)clock_unix_ms() / 1000;
  if (left < seconds) seconds = left < 0 ? 0 : left;
  return clock_now_us() + (int64_t)(seconds * 1e6);
}

static int push_nothing(lua_State *L, void *ctx) {
  lua_pushnil(L);
  return 1;
}

// ---- tasks --------------------------------------------------------------------------------------

struct Spawned {
  TaskTie tie;      // the first member: on_end casts it
  Task *task;       // NULL once the task has ended
  TaskState state;  // valid once the task has ended
  Gate *ended;      // opened when the task ends
};

static void on_end(TaskTie *tie) {
  Spawned *spawned = (Spawned *)tie;
  spawned->state = task_state(spawned->task);
  spawned->task = NULL;
  gate_open(spawned->ended);
}

Spawned *spawned_push(lua_State *L) {
  Spawned *spawned = lua_newuserdatauv(L, sizeof *spawned, 0);
  *spawned = (Spawned){ .tie.end = on_end };
  luaL_setmetatable(L, spawned_type);
  spawned->ended = gate_new(0);
  if (!spawned->ended) raise_no_memory(L);
  return spawned;
}

void spawned_hold(Spawned *spawned, Task *task) {
  spawned->task = task;
  task_tie(task, &spawned->tie);
}

static Spawned *check_spawned(lua_State *L) {
  Spawned *spawned = luaL_checkudata(L, 1, spawned_type);
  if (!spawned->ended) raise(L, "the task no longer exists");
  return spawned;
}

static int l_cancel(lua_State *L) {
  Spawned *spawned = check_spawned(L);
  Task *task = spawned->task;
  if (task && task == task_running(L))
    method_raise(L, "task:cancel is called in the task itself: return from its function instead");
  lua_pushboolean(L, task && task_cancel(task));
  return 1;
}

static int push_state(lua_State *L, void *gate) {
  const Spawned *spawned = lua_touserdata(L, 1);
  lua_pushstring(L, spawned->state == TASK_RETURNED    ? "returned"
                    : spawned->state == TASK_CANCELLED ? "cancelled"
                                                       : "failed");
  return 1;
}

static int l_join(lua_State *L) {
  Spawned *spawned = check_spawned(L);
  int64_t due_us = due_of(L, 2, "task:join");
  if (spawned->task && spawned->task == task_running(L))
    method_raise(L, "task:join is called in the task itself: it would wait for ever");
  lua_settop(L, 1);
  if (!spawned->task) return push_state(L, NULL);
  return gate_enter(L, spawned->ended, "task:join", due_us, push_state, push_nothing);
}

static int l_spawned_gc(lua_State *L) {
  Spawned *spawned = luaL_checkudata(L, 1, spawned_type);
  if (spawned->task) task_untie(&spawned->tie);
  spawned->task = NULL;
  gate_release(spawned->ended);
  spawned->ended = NULL;
  return 0;
}

// ---- gates --------------------------------------------------------------------------------------

typedef struct {
  TaskTie tie;  // the first member: on_holder_end casts it
  Gate *gate;   // NULL while the pass is empty
} Pass;

static void give_back(Pass *pass) {
  Gate *gate = pass->gate;
  pass->gate = NULL;
  task_untie(&pass->tie);
  if (!gate) return;
  gate_leave(gate);
  gate_release(gate);
}

static void on_holder_end(TaskTie *tie) { give_back((Pass *)tie); }

static void hold_gate(lua_State *L, Pass *pass, Gate *gate) {
  pass->gate = gate_hold(gate);
  task_tie(task_running(L), &pass->tie);
}

static int push_passed(lua_State *L, void *gate) {
  hold_gate(L, lua_touserdata(L, 2), gate);
  lua_pushboolean(L, true);
  return 1;
}

static int l_leave(lua_State *L) {
  give_back(luaL_checkudata(L, 1, pass_type));
  return 0;
}

static Gate **check_gate(lua_State *L) {
  Gate **gate = luaL_checkudata(L, 1, gate_type);
  if (!*gate) raise(L, "the gate no longer exists");
  return gate;
}

// gate:pass(): returns an empty pass. It is created before the wait, so that gate_enter's `push` allocates nothing.
static int l_pass(lua_State *L) {
  Pass *pass = lua_newuserdatauv(L, sizeof *pass, 0);
  *pass = (Pass){ .tie.end = on_holder_end };
  luaL_setmetatable(L, pass_type);
  return 1;
}

// gate:enter(pass[, timeout_s, until]): waits until the pass holds one of the gate's n; returns true, or nil at the
// time-out.
static int l_enter(lua_State *L) {
  Gate **gate = check_gate(L);
  luaL_checkudata(L, 2, pass_type);
  int64_t due_us = due_of(L, 3, "gate:enter");
  lua_settop(L, 2);
  return gate_enter(L, *gate, "gate:enter", due_us, push_passed, push_nothing);
}

// gate:hold(pass): makes the pass hold one at once, if it does not. For a replayed task: the record says that the task
// has its pass, but no gate was entered in this process.
static int l_hold(lua_State *L) {
  Gate **gate = check_gate(L);
  Pass *pass = luaL_checkudata(L, 2, pass_type);
  if (pass->gate) return 0;
  gate_take(*gate);
  hold_gate(L, pass, *gate);
  return 0;
}

static int l_gate_gc(lua_State *L) {
  Gate **gate = luaL_checkudata(L, 1, gate_type);
  gate_release(*gate);
  *gate = NULL;
  return 0;
}

int spawned_gate(lua_State *L) {
  lua_Integer n = luaL_checkinteger(L, 1);
  if (n < 1 || n > 1000000) method_raise(L, "wechat.gate: n must be 1 to 1000000");
  Gate **gate = lua_newuserdatauv(L, sizeof *gate, 0);
  *gate = NULL;
  luaL_setmetatable(L, gate_type);
  *gate = gate_new((int)n);
  if (!*gate) raise_no_memory(L);
  return 1;
}

// ---- registration -------------------------------------------------------------------------------

static const DoorFunction waits_of_tasks[] = {
  { "task:join", "join", l_join, DOOR_READS, NULL },
  { NULL, NULL, NULL, DOOR_READS, NULL },
};
static const DoorFunction waits_of_gates[] = {
  { "gate:enter", "enter", l_enter, DOOR_READS, NULL },
  { NULL, NULL, NULL, DOOR_READS, NULL },
};
static const luaL_Reg spawned_methods[] = { { "cancel", l_cancel }, { NULL, NULL } };
static const luaL_Reg gate_methods[] = { { "hold", l_hold }, { "pass", l_pass }, { NULL, NULL } };
static const luaL_Reg pass_methods[] = { { "leave", l_leave }, { NULL, NULL } };

// Registers a type. `recorded`: the methods that pass the door; or NULL.
static void make_type(lua_State *L, const char *name, const luaL_Reg *methods,
                      const DoorFunction *recorded, lua_CFunction gc) {
  luaL_newmetatable(L, name);
  lua_pushcfunction(L, gc);
  lua_setfield(L, -2, "__gc");
  lua_newtable(L);
  luaL_setfuncs(L, methods, 0);
  if (recorded) door_set_all(L, recorded, 0);
  lua_setfield(L, -2, "__index");
}

void spawned_open(lua_State *L) {
  make_type(L, spawned_type, spawned_methods, waits_of_tasks, l_spawned_gc);
  make_type(L, gate_type, gate_methods, waits_of_gates, l_gate_gc);
  make_type(L, pass_type, pass_methods, NULL, l_leave);
  lua_pushcfunction(L, l_leave);
  lua_setfield(L, -2, "__close");
  lua_pop(L, 3);
}
