// An interpreter's birth and death, and its memory.
#include "script/core.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "script/libs.h"
#include "script/routes.h"
#include "script/value.h"

#include <stdlib.h>

enum { SMALL_OBJECTS = 8 * 1024 * 1024, MAIN_STACK = 64 };

// The collector begins anew when memory has grown to this many percent of what was left. What is left is
// mostly the library, which it would go through twice as often at Lua's 200 for nothing.
enum { COLLECT_AT = 300 };

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
  if (!embedded_load(L, "wechat/init.lua"))
    return luaL_error(L, "wechat/init.lua is not in this binary");
  libs_open(L);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &host_key);
  lua_call(L, 1, 1);
  lua_setglobal(L, "wechat");
  if (in->options.strict) strict_open(L);
  return 0;
}

void interpreter_push_host(lua_State *L) { lua_rawgetp(L, LUA_REGISTRYINDEX, &host_key); }

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
  lua_gc(in->L, LUA_GCSETPAUSE, COLLECT_AT);
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
  BotShared *shared = in->options.shared;
  time_close(in);
  close_context(&in->context);
  sources_free(in->sources);
  free(in->folder);
  pthread_cond_destroy(&in->ended);
  guard_clear(&in->slice);
  heap_clear(&in->heap);
  inbox_release(in->inbox);
  routes_free(in->routes);
  free(in);
  if (shared) atomic_fetch_sub(&shared->interpreters, 1);
}

Interpreter *interpreter_new(const InterpreterOptions *options, Err *err) {
  Interpreter *in = aligned_alloc(CACHE_LINE, sizeof *in);
  if (!in) {
    err_set(err, ERR_MEMORY, "no memory for an interpreter");
    return NULL;
  }
  memset(in, 0, sizeof *in);
  in->options = *options;
  if (options->shared) atomic_fetch_add(&options->shared->interpreters, 1);
  atomic_init(&in->holders, 1);
  in->number = (uint64_t)clock_now_us();
  heap_init(&in->heap, SMALL_OBJECTS);
  lock_init(&in->lock);
  guard_init(&in->slice);
  condition_init(&in->ended);
  in->inbox = inbox_new();
  in->routes = routes_new();
  in->sources = sources_new();
  bool ready = open_context(in) && in->inbox && in->routes && in->sources;
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
