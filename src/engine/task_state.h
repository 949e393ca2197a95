// How a run of the script ended, for layers that see nothing of Lua.
#ifndef WEMOON_ENGINE_TASK_STATE_H
#define WEMOON_ENGINE_TASK_STATE_H

typedef enum {
  TASK_RETURNED,     // its function returned
  TASK_WAITING,      // it is suspended; it goes on later, on the engine's own thread
  TASK_FAILED,       // a Lua error
  TASK_OVER_CPU,     // stopped after cpu_us_max
  TASK_OVER_MEMORY,  // stopped at memory_max
  TASK_CANCELLED,    // it ran out of time, or the engine is going away
  TASK_DIFFERS,      // it differed from its record (record.h)
  TASK_LOST          // the engine was busy until the deadline or was given up: nothing was run
} TaskState;

const char *task_state_name(TaskState state);

#endif
