// host.api: calls of the platform and its tokens. The functions call, token and grant wait; they return failures as nil
// and a table
//   { kind =, errcode =, errmsg =, rid =, method =, status = }
// `kind` is "api", "network", "timeout", "http", "json", "unknown" or "cancelled" (api/result.h).
//
// call{method =, verb =, base =, path =, query =, body =, form =, files =, token =, send =, timeout =}
//   `method`: the name after `wechat.`, for errors ("tag.create"). `verb`: GET, POST, UPLOAD or DOWNLOAD.
//   `base`: "api" or "mp". `token`: "access_token" or "none". `send`: a second request could reach a user twice, so
//   it is not repeated when the platform is busy or the connection breaks. `timeout`: in seconds.
//   `body`: a table is sent as JSON, a string unchanged, with content_type =. `form` and `files` make a multipart body;
//   request.h has the format of `query`, `form` and `files`. A single file may be given as file = {field =, source = a
//   path or an open file, or data = bytes, filename =, content_type =}. Returns the platform's JSON; or, for a DOWNLOAD
//   whose response is not JSON, {body =, size =, content_type =, filename =, save = function(self, path)}. A body of
//   more than 1 MB stays in a file until `body` is read.
// token(name) -> the token, and when it expires (Unix seconds); name: "access_token", or a ticket's type ("jsapi").
// grant(name, keep) -> the platform's JSON for a new token; `keep`: the new token replaces the one in the cache.
// account("appid" | "appsecret") -> the value; nil if it is not configured.
// file_name(file) -> the name of an open file, without folders; nil if it has none.
// file_fault(path or open file) -> why the file cannot be sent ("is a folder: ..."); nil if it can.
// save(download, path): the `save` of a download whose body is in memory.
// has_credentials() -> whether calls that need a token can be made.
#include "host/libs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "api/api.h"
#include "base/file.h"
#include "engine/door.h"
#include "engine/method.h"
#include "engine/boxed.h"
#include "script/context.h"
#include "host/request.h"
#include "engine/value.h"
#include "engine/wait.h"

enum { REQUEST = 1, PENDING = 2, CURSOR = 3 };  // stack indices during a call
enum { PIECE = 4096 };  // values of JSON to push between two pauses: less than 2 ms

static void free_result(void *result) { api_result_free(result); }

static void set_text(lua_State *L, const char *name, Str text) {
  if (text.len == 0) return;
  lua_pushlstring(L, text.ptr, text.len);
  lua_setfield(L, -2, name);
}

static int push_failure(lua_State *L, const ApiResult *result) {
  lua_pushnil(L);
  lua_createtable(L, 0, 8);
  lua_pushstring(L, api_kind_name(result->kind));
  lua_setfield(L, -2, "kind");
  if (result->kind == API_REFUSED) {
    lua_pushinteger(L, result->errcode);
    lua_setfield(L, -2, "errcode");
  }
  if (result->status) {
    lua_pushinteger(L, result->status);
    lua_setfield(L, -2, "status");
  }
  Str text = buf_str(&result->errmsg);
  lua_pushlstring(L, text.ptr, text.len);
  lua_setfield(L, -2, "errmsg");
  set_text(L, "rid", str_of(result->rid));
  set_text(L, "method", str_of(result->method));
  return 2;
}

// ---- downloads ----------------------------------------------------------------------------------

enum { SELF = 1, PATH = 2 };

static void unmap(void *mapping) {
  Boxed *pending = mapping;
  munmap(pending->target, pending->id);
}

// Pushes the body's file. The file is mapped, not read, so that its bytes are in memory only once, as Lua's copy.
static void push_file(lua_State *L, const ClientResult *body) {
  Boxed *mapping = boxed_push(L, unmap, NULL);
  mapping->target = mmap(NULL, body->size, PROT_READ, MAP_PRIVATE, body->fd, 0);
  if (mapping->target == MAP_FAILED) raise(L, "the download cannot be read: %s", strerror(errno));
  mapping->id = body->size;
  mapping->held = mapping;
  lua_pushlstring(L, mapping->target, body->size);
  boxed_clear(mapping);
}

// The __index of a download in a file: reads `body` at its first use.
static int l_body(lua_State *L) {
  if (strcmp(luaL_checkstring(L, 2), "body") != 0) return 0;
  const ApiResult *result = boxed_at(L, lua_upvalueindex(1))->held;
  push_file(L, result->body);
  lua_pushliteral(L, "body");
  lua_pushvalue(L, -2);
  lua_rawset(L, 1);
  return 1;
}

