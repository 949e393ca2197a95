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

// Appends; keeps the slices without copying them. False without memory.
bool pairs_add(Pairs *pairs, Arena *arena, Str name, Str value);
// The number of pairs with that name; *value, unless NULL, is set to the first one's value.
size_t pairs_get(const Pairs *pairs, Str name, Str *value);
// The same without regard to ASCII case (headers).
size_t pairs_get_nocase(const Pairs *pairs, Str name, Str *value);

#endif
