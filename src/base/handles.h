// Handles for objects that may end at any time: the handle of an object that has ended finds nothing, even after its
// slot was reused. One thread at a time.
#ifndef WEMOON_BASE_HANDLES_H
#define WEMOON_BASE_HANDLES_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  void *thing;      // NULL: the slot is free
  uint32_t number;  // how often the slot was used
  uint32_t next;    // the next free slot, plus one; 0 if there is none
} HandlePlace;

typedef struct {
  HandlePlace *places;
  uint32_t count, free;
} Handles;

void handles_init(Handles *handles);   // empty; allocates nothing
void handles_clear(Handles *handles);  // frees the slots, not the objects
// A handle other than 0, or 0 without memory. `thing` is not NULL.
uint64_t handles_add(Handles *handles, void *thing);
// The object, or NULL if it was removed or never added.
void *handles_get(const Handles *handles, uint64_t id);
void handles_remove(Handles *handles, uint64_t id);  // `id` is in use

#endif
