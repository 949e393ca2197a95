// Answers that are made, and whose clients have not taken all of them yet: a list with bounds, on one thread. Beyond
// them the client that reads slowest is to be given up: it may be one that came early and reads on, or a crowd that
// holds the places of others.
#ifndef WEMOON_NET_UNSENT_H
#define WEMOON_NET_UNSENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

enum {
  UNSENT_BYTES_MOST = 64 << 20,  // memory of them all
  UNSENT_MOST = 256              // each is a descriptor; the command that serves budgets for them
};

// All zero: in no list.
typedef struct Unsent {
  TAILQ_ENTRY(Unsent) entry;
  size_t bytes;
  int fd;
  const size_t *sent;
  int64_t taken_before;  // when it was listed,
  int64_t listed_us;     // which was then
  bool is_listed;
} Unsent;

typedef struct UnsentList {
  TAILQ_HEAD(, Unsent) items;  // the oldest first
  size_t bytes, count, most;
  size_t cut_count;  // cut off since the last line about it,
  int64_t said_us;   // which was then; 0: none yet
} UnsentList;

// With at most `most` at once, UNSENT_MOST or less.
void unsent_init(UnsentList *list, size_t most);
// Of an answer of `bytes` of memory on `fd`, of which the kernel has been given *sent, from now on and until it is
// removed.
void unsent_add(UnsentList *list, Unsent *unsent, int fd, const size_t *sent, size_t bytes);
void unsent_remove(UnsentList *list, Unsent *unsent);  // does nothing if it is in no list
// If there are too many or too large ones, the one whose client takes the fewest bytes in a second; else NULL. The
// newest is never it: its client had no time yet. A client counts as having read at the slowest rate that is allowed
// (ANSWER_SLOWEST) for a second before.
Unsent *unsent_excess(const UnsentList *list);
// It is being cut off: the log says how many were and where, once a minute.
void unsent_report_cut(UnsentList *list, const Unsent *unsent);

#endif
