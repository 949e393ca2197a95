#include "net/unsent.h"

#include "base/clock.h"
#include "base/log.h"
#include "net/answer.h"
#include "net/tcp_state.h"

enum { SAY_EVERY_US = 60 * 1000 * 1000, AHEAD_MS = 1000 };

void unsent_init(UnsentList *list, size_t most) {
  *list = (UnsentList){ .most = most < UNSENT_MOST ? most : UNSENT_MOST };
  TAILQ_INIT(&list->items);
}

// What the client's system has taken: the rest waits in ours.
static int64_t taken(const Unsent *unsent) {
  return (int64_t)*unsent->sent - tcp_unacknowledged(unsent->fd);
}

void unsent_add(UnsentList *list, Unsent *unsent, int fd, const size_t *sent, size_t bytes) {
  TAILQ_INSERT_TAIL(&list->items, unsent, entry);
  unsent->bytes = bytes;
  unsent->fd = fd;
  unsent->sent = sent;
  unsent->taken_before = taken(unsent);
  unsent->listed_us = clock_now_us();
  unsent->is_listed = true;
  list->bytes += bytes;
  list->count++;
}

void unsent_remove(UnsentList *list, Unsent *unsent) {
  if (!unsent->is_listed) return;
  TAILQ_REMOVE(&list->items, unsent, entry);
  unsent->is_listed = false;
  list->bytes -= unsent->bytes;
  list->count--;
}

// In bytes a second.
static int64_t rate(const Unsent *unsent, int64_t now_us) {
  int64_t read = taken(unsent) - unsent->taken_before + ANSWER_SLOWEST * AHEAD_MS;
  return read * 1000 / ((now_us - unsent->listed_us) / 1000 + AHEAD_MS);
}

static Unsent *slowest_but_newest(const UnsentList *list) {
  Unsent *slowest = NULL;
  int64_t least = INT64_MAX, now_us = clock_now_us();
  for (Unsent *one = TAILQ_FIRST(&list->items); TAILQ_NEXT(one, entry);
       one = TAILQ_NEXT(one, entry)) {
    int64_t its = rate(one, now_us);
    if (its >= least) continue;
    slowest = one;
    least = its;
  }
  return slowest;
}

Unsent *unsent_excess(const UnsentList *list) {
  bool is_excess = list->bytes > UNSENT_BYTES_MOST || list->count > list->most;
  return is_excess && list->count > 1 ? slowest_but_newest(list) : NULL;
}

// Not a matter of the user whose answer is added now.
static void tell_of_cut(const UnsentList *list, const Unsent *unsent) {
  char address[TCP_ADDRESS_SIZE] = "";
  LogSubject before = log_about((LogSubject){ 0 });
  tcp_address(unsent->fd, address, NULL);
  log_warn(
      "cut off the slowest readers of large answers: cut=%zu since the last such line, the last "
      "one on %s. At most %zu answers or %d MB wait for their clients at once",
      list->cut_count, address, list->most, UNSENT_BYTES_MOST >> 20);
  log_about(before);
}

void unsent_report_cut(UnsentList *list, const Unsent *unsent) {
  int64_t now_us = clock_now_us();
  list->cut_count++;
  if (list->said_us && now_us - list->said_us < SAY_EVERY_US) return;
  tell_of_cut(list, unsent);
  list->cut_count = 0;
  list->said_us = now_us;
}
