// A table of the users' first messages; the others hang behind them.
#include "bot/user_lines.h"

#include "base/mutex.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { BUCKETS = 1024 };

struct UserLines {
  pthread_mutex_t mutex;
  atomic_size_t users;  // who have a line: mostly none
  UserPlace *buckets[BUCKETS];
};

UserLines *user_lines_new(void) {
  UserLines *lines = calloc(1, sizeof *lines);
  if (lines) mutex_init_brief(&lines->mutex);
  return lines;
}

void user_lines_free(UserLines *lines) {
  if (!lines) return;
  pthread_mutex_destroy(&lines->mutex);
  free(lines);
}

// Returns the link to the user's first message, or the one at which it is to be added. With the mutex held.
static UserPlace **find(UserLines *lines, Str user) {
  UserPlace **link = &lines->buckets[str_hash(user, 0) % BUCKETS];
  while (*link && !str_eq((*link)->user, user)) link = &(*link)->other;
  return link;
}

bool user_lines_has(UserLines *lines, Str user) {
  if (atomic_load_explicit(&lines->users, memory_order_relaxed) == 0) return false;
  pthread_mutex_lock(&lines->mutex);
  bool has = *find(lines, user) != NULL;
  pthread_mutex_unlock(&lines->mutex);
  return has;
}

bool user_lines_join(UserLines *lines, UserPlace *place, Str user) {
  place->user = user;
  place->is_in = true;
  place->has_begun = false;
  place->behind = place->other = NULL;
  pthread_mutex_lock(&lines->mutex);
  UserPlace **link = find(lines, user), *first = *link;
  if (first) {
    first->last->behind = place;
    first->last = place;
  } else {
    place->last = *link = place;
    atomic_fetch_add_explicit(&lines->users, 1, memory_order_relaxed);
  }
  pthread_mutex_unlock(&lines->mutex);
  return !first;
}

// With the mutex held, as below.
static UserPlace *take_first(UserLines *lines, UserPlace **link) {
  UserPlace *place = *link, *next = place->behind;
  if (next) {
    next->last = place->last;
    next->other = place->other;
    *link = next;
  } else {
    *link = place->other;
    atomic_fetch_sub_explicit(&lines->users, 1, memory_order_relaxed);
  }
  place->is_in = place->has_begun = false;
  return next;
}

UserPlace *user_lines_leave(UserLines *lines, UserPlace *place) {
  pthread_mutex_lock(&lines->mutex);
  UserPlace *next = place->is_in ? take_first(lines, find(lines, place->user)) : NULL;
  pthread_mutex_unlock(&lines->mutex);
  return next;
}

static void set_begun(UserLines *lines, UserPlace *place, bool has_begun) {
  pthread_mutex_lock(&lines->mutex);
  place->has_begun = has_begun;
  pthread_mutex_unlock(&lines->mutex);
}

void user_lines_begin(UserLines *lines, UserPlace *place) { set_begun(lines, place, true); }

void user_lines_wait_on(UserLines *lines, UserPlace *place) { set_begun(lines, place, false); }

static UserPlace **find_begun(UserLines *lines, bool (*fits)(const UserPlace *place)) {
  for (size_t i = 0; i < BUCKETS; i++) {
    for (UserPlace **link = &lines->buckets[i]; *link; link = &(*link)->other)
      if ((*link)->has_begun && fits(*link)) return link;
  }
  return NULL;
}

bool user_lines_take_begun(UserLines *lines, bool (*fits)(const UserPlace *place),
                           UserPlace **next) {
  if (atomic_load_explicit(&lines->users, memory_order_relaxed) == 0) return false;
  pthread_mutex_lock(&lines->mutex);
  UserPlace **link = find_begun(lines, fits);
  *next = link ? take_first(lines, link) : NULL;
  pthread_mutex_unlock(&lines->mutex);
  return link != NULL;
}
