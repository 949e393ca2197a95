// The function spawn(fn, ...) for tests of records: a task of the record that the running task has.
#ifndef WEMOON_TESTS_SPAWN_H
#define WEMOON_TESTS_SPAWN_H

#include "engine/door.h"
#include "engine/lua_helpers.h"
#include "engine/record.h"
#include "engine/task.h"

static const TaskBody CHILD = { .doing = "a child" };

static int l_spawn(lua_State *L) {
  Task *parent = task_running(L), *task = task_new(engine_of(L), &CHILD, NULL);
  task_share_record(parent, task);
  lua_pushcfunction(L, door_begin);
  lua_insert(L, 1);
  lua_xmove(L, task_coroutine(task), lua_gettop(L));
  task_count(task);
  task_post(task);
  return 0;
}

#endif
