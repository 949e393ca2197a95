// The door: makes a call and records its results, or takes the results from the record.
#include "engine/door.h"
#include "engine/engine_inner.h"
#include "engine/guard.h"
#include "engine/lua_helpers.h"
#include "engine/place.h"
#include "engine/record_inner.h"
#include "engine/task_inner.h"
#include "engine/wait_inner.h"
#include "engine/method.h"
#include "engine/pack.h"

#include <stdio.h>

static const char unknown_metatable;

static const DoorFunction BEGIN = { .name = "a spawned function", .kind = DOOR_READS };

// Whether the function is `once`, which has no C function behind the door.
static bool is_once(const DoorFunction *function) {
  return function != &BEGIN && !function->function;
}

static const DoorFunction *function_of(lua_State *L) {
  return lua_touserdata(L, lua_upvalueindex(1));
}

static Record *record_of(lua_State *L, Task **task) {
  *task = task_running(L);
  if (!*task || !(*task)->records || (*task)->once) return NULL;
  Record *record = task_record(*task);
  return record && !record->given_up[0] ? record : NULL;
}

bool door_is_replaying(lua_State *L) {
  const Task *task = task_running(L);
  return task && task->record && task->record->replaying;
}

bool door_repeats(lua_State *L) {
  const Task *task = task_running(L);
  return task && record_repeats(task);
}

bool door_has_next(lua_State *L, const char *name) {
  Task *task;
  RecordEntry entry;
  const Record *record = record_of(L, &task);
  return record && record->replaying && record_peek(record, &entry) &&
         entry.call.task == task->record_number && str_eq(entry.call.name, str_of(name));
}

// If the task's previous call raised, records that: the replay makes such a call again.
static void note_raised(Task *task) {
  if (!task->pending.function || task->record->replaying) return;
  RecordCall call = record_call(task);
  record_add(task->record, &call, RECORD_RAISED, STR(""));
}

static void describe_call(lua_State *L, Task *task, const DoorFunction *function, int args) {
  note_raised(task);
  record_end_call(task);
  Pending *pending = &task->pending;
  pending->kind = function->kind_of ? function->kind_of(L) : function->kind;
  pending->digest = pack_digest(L, 1, args);
  place_innermost(L, pending->place, sizeof pending->place);
  pending->function = function;
}

// ---- results ------------------------------------------------------------------------------------

static void write_values(lua_State *L, Task *task, RecordEntryKind kind, int first, int count) {
  Record *record = task->record;
  RecordCall call = record_call(task);
  buf_reset(&record->scratch);
  if (pack_values(L, first, count, &record->scratch))
    record_add(record, &call, kind, buf_str(&record->scratch));
  else record_give_up(record, &call);
  bool acted = task->pending.kind == DOOR_ACTS;
  atomic_int *acting = task->pending.acting;
  task->pending.acting = NULL;
  record_end_call(task);
  if (acted && record->after) record->after(record);
  if (acting) atomic_fetch_sub(acting, 1);  // after `after`: an ending process waits for it
}

// Records the results of a call, which are all values on the stack of the door's function, and returns them.
static int finish_call(lua_State *L, int status, lua_KContext context) {
  Task *task = task_running(L);
  int count = lua_gettop(L);
  if (task && task->record && task->pending.function) {
    write_values(L, task, RECORD_VALUES, 1, count);
  }
  return count;
}

static int give_results(lua_State *L, int status, lua_KContext context) { return lua_gettop(L); }

// ---- the call itself ----------------------------------------------------------------------------

static int call_function(lua_State *L, lua_KFunction then) {
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_insert(L, 1);
  lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, then);
  return then(L, LUA_OK, 0);
}

static int finish_once(lua_State *L, int status, lua_KContext context);

static int call_once(lua_State *L) {
  Task *task = task_running(L);
  lua_KContext function = (lua_KContext)task->pending.function;
  task->once++;
  int status = lua_pcallk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, function, finish_once);
  return finish_once(L, status, function);
}

static int call_begun(lua_State *L) {
  Task *task = task_running(L);
  write_values(L, task, RECORD_VALUES, 1, 0);
  lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, give_results);
  return give_results(L, LUA_OK, 0);
}

static int call_now(lua_State *L) {
  const DoorFunction *function = task_running(L)->pending.function;
  if (is_once(function)) return call_once(L);
  if (function == &BEGIN) return call_begun(L);
  return call_function(L, finish_call);
}

static int call_after(lua_State *L, int status, lua_KContext args) {
  lua_settop(L, (int)args);
  return call_now(L);
}

static bool leaves_process(const Pending *pending) {
  return pending->function != &BEGIN && pending->kind != DOOR_TELLS;
}

