// Open addressing with linear probing. A removal leaves no tombstone: the entries behind it move up.
#include "base/index.h"

#include <stdlib.h>
#include <string.h>

enum { FEWEST_SLOTS = 256 };

void index_init(Index *index) { *index = (Index){ .slots = NULL }; }

void index_clear(Index *index) {
  free(index->slots);
  index_init(index);
}

static void put(IndexSlot *slots, uint32_t mask, IndexSlot slot) {
  uint32_t at = slot.hash & mask;
  while (slots[at].number != INDEX_NONE) at = (at + 1) & mask;
  slots[at] = slot;
}

// False without memory: nothing was changed.
static bool resize(Index *index, size_t count) {
  size_t before = index->slots ? (size_t)index->mask + 1 : 0;
  IndexSlot *slots = malloc(count * sizeof *slots);
  if (!slots) return false;
  memset(slots, 0xff, count * sizeof *slots);
  for (size_t i = 0; i < before; i++) {
    if (index->slots[i].number != INDEX_NONE) put(slots, (uint32_t)count - 1, index->slots[i]);
  }
  free(index->slots);
  index->slots = slots;
  index->mask = (uint32_t)count - 1;
  return true;
}

static bool grow(Index *index) {
  return resize(index, index->slots ? ((size_t)index->mask + 1) * 2 : FEWEST_SLOTS);
}

void index_shrink(Index *index) {
  size_t count = index->slots ? (size_t)index->mask + 1 : 0, fewer = count;
  while (fewer > FEWEST_SLOTS && index->count <= fewer / 8) fewer /= 2;
  if (fewer < count) resize(index, fewer);
}

size_t index_bytes(const Index *index) {
  return index->slots ? ((size_t)index->mask + 1) * sizeof *index->slots : 0;
}

bool index_add(Index *index, uint32_t hash, uint32_t number) {
  if ((!index->slots || index->count > index->mask / 2) && !grow(index)) return false;
  put(index->slots, index->mask, (IndexSlot){ hash, number });
  index->count++;
  return true;
}

void index_remove(Index *index, uint32_t hash, uint32_t number) {
  IndexSlot *slots = index->slots;
  uint32_t mask = index->mask, gap = hash & mask;
  while (slots[gap].number != number) gap = (gap + 1) & mask;
  for (uint32_t at = (gap + 1) & mask; slots[at].number != INDEX_NONE; at = (at + 1) & mask) {
    uint32_t strayed = (at - slots[at].hash) & mask;  // its distance from its home slot
    if (strayed < ((at - gap) & mask)) continue;
    slots[gap] = slots[at];
    gap = at;
  }
  slots[gap].number = INDEX_NONE;
  index->count--;
}

void index_move(Index *index, uint32_t hash, uint32_t number, uint32_t to) {
  uint32_t at = hash & index->mask;
  while (index->slots[at].number != number) at = (at + 1) & index->mask;
  index->slots[at].number = to;
}
