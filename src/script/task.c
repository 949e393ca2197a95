// One run of something of the script in a coroutine of its own, from its first slice to its end.
#include "script/core.h"

#include "base/clock.h"
#include "base/log.h"
#include "script/args.h"

#include <stdlib.h>

enum {
  IDLE_MAX = 64,         // coroutines kept for the next message
  SUSPENDED_MAX = 10000  // a script that spawns without end leaves memory for messages
};

const char *task_state_name(TaskState state) {
  switch (state) {
    case TASK_RETURNED: return "returned";
    case TASK_WAITING: return "waiting";
    case TASK_FAILED: return "failed";
    case TASK_OVER_CPU: return "over its CPU time";
    case TASK_OVER_MEMORY: return "out of memory";
    case TASK_CANCELLED: return "cancelled";
    case TASK_LOST: return "lost";
  }
  return "unknown";
}

void task_keep(lua_State *L, int ref) {
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushboolean(L, false);
  }
  lua_rawseti(L, LUA_REGISTRYINDEX, ref);
}

// ---- what runs in the coroutine -----------------------------------------------------------------

void context_push_locals(lua_State *L) {
  Task *task = interpreter_of(L)->task;
  if (!task) luaL_error(L, "this can only be called while the script runs");
  if (task->locals_ref != LUA_NOREF) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, task->locals_ref);
    return;
  }
  lua_newtable(L);
  lua_pushvalue(L, -1);
  task->locals_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

void context_count_call(lua_State *L) {
  Task *task = interpreter_of(L)->task;
  if (task && task->api_calls) atomic_fetch_add_explicit(task->api_calls, 1, memory_order_relaxed);
}

// Pushes what is to be called at the task's end, once; false, with nothing pushed, when there is nothing.
static bool take_at_end(lua_State *L, Task *task) {
  if (task->locals_ref == LUA_NOREF) return false;
  lua_rawgeti(L, LUA_REGISTRYINDEX, task->locals_ref);
  bool found = lua_getfield(L, -1, "at_end") == LUA_TFUNCTION;
  lua_pushnil(L);
  lua_setfield(L, -3, "at_end");
  lua_remove(L, -2);
  if (!found) lua_pop(L, 1);
  return found;
}

static int task_finish_k(lua_State *L, int status, lua_KContext context) {
  Task *task = (Task *)context;
  if (task->body->finish) task->body->finish(L, task);
  return 0;
}

static int task_main_k(lua_State *L, int status, lua_KContext context) {
  if (take_at_end(L, (Task *)context)) lua_callk(L, 0, 0, context, task_finish_k);
  return task_finish_k(L, LUA_OK, context);
}

static int task_main(lua_State *L) {
  Task *task = interpreter_of(L)->task;
  int args = task->body->prepare ? task->body->prepare(L, task) : lua_gettop(L) - 1;
  if (args < 0) return 0;
  lua_callk(L, args, task->body->results, (lua_KContext)task, task_main_k);
  return task_main_k(L, LUA_OK, (lua_KContext)task);
}

int task_push_global(lua_State *L, const char *name) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_pushstring(L, name);
  int type = lua_rawget(L, -2);
  lua_remove(L, -2);
  return type;
}

static int prepare_at_end(lua_State *L, Task *task) { return take_at_end(L, task) ? 0 : -1; }

static const TaskBody AT_END = { prepare_at_end, NULL, 0, "the end of a job that failed" };
static const TaskBody SPAWNED = { NULL, NULL, 0, "a spawned function" };

// ---- the pool -----------------------------------------------------------------------------------

static int make_coroutine(lua_State *L) {
  Task *task = lua_touserdata(L, 1);
  if (task->message_ref == LUA_NOREF) {
    lua_pushboolean(L, false);
    task->message_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pushboolean(L, false);
    task->reply_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  }
  lua_State *co = lua_newthread(L);
  guard_watch(co);
  coroutine_reserve(L, co);
  if (task->co_ref == LUA_NOREF) task->co_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  else lua_rawseti(L, LUA_REGISTRYINDEX, task->co_ref);
  task->co = co;
  return 0;
}

