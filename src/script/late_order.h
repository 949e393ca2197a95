// The order in which one user's late answers are sent: the order of the user's messages. A message takes a place once
// its script waits, and keeps the place until its answer is sent or cannot be late any more.
#ifndef WEMOON_SCRIPT_LATE_ORDER_H
#define WEMOON_SCRIPT_LATE_ORDER_H

#include <stdbool.h>

#include "base/str.h"

struct Wait;  // engine/wait.h

typedef struct LateOrder LateOrder;
typedef struct LatePlace LatePlace;

LateOrder *late_order_new(void);         // NULL without memory
void late_order_free(LateOrder *order);  // all places must have been left; NULL is allowed
// Returns a place after all others of that user. NULL without memory.
LatePlace *late_order_enter(LateOrder *order, Str openid);
LatePlace *late_order_hold(LatePlace *place);  // adds a late_order_leave; NULL is allowed
// Returns true if the place is the user's first. Otherwise returns false, and finishes `wait`, without results, once it
// is.
bool late_order_await(LatePlace *place, struct Wait *wait);
void late_order_leave(LatePlace *place);  // the last call removes the place; NULL is allowed

#endif
