// An engine's creation and end, its memory, and which thread uses its state.
#include "engine/internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/scheduling.h"
#include "engine/value.h"

#include <limits.h>
#include <stdlib.h>

enum { SMALL_OBJECTS = 8 * 1024 * 1024, MAIN_STACK = 64 };

// The next collection begins when memory has grown to this percentage of what the previous one left. What is left is
// mostly the library; with Lua's default, 200, the collector would traverse it twice as often for nothing.
enum { COLLECT_AT = 300 };
// Near the limit, a collection begins at this percentage of the limit, but not before memory has grown by a tenth.
enum { BEGIN_AT = 80, LEAST_PAUSE = 110 };

enum { SOON_US = 10000 };

// ---- memory -------------------------------------------------------------------------------------

// Keeps the place where memory was refused: reading a stack needs no memory.
static void *note_refusal(Engine *engine) {
  lua_State *L = engine->frame ? engine->frame->co : engine->task ? engine->task->co : NULL;
  if (L) place_innermost(L, engine->refused, sizeof engine->refused);
  atomic_fetch_add_explicit(&engine->refusals, 1, memory_order_relaxed);
  return NULL;
}

// Lua's allocator: counts the memory and refuses to exceed the limit. Lua then runs a collection and, if that does not
// help, raises a memory error.
static void *allocate(void *ctx, void *block, size_t old_size, size_t new_size) {
  Engine *engine = ctx;
  if (!block) old_size = 0;
  size_t used = atomic_load_explicit(&engine->memory, memory_order_relaxed) - old_size;
  if (new_size == 0) {
    if (block) heap_free(&engine->heap, block, old_size);
  } else {
    size_t max = engine->options.memory_max;
    bool fits = !max || new_size <= old_size || used + new_size <= max;
    block = fits ? heap_resize(&engine->heap, block, old_size, new_size) : NULL;
    if (!block) return note_refusal(engine);
  }
  atomic_store_explicit(&engine->memory, used + new_size, memory_order_relaxed);
  return new_size ? block : NULL;
}

size_t engine_memory(const Engine *engine) {
  return atomic_load_explicit(&((Engine *)engine)->memory, memory_order_relaxed);
}

uint64_t engine_refusals(const Engine *engine) {
  return atomic_load_explicit(&((Engine *)engine)->refusals, memory_order_relaxed);
}

uint64_t engine_slices(const Engine *engine) {
  return atomic_load_explicit(&((Engine *)engine)->slice.number, memory_order_relaxed);
}

// Returns Lua's pause, so that the next cycle begins before the limit: Lua does not always try a collection before it
// fails, for example while a string is being built.
static int pause_for(const Engine *engine) {
  size_t left = engine_memory(engine), max = engine->options.memory_max;
  size_t room = max ? max / 100 * BEGIN_AT / (left / 100 + 1) : COLLECT_AT;
  return room > COLLECT_AT ? COLLECT_AT : room < LEAST_PAUSE ? LEAST_PAUSE : (int)room;
}

static int collect(lua_State *L) {
  lua_gc(L, LUA_GCCOLLECT);
  lua_gc(L, LUA_GCSETPAUSE, pause_for(engine_of(L)));
  return 0;
}

bool engine_collect(Engine *engine, int64_t deadline_us) {
  if (!engine_enter(engine, deadline_us)) return false;
  lua_State *L = engine->L;
  lua_pushcfunction(L, collect);
  if (lua_pcall(L, 0, 0, 0) != LUA_OK) lua_pop(L, 1);
  engine_leave(engine);
  return true;
}

size_t engine_tasks(const Engine *engine) {
  return atomic_load_explicit(&((Engine *)engine)->suspended, memory_order_relaxed);
}

// ---- slices -------------------------------------------------------------------------------------

// Whether the turns and threads ahead are likely to finish soon, by the average length of recent slices.
static bool is_free_soon(Engine *engine, int64_t now_us) {
  size_t ahead = atomic_load_explicit(&engine->inbox->turns.count, memory_order_relaxed) +
                 (size_t)lock_asleep(&engine->lock);
  int64_t mean_us = atomic_load_explicit(&engine->slice.mean_us, memory_order_relaxed);
  int64_t began_us = atomic_load_explicit(&engine->slice.began_us, memory_order_relaxed);
  return (int64_t)ahead * mean_us < SOON_US && (began_us == 0 || now_us - began_us < SOON_US);
}

