// An interpreter: an engine with `wechat` and a script. Creates and closes interpreters; loads a script, starts it with
// the previous script's state, gets its state, and retires it.
#include "base/clock.h"
#include "base/log.h"
#include "engine/door.h"
#include "engine/place.h"
#include "engine/stdlib.h"
#include "engine/value.h"
#include "script/cancels.h"
#include "script/every.h"
#include "script/inner.h"
#include "script/embedded_load.h"
#include "script/loader.h"
#include "script/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// ---- creation and end ---------------------------------------------------------------------------

// Passes `host` to the Lua half, which returns the table `wechat`.
static int open_all(lua_State *L) {
  Interpreter *in = interpreter_of(L);
  in->engine = engine_of(L);
  door_open(L);
  loader_open(L, in->options.allow_shell);
  if (!embedded_load(L, "wechat/init.lua")) raise(L, "wechat/init.lua is not in this binary");
  if (in->options.open_host) in->options.open_host(L);
  else lua_newtable(L);
  program_set_host(L);
  lua_call(L, 1, 1);
  lua_setglobal(L, "wechat");
  if (in->options.strict) stdlib_strict(L, loader_is_foreign);
  return 0;
}

static bool open_context(Interpreter *in) {
  ScriptContext *context = &in->context;
  context->interpreter = in;
  context->options = &in->options;
  context->digest = digest_new();
  context->aes = aes_new();
  context->xml = xml_parser_new();
  nodes_init(&context->tree);
  return context->digest && context->aes && context->xml;
}

static void close_context(ScriptContext *context) {
  digest_free(context->digest);
  aes_free(context->aes);
  xml_parser_free(context->xml);
  nodes_clear(&context->tree);
}

static void leave_others(void *context) {
  Interpreter *in = ((ScriptContext *)context)->interpreter;
  if (in->options.shared) cancels_leave(in->options.shared->cancels, in);
}

static void free_parts(void *context) {
  Interpreter *in = ((ScriptContext *)context)->interpreter;
  BotShared *shared = in->options.shared;
  every_free_all(in);
  close_context(&in->context);
  sources_free(in->sources);
  routes_free(in->routes);
  free(in->folder);
  free(in);
  if (shared) atomic_fetch_sub(&shared->interpreters, 1);
}

static bool source_line(void *context, Str file, int64_t line, Buf *out) {
  return sources_line(((ScriptContext *)context)->interpreter->sources, file, line, out);
}

static void count_failure(void *context) {
  BotShared *shared = ((ScriptContext *)context)->interpreter->options.shared;
  if (shared) atomic_fetch_add_explicit(&shared->errors, 1, memory_order_relaxed);
}

static void print(void *context, Str text) {
  const InterpreterOptions *options = &((ScriptContext *)context)->interpreter->options;
  options->print(options->print_ctx, text);
}

void shared_lost(BotShared *shared, const char *reason) {
  if (shared && shared->lost) shared->lost(shared->lost_ctx, str_of(reason));
}

bool shared_sends_nothing(const BotShared *shared) {
  int64_t until_ms =
      atomic_load_explicit(&((BotShared *)shared)->not_allowed_until_ms, memory_order_relaxed);
  return until_ms != 0 && clock_unix_ms() < until_ms;
}

static Engine *open_engine(Interpreter *in, Err *err) {
  EngineOptions options = { .cpu_us_max = in->options.cpu_us_max,
                            .memory_max = in->options.memory_max,
                            .task_timeout_ms = in->options.job_timeout_ms,
                            .allow_shell = in->options.allow_shell,
                            .trusted = in->options.trusted,
                            .library = "wechat",
                            .own_chunks = EMBEDDED_MARK,
                            .source_line = source_line,
                            .open = open_all,
                            .closing = leave_others,
                            .closed = free_parts,
                            .failed = count_failure,
                            .print = in->options.print ? print : NULL,
                            .takes_stdout = in->options.takes_stdout,
                            .takes_stderr = in->options.takes_stderr,
                            .user = &in->context };
  return engine_new(&options, err);
}

