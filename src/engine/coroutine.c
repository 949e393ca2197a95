// Replaces the library `coroutine`: a wait inside a coroutine created by the script suspends the whole task, and the
// results go to that coroutine. Otherwise the functions behave like Lua's own.
#include "engine/libs.h"

#include "engine/engine_inner.h"
#include "engine/failure.h"
#include "engine/guard.h"
#include "engine/lua_helpers.h"
#include "engine/task_inner.h"

#include <lualib.h>

// Registry key of the set of coroutines that only the engine may resume: those of tasks, and those suspended in a wait.
static const char RESERVED = 'r';

static lua_State *check_coroutine(lua_State *L, int index) {
  lua_State *co = lua_tothread(L, index);
  luaL_argexpected(L, co, index, "coroutine");
  return co;
}

static bool is_reserved(lua_State *L, lua_State *co) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &RESERVED);
  lua_pushthread(co);
  if (co != L) lua_xmove(co, L, 1);
  bool reserved = lua_rawget(L, -2) != LUA_TNIL;
  lua_pop(L, 2);
  return reserved;
}

static void set_reserved(lua_State *L, lua_State *co, bool reserved) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &RESERVED);
  lua_pushthread(co);
  if (co != L) lua_xmove(co, L, 1);
  if (reserved) lua_pushboolean(L, true);
  else lua_pushnil(L);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

// A suspended call keeps the low bits of guard_forced in the low bits of its coroutine's address, which are zero.
enum { FORCED_KEPT = 7 };

static lua_KContext context_of(lua_State *co, unsigned forced) {
  return (lua_KContext)co | (lua_KContext)(forced & FORCED_KEPT);
}

static bool is_past(lua_State *L, unsigned forced) {
  return ((guard_forced(L) ^ forced) & FORCED_KEPT) != 0;
}

void coroutine_reserve(lua_State *L, lua_State *co) { set_reserved(L, co, true); }

typedef enum {
  RESUME_FAILED = -1,
  RESUME_SUSPENDED = -2,
  RESUME_ENDED = -3,
  RESUME_FORCED = -4
} ResumeOutcome;

// Resumes `co` with `count` values from L's stack. `forced` is the value of guard_forced when the call began. Returns
// the number of results on L's stack; or RESUME_FAILED with an error value there, RESUME_SUSPENDED if the whole task
// must wait, RESUME_ENDED if the slice is over, RESUME_FORCED if the caller must end.
static int resume(lua_State *L, lua_State *co, int count, unsigned forced) {
  Engine *engine = engine_of(L);
  if (!lua_checkstack(co, count)) {
    lua_pushliteral(L, "too many arguments to resume");
    return RESUME_FAILED;
  }
  lua_xmove(L, co, count);
  int results;
  ResumeFrame frame = { engine->frame, L, co, lua_isyieldable(L) };
  engine->frame = &frame;
  int status = lua_resume(co, L, count, &results);
  engine->frame = frame.up;
  if (engine->slice.end != SLICE_GOES_ON) return RESUME_ENDED;
  if (status == LUA_YIELD && engine->suspending) return RESUME_SUSPENDED;
  if (is_past(L, forced)) {
    close_coroutine(engine, co);
    lua_settop(co, 0);
    return engine->slice.end == SLICE_GOES_ON ? RESUME_FORCED : RESUME_ENDED;
  }
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_xmove(co, L, 1);
    return RESUME_FAILED;
  }
  if (!lua_checkstack(L, results + 1)) {
    lua_pop(co, results);
    lua_pushliteral(L, "too many results to resume");
    return RESUME_FAILED;
  }
  lua_xmove(co, L, results);
  return results;
}

// Returns 0, or RESUME_FAILED with a message if the script may not resume `co`, for example while `co` waits for an
// operation outside.
static int check_resumable(lua_State *L, lua_State *co) {
  if (!is_reserved(L, co)) return 0;
  if (lua_status(co) == LUA_YIELD)
    lua_pushfstring(L, "cannot resume a coroutine that waits for %s", engine_link(L)->library);
  else lua_pushliteral(L, "cannot resume non-suspended coroutine");
  return RESUME_FAILED;
}

static int resume_k(lua_State *L, int status, lua_KContext context);

static int answer_resume(lua_State *L, lua_State *co, int count, unsigned forced) {
  if (count == RESUME_ENDED) return guard_unwind(L);
  if (count == RESUME_FORCED) return guard_unwind_on(L);
  if (count == RESUME_SUSPENDED) {
    set_reserved(L, co, true);
    return lua_yieldk(L, 0, context_of(co, forced), resume_k);
  }
  lua_pushboolean(L, count >= 0);
  int results = count >= 0 ? count : 1;
  lua_insert(L, -(results + 1));
  return results + 1;
}

