// host.conversation: conversations with users.
//   end_user(openid): forgets a user: ends the user's tasks in this interpreter, and nothing more is sent. A call that
//     waits for the user's next message returns nil and "forgotten"
//   told(number): notes the number under which this process announced a forgotten user to the other processes
//   ask(question, timeout_s | nil, events, sent): script/ask.h
//   last: whether conversations outlive the process
#include "host/libs.h"

#include "script/ask.h"
#include "script/context.h"
#include "script/conversation.h"
#include "script/forget.h"
#include "script/keep.h"

static int l_told(lua_State *L) {
  BotShared *shared = script_context(L)->options->shared;
  if (shared) forget_note_own(shared, luaL_checkinteger(L, 1), engine_of(L));
  return 0;
}

static int l_end_user(lua_State *L) {
  BotShared *shared = script_context(L)->options->shared;
  Str openid = lua_str(L, 1);
  forget_user_here(engine_of(L), openid);
  if (shared && shared->conversations)
    conversations_end_user(shared->conversations, openid, "forgotten");
  if (shared && shared->keep) keep_forget(shared->keep, openid);
  return 0;
}

int lib_conversation(lua_State *L) {
  const BotShared *shared = script_context(L)->options->shared;
  lua_newtable(L);
  ask_push(L);
  lua_setfield(L, -2, "ask");
  lua_pushcfunction(L, l_told);
  lua_setfield(L, -2, "told");
  lua_pushcfunction(L, l_end_user);
  lua_setfield(L, -2, "end_user");
  lua_pushboolean(L, shared && keep_has_conversations(shared->keep));
  lua_setfield(L, -2, "last");
  return 1;
}
