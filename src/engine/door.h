// The door: every value that a script gets from outside passes through it, such as the results of waiting calls, the
// time and random numbers. These values are recorded (record.h). A task that is replayed from its record gets the
// recorded values, and the calls are not made. A replayed task that makes a call other than the recorded one ends with
// TASK_DIFFERS.
#ifndef WEMOON_ENGINE_DOOR_H
#define WEMOON_ENGINE_DOOR_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

// How a call that was under way when the process ended is handled at the replay.
typedef enum {
  DOOR_READS,  // made again: the call only reads, or sets a whole value
  DOOR_ACTS,   // not made again, as it may have taken effect: gives nil, { kind = "unknown" }
  DOOR_ASKS,   // gets its results from record_answer
  DOOR_TELLS,  // never under way: the call does not wait and has no effect outside the process
} DoorKind;

typedef struct {
  const char *name;   // in the record and in messages: "library.get"; NULL ends a list
  const char *field;  // the key in the table that door_set_all fills
  // NULL: once(fn, ...), which calls fn and records only its results, not the calls that it makes.
  lua_CFunction function;
  DoorKind kind;
  // Returns the kind of one call, whose arguments are at the bottom of L's stack. NULL: always `kind`.
  DoorKind (*kind_of)(lua_State *L);
} DoorFunction;

// Makes the standard library's clock and random functions pass the door, and `print` silent in a task that is being
// replayed. Call it once per state, in EngineOptions.open.
void door_open(lua_State *L);
// Like luaL_setfuncs: sets the functions as fields of the table below the top `upvalues` values. Each function gets
// these values as upvalues; they are popped. `functions` must outlive the state.
void door_set_all(lua_State *L, const DoorFunction *functions, int upvalues);
// The Lua function with which a task begins that another task started: calls its first argument with the other
// arguments, and records the beginning.
int door_begin(lua_State *L);
// Whether the running task is being replayed from its record.
bool door_is_replaying(lua_State *L);
// Whether what the running task does now was done before its record was saved, so that it is not told again: as long as
// the task is replayed, and up to the call that was under way.
bool door_repeats(lua_State *L);
// Pushes nil and a table { kind = "unknown", errmsg = }, whose __tostring returns errmsg; returns 2. `name` is the
// call's name.
int door_push_unknown(lua_State *L, const char *name);

#endif