Interpreter *interpreter_new(const InterpreterOptions *options, Err *err) {
  Interpreter *in = calloc(1, sizeof *in);
  if (!in) {
    err_set(err, ERR_MEMORY, "no memory for an interpreter");
    return NULL;
  }
  in->options = *options;
  if (options->shared) atomic_fetch_add(&options->shared->interpreters, 1);
  in->number = (uint64_t)clock_now_us();
  in->routes = routes_new();
  in->sources = sources_new();
  bool ready = open_context(in) && in->routes && in->sources;
  if (!ready) err_set(err, ERR_MEMORY, "no memory for an interpreter");
  in->engine = ready ? open_engine(in, err) : NULL;
  if (!in->engine) {
    free_parts(&in->context);
    return NULL;
  }
  if (options->shared) cancels_join(options->shared->cancels, in);
  return in;
}

Interpreter *interpreter_retain(Interpreter *in) {
  engine_retain(in->engine);
  return in;
}

void interpreter_release(Interpreter *in) {
  if (in) engine_release(in->engine);
}

void interpreter_retire(Interpreter *in) { engine_retire(in->engine); }
void interpreter_end_tasks(Interpreter *in) { engine_end_tasks(in->engine); }
void interpreter_wake(Interpreter *in) { engine_wake(in->engine); }
void interpreter_interrupt(Interpreter *in) { engine_interrupt(in->engine); }
void interpreter_interrupt_run(Interpreter *in) { engine_interrupt_run(in->engine); }
bool interpreter_is_stuck(Interpreter *in, char *place, size_t size) {
  return engine_is_stuck(in->engine, place, size);
}
LogSubject interpreter_subject(Interpreter *in, char text[LOG_SUBJECT_SIZE]) {
  return engine_subject(in->engine, text);
}
void interpreter_give_up(Interpreter *in) { engine_give_up(in->engine); }
bool interpreter_is_given_up(const Interpreter *in) { return engine_is_given_up(in->engine); }
bool interpreter_is_retired(const Interpreter *in) { return engine_is_retired(in->engine); }

bool interpreter_await_turn(Interpreter *in, Turn *turn) {
  Err err = { 0 };
  return engine_start_thread(in->engine, &err) && engine_await_turn(in->engine, turn);
}

void interpreter_give_turns_away(Interpreter *in, size_t most) {
  engine_give_turns_away(in->engine, most);
}

void interpreter_let_go(Interpreter *in) { engine_let_go(in->engine); }
int64_t interpreter_next_timer_us(Interpreter *in) { return engine_next_timer_us(in->engine); }
int interpreter_queue(Interpreter *in) { return engine_queue(in->engine); }
uint64_t interpreter_number(const Interpreter *in) { return in->number; }
size_t interpreter_memory(const Interpreter *in) { return engine_memory(in->engine); }
size_t interpreter_tasks(const Interpreter *in) { return engine_tasks(in->engine); }
TaskLosses interpreter_losses(const Interpreter *in) { return engine_losses(in->engine); }

InterpreterMemory interpreter_look_at_memory(const Interpreter *in) {
  return (InterpreterMemory){ .used = engine_memory(in->engine),
                              .max = in->options.memory_max,
                              .refusals = engine_refusals(in->engine),
                              .slices = engine_slices(in->engine) };
}

bool interpreter_collect(Interpreter *in, int64_t deadline_us) {
  return engine_collect(in->engine, deadline_us);
}

bool interpreter_files(Interpreter *in, Arena *arena, Pairs *files) {
  return sources_list(in->sources, arena, files);
}

// ---- loading ------------------------------------------------------------------------------------

static int prepare_load(lua_State *L, Task *task) {
  loader_load(L, task_data(task));
  return 0;
}

static bool is_callable(lua_State *L, int index) {
  return lua_isfunction(L, index) || luaL_getmetafield(L, index, "__call") != LUA_TNIL;
}

// The function on top of the stack, which is popped, is where messages enter the script; wechat.bot's has no place in it.
static void set_entry(lua_State *L, const char *path) {
  lua_Debug ar;
  char place[PLACE_SIZE];
  lua_getinfo(L, ">S", &ar);
  if (ar.source[0] == '@' && str_starts(str_of(ar.source + 1), str_of(EMBEDDED_MARK)))
    snprintf(place, sizeof place, "%s", path);
  else snprintf(place, sizeof place, "%s:%d", ar.short_src, ar.linedefined);
  engine_set_entry(engine_of(L), place);
}

static void finish_load(lua_State *L, Task *task) {
  const char *path = task_data(task);
  lua_settop(L, 0);
  interpreter_of(L)->has_on_error = task_push_global(L, "on_error") != LUA_TNIL;
  lua_settop(L, 0);
  if (task_push_global(L, "on_message") == LUA_TNIL)
    raise(L,
          "%s defines no on_message: write `function on_message(msg) ... end`, without `local`, or "
          "after the rules of wechat.bot `on_message = bot.on_message`",
          path);
  if (!is_callable(L, 1))
    raise(L, "%s: on_message must be a function, not a %s", path, luaL_typename(L, 1));
  lua_settop(L, 1);
  if (lua_isfunction(L, 1)) set_entry(L, path);
}

