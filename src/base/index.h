// Numbers found by a hash: the index of an array whose owner keeps the things themselves. Eight bytes a
// number, side by side, so that one which is not there is missed without a look at any thing. It compares
// hashes; the owner compares things. One thread at a time.
#ifndef WEMOON_BASE_INDEX_H
#define WEMOON_BASE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INDEX_NONE = UINT32_MAX };

typedef struct {
  uint32_t hash, number;  // INDEX_NONE: free
} IndexSlot;

typedef struct {
  IndexSlot *slots;  // a power of two of them, half of which are free; NULL: nothing was ever added
  uint32_t mask, count;
} Index;

void index_init(Index *index);   // empty; allocates nothing
void index_clear(Index *index);  // frees; as after index_init
// False: no memory; nothing has changed. `number` is below INDEX_NONE. A hash may have several.
bool index_add(Index *index, uint32_t hash, uint32_t number);
// Of a pair that was added.
void index_remove(Index *index, uint32_t hash, uint32_t number);
// The numbers of a hash, one after the other, then INDEX_NONE. *at is the hash itself at first:
//   for (uint32_t at = hash; (number = index_next(index, hash, &at)) != INDEX_NONE;)
static inline uint32_t index_next(const Index *index, uint32_t hash, uint32_t *at) {
  if (!index->slots) return INDEX_NONE;
  for (;;) {
    const IndexSlot *slot = &index->slots[(*at)++ & index->mask];
    if (slot->number == INDEX_NONE || slot->hash == hash) return slot->number;
  }
}

#endif
