// host.store and host.store.own: the store's operations on the script's keys and on wemoon's own keys. Keys and values
// are strings. Each function waits and returns its result, or nil and the error's text.
//   get(key) -> value or nil                            delete(key) -> whether the key existed
//   set(key, value[, ttl_s]) -> true                    add(key, value[, ttl_s]) -> whether the key was new and is set
//   incr(key[, by[, ttl_s]]) -> the new count           swap(key, expected, value[, ttl_s]) -> whether it was replaced
//   lease(key, owner, ttl_s) -> whether owner has it    release(key, owner) -> whether owner had it
//   list(prefix[, after[, limit]]) -> the keys, in order
#include "host/libs.h"

#include "engine/door.h"
#include "engine/method.h"
#include "script/context.h"
#include "engine/boxed.h"
#include "engine/wait.h"
#include "store/store.h"

enum { PENDING = 1, FIRST = 2 };  // stack indices during a call: the pending call, the arguments

static void free_reply(void *reply) { store_reply_free(reply); }

static int push_failure(lua_State *L, const Err *err) {
  lua_pushnil(L);
  lua_pushstring(L, err->text);
  return 2;
}

static int push_keys(lua_State *L, Str keys) {
  Str key;
  lua_newtable(L);
  for (lua_Integer i = 1; store_reply_next_key(&keys, &key); i++) {
    lua_pushlstring(L, key.ptr, key.len);
    lua_rawseti(L, -2, i);
  }
  return 1;
}

static int push_reply(lua_State *L, const StoreReply *reply, StoreOp op) {
  if (reply->err.code != ERR_NONE) return push_failure(L, &reply->err);
  if (op == STORE_LIST) return push_keys(L, reply->value);
  if (op == STORE_INCR) lua_pushinteger(L, reply->number);
  else if (op != STORE_GET) lua_pushboolean(L, reply->ok);
  else if (reply->ok) lua_pushlstring(L, reply->value.ptr, reply->value.len);
  else lua_pushnil(L);
  return 1;
}

static int take_reply(lua_State *L, void *data) {
  Boxed *pending = boxed_at(L, PENDING);
  pending->held = data;
  int count = push_reply(L, data, (StoreOp)pending->id);
  boxed_clear(pending);
  return count;
}

static void on_done(void *ctx, StoreReply *reply) {
  wait_finish(ctx, take_reply, free_reply, reply);
}

// Returns the time to live at `index`, in seconds, as milliseconds; 0, for no limit, if it is nil. A positive time
// below 1 ms counts as 1 ms.
static int64_t ttl_at(lua_State *L, int index) {
  if (lua_isnoneornil(L, index)) return 0;
  lua_Number seconds = luaL_checknumber(L, index);
  if (!(seconds > 0 && seconds < 1e10))
    method_raise(L, "store: the time to live is %f (a positive number of seconds expected)",
                 seconds);
  int64_t ms = (int64_t)(seconds * 1000);
  return ms ? ms : 1;
}

static int call(lua_State *L, StoreCall *what) {
  struct Store *store = script_context(L)->options->store;
  Err err = { 0 };
  if (!store) method_raise(L, "there is no store here");
  what->space = lua_toboolean(L, lua_upvalueindex(1)) ? STORE_OWN : STORE_SCRIPT;
  boxed_at(L, PENDING)->id = what->op;
  Wait *wait = wait_begin(L, "wechat.store");
  if (store_call(store, what, on_done, wait, &err)) return wait_suspend(L, wait, NULL, NULL);
  wait_abort(wait);
  if (err.code == ERR_USAGE) method_raise(L, "%s", err.text);
  return push_failure(L, &err);
}

static StoreCall begin(lua_State *L, StoreOp op) {
  luaL_checkstring(L, 1);
  boxed_push(L, free_reply, NULL);
  lua_insert(L, PENDING);
  return (StoreCall){ .op = op, .key = lua_str(L, FIRST) };
}

static int l_get(lua_State *L) {
  StoreCall what = begin(L, STORE_GET);
  return call(L, &what);
}

static int write(lua_State *L, StoreOp op) {
  StoreCall what = begin(L, op);
  what.value = lua_str(L, FIRST + 1);
  what.ttl_ms = ttl_at(L, FIRST + 2);
  return call(L, &what);
}

static int l_set(lua_State *L) { return write(L, STORE_SET); }
static int l_add(lua_State *L) { return write(L, STORE_ADD); }
static int l_lease(lua_State *L) { return write(L, STORE_LEASE); }
static int l_release(lua_State *L) { return write(L, STORE_RELEASE); }

static int l_incr(lua_State *L) {
  StoreCall what = begin(L, STORE_INCR);
  what.by = luaL_optinteger(L, FIRST + 1, 1);
  what.ttl_ms = ttl_at(L, FIRST + 2);
  return call(L, &what);
}

static int l_delete(lua_State *L) {
  StoreCall what = begin(L, STORE_DELETE);
  return call(L, &what);
}

static int l_swap(lua_State *L) {
  StoreCall what = begin(L, STORE_SWAP);
  what.expected = lua_str(L, FIRST + 1);
  what.value = lua_str(L, FIRST + 2);
  what.ttl_ms = ttl_at(L, FIRST + 3);
  return call(L, &what);
}

static int l_list(lua_State *L) {
  StoreCall what = begin(L, STORE_LIST);
  if (!lua_isnoneornil(L, FIRST + 1)) what.after = lua_str(L, FIRST + 1);
  what.limit = luaL_optinteger(L, FIRST + 2, 0);
  return call(L, &what);
}

// clang-format off
#define FUNCTIONS(of) {                                      \
  { of ".add",     "add",     l_add,     DOOR_ACTS,  NULL }, \
  { of ".delete",  "delete",  l_delete,  DOOR_READS, NULL }, \
  { of ".get",     "get",     l_get,     DOOR_READS, NULL }, \
  { of ".incr",    "incr",    l_incr,    DOOR_ACTS,  NULL }, \
  { of ".lease",   "lease",   l_lease,   DOOR_READS, NULL }, \
  { of ".list",    "list",    l_list,    DOOR_READS, NULL }, \
  { of ".release", "release", l_release, DOOR_READS, NULL }, \
  { of ".set",     "set",     l_set,     DOOR_READS, NULL }, \
  { of ".swap",    "swap",    l_swap,    DOOR_ACTS,  NULL }, \
  { NULL, NULL, NULL, DOOR_READS, NULL } }
// clang-format on

static const DoorFunction of_script[] = FUNCTIONS("wechat.store"),
                          of_wemoon[] = FUNCTIONS("wechat.session");

static void push_functions(lua_State *L, bool own) {
  lua_newtable(L);
  lua_pushboolean(L, own);
  door_set_all(L, own ? of_wemoon : of_script, 1);
}

int lib_store(lua_State *L) {
  push_functions(L, false);
  push_functions(L, true);
  lua_setfield(L, -2, "own");
  return 1;
}
