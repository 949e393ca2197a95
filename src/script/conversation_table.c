// The table of conversations in memory: which scripts wait for which user.
#include "script/conversation_inner.h"

#include "base/mutex.h"

#include <stdlib.h>

enum { BUCKETS = 4096 };

struct BusyUser {
  const Interpreter *in;
  Conversations *conversations;
  BusyUser *next;  // in its bucket
  bool listed, events;
  uint32_t hash;
  size_t openid_len;
  char openid[];
};

struct Conversations {
  pthread_mutex_t mutex;
  atomic_size_t count;
  atomic_size_t known;  // conversations and busy users
  uint64_t counts;      // number of counts of interpreters so far
  Conversation *buckets[BUCKETS];
  BusyUser *busy[BUCKETS];
  Conversation *cut_off;
};

Conversations *conversations_new(void) {
  Conversations *conversations = calloc(1, sizeof *conversations);
  if (conversations) mutex_init_brief(&conversations->mutex);
  return conversations;
}

void conversations_free(Conversations *conversations) {
  if (!conversations) return;
  pthread_mutex_destroy(&conversations->mutex);
  free(conversations);
}

size_t conversations_count(const Conversations *conversations) {
  return atomic_load_explicit(&((Conversations *)conversations)->count, memory_order_relaxed);
}

uint32_t conversation_hash(Str openid) { return (uint32_t)str_hash(openid, 0); }

void conversation_release(Conversation *conversation) {
  if (atomic_fetch_sub_explicit(&conversation->holders, 1, memory_order_acq_rel) != 1) return;
  busy_user_free(conversation->busy);
  buf_clear(&conversation->claim);
  free(conversation);
}

static bool is_of(const Conversation *conversation, uint32_t hash, Str openid) {
  return conversation->hash == hash &&
         str_eq(str_make(conversation->texts, conversation->openid_len), openid);
}

// ---- busy users ---------------------------------------------------------------------------------

// With the mutex held, like list, unlist and is_busy.
static void begin_busy(BusyUser *busy) {
  if (!busy || busy->listed) return;
  BusyUser **bucket = &busy->conversations->busy[busy->hash % BUCKETS];
  busy->next = *bucket;
  *bucket = busy;
  busy->listed = true;
  atomic_fetch_add_explicit(&busy->conversations->known, 1, memory_order_relaxed);
}

static void end_busy(BusyUser *busy) {
  if (!busy || !busy->listed) return;
  BusyUser **link = &busy->conversations->busy[busy->hash % BUCKETS];
  while (*link != busy) link = &(*link)->next;
  *link = busy->next;
  busy->listed = false;
  atomic_fetch_sub_explicit(&busy->conversations->known, 1, memory_order_relaxed);
}

// A script that is stuck keeps nobody waiting once its interpreter was given up.
static bool is_busy(const Conversations *conversations, Str openid, bool is_event) {
  uint32_t hash = conversation_hash(openid);
  const BusyUser *one = conversations->busy[hash % BUCKETS];
  while (one && !(one->hash == hash && str_eq(str_make(one->openid, one->openid_len), openid) &&
                  (one->events || !is_event) && !engine_is_given_up(one->in->engine)))
    one = one->next;
  return one;
}

BusyUser *busy_user_new(const Interpreter *in, Str openid, bool events) {
  BusyUser *busy = malloc(sizeof *busy + openid.len);
  Conversations *conversations = in->options.shared->conversations;
  if (!busy) return NULL;
  *busy = (BusyUser){ .in = in,
                      .conversations = conversations,
                      .events = events,
                      .hash = conversation_hash(openid),
                      .openid_len = openid.len };
  if (openid.len) memcpy(busy->openid, openid.ptr, openid.len);
  pthread_mutex_lock(&conversations->mutex);
  begin_busy(busy);
  pthread_mutex_unlock(&conversations->mutex);
  return busy;
}

void busy_user_set_events(BusyUser *busy, bool events) {
  pthread_mutex_lock(&busy->conversations->mutex);
  busy->events = events;
  pthread_mutex_unlock(&busy->conversations->mutex);
}

void busy_user_free(BusyUser *busy) {
  if (!busy) return;
  pthread_mutex_lock(&busy->conversations->mutex);
  end_busy(busy);
  pthread_mutex_unlock(&busy->conversations->mutex);
  free(busy);
}

// ---- the table ----------------------------------------------------------------------------------

// With the mutex held: newest first.
static void list(Conversation *conversation) {
  Conversation **bucket = &conversation->conversations->buckets[conversation->hash % BUCKETS];
  conversation->next = *bucket;
  *bucket = conversation;
  conversation->listed = true;
  atomic_fetch_add_explicit(&conversation->conversations->count, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&conversation->conversations->known, 1, memory_order_relaxed);
  if (conversation->busy) conversation->busy->events = conversation->events;
  end_busy(conversation->busy);
}

static void unlist(Conversation *conversation) {
  Conversation **link = &conversation->conversations->buckets[conversation->hash % BUCKETS];
  while (*link != conversation) link = &(*link)->next;
  *link = conversation->next;
  conversation->listed = false;
  atomic_fetch_sub_explicit(&conversation->conversations->count, 1, memory_order_relaxed);
  atomic_fetch_sub_explicit(&conversation->conversations->known, 1, memory_order_relaxed);
  begin_busy(conversation->busy);
}

