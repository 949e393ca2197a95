// Runs each page in its own task. The Lua half (lua/wechat/route.lua) wraps the script's function: it gets the request
// as a table of strings, and returns status, Content-Type, header lines, body and, if more is to come, a stream.
#include "script/page.h"

#include "script/inner.h"
#include "script/page_value.h"
#include "script/stream_value.h"

// In the arena of the page's owner, as long as the task exists.
typedef struct {
  PageTask page;  // `request` is valid only during the first slice
  PageAnswer answer;
  PageAnswer *returned;  // during the first slice: gets the answer for the waiting caller
} PageRun;

enum { RESULT_STATUS = 1, RESULT_TYPE, RESULT_HEADERS, RESULT_BODY, RESULT_STREAM };

// Adds a header to the table on top of the stack; joins the values of one name in their order.
static void add_header(lua_State *L, const Pair *header) {
  push_lower(L, header->name);
  lua_pushvalue(L, -1);
  if (lua_rawget(L, -3) == LUA_TSTRING) {
    lua_pushstring(L, str_eq_nocase(header->name, STR("cookie")) ? "; " : ", ");
    lua_pushlstring(L, header->value.ptr, header->value.len);
    lua_concat(L, 3);
  } else {
    lua_pop(L, 1);
    push_str(L, header->value);
  }
  lua_rawset(L, -3);
}

static void push_request(lua_State *L, const PageRequest *request) {
  lua_createtable(L, 0, 8);
  set_str(L, "method", request->method);
  set_str(L, "path", request->path);
  set_str(L, "query", request->query);
  set_str(L, "body", request->body);
  set_str(L, "remote", request->remote);
  lua_createtable(L, 0, (int)request->header_count);
  for (size_t i = 0; i < request->header_count; i++) add_header(L, &request->headers[i]);
  lua_setfield(L, -2, "headers");
}

static int prepare_page(lua_State *L, Task *task) {
  PageRun *run = task_data(task);
  const PageRequest *request = run->page.request;
  int function;
  if (routes_find(interpreter_of(L)->routes, request->method, request->path, &function, NULL, 0) !=
      PAGE_FOUND)
    return -1;
  lua_rawgeti(L, LUA_REGISTRYINDEX, function);
  push_request(L, request);
  return 1;
}

static Str take_result(lua_State *L, int index, Arena *arena) {
  Str text = arena ? arena_dup(arena, lua_str(L, index)) : (Str){ 0 };
  if (!text.ptr) raise(L, "not enough memory for the answer");
  return text;
}

static void finish_page(lua_State *L, Task *task) {
  PageRun *run = task_data(task);
  PageAnswer answer = { .status = (int)luaL_checkinteger(L, RESULT_STATUS) };
  answer.type = take_result(L, RESULT_TYPE, run->page.arena);
  answer.headers = take_result(L, RESULT_HEADERS, run->page.arena);
  answer.body = take_result(L, RESULT_BODY, run->page.arena);
  answer.stream = stream_value_take(L, RESULT_STREAM);
  run->answer = answer;
}

static void free_arena(void *arena) { arena_free(arena); }

// Returns an arena that lives as long as `arena`; NULL without memory.
static Arena *arena_beside(Arena *arena) {
  Arena *other = arena_new_small();
  if (other && arena_on_free(arena, free_arena, other)) return other;
  arena_free(other);
  return NULL;
}

// From here on the task may end on another thread while the caller still uses the page's arena.
static TaskState page_suspended(Task *task) {
  PageRun *run = task_data(task);
  if (run->returned) {
    task_hold_engine(task);
    run->page.arena = arena_beside(run->page.arena);
  }
  run->returned = NULL;
  run->page.request = NULL;
  return TASK_WAITING;
}

static void page_ended(Task *task) {
  PageRun *run = task_data(task);
  if (run->returned) *run->returned = run->answer;
  else run->page.done(run->page.owner, task_state(task), &run->answer);
}

static void page_over(void *data) {
  PageRun *run = data;
  if (!run->returned) run->page.over(run->page.owner);
}

static const TaskBody PAGE = { .prepare = prepare_page,
                               .finish = finish_page,
                               .suspended = page_suspended,
                               .ended = page_ended,
                               .over = page_over,
                               .results = RESULT_STREAM,
                               .doing = "a page" };

PageMatch interpreter_find_page(Interpreter *in, Str method, Str path, char *allow, size_t size) {
  return routes_find(in->routes, method, path, NULL, allow, size);
}

TaskState interpreter_run_page(Interpreter *in, const PageTask *page, int64_t deadline_us,
                               PageAnswer *answer) {
  PageRun *run = arena_calloc(page->arena, 1, sizeof *run);
  if (!run || !engine_enter(in->engine, deadline_us)) return TASK_LOST;
  run->page = *page;
  run->returned = answer;
  Task *task = task_new(in->engine, &PAGE, run);
  TaskState state = TASK_LOST;
  if (task) {
    task_limit(task);
    task_set_due(task, page->due_us);
    state = task_start(task);
  }
  engine_leave(in->engine);
  return state;
}

int page_value_add(lua_State *L) {
  Str method = lua_str(L, 1), path = lua_str(L, 2);
  luaL_checktype(L, 3, LUA_TFUNCTION);
  lua_settop(L, 3);
  int function = luaL_ref(L, LUA_REGISTRYINDEX), replaced = LUA_NOREF;
  bool added = routes_add(interpreter_of(L)->routes, method, path, function, &replaced);
  luaL_unref(L, LUA_REGISTRYINDEX, added ? replaced : function);
  if (!added) raise_no_memory(L);
  return 0;
}
