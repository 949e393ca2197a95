#include "net/accepted.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "net/tcp_state.h"

enum { ROOM = 256 };

// By descriptor. The accepting thread writes it before it passes the descriptor on.
static atomic_int_least64_t times_us[DESCRIPTORS_MAX];

// By descriptor too: a Cut.
static _Atomic unsigned char cuts[DESCRIPTORS_MAX];

void accepted_note(int fd) {
  if (fd >= DESCRIPTORS_MAX) return;
  atomic_store_explicit(&times_us[fd], clock_now_us(), memory_order_relaxed);
  atomic_store_explicit(&cuts[fd], CUT_NOT, memory_order_relaxed);
}

int64_t accepted_us(int fd) {
  return fd < DESCRIPTORS_MAX ? atomic_load_explicit(&times_us[fd], memory_order_relaxed) : 0;
}

void accepted_cut(int fd, Cut why) {
  if (fd < DESCRIPTORS_MAX) atomic_store(&cuts[fd], (unsigned char)why);
  shutdown(fd, SHUT_RD);
}

Cut accepted_why_cut(int fd) {
  return fd >= 0 && fd < DESCRIPTORS_MAX ? (Cut)atomic_load(&cuts[fd]) : CUT_NOT;
}

// Both wrap around.
static atomic_uint passed_count, taken_count;

void accepted_note_passed(void) { atomic_fetch_add(&passed_count, 1); }

void accepted_note_taken(void) { atomic_fetch_add(&taken_count, 1); }

bool accepted_any_waits(void) { return atomic_load(&passed_count) != atomic_load(&taken_count); }

static bool has_room(SilentList *list) {
  if (list->count < list->cap) return true;
  size_t cap = list->cap ? 2 * list->cap : ROOM;
  Silent *items = realloc(list->items, cap * sizeof *items);
  if (!items) return false;
  list->items = items;
  list->cap = cap;
  return true;
}

void silent_add(SilentList *list, int fd, bool may_go) {
  if (has_room(list)) list->items[list->count++] = (Silent){ fd, may_go, accepted_us(fd) };
}

static int by_age(const void *a, const void *b) {
  int64_t first = ((const Silent *)a)->accepted_us, second = ((const Silent *)b)->accepted_us;
  return (first > second) - (first < second);
}

void silent_sort(SilentList *list) {
  if (list->count > 0) qsort(list->items, list->count, sizeof *list->items, by_age);
}

// Whether its descriptor is still that connection's: others are closed and opened meanwhile, and the number may be a
// call's to the platform by now.
static bool is_there_still(const Silent *silent, int port) {
  return tcp_is_of_port(silent->fd, port) && accepted_us(silent->fd) == silent->accepted_us;
}

void silent_close(const SilentList *list, size_t count, int port, int64_t wanted) {
  for (size_t i = 0; i < count && wanted > 0; i++) {
    const Silent *one = &list->items[i];
    if (!one->may_go || !is_there_still(one, port)) continue;
    accepted_cut(one->fd, CUT_FOR_OTHERS);
    wanted--;
  }
}

void silent_free(SilentList *list) { free(list->items); }
