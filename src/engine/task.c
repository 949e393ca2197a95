// A task: its coroutine, its slices, its failure and its end.
#include "engine/internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>

enum {
  IDLE_MAX = 64,        // tasks with their coroutines that are kept for reuse
  CLOSING_US = 5000000  // the time that a failed or ended task has to close its variables
};

bool task_rank_is_before(TaskRank rank, TaskRank other) {
  bool known = (rank.made_s || rank.arrived_us) && (other.made_s || other.arrived_us);
  if (rank.made_s != other.made_s) return known && rank.made_s < other.made_s;
  return known && rank.arrived_us < other.arrived_us;
}

const char *task_state_name(TaskState state) {
  switch (state) {
    case TASK_RETURNED: return "returned";
    case TASK_WAITING: return "waiting";
    case TASK_FAILED: return "failed";
    case TASK_OVER_CPU: return "over its CPU time";
    case TASK_OVER_MEMORY: return "out of memory";
    case TASK_CANCELLED: return "cancelled";
    case TASK_DIFFERS: return "different from its record";
    case TASK_LOST: return "lost";
  }
  return "unknown";
}

Engine *task_engine(const Task *task) { return task->engine; }
void *task_data(const Task *task) { return task->data; }
void task_set_data(Task *task, void *data) { task->data = data; }
const TaskBody *task_body(const Task *task) { return task->body; }
TaskState task_state(const Task *task) { return task->state; }
bool task_is_dropped(const Task *task) { return task->dropped; }

int task_leave(lua_State *L) {
  Task *task = task_running(L);
  record_end_call(task);
  task->dropped = true;
  engine_of(L)->slice.end = SLICE_DIFFERS;
  return guard_unwind(L);
}

lua_State *task_coroutine(const Task *task) { return task->co; }
Task *task_running(lua_State *L) { return engine_of(L)->task; }
void task_count(Task *task) { task->counted = true; }

void task_limit(Task *task) {
  int64_t timeout_ms = task->engine->options.task_timeout_ms;
  task->deadline_us = timeout_ms > 0 ? clock_now_us() + timeout_ms * 1000 : INT64_MAX;
}

void task_set_due(Task *task, int64_t due_us) { task->due_us = due_us; }
int64_t task_due(const Task *task) { return task->due_us; }

void task_set_rank(Task *task, TaskRank rank) { task->rank = rank; }
TaskRank task_rank(const Task *task) { return task->rank; }

void task_unlimit(Task *task) { task->deadline_us = INT64_MAX; }

void task_take_hold(Task *task) { task->holds = true; }

void task_hold_engine(Task *task) {
  engine_retain(task->engine);
  task->holds = true;
}

void task_drop_hold(Task *task) {
  if (task->holds) engine_release(task->engine);
  task->holds = false;
}

// ---- log subject --------------------------------------------------------------------------------

LogSubject task_subject(const Task *task) { return task->subject; }

// If the task is running, the rest of its slice logs with the new subject too.
static void set_subject(Task *task, LogSubject subject, char *copy) {
  char *before = task->subject_copy;
  Trail *trail = task->subject.trail;
  task->subject = subject;
  trail_hold(subject.trail);
  task->subject_copy = copy;
  if (task->engine->task == task) log_about(subject);
  trail_drop(trail);
  free(before);
}

void task_set_subject(Task *task, LogSubject subject) { set_subject(task, subject, NULL); }

void task_copy_subject(Task *task, LogSubject subject) {
  size_t len = subject.openid.len + subject.msgid.len;
  char *copy = len ? malloc(len) : NULL;
  if (!copy) return set_subject(task, (LogSubject){ 0 }, NULL);
  char *msgid = copy + subject.openid.len;
  if (subject.openid.len) memcpy(copy, subject.openid.ptr, subject.openid.len);
  if (subject.msgid.len) memcpy(msgid, subject.msgid.ptr, subject.msgid.len);
  set_subject(task,
              (LogSubject){ .openid = str_make(copy, subject.openid.len),
                            .msgid = str_make(msgid, subject.msgid.len),
                            .trail = subject.trail },
              copy);
}

static void drop_subject(Task *task) {
  if (task->subject_copy) log_about((LogSubject){ 0 });
  trail_drop(task->subject.trail);
  free(task->subject_copy);
  task->subject = (LogSubject){ 0 };
  task->subject_copy = NULL;
}

