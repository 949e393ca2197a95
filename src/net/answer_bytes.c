// Two sums for the whole process.
#include "net/answer_bytes.h"

#include <stdatomic.h>

typedef struct {
  size_t max;
  atomic_size_t held;
} Sum;

static Sum texts = { .max = ANSWER_BYTES_MAX }, documents = { .max = ANSWER_JSON_MAX };

static bool add(Sum *sum, size_t more) {
  size_t before = atomic_load_explicit(&sum->held, memory_order_relaxed);
  do {
    if (more > sum->max - before) return false;
  } while (!atomic_compare_exchange_weak_explicit(&sum->held, &before, before + more,
                                                  memory_order_relaxed, memory_order_relaxed));
  return true;
}

static bool hold(Sum *sum, size_t *counted, size_t now) {
  if (now > *counted && !add(sum, now - *counted)) return false;
  if (now < *counted) atomic_fetch_sub_explicit(&sum->held, *counted - now, memory_order_relaxed);
  *counted = now;
  return true;
}

bool answer_bytes_hold(size_t *counted, size_t now) {
  return hold(&texts, counted, now > ANSWER_BYTES_SMALL ? now : 0);
}

bool answer_json_hold(size_t *counted, size_t now) { return hold(&documents, counted, now); }
