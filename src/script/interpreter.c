// An interpreter's life: made, loaded, started, retired, given up, closed.
#include "script/core.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "script/libs.h"
#include "script/routes.h"
#include "script/value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
  SMALL_OBJECTS = 8 * 1024 * 1024,
  MAIN_STACK = 64,
  CALLER_LOOK_US = 50000,
  BLOCKED_FACTOR = 5,
  LOOK_SLACK_US = 300000,
  SILENT_US = 100000
};

// ---- memory -------------------------------------------------------------------------------------

// Counts what Lua has and refuses what goes beyond the cap; Lua collects and, if that does not help, raises a
// memory error.
static void *allocate(void *ctx, void *block, size_t old_size, size_t new_size) {
  Interpreter *in = ctx;
  if (!block) old_size = 0;
  size_t used = atomic_load_explicit(&in->memory, memory_order_relaxed) - old_size;
  if (new_size == 0) {
    if (block) heap_free(&in->heap, block, old_size);
  } else {
    size_t max = in->options.memory_max;
    if (max && new_size > old_size && used + new_size > max) return NULL;
    block = heap_resize(&in->heap, block, old_size, new_size);
    if (!block) return NULL;
  }
  atomic_store_explicit(&in->memory, used + new_size, memory_order_relaxed);
  return new_size ? block : NULL;
}

size_t interpreter_memory(const Interpreter *in) {
  return atomic_load_explicit(&((Interpreter *)in)->memory, memory_order_relaxed);
}

size_t interpreter_tasks(const Interpreter *in) {
  return atomic_load_explicit(&((Interpreter *)in)->suspended, memory_order_relaxed);
}

// ---- birth and death ----------------------------------------------------------------------------

static int panic(lua_State *L) {
  log_error("Lua raised outside of protection: %s",
            lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "?");
  return 0;
}

static void take_warning(void *ctx, const char *message, int to_continue) {
  log_warn("%s%s", message, to_continue ? " ..." : "");
}

static const char host_key;

// `host` goes to the Lua half, which returns what becomes `wechat`.
static int open_all(lua_State *L) {
  Interpreter *in = interpreter_of(L);
  stdlib_open(L, &in->options);
  coroutine_open(L);
  loader_open(L);
  value_open(L);
  if (!embedded_load(L, "wechat/init.lua")) return luaL_error(L, "wechat/init.lua is not in this binary");
  libs_open(L);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &host_key);
  lua_call(L, 1, 1);
  lua_setglobal(L, "wechat");
  if (in->options.strict) strict_open(L);
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
  buf_init(&context->scratch);
  return context->digest && context->aes && context->xml;
}

static void close_context(ScriptContext *context) {
  digest_free(context->digest);
  aes_free(context->aes);
  xml_parser_free(context->xml);
  nodes_clear(&context->tree);
  buf_clear(&context->scratch);
}

static bool open_state(Interpreter *in, Err *err) {
  in->L = lua_newstate(allocate, in);
  if (!in->L) return err_set(err, ERR_MEMORY, "no memory for an interpreter (script_memory_mb)");
  *(ScriptContext **)lua_getextraspace(in->L) = &in->context;
  lua_atpanic(in->L, panic);
  lua_setwarnf(in->L, take_warning, NULL);
  if (!lua_checkstack(in->L, MAIN_STACK))
    return err_set(err, ERR_MEMORY, "no memory for an interpreter (script_memory_mb)");
  lua_pushcfunction(in->L, open_all);
  if (lua_pcall(in->L, 0, 0, 0) == LUA_OK) {
    guard_watch(in->L);  // it runs the __tostring of what scripts raise
    return true;
  }
  err_set(err, ERR_FAILED, "the libraries of wechat do not load: %s",
          lua_type(in->L, -1) == LUA_TSTRING ? lua_tostring(in->L, -1) : "an error without text");
  return false;
}

// Finalizers of the script run in here: it may take long, or not come back.
void interpreter_close_state(Interpreter *in) {
  if (in->inbox) {
    task_cancel_all(in);
    inbox_drain(in->inbox);
  }
  if (!in->L) return;
  guard_enter(in);
  task_free_idle(in);
  lua_close(in->L);
  guard_leave(in);
}