void conversation_add(Conversation *conversation) {
  pthread_mutex_lock(&conversation->conversations->mutex);
  list(conversation);
  pthread_mutex_unlock(&conversation->conversations->mutex);
}

bool conversation_take_out(Conversation *conversation) {
  pthread_mutex_lock(&conversation->conversations->mutex);
  bool listed = conversation->listed;
  if (listed) unlist(conversation);
  pthread_mutex_unlock(&conversation->conversations->mutex);
  return listed;
}

static void disarm(Conversation *conversation) {
  if (timer_remove(conversation->in->engine, &conversation->timer))
    conversation_release(conversation);
}

// ---- cut-off conversations ----------------------------------------------------------------------

void conversation_cut_off(Conversation *conversation) {
  pthread_mutex_lock(&conversation->conversations->mutex);
  end_busy(conversation->busy);
  conversation->next = conversation->conversations->cut_off;
  conversation->conversations->cut_off = conversation;
  pthread_mutex_unlock(&conversation->conversations->mutex);
}

Conversation *conversations_cut_off(Conversations *conversations) {
  pthread_mutex_lock(&conversations->mutex);
  Conversation *conversation = conversations->cut_off;
  conversations->cut_off = NULL;
  pthread_mutex_unlock(&conversations->mutex);
  return conversation;
}

// ---- search -------------------------------------------------------------------------------------

// With the mutex held.
static Conversation *find(const Conversations *conversations, Str openid, bool is_event) {
  uint32_t hash = conversation_hash(openid);
  Conversation *conversation = conversations->buckets[hash % BUCKETS];
  while (conversation &&
         !(is_of(conversation, hash, openid) && (conversation->events || !is_event)))
    conversation = conversation->next;
  return conversation;
}

Interpreter *conversations_find(Conversations *conversations, Str openid, bool is_event) {
  if (conversations_count(conversations) == 0) return NULL;
  pthread_mutex_lock(&conversations->mutex);
  const Conversation *conversation = find(conversations, openid, is_event);
  Interpreter *in = conversation ? interpreter_retain(conversation->in) : NULL;
  pthread_mutex_unlock(&conversations->mutex);
  return in;
}

Conversation *conversations_take(Conversations *conversations, Str openid, bool is_event,
                                 bool *busy) {
  if (busy) *busy = false;
  if (atomic_load_explicit(&conversations->known, memory_order_relaxed) == 0) return NULL;
  pthread_mutex_lock(&conversations->mutex);
  if (busy) *busy = is_busy(conversations, openid, is_event);
  Conversation *conversation = busy && *busy ? NULL : find(conversations, openid, is_event);
  if (conversation) unlist(conversation);
  pthread_mutex_unlock(&conversations->mutex);
  if (conversation) disarm(conversation);
  return conversation;
}

Conversation *conversations_take_where(Conversations *conversations,
                                       bool (*fits)(const Conversation *conversation,
                                                    const void *ctx),
                                       const void *ctx) {
  Conversation *found = NULL;
  pthread_mutex_lock(&conversations->mutex);
  for (size_t i = 0; i < BUCKETS && !found; i++) {
    found = conversations->buckets[i];
    while (found && !fits(found, ctx)) found = found->next;
  }
  if (found) unlist(found);
  pthread_mutex_unlock(&conversations->mutex);
  if (found) disarm(found);
  return found;
}

Conversation *conversations_take_oldest(Conversations *conversations, const Interpreter *in,
                                        size_t *count) {
  Conversation *oldest = NULL;
  *count = 0;
  pthread_mutex_lock(&conversations->mutex);
  for (size_t i = 0; i < BUCKETS; i++) {
    for (Conversation *one = conversations->buckets[i]; one; one = one->next) {
      if (one->in != in) continue;
      ++*count;
      if (!oldest || one->since_us < oldest->since_us) oldest = one;
    }
  }
  if (oldest) unlist(oldest);
  pthread_mutex_unlock(&conversations->mutex);
  if (oldest) disarm(oldest);
  return oldest;
}

int conversations_count_old(Conversations *conversations, Interpreter **oldest) {
  int count = 0;
  *oldest = NULL;
  pthread_mutex_lock(&conversations->mutex);
  conversations->counts++;
  for (size_t i = 0; i < BUCKETS; i++) {
    for (Conversation *conversation = conversations->buckets[i]; conversation;
         conversation = conversation->next) {
      if (!engine_is_retired(conversation->in->engine) ||
          conversation->in->counted_in == conversations->counts)
        continue;
      conversation->in->counted_in = conversations->counts;
      count++;
      if (!*oldest || conversation->in->number < (*oldest)->number) *oldest = conversation->in;
    }
  }
  pthread_mutex_unlock(&conversations->mutex);
  return count;
}

void conversations_each(Conversations *conversations,
                        bool (*each)(void *ctx, Conversation *conversation), void *ctx) {
  bool more = true;
  pthread_mutex_lock(&conversations->mutex);
  for (size_t i = 0; i < BUCKETS && more; i++) {
    for (Conversation *one = conversations->buckets[i]; one && more; one = one->next)
      more = each(ctx, one);
  }
  pthread_mutex_unlock(&conversations->mutex);
}
