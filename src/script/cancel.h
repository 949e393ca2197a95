// Cancels work for a user, so that nothing more of it is sent: all work (wechat.forget, wemoon forget), or the work for
// earlier messages (wechat.newest).
#ifndef WEMOON_SCRIPT_CANCEL_H
#define WEMOON_SCRIPT_CANCEL_H

#include "script/cancels.h"

// Sets `cancel` to all messages earlier than the message that the running task answers. Their kept answers no longer
// precede the task's answer. Returns false if the task answers no message.
bool cancel_of_earlier(lua_State *L, Cancel *cancel);
// Sets `cancel` to all work for the user, except the message that the running task answers if it is that user's.
// *is_conversation: whether that message's script is the user's conversation in the store.
void cancel_all(lua_State *L, Str openid, Cancel *cancel, bool *is_conversation);
// Cancels tasks in this engine, except the running task and tasks that wait for the user's next message. The caller has
// entered the engine.
void cancel_here(struct Engine *engine, const Cancel *cancel);
// Cancels tasks soon in all interpreters except `own` (NULL: in all). Unless cancel->all, deletes the user's kept
// answers, except those of the message whose script cancels. Call it from any thread; does not wait.
void cancel_elsewhere(BotShared *shared, const Interpreter *own, const Cancel *cancel);

#endif
