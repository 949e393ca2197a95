// Handles the notices that other processes of the account leave in the store: to forget a user (wechat.forget, wemoon
// forget), or to cancel a user's earlier messages (wechat.newest). Asks the store once a second.
#ifndef WEMOON_BOT_FORGOTTEN_H
#define WEMOON_BOT_FORGOTTEN_H

#include "script/conversation.h"
#include "store/store.h"

typedef struct Forgotten Forgotten;

// `store`, `account` and `shared` outlive the result. Returns NULL without memory.
Forgotten *forgotten_new(Store *store, Str account, BotShared *shared);
void forgotten_free(Forgotten *forgotten);  // waits for the store's reply; NULL is allowed
// Asks the store when due. Call it from one thread; does not wait.
void forgotten_look(Forgotten *forgotten, int64_t now_us);

#endif
