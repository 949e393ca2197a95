// Conversations in Lua (ask.c).
#ifndef WEMOON_SCRIPT_ASK_H
#define WEMOON_SCRIPT_ASK_H

#include <lua.h>

// Pushes ask(question, timeout_s | nil, events, sent). The question becomes the answer to the current message, unless
// `sent` says that it is already sent. ask waits for the user's next message, or also for an event if `events` is true.
// ask returns the message, or nil and the reason: "timeout", "unsubscribe", "ended", "forgotten", "memory" or "reload".
void ask_push(lua_State *L);
// Pushes announce(events), to be called before a question is sent that `sent` is said of: from then on the user's
// messages wait for the question, and events too if `events` is true.
void ask_push_announce(lua_State *L);

#endif
