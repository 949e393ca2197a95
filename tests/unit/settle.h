// For tests of what writes to a store without waiting.
#ifndef WEMOON_TESTS_SETTLE_H
#define WEMOON_TESTS_SETTLE_H

#include <unistd.h>

#include "store/store.h"

// Waits until earlier calls are done, and the calls that their replies cause: the store's calls end in order. One that
// this thread makes itself may end while the store's thread still tells of an earlier one. A store that is away is
// never quiet.
static inline void settle(Store *store) {
  for (int i = 0; i < 8; i++) {
    store_reply_free(
        store_call_wait(store, &(StoreCall){ .op = STORE_GET, .key = STR("x") }, NULL));
    for (int looks = 0; looks < 100 && !store_is_quiet(store); looks++) usleep(100);
  }
}

#endif