static bool fill_coroutine(Task *task) {
  lua_State *L = task->in->L;
  lua_pushcfunction(L, make_coroutine);
  lua_pushlightuserdata(L, task);
  if (lua_pcall(L, 1, 0, 0) == LUA_OK) return true;
  lua_pop(L, 1);
  return false;
}

static void free_task(Task *task) {
  lua_State *L = task->in->L;
  luaL_unref(L, LUA_REGISTRYINDEX, task->co_ref);
  luaL_unref(L, LUA_REGISTRYINDEX, task->message_ref);
  luaL_unref(L, LUA_REGISTRYINDEX, task->reply_ref);
  luaL_unref(L, LUA_REGISTRYINDEX, task->locals_ref);
  free(task);
}

static Task *take_idle(Interpreter *in) {
  Task *task = in->idle;
  if (!task) return NULL;
  in->idle = task->next;
  in->idle_count--;
  return task;
}

static Task *make_task(Interpreter *in) {
  Task *task = calloc(1, sizeof *task);
  if (!task) return NULL;
  task->in = in;
  task->co_ref = task->message_ref = task->reply_ref = task->locals_ref = LUA_NOREF;
  return task;
}

Task *task_new(Interpreter *in, const TaskBody *body) {
  Task *task = take_idle(in);
  if (!task) task = make_task(in);
  if (!task) return NULL;
  if (!task->co && !fill_coroutine(task)) {
    free_task(task);
    return NULL;
  }
  task->body = body;
  task->state = TASK_RETURNED;
  task->is_event = task->counted = task->asked = task->holds = false;
  task->owner = task->arena = NULL;
  task->done = NULL;
  task->over = NULL;
  task->message = NULL;
  task->reply = (Reply){ .form = REPLY_NONE };
  task->rest = STR("");
  task->sync = NULL;
  task->api_calls = NULL;
  task->wait = NULL;
  task->deadline_us = INT64_MAX;
  lua_pushcfunction(task->co, task_main);
  return task;
}

void task_drop_coroutine(Task *task) {
  lua_State *L = task->in->L;
  lua_pushnil(L);
  task_keep(L, task->co_ref);
  task->co = NULL;
}

static void recycle(Task *task) {
  Interpreter *in = task->in;
  lua_State *L = in->L;
  arena_free(task->own_arena);
  task->own_arena = NULL;
  lua_pushnil(L);
  task_keep(L, task->message_ref);
  lua_pushnil(L);
  task_keep(L, task->reply_ref);
  luaL_unref(L, LUA_REGISTRYINDEX, task->locals_ref);
  task->locals_ref = LUA_NOREF;
  if (task->co) lua_settop(task->co, 0);
  buf_clear(&task->error_text);
  if (in->idle_count >= IDLE_MAX) {
    free_task(task);
    return;
  }
  task->next = in->idle;
  in->idle = task;
  in->idle_count++;
}

void task_free_idle(Interpreter *in) {
  for (Task *task; (task = take_idle(in));) free_task(task);
}

// ---- how it ends --------------------------------------------------------------------------------

static void tell_caller(Task *task) {
  Interpreter *in = task->in;
  if (!task->sync && !task->counted) return;
  pthread_mutex_lock(&in->inbox->mutex);
  if (task->counted) in->counted--;
  pthread_cond_broadcast(&in->ended);
  pthread_mutex_unlock(&in->inbox->mutex);
  if (task->sync) sync_done(task);
}

// What failed and has no reply of on_error's gets the configured one.
static void use_error_reply(Task *task) {
  Str text = task->in->options.error_reply;
  if (task->state == TASK_RETURNED || task->reply.form != REPLY_NONE || !task->arena ||
      text.len == 0)
    return;
  if (!reply_text(&task->reply, task->arena, text, &task->rest))
    task->reply = (Reply){ .form = REPLY_NONE };
}