// Makes a call after the record's `before` function if there is one.
static int call_watched(lua_State *L, Task *task) {
  Record *record = task->record;
  Pending *pending = &task->pending;
  bool watched = leaves_process(pending) && pending->kind != DOOR_ASKS;
  if (!record->before || !watched) return call_now(L);
  if (record->acting && pending->kind == DOOR_ACTS) {
    pending->acting = record->acting;
    atomic_fetch_add(pending->acting, 1);
  }
  int args = lua_gettop(L);
  luaL_checkstack(L, 2, NULL);
  lua_pushcfunction(L, record->before);
  lua_pushboolean(L, pending->kind == DOOR_ACTS);
  lua_callk(L, 1, 0, (lua_KContext)args, call_after);
  return call_after(L, LUA_OK, (lua_KContext)args);
}

static int call_guarded(lua_State *L, int status, lua_KContext args) {
  lua_settop(L, (int)args);
  return call_watched(L, task_running(L));
}

// Makes a call that the record does not have yet, after the record's `guard` function if it is needed.
static int call_live(lua_State *L, Task *task) {
  const Record *record = task->record;
  const Pending *pending = &task->pending;
  bool guarded = leaves_process(pending) && record->needed && lua_isyieldable(L);
  if (!guarded || !record->needed(record->guarded)) return call_watched(L, task);
  int args = lua_gettop(L);
  luaL_checkstack(L, 1, NULL);
  lua_pushcfunction(L, record->guard);
  lua_callk(L, 0, 0, (lua_KContext)args, call_guarded);
  return call_guarded(L, LUA_OK, (lua_KContext)args);
}

// ---- running from a record ----------------------------------------------------------------------

static int end_as_different(lua_State *L) {
  engine_of(L)->slice.end = SLICE_DIFFERS;
  return guard_unwind(L);
}

static int differs(lua_State *L, Task *task, const RecordEntry *was) {
  RecordCall is = record_call(task);
  record_differs(task->record, was, &is);
  record_wake_all(task->record);
  return end_as_different(L);
}

static void cancel_turn(void *ctx) {
  Task *task = ctx;
  Wait *wait = task->turn;
  task->turn = NULL;
  if (wait) wait_release(wait);
}

static int replay(lua_State *L, Task *task);

// A WaitPush: continues the call of a task whose turn in the record has come.
static int again(lua_State *L, void *unused) { return replay(L, task_running(L)); }

// Waits in a replay until the record's next entry belongs to this task.
static int await_turn(lua_State *L, Task *task, const RecordEntry *next) {
  if (task->pending.kind == DOOR_TELLS || !record_has_task(task->record, next->call.task))
    return differs(L, task, next);
  Wait *wait = wait_begin(L, task->pending.function->name);
  task->turn = wait;
  task->at_turn = again;
  return wait_suspend(L, wait, cancel_turn, task);
}

int door_push_unknown(lua_State *L, const char *name) {
  lua_pushnil(L);
  lua_createtable(L, 0, 4);
  lua_pushliteral(L, "unknown");
  lua_setfield(L, -2, "kind");
  lua_pushfstring(L, "%s was under way when its process ended: it may have happened", name);
  lua_setfield(L, -2, "errmsg");
  lua_rawgetp(L, LUA_REGISTRYINDEX, &unknown_metatable);
  lua_setmetatable(L, -2);
  return 2;
}

static int give_unknown(lua_State *L, Task *task) {
  const char *name = task->pending.function->name;
  lua_settop(L, 0);
  door_push_unknown(L, name);
  write_values(L, task, RECORD_VALUES, 1, 2);
  return 2;
}

// Handles the first call after the record's end: it may have been under way when the record was saved.
static int call_on(lua_State *L, Task *task) {
  RecordCall was, is = record_call(task);
  DoorKind kind;
  Record *record = task->record;
  bool found = !task->lives && record_find_pending(record, task->record_number, &kind, &was);
  task->lives = true;
  if (!found || kind != DOOR_ACTS) return call_live(L, task);
  if (str_eq(was.name, is.name) && was.digest == is.digest) return give_unknown(L, task);
  return differs(L, task, &(RecordEntry){ .call = was });
}

static int give_entry(lua_State *L, Task *task, const RecordEntry *entry) {
  const DoorFunction *function = task->pending.function;
  RecordEntryKind kind = entry->kind;
  Str values = entry->values;
  if (function != &BEGIN && kind != RECORD_RAISED) lua_settop(L, 0);
  int count = function == &BEGIN || kind == RECORD_RAISED ? 0 : pack_push(L, values);
  if (count < 0 || (kind == RECORD_ERROR && count != 1)) return differs(L, task, entry);
  task->pending.function = NULL;
  record_pass(task->record);
  if (kind == RECORD_ERROR) return lua_error(L);
  if (function == &BEGIN) {
    lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, give_results);
    return give_results(L, LUA_OK, 0);
  }
  return kind == RECORD_RAISED && !is_once(function) ? call_function(L, give_results) : count;
}

