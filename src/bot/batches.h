// Lines of many threads for one that writes them. While they fill no batch, they share one, and mostly keep their
// order. When they do, each core fills a batch of its own, so that threads on different cores neither wait for each
// other nor move memory between their caches: then the lines of one core keep their order. A full batch wakes the
// writer.
#ifndef WEMOON_BOT_BATCHES_H
#define WEMOON_BOT_BATCHES_H

#include "base/core_pool.h"
#include "base/str.h"

typedef struct Batches Batches;

enum {
  // Bytes. The kernel takes so many at once for half of what they cost in small parts, and a core's cache still holds
  // them.
  BATCH_ROOM = 512 << 10,
  BATCH_CORES = CORE_LISTS,
  // After so many looks of the writer for all lines, none of which found that a batch had been filled, the memory that
  // a load has touched is given back.
  BATCH_QUIET_LOOKS = 25
};

typedef struct Batch {
  struct Batch *next;
  size_t core, room, len;
  char text[];
} Batch;

// `most`: bytes that may wait for the writer, beside the batches that are being filled. Returns NULL without memory.
Batches *batches_new(size_t most);
// NULL is allowed. No place is open.
void batches_free(Batches *batches);

// Fetches the memory where the core's next line will be, or what most lines need of it, if it has a batch. The line is
// written some microseconds later: without this it would wait for its memory longer than it takes to be put together.
void batches_expect(const Batches *batches, size_t core);

typedef struct {
  char *at;  // NULL: none
  size_t core;
} BatchPlace;

// Opens a place for a line of `len` bytes in the batch that a core (below BATCH_CORES) has or shares, or in another if
// a thread has a place open there: nobody waits. The caller fills the place and closes it soon, unless it is none,
// because too much waits or there is no memory.
BatchPlace batches_open(Batches *batches, size_t core, size_t len);
// Closes that place: keeps its first `len` bytes.
void batches_close(Batches *batches, BatchPlace place, size_t len);

// For the writer alone. Waits until a batch is full, the time `until_us` (monotonic) is over, or batches_end was
// called. In the last two cases all lines are taken, else full batches. The first batch, or NULL; the writer gives each
// back.
Batch *batches_take(Batches *batches, int64_t until_us);
// Its lines wait no longer; the batch may be filled again.
void batches_give_back(Batches *batches, Batch *batch);

// From now on batches_take does not wait.
void batches_end(Batches *batches);
// When batches_end was called (monotonic); 0: it was not.
int64_t batches_ended_us(const Batches *batches);

#endif
