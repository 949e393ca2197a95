// host.stream: HTTP responses that are read as they arrive.
//
//   host.stream.new()  -> a stream that is not open
//   host.stream.open(request, stream)  sends a request as host.http.request does, and waits for the head
//                                      -> status, headers; or nil and { kind =, errmsg = }
//   host.stream.take(stream)  waits for bytes -> the bytes that have arrived; nil at the end; nil and
//                             { kind =, errmsg = } after a failure
//   stream:close()  closes the connection; so does the end of the task that opened it
// A replayed task gets the recorded bytes. A stream that was opened in another process has no bytes after these.
//   host.stream.events()       -> a reader of server-sent events
//   events:feed(text)          -> a list of { event =, data =, id = }; and the reason if an event is too large
//
// The loop thread puts in bytes, the script takes them out. While TAKEN_AHEAD bytes or more are waiting, the sender is
// held back.
#include "host/libs.h"

#include "base/mutex.h"
#include "codec/sse.h"
#include "engine/boxed.h"
#include "engine/door.h"
#include "engine/method.h"
#include "engine/task.h"
#include "engine/wait.h"
#include "host/answer.h"
#include "host/request.h"
#include "script/context.h"

#include <stdlib.h>

enum { REQUEST = 1, STREAM = 2, TAKEN_AHEAD = 4096, IDLE_MS = 60 * 1000, EVENT_MAX = 1 << 20 };

typedef struct {
  TaskTie tie;  // the first member: on_task_end casts it
  Client *client;
  Arena *arena;
  ClientRequest request;
  ClientStream stream;
  pthread_mutex_t mutex;  // guards the fields below
  int holders;  // references: Lua's value, the request until `done`, each result on its way to Lua
  uint64_t id;
  Buf bytes;
  bool opened, head, held, over, closed;
  int status;
  Pairs headers;
  ClientOutcome outcome;
  Err err;
  Wait *reader;
} Inflow;

static const char inflow_type[] = "wemoon.inflow", events_type[] = "wemoon.events";

static void release(void *ctx) {
  Inflow *inflow = ctx;
  pthread_mutex_lock(&inflow->mutex);
  bool last = --inflow->holders == 0;
  pthread_mutex_unlock(&inflow->mutex);
  if (!last) return;
  buf_clear(&inflow->bytes);
  pthread_mutex_destroy(&inflow->mutex);
  arena_free(inflow->arena);
}

// ---- loop thread --------------------------------------------------------------------------------

static int push_next(lua_State *L, void *ctx);

// Removes and returns the waiting reader, or NULL; adds a reference for its result. The mutex is held.
static Wait *take_reader(Inflow *inflow) {
  Wait *reader = inflow->reader;
  inflow->reader = NULL;
  if (reader) inflow->holders++;
  return reader;
}

static void tell(Inflow *inflow, Wait *reader) {
  if (reader) wait_finish(reader, push_next, release, inflow);
}

static void copy_headers(Inflow *inflow, const Pairs *headers) {
  for (const Pair *pair = headers->first; pair; pair = pair->next) {
    Str name = arena_dup(inflow->arena, pair->name), value = arena_dup(inflow->arena, pair->value);
    if (!name.ptr || !value.ptr || !pairs_add(&inflow->headers, inflow->arena, name, value)) return;
  }
}

static void on_head(void *ctx, const ClientResult *result) {
  Inflow *inflow = ctx;
  pthread_mutex_lock(&inflow->mutex);
  inflow->head = true;
  inflow->status = result->status;
  copy_headers(inflow, &result->headers);
  Wait *reader = take_reader(inflow);
  pthread_mutex_unlock(&inflow->mutex);
  tell(inflow, reader);
}

static bool on_bytes(void *ctx, Str bytes) {
  Inflow *inflow = ctx;
  pthread_mutex_lock(&inflow->mutex);
  inflow->held = !inflow->closed && inflow->bytes.len >= TAKEN_AHEAD;
  bool taken = !inflow->held;
  if (taken && !inflow->closed) buf_add(&inflow->bytes, bytes);
  Wait *reader = take_reader(inflow);
  pthread_mutex_unlock(&inflow->mutex);
  tell(inflow, reader);
  return taken;
}

static void on_done(void *ctx, ClientResult *result) {
  Inflow *inflow = ctx;
  pthread_mutex_lock(&inflow->mutex);
  inflow->over = true;
  inflow->outcome = result->outcome;
  inflow->err = result->err;
  Wait *reader = take_reader(inflow);
  pthread_mutex_unlock(&inflow->mutex);
  client_result_free(result);
  tell(inflow, reader);
  release(inflow);
}

