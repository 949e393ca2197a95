// Writes what this process has answered for other processes, a few thousand messages at a time: the store's queue would
// take a kilobyte of each whole one, and 17 KB of a piece of a thousand compact ones. What the store has written makes
// room for more.
#include "bot/peers_inner.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

enum {
  UNDER_WAY_MOST = 2048,
  STEP = 64,  // messages while dedupe is held; a piece of compact ones counts for as many
  PATIENCE_US = 2000000,  // with a store that writes nothing
  PAUSE_NS = 1000 * 1000
};

// What is told, one after the other.
typedef enum { TELL_COMPACT, TELL_WHOLE, TELL_COMPACT_SINCE, TELL_NOTHING } Stage;

// The calls under way may end after the Peers.
struct PeersTelling {
  atomic_int holders, under_way;
  atomic_size_t failed;           // writes since peers_tell that ended with an error
  atomic_int_least64_t taken_us;  // monotonic: when the store wrote one last, or it began
  atomic_bool more;
  pthread_mutex_t mutex;  // held while a step is told, and for what follows
  Peers *peers;           // NULL: it was freed
  Stage stage;
  uint32_t next;       // of dedupe_pack_compact
  uint32_t last;       // with which the last piece was packed
  int64_t written_us;  // what expires earlier is in the store already
  int64_t matters_us;  // monotonic: then all that peers_tell shows has expired
  size_t untold;       // messages that the store's queue did not take
};

// Messages being told.
typedef struct {
  PeersTelling *telling;
  int64_t now_us;
} Step;

