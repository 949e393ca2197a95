// Whether the account may send customer service messages. One that was refused with 48001 may not, for an hour or until
// a send succeeds: all processes of its store know it.
#ifndef WEMOON_SCRIPT_RIGHT_H
#define WEMOON_SCRIPT_RIGHT_H

#include "script/interpreter.h"
#include "store/store.h"

// Learns it from the store, for which it waits. A store that is away changes nothing. `account`: account_name.
void right_learn(Store *store, Str account, BotShared *shared);
// Notes it, here and in the store; waits for nothing. Returns whether that is news. `store` NULL: here alone.
bool right_note(Store *store, Str account, BotShared *shared, bool allowed);

#endif
