// The order in which one user's late answers go out: that of the user's messages. A message takes a place once its
// script waits, and keeps it until its answer is out, or will never be late.
#ifndef WEMOON_SCRIPT_LATE_ORDER_H
#define WEMOON_SCRIPT_LATE_ORDER_H

#include <stdbool.h>

#include "base/str.h"

struct Wait;  // engine/wait.h

typedef struct LateOrder LateOrder;
typedef struct LatePlace LatePlace;

LateOrder *late_order_new(void);         // NULL without memory
void late_order_free(LateOrder *order);  // every place has been left; NULL is allowed
// A place behind all others of that user. NULL without memory.
LatePlace *late_order_enter(LateOrder *order, Str openid);
LatePlace *late_order_hold(LatePlace *place);  // to be left once more; NULL is allowed
// True: no message of the user is before it. False: `wait`, which gets no results, is finished once that is so.
bool late_order_await(LatePlace *place, struct Wait *wait);
void late_order_leave(LatePlace *place);  // the last one gives it up; NULL is allowed

#endif