// ---- reading ------------------------------------------------------------------------------------

static int push_head(lua_State *L, Inflow *inflow) {
  lua_pushinteger(L, inflow->status);
  answer_push_headers(L, &inflow->headers);
  return 2;
}

// Pushes the waiting bytes. A box owns the buffer while Lua copies it.
static int push_bytes(lua_State *L, Inflow *inflow) {
  Buf *taken = boxed_buf(L);
  pthread_mutex_lock(&inflow->mutex);
  *taken = inflow->bytes;
  buf_init(&inflow->bytes);
  bool held = inflow->held && !inflow->over;
  inflow->held = false;
  uint64_t id = inflow->id;
  pthread_mutex_unlock(&inflow->mutex);
  if (held) client_go_on(inflow->client, id);
  if (taken->failed) raise_no_memory(L);
  push_str(L, buf_str(taken));
  boxed_close(L, -2);
  return 1;
}

// Pushes the head or the bytes for the function that waited: for host.stream.open, the table at index 1 is its request.
static int push_what_there_is(lua_State *L, Inflow *inflow) {
  bool opening = lua_istable(L, 1);
  pthread_mutex_lock(&inflow->mutex);
  bool bytes = inflow->bytes.len > 0 || inflow->bytes.failed, head = inflow->head;
  bool closed = inflow->closed, good = inflow->outcome == CLIENT_OK;
  pthread_mutex_unlock(&inflow->mutex);
  if (opening && head) return push_head(L, inflow);
  if (closed) return answer_failure(L, "cancelled", "the stream is closed");
  if (!opening && bytes) return push_bytes(L, inflow);
  if (!good) return answer_failure(L, answer_kind(inflow->outcome), inflow->err.text);
  lua_pushnil(L);
  return 1;
}

static int push_next(lua_State *L, void *ctx) {
  release(ctx);  // Lua's value still has a reference
  return push_what_there_is(L, ctx);
}

// Returns the result if it is there (`ready`); else waits. The mutex is held, and released here.
static int wait_or_take(lua_State *L, Inflow *inflow, Wait *wait, bool ready) {
  if (!ready) inflow->reader = wait;
  pthread_mutex_unlock(&inflow->mutex);
  if (!ready) return wait_suspend(L, wait, NULL, NULL);
  wait_abort(wait);
  return push_what_there_is(L, inflow);
}

// Finishes the wait of a reader whose task has ended, if there is one. Its result is dropped.
static void drop_stale_reader(Inflow *inflow) {
  pthread_mutex_lock(&inflow->mutex);
  Wait *stale = take_reader(inflow);
  pthread_mutex_unlock(&inflow->mutex);
  if (stale) wait_finish(stale, push_next, release, inflow);
}

static void close_inflow(Inflow *inflow) {
  pthread_mutex_lock(&inflow->mutex);
  bool under_way = !inflow->over && !inflow->closed && inflow->id;
  inflow->closed = true;
  buf_clear(&inflow->bytes);
  Wait *reader = take_reader(inflow);
  // Under the mutex, so that the client still exists: client_free ends all requests first, and on_done needs the mutex.
  if (under_way) client_cancel(inflow->client, inflow->id);
  pthread_mutex_unlock(&inflow->mutex);
  tell(inflow, reader);
}

static void on_task_end(TaskTie *tie) { close_inflow((Inflow *)tie); }

static Inflow *check_inflow(lua_State *L, int index) {
  Inflow *inflow = *(Inflow **)luaL_checkudata(L, index, inflow_type);
  if (!inflow) raise(L, "the stream no longer exists");
  return inflow;
}

static int l_take(lua_State *L) {
  Inflow *inflow = check_inflow(L, 1);
  lua_settop(L, 1);
  if (!inflow->opened)
    return answer_failure(L, "unknown", "the stream ended with the process that read it");
  Wait *wait = wait_begin(L, "wechat.http.stream");
  drop_stale_reader(inflow);
  pthread_mutex_lock(&inflow->mutex);
  return wait_or_take(L, inflow, wait, inflow->bytes.len > 0 || inflow->over || inflow->closed);
}

static int l_close(lua_State *L) {
  Inflow *inflow = check_inflow(L, 1);
  task_untie(&inflow->tie);
  close_inflow(inflow);
  return 0;
}

static int l_gc(lua_State *L) {
  Inflow **place = luaL_checkudata(L, 1, inflow_type);
  if (!*place) return 0;
  task_untie(&(*place)->tie);
  close_inflow(*place);
  release(*place);
  *place = NULL;
  return 0;
}

// ---- opening ------------------------------------------------------------------------------------

