// "Did you mean": finds the name nearest to a misspelt word.
#ifndef WEMOON_CLI_SUGGEST_H
#define WEMOON_CLI_SUGGEST_H

#include "base/str.h"

typedef struct {
  Str word;          // what was typed
  const char *name;  // the nearest candidate so far; NULL if none is near enough
  size_t distance;
} Suggestion;

static inline Suggestion suggest_for(Str word) { return (Suggestion){ .word = word }; }
// Offers a candidate. It counts if other tools call it by the word ("port" for "listen", "start" for "run"), or if at
// most a third of the word's letters (but at least one) were added, left out, replaced or swapped with a neighbour;
// case, '-' and '_' do not matter.
void suggest_try(Suggestion *nearest, const char *candidate);

#endif
