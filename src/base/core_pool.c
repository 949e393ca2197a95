// Each core has one object in front, taken and put back with one atomic instruction, and a locked list behind it.
// It is correct, only slower, if the kernel moves a thread to another core in between.
#include "base/core_pool.h"

#include "base/mutex.h"

void core_pool_init(CorePool *pool) {
  *pool = (CorePool){ 0 };
  for (size_t i = 0; i < CORE_LISTS; i++) mutex_init_brief(&pool->list[i].mutex);
}

void core_pool_clear(CorePool *pool) {
  for (size_t i = 0; i < CORE_LISTS; i++) pthread_mutex_destroy(&pool->list[i].mutex);
}

static size_t count_behind(const CoreList *list) {
  return atomic_load_explicit(&list->count, memory_order_relaxed);
}

static void set_count(CoreList *list, size_t count) {
  atomic_store_explicit(&list->count, count, memory_order_relaxed);
}

static Pooled *take_behind(CoreList *list) {
  if (count_behind(list) == 0) return NULL;
  pthread_mutex_lock(&list->mutex);
  Pooled *thing = list->first;
  if (thing) {
    list->first = thing->next;
    set_count(list, count_behind(list) - 1);
  }
  pthread_mutex_unlock(&list->mutex);
  return thing;
}

static Pooled *take_from(CoreList *list) {
  Pooled *thing = NULL;
  if (atomic_load_explicit(&list->front, memory_order_relaxed))
    thing = atomic_exchange(&list->front, NULL);
  return thing ? thing : take_behind(list);
}

Pooled *core_pool_take_at(CorePool *pool, size_t core) {
  Pooled *thing = take_from(&pool->list[core]);
  for (size_t i = 1; !thing && i < CORE_LISTS; i++)
    thing = take_from(&pool->list[(core + i) % CORE_LISTS]);
  return thing;
}

Pooled *core_pool_take(CorePool *pool) { return core_pool_take_at(pool, cpu_index(CORE_LISTS)); }

static bool put_behind(CoreList *list, Pooled *thing, size_t most) {
  pthread_mutex_lock(&list->mutex);
  bool room = count_behind(list) < most;
  if (room) {
    thing->next = list->first;
    list->first = thing;
    set_count(list, count_behind(list) + 1);
  }
  pthread_mutex_unlock(&list->mutex);
  return room;
}

Pooled *core_pool_put_at(CorePool *pool, size_t core, Pooled *thing, size_t most) {
  CoreList *list = &pool->list[core];
  Pooled *before = atomic_exchange(&list->front, thing);
  return !before || put_behind(list, before, most - 1) ? NULL : before;
}

Pooled *core_pool_put(CorePool *pool, Pooled *thing, size_t most) {
  return core_pool_put_at(pool, cpu_index(CORE_LISTS), thing, most);
}
