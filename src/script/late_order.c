// Places in buckets by user, in the order of arrival.
#include "script/late_order.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mutex.h"
#include "engine/wait.h"
#include "script/late_shared.h"

enum { BUCKETS = 1024 };

struct LatePlace {
  LateOrder *order;
  LatePlace *next;
  // Under the mutex:
  int holders;           // 0: the place was left
  bool entered, shared;  // entered in the store; which has it, as far as known
  bool looks;            // late_shared_await is under way
  bool first;            // this place was found to be the first
  bool goes_on;
  Wait *wait;  // finished once this is the user's first place; NULL: none
  uint64_t hash;
  size_t openid_len, identity_len;
  char texts[];  // openid, then identity
};

struct LateOrder {
  LateShared *shared;
  // Held around the calls that change the store, so that the order there is the order here. Taken before `mutex`, which
  // is not held meanwhile: without memory such a call ends other looks at once, on this thread (on_first).
  pthread_mutex_t store_mutex;
  pthread_mutex_t mutex;
  size_t shared_places;
  LatePlace *buckets[BUCKETS];
};

static bool has(void *order, Str openid, Str identity);

LateOrder *late_order_new(Store *store, Str account, const Keep *keep) {
  LateOrder *order = calloc(1, sizeof *order);
  if (!order) return NULL;
  mutex_init_brief(&order->mutex);
  pthread_mutex_init(&order->store_mutex, NULL);
  if (!keep) return order;
  order->shared = late_shared_new(&(LateSharedOptions){
      .store = store, .account = account, .keep = keep, .has = has, .ctx = order });
  if (order->shared) return order;
  late_order_free(order);
  return NULL;
}

void late_order_free(LateOrder *order) {
  if (!order) return;
  late_shared_free(order->shared);
  pthread_mutex_destroy(&order->store_mutex);
  pthread_mutex_destroy(&order->mutex);
  free(order);
}

static Str openid_of(const LatePlace *place) { return str_make(place->texts, place->openid_len); }

static Str identity_of(const LatePlace *place) {
  return str_make(place->texts + place->openid_len, place->identity_len);
}

static LatePlace *make(LateOrder *order, Str openid, Str identity) {
  LatePlace *place = malloc(sizeof *place + openid.len + identity.len);
  if (!place) return NULL;
  *place = (LatePlace){ .order = order,
                        .holders = 1,
                        .hash = str_hash(openid, 0),
                        .openid_len = openid.len,
                        .identity_len = identity.len };
  if (openid.len) memcpy(place->texts, openid.ptr, openid.len);
  if (identity.len) memcpy(place->texts + openid.len, identity.ptr, identity.len);
  return place;
}

LatePlace *late_order_enter(LateOrder *order, Str openid, Str identity) {
  LatePlace *place = make(order, openid, identity);
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
  return a->hash == b->hash && str_eq(openid_of(a), openid_of(b));
}

// Returns the user's first place from `from` on.
static LatePlace *first_of(LatePlace *from, const LatePlace *user) {
  while (from && !same_user(from, user)) from = from->next;
  return from;
}

static LatePlace *first_place(const LatePlace *user) {
  return first_of(user->order->buckets[user->hash % BUCKETS], user);
}

// ---- the store ----------------------------------------------------------------------------------

// Returns the first place of the user, up to `last`, that has not entered the store and can. NULL: all have.
static LatePlace *find_outside(LatePlace *last) {
  pthread_mutex_lock(&last->order->mutex);
  LatePlace *one = first_place(last);
  while (one != last && (one->entered || !one->identity_len)) one = first_of(one->next, last);
  bool enters = !one->entered && one->identity_len > 0;
  pthread_mutex_unlock(&last->order->mutex);
  return enters ? one : NULL;
}

static void enter(LatePlace *place) {
  LateOrder *order = place->order;
  late_shared_enter(order->shared, openid_of(place), identity_of(place));
  pthread_mutex_lock(&order->mutex);
  place->entered = place->shared = true;
  order->shared_places++;
  pthread_mutex_unlock(&order->mutex);
}

// Of a process that has just left, answers may still be in the store.
static bool is_to_enter(LatePlace *place) {
  LateOrder *order = place->order;
  if (!order->shared) return false;
  pthread_mutex_lock(&order->mutex);
  bool entered = place->entered, others = order->shared_places > 0;
  pthread_mutex_unlock(&order->mutex);
  return !entered && (others || late_shared_is_needed(order->shared));
}

