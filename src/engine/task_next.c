// What a task that failed runs next: the body that takes its place, its function `at_end`, or nothing.
#include "engine/task_inner.h"

#include <lauxlib.h>

#include "engine/engine_inner.h"
#include "engine/failure.h"
#include "engine/wait_inner.h"

static TaskState state_of_failure(Engine *engine, int status) {
  switch (engine->slice.end) {
    case SLICE_OVER_CPU: return TASK_OVER_CPU;
    case SLICE_INTERRUPTED:
    case SLICE_GIVEN_UP: return TASK_CANCELLED;
    case SLICE_DIFFERS: return TASK_DIFFERS;
    case SLICE_GOES_ON: break;
  }
  return status == LUA_ERRMEM ? TASK_OVER_MEMORY : TASK_FAILED;
}

// Continues the task with `body` in a new coroutine, to which the value on top of L's stack is moved. False, with the
// value popped, without memory.
static bool begin_anew(Task *task, const TaskBody *body) {
  lua_State *L = task->engine->L;
  if (task->co) task_drop_coroutine(task);
  if (!task_fill_coroutine(task)) {
    lua_pop(L, 1);
    return false;
  }
  lua_pushcfunction(task->co, task_main);
  lua_xmove(L, task->co, 1);
  task->now = body;
  task->closing = false;
  task->forced = 0;
  return true;
}

// Continues a failed task with the body that TaskBody.failed returns. False if there is none, or no memory.
static bool begin_in_its_place(Task *task) {
  Engine *engine = task->engine;
  lua_State *L = engine->L;
  if (task->now != task->body || !task->body->failed || task->state == TASK_CANCELLED ||
      engine->slice.end == SLICE_GIVEN_UP || engine->slice.end == SLICE_DIFFERS)
    return false;
  Str text = task->failure ? buf_str(&task->failure->text) : STR("");
  const TaskBody *next = task->body->failed(task, text);
  if (!next) return false;
  if (engine->slice.end == SLICE_GOES_ON && !task->forced) lua_xmove(task->co, L, 1);
  else lua_pushnil(L);
  return begin_anew(task, next);
}

// Continues a failed task with its at_end function, unless the script is being stopped. False if there is none.
static bool begin_at_end(Task *task) {
  Engine *engine = task->engine;
  if (task->locals_ref == LUA_NOREF || task->now == &TASK_AT_END || task->forced ||
      engine->slice.end != SLICE_GOES_ON)
    return false;
  lua_pushnil(engine->L);
  return begin_anew(task, &TASK_AT_END);
}

bool task_begin_next(Task *task) {
  bool again = begin_in_its_place(task) || begin_at_end(task);
  if (!again && task->co) task_drop_coroutine(task);
  return again;
}

// Reports a failure that note_failure did not see: outside the script's function, or a final stop. Closes the variables
// that are still open.
static void tell_failure(Task *task, int status) {
  Engine *engine = task->engine;
  bool first = !task->closing;
  if (task->state == TASK_RETURNED) task->state = state_of_failure(engine, status);
  if (!first && engine->slice.end == SLICE_GOES_ON) return;
  Failure failure;
  failure_init(&failure);
  failure_describe(engine, task->co, &failure);
  task_take_failure(task, &failure, first);
  if (engine->slice.end != SLICE_GOES_ON) return;
  task_begin_closing(task);
  engine->task = task;
  close_coroutine(engine, task->co);
  engine->task = NULL;
}

bool task_fail(Task *task, int status) {
  Engine *engine = task->engine;
  if (engine->suspending) wait_cancel(engine->suspending);
  engine->suspending = NULL;
  wait_release(task->wait);  // of a finished wait whose continuation did not run
  task->wait = NULL;
  tell_failure(task, status);
  TaskState state = task->state;
  bool again = task_begin_next(task);
  if (state == TASK_OVER_MEMORY || state == TASK_OVER_CPU) lua_gc(engine->L, LUA_GCCOLLECT);
  return again;
}
