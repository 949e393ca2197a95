#include "script/kept_users.h"

#include "base/mutex.h"
#include "engine/pack.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { BUCKETS = 1 << 10 };

typedef struct User {
  struct User *next;
  uint64_t hash;
  size_t count;  // answers
  bool seen;     // noted since the refresh began
  size_t len;
  char openid[];
} User;

struct KeptUsers {
  pthread_mutex_t mutex;
  User *buckets[BUCKETS];
  size_t count, answers;
  bool whole;        // every user in the store is in the index
  atomic_bool none;  // `whole`, and there is no user
};

static User **find(KeptUsers *users, Str openid) {
  uint64_t hash = str_hash(openid, 0);
  User **link = &users->buckets[hash % BUCKETS];
  while (*link &&
         !((*link)->hash == hash && str_eq(str_make((*link)->openid, (*link)->len), openid)))
    link = &(*link)->next;
  return link;
}

static void note_none(KeptUsers *users) {
  atomic_store_explicit(&users->none, users->whole && users->count == 0, memory_order_release);
}

static void take_out(KeptUsers *users, User **link) {
  User *user = *link;
  *link = user->next;
  users->count--;
  users->answers -= user->count;
  note_none(users);
  free(user);
}

static User *user_new(Str openid) {
  User *user = malloc(sizeof *user + openid.len);
  if (!user) return NULL;
  *user = (User){ .hash = str_hash(openid, 0), .len = openid.len };
  memcpy(user->openid, openid.ptr, openid.len);
  return user;
}

KeptUsers *kept_users_new(bool whole) {
  KeptUsers *users = calloc(1, sizeof *users);
  if (!users) return NULL;
  users->whole = whole;
  note_none(users);
  mutex_init_brief(&users->mutex);
  return users;
}

void kept_users_free(KeptUsers *users) {
  if (!users) return;
  for (size_t i = 0; i < BUCKETS; i++) {
    while (users->buckets[i]) take_out(users, &users->buckets[i]);
  }
  pthread_mutex_destroy(&users->mutex);
  free(users);
}

// With the mutex held. Without memory for a user, users are looked up in the store from now on.
static void note(KeptUsers *users, Str openid, size_t count) {
  User **link = find(users, openid);
  if (count == 0) {
    if (*link) take_out(users, link);
    return;
  }
  if (!*link) {
    *link = user_new(openid);
    users->count += *link != NULL;
    if (!*link) users->whole = false;
  }
  note_none(users);
  if (!*link) return;
  users->answers += count - (*link)->count;
  (*link)->count = count;
  (*link)->seen = true;
}

void kept_users_note(KeptUsers *users, Str openid, size_t count) {
  pthread_mutex_lock(&users->mutex);
  note(users, openid, count);
  pthread_mutex_unlock(&users->mutex);
}

void kept_users_expect(KeptUsers *users, Str openid) {
  pthread_mutex_lock(&users->mutex);
  User *user = *find(users, openid);
  if (user) user->seen = true;
  else note(users, openid, 1);
  pthread_mutex_unlock(&users->mutex);
}

bool kept_users_lacks(KeptUsers *users, Str openid) {
  if (atomic_load_explicit(&users->none, memory_order_acquire)) return true;
  pthread_mutex_lock(&users->mutex);
  bool lacks = users->whole && (users->count == 0 || !*find(users, openid));
  pthread_mutex_unlock(&users->mutex);
  return lacks;
}

size_t kept_users_answers(KeptUsers *users) {
  pthread_mutex_lock(&users->mutex);
  size_t answers = users->answers;
  pthread_mutex_unlock(&users->mutex);
  return answers;
}

void kept_users_begin_refresh(KeptUsers *users) {
  pthread_mutex_lock(&users->mutex);
  for (size_t i = 0; i < BUCKETS; i++) {
    for (User *user = users->buckets[i]; user; user = user->next) user->seen = false;
  }
  pthread_mutex_unlock(&users->mutex);
}

void kept_users_end_refresh(KeptUsers *users) {
  pthread_mutex_lock(&users->mutex);
  for (size_t i = 0; i < BUCKETS; i++) {
    User **link = &users->buckets[i];
    while (*link) {
      if ((*link)->seen) link = &(*link)->next;
      else take_out(users, link);
    }
  }
  users->whole = true;
  note_none(users);
  pthread_mutex_unlock(&users->mutex);
}

void kept_users_list(KeptUsers *users, size_t max, Buf *openids) {
  pthread_mutex_lock(&users->mutex);
  for (size_t i = 0; i < BUCKETS && max > 0; i++) {
    for (const User *user = users->buckets[i]; user && max > 0; user = user->next) {
      pack_str(openids, str_make(user->openid, user->len));
      max--;
    }
  }
  pthread_mutex_unlock(&users->mutex);
}
