// Programs: files of lua/ that are run in place of a script, and the functions that they give.
#include "script/core.h"

static const char program_key;

static int prepare_program(lua_State *L, Task *task) {
  if (!embedded_load(L, task->sync->name))
    luaL_error(L, "%s is not in this binary", task->sync->name);
  interpreter_push_host(L);
  return 1;
}

// A table of functions for interpreter_program, or nothing.
static void finish_program(lua_State *L, Task *task) {
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &program_key);
}

static const TaskBody PROGRAM = { prepare_program, finish_program, 1, "a program of wemoon's own" };

bool program_load(Interpreter *in, Err *err) {
  Sync *sync = sync_new(in->options.program, STR(""));
  if (!sync) return err_set(err, ERR_MEMORY, "no memory");
  bool ok = sync_run(in, &PROGRAM, sync, true, err);
  sync_finish(in, sync);
  return ok;
}

static int prepare_function(lua_State *L, Task *task) {
  Str argument = buf_str(&task->sync->code);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &program_key) != LUA_TTABLE)
    luaL_error(L, "the program has no functions");
  lua_getfield(L, -1, task->sync->name);
  lua_remove(L, -2);
  lua_pushlstring(L, argument.ptr ? argument.ptr : "", argument.len);
  return 1;
}

static void finish_function(lua_State *L, Task *task) {
  Str text = { 0 };
  if (lua_type(L, 1) == LUA_TSTRING) text.ptr = lua_tolstring(L, 1, &text.len);
  buf_add(&task->sync->out, text);
  if (task->sync->out.failed) luaL_error(L, "not enough memory");
}

static const TaskBody FUNCTION = { prepare_function, finish_function, 1, "the program" };

bool interpreter_program(Interpreter *in, const char *function, Str argument, Buf *out, Err *err) {
  Sync *sync = sync_new(function, argument);
  if (!sync) return err_set(err, ERR_MEMORY, "no memory");
  atomic_store(&in->interrupted, false);
  bool ok = sync_run(in, &FUNCTION, sync, false, err);
  if (ok) buf_add(out, buf_str(&sync->out));
  sync_finish(in, sync);
  return ok;
}