void interpreter_free(Interpreter *in) {
  Fleet *fleet = in->options.fleet;
  time_close(in);
  close_context(&in->context);
  for (size_t i = 0; i < in->file_count; i++) free(in->files[i]);
  free(in->files);
  free(in->folder);
  pthread_mutex_destroy(&in->files_mutex);
  pthread_cond_destroy(&in->ended);
  guard_clear(&in->slice);
  heap_clear(&in->heap);
  inbox_release(in->inbox);
  routes_free(in->routes);
  free(in);
  if (fleet) atomic_fetch_sub(&fleet->interpreters, 1);
}

Interpreter *interpreter_new(const InterpreterOptions *options, Err *err) {
  Interpreter *in = calloc(1, sizeof *in);
  if (!in) {
    err_set(err, ERR_MEMORY, "no memory for an interpreter");
    return NULL;
  }
  in->options = *options;
  if (options->fleet) atomic_fetch_add(&options->fleet->interpreters, 1);
  atomic_init(&in->holders, 1);
  in->number = (uint64_t)clock_now_us();
  heap_init(&in->heap, SMALL_OBJECTS);
  lock_init(&in->lock);
  guard_init(&in->slice);
  pthread_mutex_init(&in->files_mutex, NULL);
  condition_init(&in->ended);
  in->inbox = inbox_new();
  in->routes = routes_new();
  bool ready = open_context(in) && in->inbox && in->routes;
  if (!ready) err_set(err, ERR_MEMORY, "no memory for an interpreter");
  if (ready && open_state(in, err)) return in;
  interpreter_close_state(in);
  interpreter_free(in);
  return NULL;
}

Interpreter *interpreter_retain(Interpreter *in) {
  atomic_fetch_add_explicit(&in->holders, 1, memory_order_relaxed);
  return in;
}

void interpreter_release(Interpreter *in) {
  if (!in || atomic_fetch_sub_explicit(&in->holders, 1, memory_order_acq_rel) != 1) return;
  if (worker_stop(in)) interpreter_free(in);
}

void interpreter_retire(Interpreter *in) { time_stop(in); }

void interpreter_wake(Interpreter *in) {
  pthread_mutex_lock(&in->inbox->mutex);
  pthread_cond_broadcast(&in->inbox->changed);
  pthread_mutex_unlock(&in->inbox->mutex);
}

void interpreter_interrupt(Interpreter *in) {
  atomic_store(&in->interrupted, true);
  interpreter_wake(in);
}

// ---- who watches --------------------------------------------------------------------------------