// ---- values -------------------------------------------------------------------------------------

// Pops a value into a registry slot from luaL_ref. nil is stored as false: luaL_ref could hand out a slot that contains
// nil a second time.
static void set_slot(lua_State *L, int ref) {
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushboolean(L, false);
  }
  lua_rawseti(L, LUA_REGISTRYINDEX, ref);
}

void task_set_value(lua_State *L, Task *task, int index) { set_slot(L, task->values[index]); }

void task_push_value(lua_State *L, const Task *task, int index) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, task->values[index]);
}

void task_push_locals(lua_State *L) {
  Task *task = task_running(L);
  if (!task) raise(L, "this can only be called while the script runs");
  if (task->locals_ref != LUA_NOREF) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, task->locals_ref);
    return;
  }
  lua_newtable(L);
  lua_pushvalue(L, -1);
  task->locals_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

int task_push_global(lua_State *L, const char *name) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_pushstring(L, name);
  int type = lua_rawget(L, -2);
  lua_remove(L, -2);
  return type;
}

// ---- failure --------------------------------------------------------------------------------------

// From now on the task only closes its variables, with a time limit of its own.
static void begin_closing(Task *task) {
  task->closing = true;
  task->closing_us = clock_now_us() + CLOSING_US;
}

static void drop_failure(Task *task) {
  if (task->failure) failure_clear(task->failure);
  free(task->failure);
  task->failure = NULL;
}

void task_tell_failed(const Task *task) {
  const EngineOptions *options = &task->engine->options;
  if (options->failed && !task->run) options->failed(options->user);
}

static void report(Task *task, const Failure *failure) {
  if (task->engine->slice.end == SLICE_DIFFERS) return;  // the body reports the difference
  if (!task->run) {
    failure_log(failure, task->now->doing);
    return;
  }
  failure_to_err(failure, run_err(task->run));
  buf_add(run_trace_out(task->run), buf_str(&failure->trace));
  if (failure->trace.len > 0) log_debug("%.*s", STR_FMT(buf_str(&failure->trace)));
}

// Reports a failure: the task's first, or a later one, of a __close method. Takes ownership of the buffers in
// `failure`.
static void take_failure(Task *task, Failure *failure, bool first) {
  Failure *kept = first ? malloc(sizeof *kept) : NULL;
  if (first) {
    report(task, failure);
    task_tell_failed(task);
  } else {
    failure_log(failure, "a __close method");
  }
  if (!kept) return failure_clear(failure);
  *kept = *failure;
  drop_failure(task);
  task->failure = kept;
}

bool task_force(lua_State *L) {
  Engine *engine = engine_of(L);
  Task *task = engine->task;
  bool first = task && !task->closing;
  if (!task || engine->slice.end == SLICE_GIVEN_UP || engine->slice.end == SLICE_DIFFERS ||
      (!first && clock_now_us() > task->closing_us))
    return false;
  Failure failure;
  failure_init(&failure);
  failure_describe(engine, NULL, &failure);
  take_failure(task, &failure, first);
  if (first) {
    if (task->state == TASK_RETURNED)
      task->state = engine->slice.end == SLICE_OVER_CPU ? TASK_OVER_CPU : TASK_CANCELLED;
    begin_closing(task);
  }
  task->forced++;
  guard_renew(engine);
  return true;
}

// The message handler of a task's function; the stack is still that of the error. The error value's __tostring may run
// here: if that is ended by force, `forced` must not change.
static int note_failure(lua_State *L) {
  Task *task = task_running(L);
  Failure failure;
  bool first = !task->closing;
  unsigned forced = task->forced;
  if (first) begin_closing(task);
  failure_init(&failure);
  failure_describe_here(L, &failure);
  take_failure(task, &failure, first);
  task->forced = forced;
  if (task->state == TASK_RETURNED) task->state = TASK_FAILED;
  if (first) guard_renew(task->engine);
  return 1;
}

// ---- inside the coroutine -----------------------------------------------------------------------

// Pushes the at_end function and removes it from the task's table. False, with nothing pushed, if there is none.
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
  if (task->records) door_end(L, task);
  if (task->now->finish) task->now->finish(L, task);
  return 0;
}

static int task_at_end_k(lua_State *L, int status, lua_KContext context) {
  if (take_at_end(L, (Task *)context)) lua_callk(L, 0, 0, context, task_finish_k);
  return task_finish_k(L, LUA_OK, context);
}

