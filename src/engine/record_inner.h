// A record and its entries, for the files that write, read and replay it. No other layer includes this header.
#ifndef WEMOON_ENGINE_RECORD_INNER_H
#define WEMOON_ENGINE_RECORD_INNER_H

#include <stdatomic.h>

#include "base/buf.h"
#include "engine/door.h"
#include "engine/record.h"
#include "engine/task.h"
#include "engine/wait.h"

// One call: its task, the function's name, the place in the script and the arguments.
typedef struct {
  uint32_t task;  // the task's number in the record
  Str name, place;
  uint64_t digest;  // of the arguments (pack_digest)
} RecordCall;

// A task's call that is under way.
typedef struct {
  const DoorFunction *function;  // NULL: none
  DoorKind kind;
  uint64_t digest;
  atomic_int *acting;  // the counter that includes this call (record_watch); NULL: not counted
  char place[112];
} Pending;

typedef enum {
  RECORD_VALUES = 'v',  // the call returned these values
  RECORD_RAISED = 'r',  // the call raised before it did anything
  RECORD_ERROR = 'e',   // the call raised this value
} RecordEntryKind;

typedef struct {
  RecordEntryKind kind;
  RecordCall call;
  Str values;  // packed, in the record's memory
} RecordEntry;

// The state of the library's generator of random numbers, as it lies in memory.
enum { CHANCE_MAX = 64 };
typedef struct {
  size_t len;  // 0: none
  unsigned char bytes[CHANCE_MAX];
} Chance;

struct Record {
  atomic_int holders;
  Buf entries;
  size_t at;   // offset of the next entry to replay
  Buf loaded;  // the calls that were under way when the record was saved, as written
  uint64_t loaded_count;
  bool replaying;
  bool answered;         // record_answer
  bool pinned;           // record_pin
  uint32_t numbers;      // the number for the next task
  Task *members;         // the record's tasks that have not ended
  lua_CFunction before;  // the next four: record_watch
  void *owner;
  atomic_int *acting;
  void (*after)(Record *record);
  lua_CFunction guard;
  bool (*needed)(void *guarded);  // NULL: `guard` is not called
  void *guarded;
  Buf scratch;    // for packed values
  Chance chance;  // the generator of tasks that seeded it; none: they share the interpreter's
  char given_up[200], difference[400];
};

// Appends an entry. Gives the record up past RECORD_MAX or without memory.
void record_add(Record *record, const RecordCall *call, RecordEntryKind kind, Str values);
// Stops recording at `call` and drops all entries.
void record_give_up(Record *record, const RecordCall *call);
// Reads the next entry to replay without consuming it. False at the end.
bool record_peek(const Record *record, RecordEntry *entry);
// Consumes the next entry, and calls record_turn.
void record_pass(Record *record);
// Wakes the task that the next entry belongs to, or all tasks if there is no such entry or task.
void record_turn(Record *record);
void record_wake_all(Record *record);
bool record_has_task(const Record *record, uint32_t number);
// Whether what the task does now was done before its record was saved, so that it is not told again.
bool record_repeats(const Task *task);
// Notes the record's first difference: the recorded call `was`, the script's call `is`.
void record_differs(Record *record, const RecordEntry *was, const RecordCall *is);
// Returns the task's call that is under way.
RecordCall record_call(const Task *task);
// Finds the call of task number `task` that was under way when the record was saved. False if there was none.
bool record_find_pending(const Record *record, uint32_t task, DoorKind *kind, RecordCall *call);
// Notes that the task has no call under way any more.
void record_end_call(Task *task);
// Removes a task that has ended from its record.
void record_leave(Task *task);
// Call it when the task's function has returned. If the record has further calls of the task, the task ends as
// different, and door_end does not return.
void door_end(lua_State *L, Task *task);
// Whether the running task is being replayed and its next recorded call is `name`.
bool door_has_next(lua_State *L, const char *name);
// Replaces the function on top by one that passes the door. It does not wait (DOOR_TELLS). `front` checks the
// arguments and returns door_tell(L).
void door_wrap(lua_State *L, const char *name, lua_CFunction front);
int door_tell(lua_State *L);

#endif
