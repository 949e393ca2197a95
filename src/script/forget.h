// A user who is to be forgotten: what is under way for that user ends, and nothing more goes out.
#ifndef WEMOON_SCRIPT_FORGET_H
#define WEMOON_SCRIPT_FORGET_H

#include "script/interpreter.h"

// Ends it in this engine, but for the running task and what waits for the user's next message. The engine is entered.
void forget_user_here(struct Engine *engine, Str openid);
// Does so soon, on the interpreter's thread. Any thread; waits for nothing.
void forget_user_soon(Interpreter *in, Str openid);
// This process told the others with that number, from the interpreter of `engine`, which has nothing left to end.
void forget_note_own(BotShared *shared, int64_t number, const struct Engine *engine);
bool forget_is_own(const BotShared *shared, int64_t number, const Interpreter *in);

#endif
