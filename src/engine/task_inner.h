// A task, for the files that run it. Each section is a file's. No other layer includes this header.
#ifndef WEMOON_ENGINE_TASK_INNER_H
#define WEMOON_ENGINE_TASK_INNER_H

#include "engine/failure.h"
#include "engine/record_inner.h"
#include "engine/run.h"
#include "engine/task.h"
#include "engine/timers.h"
#include "engine/wait.h"

struct Task {
  Engine *engine;
  lua_State *co;  // NULL: none, or used up
  int co_ref, values[TASK_VALUES];
  int locals_ref;  // the table of task_push_locals; LUA_NOREF: not created yet
  const TaskBody *body;
  const TaskBody *now;  // what runs: `body`, its replacement (TaskBody.failed), or at_end
  void *data;
  TaskState state;  // TASK_RETURNED until something fails
  bool counted;     // run_wait without a limit waits for the task
  bool holds;       // the task has a reference to the engine
  Run *run;         // the run that the task belongs to; or NULL
  Wait *wait;       // the wait in which the task is suspended
  LogSubject subject;
  char *subject_copy;  // the texts of `subject` if the task owns them; else NULL
  TaskTie *ties;
  Timer timeout;
  Record *record;     // NULL: none, or not created yet
  Task *record_next;  // in the list of the record's tasks
  uint32_t record_number;
  bool records;  // the task is recorded or replayed
  int once;      // depth of calls of `once`, inside of which nothing is recorded
  Pending pending;
  bool goes_on;         // while the engine is given up: TaskBody.goes_on
  bool dropped;         // ends without a report: goes on elsewhere, or the engine is closing
  bool lives;           // has made a call since its record was replayed to the end
  Wait *turn;           // the wait for the task's turn in the record; or NULL
  WaitPush at_turn;     // continues the task then
  int64_t deadline_us;  // INT64_MAX: none
  bool closing;         // its function failed or is being ended: only <close> variables run
  int64_t closing_us;   // the deadline for that
  unsigned forced;      // how often the running code was ended past its pcalls (guard_forced)
  Failure *failure;     // of the task's function, as it was described when raised; or NULL
  uint64_t origin;      // the run that the task comes from (Engine.runs), or its group; 0: none
  int64_t due_us;       // from then on, the task's turns are late; INT64_MAX: always
  TaskRank rank;
  // In the list of suspended tasks (guarded by inbox->mutex) or of idle tasks.
  Task *previous, *next;
};

// ---- task_make.c --------------------------------------------------------------------------------

// Gives the task a new coroutine. False without memory.
bool task_fill_coroutine(Task *task);
// Discards the task's coroutine, which failed or was left suspended.
void task_drop_coroutine(Task *task);
// Keeps a task that has ended for reuse, or frees it. `task` is invalid afterwards.
void task_recycle(Task *task);
void task_free_idle(Engine *engine);

// ---- task.c -------------------------------------------------------------------------------------

void task_drop_subject(Task *task);
// Pops a value into a registry slot from luaL_ref. nil is stored as false: luaL_ref could hand out a slot that contains
// nil a second time.
void task_set_slot(lua_State *L, int ref);
// Ends and unties all ties.
void task_end_ties(Task *task);

// ---- task_failure.c -----------------------------------------------------------------------------

// The time that a failed or ended task has to close its variables.
enum { TASK_CLOSING_US = 5000000 };
// From now on the task only closes its variables, with a time limit of its own.
void task_begin_closing(Task *task);
// Reports a failure: the task's first, or a later one, of a __close method. Takes ownership of the buffers in
// `failure`.
void task_take_failure(Task *task, Failure *failure, bool first);
void task_drop_failure(Task *task);
// The message handler of a task's function; the stack is still that of the error.
int task_note_failure(lua_State *L);
// Ends the code that runs in the current task: no pcall that has begun catches the end. False if there is no task, or
// no time left for its <close> variables, or if the slice ends as SLICE_GIVEN_UP or SLICE_DIFFERS. For Engine.force.
bool task_force(lua_State *L);
// Calls EngineOptions.failed for a task that failed or was stopped.
void task_tell_failed(const Task *task);

// ---- task_main.c --------------------------------------------------------------------------------

// The function of a task's coroutine.
int task_main(lua_State *L);
// Runs the function `at_end` of a task that failed.
extern const TaskBody TASK_AT_END;

// ---- task_next.c --------------------------------------------------------------------------------

// Ends the slice of a task whose coroutine failed with `status`, and reports the failure. Like task_begin_next.
bool task_fail(Task *task, int status);
// Continues a failed task whose variables are closed. False if nothing is left to run.
bool task_begin_next(Task *task);

// ---- task_end.c ---------------------------------------------------------------------------------

// Ends the task and returns its state. `task` is invalid afterwards.
TaskState task_end(Task *task);
// The same after the engine was given up: does not touch the Lua state.
void task_end_untouched(Task *task);

// ---- task_run.c ---------------------------------------------------------------------------------

// Runs the task's next slice, to its next wait or its end; after its end, `task` is invalid. The engine is entered.
TaskState task_run(Task *task);
// Ends a suspended task as cancelled: its <close> variables run, and may wait.
void task_run_to_close(Task *task);
// Prepares that end: the caller sees to the task's next slice, in which the <close> variables run.
void task_begin_to_close(Task *task);
// Ends a task whose time for closing its variables is over while it waits.
void task_stop_closing(Task *task);

// ---- park.c -------------------------------------------------------------------------------------

// Suspends the task until the wait is finished.
void task_park(Task *task, Wait *wait);
// The same with the wait that the task's coroutine yielded for. Returns the state for the slice's caller.
TaskState task_suspend(Task *task);
// Removes the task of a finished wait from the list of suspended tasks and returns it; NULL if it was cancelled.
Task *task_unpark(Engine *engine, Wait *wait);
// Ends all suspended tasks at once. The lock is held, or broken: then the engine was given up, and the log gets one line
// for each task, which says whether it goes on elsewhere (engine_losses has the counts).
void task_cancel_all(Engine *engine);
// Ends all suspended tasks as a time-out does, except those that are closing their variables. The lock is held.
void task_interrupt_all(Engine *engine);
// The same for those that come from the run of engine_interrupt_run.
void task_interrupt_run(Engine *engine);
// Task.origin of a group's tasks: no run has that number.
uint64_t task_group_origin(uint64_t group);

#endif
