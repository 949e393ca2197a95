// A list and a lock for each core. A thread that is moved between the look and the lock is none the worse for
// it.
#include "base/shelves.h"

#include "base/mutex.h"

void shelves_init(Shelves *shelves) {
  *shelves = (Shelves){ 0 };
  for (size_t i = 0; i < SHELVES; i++) mutex_init_brief(&shelves->shelf[i].mutex);
}

void shelves_clear(Shelves *shelves) {
  for (size_t i = 0; i < SHELVES; i++) pthread_mutex_destroy(&shelves->shelf[i].mutex);
}

static size_t count_on(Shelves *shelves, size_t core) {
  return atomic_load_explicit(&shelves->shelf[core].count, memory_order_relaxed);
}

static void set_count(Shelves *shelves, size_t core, size_t count) {
  atomic_store_explicit(&shelves->shelf[core].count, count, memory_order_relaxed);
}

static Shelved *take_from(Shelves *shelves, size_t core) {
  if (count_on(shelves, core) == 0) return NULL;
  pthread_mutex_lock(&shelves->shelf[core].mutex);
  Shelved *thing = shelves->shelf[core].first;
  if (thing) {
    shelves->shelf[core].first = thing->next;
    set_count(shelves, core, count_on(shelves, core) - 1);
  }
  pthread_mutex_unlock(&shelves->shelf[core].mutex);
  return thing;
}

Shelved *shelves_take(Shelves *shelves) {
  size_t core = cpu_index(SHELVES);
  Shelved *thing = take_from(shelves, core);
  for (size_t i = 1; !thing && i < SHELVES; i++) thing = take_from(shelves, (core + i) % SHELVES);
  return thing;
}

bool shelves_put(Shelves *shelves, Shelved *thing, size_t most) {
  size_t core = cpu_index(SHELVES);
  pthread_mutex_lock(&shelves->shelf[core].mutex);
  bool room = count_on(shelves, core) < most;
  if (room) {
    thing->next = shelves->shelf[core].first;
    shelves->shelf[core].first = thing;
    set_count(shelves, core, count_on(shelves, core) + 1);
  }
  pthread_mutex_unlock(&shelves->shelf[core].mutex);
  return room;
}
