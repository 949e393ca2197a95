// A hash index over an array that its owner keeps: it maps hashes to positions in the array. It takes eight bytes an
// entry and compares hashes alone; the owner compares the elements. One thread at a time.
#ifndef WEMOON_BASE_INDEX_H
#define WEMOON_BASE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INDEX_NONE = UINT32_MAX };

typedef struct {
  uint32_t hash, number;  // number INDEX_NONE: free
} IndexSlot;

typedef struct {
  IndexSlot *slots;  // a power of two, at least half of them free; NULL: empty
  uint32_t mask, count;
} Index;

void index_init(Index *index);   // empty; allocates nothing
void index_clear(Index *index);  // frees; as after index_init
// `number` is below INDEX_NONE; a hash may have several numbers. False without memory: nothing was changed.
bool index_add(Index *index, uint32_t hash, uint32_t number);
// The pair was added before.
void index_remove(Index *index, uint32_t hash, uint32_t number);
// The pair was added before: its element has moved from `number` to `to`.
void index_move(Index *index, uint32_t hash, uint32_t number, uint32_t to);
// Gives back memory that many removals have left unused.
void index_shrink(Index *index);
size_t index_bytes(const Index *index);  // what it takes
// The numbers of a hash, one per call, then INDEX_NONE. *at begins as the hash:
//   for (uint32_t at = hash; (number = index_next(index, hash, &at)) != INDEX_NONE;)
static inline uint32_t index_next(const Index *index, uint32_t hash, uint32_t *at) {
  if (!index->slots) return INDEX_NONE;
  for (;;) {
    const IndexSlot *slot = &index->slots[(*at)++ & index->mask];
    if (slot->number == INDEX_NONE || slot->hash == hash) return slot->number;
  }
}

#endif
