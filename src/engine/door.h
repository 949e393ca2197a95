// The door through which every value from outside enters a script: the results of what it waits
// for, the time, random numbers. What passes it is recorded (record.h). A task that runs from its
// record gets the recorded values, and the calls are not made. A task that asks for something else
// than its record has ends there, with TASK_DIFFERS.
#ifndef WEMOON_ENGINE_DOOR_H
#define WEMOON_ENGINE_DOOR_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

// What becomes of a call that was under way when its process ended.
typedef enum {
  DOOR_READS,  // made again: it reads, or sets a value as a whole
  DOOR_ACTS,   // not made again, since it may have happened: gives nil and { kind = "unknown" }
  DOOR_ASKS,   // gets its results from record_answer
  DOOR_TELLS,  // never under way: it does not wait, and reaches nothing outside the process
} DoorKind;

typedef struct {
  const char *name;  // for people: "wechat.store.get"; NULL ends a list
  const char *field;
  lua_CFunction function;
  DoorKind kind;
  // The kind of this call, whose arguments are at the bottom of L's stack. NULL: `kind`.
  DoorKind (*kind_of)(lua_State *L);
} DoorFunction;

// From now on the standard library's clock and random functions pass the door, and `print` is
// silent in a task that runs from its record. Once per state, for EngineOptions.open.
void door_open(lua_State *L);
// Like luaL_setfuncs: puts the functions into the table below the `upvalues` values on top. Each
// function gets these values, which are popped. `functions` outlives the state.
void door_set_all(lua_State *L, const DoorFunction *functions, int upvalues);
// once(fn, ...): calls fn and records only what it returns.
int door_once(lua_State *L);
// The first function of a task that another task began. Its first argument is the task's own
// function; the rest are that function's arguments.
int door_begin(lua_State *L);
// Whether the running task is being run from its record.
bool door_is_replaying(lua_State *L);
// Whether the function at `index` is the door, which a coroutine can yield across.
bool door_is(lua_State *L, int index);
// Pushes nil and a table { kind = "unknown", errmsg = }, which tostring turns into one line.
int door_push_unknown(lua_State *L, const char *name);

#endif