// Continues after the task's function. If it failed, its variables are closed by now, and its error is raised again for
// the resumer of the coroutine.
static int task_main_k(lua_State *L, int status, lua_KContext context) {
  Task *task = (Task *)context;
  lua_remove(L, 1);  // the handler
  if (task->forced > 0) return guard_unwind_on(L);
  if (status != LUA_OK && status != LUA_YIELD) return lua_error(L);
  if (status == LUA_YIELD && task->now->ends_later && task->now->ends_later(task)) {
    lua_pushcfunction(L, task->now->before_end);
    lua_callk(L, 0, 0, context, task_at_end_k);
  }
  return task_at_end_k(L, LUA_OK, context);
}

static int task_main(lua_State *L) {
  Task *task = task_running(L);
  int args = task->now->prepare ? task->now->prepare(L, task) : lua_gettop(L) - 1;
  if (args < 0) return 0;
  lua_pushcfunction(L, note_failure);
  lua_insert(L, 1);
  int status = lua_pcallk(L, args, task->now->results, 1, (lua_KContext)task, task_main_k);
  return task_main_k(L, status, (lua_KContext)task);
}

static int prepare_at_end(lua_State *L, Task *task) { return take_at_end(L, task) ? 0 : -1; }

static const TaskBody AT_END = { .prepare = prepare_at_end,
                                 .doing = "the end of a job that failed" };

// ---- creation and reuse -------------------------------------------------------------------------

