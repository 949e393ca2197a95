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
} Known;

struct FileWatch {
  Pool *pool;
  uint64_t loads;  // the pool's loads at the last check
  uint64_t last;   // hash of all files' states at the last check
  struct timespec looked;
  Known *first;
  Arena *known, *look;  // `known`: the known files; `look`: the names of one check
};

FileWatch *file_watch_new(Pool *pool) {
  FileWatch *files = calloc(1, sizeof *files);
  if (!files) return NULL;
  files->pool = pool;
  files->known = arena_new();
  files->look = arena_new();
  if (files->known && files->look) return files;
  file_watch_free(files);
  return NULL;
}

void file_watch_free(FileWatch *files) {
  if (!files) return;
  arena_free(files->known);
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

static Known *find(const FileWatch *files, Str name) {
  Known *known = files->first;
  while (known && !str_eq(known->name, name)) known = known->next;
  return known;
}

// Notes a file that was read after `since`. If the file changed after `since`, it may have been read before or after
// the change, so it counts as changed.
static bool learn(FileWatch *files, Str name, FileState state, struct timespec since) {
  Known *known = arena_calloc(files->known, 1, sizeof *known);
  if (!known || !(known->name = arena_dup(files->known, name)).ptr) return false;
  known->read = is_before(state.changed, since) ? state.hash : ~state.hash;
  known->next = files->first;
  files->first = known;
  return true;
}

// ---- all files ----------------------------------------------------------------------------------

// Forgets all files after a load. Returns the time after which unknown files were read; scripts also require modules
// while they answer messages.
static struct timespec begin(FileWatch *files) {
  PoolStatus status;
  pool_status(files->pool, &status);
  if (status.loads + status.failures == files->loads) return files->looked;
  files->loads = status.loads + status.failures;
  files->first = NULL;
  arena_reset(files->known);
  return status.began;
}

// Checks all files. Returns false without memory: then the result is unknown.
static bool look(FileWatch *files, bool *changed, uint64_t *all) {
  Pairs names = { 0 };
  struct timespec since = begin(files);
  clock_gettime(CLOCK_REALTIME_COARSE, &files->looked);
  arena_reset(files->look);
  if (!pool_files(files->pool, files->look, &names)) return false;
  for (const Pair *name = names.first; name; name = name->next) {
    FileState state = state_of(name->name);
    mix(all, &state.hash, sizeof state.hash);
    const Known *known = find(files, name->name);
    if (known && known->read != state.hash) *changed = true;
    if (!known && !learn(files, name->name, state, since)) return false;
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
