// Users whom another process of the account was told to forget (wechat.forget, wemoon forget): what waits for them here
// ends too. Asked of the store once a second.
#ifndef WEMOON_BOT_FORGOTTEN_H
#define WEMOON_BOT_FORGOTTEN_H

#include "bot/pool.h"
#include "script/conversation.h"
#include "store/store.h"

typedef struct Forgotten Forgotten;

// Store, name and `shared` outlive it. NULL without memory.
Forgotten *forgotten_new(Store *store, Str account, BotShared *shared);
// Before the first look: where its scripts run; outlives the last one.
void forgotten_set_pool(Forgotten *forgotten, Pool *pool);
void forgotten_free(Forgotten *forgotten);  // waits for the store's answer; NULL is allowed
// Asks if it is time to. From one thread; waits for nothing.
void forgotten_look(Forgotten *forgotten, int64_t now_us);

#endif
