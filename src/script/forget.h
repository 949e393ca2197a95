// Forgets a user: ends what is under way for the user, and sends nothing more.
#ifndef WEMOON_SCRIPT_FORGET_H
#define WEMOON_SCRIPT_FORGET_H

#include "script/interpreter.h"

// Ends the user's tasks in this engine, except the running task and tasks that wait for the user's next message. The
// caller has entered the engine.
void forget_user_here(struct Engine *engine, Str openid);
// Does the same soon, on the interpreter's thread. Call it from any thread; does not wait.
void forget_user_soon(Interpreter *in, Str openid);
// Notes that this process announced the forgetting `number` to other processes, from the interpreter of `engine`, which
// has nothing left to end.
void forget_note_own(BotShared *shared, int64_t number, const struct Engine *engine);
bool forget_is_own(const BotShared *shared, int64_t number, const Interpreter *in);

#endif
