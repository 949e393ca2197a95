// host.conversation: conversations with a user.
//   ask(question, timeout_s | nil, events): script/ask.h
#include "host/libs.h"

#include "engine/luaish.h"
#include "script/ask.h"

static const luaL_Reg functions[] = {
  { "ask", ask },
  { NULL, NULL },
};

int lib_conversation(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
