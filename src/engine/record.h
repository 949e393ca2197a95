// A record: what a task, and the tasks that it began, were given from outside, in the order in which they got it.
// From it the same tasks can be run again, anywhere: the door (door.h) gives them the same values, and does nothing.
//
// The engine is entered during all functions but record_new, record_load, record_retain and record_free.
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

enum { RECORD_MAX = 256 * 1024 };  // bytes; a longer one is given up

// Counted; NULL without memory.
Record *record_new(void);
Record *record_retain(Record *record);
void record_free(Record *record);  // NULL is allowed

// Records from now on what the task is given. The record is made with the first value.
void task_record_later(Task *task);
// The task's record; made now if task_record_later was called. NULL if the task is not recorded, or
// without memory.
Record *task_record(Task *task);
// Makes the task the first one of this record, a new record or one to run from. Takes over a hold.
void task_set_record(Task *task, Record *record);
// Adds the new task to the record of `parent`, which began it.
void task_share_record(Task *parent, Task *task);

// Appends the record, with the calls that are under way. False without memory, or if it was given up.
bool record_save(const Record *record, Buf *out);
// A record to run from. NULL with ERR_INVALID for bytes that no record_save of this version made.
Record *record_load(Str bytes, Err *err);
// The first task's call that was under way when the record was saved has these results; NULL is nil. False if there
// is no such call, or no memory.
bool record_answer(Record *record, const Str *results, size_t count);

// Whether the tasks still run from what was recorded.
bool record_is_replaying(const Record *record);
// Why the record was given up, if it grew past RECORD_MAX or was given a value that cannot be
// recorded: the call and its place. Otherwise "".
const char *record_given_up(const Record *record);
// Where the script differed from its record: both places, or "".
const char *record_difference(const Record *record);
size_t record_tasks(const Record *record);  // that run
size_t record_size(const Record *record);   // bytes

// `before`, a C function, is called before each call that leaves the process; it may wait, and gets whether the call
// changes something there. NULL: nothing is. `owner` is the caller's. `acting` counts the calls under way that change
// something; it outlives the tasks. `after` is called when such a call has its results. NULL: as above.
void record_watch(Record *record, lua_CFunction before, void *owner, atomic_int *acting);
void record_watch_after(Record *record, void (*after)(Record *record));
void *record_owner(const Record *record);

#endif
