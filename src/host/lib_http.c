// host.http.request{method =, url =, headers =, body =, fields =, files =, timeout =, follow =, what =}: an
// HTTP request; it waits and returns { status =, headers =, body = }, or nil and { kind =, errmsg = }.
// Headers come as a list of { name, value } with names in lower case. How the fields are written: request.h.
#include "host/libs.h"

#include "engine/method.h"
#include "engine/boxed.h"
#include "script/context.h"
#include "host/request.h"
#include "engine/wait.h"

enum { REQUEST = 1, PENDING = 2, ARENA = 3, TIMEOUT_MS = 30 * 1000, BODY_MAX = 64 << 20 };

static void free_result(void *result) { client_result_free(result); }

static const char *kind_of(ClientOutcome outcome) {
  switch (outcome) {
    case CLIENT_TIMEOUT: return "timeout";
    case CLIENT_TOO_LARGE: return "http";
    default: return "network";
  }
}

static int push_failure(lua_State *L, const char *kind, const char *text) {
  lua_pushnil(L);
  lua_createtable(L, 0, 4);
  lua_pushstring(L, kind);
  lua_setfield(L, -2, "kind");
  lua_pushstring(L, text);
  lua_setfield(L, -2, "errmsg");
  return 2;
}

static void push_headers(lua_State *L, const Pairs *headers) {
  lua_createtable(L, (int)headers->count, 0);
  lua_Integer i = 0;
  for (const Pair *pair = headers->first; pair; pair = pair->next) {
    lua_createtable(L, 2, 0);
    push_lower(L, pair->name);
    lua_rawseti(L, -2, 1);
    lua_pushlstring(L, pair->value.ptr, pair->value.len);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, ++i);
  }
}

static int take_result(lua_State *L, void *data) {
  ClientResult *result = data;
  Boxed *pending = boxed_at(L, PENDING);
  pending->held = result;
  if (result->outcome != CLIENT_OK)
    return push_failure(L, kind_of(result->outcome), result->err.text);
  lua_createtable(L, 0, 3);
  lua_pushinteger(L, result->status);
  lua_setfield(L, -2, "status");
  push_headers(L, &result->headers);
  lua_setfield(L, -2, "headers");
  lua_pushlstring(L, result->body.ptr, result->body.len);
  lua_setfield(L, -2, "body");
  boxed_clear(pending);
  return 1;
}

static void on_done(void *ctx, ClientResult *result) {
  wait_finish(ctx, take_result, free_result, result);
}

static void cancel(void *ctx) {
  Boxed *pending = ctx;
  client_cancel(pending->target, pending->id);
}

static void read_request(lua_State *L, Arena *arena, ClientRequest *request) {
  request->method = request_string(L, REQUEST, "method", arena);
  if (request->method.len == 0) request->method = STR("GET");
  request->url = request_string(L, REQUEST, "url", arena);
  request->headers = request_pairs(L, REQUEST, "headers", arena);
  request->timeout_ms = request_ms(L, REQUEST, "timeout", TIMEOUT_MS);
  request->follow = request_boolean(L, REQUEST, "follow");
  request->response_max = BODY_MAX;
  request->parts = request_parts(L, REQUEST, request_pairs(L, REQUEST, "fields", arena), arena);
  if (lua_getfield(L, REQUEST, "body") == LUA_TSTRING) {  // stays on the stack, as its bytes must
    request->body.ptr = lua_tolstring(L, -1, &request->body.len);
    request->has_body = true;
  }
}

static int l_request(lua_State *L) {
  struct Client *client = script_context(L)->options->client;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  if (!client) method_raise(L, "HTTP requests cannot be made here");
  Boxed *pending = boxed_push(L, free_result, client);
  Arena *arena = boxed_arena(L);
  ClientRequest request = { 0 };
  Err err = { 0 };
  read_request(L, arena, &request);
  const char *what =
      lua_getfield(L, REQUEST, "what") == LUA_TSTRING ? lua_tostring(L, -1) : "wechat.http";
  Wait *wait = wait_begin(L, what);
  pending->id = client_send(client, &request, on_done, wait, &err);
  if (pending->id) {
    boxed_close(L, ARENA);
    return wait_suspend(L, wait, cancel, pending);
  }
  wait_abort(wait);
  if (err.code == ERR_USAGE) method_raise(L, "%s: %s", what, err.text);
  return push_failure(L, "network", err.text);
}

static const luaL_Reg functions[] = {
  { "request", l_request },
  { NULL, NULL },
};

int lib_http(lua_State *L) {
  luaL_newlib(L, functions);
  lua_pushstring(L, script_context(L)->options->http_via);
  lua_setfield(L, -2, "via");
  return 1;
}