static const TaskBody LOAD = { .prepare = prepare_load,
                               .finish = finish_load,
                               .doing = "the script" };

static bool is_ending(void *shared) { return atomic_load(&((BotShared *)shared)->ending); }

static void stop_at_end(Run *run, const Interpreter *in) {
  if (in->options.shared) run_stop_when(run, is_ending, in->options.shared);
}

static bool load(Interpreter *in, const char *path, Err *err) {
  if (in->options.program) return program_load(in, err);
  if (!loader_set_script(in, path)) return err_set(err, ERR_MEMORY, "no memory");
  if (!sources_given(in->sources, path) && access(path, F_OK) != 0)
    return err_set(err, ERR_USAGE, "%s: %s", path, strerror(errno));
  Run *run = run_new();
  Str copy = run ? arena_dup(run_arena(run), str_of(path)) : (Str){ 0 };
  if (run) stop_at_end(run, in);
  bool ok = copy.ptr ? run_wait(run, in->engine, &LOAD, (char *)copy.ptr, RUN_LIMITED, err)
                     : err_set(err, ERR_MEMORY, "no memory");
  run_free(run);
  return ok;
}

bool interpreter_load(Interpreter *in, const char *path, Err *err) {
  bool ok = load(in, path, err);
  if (ok) in->script = sources_digest(in->sources);
  embedded_give_back();
  return ok;
}

bool interpreter_load_like(Interpreter *in, Interpreter *other, const char *path, Err *err) {
  if (!sources_give(in->sources, other->sources)) return err_set(err, ERR_MEMORY, "no memory");
  return interpreter_load(in, path, err);
}

// ---- starting and ending ------------------------------------------------------------------------

static int prepare_on_load(lua_State *L, Task *task) {
  const Str *state = task_data(task);
  Err err = { 0 };
  if (task_push_global(L, "on_load") == LUA_TNIL) return -1;
  if (state->len == 0) lua_pushnil(L);
  else if (!value_from_json(L, *state, &err))
    raise(L, "the state of the previous script: %s", err.text);
  return 1;
}

// on_load may have defined on_error.
static void finish_on_load(lua_State *L, Task *task) {
  interpreter_of(L)->has_on_error = task_push_global(L, "on_error") != LUA_TNIL;
}

static const TaskBody ON_LOAD = { .prepare = prepare_on_load,
                                  .finish = finish_on_load,
                                  .doing = "on_load" };

bool interpreter_start(Interpreter *in, Str state_json, Err *err) {
  Run *run = run_new();
  Str *state = run ? arena_alloc(run_arena(run), sizeof *state) : NULL;
  if (state) *state = arena_dup(run_arena(run), state_json);
  if (run) stop_at_end(run, in);
  bool ok = state && state->ptr ? run_wait(run, in->engine, &ON_LOAD, state, RUN_LIMITED, err)
                                : err_set(err, ERR_MEMORY, "no memory");
  if (ok && engine_enter(in->engine, INT64_MAX)) {
    every_start(in);
    engine_leave(in->engine);
  }
  run_free(run);
  return ok;
}

static int prepare_on_unload(lua_State *L, Task *task) {
  return task_push_global(L, "on_unload") == LUA_TNIL ? -1 : 0;
}

static void finish_on_unload(lua_State *L, Task *task) {
  Err err = { 0 };
  if (lua_isnil(L, 1)) return;
  if (!value_to_json(L, 1, task_data(task), &err))
    raise(L, "on_unload returned a value that cannot be the next state: %s", err.text);
}

static const TaskBody ON_UNLOAD = {
  .prepare = prepare_on_unload, .finish = finish_on_unload, .results = 1, .doing = "on_unload"
};

void interpreter_unload(Interpreter *in, Buf *state_json) {
  Err err = { 0 };
  Run *run = run_new();
  if (!run) return;
  if (run_wait(run, in->engine, &ON_UNLOAD, run_out(run), RUN_LIMITED, &err))
    buf_add(state_json, buf_str(run_out(run)));
  else log_error("on_unload failed, and the state is lost: %s", err.text);
  run_free(run);
}