// Returns the coroutine of a suspended call. Raises if the script exchanged it through `debug`: this call must not
// resume another coroutine.
static lua_State *check_same(lua_State *L, int index, lua_KContext context) {
  lua_State *co = lua_tothread(L, index);
  if (!co || co != (lua_State *)(context & ~(lua_KContext)FORCED_KEPT))
    raise(L, "another coroutine was put in this one's place while it waited for %s",
          engine_link(L)->library);
  return co;
}

static int resume_k(lua_State *L, int status, lua_KContext context) {
  lua_State *co = check_same(L, 1, context);
  unsigned forced = context & FORCED_KEPT;
  set_reserved(L, co, false);
  return answer_resume(L, co, resume(L, co, 0, forced), forced);
}

static int l_resume(lua_State *L) {
  lua_State *co = check_coroutine(L, 1);
  int count = check_resumable(L, co);
  unsigned forced = guard_forced(L);
  if (count == 0) count = resume(L, co, lua_gettop(L) - 1, forced);
  return answer_resume(L, co, count, forced);
}

static int wrap_k(lua_State *L, int status, lua_KContext context);

static int answer_wrap(lua_State *L, lua_State *co, int count, unsigned forced) {
  if (count == RESUME_ENDED) return guard_unwind(L);
  if (count == RESUME_FORCED) return guard_unwind_on(L);
  if (count == RESUME_SUSPENDED) {
    set_reserved(L, co, true);
    return lua_yieldk(L, 0, context_of(co, forced), wrap_k);
  }
  if (count >= 0) return count;
  int status = lua_status(co);
  if (status != LUA_OK && status != LUA_YIELD) {  // `co` died: close its variables
    failure_note_coroutine(L, co);
    if (lua_resetthread(co) != LUA_OK) lua_xmove(co, L, 1);
    if (engine_of(L)->slice.end != SLICE_GOES_ON) return guard_unwind(L);
    if (is_past(L, forced)) return guard_unwind_on(L);
  }
  if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

static int wrap_k(lua_State *L, int status, lua_KContext context) {
  lua_State *co = check_same(L, lua_upvalueindex(1), context);
  unsigned forced = context & FORCED_KEPT;
  set_reserved(L, co, false);
  return answer_wrap(L, co, resume(L, co, 0, forced), forced);
}

static int wrapped(lua_State *L) {
  lua_State *co = check_coroutine(L, lua_upvalueindex(1));
  int count = check_resumable(L, co);
  unsigned forced = guard_forced(L);
  if (count == 0) count = resume(L, co, lua_gettop(L), forced);
  return answer_wrap(L, co, count, forced);
}

static int l_create(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State *co = lua_newthread(L);
  guard_watch(co);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  return 1;
}

static int l_wrap(lua_State *L) {
  l_create(L);
  lua_pushcclosure(L, wrapped, 1);
  return 1;
}

static int l_yield(lua_State *L) {
  Task *task = engine_of(L)->task;
  if (task && task->co == L) {
    raise(L,
          "coroutine.yield outside of a coroutine that the script created: nothing would resume "
          "it; %s.sleep and the calls of %s wait by themselves",
          engine_link(L)->library, engine_link(L)->library);
  }
  return lua_yield(L, lua_gettop(L));
}

static const char *status_of(lua_State *L, lua_State *co) {
  if (L == co) return "running";
  if (lua_status(co) == LUA_YIELD) return "suspended";
  if (lua_status(co) != LUA_OK) return "dead";
  lua_Debug ar;
  if (lua_getstack(co, 0, &ar)) return "normal";
  return lua_gettop(co) == 0 ? "dead" : "suspended";
}

static int l_status(lua_State *L) {
  lua_pushstring(L, status_of(L, check_coroutine(L, 1)));
  return 1;
}

static int l_close(lua_State *L) {
  lua_State *co = check_coroutine(L, 1);
  const char *status = status_of(L, co);
  if (strcmp(status, "suspended") != 0 && strcmp(status, "dead") != 0) {
    raise(L, "cannot close a %s coroutine", status);
  }
  if (is_reserved(L, co))
    raise(L, "cannot close a coroutine that waits for %s", engine_link(L)->library);
  unsigned forced = guard_forced(L);
  bool ok = lua_resetthread(co) == LUA_OK;
  if (engine_of(L)->slice.end != SLICE_GOES_ON) return guard_unwind(L);
  if (is_past(L, forced)) return guard_unwind_on(L);
  lua_pushboolean(L, ok);
  if (ok) return 1;
  lua_xmove(co, L, 1);
  return 2;
}

static const luaL_Reg functions[] = { { "close", l_close },   { "create", l_create },
                                      { "resume", l_resume }, { "status", l_status },
                                      { "wrap", l_wrap },     { "yield", l_yield },
                                      { NULL, NULL } };

void coroutine_open(lua_State *L) {
  lua_newtable(L);
  lua_newtable(L);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &RESERVED);
  // The main coroutine: finalizers can run in it and get it from coroutine.running.
  coroutine_reserve(L, L);
  lua_getglobal(L, LUA_COLIBNAME);
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
