// The interpreters in service and their successors.
#include "bot/slot.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "bot/counts.h"
#include "script/talk.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  OLD_LOADS_MAX = 8,  // out of service, whose conversations go on
  PATIENCE_US = 100 * 1000
};

struct Slot {
  const char *script;
  const InterpreterOptions *options;
  size_t count;
  Metrics *metrics;
  pthread_mutex_t loading;  // one load at a time
  Interpreter **fresh;      // `count` of them, during a load
  pthread_mutex_t mutex;    // what follows
  Interpreter **seats;      // `count` of them; NULL before the first load
  size_t turn;              // the seat that is asked first for the next message
  Interpreter *failed;      // the last load that failed: kept for the list of its files
  SlotStatus status;
  void (*on_load)(void *ctx, const char *error);
  void *on_load_ctx;
};

// ---- loading ------------------------------------------------------------------------------------

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

// A new interpreter with the script in it, not yet started; with the sources of `like` where that is not
// NULL.
static Interpreter *load(Slot *slot, size_t seat, Interpreter *like, Err *err) {
  InterpreterOptions options = *slot->options;
  options.timers_elsewhere = seat > 0;
  Interpreter *interpreter = interpreter_new(&options, err);
  if (!interpreter) return NULL;
  bool ok = like ? interpreter_load_like(interpreter, like, slot->script, err)
                 : interpreter_load(interpreter, slot->script, err);
  if (ok) return interpreter;
  note_outcome(slot, interpreter, err);
  return NULL;
}

// It gets what on_unload of the one in its seat gives, where `hand_over` says so.
static bool start(Slot *slot, size_t seat, bool hand_over, Err *err) {
  Buf state;
  buf_init(&state);
  Interpreter *old = hand_over ? slot_get(slot, seat) : NULL;
  if (old) interpreter_unload(old, &state);
  interpreter_release(old);
  bool ok = interpreter_start(slot->fresh[seat], buf_str(&state), err);
  buf_clear(&state);
  if (ok) return true;
  note_outcome(slot, slot->fresh[seat], err);
  slot->fresh[seat] = NULL;
  return false;
}

// All of them, or none is of any use. The first seat comes last, for its timers tick once it has started.
static bool load_all(Slot *slot, bool hand_over, Err *err) {
  note_beginning(slot);
  for (size_t seat = 0; seat < slot->count; seat++) {
    if (!(slot->fresh[seat] = load(slot, seat, NULL, err))) return false;
  }
  for (size_t seat = slot->count; seat-- > 0;) {
    if (!start(slot, seat, hand_over, err)) return false;
  }
  return true;
}

// The fresh ones that there are and those in service change places.
static void change_places(Slot *slot) {
  pthread_mutex_lock(&slot->mutex);
  for (size_t seat = 0; seat < slot->count; seat++) {
    Interpreter *fresh = slot->fresh[seat];
    if (!fresh) continue;
    slot->fresh[seat] = slot->seats[seat];
    slot->seats[seat] = fresh;
  }
  pthread_mutex_unlock(&slot->mutex);
}

static void take_over(Slot *slot) {
  change_places(slot);
  note_outcome(slot, NULL, NULL);
}

// What a load leaves behind: the old ones, or fresh ones that are of no use.
static void let_go(Slot *slot, Interpreter **interpreters) {
  for (size_t seat = 0; seat < slot->count; seat++) {
    if (!interpreters[seat]) continue;
    interpreter_retire(interpreters[seat]);
    interpreter_release(interpreters[seat]);
    interpreters[seat] = NULL;
  }
  if (slot->options->shared && slot->options->shared->talks)
    talks_limit_old(slot->options->shared->talks, OLD_LOADS_MAX * (int)slot->count);
}

static bool load_and_take_over(Slot *slot, bool hand_over, Err *err) {
  bool ok = load_all(slot, hand_over, err);
  if (ok) take_over(slot);
  let_go(slot, slot->fresh);
  return ok;
}

bool slot_reload(Slot *slot, Err *err) {
  pthread_mutex_lock(&slot->loading);
  bool ok = load_and_take_over(slot, true, err);
  pthread_mutex_unlock(&slot->loading);
  return ok;
}

static bool load_fresh(Slot *slot, size_t seat, Interpreter *like, Err *err) {
  note_beginning(slot);
  slot->fresh[seat] = load(slot, seat, like, err);
  return slot->fresh[seat] && start(slot, seat, false, err);
}

// With the lock of loads. What the files' own load came to stays as it is where the stuck one's sources help
// out.
static bool replace(Slot *slot, size_t seat, Interpreter *stuck, Err *err) {
  bool replaced = load_fresh(slot, seat, NULL, err);
  if (replaced) {
    take_over(slot);
  } else if ((replaced = load_fresh(slot, seat, stuck, err))) {
    log_error(
        "the script's files as they are now do not load; what they were before is in service");
    change_places(slot);
  }
  let_go(slot, slot->fresh);
  return replaced;
}

// A load that was under way meanwhile may have put another in its place; or it gave up the one in service,
// and failed.
bool slot_replace_stuck(Slot *slot, size_t seat, char *place, size_t size, Err *err) {
  Interpreter *stuck = slot_get(slot, seat);
  bool replaced = false;
  if (interpreter_is_stuck(stuck, place, size) || interpreter_is_given_up(stuck)) {
    interpreter_give_up(stuck);
    pthread_mutex_lock(&slot->loading);
    if (stuck == slot->seats[seat]) replaced = replace(slot, seat, stuck, err);
    pthread_mutex_unlock(&slot->loading);
  }
  interpreter_release(stuck);
  return replaced;
}