static bool take_soon(Engine *engine) {
  bool queue = atomic_load_explicit(&engine->inbox->turns.count, memory_order_relaxed) > 0;
  if (!queue && lock_try(&engine->lock)) return true;
  int64_t now_us = clock_now_us();
  return is_free_soon(engine, clock_real_us()) && lock_take(&engine->lock, now_us + SOON_US);
}

// The engine that is reserved for this thread (engine_hold) and not entered.
static _Thread_local Engine *held;

bool engine_hold(Engine *engine) {
  bool taken = lock_take(&engine->lock, INT64_MAX);
  if (taken) held = engine;
  return taken;
}

void engine_let_go(Engine *engine) {
  if (held != engine) return;
  held = NULL;
  lock_give(&engine->lock);
}

static bool take(Engine *engine, int64_t deadline_us) {
  if (held == engine) {
    held = NULL;
    return true;
  }
  return deadline_us == ENGINE_SOON ? take_soon(engine) : lock_take(&engine->lock, deadline_us);
}

bool engine_enter(Engine *engine, int64_t deadline_us) {
  if (!take(engine, deadline_us)) return false;
  guard_enter(engine);
  return true;
}

// Restores the scheduling of a thread whose call was given up and has now returned. Called after the slice has ended,
// so that an engine_give_up either came before, or sees no slice and leaves the thread alone.
static void come_back(Engine *engine) {
  if (atomic_load_explicit(&engine->given_up, memory_order_relaxed)) scheduling_restore();
}

void engine_leave(Engine *engine) {
  guard_leave(engine);
  lock_give(&engine->lock);
  come_back(engine);
}

void engine_leave_to_others(Engine *engine) {
  guard_leave(engine);
  lock_give_way(&engine->lock);
  come_back(engine);
}

int engine_queue(Engine *engine) {
  int threads = lock_queue(&engine->lock);
  size_t turns = atomic_load_explicit(&engine->inbox->turns.count, memory_order_relaxed);
  return threads == INT_MAX ? threads : threads + (int)turns;
}

lua_State *engine_main(Engine *engine) { return engine->L; }

// ---- creation and end ---------------------------------------------------------------------------

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
  coroutine_open(L);
  value_open(L);
  return engine->options.open ? engine->options.open(L) : 0;
}

static bool open_state(Engine *engine, Err *err) {
  engine->L = lua_newstate(allocate, engine);
  if (!engine->L)
    return err_set(err, ERR_MEMORY, "no memory for an interpreter (script_memory_mb)");
  *(EngineLink **)lua_getextraspace(engine->L) = &engine->link;
  lua_atpanic(engine->L, panic);
  lua_setwarnf(engine->L, take_warning, engine);
  lua_gc(engine->L, LUA_GCSETPAUSE, COLLECT_AT);
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
    task_cancel_all(engine, NULL);
    inbox_drop_turns(engine->inbox);
  }
  if (!engine->L) return;
  guard_enter(engine);
  task_free_idle(engine);
  lua_close(engine->L);
  guard_leave(engine);
}

static void free_parts(Engine *engine) {
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

Engine *engine_retain(Engine *engine) {
  atomic_fetch_add_explicit(&engine->holders, 1, memory_order_relaxed);
  return engine;
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

bool engine_is_retired(const Engine *engine) { return atomic_load(&((Engine *)engine)->retired); }

bool engine_is_given_up(const Engine *engine) { return atomic_load(&((Engine *)engine)->given_up); }

// This thread ends the suspended tasks: the stuck thread holds the lock but does not touch them, and when its call
// returns it finds the lock broken.
void engine_give_up(Engine *engine) {
  if (atomic_exchange(&engine->given_up, true)) return;
  int thread = slice_thread(&engine->slice);
  if (thread) scheduling_idle(thread);
  lock_break(&engine->lock);
  engine_retire(engine);
  task_cancel_all(engine, "ended with its interpreter, which was given up,");
  inbox_drop_turns(engine->inbox);
  pthread_mutex_lock(&engine->inbox->mutex);
  pthread_cond_broadcast(&engine->inbox->changed);
  pthread_cond_broadcast(&engine->ended);
  pthread_mutex_unlock(&engine->inbox->mutex);
}

void engine_end_tasks(Engine *engine) {
  if (!engine_enter(engine, clock_now_us() + 1000 * 1000)) return;
  task_cancel_all(engine, NULL);
  engine_leave(engine);
}

void engine_wake(Engine *engine) {
  pthread_mutex_lock(&engine->inbox->mutex);
  pthread_cond_broadcast(&engine->inbox->changed);
  pthread_mutex_unlock(&engine->inbox->mutex);
}

void engine_interrupt(Engine *engine) {
  atomic_store(&engine->interrupted, true);
  engine_wake(engine);
}
