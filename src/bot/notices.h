// Handles the notices that other processes of the account leave in the store: to forget a user (wechat.forget, wemoon
// forget), or to cancel a user's earlier messages (wechat.newest). Asks the store once a second.
#ifndef WEMOON_BOT_NOTICES_H
#define WEMOON_BOT_NOTICES_H

#include "script/conversation.h"
#include "store/store.h"

typedef struct Notices Notices;

// `store`, `account` and `shared` outlive the result. Returns NULL without memory.
Notices *notices_new(Store *store, Str account, BotShared *shared);
void notices_free(Notices *notices);  // waits for the store's reply; NULL is allowed
// Asks the store when due. Call it from one thread; does not wait.
void notices_look(Notices *notices, int64_t now_us);

#endif