static int64_t cpu_of(int clock) {
  struct timespec now;
  if (clock_gettime((clockid_t)clock, &now) != 0) return -1;
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// CPU time of the slice, as seen from outside: counted from the watcher's first look, which comes soon after
// its beginning. -1 unknown.
static int64_t watched_cpu(Slice *slice, uint64_t number, int64_t elapsed_us) {
  int64_t cpu_us = cpu_of(atomic_load_explicit(&slice->cpu_clock, memory_order_relaxed));
  if (cpu_us < 0) return -1;
  pthread_mutex_lock(&slice->mutex);
  if (slice->watched_number != number) {
    slice->watched_number = number;
    slice->watched_cpu_us = elapsed_us < LOOK_SLACK_US ? cpu_us - elapsed_us : cpu_us;
  }
  int64_t used_us = cpu_us - slice->watched_cpu_us;
  pthread_mutex_unlock(&slice->mutex);
  return used_us;
}

bool interpreter_is_stuck(Interpreter *in, char *place, size_t size) {
  Slice *slice = &in->slice;
  int64_t max_us = in->options.cpu_us_max;
  int64_t began_us = atomic_load_explicit(&slice->began_us, memory_order_acquire);
  if (!max_us || !began_us) return false;
  uint64_t number = atomic_load_explicit(&slice->number, memory_order_relaxed);
  int64_t now_us = clock_real_us();
  int64_t silent_us = now_us - atomic_load_explicit(&slice->seen_us, memory_order_relaxed);
  int64_t used_us = watched_cpu(slice, number, now_us - began_us);
  // The hook ends what is over within microseconds of CPU time: what goes on that long is in a call.
  bool over = (used_us > max_us + SILENT_US && silent_us > SILENT_US) || silent_us > BLOCKED_FACTOR * max_us;
  if (!over || atomic_load_explicit(&slice->number, memory_order_relaxed) != number ||
      atomic_load_explicit(&slice->began_us, memory_order_relaxed) != began_us)
    return false;
  if (place && size) guard_last_place(slice, place, size);
  return true;
}

// Suspended tasks are told by the caller: the thread that is stuck holds the lock but touches none of them,
// and when it comes back it finds the lock broken.
void interpreter_give_up(Interpreter *in) {
  if (atomic_exchange(&in->given_up, true)) return;
  lock_break(&in->lock);
  time_stop(in);
  task_cancel_all(in);
  pthread_mutex_lock(&in->inbox->mutex);
  pthread_cond_broadcast(&in->inbox->changed);
  pthread_cond_broadcast(&in->ended);
  pthread_mutex_unlock(&in->inbox->mutex);
}

int interpreter_queue(Interpreter *in) { return lock_queue(&in->lock); }

bool interpreter_is_given_up(const Interpreter *in) { return atomic_load(&((Interpreter *)in)->given_up); }

// ---- what is run for a caller that waits --------------------------------------------------------

static void sync_release(Sync *sync) {
  if (--sync->holders > 0) return;
  buf_clear(&sync->out);
  buf_clear(&sync->code);
  free(sync->name);
  for (size_t i = 0; i < sync->arg_count; i++) free(sync->args[i]);
  free(sync->args);
  free(sync);
}

static Sync *sync_new(const char *name, Str code) {
  Sync *sync = calloc(1, sizeof *sync);
  if (!sync) return NULL;
  sync->holders = 1;
  sync->name = strdup(name);
  buf_add(&sync->code, code);
  if (sync->name && !sync->code.failed) return sync;
  sync_release(sync);
  return NULL;
}

void sync_done(Task *task) {
  Interpreter *in = task->in;
  Sync *sync = task->sync;
  pthread_mutex_lock(&in->inbox->mutex);
  sync->state = task->state;
  sync->finished = true;
  pthread_cond_broadcast(&in->ended);
  sync_release(sync);
  pthread_mutex_unlock(&in->inbox->mutex);
}

// A message may be stuck with the lock: whoever waits for it looks, since he may be the one who would have.
static bool take_lock_or_give_up(Interpreter *in) {
  while (!lock_take(&in->lock, clock_now_us() + CALLER_LOOK_US)) {
    if (lock_is_broken(&in->lock)) return false;
    if (interpreter_is_stuck(in, NULL, 0)) interpreter_give_up(in);
  }
  return true;
}

static bool post(Interpreter *in, const TaskBody *body, Sync *sync, bool limited, Err *err) {
  if (!worker_start(in, err)) return false;
  if (!take_lock_or_give_up(in))
    return err_set(err, ERR_BUSY, "the script was stuck in a call that does not come back, and was given up");
  Task *task = task_new(in, body);
  bool ok = task != NULL;
  if (ok) {
    task->sync = sync;
    sync->holders++;
    if (limited && in->options.job_timeout_ms > 0)
      task->deadline_us = clock_now_us() + in->options.job_timeout_ms * 1000;
    ok = task_post(task);
    if (!ok) sync->holders--;
  }
  lock_give(&in->lock);
  return ok ? true : err_set(err, ERR_MEMORY, "no memory to run the script (script_memory_mb)");
}

// Waits for the end of the task, and of what it spawned where `all` says so. False when the script is stuck:
// it is left behind.
static bool await(Interpreter *in, Sync *sync, bool all) {
  Inbox *inbox = in->inbox;
  pthread_mutex_lock(&inbox->mutex);
  while (!sync->finished || (all && in->counted > 0)) {
    struct timespec until = clock_to_timespec(clock_now_us() + CALLER_LOOK_US);
    pthread_cond_timedwait(&in->ended, &inbox->mutex, &until);
    if (sync->finished && lock_is_broken(&in->lock)) break;
    pthread_mutex_unlock(&inbox->mutex);
    char place[PLACE_SIZE];
    bool stuck = lock_is_broken(&in->lock) || interpreter_is_stuck(in, place, sizeof place);
    pthread_mutex_lock(&inbox->mutex);
    if (!stuck || sync->finished) continue;
    pthread_mutex_unlock(&inbox->mutex);
    interpreter_give_up(in);
    return false;
  }
  pthread_mutex_unlock(&inbox->mutex);
  return true;
}

// Runs `body` on the interpreter's thread. The caller releases `sync`.
static bool run_for_caller(Interpreter *in, const TaskBody *body, Sync *sync, bool limited, Err *err) {
  if (!post(in, body, sync, limited, err)) return false;
  if (!await(in, sync, !limited)) {
    char place[PLACE_SIZE];
    guard_last_place(&in->slice, place, sizeof place);
    return err_set(err, ERR_FAILED, "%s%s%s is stuck in a call that does not come back", place,
                   place[0] ? ": " : "", body->doing);
  }
  if (sync->state == TASK_RETURNED) return true;
  if (err) *err = sync->err;
  if (err && err->code == ERR_NONE)
    err_set(err, ERR_FAILED, "%s: %s", body->doing, task_state_name(sync->state));
  return false;
}

static void finish_with(Interpreter *in, Sync *sync) {
  pthread_mutex_lock(&in->inbox->mutex);
  sync_release(sync);
  pthread_mutex_unlock(&in->inbox->mutex);
}

// ---- the script ---------------------------------------------------------------------------------

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
    luaL_error(L, "%s defines no on_message: write `function on_message(msg) ... end`, without `local`",
               task->sync->name);
  }
  if (!is_callable(L, 1)) {
    luaL_error(L, "%s: on_message must be a function, not a %s", task->sync->name, luaL_typename(L, 1));
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

static bool set_script(Interpreter *in, const char *path) {
  const char *slash = strrchr(path, '/');
  free(in->folder);
  in->folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup("");
  return in->folder && loader_track(in, path);
}

static int prepare_program(lua_State *L, Task *task) {
  if (!embedded_load(L, task->sync->name)) luaL_error(L, "%s is not in this binary", task->sync->name);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &host_key);
  return 1;
}