static bool copy_file(int from, int to) {
  char block[32768];
  for (off_t at = 0;;) {
    ssize_t n = pread(from, block, sizeof block, at);
    if (n == 0) return true;
    if (n < 0 || !file_write_all(to, str_make(block, (size_t)n))) return false;
    at += n;
  }
}

// download:save(path): returns true, or nil and the reason.
static int l_save(lua_State *L) {
  luaL_checktype(L, SELF, LUA_TTABLE);
  const char *path = luaL_checkstring(L, PATH);
  lua_settop(L, PATH);
  lua_pushliteral(L, "body");
  bool held = lua_rawget(L, SELF) == LUA_TSTRING;
  const Boxed *box =
      held || !lua_isuserdata(L, lua_upvalueindex(1)) ? NULL : boxed_at(L, lua_upvalueindex(1));
  const ApiResult *result = box ? box->held : NULL;
  if (!held && !result) raise(L, "save: the body of this download was removed");
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  size_t len = 0;
  const char *bytes = held ? lua_tolstring(L, -1, &len) : NULL;
  bool good = fd >= 0 &&
              (held ? file_write_all(fd, str_make(bytes, len)) : copy_file(result->body->fd, fd));
  int why = errno;
  if (fd >= 0 && close(fd) != 0 && good) {
    good = false;
    why = errno;
  }
  if (good) {
    lua_pushboolean(L, true);
    return 1;
  }
  if (fd >= 0) unlink(path);
  lua_pushnil(L);
  lua_pushfstring(L, "%s: %s", path, strerror(why));
  return 2;
}

static int push_download(lua_State *L, Boxed *pending) {
  const ApiResult *result = pending->held;
  const ClientResult *body = result->body;
  bool in_file = body->fd >= 0;
  lua_createtable(L, 0, 5);
  set_text(L, "content_type", buf_str(&result->content_type));
  set_text(L, "filename", buf_str(&result->filename));
  lua_pushinteger(L, (lua_Integer)body->size);
  lua_setfield(L, -2, "size");
  if (in_file) {
    lua_pushvalue(L, PENDING);
    lua_pushcclosure(L, l_save, 1);
    lua_setfield(L, -2, "save");
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, PENDING);
    lua_pushcclosure(L, l_body, 1);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
  } else {
    lua_pushlstring(L, body->body.ptr, body->body.len);
    lua_setfield(L, -2, "body");
    boxed_clear(pending);
  }
  return 1;
}

// ---- calls --------------------------------------------------------------------------------------

static int push_more(lua_State *L, void *unused);

// Leaves the engine to other tasks, then continues.
static int pause_pushing(lua_State *L) {
  Wait *wait = wait_begin(L, "the answer");
  wait_finish(wait, push_more, NULL, NULL);
  return wait_suspend(L, wait, NULL, NULL);
}

static int push_more(lua_State *L, void *unused) {
  if (!value_push_some(L, lua_touserdata(L, CURSOR), PIECE)) return pause_pushing(L);
  boxed_clear(boxed_at(L, PENDING));
  return 1;
}

static int take_result(lua_State *L, void *data) {
  ApiResult *result = data;
  Boxed *pending = boxed_at(L, PENDING);
  pending->held = result;
  if (!result) raise_no_memory(L);
  if (result->kind != API_OK) return push_failure(L, result);
  if (result->body) return push_download(L, pending);
  if (value_push_first(L, json_root(result->json), PIECE)) return pause_pushing(L);
  boxed_clear(pending);
  return 1;
}

static void on_done(void *ctx, ApiResult *result) {
  wait_finish(ctx, take_result, free_result, result);
}

static void cancel(void *ctx) {
  Boxed *pending = ctx;
  api_cancel(pending->target, pending->id);
}

static struct Api *the_api(lua_State *L, const char *method, Str token) {
  struct Api *api = script_context(L)->options->api;
  if (!api) method_raise(L, "%s: the platform cannot be called here", method);
  if (token.len && !api_has_credentials(api, token)) {
    method_raise(L,
                 "%s needs appid and appsecret: give them in config.lua, as WEMOON_APPID and "
                 "WEMOON_APPSECRET, or as --appid and --appsecret",
                 method);
  }
  return api;
}

