// The known state of each file since its first check, by stat(2) alone.
#include "bot/file_watch.h"

#include <stdlib.h>
#include <sys/stat.h>

// The state of a file: a hash over its name and stat(2) data, and its time of change.
typedef struct {
  uint64_t hash;
  struct timespec changed;
} FileState;

typedef struct Known {
  struct Known *next;
  Str name;
  uint64_t read;  // hash of the state in which the file was read
  uint64_t seen;  // the same at the last check
} Known;

struct FileWatch {
  Pool *pool;
  uint64_t loads;  // the pool's loads at the last check
  uint64_t last;   // hash of all files' states at the last check
  struct timespec looked;
  Known *first, *before;  // `before`: right after a load, the files as they were known before it
  Arena *known, *known_before, *look;  // of `first`, of `before`; the names of one check
};

FileWatch *file_watch_new(Pool *pool) {
  FileWatch *files = calloc(1, sizeof *files);
  if (!files) return NULL;
  files->pool = pool;
  files->known = arena_new();
  files->known_before = arena_new();
  files->look = arena_new();
  if (files->known && files->known_before && files->look) return files;
  file_watch_free(files);
  return NULL;
}

void file_watch_free(FileWatch *files) {
  if (!files) return;
  arena_free(files->known);
  arena_free(files->known_before);
  arena_free(files->look);
  free(files);
}

// ---- one file -----------------------------------------------------------------------------------

static void mix(uint64_t *hash, const void *bytes, size_t len) {
  for (size_t i = 0; i < len; i++)
    *hash = (*hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3u;
}

static FileState state_of(Str path) {
  FileState state = { .hash = 0xcbf29ce484222325u };
  struct stat info = { 0 };
  mix(&state.hash, path.ptr, path.len);
  if (stat(path.ptr, &info) != 0) return state;
  mix(&state.hash, &info.st_dev, sizeof info.st_dev);
  mix(&state.hash, &info.st_ino, sizeof info.st_ino);
  mix(&state.hash, &info.st_size, sizeof info.st_size);
  mix(&state.hash, &info.st_mtim, sizeof info.st_mtim);
  mix(&state.hash, &info.st_ctim, sizeof info.st_ctim);
  state.changed = info.st_ctim;
  return state;
}

static bool is_before(struct timespec a, struct timespec b) {
  return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

static Known *find(Known *known, Str name) {
  while (known && !str_eq(known->name, name)) known = known->next;
  return known;
}

// When a file was read: after `since`, and all files were checked at `looked` before that.
typedef struct {
  struct timespec looked, since;
} Reading;

// Whether the file's name leads to another, older file than at the check before the load: a link was turned, and no
// time says when.
static bool was_turned(const FileWatch *files, Str name, FileState state, Reading reading) {
  const Known *before = find(files->before, name);
  return before && before->seen != state.hash && is_before(state.changed, reading.looked);
}

// Notes a file that was read. If it may have been read before its last change, it counts as changed.
static bool learn(FileWatch *files, Str name, FileState state, Reading reading) {
  Known *known = arena_calloc(files->known, 1, sizeof *known);
  if (!known || !(known->name = arena_dup(files->known, name)).ptr) return false;
  bool certain =
      is_before(state.changed, reading.since) && !was_turned(files, name, state, reading);
  known->read = certain ? state.hash : ~state.hash;
  known->seen = state.hash;
  known->next = files->first;
  files->first = known;
  return true;
}

// ---- all files ----------------------------------------------------------------------------------

static void begin_load(FileWatch *files, uint64_t loads) {
  Arena *known = files->known_before;
  files->loads = loads;
  files->known_before = files->known;
  files->before = files->first;
  files->known = known;
  files->first = NULL;
  arena_reset(known);
}

// After a load no file is known. Returns the time after which unknown files were read; scripts also require modules
// while they answer messages.
static struct timespec begin(FileWatch *files) {
  PoolStatus status;
  pool_status(files->pool, &status);
  uint64_t loads = status.loads + status.failures;
  files->before = NULL;
  if (loads == files->loads) return files->looked;
  begin_load(files, loads);
  return status.began;
}

// Checks one file. Returns false without memory.
static bool look_at(FileWatch *files, Str name, FileState state, Reading reading, bool *changed) {
  Known *known = find(files->first, name);
  if (!known) return learn(files, name, state, reading);
  if (known->read != state.hash) *changed = true;
  known->seen = state.hash;
  return true;
}

// Checks all files. Returns false without memory: then the result is unknown.
static bool look(FileWatch *files, bool *changed, uint64_t *all) {
  Pairs names = { 0 };
  Reading reading = { .looked = files->looked };
  reading.since = begin(files);
  clock_gettime(CLOCK_REALTIME_COARSE, &files->looked);
  arena_reset(files->look);
  if (!pool_files(files->pool, files->look, &names)) return false;
  for (const Pair *name = names.first; name; name = name->next) {
    FileState state = state_of(name->name);
    mix(all, &state.hash, sizeof state.hash);
    if (!look_at(files, name->name, state, reading, changed)) return false;
  }
  return true;
}

bool file_watch_changed(FileWatch *files) {
  bool changed = false;
  uint64_t all = 0xcbf29ce484222325u;
  if (!look(files, &changed, &all)) return false;
  bool still = all == files->last;
  files->last = all;
  return changed && still;
}
