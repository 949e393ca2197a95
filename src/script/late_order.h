// The order in which one user's late answers are sent: the order of the user's messages. A message takes a place once
// its script waits, and keeps the place until its answer is sent or cannot be late any more. Among processes that share
// a store the order is that in which the messages were late.
#ifndef WEMOON_SCRIPT_LATE_ORDER_H
#define WEMOON_SCRIPT_LATE_ORDER_H

#include <stdbool.h>

#include "script/keep.h"

struct Wait;  // engine/wait.h

typedef struct LateOrder LateOrder;
typedef struct LatePlace LatePlace;

// `store` and `keep` outlive it; `account`: account_name. A NULL `keep`: no other process answers these users. NULL
// without memory.
LateOrder *late_order_new(Store *store, Str account, const Keep *keep);
void late_order_free(LateOrder *order);  // all places must have been left; NULL is allowed
// Returns a place after all others of that user. `identity` is that of the message; empty: it answers none. NULL
// without memory.
LatePlace *late_order_enter(LateOrder *order, Str openid, Str identity);
LatePlace *late_order_hold(LatePlace *place);  // adds a late_order_leave; NULL is allowed
// Enters the place in the store, and those before it: its answer is late. Does nothing if it is there, or nobody else
// has the store open. NULL is allowed.
void late_order_share(LatePlace *place);
// Returns true if the place is the user's first. Otherwise returns false, and finishes `wait`, without results, once it
// is. Shares the place.
bool late_order_await(LatePlace *place, struct Wait *wait);
// The last call removes the place; NULL is allowed. `goes_on`: another process goes on with the answer, and takes over
// the place in the store.
void late_order_leave(LatePlace *place, bool goes_on);

#endif
