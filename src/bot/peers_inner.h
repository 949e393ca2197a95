// What the files of peers share. No other file includes this header.
#ifndef WEMOON_BOT_PEERS_INNER_H
#define WEMOON_BOT_PEERS_INNER_H

#include <pthread.h>
#include <stdatomic.h>

#include "bot/peers.h"

enum { PEERS_LAPSES_US = PEERS_CLAIM_MS * 1000 };

typedef struct PeersTelling PeersTelling;

struct Peers {
  Store *store;
  Str account;
  int64_t window_ms;
  char claim[1 + 16 + 1];  // the stored value of messages that this process has under way
  Dedupe *dedupe;          // NULL: every message is written at once
  // Answers of an earlier process, sorted by key; used until `before_until_us`.
  StoreReply *before;
  Str *before_keys;
  size_t before_count;
  int64_t before_until_us;
  atomic_bool met;  // another process had the store open at the last peers_look
  atomic_int_least64_t looked_us,
      others_us;  // monotonic: the last peers_look, and the last one that saw another process
  atomic_int_least64_t away_until_us;
  atomic_int_least64_t written_us;  // peers_leave has written what expires earlier (monotonic)
  atomic_int asking;                // number of calls without a reply yet
  pthread_mutex_t mutex;
  struct Claim *claims;
  PeersTelling *telling;
};

// What a message's key in the store holds.
typedef enum {
  FOUND_NOTHING,
  FOUND_CLAIM,
  FOUND_OWN,
  FOUND_ANSWER,
  FOUND_NOBODY_TO_ASK
} PeersFound;

typedef enum {
  TO_ONESELF,  // no other process has the store open, or had it within the window
  TO_READ,     // no other process now, but the store may have answers of one
  TO_SHARE
} PeersCompany;

// The store was away less than a second ago: it is not asked.
bool peers_is_away(Peers *peers);
void peers_note_away(Peers *peers);
// Returns the message's key, in `text`; empty if the identity is too long.
Str peers_key(const Peers *peers, Str identity, char text[STORE_KEY_MAX]);
// Makes the job hold its claim. Without memory the claim lapses unless the answer comes soon. A job that already has a
// claim keeps it.
void peers_hold(Peers *peers, Job *job, Str key, int64_t until_us);
// The same, when the store says that the message is this process's now: a claim that the job already has is renewed,
// even a lost one.
void peers_hold_anew(Peers *peers, Job *job, Str key, int64_t until_us);
// Before the message is claimed again: a claim of the job's that was lost is over.
void peers_drop_lost(Peers *peers, Job *job);
// Reads a key's value; appends the packed answer of FOUND_ANSWER.
PeersFound peers_read_value(const Peers *peers, Str value, Buf *answer, int64_t *answered_s);
// Returns whether an earlier process had answered the message with that key.
bool peers_had_before(const Peers *peers, Str key);
PeersCompany peers_company(Peers *peers, int64_t now_us);
// Writes an answer. If the store is away, writes once it is back, because the platform may try again at another
// process. Returns false, and does not call `done`, without memory or once the store is being closed.
bool peers_put_answer(Peers *peers, Str key, int64_t answered_s, Str packed, int64_t left_ms,
                      StoreDone done, void *ctx);

// Tells other processes what `peers->dedupe` knows. Returns NULL without memory.
PeersTelling *peers_telling_new(Peers *peers);
void peers_telling_end(PeersTelling *telling);  // tells nothing more; NULL is allowed
// Calls `running` (may be NULL) with each message under way and `peers` as its context, then begins to write those
// answered, the newest first. What expires before `written_us` is in the store already, unless a write failed. Does not
// wait: some thousand calls are under way at most, and the next ones follow as these end. Once the last one has ended
// after peers_telling_end, the log says how many failed, if they still matter.
void peers_tell(PeersTelling *telling, DedupeVisit running, int64_t written_us);
// Goes on if there is room. Call it now and then, in case the store's queue took nothing.
void peers_tell_more(PeersTelling *telling);
// Waits until all are with the store, `until_us` comes (monotonic), or the store has written nothing for two seconds.
// Then it ends, and the log says how many are missing. Returns whether none is.
bool peers_tell_all(PeersTelling *telling, int64_t until_us);

#endif
