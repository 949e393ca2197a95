// Answers that are made, and whose clients have not taken all of them yet: a list with bounds, on one thread. Beyond
// them the oldest is to be given up: who reads at all has taken its answer long before a slow reader has.
#ifndef WEMOON_NET_UNSENT_H
#define WEMOON_NET_UNSENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

enum {
  UNSENT_BYTES_MOST = 64 << 20,  // memory of them all
  UNSENT_MOST = 256              // each is a descriptor; the command that serves budgets for them
};

// All zero: in no list.
typedef struct Unsent {
  TAILQ_ENTRY(Unsent) entry;
  size_t bytes;
  bool is_listed;
} Unsent;

typedef struct {
  TAILQ_HEAD(, Unsent) items;  // the oldest first
  size_t bytes, count, most;
} UnsentList;

// With at most `most` at once, UNSENT_MOST or less.
void unsent_init(UnsentList *list, size_t most);
void unsent_add(UnsentList *list, Unsent *unsent, size_t bytes);
void unsent_remove(UnsentList *list, Unsent *unsent);  // does nothing if it is in no list
// The oldest, if there are too many or too large ones; else NULL. It is never the only one.
Unsent *unsent_excess(const UnsentList *list);

#endif
