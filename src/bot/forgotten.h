// Users that another process of the account has forgotten (wechat.forget, wemoon forget): ends what is under way for
// them in this process too. Asks the store once a second.
#ifndef WEMOON_BOT_FORGOTTEN_H
#define WEMOON_BOT_FORGOTTEN_H

#include "bot/pool.h"
#include "script/conversation.h"
#include "store/store.h"

typedef struct Forgotten Forgotten;

// `store`, `account` and `shared` outlive the result. Returns NULL without memory.
Forgotten *forgotten_new(Store *store, Str account, BotShared *shared);
// Sets the pool of the scripts. Call it before the first forgotten_look; the pool outlives the last one.
void forgotten_set_pool(Forgotten *forgotten, Pool *pool);
void forgotten_free(Forgotten *forgotten);  // waits for the store's reply; NULL is allowed
// Asks the store when due. Call it from one thread; does not wait.
void forgotten_look(Forgotten *forgotten, int64_t now_us);

#endif