static int replay(lua_State *L, Task *task) {
  RecordEntry entry;
  Record *record = task->record;
  if (record->difference[0]) return end_as_different(L);
  if (!record->replaying || !record_peek(record, &entry)) return call_on(L, task);
  if (entry.call.task != task->record_number) return await_turn(L, task, &entry);
  RecordCall is = record_call(task);
  if (!str_eq(entry.call.name, is.name) || entry.call.digest != is.digest)
    return differs(L, task, &entry);
  return give_entry(L, task, &entry);
}

// ---- the functions ------------------------------------------------------------------------------

static int pass_recorded(lua_State *L, Task *task, const DoorFunction *function) {
  describe_call(L, task, function, lua_gettop(L));
  return replay(L, task);
}

static int l_door(lua_State *L) {
  Task *task;
  if (!record_of(L, &task)) return call_function(L, give_results);
  return pass_recorded(L, task, function_of(L));
}

// once(fn, ...)
static int l_once(lua_State *L) {
  Task *task;
  luaL_checktype(L, 1, LUA_TFUNCTION);
  if (record_of(L, &task)) return pass_recorded(L, task, function_of(L));
  lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, give_results);
  return give_results(L, LUA_OK, 0);
}

int door_begin(lua_State *L) {
  Task *task;
  if (record_of(L, &task)) return pass_recorded(L, task, &BEGIN);
  lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, give_results);
  return give_results(L, LUA_OK, 0);
}

// Records what the function of `once` returned or raised; these values are alone on the stack.
static int finish_once(lua_State *L, int status, lua_KContext context) {
  Task *task = task_running(L);
  bool raised = status != LUA_OK && status != LUA_YIELD;
  if (!task) return raised ? lua_error(L) : lua_gettop(L);
  task->once--;
  const DoorFunction *function = (const DoorFunction *)context;
  task->pending.function = function;
  int count = lua_gettop(L);
  if (raised) {
    if (lua_type(L, -1) != LUA_TSTRING) luaL_tolstring(L, -1, NULL);
    write_values(L, task, RECORD_ERROR, lua_gettop(L), 1);
    return lua_error(L);
  }
  Buf *scratch = &task->record->scratch;
  buf_reset(scratch);
  if (!pack_values(L, 1, count, scratch)) {
    lua_pushfstring(L,
                    "%s: what fn returned cannot be kept: strings, numbers, booleans, nil and "
                    "tables of these expected",
                    function->name);
    write_values(L, task, RECORD_ERROR, lua_gettop(L), 1);
    method_raise(L, "%s", lua_tostring(L, -1));
  }
  write_values(L, task, RECORD_VALUES, 1, count);
  return count;
}

static int unknown_to_text(lua_State *L) {
  lua_getfield(L, 1, "errmsg");
  return 1;
}

static void open_once(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &unknown_metatable) == LUA_TNIL) {
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, unknown_to_text);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, "error");
    lua_setfield(L, -2, "__name");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &unknown_metatable);
    pass_yields(L, l_door);
    pass_yields(L, l_once);
    pass_yields(L, door_begin);
  }
  lua_pop(L, 1);
}

// Pushes the function, with the top `upvalues` values as its upvalues.
static void push_function(lua_State *L, const DoorFunction *function, int upvalues) {
  lua_pushlightuserdata(L, (void *)function);
  if (is_once(function)) {
    lua_pushcclosure(L, l_once, 1);
    return;
  }
  for (int i = 0; i < upvalues; i++) lua_pushvalue(L, -1 - upvalues);
  lua_pushcclosure(L, function->function, upvalues);
  lua_pushcclosure(L, l_door, 2);
}

void door_set_all(lua_State *L, const DoorFunction *functions, int upvalues) {
  open_once(L);
  luaL_checkstack(L, upvalues + 3, NULL);
  for (const DoorFunction *function = functions; function->name; function++) {
    push_function(L, function, upvalues);
    lua_setfield(L, -2 - upvalues, function->field);
  }
  lua_pop(L, upvalues);
}

// ---- functions that do not wait -----------------------------------------------------------------

int door_tell(lua_State *L) {
  Task *task;
  if (!record_of(L, &task)) return call_function(L, give_results);
  return pass_recorded(L, task, function_of(L));
}

void door_wrap(lua_State *L, const char *name, lua_CFunction front) {
  DoorFunction *function = lua_newuserdatauv(L, sizeof *function, 0);
  *function = (DoorFunction){ .name = name, .function = front, .kind = DOOR_TELLS };
  luaL_ref(L, LUA_REGISTRYINDEX);  // keeps it as long as the state exists
  lua_pushlightuserdata(L, function);
  lua_insert(L, -2);
  lua_pushcclosure(L, front, 2);
}

// ---- the end ------------------------------------------------------------------------------------

void door_end(lua_State *L, Task *task) {
  static const DoorFunction END = { .name = "nothing more", .kind = DOOR_TELLS };
  RecordEntry entry;
  Record *record = task->record;
  record_end_call(task);  // the last call may have raised
  if (!record || !record->replaying || !record_peek(record, &entry) ||
      entry.call.task != task->record_number)
    return;
  task->pending = (Pending){ .function = &END };
  differs(L, task, &entry);
}
