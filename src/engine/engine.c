// An engine's creation and end.
#include "engine/engine_inner.h"

#include "engine/guard.h"
#include "engine/inbox.h"
#include "engine/libs.h"
#include "engine/lock.h"
#include "engine/task_inner.h"
#include "engine/wait_inner.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/scheduling.h"
#include "engine/value.h"

#include <stdlib.h>

enum { SMALL_OBJECTS = 8 * 1024 * 1024, MAIN_STACK = 64 };

static int panic(lua_State *L) {
  log_error("Lua raised outside of protection: %s",
            lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "?");
  return 0;
}

// Lua's warning function, which gets a warning in pieces. Lua's own warning, "error in __gc (bot.lua:6: ...)", is
// logged as an error; its pieces are "error in ", "__gc", and so on.
static void take_warning(void *ctx, const char *message, int to_continue) {
  Engine *engine = ctx;
  Buf *warning = &engine->warning;
  buf_add(warning, str_of(message));
  if (to_continue) return;
  Str text = buf_str(warning), error = STR("error in "), rest = str_sub(text, error.len, text.len);
  ptrdiff_t open = str_find(rest, STR(" ("));
  if (str_starts(text, error) && open >= 0 && str_ends(rest, STR(")")))
    log_error("%.*s failed: %.*s", (int)open, rest.ptr,
              STR_FMT(str_sub(rest, (size_t)open + 2, rest.len - (size_t)open - 3)));
  else if (text.len > 0 && !str_starts(text, STR("@"))) log_warn("%.*s", STR_FMT(text));
  buf_reset(warning);
}

static int open_all(lua_State *L) {
  Engine *engine = engine_of(L);
  stdlib_open(L, engine->options.allow_shell);
  streams_open(L);
  coroutine_open(L);
  value_open(L);
  return engine->options.open ? engine->options.open(L) : 0;
}

static bool open_state(Engine *engine, Err *err) {
  engine->L = engine_new_state(engine);
  if (!engine->L)
    return err_set(err, ERR_MEMORY, "no memory for an interpreter (script_memory_mb)");
  *(EngineLink **)lua_getextraspace(engine->L) = &engine->link;
  lua_atpanic(engine->L, panic);
  lua_setwarnf(engine->L, take_warning, engine);
  if (!lua_checkstack(engine->L, MAIN_STACK))
    return err_set(err, ERR_MEMORY, "no memory for an interpreter (script_memory_mb)");
  lua_pushcfunction(engine->L, open_all);
  if (lua_pcall(engine->L, 0, 0, 0) == LUA_OK) {
    guard_watch(engine->L);  // the main coroutine runs the __tostring of error values
    return true;
  }
  err_set(err, ERR_FAILED, "the libraries of %s do not load: %s", engine->link.library,
          lua_type(engine->L, -1) == LUA_TSTRING ? lua_tostring(engine->L, -1)
                                                 : "an error without text");
  return false;
}

// Runs the script's finalizers, so it may take long or never return.
void engine_close_state(Engine *engine) {
  if (engine->inbox) {
    task_cancel_all(engine);
    inbox_drop_turns(engine->inbox);
  }
  if (!engine->L) return;
  guard_enter(engine);
  task_free_idle(engine);
  lua_close(engine->L);
  guard_leave(engine);
}

static void free_parts(Engine *engine) {
  streams_close(engine);
  pthread_cond_destroy(&engine->ended);
  guard_clear(&engine->slice);
  buf_clear(&engine->warning);
  heap_clear(&engine->heap);
  inbox_release(engine->inbox);
  free(engine);
}

void engine_free(Engine *engine) {
  void (*closed)(void *user) = engine->options.closed;
  void *user = engine->options.user;
  if (engine->options.closing) engine->options.closing(user);
  free_parts(engine);
  if (closed) closed(user);
}

static Engine *make(const EngineOptions *options) {
  Engine *engine = aligned_alloc(CACHE_LINE, sizeof *engine);
  if (!engine) return NULL;
  memset(engine, 0, sizeof *engine);
  engine->options = *options;
  engine->force = task_force;
  engine->link = (EngineLink){ .engine = engine,
                               .user = options->user,
                               .library = options->library,
                               .own_chunks = options->own_chunks };
  atomic_init(&engine->holders, 1);
  heap_init(&engine->heap, SMALL_OBJECTS);
  lock_init(&engine->lock);
  guard_init(&engine->slice);
  buf_init(&engine->warning);
  condition_init(&engine->ended);
  engine->inbox = inbox_new(wait_go_on);
  return engine;
}

Engine *engine_new(const EngineOptions *options, Err *err) {
  Engine *engine = make(options);
  if (!engine || !engine->inbox) err_set(err, ERR_MEMORY, "no memory for an interpreter");
  else if (open_state(engine, err)) return engine;
  if (engine) engine_close_state(engine);
  if (engine) free_parts(engine);
  return NULL;
}

void engine_release(Engine *engine) {
  if (!engine || atomic_fetch_sub_explicit(&engine->holders, 1, memory_order_acq_rel) != 1) return;
  if (worker_stop(engine)) engine_free(engine);
}

void engine_retire(Engine *engine) {
  atomic_store(&engine->retired, true);
  pthread_mutex_lock(&engine->inbox->mutex);
  timers_end_service(engine->inbox);
  pthread_mutex_unlock(&engine->inbox->mutex);
}

// This thread ends the suspended tasks: the stuck thread holds the lock but does not touch them, and when its call
// returns it finds the lock broken.
void engine_give_up(Engine *engine) {
  if (atomic_exchange(&engine->given_up, true)) return;
  int thread = slice_thread(&engine->slice);
  if (thread) scheduling_idle(thread);
  lock_break(&engine->lock);
  engine_retire(engine);
  task_cancel_all(engine);
  inbox_drop_turns(engine->inbox);
  pthread_mutex_lock(&engine->inbox->mutex);
  pthread_cond_broadcast(&engine->inbox->changed);
  pthread_cond_broadcast(&engine->ended);
  pthread_mutex_unlock(&engine->inbox->mutex);
}

TaskLosses engine_losses(const Engine *engine) {
  Engine *of = (Engine *)engine;
  return (TaskLosses){ atomic_load(&of->ended_lost), atomic_load(&of->go_on_lost) };
}

void engine_end_tasks(Engine *engine) {
  if (!engine_enter(engine, clock_now_us() + 1000 * 1000)) return;
  task_cancel_all(engine);
  engine_leave(engine);
}
