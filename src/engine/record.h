// A record: the values that a task, and the tasks that it started, got from outside, in that order. The same tasks can
// be replayed from the record, in any process: the door (door.h) gives them the recorded values and makes no calls.
//
// The caller has entered the engine for all functions except record_new, record_load, record_retain and record_free.
#ifndef WEMOON_ENGINE_RECORD_H
#define WEMOON_ENGINE_RECORD_H

#include <lua.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "engine/place.h"

typedef struct Record Record;
typedef struct Task Task;

enum { RECORD_MAX = 256 * 1024 };  // bytes; a longer record is given up

// Creates an empty record. Reference-counted; NULL without memory.
Record *record_new(void);
Record *record_retain(Record *record);
void record_free(Record *record);  // drops a reference; NULL is allowed

// Makes the task recorded from now on. The record itself is created with the first value.
void task_record_later(Task *task);
// Returns the task's record, borrowed. Creates it if task_record_later was called. NULL if the task is not recorded, or
// without memory.
Record *task_record(Task *task);
// Returns the task's record if there is one, borrowed; creates none.
Record *task_present_record(const Task *task);
// Makes the task the first of `record`, which is new or to be replayed. Takes over one reference.
void task_set_record(Task *task, Record *record);
// Adds the new task to the record of `parent`, the task that started it. The engine's thread has been started.
void task_share_record(Task *parent, Task *task);

// Appends the record in saved form, with the calls that are under way. False without memory, or if it was given up.
bool record_save(const Record *record, Buf *out);
// Creates a record to replay from saved bytes. NULL with ERR_INVALID if this version's record_save did not write them,
// or ERR_MEMORY.
Record *record_load(Str bytes, Err *err);
// Sets the results of the first task's call of kind DOOR_ASKS that was under way when the record was saved; a Str with
// ptr NULL is nil. False if there is no such call, or no memory.
bool record_answer(Record *record, const Str *results, size_t count);

// Whether recorded values are left to replay.
bool record_is_replaying(const Record *record);
// Returns the call, and its place, at which the record was given up because it grew past RECORD_MAX or a value cannot
// be recorded. Otherwise "".
const char *record_given_up(const Record *record);
// Returns one clause on the script's first difference from its record, with both places. Otherwise "".
const char *record_difference(const Record *record);
size_t record_tasks(const Record *record);  // tasks that have not ended
size_t record_size(const Record *record);   // bytes
// Notes that a task of the record began what lives on in this interpreter, as a timer: a replay here would begin it
// twice.
void record_pin(Record *record);
bool record_is_pinned(const Record *record);

// Sets the observers of the record's calls that leave the process. `before`, a C function, is called before each such
// call; it may wait, and its argument says whether the call changes something outside. NULL: it is not called.
// `acting` counts the calls under way that change something (only with `before`); NULL: not counted; it outlives the
// tasks. record_owner returns `owner`. `after` is called when a call that changes something has its results; NULL: it
// is not called.
void record_watch(Record *record, lua_CFunction before, void *owner, atomic_int *acting);
void record_watch_after(Record *record, void (*after)(Record *record));
// Sets the guard of the record's calls that leave the process (all but DOOR_TELLS). `guard`, a C function, is called
// before each such call, ahead of `before`, as long as needed(guarded) returns true. It may wait, and may end the task.
// `needed` NULL: there is no guard. record_guarded returns `guarded`.
void record_guard(Record *record, lua_CFunction guard, bool (*needed)(void *guarded),
                  void *guarded);
void *record_guarded(const Record *record);
void *record_owner(const Record *record);

#endif
