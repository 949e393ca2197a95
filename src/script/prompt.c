// Prompts in the bot's own interpreter: an embedded program beside the script, one per session.
#include "script/embedded_load.h"
#include "script/inner.h"
#include "script/program.h"

static const char sessions_key;  // key of the table of programs by session

typedef struct {
  uint64_t session;
  Str program, about, function, argument;  // END needs only the session
  Buf *out;
} Call;

// Pushes the table of programs.
static void push_sessions(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &sessions_key) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &sessions_key);
}

static void begin_program(lua_State *L, const Call *call) {
  if (!embedded_load(L, call->program.ptr)) raise(L, "%s is not in this binary", call->program.ptr);
  program_push_host(L);
  push_str(L, call->about);
  lua_call(L, 2, 1);
}

// Pushes the session's program; begins the program if there is none yet.
static void push_program(lua_State *L, const Call *call) {
  push_sessions(L);  // sessions
  if (lua_rawgeti(L, -1, (lua_Integer)call->session) != LUA_TTABLE) {
    lua_pop(L, 1);
    begin_program(L, call);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, (lua_Integer)call->session);
  }
  lua_remove(L, -2);
}

static int prepare_call(lua_State *L, Task *task) {
  const Call *call = task_data(task);
  push_program(L, call);
  lua_getfield(L, -1, call->function.ptr);
  lua_remove(L, -2);
  push_str(L, call->argument);
  return 1;
}

static void finish_call(lua_State *L, Task *task) {
  const Call *call = task_data(task);
  if (lua_type(L, 1) == LUA_TSTRING) buf_add(call->out, lua_str(L, 1));
  if (call->out->failed) raise_no_memory(L);
}

static const TaskBody CALL = {
  .prepare = prepare_call, .finish = finish_call, .results = 1, .doing = "the input"
};

// Removes the session's program; its function `close`, if it has one, is what the task runs.
static int prepare_end(lua_State *L, Task *task) {
  const Call *call = task_data(task);
  int base = lua_gettop(L);
  push_sessions(L);
  bool begun = lua_rawgeti(L, -1, (lua_Integer)call->session) == LUA_TTABLE;
  lua_pushnil(L);
  lua_rawseti(L, -3, (lua_Integer)call->session);
  bool closes = begun && lua_getfield(L, -1, "close") == LUA_TFUNCTION;
  if (closes) lua_replace(L, base + 1);
  lua_settop(L, base + closes);
  return closes ? 0 : -1;
}

static const TaskBody END = { .prepare = prepare_end, .doing = "the prompt" };

static Call *call_new(Run *run, const PromptCall *from) {
  Arena *arena = run_arena(run);
  Call *call = arena_alloc(arena, sizeof *call);
  if (!call) return NULL;
  *call = (Call){ .session = from->session,
                  .program = arena_dup(arena, str_of(from->program)),
                  .about = arena_dup(arena, from->about),
                  .function = arena_dup(arena, str_of(from->function)),
                  .argument = arena_dup(arena, from->argument),
                  .out = run_out(run) };
  return call->program.ptr && call->about.ptr && call->function.ptr && call->argument.ptr ? call
                                                                                          : NULL;
}

bool interpreter_prompt(Interpreter *in, const PromptCall *from, Buf *out, Err *err) {
  Run *run = run_new();
  Call *call = run ? call_new(run, from) : NULL;
  if (call) run_set_group(run, from->session);
  if (call && from->stop) run_stop_when(run, from->stop, from->stop_ctx);
  bool ok = call ? run_wait(run, in->engine, &CALL, call, RUN_LIMITED, err)
                 : err_set(err, ERR_MEMORY, "no memory");
  if (ok) buf_add(out, buf_str(run_out(run)));
  run_free(run);
  return ok;
}

bool interpreter_prompt_end_tasks(Interpreter *in, uint64_t session, size_t *count) {
  return engine_end_group(in->engine, session, count);
}

void interpreter_prompt_end(Interpreter *in, uint64_t session) {
  Err err;
  Run *run = run_new();
  PromptCall end = {
    .session = session, .program = "", .about = STR(""), .function = "", .argument = STR("")
  };
  Call *call = run ? call_new(run, &end) : NULL;
  if (call) run_wait(run, in->engine, &END, call, RUN_LIMITED, &err);
  run_free(run);
}
