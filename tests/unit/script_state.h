// A Lua state for the tests of script/ and host/: with a context, no interpreter around it, and an allocator that can
// fail.
#ifndef WEMOON_TESTS_SCRIPT_STATE_H
#define WEMOON_TESTS_SCRIPT_STATE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <lualib.h>
#include "engine/value.h"
#include "script/context.h"
#include "script/message_value.h"

typedef struct {
  lua_State *L;
  EngineLink link;
  ScriptContext context;
  InterpreterOptions options;
  Account account;
  Pairs config;
  // The allocator's behaviour.
  bool collect_always;  // every allocation fails once, which makes Lua collect all garbage and try
                        // again
  bool refused;
  long fail_after;  // that many allocations succeed, all later ones fail; -1: none fails
} State;

static const char current_message;

void context_push_message(lua_State *L) { lua_rawgetp(L, LUA_REGISTRYINDEX, &current_message); }
void context_set_message(lua_State *L) { lua_rawsetp(L, LUA_REGISTRYINDEX, &current_message); }

static void *state_alloc(void *ud, void *ptr, size_t old_size, size_t new_size) {
  State *state = ud;
  if (new_size == 0) {
    free(ptr);
    return NULL;
  }
  bool grows = !ptr || new_size > old_size;
  if (grows && state->fail_after >= 0 && state->fail_after-- <= 0) {
    state->fail_after = 0;
    return NULL;
  }
  if (grows && state->collect_always && !state->refused) {
    state->refused = true;
    return NULL;
  }
  state->refused = false;
  return realloc(ptr, new_size);
}

static inline int state_open_libs(lua_State *L) {
  luaL_openlibs(L);
  value_open(L);
  message_value_open(L);
  return 0;
}

static inline void state_open(State *state) {
  memset(state, 0, sizeof *state);
  state->fail_after = -1;
  state->options.account = &state->account;
  state->options.config = &state->config;
  state->context.options = &state->options;
  state->context.digest = digest_new();
  state->context.aes = aes_new();
  state->context.xml = xml_parser_new();
  nodes_init(&state->context.tree);
  state->L = lua_newstate(state_alloc, state);
  assert_non_null(state->L);
  state->link =
      (EngineLink){ .user = &state->context, .library = "wechat", .own_chunks = "[wemoon]/" };
  *(EngineLink **)lua_getextraspace(state->L) = &state->link;
  lua_pushcfunction(state->L, state_open_libs);
  assert_int_equal(lua_pcall(state->L, 0, 0, 0), LUA_OK);
}

static inline void state_close(State *state) {
  state->collect_always = false;
  state->fail_after = -1;
  lua_close(state->L);
  nodes_clear(&state->context.tree);
  xml_parser_free(state->context.xml);
  aes_free(state->context.aes);
  digest_free(state->context.digest);
}

// Runs Lua code; an error fails the test.
static inline void state_run(State *state, const char *code) {
  if (luaL_dostring(state->L, code) != LUA_OK) fail_msg("%s", lua_tostring(state->L, -1));
  lua_settop(state->L, 0);
}

// Sets the global `msg` to the message of the XML.
static inline void state_push_message(State *state, const char *xml) {
  NodeTree tree;
  MessageHead head;
  Err err;
  nodes_init(&tree);
  if (!message_parse(state->context.xml, str_of(xml), &tree, &head, &err)) fail_msg("%s", err.text);
  message_value_push(state->L, &tree, &head, str_of(xml));
  nodes_clear(&tree);
}

static inline void state_set_message(State *state, const char *xml) {
  state_push_message(state, xml);
  lua_setglobal(state->L, "msg");
}

#define MESSAGE(type, elements)                                                                    \
  "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oUser1]]></FromUserName>"  \
  "<CreateTime>1700000000</CreateTime><MsgType><![CDATA[" type "]]></MsgType>" elements "</xml>"
#define EVENT(event, elements) MESSAGE("event", "<Event><![CDATA[" event "]]></Event>" elements)

#endif