void task_give_reply(Task *task) {
  bool late = task->own_arena && task->reply.form != REPLY_NONE;
  if (task->done) late = task->done(task->owner, task->state, &task->reply, task->rest);
  if (late || task->rest.len > 0) deliver(task, late);
}

TaskState task_end(Task *task) {
  Interpreter *in = task->in;
  TaskState state = task->state;
  void *owner = task->owner;
  void (*over)(void *owner) = task->over;
  use_error_reply(task);
  task_give_reply(task);
  bool held = deliver_ended(task) || task->holds;
  tell_caller(task);
  recycle(task);
  // From here the last holder may be gone: on the worker's thread the state is closed after this step, on
  // others the caller holds it.
  if (held) interpreter_release(in);
  if (over) over(owner);
  return state;
}

void task_end_untouched(Task *task) {
  use_error_reply(task);
  if (task->done) task->done(task->owner, task->state, &task->reply, task->rest);
  bool held = deliver_ended(task) || task->holds;
  arena_free(task->own_arena);
  tell_caller(task);
  if (held) interpreter_release(task->in);
  if (task->over) task->over(task->owner);
  free(task);
}

static TaskState state_of_failure(Interpreter *in, int status) {
  switch (in->slice.end) {
    case SLICE_OVER_CPU: return TASK_OVER_CPU;
    case SLICE_INTERRUPTED:
    case SLICE_GIVEN_UP: return TASK_CANCELLED;
    case SLICE_GOES_ON: break;
  }
  return status == LUA_ERRMEM ? TASK_OVER_MEMORY : TASK_FAILED;
}

static void report(Task *task, const Failure *failure) {
  if (!task->sync) {
    failure_log(failure, task->body->doing);
    return;
  }
  failure_to_err(failure, &task->sync->err);
  if (failure->trace.len > 0) log_debug("%.*s", STR_FMT(buf_str(&failure->trace)));
}

// Puts on_error in the failed coroutine's place. False when there is none, or no memory for it.
static bool begin_on_error(Task *task, const Failure *failure) {
  Interpreter *in = task->in;
  lua_State *L = in->L;
  if (task->body != &MESSAGE_BODY || in->slice.end == SLICE_GIVEN_UP || !in->has_on_error)
    return false;
  if (in->slice.end == SLICE_GOES_ON) lua_xmove(task->co, L, 1);
  else lua_pushnil(L);
  task_drop_coroutine(task);
  if (!fill_coroutine(task)) {
    lua_pop(L, 1);
    return false;
  }
  lua_pushcfunction(task->co, task_main);
  lua_xmove(L, task->co, 1);
  buf_add(&task->error_text, buf_str(&failure->text));
  task->body = &ON_ERROR_BODY;
  return true;
}

// What is to be done at a task's end is done for one that failed too, unless the script is being stopped.
static bool begin_at_end(Task *task) {
  Interpreter *in = task->in;
  if (task->locals_ref == LUA_NOREF || task->body == &AT_END || in->slice.end != SLICE_GOES_ON)
    return false;
  if (task->co) task_drop_coroutine(task);
  if (!fill_coroutine(task)) return false;
  lua_pushcfunction(task->co, task_main);
  task->body = &AT_END;
  return true;
}

// Closes what the failed coroutine left open (<close>), within the same slice. Its error value stays on top
// of its stack.
static void close_variables(Task *task) {
  Interpreter *in = task->in;
  lua_xmove(task->co, in->L, 1);
  in->task = task;
  lua_resetthread(task->co);
  in->task = NULL;
  lua_xmove(in->L, task->co, 1);
  if (in->slice.end == SLICE_GOES_ON) return;
  Failure failure;
  failure_init(&failure);
  guard_describe(in, task->co, &failure);
  failure_log(&failure, "a __close method");
  failure_clear(&failure);
}