static int l_new(lua_State *L) {
  Inflow **place = lua_newuserdatauv(L, sizeof *place, 0);
  *place = NULL;
  luaL_setmetatable(L, inflow_type);
  Arena *arena = boxed_arena(L);
  Inflow *inflow = arena_calloc(arena, 1, sizeof *inflow);
  if (!inflow) raise_no_memory(L);
  *inflow = (Inflow){ .tie.end = on_task_end, .arena = arena, .holders = 1 };
  mutex_init_brief(&inflow->mutex);
  boxed_at(L, -1)->held = NULL;
  *place = inflow;
  lua_pop(L, 1);
  return 1;
}

static void read_request(lua_State *L, Inflow *inflow) {
  request_http(L, REQUEST, inflow->arena, &inflow->request);
  inflow->stream = (ClientStream){ .head = on_head,
                                   .bytes = on_bytes,
                                   .idle_ms = request_ms(L, REQUEST, "idle_timeout", IDLE_MS) };
  inflow->request.stream = &inflow->stream;
  inflow->request.timeout_ms = request_ms(L, REQUEST, "timeout", CLIENT_NO_TIMEOUT);
}

static int l_open(lua_State *L) {
  Client *client = script_context(L)->options->client;
  luaL_checktype(L, REQUEST, LUA_TTABLE);
  lua_settop(L, STREAM);
  if (!client) method_raise(L, "HTTP requests cannot be made here");
  Inflow *inflow = check_inflow(L, STREAM);
  if (inflow->opened) raise(L, "the stream was opened already");
  read_request(L, inflow);
  inflow->client = client;
  Err err = { 0 };
  Wait *wait = wait_begin(L, "wechat.http.stream");
  inflow->holders++;
  pthread_mutex_lock(&inflow->mutex);
  inflow->id = client_send(client, &inflow->request, on_done, inflow, &err);
  if (inflow->id) {
    inflow->opened = true;
    task_tie(task_running(L), &inflow->tie);
    return wait_or_take(L, inflow, wait, false);
  }
  inflow->holders--;
  pthread_mutex_unlock(&inflow->mutex);
  wait_abort(wait);
  if (err.code == ERR_USAGE) method_raise(L, "wechat.http.stream: %s", err.text);
  return answer_failure(L, "network", err.text);
}

// ---- events -------------------------------------------------------------------------------------

static int l_events_gc(lua_State *L) {
  sse_clear(luaL_checkudata(L, 1, events_type));
  return 0;
}

static int l_events(lua_State *L) {
  Sse *sse = lua_newuserdatauv(L, sizeof *sse, 0);
  sse_init(sse, EVENT_MAX);
  luaL_setmetatable(L, events_type);
  return 1;
}

static int l_feed(lua_State *L) {
  Sse *sse = luaL_checkudata(L, 1, events_type);
  Str text = lua_str(L, 2);
  SseEvent event;
  lua_newtable(L);
  for (lua_Integer i = 1; sse_next(sse, &text, &event); i++) {
    lua_createtable(L, 0, 3);
    set_str(L, "event", event.event);
    set_str(L, "data", event.data);
    set_str(L, "id", event.id);
    lua_rawseti(L, -2, i);
  }
  if (sse->no_memory) raise_no_memory(L);
  if (!sse->too_large) return 1;
  lua_pushfstring(L, "an event has more than %d bytes", EVENT_MAX);
  return 2;
}

// ---- registration -------------------------------------------------------------------------------

static DoorKind kind_of_request(lua_State *L) { return request_kind(L, "method", STR("HEAD")); }

static const DoorFunction recorded[] = {
  { "wechat.http.stream", "open", l_open, DOOR_ACTS, kind_of_request },
  { "a stream's next bytes", "take", l_take, DOOR_READS, NULL },
  { NULL, NULL, NULL, DOOR_READS, NULL },
};
static const luaL_Reg stream_methods[] = { { "close", l_close }, { NULL, NULL } };
static const luaL_Reg events_methods[] = { { "feed", l_feed }, { NULL, NULL } };
static const luaL_Reg functions[] = { { "events", l_events }, { "new", l_new }, { NULL, NULL } };

static void make_type(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction gc) {
  luaL_newmetatable(L, name);
  lua_pushcfunction(L, gc);
  lua_setfield(L, -2, "__gc");
  lua_newtable(L);
  luaL_setfuncs(L, methods, 0);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

int lib_stream(lua_State *L) {
  make_type(L, inflow_type, stream_methods, l_gc);
  make_type(L, events_type, events_methods, l_events_gc);
  luaL_newlib(L, functions);
  door_set_all(L, recorded, 0);
  return 1;
}
