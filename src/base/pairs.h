// An ordered list of names and values: query parameters, headers, form fields, settings.
#ifndef WEMOON_BASE_PAIRS_H
#define WEMOON_BASE_PAIRS_H

#include "base/arena.h"

typedef struct Pair {
  Str name, value;
  struct Pair *next;
} Pair;

typedef struct {
  Pair *first, *last;
  size_t count;
} Pairs;

// Appends; the slices are kept as they are, not copied. False without memory.
bool pairs_add(Pairs *pairs, Arena *arena, Str name, Str value);
// How many pairs carry `name`; *value, where not NULL, is the first one's.
size_t pairs_get(const Pairs *pairs, Str name, Str *value);
// The same, names compared without ASCII case (headers).
size_t pairs_get_nocase(const Pairs *pairs, Str name, Str *value);

#endif
