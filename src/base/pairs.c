// An ordered list of names and values.
#include "base/pairs.h"

bool pairs_add(Pairs *pairs, Arena *arena, Str name, Str value) {
  Pair *pair = arena_alloc(arena, sizeof *pair);
  if (!pair) return false;
  *pair = (Pair){ .name = name, .value = value };
  if (pairs->last) pairs->last->next = pair;
  else pairs->first = pair;
  pairs->last = pair;
  pairs->count++;
  return true;
}

static size_t get(const Pairs *pairs, Str name, Str *value, bool (*equal)(Str, Str)) {
  size_t found = 0;
  for (const Pair *pair = pairs->first; pair; pair = pair->next) {
    if (!equal(pair->name, name)) continue;
    if (found++ == 0 && value) *value = pair->value;
  }
  return found;
}

size_t pairs_get(const Pairs *pairs, Str name, Str *value) {
  return get(pairs, name, value, str_eq);
}

size_t pairs_get_nocase(const Pairs *pairs, Str name, Str *value) {
  return get(pairs, name, value, str_eq_nocase);
}