static const char program_key;

// A table of functions for interpreter_program, or nothing.
static void finish_program(lua_State *L, Task *task) {
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &program_key);
}

static const TaskBody PROGRAM = { prepare_program, finish_program, 1, "a program of wemoon's own" };

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
  bool ok = run_for_caller(in, &FUNCTION, sync, false, err);
  if (ok) buf_add(out, buf_str(&sync->out));
  finish_with(in, sync);
  return ok;
}

bool interpreter_load(Interpreter *in, const char *path, Err *err) {
  const char *program = in->options.program;
  if (!program && !set_script(in, path)) return err_set(err, ERR_MEMORY, "no memory");
  if (!program && access(path, F_OK) != 0) return err_set(err, ERR_USAGE, "%s: %s", path, strerror(errno));
  Sync *sync = sync_new(program ? program : path, STR(""));
  if (!sync) return err_set(err, ERR_MEMORY, "no memory");
  bool ok = run_for_caller(in, program ? &PROGRAM : &LOAD, sync, true, err);
  finish_with(in, sync);
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
  bool ok = run_for_caller(in, &ON_LOAD, sync, true, err);
  if (ok && lock_take(&in->lock, INT64_MAX)) {
    time_start(in);
    lock_give(&in->lock);
  }
  finish_with(in, sync);
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
  if (run_for_caller(in, &ON_UNLOAD, sync, true, &err)) buf_add(state_json, buf_str(&sync->out));
  else log_error("on_unload failed, its state is lost: %s", err.text);
  finish_with(in, sync);
}

// ---- exec ---------------------------------------------------------------------------------------

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
    luaL_tolstring(L, 2, NULL);
    lua_error(L);
  }
  Buf *out = &task->sync->out;
  for (int i = 1; i <= count; i++) {
    Err err = { 0 };
    if (!value_to_json(L, i, out, &err))
      luaL_error(L, "result %d cannot be printed as JSON: %s", i, err.text);
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

bool interpreter_exec(Interpreter *in, Str code, const char *name, char **args, size_t arg_count, Buf *out,
                      Err *err) {
  if (name[0] == '@' && !set_script(in, name + 1)) return err_set(err, ERR_MEMORY, "no memory");
  atomic_store(&in->interrupted, false);
  in->ticking = true;
  Sync *sync = sync_new(name, code);
  bool ok = sync && copy_args(sync, args, arg_count);
  if (!ok) err_set(err, ERR_MEMORY, "no memory");
  ok = ok && run_for_caller(in, &EXEC, sync, false, err);
  if (ok) buf_add(out, buf_str(&sync->out));
  if (sync) finish_with(in, sync);
  return ok;
}
