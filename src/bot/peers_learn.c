// Reads the pieces of compact messages that other processes have told. A predecessor has told all of them; a process
// that this one has joined tells them then. Those that it answers later it writes one by one.
#include "bot/peers_inner.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

enum { LOOK_US = 1000 * 1000 };

// One look at a time: the keys are listed, then the pieces that are new are read, one call after the other.
struct PeersLearning {
  Peers *peers;
  int64_t next_us, until_us;  // monotonic: of the looks
  atomic_bool under_way;
  atomic_bool over;           // there is nothing to learn any more
  bool was_alone;             // when the look began: what is there is all that comes
  bool said;                  // the log has it that a piece is of no use
  StoreReply *read, *listed;  // the keys of the last complete look, and of this one
  Str read_rest, listed_rest;
};

PeersLearning *peers_learning_new(Peers *peers) {
  PeersLearning *learning = calloc(1, sizeof *learning);
  if (!learning) return NULL;
  learning->peers = peers;
  learning->until_us = clock_now_us() + peers->window_ms * 1000;
  return learning;
}

void peers_learning_end(PeersLearning *learning) {
  if (learning) atomic_store(&learning->over, true);
}

void peers_learning_free(PeersLearning *learning) {
  if (!learning) return;
  store_reply_free(learning->read);
  store_reply_free(learning->listed);
  free(learning);
}

bool peers_is_learning(PeersLearning *learning) { return atomic_load(&learning->under_way); }

static void end_look(PeersLearning *learning, bool complete) {
  Peers *peers = learning->peers;
  StoreReply *old = complete ? learning->read : learning->listed;
  if (complete) learning->read = learning->listed;
  learning->listed = NULL;
  store_reply_free(old);
  if (complete && learning->was_alone) atomic_store(&learning->over, true);
  atomic_store(&learning->under_way, false);
  atomic_fetch_sub(&peers->asking, 1);
}

// The keys of both lists are in order.
static bool was_read(PeersLearning *learning, Str key) {
  Str rest = learning->read_rest, known;
  while (store_reply_next_key(&rest, &known)) {
    int order = str_compare(known, key);
    if (order > 0) return false;
    learning->read_rest = rest;
    if (order == 0) return true;
  }
  return false;
}

static void say_useless(PeersLearning *learning, const Err *err) {
  if (learning->said) return;
  learning->said = true;
  log_warn("of the messages that another process has answered some are not known here: %s",
           err->text);
}

static void on_piece(void *ctx, StoreReply *reply);

// On the store's thread, as what follows.
static void read_next(PeersLearning *learning) {
  StoreCall call = { .op = STORE_GET };
  while (!atomic_load(&learning->over) && store_reply_next_key(&learning->listed_rest, &call.key)) {
    if (peers_is_own_piece(learning->peers, call.key) || was_read(learning, call.key)) continue;
    if (!store_call(learning->peers->store, &call, on_piece, learning, NULL))
      end_look(learning, false);
    return;
  }
  end_look(learning, !atomic_load(&learning->over));
}

// A piece that is gone has expired.
static void on_piece(void *ctx, StoreReply *reply) {
  PeersLearning *learning = ctx;
  Err err = { 0 };
  bool failed = reply->err.code != ERR_NONE;
  if (reply->ok && !dedupe_learn_compact(learning->peers->dedupe, reply->value, &err))
    say_useless(learning, &err);
  store_reply_free(reply);
  if (failed) end_look(learning, false);
  else read_next(learning);
}

static void on_listed(void *ctx, StoreReply *reply) {
  PeersLearning *learning = ctx;
  learning->listed = reply;
  if (reply->err.code != ERR_NONE) return end_look(learning, false);
  learning->listed_rest = reply->value;
  learning->read_rest = learning->read ? learning->read->value : str_make("", 0);
  read_next(learning);
}

static void look(PeersLearning *learning) {
  char text[STORE_KEY_MAX];
  Peers *peers = learning->peers;
  StoreCall call = { .op = STORE_LIST, .key = peers_pieces_prefix(peers, text) };
  learning->was_alone = store_company(peers->store) == STORE_ALONE;
  atomic_store(&learning->under_way, true);
  atomic_fetch_add(&peers->asking, 1);
  if (call.key.len > 0 && store_call(peers->store, &call, on_listed, learning, NULL)) return;
  end_look(learning, false);
}

void peers_learn_more(PeersLearning *learning) {
  int64_t now_us = clock_now_us();
  if (atomic_load(&learning->over) || peers_is_learning(learning) || now_us < learning->next_us)
    return;
  learning->next_us = now_us + LOOK_US;
  if (now_us < learning->until_us) look(learning);
  else atomic_store(&learning->over, true);
}
