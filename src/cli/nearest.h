// "Did you mean": the name that a misspelt word is nearest to.
#ifndef WEMOON_CLI_NEAREST_H
#define WEMOON_CLI_NEAREST_H

#include "base/str.h"

typedef struct {
  Str word;          // what was typed
  const char *name;  // the nearest candidate so far; NULL: none is near enough
  size_t distance;
} Nearest;

static inline Nearest nearest_to(Str word) { return (Nearest){ .word = word }; }
// Offers a candidate. It counts when at most a third of the word's letters (one at least) were added, left
// out, replaced or swapped with their neighbours; letter case, '-' and '_' make no difference.
void nearest_try(Nearest *nearest, const char *candidate);

#endif
