// What is known of each file, from its first look at it on. stat(2) alone is asked.
#include "bot/file_watch.h"

#include <stdlib.h>
#include <sys/stat.h>

// What tells one state of a file from another: any change of a byte of it counts as a change.
typedef struct {
  uint64_t hash;
  struct timespec changed;
} FileState;

typedef struct Known {
  struct Known *next;
  Str name;
  uint64_t read;  // the state in which it was read
} Known;

struct FileWatch {
  Pool *pool;
  uint64_t loads;  // how many the pool had done at the last look
  uint64_t last;   // the state of all files then
  struct timespec looked;
  Known *first;
  Arena *known, *look;  // what is known; the names of one look
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

// It was read after `since`. If it changed after that, it may have been read before or after the change, so
// it counts as changed.
static bool learn(FileWatch *files, Str name, FileState state, struct timespec since) {
  Known *known = arena_calloc(files->known, 1, sizeof *known);
  if (!known || !(known->name = arena_dup(files->known, name)).ptr) return false;
  known->read = is_before(state.changed, since) ? state.hash : ~state.hash;
  known->next = files->first;
  files->first = known;
  return true;
}

// ---- all of them --------------------------------------------------------------------------------

// After a load nothing is known of what was known before. Returns since when files that are not known may
// have been read: modules are required while messages are answered, too.
static struct timespec begin(FileWatch *files) {
  PoolStatus status;
  pool_status(files->pool, &status);
  if (status.loads + status.failures == files->loads) return files->looked;
  files->loads = status.loads + status.failures;
  files->first = NULL;
  arena_reset(files->known);
  return status.began;
}

// False without memory: nothing can be said then.
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
