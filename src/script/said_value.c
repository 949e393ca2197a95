// Converts Lua parts to C parts.
#include "script/said_value.h"

#include "engine/boxed.h"
#include "engine/lua_helpers.h"
#include "script/inner.h"
#include "script/reply_value.h"

typedef struct {
  lua_State *L;
  int index;
  bool to_event;
} Value;

static bool copy(void *ctx, Arena *arena, Reply *reply) {
  const Value *value = ctx;
  Str rest;
  return reply_value_to(value->L, value->index, arena, value->to_event, reply, &rest) ==
         REPLY_VALUE_OK;
}

// Gets the text of a string or a text reply; returns false for other replies.
static bool text_at(lua_State *L, int index, Str *text) {
  if (lua_type(L, index) == LUA_TSTRING) {
    *text = lua_str(L, index);
    return true;
  }
  lua_getfield(L, index, "type");
  bool is_text = lua_type(L, -1) == LUA_TSTRING && str_eq(lua_str(L, -1), STR("text"));
  lua_pop(L, 1);
  if (!is_text) return false;
  lua_getfield(L, index, "content");
  *text = lua_str(L, -1);  // the reply keeps it
  lua_pop(L, 1);
  return true;
}

// Raises if a reply cannot be rendered, before the mutex of the parts is locked.
static void check(lua_State *L, int index, bool to_event) {
  Reply reply;
  Str rest;
  Arena *arena = boxed_arena(L);
  if (reply_value_to(L, index, arena, to_event, &reply, &rest) == REPLY_VALUE_NO_MEMORY)
    raise_no_memory(L);
  boxed_close(L, -1);
  lua_pop(L, 1);
}

void said_value(lua_State *L, int index, Said *said, bool to_event) {
  Str text;
  Value value = { L, index, to_event };
  bool is_text = text_at(L, index, &text);
  if (!is_text) check(L, index, to_event);
  if (!(is_text ? said_text(said, text) : said_other(said, copy, &value))) raise_no_memory(L);
}

void said_keep(lua_State *L, int index, Task *task) {
  task_push_value(L, task, VALUE_REPLY);
  if (lua_istable(L, -1) && lua_getfield(L, -1, "items") == LUA_TTABLE) {
    lua_pushvalue(L, index);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  }
  lua_settop(L, index);
}
