// What runs inside a task's coroutine: the body's function, then the function `at_end`.
#include "engine/task_inner.h"

#include <lauxlib.h>

#include "engine/guard.h"
#include "engine/record_inner.h"

// Pushes the at_end function and removes it from the task's table. False, with nothing pushed, if there is none.
static bool take_at_end(lua_State *L, Task *task) {
  if (task->locals_ref == LUA_NOREF) return false;
  lua_rawgeti(L, LUA_REGISTRYINDEX, task->locals_ref);
  bool found = lua_getfield(L, -1, "at_end") == LUA_TFUNCTION;
  lua_pushnil(L);
  lua_setfield(L, -3, "at_end");
  lua_remove(L, -2);
  if (!found) lua_pop(L, 1);
  return found;
}

static int task_finish_k(lua_State *L, int status, lua_KContext context) {
  Task *task = (Task *)context;
  if (task->records) door_end(L, task);
  if (task->now->finish) task->now->finish(L, task);
  return 0;
}

static int task_at_end_k(lua_State *L, int status, lua_KContext context) {
  if (take_at_end(L, (Task *)context)) lua_callk(L, 0, 0, context, task_finish_k);
  return task_finish_k(L, LUA_OK, context);
}

// Continues after the task's function. If it failed, its variables are closed by now, and its error is raised again for
// the resumer of the coroutine.
static int task_main_k(lua_State *L, int status, lua_KContext context) {
  Task *task = (Task *)context;
  lua_remove(L, 1);  // the handler
  if (task->forced > 0) return guard_unwind_on(L);
  if (status != LUA_OK && status != LUA_YIELD) return lua_error(L);
  if (status == LUA_YIELD && task->now->ends_later && task->now->ends_later(task)) {
    lua_pushcfunction(L, task->now->before_end);
    lua_callk(L, 0, 0, context, task_at_end_k);
  }
  return task_at_end_k(L, LUA_OK, context);
}

int task_main(lua_State *L) {
  Task *task = task_running(L);
  int args = task->now->prepare ? task->now->prepare(L, task) : lua_gettop(L) - 1;
  if (args < 0) return 0;
  lua_pushcfunction(L, task_note_failure);
  lua_insert(L, 1);
  int status = lua_pcallk(L, args, task->now->results, 1, (lua_KContext)task, task_main_k);
  return task_main_k(L, status, (lua_KContext)task);
}

static int prepare_at_end(lua_State *L, Task *task) { return take_at_end(L, task) ? 0 : -1; }

const TaskBody TASK_AT_END = { .prepare = prepare_at_end, .doing = "the end of a job that failed" };
