// The account's right to send customer service messages. After a refusal with 48001 the account is assumed not to have
// the right, for an hour or until a send succeeds, by all processes on the store.
#ifndef WEMOON_SCRIPT_SEND_RIGHT_H
#define WEMOON_SCRIPT_SEND_RIGHT_H

#include "script/interpreter.h"
#include "store/store.h"

// Reads the right from the store, for which it waits. If the store is away, nothing changes. `account`: account_name.
void send_right_learn(Store *store, Str account, BotShared *shared);
// Notes the right, in this process and in the store (NULL: in this process only); does not wait. Returns whether the
// right has changed.
bool send_right_note(Store *store, Str account, BotShared *shared, bool allowed);

#endif
