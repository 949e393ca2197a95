#include "script/process_watch.h"

#include "base/clock.h"
#include "base/mutex.h"
#include "script/process_name.h"

#include <stdlib.h>

enum {
  SEEN_MAX = 16,
  ONCE_US = 500 * 1000,  // the CPU times are read at most this often: reading opens a file per
                         // thread
  // After a gap this long between two checks, the earlier check says nothing: this process may have been frozen itself.
  GAP_US = 4000 * 1000
};

typedef struct {
  char name[PROCESS_NAME_SIZE];  // empty: unused
  int64_t used_ns, looked_us, changed_us;
} Seen;

struct ProcessWatch {
  Str name;
  int64_t frozen_us;
  pthread_mutex_t mutex;
  Seen seen[SEEN_MAX];
};

ProcessWatch *process_watch_new(Str name, int64_t frozen_us) {
  ProcessWatch *watch = calloc(1, sizeof *watch);
  if (!watch) return NULL;
  watch->name = name;
  watch->frozen_us = frozen_us;
  mutex_init_brief(&watch->mutex);
  return watch;
}

void process_watch_free(ProcessWatch *watch) {
  if (!watch) return;
  pthread_mutex_destroy(&watch->mutex);
  free(watch);
}

// Returns the entry of the process; a new process replaces the entry that was checked the longest ago.
static Seen *place_of(ProcessWatch *watch, Str process) {
  Seen *oldest = &watch->seen[0];
  for (Seen *seen = watch->seen; seen < watch->seen + SEEN_MAX; seen++) {
    if (str_eq(str_of(seen->name), process)) return seen;
    if (seen->looked_us < oldest->looked_us) oldest = seen;
  }
  *oldest = (Seen){ .used_ns = -1 };
  memcpy(oldest->name, process.ptr, process.len);
  return oldest;
}

static bool is_frozen(ProcessWatch *watch, Seen *seen, int64_t now_us) {
  if (seen->looked_us && now_us - seen->looked_us < ONCE_US)
    return now_us - seen->changed_us >= watch->frozen_us;
  int64_t used_ns = process_used_ns(str_of(seen->name));
  if (used_ns < 0 || used_ns != seen->used_ns || now_us - seen->looked_us > GAP_US)
    seen->changed_us = now_us;
  seen->used_ns = used_ns;
  seen->looked_us = now_us;
  return now_us - seen->changed_us >= watch->frozen_us;
}

bool process_watch_look(ProcessWatch *watch, Str process, bool *alive) {
  if (!process_look(watch->name, process, alive)) return false;
  if (!*alive || process.len >= PROCESS_NAME_SIZE) return true;
  pthread_mutex_lock(&watch->mutex);
  *alive = !is_frozen(watch, place_of(watch, process), clock_now_us());
  pthread_mutex_unlock(&watch->mutex);
  return true;
}
