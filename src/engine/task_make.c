// A task's creation, its coroutine, and its reuse after its end.
#include "engine/task_inner.h"

#include <lauxlib.h>

#include "engine/engine_inner.h"
#include "engine/guard.h"
#include "engine/libs.h"
#include "engine/record_inner.h"

#include <stdlib.h>

enum { IDLE_MAX = 64 };  // tasks with their coroutines that are kept for reuse

static int make_coroutine(lua_State *L) {
  Task *task = lua_touserdata(L, 1);
  for (int i = 0; i < TASK_VALUES; i++) {
    if (task->values[i] != LUA_NOREF) continue;
    lua_pushboolean(L, false);
    task->values[i] = luaL_ref(L, LUA_REGISTRYINDEX);
  }
  lua_State *co = lua_newthread(L);
  guard_watch(co);
  coroutine_reserve(L, co);
  if (task->co_ref == LUA_NOREF) task->co_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  else lua_rawseti(L, LUA_REGISTRYINDEX, task->co_ref);
  task->co = co;
  return 0;
}

bool task_fill_coroutine(Task *task) {
  lua_State *L = task->engine->L;
  lua_pushcfunction(L, make_coroutine);
  lua_pushlightuserdata(L, task);
  if (lua_pcall(L, 1, 0, 0) == LUA_OK) return true;
  lua_pop(L, 1);
  return false;
}

static void free_task(Task *task) {
  lua_State *L = task->engine->L;
  luaL_unref(L, LUA_REGISTRYINDEX, task->co_ref);
  for (int i = 0; i < TASK_VALUES; i++) luaL_unref(L, LUA_REGISTRYINDEX, task->values[i]);
  luaL_unref(L, LUA_REGISTRYINDEX, task->locals_ref);
  task_drop_subject(task);
  free(task);
}

static Task *take_idle(Engine *engine) {
  Task *task = engine->idle;
  if (!task) return NULL;
  engine->idle = task->next;
  engine->idle_count--;
  return task;
}

static Task *make_task(Engine *engine) {
  Task *task = calloc(1, sizeof *task);
  if (!task) return NULL;
  task->engine = engine;
  task->co_ref = task->locals_ref = LUA_NOREF;
  for (int i = 0; i < TASK_VALUES; i++) task->values[i] = LUA_NOREF;
  return task;
}

Task *task_new(Engine *engine, const TaskBody *body, void *data) {
  Task *task = take_idle(engine);
  if (!task) task = make_task(engine);
  if (!task) return NULL;
  if (!task->co && !task_fill_coroutine(task)) {
    free_task(task);
    return NULL;
  }
  task->body = task->now = body;
  task->data = data;
  task->state = TASK_RETURNED;
  task->counted = task->holds = task->closing = false;
  task->forced = 0;
  task->run = NULL;
  task->origin = engine->task ? engine->task->origin : 0;
  task->wait = NULL;
  task->lives = task->dropped = false;
  task->deadline_us = task->due_us = INT64_MAX;
  task->rank = (TaskRank){ 0 };
  lua_pushcfunction(task->co, task_main);
  return task;
}

void task_drop_coroutine(Task *task) {
  lua_State *L = task->engine->L;
  lua_pushnil(L);
  task_set_slot(L, task->co_ref);
  task->co = NULL;
}

void task_recycle(Task *task) {
  Engine *engine = task->engine;
  lua_State *L = engine->L;
  if (task->records) record_leave(task);
  for (int i = 0; i < TASK_VALUES; i++) {
    lua_pushnil(L);
    task_set_slot(L, task->values[i]);
  }
  luaL_unref(L, LUA_REGISTRYINDEX, task->locals_ref);
  task->locals_ref = LUA_NOREF;
  task_drop_subject(task);
  if (task->failure) task_drop_failure(task);
  if (task->co) lua_settop(task->co, 0);
  if (engine->idle_count >= IDLE_MAX) {
    free_task(task);
    return;
  }
  task->next = engine->idle;
  engine->idle = task;
  engine->idle_count++;
}

void task_discard(Task *task) {
  task_drop_coroutine(task);
  task_recycle(task);
}

void task_free_idle(Engine *engine) {
  for (Task *task; (task = take_idle(engine));) free_task(task);
}
