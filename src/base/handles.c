// An array of slots, the free ones in a list. The upper half of a handle counts how often its slot was used.
#include "base/handles.h"

#include <stdlib.h>

void handles_init(Handles *handles) { *handles = (Handles){ 0 }; }

void handles_clear(Handles *handles) {
  free(handles->places);
  handles_init(handles);
}

static bool grow(Handles *handles) {
  uint32_t count = handles->count ? 2 * handles->count : 16;
  HandlePlace *places =
      count > handles->count ? realloc(handles->places, count * sizeof *places) : NULL;
  if (!places) return false;
  for (uint32_t i = handles->count; i < count; i++)
    places[i] = (HandlePlace){ .next = i + 1 < count ? i + 2 : 0 };
  handles->free = handles->count + 1;
  handles->places = places;
  handles->count = count;
  return true;
}

uint64_t handles_add(Handles *handles, void *thing) {
  if (!handles->free && !grow(handles)) return 0;
  uint32_t at = handles->free;
  HandlePlace *place = &handles->places[at - 1];
  handles->free = place->next;
  place->thing = thing;
  place->number++;
  return (uint64_t)place->number << 32 | at;
}

void *handles_get(const Handles *handles, uint64_t id) {
  uint32_t at = (uint32_t)id;
  if (at == 0 || at > handles->count) return NULL;
  const HandlePlace *place = &handles->places[at - 1];
  return place->number == id >> 32 ? place->thing : NULL;
}

void handles_remove(Handles *handles, uint64_t id) {
  uint32_t at = (uint32_t)id;
  HandlePlace *place = &handles->places[at - 1];
  place->thing = NULL;
  place->next = handles->free;
  handles->free = at;
}