static bool fail(Task *task, int status) {
  Interpreter *in = task->in;
  if (in->suspending) wait_cancel(in->suspending);
  in->suspending = NULL;
  wait_release(task->wait);  // one that is over, and whose call was not gone on with
  task->wait = NULL;
  TaskState state = state_of_failure(in, status);
  if (task->state == TASK_RETURNED) task->state = state;
  Failure failure;
  failure_init(&failure);
  guard_describe(in, task->co, &failure);
  report(task, &failure);
  if (in->slice.end == SLICE_GOES_ON) close_variables(task);
  bool again = begin_on_error(task, &failure) || begin_at_end(task);
  failure_clear(&failure);
  if (!again && task->co) task_drop_coroutine(task);
  if (state == TASK_OVER_MEMORY || state == TASK_OVER_CPU) lua_gc(in->L, LUA_GCCOLLECT);
  return again;
}

// ---- running ------------------------------------------------------------------------------------

TaskState task_run(Task *task) {
  Interpreter *in = task->in;
  if (lua_status(task->co) !=
      LUA_YIELD) {  // what it waited for was its start: there is no continuation to let go of it
    wait_release(task->wait);
    task->wait = NULL;
  }
  for (;;) {
    int args = lua_status(task->co) == LUA_YIELD ? 0 : lua_gettop(task->co) - 1;
    int results;
    in->task = task;
    in->frame = NULL;
    int status = lua_resume(task->co, NULL, args, &results);
    in->task = NULL;
    if (status == LUA_OK && in->slice.end == SLICE_GOES_ON) break;
    if (in->slice.end == SLICE_GOES_ON && lock_is_broken(&in->lock)) in->slice.end = SLICE_GIVEN_UP;
    if (status == LUA_YIELD && in->suspending && in->slice.end == SLICE_GOES_ON)
      return task_suspend(task);
    if (!fail(task, status)) break;
    guard_leave(in);
    guard_enter(in);
  }
  return task_end(task);
}

bool task_post(Task *task) {
  Wait *wait = wait_over(task);
  if (!wait) {
    task_drop_coroutine(task);
    recycle(task);
    return false;
  }
  if (task->counted) {
    pthread_mutex_lock(&task->in->inbox->mutex);
    task->in->counted++;
    pthread_mutex_unlock(&task->in->inbox->mutex);
  }
  task_park(task, wait);
  return true;
}

int64_t task_deadline(Interpreter *in) {
  int64_t timeout_ms = in->options.job_timeout_ms;
  return timeout_ms > 0 ? clock_now_us() + timeout_ms * 1000 : INT64_MAX;
}

int task_spawn(lua_State *L) {
  if (lua_type(L, 1) != LUA_TFUNCTION)
    return args_error(L, "wechat.spawn: fn is a %s (function expected)", luaL_typename(L, 1));
  Interpreter *in = interpreter_of(L);
  Err err = { 0 };
  if (!in->task) return args_error(L, "wechat.spawn can only be called while the script runs");
  if (!worker_start(in, &err)) return args_error(L, "wechat.spawn: %s", err.text);
  if (atomic_load_explicit(&in->suspended, memory_order_relaxed) >= SUSPENDED_MAX) {
    return args_error(L, "wechat.spawn: %d functions are under way already; wait for some of them",
                      SUSPENDED_MAX);
  }
  int count = lua_gettop(L);
  Task *task = task_new(in, &SPAWNED);
  if (!task || !lua_checkstack(task->co, count + 1)) return luaL_error(L, "not enough memory");
  context_push_message(L);
  task_keep(L, task->message_ref);
  lua_xmove(L, task->co, count);
  task->deadline_us = task_deadline(in);
  task->counted = true;
  if (!task_post(task)) return luaL_error(L, "not enough memory");
  return 0;
}
