// Two sums for the whole process.
#include "net/answer_bytes.h"

#include <stdatomic.h>

static atomic_size_t texts, documents;

static bool add(atomic_size_t *sum, size_t more, size_t max) {
  size_t before = atomic_load_explicit(sum, memory_order_relaxed);
  do {
    if (before > max || more > max - before) return false;
  } while (!atomic_compare_exchange_weak_explicit(sum, &before, before + more, memory_order_relaxed,
                                                  memory_order_relaxed));
  return true;
}

static bool hold(atomic_size_t *sum, size_t *counted, size_t now, size_t max) {
  if (now > *counted && !add(sum, now - *counted, max)) return false;
  if (now < *counted) atomic_fetch_sub_explicit(sum, *counted - now, memory_order_relaxed);
  *counted = now;
  return true;
}

bool answer_bytes_hold(size_t *counted, size_t now) {
  return hold(&texts, counted, now > ANSWER_BYTES_SMALL ? now : 0, ANSWER_BYTES_MAX);
}

bool answer_json_hold(size_t *counted, size_t now) {
  size_t spare = now <= ANSWER_JSON_SMALL ? ANSWER_JSON_SPARE : 0;
  return hold(&documents, counted, now, ANSWER_JSON_MAX + spare);
}
