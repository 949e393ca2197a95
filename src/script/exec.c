// Runs a chunk to its end (wemoon exec), with arguments and results.
#include "engine/value.h"
#include "script/inner.h"
#include "script/loader.h"

typedef struct {
  Str code, name;
  char **args;
  int arg_count;
  Buf *out;
} Chunk;

// `arg` as in lua(1): the name at 0, the arguments from 1.
static int prepare_exec(lua_State *L, Task *task) {
  const Chunk *chunk = task_data(task);
  Str code = loader_skip_head(chunk->code);
  if (luaL_loadbufferx(L, code.ptr, code.len, chunk->name.ptr, "t") != LUA_OK) lua_error(L);
  luaL_checkstack(L, chunk->arg_count + 4, "too many arguments");
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_pushliteral(L, "arg");
  lua_createtable(L, chunk->arg_count, 1);
  lua_pushstring(L, chunk->name.ptr + 1);
  lua_rawseti(L, -2, 0);
  for (int i = 0; i < chunk->arg_count; i++) {
    lua_pushstring(L, chunk->args[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_rawset(L, -3);
  lua_pop(L, 1);
  for (int i = 0; i < chunk->arg_count; i++) lua_pushstring(L, chunk->args[i]);
  return chunk->arg_count;
}

static void finish_exec(lua_State *L, Task *task) {
  const Chunk *chunk = task_data(task);
  int count = lua_gettop(L);
  if (count >= 2 && lua_isnil(L, 1) && !lua_isnil(L, 2)) {
    value_push_text(L, 2);
    lua_error(L);
  }
  for (int i = 1; i <= count; i++) {
    Err err = { 0 };
    if (!value_to_json(L, i, chunk->out, &err)) raise(L, "result %d %s", i, err.text);
    buf_addc(chunk->out, '\n');
  }
  if (chunk->out->failed) raise(L, "not enough memory for the results");
}

static const TaskBody EXEC = {
  .prepare = prepare_exec, .finish = finish_exec, .results = LUA_MULTRET, .doing = "the script"
};

static bool copy_args(Chunk *chunk, Arena *arena, char **args, size_t count) {
  chunk->args = arena_alloc(arena, (count + 1) * sizeof *chunk->args);
  for (size_t i = 0; chunk->args && i < count; i++) {
    Str copy = arena_dup(arena, str_of(args[i]));
    if (!copy.ptr) return false;
    chunk->args[chunk->arg_count++] = (char *)copy.ptr;
  }
  return chunk->args != NULL;
}

static Chunk *chunk_new(Run *run, Str code, const char *name, char **args, size_t arg_count) {
  Arena *arena = run_arena(run);
  Chunk *chunk = arena_calloc(arena, 1, sizeof *chunk);
  if (!chunk) return NULL;
  chunk->code = arena_dup(arena, code);
  chunk->name = arena_dup(arena, str_of(name));
  chunk->out = run_out(run);
  bool ok = chunk->code.ptr && chunk->name.ptr && copy_args(chunk, arena, args, arg_count);
  return ok ? chunk : NULL;
}

bool interpreter_exec(Interpreter *in, Str code, const char *name, char **args, size_t arg_count,
                      Buf *out, Err *err) {
  if (name[0] == '@' && !loader_set_script(in, name + 1))
    return err_set(err, ERR_MEMORY, "no memory");
  in->ticking = true;
  Run *run = run_new();
  Chunk *chunk = run ? chunk_new(run, code, name, args, arg_count) : NULL;
  bool ok = chunk ? run_wait(run, in->engine, &EXEC, chunk, RUN_UNLIMITED, err)
                  : err_set(err, ERR_MEMORY, "no memory");
  if (ok) buf_add(out, buf_str(run_out(run)));
  else if (run) buf_add(out, run_trace(run));
  run_free(run);
  return ok;
}