static int make_coroutine(lua_State *L) {
  Task *task = lua_touserdata(L, 1);
  for (int i = 0; i < TASK_VALUES; i++) {
    if (task->values[i] != LUA_NOREF) continue;
    lua_pushboolean(L, false);
    task->values[i] = luaL_ref(L, LUA_REGISTRYINDEX);
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
  lua_State *L = task->engine->L;
  lua_pushcfunction(L, make_coroutine);
  lua_pushlightuserdata(L, task);
  if (lua_pcall(L, 1, 0, 0) == LUA_OK) return true;
  lua_pop(L, 1);
  return false;
}

static void free_task(Task *task) {
  lua_State *L = task->engine->L;
  luaL_unref(L, LUA_REGISTRYINDEX, task->co_ref);
  for (int i = 0; i < TASK_VALUES; i++) luaL_unref(L, LUA_REGISTRYINDEX, task->values[i]);
  luaL_unref(L, LUA_REGISTRYINDEX, task->locals_ref);
  drop_subject(task);
  free(task);
}

static Task *take_idle(Engine *engine) {
  Task *task = engine->idle;
  if (!task) return NULL;
  engine->idle = task->next;
  engine->idle_count--;
  return task;
}

static Task *make_task(Engine *engine) {
  Task *task = calloc(1, sizeof *task);
  if (!task) return NULL;
  task->engine = engine;
  task->co_ref = task->locals_ref = LUA_NOREF;
  for (int i = 0; i < TASK_VALUES; i++) task->values[i] = LUA_NOREF;
  return task;
}

Task *task_new(Engine *engine, const TaskBody *body, void *data) {
  Task *task = take_idle(engine);
  if (!task) task = make_task(engine);
  if (!task) return NULL;
  if (!task->co && !fill_coroutine(task)) {
    free_task(task);
    return NULL;
  }
  task->body = task->now = body;
  task->data = data;
  task->state = TASK_RETURNED;
  task->counted = task->holds = task->closing = false;
  task->forced = 0;
  task->run = NULL;
  task->wait = NULL;
  task->lives = task->dropped = false;
  task->deadline_us = task->due_us = INT64_MAX;
  task->rank = (TaskRank){ 0 };
  lua_pushcfunction(task->co, task_main);
  return task;
}

void task_drop_coroutine(Task *task) {
  lua_State *L = task->engine->L;
  lua_pushnil(L);
  set_slot(L, task->co_ref);
  task->co = NULL;
}

static void recycle(Task *task) {
  Engine *engine = task->engine;
  lua_State *L = engine->L;
  if (task->records) record_leave(task);
  for (int i = 0; i < TASK_VALUES; i++) {
    lua_pushnil(L);
    set_slot(L, task->values[i]);
  }
  luaL_unref(L, LUA_REGISTRYINDEX, task->locals_ref);
  task->locals_ref = LUA_NOREF;
  drop_subject(task);
  if (task->failure) drop_failure(task);
  if (task->co) lua_settop(task->co, 0);
  if (engine->idle_count >= IDLE_MAX) {
    free_task(task);
    return;
  }
  task->next = engine->idle;
  engine->idle = task;
  engine->idle_count++;
}

void task_free_idle(Engine *engine) {
  for (Task *task; (task = take_idle(engine));) free_task(task);
}

// ---- ties ---------------------------------------------------------------------------------------

void task_tie(Task *task, TaskTie *tie) {
  tie->next = task->ties;
  tie->to = &task->ties;
  if (tie->next) tie->next->to = &tie->next;
  task->ties = tie;
}

void task_untie(TaskTie *tie) {
  if (!tie->to) return;
  *tie->to = tie->next;
  if (tie->next) tie->next->to = tie->to;
  tie->to = NULL;
}

static void end_ties(Task *task) {
  for (TaskTie *tie; (tie = task->ties);) {
    task_untie(tie);
    tie->end(tie);
  }
}

// ---- end ----------------------------------------------------------------------------------------

static void tell_caller(Task *task) {
  Engine *engine = task->engine;
  if (!task->run && !task->counted) return;
  pthread_mutex_lock(&engine->inbox->mutex);
  if (task->counted) engine->counted--;
  pthread_cond_broadcast(&engine->ended);
  pthread_mutex_unlock(&engine->inbox->mutex);
  if (task->run) run_ended(task);
}

TaskState task_end(Task *task) {
  Engine *engine = task->engine;
  TaskState state = task->state;
  const TaskBody *body = task->body;
  void *data;
  end_ties(task);
  if (body->ended) body->ended(task);
  data = task->data;
  bool held = task->holds;
  tell_caller(task);
  recycle(task);
  // This may drop the engine's last reference: on the worker's thread the state is closed after the current step; on
  // any other thread the caller has a reference.
  if (held) engine_release(engine);
  if (body->over) body->over(data);
  return state;
}

void task_end_untouched(Task *task) {
  const TaskBody *body = task->body;
  end_ties(task);
  if (body->ended) body->ended(task);
  if (task->records) record_leave(task);
  tell_caller(task);
  if (task->holds) engine_release(task->engine);
  if (body->over) body->over(task->data);
  drop_subject(task);
  drop_failure(task);
  free(task);
}

static TaskState state_of_failure(Engine *engine, int status) {
  switch (engine->slice.end) {
    case SLICE_OVER_CPU: return TASK_OVER_CPU;
    case SLICE_INTERRUPTED:
    case SLICE_GIVEN_UP: return TASK_CANCELLED;
    case SLICE_DIFFERS: return TASK_DIFFERS;
    case SLICE_GOES_ON: break;
  }
  return status == LUA_ERRMEM ? TASK_OVER_MEMORY : TASK_FAILED;
}

// Continues the task with `body` in a new coroutine, to which the value on top of L's stack is moved. False, with the
// value popped, without memory.
static bool begin_anew(Task *task, const TaskBody *body) {
  lua_State *L = task->engine->L;
  if (task->co) task_drop_coroutine(task);
  if (!fill_coroutine(task)) {
    lua_pop(L, 1);
    return false;
  }
  lua_pushcfunction(task->co, task_main);
  lua_xmove(L, task->co, 1);
  task->now = body;
  task->closing = false;
  task->forced = 0;
  return true;
}

// Continues a failed task with the body that TaskBody.failed returns. False if there is none, or no memory.
static bool begin_in_its_place(Task *task) {
  Engine *engine = task->engine;
  lua_State *L = engine->L;
  if (task->now != task->body || !task->body->failed || task->state == TASK_CANCELLED ||
      engine->slice.end == SLICE_GIVEN_UP || engine->slice.end == SLICE_DIFFERS)
    return false;
  Str text = task->failure ? buf_str(&task->failure->text) : STR("");
  const TaskBody *next = task->body->failed(task, text);
  if (!next) return false;
  if (engine->slice.end == SLICE_GOES_ON && !task->forced) lua_xmove(task->co, L, 1);
  else lua_pushnil(L);
  return begin_anew(task, next);
}

// Continues a failed task with its at_end function, unless the script is being stopped. False if there is none.
static bool begin_at_end(Task *task) {
  Engine *engine = task->engine;
  if (task->locals_ref == LUA_NOREF || task->now == &AT_END || task->forced ||
      engine->slice.end != SLICE_GOES_ON)
    return false;
  lua_pushnil(engine->L);
  return begin_anew(task, &AT_END);
}

// Continues a failed task whose variables are closed. False if nothing is left to run.
static bool begin_next(Task *task) {
  bool again = begin_in_its_place(task) || begin_at_end(task);
  if (!again && task->co) task_drop_coroutine(task);
  return again;
}

// Reports a failure that note_failure did not see: outside the script's function, or a final stop. Closes the variables
// that are still open.
static void tell_failure(Task *task, int status) {
  Engine *engine = task->engine;
  bool first = !task->closing;
  if (task->state == TASK_RETURNED) task->state = state_of_failure(engine, status);
  if (!first && engine->slice.end == SLICE_GOES_ON) return;
  Failure failure;
  failure_init(&failure);
  failure_describe(engine, task->co, &failure);
  take_failure(task, &failure, first);
  if (engine->slice.end != SLICE_GOES_ON) return;
  begin_closing(task);
  engine->task = task;
  close_coroutine(engine, task->co);
  engine->task = NULL;
}

static bool fail(Task *task, int status) {
  Engine *engine = task->engine;
  if (engine->suspending) wait_cancel(engine->suspending);
  engine->suspending = NULL;
  wait_release(task->wait);  // of a finished wait whose continuation did not run
  task->wait = NULL;
  tell_failure(task, status);
  TaskState state = task->state;
  bool again = begin_next(task);
  if (state == TASK_OVER_MEMORY || state == TASK_OVER_CPU) lua_gc(engine->L, LUA_GCCOLLECT);
  return again;
}

// ---- running ------------------------------------------------------------------------------------

static TaskState run_slice(Task *task) {
  Engine *engine = task->engine;
  // In the first slice, no continuation releases the wait of task_post, so release it here.
  if (lua_status(task->co) != LUA_YIELD) {
    wait_release(task->wait);
    task->wait = NULL;
  }
  for (;;) {
    int args = lua_status(task->co) == LUA_YIELD ? 0 : lua_gettop(task->co) - 1;
    int results;
    engine->task = task;
    engine->frame = NULL;
    int status = lua_resume(task->co, NULL, args, &results);
    engine->task = NULL;
    if (status == LUA_OK && engine->slice.end == SLICE_GOES_ON) break;
    if (engine->slice.end == SLICE_GOES_ON && lock_is_broken(&engine->lock))
      engine->slice.end = SLICE_GIVEN_UP;
    if (status == LUA_YIELD && engine->suspending && engine->slice.end == SLICE_GOES_ON)
      return task_suspend(task);
    if (!fail(task, status)) break;
    guard_leave(engine);
    guard_enter(engine);
  }
  return task_end(task);
}

TaskState task_run(Task *task) {
  LogSubject before = log_about(task->subject);
  TaskState state = run_slice(task);
  log_about(before);
  return state;
}

void task_begin_to_close(Task *task) {
  task->state = TASK_CANCELLED;
  begin_closing(task);
}

void task_run_to_close(Task *task) {
  task_begin_to_close(task);
  task_run(task);
}

// Closes the remaining variables in this slice; they cannot wait any more.
void task_stop_closing(Task *task) {
  Engine *engine = task->engine;
  Wait *wait = task->wait;
  log_error("a __close method of %s was ended after %d s while it waited in %s", task->now->doing,
            CLOSING_US / 1000000, wait->what);
  task->wait = NULL;
  wait_cancel(wait);
  if (task->state == TASK_RETURNED) task->state = TASK_FAILED;
  task->forced++;
  engine->task = task;
  close_coroutine(engine, task->co);
  engine->task = NULL;
  if (begin_next(task)) task_run(task);
  else task_end(task);
}

TaskState task_start(Task *task) { return task_run(task); }

bool task_post(Task *task) {
  Wait *wait = wait_over(task);
  if (!wait) {
    task_drop_coroutine(task);
    recycle(task);
    return false;
  }
  if (task->counted) {
    pthread_mutex_lock(&task->engine->inbox->mutex);
    task->engine->counted++;
    pthread_mutex_unlock(&task->engine->inbox->mutex);
  }
  task_park(task, wait);
  return true;
}
