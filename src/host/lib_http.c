// host.http.request{method =, url =, headers =, body =, fields =, files =, timeout =, follow =, what =}: sends an HTTP
// request, waits and returns { status =, headers =, body = }, or nil and { kind =, errmsg = }. The response's headers
// are a list of { name, value } with names in lower case. `what` is the method's name, for messages. `timeout` is in
// seconds, 30 by default. request.h has the format of the other fields.
#include "host/libs.h"

#include "engine/boxed.h"
#include "engine/door.h"
#include "engine/method.h"
#include "engine/wait.h"
#include "host/answer.h"
#include "host/request.h"
#include "script/context.h"

enum { REQUEST = 1, PENDING = 2, TIMEOUT_MS = 30 * 1000, BODY_MAX = 64 << 20 };

static void free_result(void *result) { client_result_free(result); }

static int take_result(lua_State *L, void *data) {
  ClientResult *result = data;
  Boxed *pending = boxed_at(L, PENDING);
  pending->held = result;
  if (result->outcome != CLIENT_OK)
    return answer_failure(L, answer_kind(result->outcome), result->err.text);
  lua_createtable(L, 0, 3);
  lua_pushinteger(L, result->status);
  lua_setfield(L, -2, "status");
  answer_push_headers(L, &result->headers);
  lua_setfield(L, -2, "headers");
  lua_pushlstring(L, result->body.ptr, result->body.len);
  lua_setfield(L, -2, "body");
  boxed_clear(pending);
  return 1;
}

// A request under way, in its own arena.
typedef struct {
  Arena *arena;
  Wait *wait;
  ClientRequest request;
} Sending;

static void on_done(void *ctx, ClientResult *result) {
  Sending *sending = ctx;
  Wait *wait = sending->wait;
  arena_free(sending->arena);
  wait_finish(wait, take_result, free_result, result);
}

static void cancel(void *ctx) {
  Boxed *pending = ctx;
  client_cancel(pending->target, pending->id);
}

static void read_request(lua_State *L, Arena *arena, ClientRequest *request) {
  request_http(L, REQUEST, arena, request);
  request->timeout_ms = request_ms(L, REQUEST, "timeout", TIMEOUT_MS);
  request->response_max = BODY_MAX;
}

// The box at PENDING holds the request's arena until the client has it, then the result.
static int l_request(lua_State *L) {
  struct Client *client = script_context(L)->options->client;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  if (!client) method_raise(L, "HTTP requests cannot be made here");
  Arena *arena = boxed_arena(L);
  Sending *sending = arena_calloc(arena, 1, sizeof *sending);
  Err err = { 0 };
  if (!sending) raise_no_memory(L);
  sending->arena = arena;
  read_request(L, arena, &sending->request);
  const char *what =
      lua_getfield(L, REQUEST, "what") == LUA_TSTRING ? lua_tostring(L, -1) : "wechat.http";
  Wait *wait = sending->wait = wait_begin(L, what);
  uint64_t id = client_send(client, &sending->request, on_done, sending, &err);
  if (id) {
    Boxed *pending = boxed_reuse(L, PENDING, free_result, client);
    pending->id = id;
    lua_settop(L, PENDING);
    return wait_suspend(L, wait, cancel, pending);
  }
  wait_abort(wait);
  if (err.code == ERR_USAGE) method_raise(L, "%s: %s", what, err.text);
  return answer_failure(L, "network", err.text);
}

static DoorKind kind_of_request(lua_State *L) { return request_kind(L, "method", STR("HEAD")); }

static const DoorFunction functions[] = {
  { "wechat.http", "request", l_request, DOOR_ACTS, kind_of_request },
  { NULL, NULL, NULL, DOOR_READS, NULL },
};

int lib_http(lua_State *L) {
  lua_newtable(L);
  door_set_all(L, functions, 0);
  lua_pushstring(L, script_context(L)->options->http_via);
  lua_setfield(L, -2, "via");
  return 1;
}