// The places before this one enter first. A place counts as entered once its change of the store has begun: another
// thread's look at it must come behind that change. No place is freed while store_mutex is held.
void late_order_share(LatePlace *place) {
  if (!place || !is_to_enter(place)) return;
  pthread_mutex_lock(&place->order->store_mutex);
  for (LatePlace *one; (one = find_outside(place));) enter(one);
  pthread_mutex_unlock(&place->order->store_mutex);
}

// For LateSharedOptions.has.
static bool has(void *ctx, Str openid, Str identity) {
  LateOrder *order = ctx;
  pthread_mutex_lock(&order->mutex);
  LatePlace *one = order->buckets[str_hash(openid, 0) % BUCKETS];
  while (one && !(str_eq(openid_of(one), openid) && str_eq(identity_of(one), identity)))
    one = one->next;
  pthread_mutex_unlock(&order->mutex);
  return one;
}

// Where the store does not have the place, the order here alone decides.
static void on_first(void *ctx, bool known) {
  LatePlace *place = ctx;
  pthread_mutex_lock(&place->order->mutex);
  place->looks = false;
  place->shared = known;
  bool gone = place->holders == 0, first = known || gone || first_place(place) == place;
  Wait *wait = first ? place->wait : NULL;
  place->first = first;
  if (first) place->wait = NULL;
  pthread_mutex_unlock(&place->order->mutex);
  if (gone) free(place);
  if (wait) wait_finish(wait, NULL, NULL, NULL);
}

static void look(LatePlace *place) {
  LateShared *shared = place->order->shared;
  if (!late_shared_await(shared, openid_of(place), identity_of(place), on_first, place))
    on_first(place, false);
}

// ---- waiting and leaving ------------------------------------------------------------------------

bool late_order_await(LatePlace *place, Wait *wait) {
  LateOrder *order = place->order;
  late_order_share(place);
  pthread_mutex_lock(&order->mutex);
  bool asks = place->shared && !place->first;
  bool first = place->first || (!asks && first_place(place) == place);
  bool looks = asks && !place->looks;
  if (looks) place->looks = true;
  if (!first) place->wait = wait;
  pthread_mutex_unlock(&order->mutex);
  if (looks) look(place);
  return first;
}

// With the mutex held: takes the place out. Returns the wait of the place that is the first one now; NULL if there is
// none, or the store decides.
static Wait *take_out(LatePlace *place) {
  LatePlace **link = &place->order->buckets[place->hash % BUCKETS];
  while (*link != place) link = &(*link)->next;
  *link = place->next;
  LatePlace *next = first_place(place);
  if (!next || next->looks) return NULL;
  Wait *wait = next->wait;
  next->wait = NULL;
  return wait;
}

// With the mutex held, for a place that nobody holds: returns its wait, whose task has ended.
static Wait *end_place(LatePlace *place) {
  Wait *wait = place->wait;
  place->wait = NULL;
  if (place->entered) place->order->shared_places--;
  return wait;
}

// Returns whether the place is left for good, and has to leave the store. Nobody adds a hold to the last one.
static bool leaves_store(LatePlace *place, bool goes_on) {
  pthread_mutex_lock(&place->order->mutex);
  place->goes_on = place->goes_on || goes_on;
  bool leaves = place->holders == 1 && place->entered && !place->goes_on;
  pthread_mutex_unlock(&place->order->mutex);
  return leaves;
}

void late_order_leave(LatePlace *place, bool goes_on) {
  if (!place) return;
  LateOrder *order = place->order;
  pthread_mutex_lock(&order->store_mutex);
  if (leaves_store(place, goes_on))
    late_shared_leave(order->shared, openid_of(place), identity_of(place));
  pthread_mutex_lock(&order->mutex);
  bool last = --place->holders == 0, unused = last && !place->looks;
  Wait *own = last ? end_place(place) : NULL, *next = last ? take_out(place) : NULL;
  pthread_mutex_unlock(&order->mutex);
  pthread_mutex_unlock(&order->store_mutex);
  if (unused) free(place);
  if (own) wait_finish(own, NULL, NULL, NULL);
  if (next) wait_finish(next, NULL, NULL, NULL);
}