static ApiVerb read_verb(lua_State *L) {
  static const char *const names[] = { "GET", "POST", "UPLOAD", "DOWNLOAD", NULL };
  lua_getfield(L, REQUEST, "verb");
  int verb = luaL_checkoption(L, -1, "GET", names);
  lua_pop(L, 1);
  return (ApiVerb)verb;
}

// Converts file = {...} to files = { {...} }, as request_parts reads it.
static void normalize_file(lua_State *L) {
  static const char *const kept[] = { "field", "filename", "content_type", "data" };
  if (lua_getfield(L, REQUEST, "file") != LUA_TTABLE) {
    lua_pop(L, 1);
    return;
  }
  lua_createtable(L, 1, 0);  // file, list
  lua_createtable(L, 0, 5);  // file, list, entry
  for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
    lua_getfield(L, -3, kept[i]);
    lua_setfield(L, -2, kept[i]);
  }
  const char *as = lua_getfield(L, -3, "source") == LUA_TSTRING ? "path" : "file";
  lua_setfield(L, -2, as);
  lua_rawseti(L, -2, 1);
  lua_setfield(L, REQUEST, "files");
  lua_pop(L, 1);
}

static void read_request(lua_State *L, Arena *arena, ApiRequest *request) {
  Str base = request_string(L, REQUEST, "base", arena),
      token = request_string(L, REQUEST, "token", arena);
  request->verb = read_verb(L);
  request->mp = str_eq(base, STR("mp"));
  if (base.len && !request->mp && !str_eq(base, STR("api"))) raise(L, "base must be api or mp");
  request->path = request_string(L, REQUEST, "path", arena);
  if (request->path.len == 0 || request->path.ptr[0] != '/') raise(L, "path must begin with '/'");
  request->query = request_pairs(L, REQUEST, "query", arena);
  request->content_type = request_string(L, REQUEST, "content_type", arena);
  request->send = request_boolean(L, REQUEST, "send");
  request->timeout_ms = request_ms(L, REQUEST, "timeout", 0);
  if (!str_eq(token, STR("none"))) request->token = token;
  request->has_body = request_body(L, REQUEST, arena, &request->body);
  normalize_file(L);
  request->parts = request_parts(L, REQUEST, request_pairs(L, REQUEST, "form", arena), arena);
}

// The box at PENDING holds the request's arena until the call has it, then the result.
static int l_call(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  Arena *arena = boxed_arena(L);
  ApiRequest request = { 0 };
  Str method = request_string(L, REQUEST, "method", arena);
  request.method = method;
  Str full = arena_join(arena, STR("wechat."), method);
  if (!full.ptr) raise_no_memory(L);
  read_request(L, arena, &request);
  struct Api *api = the_api(L, full.ptr, request.token);
  Wait *wait = wait_begin(L, full.ptr);
  context_count_call(L);
  uint64_t id = api_call(api, arena, &request, on_done, wait);
  if (!id) {
    wait_abort(wait);
    raise_no_memory(L);
  }
  Boxed *pending = boxed_reuse(L, PENDING, free_result, api);
  pending->id = id;
  lua_settop(L, PENDING);
  return wait_suspend(L, wait, cancel, pending);
}

// ---- tokens -------------------------------------------------------------------------------------

// The result of a request for a token; allocated before the request.
typedef struct {
  Wait *wait;
  char *value;  // NULL: failed
  int64_t expires_at;
  ApiResult *failure;
} TokenAnswer;

static void free_answer(void *data) {
  TokenAnswer *answer = data;
  free(answer->value);
  api_result_free(answer->failure);
  free(answer);
}

static int take_token(lua_State *L, void *data) {
  Boxed *pending = boxed_at(L, PENDING);
  TokenAnswer *answer = pending->held = data;
  if (!answer->value) return push_failure(L, answer->failure);
  lua_pushstring(L, answer->value);
  lua_pushinteger(L, answer->expires_at);
  boxed_clear(pending);
  return 2;
}

static void on_token(void *ctx, const Token *token, const ApiResult *error) {
  TokenAnswer *answer = ctx;
  if (token) answer->value = strdup(token->value.ptr);
  if (token) answer->expires_at = token->expires_at;
  if (error) api_result_blame(answer->failure, error);
  else if (!answer->value) api_result_fail(answer->failure, API_NETWORK, "no memory");
  wait_finish(answer->wait, take_token, free_answer, answer);
}

