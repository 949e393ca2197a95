// The threads that look after the script: a load takes as long as the script's on_load does, and deadlines do
// not wait for it.
#include "bot/watch.h"

#include "base/mutex.h"
#include "base/clock.h"
#include "base/log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct Watch {
  Slot *slot;
  Rescue *rescue;
  bool files;
  char complained[480];  // of what replace_stuck last complained: once is enough
  pthread_t thread, rescuer;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  bool stopping;
};

// What tells one state of the files from another: any change of a byte of it counts as a change.
typedef struct {
  uint64_t hash;
  struct timespec newest;  // the latest change of any of the files
} FilesState;

static void mix(FilesState *state, const void *bytes, size_t len) {
  for (size_t i = 0; i < len; i++)
    state->hash = (state->hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3u;
}

static bool is_before(struct timespec a, struct timespec b) {
  return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

static void mix_file(FilesState *state, Str path) {
  struct stat info = { 0 };
  mix(state, path.ptr, path.len);
  if (stat(path.ptr, &info) != 0) return mix(state, "-", 1);
  mix(state, &info.st_dev, sizeof info.st_dev);
  mix(state, &info.st_ino, sizeof info.st_ino);
  mix(state, &info.st_size, sizeof info.st_size);
  mix(state, &info.st_mtim, sizeof info.st_mtim);
  mix(state, &info.st_ctim, sizeof info.st_ctim);
  if (is_before(state->newest, info.st_ctim)) state->newest = info.st_ctim;
}

// False when there was no memory to ask: nothing is known then.
static bool look(Watch *watch, Arena *arena, FilesState *state) {
  Pairs files = { 0 };
  arena_reset(arena);
  if (!slot_files(watch->slot, arena, &files)) return false;
  *state = (FilesState){ .hash = 0xcbf29ce484222325u };
  for (const Pair *file = files.first; file; file = file->next) mix_file(state, file->name);
  return true;
}

static void reload(Watch *watch) {
  Err err = { 0 };
  int64_t began_us = clock_now_us();
  if (slot_reload(watch->slot, &err)) {
    log_info("reloaded in %.1f ms: a script file changed", (double)(clock_now_us() - began_us) / 1000);
  } else {
    log_error("not reloaded, the script before the change stays in service: %s", err.text);
  }
}

static void replace_stuck(Watch *watch, size_t seat) {
  char place[256] = "";
  Err err = { 0 };
  if (slot_replace_stuck(watch->slot, seat, place, sizeof place, &err)) {
    log_error("the script was stuck at %s in a call that nothing can interrupt; it was given up and a fresh "
              "interpreter serves",
              place[0] ? place : "an unknown place");
    watch->complained[0] = '\0';
  } else if (err.code != ERR_NONE &&
             strncmp(watch->complained, err.text, sizeof watch->complained - 1) != 0) {
    log_error("the script is stuck at %s and no fresh interpreter can be had: %s",
              place[0] ? place : "an unknown place", err.text);
    snprintf(watch->complained, sizeof watch->complained, "%s", err.text);
  }
}

static bool pause_for_a_tick(Watch *watch) {
  struct timespec until = clock_to_timespec(clock_now_us() + WATCH_TICK_MS * 1000);
  pthread_mutex_lock(&watch->mutex);
  while (!watch->stopping && pthread_cond_timedwait(&watch->changed, &watch->mutex, &until) == 0) {
  }
  bool go_on = !watch->stopping;
  pthread_mutex_unlock(&watch->mutex);
  return go_on;
}

// What the watcher knows of the files between its looks.
typedef struct {
  uint64_t loads;   // how many loads the slot had done when `loaded` was noted
  uint64_t loaded;  // the state of the files that the script in service was read from
  uint64_t last;    // their state at the last look
} Known;

// A file changed since a load began may have been read before or after the change, so it counts as changed.
// True where there was a load since the last time.
static bool note_load(const Watch *watch, const FilesState *now, Known *known) {
  SlotStatus status;
  slot_status(watch->slot, &status);
  if (status.loads + status.failures == known->loads) return false;
  known->loads = status.loads + status.failures;
  known->loaded = is_before(now->newest, status.began) ? now->hash : ~now->hash;
  return true;
}

static void *run_rescuer(void *arg) {
  Watch *watch = arg;
  while (pause_for_a_tick(watch)) rescue_answer_due(watch->rescue, clock_now_us());
  return NULL;
}

// The files are looked at again at once: a link that is turned to an older file shows no time at which that
// happened.
static void *run(void *arg) {
  Watch *watch = arg;
  Arena *arena = arena_new();
  FilesState now;
  Known known = { .loads = 0 };
  while (pause_for_a_tick(watch)) {
    for (size_t seat = 0; seat < slot_count(watch->slot); seat++) replace_stuck(watch, seat);
    slot_sweep(watch->slot);
    if (!watch->files || !arena || !look(watch, arena, &now)) continue;
    if (!note_load(watch, &now, &known) && now.hash != known.loaded && now.hash == known.last) {
      reload(watch);
      if (look(watch, arena, &now)) note_load(watch, &now, &known);
    }
    known.last = now.hash;
  }
  arena_free(arena);
  return NULL;
}

static void tell_to_stop(Watch *watch) {
  pthread_mutex_lock(&watch->mutex);
  watch->stopping = true;
  pthread_cond_broadcast(&watch->changed);
  pthread_mutex_unlock(&watch->mutex);
}

// Zero, or the error's number, and neither runs.
static int start_threads(Watch *watch) {
  pthread_attr_t attr;
  int failed = pthread_create(&watch->rescuer, NULL, run_rescuer, watch);
  if (failed) return failed;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, 4 * 1024 * 1024);  // scripts are loaded on it
  failed = pthread_create(&watch->thread, &attr, run, watch);
  pthread_attr_destroy(&attr);
  if (!failed) return 0;
  tell_to_stop(watch);
  pthread_join(watch->rescuer, NULL);
  return failed;
}

static void watch_free(Watch *watch) {
  pthread_cond_destroy(&watch->changed);
  pthread_mutex_destroy(&watch->mutex);
  free(watch);
}

Watch *watch_start(Slot *slot, Rescue *rescue, bool files, Err *err) {
  Watch *watch = calloc(1, sizeof *watch);
  if (!watch) {
    err_set(err, ERR_MEMORY, "no memory");
    return NULL;
  }
  watch->slot = slot;
  watch->rescue = rescue;
  watch->files = files;
  condition_init(&watch->changed);
  pthread_mutex_init(&watch->mutex, NULL);
  int failed = start_threads(watch);
  if (!failed) return watch;
  err_set(err, ERR_FAILED, "cannot start the watcher's threads: %s", strerror(failed));
  watch_free(watch);
  return NULL;
}

void watch_stop(Watch *watch) {
  if (!watch) return;
  tell_to_stop(watch);
  pthread_join(watch->thread, NULL);
  pthread_join(watch->rescuer, NULL);
  watch_free(watch);
}