// A piece of compact messages, being written.
typedef struct {
  PeersTelling *telling;
  size_t count;
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

static void begin_writing(PeersTelling *telling, int weight) {
  atomic_fetch_add(&telling->holders, 1);
  atomic_fetch_add(&telling->under_way, weight);
}

// With the mutex held: the store's queue did not take them. Others hold `telling`.
static void write_nothing(PeersTelling *telling, int weight, size_t messages) {
  atomic_fetch_sub(&telling->under_way, weight);
  atomic_fetch_sub(&telling->holders, 1);
  telling->untold += messages;
}

// On the store's thread.
static void end_writing(PeersTelling *telling, StoreReply *reply, int weight, size_t messages) {
  if (reply->err.code == ERR_NONE) atomic_store(&telling->taken_us, clock_now_us());
  else atomic_fetch_add(&telling->failed, messages);
  store_reply_free(reply);
  int left = atomic_fetch_sub(&telling->under_way, weight) - weight;
  if (left <= UNDER_WAY_MOST / 2) peers_tell_more(telling);
  release(telling);
}

static bool is_written(const PeersTelling *telling, int64_t expires_us, int64_t now_us) {
  return expires_us - now_us < 1000 || expires_us < telling->written_us;
}

// ---- compact messages ---------------------------------------------------------------------------

static void on_piece_written(void *ctx, StoreReply *reply) {
  Piece piece = *(Piece *)ctx;
  free(ctx);
  end_writing(piece.telling, reply, STEP, piece.count);
}

static void write_piece(PeersTelling *telling, Str packed, size_t count, int64_t left_ms) {
  char text[STORE_KEY_MAX];
  Str key = peers_piece_key(telling->peers, telling->next, text);
  Piece *piece = key.len > 0 ? malloc(sizeof *piece) : NULL;
  begin_writing(telling, STEP);
  if (piece) *piece = (Piece){ telling, count };
  if (piece && peers_put_piece(telling->peers, key, packed, left_ms, on_piece_written, piece))
    return;
  free(piece);
  write_nothing(telling, STEP, count);
}

// Returns whether there may be more.
static bool tell_piece(PeersTelling *telling) {
  int64_t now_us = clock_now_us(), expires_us;
  uint32_t at = telling->next;
  Buf packed;
  buf_init(&packed);
  size_t count = dedupe_pack_compact(telling->peers->dedupe, &telling->next, &packed, &expires_us);
  bool writes = count > 0 && !is_written(telling, expires_us, now_us);
  if (writes && packed.failed) telling->untold += count;
  else if (writes) write_piece(telling, buf_str(&packed), count, (expires_us - now_us) / 1000);
  if (count > 0) telling->last = at;
  buf_clear(&packed);
  return count > 0;
}

// ---- whole messages -----------------------------------------------------------------------------

static void on_written(void *ctx, StoreReply *reply) { end_writing(ctx, reply, 1, 1); }

// The others are older.
static bool tell_answered(void *ctx, const DedupeSeen *seen) {
  const Step *step = ctx;
  PeersTelling *telling = step->telling;
  char text[STORE_KEY_MAX];
  if (is_written(telling, seen->expires_us, step->now_us)) return false;
  Str key = peers_key(telling->peers, seen->identity, text);
  if (key.len == 0) return true;
  begin_writing(telling, 1);
  if (!peers_put_answer(telling->peers, key, seen->answered_s, seen->answer,
                        (seen->expires_us - step->now_us) / 1000, on_written, telling))
    write_nothing(telling, 1, 1);
  return true;
}

static bool tell_whole(PeersTelling *telling) {
  Step step = { .telling = telling, .now_us = clock_now_us() };
  return dedupe_show_answered(telling->peers->dedupe, STEP, tell_answered, &step);
}

// ---- both ---------------------------------------------------------------------------------------

// With the mutex held. Returns whether there may be more.
static bool tell_step(PeersTelling *telling) {
  bool more = telling->stage == TELL_WHOLE ? tell_whole(telling) : tell_piece(telling);
  if (more) return true;
  // The last piece may have got more messages since: it is written anew.
  telling->next = telling->last;
  return ++telling->stage < TELL_NOTHING;
}

void peers_tell_more(PeersTelling *telling) {
  if (!atomic_load(&telling->more)) return;
  pthread_mutex_lock(&telling->mutex);
  while (atomic_load(&telling->more) && atomic_load(&telling->under_way) < UNDER_WAY_MOST)
    atomic_store(&telling->more, tell_step(telling));
  pthread_mutex_unlock(&telling->mutex);
}

void peers_tell(PeersTelling *telling, DedupeVisit running, int64_t written_us) {
  pthread_mutex_lock(&telling->mutex);
  dedupe_show(telling->peers->dedupe, running, telling->peers);
  // Which ones failed is not known: all are written once more.
  telling->written_us = atomic_exchange(&telling->failed, 0) > 0 ? 0 : written_us;
  telling->matters_us = clock_now_us() + telling->peers->window_ms * 1000;
  telling->untold = 0;
  telling->stage = TELL_COMPACT;
  telling->next = telling->last = 0;
  atomic_store(&telling->taken_us, clock_now_us());
  atomic_store(&telling->more, true);
  pthread_mutex_unlock(&telling->mutex);
  peers_tell_more(telling);
}

// ---- before the process ends --------------------------------------------------------------------

static bool count_untold(void *ctx, const DedupeSeen *seen) {
  const Step *step = ctx;
  bool written = is_written(step->telling, seen->expires_us, step->now_us);
  step->telling->untold += !written;
  return !written;
}

static void count_untold_compact(PeersTelling *telling, int64_t now_us) {
  size_t count;
  int64_t expires_us;
  Buf packed;
  buf_init(&packed);
  while (
      (count = dedupe_pack_compact(telling->peers->dedupe, &telling->next, &packed, &expires_us))) {
    telling->untold += is_written(telling, expires_us, now_us) ? 0 : count;
    buf_reset(&packed);
  }
  buf_clear(&packed);
}

// Returns how many messages were not told.
static size_t stop(PeersTelling *telling) {
  Step step = { .telling = telling, .now_us = clock_now_us() };
  pthread_mutex_lock(&telling->mutex);
  if (atomic_load(&telling->more)) {
    count_untold_compact(telling, step.now_us);
    dedupe_show_answered(telling->peers->dedupe, SIZE_MAX, count_untold, &step);
  }
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
