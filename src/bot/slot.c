// The interpreter in service and its successors.
#include "bot/slot.h"

#include "base/mutex.h"
#include "base/log.h"
#include "bot/counts.h"
#include "script/talk.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

// Interpreters out of service whose conversations go on.
enum { OLD_INTERPRETERS_MAX = 8 };

struct Slot {
  const char *script;
  const InterpreterOptions *options;
  Metrics *metrics;
  pthread_mutex_t loading;  // one load at a time
  pthread_mutex_t mutex;    // what follows
  Interpreter *current;
  Interpreter *failed;  // the last load that failed: kept for the list of its files
  SlotStatus status;
  void (*on_load)(void *ctx, const char *error);
  void *on_load_ctx;
};

static void note_beginning(Slot *slot) {
  pthread_mutex_lock(&slot->mutex);
  clock_gettime(CLOCK_REALTIME_COARSE, &slot->status.began);
  pthread_mutex_unlock(&slot->mutex);
}

static void note_outcome(Slot *slot, Interpreter *failed, const Err *err) {
  pthread_mutex_lock(&slot->mutex);
  Interpreter *old = slot->failed;
  slot->failed = failed;
  if (failed) slot->status.failures++;
  else slot->status.loads++;
  snprintf(slot->status.error, sizeof slot->status.error, "%s", failed ? err->text : "");
  pthread_mutex_unlock(&slot->mutex);
  if (old) interpreter_release(old);
  count_reload(slot->metrics, !failed);
  if (slot->on_load) slot->on_load(slot->on_load_ctx, failed ? err->text : NULL);
}

// A new interpreter with the script in it, not yet started.
static Interpreter *load(Slot *slot, Err *err) {
  note_beginning(slot);
  Interpreter *interpreter = interpreter_new(slot->options, err);
  if (!interpreter) return NULL;
  if (interpreter_load(interpreter, slot->script, err)) return interpreter;
  note_outcome(slot, interpreter, err);
  return NULL;
}

static bool start(Slot *slot, Interpreter *interpreter, Str state_json, Err *err) {
  if (interpreter_start(interpreter, state_json, err)) return true;
  note_outcome(slot, interpreter, err);
  return false;
}

static void take_over(Slot *slot, Interpreter *interpreter) {
  pthread_mutex_lock(&slot->mutex);
  Interpreter *old = slot->current;
  slot->current = interpreter;
  pthread_mutex_unlock(&slot->mutex);
  note_outcome(slot, NULL, NULL);
  if (!old) return;
  interpreter_retire(old);
  interpreter_release(old);
  if (slot->options->fleet && slot->options->fleet->talks)
    talks_limit_old(slot->options->fleet->talks, OLD_INTERPRETERS_MAX);
}

Slot *slot_new(const char *script, const InterpreterOptions *options, Metrics *metrics, Err *err) {
  Slot *slot = calloc(1, sizeof *slot);
  if (!slot) {
    err_set(err, ERR_MEMORY, "no memory");
    return NULL;
  }
  slot->script = script;
  slot->options = options;
  slot->metrics = metrics;
  pthread_mutex_init(&slot->loading, NULL);
  mutex_init_brief(&slot->mutex);
  Interpreter *interpreter = load(slot, err);
  if (interpreter && start(slot, interpreter, STR(""), err)) {
    take_over(slot, interpreter);
    return slot;
  }
  slot_free(slot);
  return NULL;
}

void slot_listen(Slot *slot, void (*on_load)(void *ctx, const char *error), void *ctx) {
  slot->on_load = on_load;
  slot->on_load_ctx = ctx;
}

void slot_free(Slot *slot) {
  if (!slot) return;
  if (slot->current) {
    Buf state;
    buf_init(&state);
    interpreter_unload(slot->current, &state);
    buf_clear(&state);
    interpreter_retire(slot->current);
    interpreter_release(slot->current);
  }
  if (slot->failed) interpreter_release(slot->failed);
  pthread_mutex_destroy(&slot->mutex);
  pthread_mutex_destroy(&slot->loading);
  free(slot);
}

Interpreter *slot_get(Slot *slot) {
  pthread_mutex_lock(&slot->mutex);
  Interpreter *interpreter = interpreter_retain(slot->current);
  pthread_mutex_unlock(&slot->mutex);
  return interpreter;
}

bool slot_reload(Slot *slot, Err *err) {
  pthread_mutex_lock(&slot->loading);
  Interpreter *interpreter = load(slot, err);
  bool ok = interpreter != NULL;
  if (ok) {
    Buf state;
    buf_init(&state);
    Interpreter *old = slot_get(slot);
    interpreter_unload(old, &state);
    interpreter_release(old);
    ok = start(slot, interpreter, buf_str(&state), err);
    buf_clear(&state);
    if (ok) take_over(slot, interpreter);
  }
  pthread_mutex_unlock(&slot->loading);
  return ok;
}

// A load that was under way meanwhile may have put another in its place; or it gave up the one in service,
// and failed.
bool slot_replace_stuck(Slot *slot, char *place, size_t size, Err *err) {
  Interpreter *stuck = slot_get(slot);
  bool replaced = false;
  if (interpreter_is_stuck(stuck, place, size) || interpreter_is_given_up(stuck)) {
    interpreter_give_up(stuck);
    pthread_mutex_lock(&slot->loading);
    Interpreter *fresh = stuck == slot->current ? load(slot, err) : NULL;
    replaced = fresh && start(slot, fresh, STR(""), err);
    if (replaced) take_over(slot, fresh);
    pthread_mutex_unlock(&slot->loading);
  }
  interpreter_release(stuck);
  return replaced;
}

void slot_sweep(Slot *slot) {
  if (slot->options->fleet && slot->options->fleet->talks) talks_sweep(slot->options->fleet->talks);
}

bool slot_files(Slot *slot, Arena *arena, Pairs *files) {
  pthread_mutex_lock(&slot->mutex);
  bool ok = interpreter_files(slot->current, arena, files) &&
            (!slot->failed || interpreter_files(slot->failed, arena, files));
  pthread_mutex_unlock(&slot->mutex);
  return ok;
}

void slot_status(Slot *slot, SlotStatus *status) {
  pthread_mutex_lock(&slot->mutex);
  *status = slot->status;
  pthread_mutex_unlock(&slot->mutex);
}
