// A chunk that is run to its end (wemoon exec), with arguments and results.
#include "script/core.h"

#include "script/value.h"

#include <stdlib.h>

// `arg` as lua(1) has it: the name at 0, the arguments from 1.
static int prepare_exec(lua_State *L, Task *task) {
  Sync *sync = task->sync;
  Str code = loader_skip_head(buf_str(&sync->code));
  if (luaL_loadbufferx(L, code.ptr, code.len, sync->name, NULL) != LUA_OK) lua_error(L);
  luaL_checkstack(L, (int)sync->arg_count + 4, "too many arguments");
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_pushliteral(L, "arg");
  lua_createtable(L, (int)sync->arg_count, 1);
  lua_pushstring(L, sync->name + 1);
  lua_rawseti(L, -2, 0);
  for (size_t i = 0; i < sync->arg_count; i++) {
    lua_pushstring(L, sync->args[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_rawset(L, -3);
  lua_pop(L, 1);
  for (size_t i = 0; i < sync->arg_count; i++) lua_pushstring(L, sync->args[i]);
  return (int)sync->arg_count;
}

static void finish_exec(lua_State *L, Task *task) {
  int count = lua_gettop(L);
  if (count >= 2 && lua_isnil(L, 1) && !lua_isnil(L, 2)) {
    value_push_text(L, 2);
    lua_error(L);
  }
  Buf *out = &task->sync->out;
  for (int i = 1; i <= count; i++) {
    Err err = { 0 };
    if (!value_to_json(L, i, out, &err)) luaL_error(L, "result %d %s", i, err.text);
    buf_addc(out, '\n');
  }
  if (out->failed) luaL_error(L, "not enough memory for the results");
}

static const TaskBody EXEC = { prepare_exec, finish_exec, LUA_MULTRET, "the script" };

static bool copy_args(Sync *sync, char **args, size_t count) {
  sync->args = calloc(count + 1, sizeof *sync->args);
  if (!sync->args) return false;
  for (; sync->arg_count < count; sync->arg_count++) {
    if (!(sync->args[sync->arg_count] = strdup(args[sync->arg_count]))) return false;
  }
  return true;
}

bool interpreter_exec(Interpreter *in, Str code, const char *name, char **args, size_t arg_count,
                      Buf *out, Err *err) {
  if (name[0] == '@' && !loader_set_script(in, name + 1))
    return err_set(err, ERR_MEMORY, "no memory");
  atomic_store(&in->interrupted, false);
  in->ticking = true;
  Sync *sync = sync_new(name, code);
  bool ok = sync && copy_args(sync, args, arg_count);
  if (!ok) err_set(err, ERR_MEMORY, "no memory");
  ok = ok && sync_run(in, &EXEC, sync, false, err);
  if (ok) buf_add(out, buf_str(&sync->out));
  if (sync) sync_finish(in, sync);
  return ok;
}
