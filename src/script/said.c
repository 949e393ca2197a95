// Parts of an answer under a mutex: the script adds parts, an answering thread takes them once.
#include "script/said.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mutex.h"
#include "wechat/sentence.h"

struct Parts {
  pthread_mutex_t mutex;
  Buf text;     // the first texts
  bool closed;  // by another reply: no more text is added
  Arena *arena;
  Reply other;  // the reply that came first, in `arena`; else REPLY_NONE
  bool answered;
  size_t taken;
  bool other_taken;
  size_t later;  // number of parts after those that can be the passive reply
};

static Parts *parts_of(Said *said) {
  Parts *parts = atomic_load(&said->parts);
  if (parts) return parts;
  parts = calloc(1, sizeof *parts);
  if (!parts) return NULL;
  mutex_init_brief(&parts->mutex);
  atomic_store(&said->parts, parts);
  return parts;
}

void said_clear(Said *said) {
  Parts *parts = atomic_load_explicit(&said->parts, memory_order_acquire);
  atomic_store_explicit(&said->state, SAID_WAITS, memory_order_relaxed);
  atomic_store_explicit(&said->spent, false, memory_order_relaxed);
  if (!parts) return;
  atomic_store(&said->parts, NULL);
  pthread_mutex_destroy(&parts->mutex);
  buf_clear(&parts->text);
  arena_free(parts->arena);
  free(parts);
}

SaidState said_state(Said *said) { return (SaidState)atomic_load(&said->state); }

bool said_text(Said *said, Str text) {
  Parts *parts = parts_of(said);
  if (!parts) return false;
  pthread_mutex_lock(&parts->mutex);
  if (parts->closed) parts->later++;
  else buf_add(&parts->text, text);
  bool good = !parts->text.failed;
  pthread_mutex_unlock(&parts->mutex);
  return good;
}

// With the mutex held.
static bool copy_first(Parts *parts, bool (*copy)(void *ctx, Arena *arena, Reply *reply),
                       void *ctx) {
  parts->arena = arena_new();
  return parts->arena && copy(ctx, parts->arena, &parts->other);
}

bool said_other(Said *said, bool (*copy)(void *ctx, Arena *arena, Reply *reply), void *ctx) {
  Parts *parts = parts_of(said);
  if (!parts) return false;
  pthread_mutex_lock(&parts->mutex);
  bool first = !parts->closed && parts->text.len == 0,
       good = !first || copy_first(parts, copy, ctx);
  parts->closed = true;
  parts->later += !first;
  pthread_mutex_unlock(&parts->mutex);
  return good;
}

// With the mutex held.
static bool take(Parts *parts, bool whole, size_t most, Arena *arena, Reply *reply) {
  Str text = buf_str(&parts->text), rest;
  if (parts->answered) return false;
  parts->answered = true;
  if (text.len == 0) {
    *reply = parts->other;  // its memory lasts as long as the parts
    parts->other_taken = reply->form != REPLY_NONE;
    return parts->other_taken;
  }
  size_t len = whole ? text.len : sentence_prefix(text);
  Str copy = arena_dup(arena, str_sub(text, 0, sentence_cut(str_sub(text, 0, len), most)));
  if (!copy.ptr || copy.len == 0 || !reply_text(reply, arena, copy, &rest)) return false;
  parts->taken = copy.len;
  return reply->form != REPLY_NONE;
}

bool said_take(Said *said, SaidState state, bool whole, size_t most, Arena *arena, Reply *reply) {
  *reply = (Reply){ .form = REPLY_NONE };
  atomic_store(&said->state, state);
  Parts *parts = atomic_load(&said->parts);
  if (!parts) return false;
  pthread_mutex_lock(&parts->mutex);
  bool taken = take(parts, whole, most, arena, reply);
  pthread_mutex_unlock(&parts->mutex);
  return taken;
}

void said_give_back(Said *said) {
  Parts *parts = atomic_load(&said->parts);
  if (!parts) return;
  pthread_mutex_lock(&parts->mutex);
  parts->taken = 0;
  parts->other_taken = false;
  pthread_mutex_unlock(&parts->mutex);
}

void said_was_taken(Said *said, size_t bytes, bool other) {
  Parts *parts = bytes || other ? parts_of(said) : NULL;
  if (!parts) return;
  parts->answered = true;
  parts->taken = bytes;
  parts->other_taken = other;
}

bool said_left(Said *said) {
  Parts *parts = atomic_load(&said->parts);
  if (!parts) return false;
  pthread_mutex_lock(&parts->mutex);
  bool other = parts->other.form != REPLY_NONE && !parts->other_taken;
  bool left = parts->text.len > parts->taken || other || parts->later > 0;
  pthread_mutex_unlock(&parts->mutex);
  return left;
}

void said_taken(Said *said, size_t *bytes, bool *other) {
  Parts *parts = atomic_load(&said->parts);
  *bytes = 0;
  *other = false;
  if (!parts) return;
  pthread_mutex_lock(&parts->mutex);
  *bytes = parts->taken;
  *other = parts->other_taken;
  pthread_mutex_unlock(&parts->mutex);
}
