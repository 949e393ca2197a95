// Writes what this process has answered for other processes, a few thousand messages at a time: the store's queue would
// take a kilobyte of each. What the store has written makes room for more.
#include "bot/peers_inner.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

enum {
  UNDER_WAY_MOST = 2048,
  PIECE = 64,             // messages while dedupe is held
  PATIENCE_US = 2000000,  // with a store that writes nothing
  PAUSE_NS = 1000 * 1000
};

// The calls under way may end after the Peers.
struct PeersTelling {
  atomic_int holders, under_way;
  atomic_size_t failed;           // writes since peers_tell that ended with an error
  atomic_int_least64_t taken_us;  // monotonic: when the store wrote one last, or it began
  atomic_bool more;
  pthread_mutex_t mutex;  // held while a piece is told, and for what follows
  Peers *peers;           // NULL: it was freed
  int64_t written_us;     // what expires earlier is in the store already
  int64_t matters_us;     // monotonic: then all that peers_tell shows has expired
  size_t untold;          // messages that the store's queue did not take
};

// A piece being told.
typedef struct {
  PeersTelling *telling;
  int64_t now_us;
} Piece;

PeersTelling *peers_telling_new(Peers *peers) {
  PeersTelling *telling = calloc(1, sizeof *telling);
  if (!telling) return NULL;
  atomic_init(&telling->holders, 1);
  pthread_mutex_init(&telling->mutex, NULL);
  telling->peers = peers;
  return telling;
}

static void release(PeersTelling *telling) {
  if (atomic_fetch_sub(&telling->holders, 1) > 1) return;
  size_t failed = atomic_load(&telling->failed);
  if (failed > 0 && clock_now_us() < telling->matters_us)
    log_warn("%zu answered messages could not be written to the store, because it was away: a "
             "duplicate of such a message is run again",
             failed);
  pthread_mutex_destroy(&telling->mutex);
  free(telling);
}

void peers_telling_end(PeersTelling *telling) {
  if (!telling) return;
  pthread_mutex_lock(&telling->mutex);
  telling->peers = NULL;
  atomic_store(&telling->more, false);
  pthread_mutex_unlock(&telling->mutex);
  release(telling);
}

// On the store's thread.
static void on_written(void *ctx, StoreReply *reply) {
  PeersTelling *telling = ctx;
  if (reply->err.code == ERR_NONE) atomic_store(&telling->taken_us, clock_now_us());
  else atomic_fetch_add(&telling->failed, 1);
  store_reply_free(reply);
  int left = atomic_fetch_sub(&telling->under_way, 1) - 1;
  if (left <= UNDER_WAY_MOST / 2) peers_tell_more(telling);
  release(telling);
}

static bool is_written(const PeersTelling *telling, const DedupeSeen *seen, int64_t now_us) {
  return seen->expires_us - now_us < 1000 || seen->expires_us < telling->written_us;
}

// The others are older.
static bool tell_answered(void *ctx, const DedupeSeen *seen) {
  const Piece *piece = ctx;
  PeersTelling *telling = piece->telling;
  char text[STORE_KEY_MAX];
  if (is_written(telling, seen, piece->now_us)) return false;
  Str key = peers_key(telling->peers, seen->identity, text);
  if (key.len == 0) return true;
  atomic_fetch_add(&telling->holders, 1);
  atomic_fetch_add(&telling->under_way, 1);
  if (peers_put_answer(telling->peers, key, seen->answered_s, seen->answer,
                       (seen->expires_us - piece->now_us) / 1000, on_written, telling))
    return true;
  atomic_fetch_sub(&telling->under_way, 1);
  atomic_fetch_sub(&telling->holders, 1);  // others are left
  telling->untold++;
  return true;
}

// With the mutex held. Returns whether there may be more.
static bool tell_piece(PeersTelling *telling) {
  Piece piece = { .telling = telling, .now_us = clock_now_us() };
  return dedupe_show_answered(telling->peers->dedupe, PIECE, tell_answered, &piece);
}

void peers_tell_more(PeersTelling *telling) {
  if (!atomic_load(&telling->more)) return;
  pthread_mutex_lock(&telling->mutex);
  while (atomic_load(&telling->more) && atomic_load(&telling->under_way) < UNDER_WAY_MOST)
    atomic_store(&telling->more, tell_piece(telling));
  pthread_mutex_unlock(&telling->mutex);
}

void peers_tell(PeersTelling *telling, DedupeVisit running, int64_t written_us) {
  pthread_mutex_lock(&telling->mutex);
  dedupe_show(telling->peers->dedupe, running, telling->peers);
  // Which ones failed is not known: all are written once more.
  telling->written_us = atomic_exchange(&telling->failed, 0) > 0 ? 0 : written_us;
  telling->matters_us = clock_now_us() + telling->peers->window_ms * 1000;
  telling->untold = 0;
  atomic_store(&telling->taken_us, clock_now_us());
  atomic_store(&telling->more, true);
  pthread_mutex_unlock(&telling->mutex);
  peers_tell_more(telling);
}

// ---- before the process ends --------------------------------------------------------------------

static bool count_untold(void *ctx, const DedupeSeen *seen) {
  const Piece *piece = ctx;
  bool written = is_written(piece->telling, seen, piece->now_us);
  piece->telling->untold += !written;
  return !written;
}

// Returns how many messages were not told.
static size_t stop(PeersTelling *telling) {
  Piece piece = { .telling = telling, .now_us = clock_now_us() };
  pthread_mutex_lock(&telling->mutex);
  if (atomic_load(&telling->more))
    dedupe_show_answered(telling->peers->dedupe, SIZE_MAX, count_untold, &piece);
  atomic_store(&telling->more, false);
  size_t untold = telling->untold;
  telling->untold = 0;
  pthread_mutex_unlock(&telling->mutex);
  return untold;
}

bool peers_tell_all(PeersTelling *telling, int64_t until_us) {
  for (int64_t now_us = clock_now_us(); atomic_load(&telling->more) && now_us < until_us &&
                                        now_us - atomic_load(&telling->taken_us) < PATIENCE_US;
       now_us = clock_now_us()) {
    peers_tell_more(telling);
    nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
  }
  size_t untold = stop(telling);
  if (untold > 0)
    log_warn("%zu answered messages, the oldest, could not be written to the store before the "
             "process ends: a duplicate of such a message is run again",
             untold);
  return untold == 0;
}
