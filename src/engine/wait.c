// Waits: a task yields, an operation outside finishes, and the worker resumes the task.
#include "engine/internal.h"

#include "base/clock.h"
#include "engine/door.h"
#include "engine/method.h"

#include <stdlib.h>

static Wait *wait_new(Task *task, const char *what) {
  Wait *wait = calloc(1, sizeof *wait);
  if (!wait) return NULL;
  atomic_init(&wait->holders, 2);
  wait->inbox = task->engine->inbox;
  inbox_hold(wait->inbox);
  wait->engine = task->engine;
  wait->task = task;
  memccpy(wait->what, what, '\0', sizeof wait->what - 1);
  return wait;
}

void wait_release(Wait *wait) {
  if (!wait || atomic_fetch_sub_explicit(&wait->holders, 1, memory_order_acq_rel) != 1) return;
  if (wait->drop && wait->data) wait->drop(wait->data);
  inbox_release(wait->inbox);
  free(wait);
}

// ---- where Lua cannot yield ---------------------------------------------------------------------

static const char NAMELESS[] = "a C function";

// Replaces the function on top by its name in `package.loaded` ("string.gsub"), or else by its name in the call.
static void name_function(lua_State *L, lua_Debug *ar) {
  int function = lua_gettop(L);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  for (lua_pushnil(L); lua_istable(L, function + 1) && lua_next(L, function + 1);) {
    if (lua_istable(L, -1) && lua_type(L, -2) == LUA_TSTRING) {
      for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || !lua_rawequal(L, -1, function)) continue;
        const char *module = lua_tostring(L, -4);
        if (strcmp(module, LUA_GNAME) == 0) lua_pushfstring(L, "%s", lua_tostring(L, -2));
        else lua_pushfstring(L, "%s.%s", module, lua_tostring(L, -2));
        lua_replace(L, function);
        lua_settop(L, function);
        return;
      }
    }
    lua_pop(L, 1);
  }
  lua_settop(L, function);
  lua_getinfo(L, "n", ar);
  lua_pushstring(L, ar->name ? ar->name : NAMELESS);
  lua_replace(L, function);
}

// Limits the search: lua_getstack counts from the top for each level, and a script may have recursed 100,000 deep.
enum { LEVELS_SEARCHED = 1000 };

noreturn static void raise_inside(lua_State *L, const char *what, const char *name) {
  method_raise(
      L,
      "%s cannot wait inside %s: Lua cannot suspend a C function; call it before or after, or "
      "collect what is needed first",
      what, name);
}

// Raises an error with the innermost named C function, between the caller and the start of its coroutine, that Lua
// cannot yield across.
noreturn static void raise_obstacle(lua_State *L, lua_State *where, const char *what) {
  lua_Debug ar;
  bool nameless = false;
  for (int level = 1; level <= LEVELS_SEARCHED && lua_getstack(where, level, &ar); level++) {
    luaL_checkstack(where, 10, NULL);
    lua_getinfo(where, "Sf", &ar);
    if (strcmp(ar.what, "C") != 0 || method_is(where, -1) || door_is(where, -1)) {
      lua_pop(where, 1);
      continue;
    }
    name_function(where, &ar);
    if (where != L) lua_xmove(where, L, 1);
    const char *name = lua_tostring(L, -1);
    if (strcmp(name, "pcall") == 0 || strcmp(name, "xpcall") == 0 ||
        strncmp(name, "coroutine.", 10) == 0)
      continue;
    if (strcmp(name, NAMELESS) != 0) raise_inside(L, what, name);
    nameless = true;
  }
  if (nameless) raise_inside(L, what, NAMELESS);
  method_raise(L,
               "%s cannot wait here: Lua cannot suspend the function that is under way (a "
               "metamethod called from C, a "
               "finalizer or a __close)",
               what);
}

Wait *wait_begin(lua_State *L, const char *what) {
  Engine *engine = engine_of(L);
  if (!engine->task) method_raise(L, "%s can only be called while the script runs", what);
  if (!lua_isyieldable(L)) raise_obstacle(L, L, what);
  for (ResumeFrame *frame = engine->frame; frame; frame = frame->up) {
    if (!frame->yieldable) raise_obstacle(L, frame->L, what);
  }
  Wait *wait = wait_new(engine->task, what);
  if (!wait) raise_no_memory(L);
  return wait;
}

