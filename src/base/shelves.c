// For each core one thing in front, which is taken and put back with one instruction, and a list with a lock
// behind it. A thread that is moved to another core in between is none the worse for it.
#include "base/shelves.h"

#include "base/mutex.h"

void shelves_init(Shelves *shelves) {
  *shelves = (Shelves){ 0 };
  for (size_t i = 0; i < SHELVES; i++) mutex_init_brief(&shelves->shelf[i].mutex);
}

void shelves_clear(Shelves *shelves) {
  for (size_t i = 0; i < SHELVES; i++) pthread_mutex_destroy(&shelves->shelf[i].mutex);
}

static size_t count_behind(const Shelf *shelf) {
  return atomic_load_explicit(&shelf->count, memory_order_relaxed);
}

static void set_count(Shelf *shelf, size_t count) {
  atomic_store_explicit(&shelf->count, count, memory_order_relaxed);
}

static Shelved *take_behind(Shelf *shelf) {
  if (count_behind(shelf) == 0) return NULL;
  pthread_mutex_lock(&shelf->mutex);
  Shelved *thing = shelf->first;
  if (thing) {
    shelf->first = thing->next;
    set_count(shelf, count_behind(shelf) - 1);
  }
  pthread_mutex_unlock(&shelf->mutex);
  return thing;
}

static Shelved *take_from(Shelf *shelf) {
  Shelved *thing = NULL;
  if (atomic_load_explicit(&shelf->front, memory_order_relaxed))
    thing = atomic_exchange(&shelf->front, NULL);
  return thing ? thing : take_behind(shelf);
}

Shelved *shelves_take(Shelves *shelves) {
  size_t core = cpu_index(SHELVES);
  Shelved *thing = take_from(&shelves->shelf[core]);
  for (size_t i = 1; !thing && i < SHELVES; i++)
    thing = take_from(&shelves->shelf[(core + i) % SHELVES]);
  return thing;
}

static bool put_behind(Shelf *shelf, Shelved *thing, size_t most) {
  pthread_mutex_lock(&shelf->mutex);
  bool room = count_behind(shelf) < most;
  if (room) {
    thing->next = shelf->first;
    shelf->first = thing;
    set_count(shelf, count_behind(shelf) + 1);
  }
  pthread_mutex_unlock(&shelf->mutex);
  return room;
}

Shelved *shelves_put(Shelves *shelves, Shelved *thing, size_t most) {
  Shelf *shelf = &shelves->shelf[cpu_index(SHELVES)];
  Shelved *before = atomic_exchange(&shelf->front, thing);
  return !before || put_behind(shelf, before, most - 1) ? NULL : before;
}
