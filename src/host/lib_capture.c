// host.capture: notes the calls that a message causes in its trail, and returns them when the message is replayed.
#include "host/libs.h"

#include "base/clock.h"
#include "base/secrets.h"
#include "engine/door.h"
#include "engine/boxed.h"
#include "script/context.h"

static Trail *trail_of(lua_State *L) {
  const Task *task = task_running(L);
  return task ? task_subject(task).trail : NULL;
}

static int note(lua_State *L, TrailKind kind) {
  Trail *trail = trail_of(L);
  Str json = lua_str(L, 1);
  if (trail && !door_repeats(L)) trail->note(trail, kind, json);
  return 0;
}

// capture.call(json), capture.late(json): note a call or a late reply in the trail of the running task's message, if
// the message is captured.
static int l_call(lua_State *L) { return note(L, TRAIL_CALL); }
static int l_late(lua_State *L) { return note(L, TRAIL_LATE); }

// capture.hide(text): returns the text with known secrets masked.
static int l_hide(lua_State *L) {
  Buf *hidden = boxed_buf(L);
  if (secrets_hide(lua_str(L, 1), hidden)) push_str(L, buf_str(hidden));
  else lua_pushvalue(L, 1);
  return 1;
}

// capture.played(request): returns the captured call as JSON, or nothing if there is none.
static int l_played(lua_State *L) {
  const InterpreterOptions *options = script_context(L)->options;
  Buf *call = boxed_buf(L);
  if (!options->played(options->played_ctx, trail_of(L), lua_str(L, 1), call)) return 0;
  push_str(L, buf_str(call));
  return 1;
}

// capture.now(): returns Unix seconds. The value is not recorded (engine/record.h): a conversation may be continued by
// a process that does not capture, and its record must not depend on captures.
static int l_now(lua_State *L) {
  lua_pushnumber(L, (lua_Number)clock_unix_ms() / 1000);
  return 1;
}

static const luaL_Reg functions[] = {
  { "call", l_call }, { "hide", l_hide }, { "late", l_late }, { "now", l_now }, { NULL, NULL }
};

// Field `captures` says whether messages are captured; field `played` is nil except in a replay of captures.
int lib_capture(lua_State *L) {
  const InterpreterOptions *options = script_context(L)->options;
  luaL_newlib(L, functions);
  lua_pushboolean(L, options->captures);
  lua_setfield(L, -2, "captures");
  if (options->played) lua_pushcfunction(L, l_played);
  else lua_pushnil(L);
  lua_setfield(L, -2, "played");
  return 1;
}