static int wait_k(lua_State *L, int status, lua_KContext context) {
  Wait *wait = (Wait *)context;
  Task *task = engine_of(L)->task;
  if (task->wait != wait) {    // the wait was cancelled and freed
    wait_release(task->wait);  // the one that park.c put in its place; or NULL
    task->wait = NULL;
    task->forced++;
    return guard_unwind_on(L);
  }
  WaitPush push = wait->push;
  void *data = wait->data;
  wait->data = NULL;
  task->wait = NULL;
  wait_release(wait);
  return push ? push(L, data) : 0;
}

int wait_suspend(lua_State *L, Wait *wait, void (*cancel)(void *ctx), void *cancel_ctx) {
  pthread_mutex_lock(&wait->inbox->mutex);
  wait->cancel = cancel;
  wait->cancel_ctx = cancel_ctx;
  pthread_mutex_unlock(&wait->inbox->mutex);
  engine_of(L)->suspending = wait;
  return lua_yieldk(L, 0, (lua_KContext)wait, wait_k);
}

Task *wait_task(const Wait *wait) { return wait->task; }

bool wait_finish(Wait *wait, WaitPush push, WaitDrop drop, void *data) {
  Inbox *inbox = wait->inbox;
  pthread_mutex_lock(&inbox->mutex);
  bool wanted = !wait->cancelled;
  wait->push = push;
  wait->drop = drop;
  wait->data = data;
  wait->finished = true;
  wait->cancel = NULL;
  bool ready = wanted && wait->parked;
  if (ready) inbox_add_locked(inbox, wait);
  pthread_mutex_unlock(&inbox->mutex);
  if (!ready) wait_release(wait);
  return wanted;
}

void wait_park_locked(Wait *wait) {
  wait->parked = true;
  if (!wait->finished) return;
  atomic_fetch_add_explicit(&wait->holders, 1, memory_order_relaxed);
  inbox_add_locked(wait->inbox, wait);
}

void wait_cancel(Wait *wait) {
  Inbox *inbox = wait->inbox;
  pthread_mutex_lock(&inbox->mutex);
  wait->task = NULL;
  wait->cancelled = true;
  if (wait->cancel) wait->cancel(wait->cancel_ctx);
  wait->cancel = NULL;
  pthread_mutex_unlock(&inbox->mutex);
  wait_release(wait);
}

void wait_abort(Wait *wait) {
  wait_release(wait);
  wait_release(wait);
}

void wait_leave(Wait *wait) {
  pthread_mutex_lock(&wait->inbox->mutex);
  wait->cancel = NULL;
  pthread_mutex_unlock(&wait->inbox->mutex);
  wait_release(wait);
}

Wait *wait_over(Task *task) {
  Wait *wait = wait_new(task, "start");
  if (!wait) return NULL;
  wait->begins = wait->finished = true;
  wait_release(wait);  // the operation's reference: there is no operation
  return wait;
}

// ---- sleep --------------------------------------------------------------------------------------

typedef struct {
  Timer timer;
  Wait *wait;
} Sleep;

static void wake(Engine *engine, void *ctx) {
  Sleep *sleep = ctx;
  wait_finish(sleep->wait, NULL, NULL, NULL);
  free(sleep);
}

// If the timer is not armed, it has fired, and wake() releases the wait and frees `sleep`.
static void cancel_sleep(void *ctx) {
  Sleep *sleep = ctx;
  if (!timer_remove_in_cancel(sleep->wait->engine, &sleep->timer)) return;
  wait_release(sleep->wait);
  free(sleep);
}

int wait_until(lua_State *L, const char *what, int64_t due_us) {
  Engine *engine = engine_of(L);
  Err err = { 0 };
  if (!engine_start_thread(engine, &err)) method_raise(L, "%s: %s", what, err.text);
  Wait *wait = wait_begin(L, what);
  Sleep *sleep = calloc(1, sizeof *sleep);
  if (sleep) *sleep = (Sleep){ .timer = { .fn = wake, .ctx = sleep }, .wait = wait };
  if (!sleep || !timer_add(engine, &sleep->timer, due_us)) {
    free(sleep);
    wait_abort(wait);
    raise_no_memory(L);
  }
  return wait_suspend(L, wait, cancel_sleep, sleep);
}
