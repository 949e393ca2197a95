// A script's own moments: it is loaded, started with the state of the one before, and asked for its own.
#include "script/core.h"

#include "base/log.h"
#include "script/value.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static int prepare_load(lua_State *L, Task *task) {
  loader_load(L, task->sync->name);
  return 0;
}

static bool is_callable(lua_State *L, int index) {
  return lua_isfunction(L, index) || luaL_getmetafield(L, index, "__call") != LUA_TNIL;
}

static void finish_load(lua_State *L, Task *task) {
  lua_settop(L, 0);
  task->in->has_on_error = task_push_global(L, "on_error") != LUA_TNIL;
  lua_settop(L, 0);
  if (task_push_global(L, "on_message") == LUA_TNIL) {
    luaL_error(
        L, "%s defines no on_message: write `function on_message(msg) ... end`, without `local`",
        task->sync->name);
  }
  if (!is_callable(L, 1)) {
    luaL_error(L, "%s: on_message must be a function, not a %s", task->sync->name,
               luaL_typename(L, 1));
  }
  lua_settop(L, 1);
  if (!lua_isfunction(L, 1)) return;
  lua_Debug ar;
  char place[PLACE_SIZE];
  lua_getinfo(L, ">S", &ar);
  snprintf(place, sizeof place, "%s:%d", ar.short_src, ar.linedefined);
  guard_set_entry(&task->in->slice, place);
}

static const TaskBody LOAD = { prepare_load, finish_load, 0, "the script" };

bool interpreter_load(Interpreter *in, const char *path, Err *err) {
  if (in->options.program) return program_load(in, err);
  if (!loader_set_script(in, path)) return err_set(err, ERR_MEMORY, "no memory");
  if (!sources_given(in->sources, path) && access(path, F_OK) != 0)
    return err_set(err, ERR_USAGE, "%s: %s", path, strerror(errno));
  Sync *sync = sync_new(path, STR(""));
  if (!sync) return err_set(err, ERR_MEMORY, "no memory");
  bool ok = sync_run(in, &LOAD, sync, true, err);
  sync_finish(in, sync);
  return ok;
}

static int prepare_on_load(lua_State *L, Task *task) {
  if (task_push_global(L, "on_load") == LUA_TNIL) return -1;
  Err err = { 0 };
  if (task->sync->code.len == 0) lua_pushnil(L);
  else if (!value_from_json(L, buf_str(&task->sync->code), &err))
    luaL_error(L, "the old script's state: %s", err.text);
  return 1;
}

// It may have defined on_error.
static void finish_on_load(lua_State *L, Task *task) {
  task->in->has_on_error = task_push_global(L, "on_error") != LUA_TNIL;
}

static const TaskBody ON_LOAD = { prepare_on_load, finish_on_load, 0, "on_load" };

bool interpreter_start(Interpreter *in, Str state_json, Err *err) {
  Sync *sync = sync_new("", state_json);
  if (!sync) return err_set(err, ERR_MEMORY, "no memory");
  bool ok = sync_run(in, &ON_LOAD, sync, true, err);
  if (ok && lock_take(&in->lock, INT64_MAX)) {
    time_start(in);
    lock_give(&in->lock);
  }
  sync_finish(in, sync);
  return ok;
}

static int prepare_on_unload(lua_State *L, Task *task) {
  return task_push_global(L, "on_unload") == LUA_TNIL ? -1 : 0;
}

static void finish_on_unload(lua_State *L, Task *task) {
  Err err = { 0 };
  if (lua_isnil(L, 1)) return;
  if (!value_to_json(L, 1, &task->sync->out, &err))
    luaL_error(L, "what on_unload returned is no state: %s", err.text);
}

static const TaskBody ON_UNLOAD = { prepare_on_unload, finish_on_unload, 1, "on_unload" };

void interpreter_unload(Interpreter *in, Buf *state_json) {
  Err err = { 0 };
  Sync *sync = sync_new("", STR(""));
  if (!sync) return;
  if (sync_run(in, &ON_UNLOAD, sync, true, &err)) buf_add(state_json, buf_str(&sync->out));
  else log_error("on_unload failed, its state is lost: %s", err.text);
  sync_finish(in, sync);
}