static Str read_name(lua_State *L) {
  Str name = lua_str(L, 1);
  if (name.len == 0 || name.len > TOKEN_NAME_MAX) luaL_argerror(L, 1, "unknown name of a token");
  return name;
}

static const char *method_of(Str name, bool grant) {
  bool access = str_eq(name, TOKEN_ACCESS);
  if (grant) return access ? "wechat.grant_token" : "wechat.grant_jsapi_ticket";
  return access ? "wechat.get_access_token" : "wechat.get_jsapi_ticket";
}

static int l_token(lua_State *L) {
  Str name = read_name(L);
  const char *method = method_of(name, false);
  struct Api *api = the_api(L, method, name);
  lua_settop(L, 1);
  Boxed *pending = boxed_push(L, free_answer, api);
  TokenAnswer *answer = calloc(1, sizeof *answer);
  if (answer) pending->held = answer;
  if (!answer || !(answer->failure = api_result_new(str_of(strchr(method, '.') + 1))))
    raise_no_memory(L);
  Wait *wait = answer->wait = wait_begin(L, method);
  pending->held = NULL;  // owned by tokens_get until on_token
  tokens_get(api_tokens(api), name, (Str){ 0 }, on_token, answer);
  return wait_suspend(L, wait, NULL, NULL);
}

static int l_grant(lua_State *L) {
  Str name = read_name(L);
  bool keep = lua_toboolean(L, 2);
  const char *method = method_of(name, true);
  struct Api *api = the_api(L, method, TOKEN_ACCESS);
  lua_settop(L, 1);
  boxed_push(L, free_result, api);
  Wait *wait = wait_begin(L, method);
  tokens_grant(api_tokens(api), name, keep, on_done, wait);
  return wait_suspend(L, wait, NULL, NULL);
}

static int l_has_credentials(lua_State *L) {
  struct Api *api = script_context(L)->options->api;
  lua_pushboolean(L, api && api_has_credentials(api, TOKEN_ACCESS));
  return 1;
}

static int l_account(lua_State *L) {
  static const char *const names[] = { "appid", "appsecret", NULL };
  const Account *account = script_context(L)->options->account;
  Str value = luaL_checkoption(L, 1, NULL, names) == 0 ? account->appid : account->appsecret;
  if (value.len) lua_pushlstring(L, value.ptr, value.len);
  else lua_pushnil(L);
  return 1;
}

static int l_file_name(lua_State *L) {
  luaL_Stream *stream = luaL_checkudata(L, 1, LUA_FILEHANDLE);
  char path[REQUEST_PATH_MAX];
  Str name = stream->closef ? request_file_name(fileno(stream->f), path) : (Str){ 0 };
  if (name.len) lua_pushlstring(L, name.ptr, name.len);
  else lua_pushnil(L);
  return 1;
}

static int l_file_fault(lua_State *L) {
  luaL_Stream *stream = luaL_testudata(L, 1, LUA_FILEHANDLE);
  Str path = { 0 };
  if (!stream) path.ptr = luaL_checklstring(L, 1, &path.len);
  if (stream && !stream->closef) {
    lua_pushliteral(L, "is closed");
    return 1;
  }
  int fd = stream ? fileno(stream->f) : request_open(path);
  request_push_file_fault(L, fd);
  if (!stream && fd >= 0) close(fd);
  return 1;
}

static DoorKind kind_of_call(lua_State *L) { return request_kind(L, "verb", STR("DOWNLOAD")); }

static const DoorFunction recorded[] = {
  { "the platform", "call", l_call, DOOR_ACTS, kind_of_call },
  { "wechat.grant_token", "grant", l_grant, DOOR_ACTS, NULL },
  { "wechat.get_access_token", "token", l_token, DOOR_READS, NULL },
  { NULL, NULL, NULL, DOOR_READS, NULL },
};

static const luaL_Reg functions[] = {
  { "account", l_account },     { "file_fault", l_file_fault },
  { "file_name", l_file_name }, { "has_credentials", l_has_credentials },
  { "save", l_save },           { NULL, NULL },
};

int lib_api(lua_State *L) {
  luaL_newlib(L, functions);
  door_set_all(L, recorded, 0);
  return 1;
}
