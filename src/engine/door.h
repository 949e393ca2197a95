// The door through which every value from outside enters a script: the results of what it waits for, the time,
// random numbers. What passes it is recorded (record.h); a task that is run from its record gets the recorded
// values, and nothing is done. A task that asks for something else than its record has ends there, with
// TASK_DIFFERS.
#ifndef WEMOON_ENGINE_DOOR_H
#define WEMOON_ENGINE_DOOR_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

// What becomes of a call that was under way when its process ended.
typedef enum {
  DOOR_READS,  // it is made again: it reads, or sets a value as a whole
  DOOR_ACTS,   // it may have happened and is not made again: nil and { kind = "unknown" }
  DOOR_ASKS,   // a run that goes on with the record has its results (record_answer)
  DOOR_TELLS,  // it is never under way: it does not wait, and reaches nothing outside of the process
} DoorKind;

typedef struct {
  const char *name;  // for people: "wechat.store.get"; NULL ends a list
  const char *field;
  lua_CFunction function;
  DoorKind kind;
  // Of this call, whose arguments are at the bottom of L's stack; NULL: `kind`.
  DoorKind (*kind_of)(lua_State *L);
} DoorFunction;

// From now on time and chance of the standard library pass the door, and `print` is silent in a task that is run from
// its record. Once per state, for EngineOptions.open.
void door_open(lua_State *L);
// As luaL_setfuncs: puts the functions into the table below the `upvalues` values on top, which each of them gets,
// and pops these. `functions` outlives the state.
void door_set_all(lua_State *L, const DoorFunction *functions, int upvalues);
// once(fn, ...): calls fn, with nothing recorded but what it returns.
int door_once(lua_State *L);
// The first function of a task that was begun by another: its argument is the task's own function, and what follows
// are that one's arguments.
int door_begin(lua_State *L);
// Whether the running task is being run from its record.
bool door_is_replaying(lua_State *L);
// Whether the function at `index` can be yielded across because it is the door.
bool door_is(lua_State *L, int index);
// Pushes nil and a table { kind = "unknown", errmsg = } that tostring makes a line of.
int door_push_unknown(lua_State *L, const char *name);

#endif
