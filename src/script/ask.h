// Conversations as Lua has them (conversation.c).
#ifndef WEMOON_SCRIPT_ASK_H
#define WEMOON_SCRIPT_ASK_H

#include <lua.h>

// Pushes ask(question, timeout_s | nil, events, sent). The question becomes the answer to the
// current message, unless `sent` says that it went out already. Waits for the user's next message,
// or also for an event if `events`. Returns the message, or nil and "timeout", "unsubscribe" or
// "reload".
void ask_push(lua_State *L);

#endif
