// Places in buckets by user, in the order of arrival.
#include "script/late_order.h"

#include <stdlib.h>

#include "base/mutex.h"
#include "engine/wait.h"

enum { BUCKETS = 1024 };

struct LatePlace {
  LateOrder *order;
  LatePlace *next;
  int holders;  // under the mutex
  Wait *wait;   // finished once this is the user's first place; NULL: none
  uint64_t hash;
  size_t openid_len;
  char openid[];
};

struct LateOrder {
  pthread_mutex_t mutex;
  LatePlace *buckets[BUCKETS];
};

LateOrder *late_order_new(void) {
  LateOrder *order = calloc(1, sizeof *order);
  if (order) mutex_init_brief(&order->mutex);
  return order;
}

void late_order_free(LateOrder *order) {
  if (!order) return;
  pthread_mutex_destroy(&order->mutex);
  free(order);
}

static LatePlace *make(LateOrder *order, Str openid) {
  LatePlace *place = malloc(sizeof *place + openid.len);
  if (!place) return NULL;
  *place = (LatePlace){
    .order = order, .holders = 1, .hash = str_hash(openid, 0), .openid_len = openid.len
  };
  if (openid.len) memcpy(place->openid, openid.ptr, openid.len);
  return place;
}

LatePlace *late_order_enter(LateOrder *order, Str openid) {
  LatePlace *place = make(order, openid);
  if (!place) return NULL;
  pthread_mutex_lock(&order->mutex);
  LatePlace **end = &order->buckets[place->hash % BUCKETS];
  while (*end) end = &(*end)->next;
  *end = place;
  pthread_mutex_unlock(&order->mutex);
  return place;
}

LatePlace *late_order_hold(LatePlace *place) {
  if (!place) return NULL;
  pthread_mutex_lock(&place->order->mutex);
  place->holders++;
  pthread_mutex_unlock(&place->order->mutex);
  return place;
}

static bool same_user(const LatePlace *a, const LatePlace *b) {
  return a->hash == b->hash &&
         str_eq(str_make(a->openid, a->openid_len), str_make(b->openid, b->openid_len));
}

// Returns the user's first place from `from` on.
static LatePlace *first_of(LatePlace *from, const LatePlace *user) {
  while (from && !same_user(from, user)) from = from->next;
  return from;
}

bool late_order_await(LatePlace *place, Wait *wait) {
  LateOrder *order = place->order;
  pthread_mutex_lock(&order->mutex);
  bool first = first_of(order->buckets[place->hash % BUCKETS], place) == place;
  if (!first) place->wait = wait;
  pthread_mutex_unlock(&order->mutex);
  return first;
}

// With the mutex held: takes the place out. Returns the wait of the place that is the first one
// now; NULL if there is none.
static Wait *take_out(LatePlace *place) {
  LatePlace **link = &place->order->buckets[place->hash % BUCKETS];
  while (*link != place) link = &(*link)->next;
  *link = place->next;
  LatePlace *next = first_of(place->order->buckets[place->hash % BUCKETS], place);
  Wait *wait = next ? next->wait : NULL;
  if (next) next->wait = NULL;
  return wait;
}

void late_order_leave(LatePlace *place) {
  if (!place) return;
  LateOrder *order = place->order;
  pthread_mutex_lock(&order->mutex);
  bool last = --place->holders == 0;
  Wait *own = last ? place->wait : NULL, *next = last ? take_out(place) : NULL;
  pthread_mutex_unlock(&order->mutex);
  if (last) free(place);
  if (own) wait_finish(own, NULL, NULL, NULL);  // its task has ended
  if (next) wait_finish(next, NULL, NULL, NULL);
}
