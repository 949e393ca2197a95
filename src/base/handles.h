// Numbers for things that may end at any time: a number of one that has ended finds nothing, even after its
// place was given to another. One thread at a time.
#ifndef WEMOON_BASE_HANDLES_H
#define WEMOON_BASE_HANDLES_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  void *thing;      // or NULL: the place is free
  uint32_t number;  // how often the place was given away
  uint32_t next;    // free place after this one, plus one; 0 for none
} HandlePlace;

typedef struct {
  HandlePlace *places;
  uint32_t count, free;
} Handles;

void handles_init(Handles *handles);   // empty; allocates nothing
void handles_clear(Handles *handles);  // frees; the things stay
// A number that is not 0, or 0 without memory. `thing` is not NULL.
uint64_t handles_add(Handles *handles, void *thing);
// The thing, or NULL if it was removed or there never was one.
void *handles_get(const Handles *handles, uint64_t id);
void handles_remove(Handles *handles, uint64_t id);  // of one that is there

#endif
