// host.conversation: conversations with a user.
//   end_user(openid): what waits for that user's next message gets nil and "forgotten"
//   ask(question, timeout_s | nil, events): script/ask.h
#include "host/libs.h"

#include "engine/luaish.h"
#include "script/ask.h"
#include "script/context.h"
#include "script/conversation.h"

static int l_end_user(lua_State *L) {
  BotShared *shared = script_context(L)->options->shared;
  Str openid = lua_str(L, 1);
  if (shared && shared->conversations)
    conversations_end_user(shared->conversations, openid, "forgotten");
  return 0;
}

static const luaL_Reg functions[] = {
  { "ask", ask },
  { "end_user", l_end_user },
  { NULL, NULL },
};

int lib_conversation(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
