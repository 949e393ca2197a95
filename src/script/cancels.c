#include "script/cancels.h"

#include "base/clock.h"
#include "base/mutex.h"
#include "engine/timers.h"
#include "script/inner.h"

#include <stdlib.h>

enum { USERS = 1024, OWN_NUMBERS = 256 };

// The rank of the last message that cancelled earlier messages of its user.
typedef struct {
  uint64_t hash, by;  // of the user's openid, and of the message's identity
  TaskRank rank;
} Newest;

// A cancel that the thread of an interpreter has not handled yet.
struct CancelNote {
  CancelNote *next;
  void (*end)(Engine *engine, const Cancel *cancel);
  Cancel cancel;  // its texts are copies, in `texts`
  char texts[];
};

// A user who was forgotten, and when (monotonic).
typedef struct {
  uint64_t hash, by;  // as in Newest
  bool spares;        // a message of the user did it, namely `by`
  int64_t at_us;
} Forgotten;

struct Cancels {
  pthread_mutex_t mutex;
  Interpreter *first;
  atomic_bool any;  // one of these has an entry
  Newest newest[USERS];
  Forgotten forgotten[USERS];
  int64_t own[OWN_NUMBERS];
};

Cancels *cancels_new(void) {
  Cancels *cancels = calloc(1, sizeof *cancels);
  if (cancels) mutex_init_brief(&cancels->mutex);
  return cancels;
}

void cancels_free(Cancels *cancels) {
  if (!cancels) return;
  pthread_mutex_destroy(&cancels->mutex);
  free(cancels);
}

static CancelNote *take_notes(Interpreter *in) {
  Cancels *cancels = in->options.shared->cancels;
  pthread_mutex_lock(&cancels->mutex);
  CancelNote *first = in->cancel_notes;
  in->cancel_notes = NULL;
  pthread_mutex_unlock(&cancels->mutex);
  return first;
}

static void on_turn(Engine *engine, void *ctx) {
  CancelNote *note = take_notes(ctx);
  bool entered = engine_enter(engine, INT64_MAX);
  for (CancelNote *next; note; note = next) {
    next = note->next;
    if (entered) note->end(engine, &note->cancel);
    free(note);
  }
  if (entered) engine_leave(engine);
}

void cancels_join(Cancels *cancels, Interpreter *in) {
  if (!cancels) return;
  in->cancel_timer = (Timer){ .fn = on_turn, .ctx = in };
  pthread_mutex_lock(&cancels->mutex);
  in->next_to_cancel = cancels->first;
  cancels->first = in;
  pthread_mutex_unlock(&cancels->mutex);
}

void cancels_leave(Cancels *cancels, Interpreter *in) {
  if (!cancels) return;
  pthread_mutex_lock(&cancels->mutex);
  Interpreter **at = &cancels->first;
  while (*at && *at != in) at = &(*at)->next_to_cancel;
  if (*at) *at = in->next_to_cancel;
  pthread_mutex_unlock(&cancels->mutex);
  for (CancelNote *note; (note = in->cancel_notes);) {
    in->cancel_notes = note->next;
    free(note);
  }
}

// With the mutex held. Skips interpreters that were given up, because they run nothing any more.
static void tell(Interpreter *in, const Cancel *cancel,
                 void (*end)(Engine *engine, const Cancel *cancel)) {
  if (engine_is_given_up(in->engine)) return;
  Str openid = cancel->openid, identity = cancel->identity;
  CancelNote *note = malloc(sizeof *note + openid.len + identity.len);
  if (!note) return;
  str_put(str_put(note->texts, openid), identity);
  note->end = end;
  note->cancel = *cancel;
  note->cancel.openid = str_make(note->texts, openid.len);
  note->cancel.identity = str_make(note->texts + openid.len, identity.len);
  note->next = in->cancel_notes;
  in->cancel_notes = note;
  timer_add(in->engine, &in->cancel_timer, 0);
}

static Newest *newest_of(Cancels *cancels, uint64_t hash) { return &cancels->newest[hash % USERS]; }

// With the mutex held.
static void note_newest(Cancels *cancels, const Cancel *cancel) {
  uint64_t hash = str_hash(cancel->openid, 0);
  Newest *newest = newest_of(cancels, hash);
  if (newest->hash == hash && task_rank_is_before(cancel->before, newest->rank)) return;
  *newest = (Newest){ .hash = hash, .by = str_hash(cancel->identity, 0), .rank = cancel->before };
  atomic_store_explicit(&cancels->any, true, memory_order_release);
}

// With the mutex held.
static void note_forgotten(Cancels *cancels, const Cancel *cancel) {
  uint64_t hash = str_hash(cancel->openid, 0);
  int64_t at_us = cancel->before.arrived_us ? cancel->before.arrived_us : clock_now_us();
  Forgotten *forgotten = &cancels->forgotten[hash % USERS];
  if (forgotten->hash == hash && at_us < forgotten->at_us) return;
  *forgotten = (Forgotten){ .hash = hash,
                            .by = str_hash(cancel->identity, 0),
                            .spares = cancel->identity.len > 0,
                            .at_us = at_us };
  atomic_store_explicit(&cancels->any, true, memory_order_release);
}

void cancels_tell(Cancels *cancels, const Interpreter *own, const Cancel *cancel,
                  void (*end)(Engine *engine, const Cancel *cancel)) {
  if (!cancels) return;
  pthread_mutex_lock(&cancels->mutex);
  if (cancel->all) note_forgotten(cancels, cancel);
  else note_newest(cancels, cancel);
  for (Interpreter *in = cancels->first; in; in = in->next_to_cancel) {
    if (in != own) tell(in, cancel, end);
  }
  pthread_mutex_unlock(&cancels->mutex);
}

bool cancels_is_outdated(const Cancels *from, Str openid, Str identity, TaskRank rank) {
  Cancels *cancels = (Cancels *)from;
  if (!cancels || !atomic_load_explicit(&cancels->any, memory_order_acquire)) return false;
  uint64_t hash = str_hash(openid, 0), by = str_hash(identity, 0);
  pthread_mutex_lock(&cancels->mutex);
  const Newest *newest = newest_of(cancels, hash);
  const Forgotten *forgotten = &cancels->forgotten[hash % USERS];
  bool outdated =
      (newest->hash == hash && newest->by != by && task_rank_is_before(rank, newest->rank)) ||
      (forgotten->hash == hash && !(forgotten->spares && forgotten->by == by) && rank.arrived_us &&
       rank.arrived_us < forgotten->at_us);
  pthread_mutex_unlock(&cancels->mutex);
  return outdated;
}

// ---- own notices -------------------------------------------------------------------------

void cancels_note_own(Cancels *cancels, int64_t number) {
  if (!cancels) return;
  pthread_mutex_lock(&cancels->mutex);
  cancels->own[(uint64_t)number % OWN_NUMBERS] = number;
  pthread_mutex_unlock(&cancels->mutex);
}

bool cancels_is_own(const Cancels *from, int64_t number) {
  Cancels *cancels = (Cancels *)from;
  if (!cancels) return false;
  pthread_mutex_lock(&cancels->mutex);
  bool own = cancels->own[(uint64_t)number % OWN_NUMBERS] == number;
  pthread_mutex_unlock(&cancels->mutex);
  return own;
}
