// Runs wemoon's embedded programs.
#include "script/program.h"

#include "script/inner.h"
#include "script/embedded_load.h"
#include "script/loader.h"

static const char program_key, host_key;

void program_set_host(lua_State *L) {
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &host_key);
}

void program_push_host(lua_State *L) { lua_rawgetp(L, LUA_REGISTRYINDEX, &host_key); }

static int prepare_program(lua_State *L, Task *task) {
  const char *name = interpreter_of(L)->options.program;
  if (!embedded_load(L, name)) raise(L, "%s is not in this binary", name);
  program_push_host(L);
  return 1;
}

// The program returns a table of functions for interpreter_program, or nothing.
static void finish_program(lua_State *L, Task *task) {
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &program_key);
}

static const TaskBody PROGRAM = { .prepare = prepare_program,
                                  .finish = finish_program,
                                  .results = 1,
                                  .doing = "a program of wemoon's own" };

bool program_load(Interpreter *in, Err *err) {
  Run *run = run_new();
  bool ok = run ? run_wait(run, in->engine, &PROGRAM, NULL, RUN_LIMITED, err)
                : err_set(err, ERR_MEMORY, "no memory");
  run_free(run);
  return ok;
}

typedef struct {
  Str function, argument;
  Buf *out;
} Call;

static int prepare_function(lua_State *L, Task *task) {
  const Call *call = task_data(task);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &program_key) != LUA_TTABLE)
    raise(L, "the program has no functions");
  lua_getfield(L, -1, call->function.ptr);
  lua_remove(L, -2);
  push_str(L, call->argument);
  return 1;
}

static void finish_function(lua_State *L, Task *task) {
  const Call *call = task_data(task);
  if (lua_type(L, 1) == LUA_TSTRING) buf_add(call->out, lua_str(L, 1));
  if (call->out->failed) raise_no_memory(L);
}

static const TaskBody FUNCTION = {
  .prepare = prepare_function, .finish = finish_function, .results = 1, .doing = "the program"
};

static Call *call_new(Run *run, const char *function, Str argument) {
  Call *call = arena_alloc(run_arena(run), sizeof *call);
  if (!call) return NULL;
  *call = (Call){ .function = arena_dup(run_arena(run), str_of(function)),
                  .argument = arena_dup(run_arena(run), argument),
                  .out = run_out(run) };
  return call->function.ptr && call->argument.ptr ? call : NULL;
}

static bool run_function(Interpreter *in, const char *function, Str argument, RunLimit limit,
                         Buf *out, Err *err) {
  Run *run = run_new();
  Call *call = run ? call_new(run, function, argument) : NULL;
  bool ok = call ? run_wait(run, in->engine, &FUNCTION, call, limit, err)
                 : err_set(err, ERR_MEMORY, "no memory");
  if (ok) buf_add(out, buf_str(run_out(run)));
  run_free(run);
  return ok;
}

bool interpreter_program(Interpreter *in, const char *function, Str argument, Buf *out, Err *err) {
  return run_function(in, function, argument, RUN_UNLIMITED, out, err);
}

bool interpreter_program_alone(Interpreter *in, const char *function, Str argument, Buf *out,
                               Err *err) {
  return run_function(in, function, argument, RUN_LIMITED, out, err);
}
