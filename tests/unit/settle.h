// For tests of what writes to a store without waiting.
#ifndef WEMOON_TESTS_SETTLE_H
#define WEMOON_TESTS_SETTLE_H

#include "store/store.h"

// Waits until earlier calls are done, and the calls that their replies cause: the store's calls end in order.
static inline void settle(Store *store) {
  for (int i = 0; i < 8; i++)
    store_reply_free(
        store_call_wait(store, &(StoreCall){ .op = STORE_GET, .key = STR("x") }, NULL));
}

#endif
