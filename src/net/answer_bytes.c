// One sum for the whole process.
#include "net/answer_bytes.h"

#include <stdatomic.h>

static atomic_size_t held;

static bool add(size_t more) {
  size_t before = atomic_load_explicit(&held, memory_order_relaxed);
  do {
    if (before + more > ANSWER_BYTES_MAX) return false;
  } while (!atomic_compare_exchange_weak_explicit(&held, &before, before + more,
                                                  memory_order_relaxed, memory_order_relaxed));
  return true;
}

bool answer_bytes_hold(size_t *counted, size_t now) {
  if (now <= ANSWER_BYTES_SMALL) now = 0;
  if (now > *counted && !add(now - *counted)) return false;
  if (now < *counted) atomic_fetch_sub_explicit(&held, *counted - now, memory_order_relaxed);
  *counted = now;
  return true;
}
