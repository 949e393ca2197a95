// Shared by the tests of engine/task*: a body that notes how its task ends.
#ifndef WEMOON_TESTS_TASK_WORLD_H
#define WEMOON_TESTS_TASK_WORLD_H

#include "engine_world.h"

#include <unistd.h>

static int ended, over;
static TaskState end_state;
static char error_text[200];

static inline void note_end(Task *task) {
  ended++;
  end_state = task_state(task);
}

static inline void note_over(void *data) { over++; }

static inline const TaskBody *note_failure(Task *task, Str error) {
  snprintf(error_text, sizeof error_text, "%.*s", STR_FMT(error));
  return NULL;
}

static const TaskBody noting = { .prepare = prepare_code,
                                 .finish = keep_result,
                                 .failed = note_failure,
                                 .ended = note_end,
                                 .over = note_over,
                                 .results = 1,
                                 .doing = "code" };

static inline TaskState start(const char *code) {
  ended = over = 0;
  result[0] = error_text[0] = '\0';
  return task_start(task_new(engine, &noting, (void *)code));
}

// The Lua function keep(value): keeps the value with the task, and returns what is kept.
static inline int l_keep(lua_State *co) {
  Task *task = task_running(co);
  lua_pushvalue(co, 1);
  task_set_value(co, task, 0);
  task_push_value(co, task, 0);
  return 1;
}

// Lets the engine's thread run until no task waits.
static inline void wait_until_none_waits(void) {
  engine_leave(engine);
  for (int i = 0; i < 1000 && engine_tasks(engine) > 0; i++) usleep(2000);
  assert_true(engine_enter(engine, INT64_MAX));
}

#endif
