// Cancels work for a user, and nothing more of it is sent: all work (wechat.forget, wemoon forget), or that of earlier
// messages (wechat.newest).
#ifndef WEMOON_SCRIPT_CANCEL_H
#define WEMOON_SCRIPT_CANCEL_H

#include "script/cancels.h"

// Sets `cancel` to all messages that are earlier than the one that the running task answers. Kept answers of these do not
// precede the task's answer any more. False if the task answers no message.
bool cancel_of_earlier(lua_State *L, Cancel *cancel);
// Cancels tasks in this engine, except the running task and tasks that wait for the user's next message. The engine is
// entered.
void cancel_here(struct Engine *engine, const Cancel *cancel);
// Cancels tasks soon in all interpreters except `own` (NULL: in all). Unless cancel->all, deletes the user's kept answers,
// except those of the message whose script cancels. Any thread; does not wait.
void cancel_elsewhere(BotShared *shared, const Interpreter *own, const Cancel *cancel);

#endif
