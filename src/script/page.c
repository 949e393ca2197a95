// One page in a task of its own. The Lua half (lua/wechat/route.lua) wraps the script's function: it is given
// what was sent, as a table of strings, and gives status, Content-Type, header lines, body and, where more is to come, a
// stream.
#include "script/page.h"

#include "base/clock.h"
#include "script/core.h"
#include "script/routes.h"
#include "script/stream_value.h"

#include <ctype.h>

// In the arena of the page's owner, for as long as the task lives.
typedef struct {
  PageTask page;  // its request during the first slice only
  PageAnswer answer;
} PageRun;

enum { RESULT_STATUS = 1, RESULT_TYPE, RESULT_HEADERS, RESULT_BODY, RESULT_STREAM };

static void set_field(lua_State *L, const char *name, Str value) {
  lua_pushlstring(L, value.ptr ? value.ptr : "", value.len);
  lua_setfield(L, -2, name);
}

static void push_lower(lua_State *L, Str name) {
  luaL_Buffer buffer;
  char *out = luaL_buffinitsize(L, &buffer, name.len);
  for (size_t i = 0; i < name.len; i++) out[i] = (char)tolower((unsigned char)name.ptr[i]);
  luaL_pushresultsize(&buffer, name.len);
}

// With the headers' table on top: adds one; values of one name are joined as their order would read.
static void add_header(lua_State *L, const Pair *header) {
  push_lower(L, header->name);
  lua_pushvalue(L, -1);
  if (lua_rawget(L, -3) == LUA_TSTRING) {
    lua_pushstring(L, str_eq_nocase(header->name, STR("cookie")) ? "; " : ", ");
    lua_pushlstring(L, header->value.ptr, header->value.len);
    lua_concat(L, 3);
  } else {
    lua_pop(L, 1);
    lua_pushlstring(L, header->value.ptr ? header->value.ptr : "", header->value.len);
  }
  lua_rawset(L, -3);
}

static void push_request(lua_State *L, const PageRequest *request) {
  lua_createtable(L, 0, 8);
  set_field(L, "method", request->method);
  set_field(L, "path", request->path);
  set_field(L, "query", request->query);
  set_field(L, "body", request->body);
  set_field(L, "remote", request->remote);
  lua_createtable(L, 0, (int)request->header_count);
  for (size_t i = 0; i < request->header_count; i++) add_header(L, &request->headers[i]);
  lua_setfield(L, -2, "headers");
}

static int prepare_page(lua_State *L, Task *task) {
  PageRun *run = task->owner;
  const PageRequest *request = run->page.request;
  int function;
  if (routes_find(task->in->routes, request->method, request->path, &function, NULL, 0) !=
      PAGE_FOUND)
    return -1;
  lua_rawgeti(L, LUA_REGISTRYINDEX, function);
  push_request(L, request);
  return 1;
}

static Str take_result(lua_State *L, int index, Arena *arena) {
  Str text = { 0 };
  text.ptr = luaL_checklstring(L, index, &text.len);
  text = arena_dup(arena, text);
  if (!text.ptr) luaL_error(L, "not enough memory for the answer");
  return text;
}

static void finish_page(lua_State *L, Task *task) {
  PageRun *run = task->owner;
  PageAnswer answer = { .status = (int)luaL_checkinteger(L, RESULT_STATUS) };
  answer.type = take_result(L, RESULT_TYPE, run->page.arena);
  answer.headers = take_result(L, RESULT_HEADERS, run->page.arena);
  answer.body = take_result(L, RESULT_BODY, run->page.arena);
  answer.stream = stream_value_take(L, RESULT_STREAM);
  run->answer = answer;
}

static const TaskBody PAGE = { prepare_page, finish_page, RESULT_STREAM, "a page" };

static bool page_done(void *owner, TaskState state, const Reply *reply, Str rest) {
  PageRun *run = owner;
  run->page.done(run->page.owner, state, &run->answer);
  return false;
}

static void page_over(void *owner) {
  PageRun *run = owner;
  run->page.over(run->page.owner);
}

PageMatch interpreter_find_page(Interpreter *in, Str method, Str path, char *allow, size_t size) {
  return routes_find(in->routes, method, path, NULL, allow, size);
}

TaskState interpreter_run_page(Interpreter *in, const PageTask *page, int64_t deadline_us) {
  PageRun *run = arena_calloc(page->arena, 1, sizeof *run);
  if (!run || !lock_take(&in->lock, deadline_us)) return TASK_LOST;
  run->page = *page;
  guard_enter(in);
  Task *task = task_new(in, &PAGE);
  TaskState state = TASK_LOST;
  if (task) {
    task->owner = run;
    task->done = page_done;
    task->over = page_over;
    if (in->options.job_timeout_ms > 0)
      task->deadline_us = clock_now_us() + in->options.job_timeout_ms * 1000;
    state = task_run(task);
  }
  guard_leave(in);
  lock_give(&in->lock);
  return state;
}