// ---- birth and death ----------------------------------------------------------------------------

static bool open_seats(Slot *slot, Err *err) {
  slot->fresh = calloc(slot->count, sizeof *slot->fresh);
  slot->seats = calloc(slot->count, sizeof *slot->seats);
  return slot->fresh && slot->seats ? true : err_set(err, ERR_MEMORY, "no memory");
}

static Slot *open_slot(const char *script, const InterpreterOptions *options, size_t count,
                       Metrics *metrics, Err *err) {
  Slot *slot = calloc(1, sizeof *slot);
  if (!slot) {
    err_set(err, ERR_MEMORY, "no memory");
    return NULL;
  }
  slot->script = script;
  slot->options = options;
  slot->count = count;
  slot->metrics = metrics;
  pthread_mutex_init(&slot->loading, NULL);
  mutex_init_brief(&slot->mutex);
  if (open_seats(slot, err)) return slot;
  slot_free(slot);
  return NULL;
}

// A program of wemoon's own in every seat. What the script's load came to stays as it is.
static bool stand_in(Slot *slot, Err *err) {
  InterpreterOptions options = *slot->options;
  options.program = "bot/stand_in.lua";
  for (size_t seat = 0; seat < slot->count; seat++) {
    Interpreter *interpreter = interpreter_new(&options, err);
    if (!interpreter) return false;
    slot->seats[seat] = interpreter;
    if (!interpreter_load(interpreter, slot->script, err)) return false;
  }
  return true;
}

Slot *slot_new(const char *script, const InterpreterOptions *options, size_t count, bool anyhow,
               Metrics *metrics, Err *err) {
  Slot *slot = open_slot(script, options, count, metrics, err);
  if (!slot || load_and_take_over(slot, false, err)) return slot;
  if (anyhow && err->code == ERR_FAILED && stand_in(slot, err)) return slot;
  slot_free(slot);
  return NULL;
}

void slot_listen(Slot *slot, void (*on_load)(void *ctx, const char *error), void *ctx) {
  slot->on_load = on_load;
  slot->on_load_ctx = ctx;
}

static void unload(Slot *slot) {
  for (size_t seat = 0; seat < slot->count && slot->seats[seat]; seat++) {
    Buf state;
    buf_init(&state);
    interpreter_unload(slot->seats[seat], &state);
    buf_clear(&state);
  }
}

void slot_free(Slot *slot) {
  if (!slot) return;
  if (slot->seats) {
    unload(slot);
    let_go(slot, slot->seats);
  }
  if (slot->fresh) let_go(slot, slot->fresh);
  if (slot->failed) interpreter_release(slot->failed);
  free(slot->seats);
  free(slot->fresh);
  pthread_mutex_destroy(&slot->mutex);
  pthread_mutex_destroy(&slot->loading);
  free(slot);
}

// ---- who is asked -------------------------------------------------------------------------------

size_t slot_count(const Slot *slot) { return slot->count; }

Interpreter *slot_get(Slot *slot, size_t seat) {
  pthread_mutex_lock(&slot->mutex);
  Interpreter *interpreter = interpreter_retain(slot->seats[seat]);
  pthread_mutex_unlock(&slot->mutex);
  return interpreter;
}

// They take turns, so that two messages that come together do not find the same one free.
static Interpreter *least_busy(Slot *slot) {
  Interpreter *best = NULL;
  int least = INT_MAX;
  size_t seat = slot->turn;
  for (size_t i = 0; i < slot->count && least > 0; i++, seat++) {
    if (seat == slot->count) seat = 0;
    int queue = interpreter_queue(slot->seats[seat]);
    if (best && queue >= least) continue;
    best = slot->seats[seat];
    least = queue;
  }
  slot->turn = slot->turn + 1 < slot->count ? slot->turn + 1 : 0;
  return best;
}

Interpreter *slot_pick(Slot *slot, int64_t *until_us) {
  if (slot->count == 1) return slot_get(slot, 0);
  int64_t until_patient_us = clock_now_us() + PATIENCE_US;
  if (*until_us > until_patient_us) *until_us = until_patient_us;
  pthread_mutex_lock(&slot->mutex);
  Interpreter *interpreter = interpreter_retain(least_busy(slot));
  pthread_mutex_unlock(&slot->mutex);
  return interpreter;
}

void slot_sweep(Slot *slot) {
  if (slot->options->shared && slot->options->shared->talks)
    talks_sweep(slot->options->shared->talks);
}

void slot_wake(Slot *slot) {
  for (size_t seat = 0; seat < slot->count; seat++) {
    Interpreter *interpreter = slot_get(slot, seat);
    interpreter_wake(interpreter);
    interpreter_release(interpreter);
  }
}

// ---- what is told -------------------------------------------------------------------------------

bool slot_files(Slot *slot, Arena *arena, Pairs *files) {
  pthread_mutex_lock(&slot->mutex);
  bool ok = !slot->failed || interpreter_files(slot->failed, arena, files);
  for (size_t seat = 0; seat < slot->count && ok; seat++) {
    ok = interpreter_files(slot->seats[seat], arena, files);
  }
  pthread_mutex_unlock(&slot->mutex);
  return ok;
}

void slot_status(Slot *slot, SlotStatus *status) {
  pthread_mutex_lock(&slot->mutex);
  *status = slot->status;
  for (size_t seat = 0; seat < slot->count; seat++) {
    size_t memory = interpreter_memory(slot->seats[seat]);
    status->memory += memory;
    if (memory > status->memory_max) status->memory_max = memory;
  }
  pthread_mutex_unlock(&slot->mutex);
}
