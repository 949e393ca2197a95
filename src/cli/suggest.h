// "Did you mean": the name that a misspelt word is nearest to.
#ifndef WEMOON_CLI_SUGGEST_H
#define WEMOON_CLI_SUGGEST_H

#include "base/str.h"

typedef struct {
  Str word;          // what was typed
  const char *name;  // the nearest candidate so far; NULL: none is near enough
  size_t distance;
} Suggestion;

static inline Suggestion suggest_for(Str word) { return (Suggestion){ .word = word }; }
// Offers a candidate. It counts when at most a third of the word's letters (one at least) were added, left
// out, replaced or swapped with their neighbours; letter case, '-' and '_' make no difference.
void suggest_try(Suggestion *nearest, const char *candidate);

#endif
