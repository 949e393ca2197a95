// The memory of an engine's state, and which thread uses the state.
#include "engine/engine_inner.h"

#include "engine/guard.h"
#include "engine/inbox.h"
#include "engine/lock.h"
#include "engine/place.h"
#include "engine/task_inner.h"

#include "base/clock.h"
#include "base/scheduling.h"

#include <limits.h>

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

lua_State *engine_new_state(Engine *engine) {
  lua_State *L = lua_newstate(allocate, engine);
  if (L) lua_gc(L, LUA_GCSETPAUSE, COLLECT_AT);
  return L;
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

// ---- what has become of it ----------------------------------------------------------------------

Engine *engine_retain(Engine *engine) {
  atomic_fetch_add_explicit(&engine->holders, 1, memory_order_relaxed);
  return engine;
}

bool engine_is_retired(const Engine *engine) { return atomic_load(&((Engine *)engine)->retired); }

bool engine_is_given_up(const Engine *engine) { return atomic_load(&((Engine *)engine)->given_up); }

void engine_wake(Engine *engine) {
  pthread_mutex_lock(&engine->inbox->mutex);
  pthread_cond_broadcast(&engine->inbox->changed);
  pthread_mutex_unlock(&engine->inbox->mutex);
}

void engine_interrupt(Engine *engine) {
  atomic_store(&engine->interrupted, true);
  engine_wake(engine);
}

void engine_interrupt_run(Engine *engine) {
  atomic_store(&engine->interrupted_us, clock_real_us());
  atomic_store(&engine->interrupted_run, atomic_load(&engine->runs));
  atomic_store(&engine->run_ends, true);
  engine_wake(engine);
}
