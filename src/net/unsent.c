#include "net/unsent.h"

void unsent_init(UnsentList *list, size_t most) {
  *list = (UnsentList){ .most = most < UNSENT_MOST ? most : UNSENT_MOST };
  TAILQ_INIT(&list->items);
}

void unsent_add(UnsentList *list, Unsent *unsent, size_t bytes) {
  TAILQ_INSERT_TAIL(&list->items, unsent, entry);
  unsent->bytes = bytes;
  unsent->is_listed = true;
  list->bytes += bytes;
  list->count++;
}

void unsent_remove(UnsentList *list, Unsent *unsent) {
  if (!unsent->is_listed) return;
  TAILQ_REMOVE(&list->items, unsent, entry);
  unsent->is_listed = false;
  list->bytes -= unsent->bytes;
  list->count--;
}

Unsent *unsent_excess(const UnsentList *list) {
  bool is_excess = list->bytes > UNSENT_BYTES_MOST || list->count > list->most;
  return is_excess && list->count > 1 ? TAILQ_FIRST(&list->items) : NULL;
}
