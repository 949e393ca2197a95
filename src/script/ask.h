// Conversations as Lua has them (conversation.c).
#ifndef WEMOON_SCRIPT_ASK_H
#define WEMOON_SCRIPT_ASK_H

#include <lua.h>

// Pushes ask(question, timeout_s | nil, events, sent): the question is the answer to the message at hand, unless it was
// sent; waits for the user's next one, also for an event if `events`. -> the message; nil and "timeout", "unsubscribe" or "reload"
void ask_push(lua_State *L);

#endif
