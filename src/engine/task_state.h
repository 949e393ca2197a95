// The state of a task, for layers that do not use Lua.
#ifndef WEMOON_ENGINE_TASK_STATE_H
#define WEMOON_ENGINE_TASK_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
  TASK_RETURNED,     // the task's function returned
  TASK_WAITING,      // suspended; it goes on later, on the engine's own thread
  TASK_FAILED,       // a Lua error
  TASK_OVER_CPU,     // stopped after cpu_us_max
  TASK_OVER_MEMORY,  // stopped at memory_max
  TASK_CANCELLED,    // out of time, cancelled or interrupted, or the engine is closing
  TASK_DIFFERS,      // differed from its record (record.h)
  TASK_LOST          // the engine was busy until the deadline, or was given up: nothing was run
} TaskState;

// The order of one user's tasks: by `made_s`, then by `arrived_us`.
typedef struct {
  int64_t made_s;      // Unix seconds; 0: unknown
  int64_t arrived_us;  // monotonic; 0: unknown
} TaskRank;
// Whether `rank` comes before `other`. False if one of them is all zero.
bool task_rank_is_before(TaskRank rank, TaskRank other);

// What became of the tasks that were suspended in an engine that was given up.
typedef struct {
  size_t ended;
  size_t go_on;  // from the store, in another engine
} TaskLosses;

// The state in words, for messages: "over its CPU time".
const char *task_state_name(TaskState state);

#endif
