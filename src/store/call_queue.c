#include "store/call_queue.h"

#include <stdlib.h>

enum { BATCH_MAX = 256, REPEATED_MAX = 64 << 20 };

static size_t size_of(const StoreJob *job) {
  return sizeof *job + job->call.key.len + job->call.value.len;
}

static void put(CallList *list, StoreJob *job) {
  job->next = NULL;
  if (list->last) list->last->next = job;
  else list->first = job;
  list->last = job;
}

static StoreJob *take(CallList *list) {
  StoreJob *job = list->first;
  list->first = job->next;
  if (!list->first) list->last = NULL;
  return job;
}

// Puts the job behind those that are due before it, or at the same time.
static void put_by_due(CallList *list, StoreJob *job) {
  StoreJob **at = &list->first;
  if (!*at || list->last->due_us <= job->due_us) {
    put(list, job);
    return;
  }
  while ((*at)->due_us <= job->due_us) at = &(*at)->next;
  job->next = *at;
  *at = job;
}

void call_queue_put(CallQueue *queue, StoreJob *job) {
  if (job->call.delay_ms > 0) put_by_due(&queue->delayed, job);
  else put(&queue->ready, job);
}

bool call_queue_repeat(CallQueue *queue, StoreJob *job, int64_t now_us) {
  int64_t passed_ms = (now_us - job->due_us + CALL_REPEAT_PAUSE_US) / 1000;
  if (job->keep_us <= now_us || (job->call.ttl_ms && job->call.ttl_ms <= passed_ms)) return false;
  if (queue->repeated_bytes + size_of(job) > REPEATED_MAX) return false;
  queue->repeated_bytes += size_of(job);
  free((char *)job->reply.value.ptr);
  job->reply = (StoreReply){ .ok = false };
  if (job->call.ttl_ms) job->call.ttl_ms -= passed_ms;
  job->due_us = now_us + CALL_REPEAT_PAUSE_US;
  job->give_up_us = job->due_us + CALL_PATIENCE_MS * 1000;
  put_by_due(&queue->repeated, job);
  return true;
}

// Returns the list whose first call is due next; NULL: no call waits.
static const CallList *next_list(const CallQueue *queue) {
  const StoreJob *delayed = queue->delayed.first, *repeated = queue->repeated.first;
  if (!delayed && !repeated) return NULL;
  bool first = !repeated || (delayed && delayed->due_us <= repeated->due_us);
  return first ? &queue->delayed : &queue->repeated;
}

int64_t call_queue_next_us(const CallQueue *queue) {
  const CallList *list = next_list(queue);
  return list ? list->first->due_us : INT64_MAX;
}

StoreJob *call_queue_take_later(CallQueue *queue) {
  const CallList *list = next_list(queue);
  if (!list) return NULL;
  if (list == &queue->delayed) return take(&queue->delayed);
  StoreJob *job = take(&queue->repeated);
  queue->repeated_bytes -= size_of(job);
  return job;
}

void call_queue_wake(CallQueue *queue, int64_t now_us) {
  while (call_queue_next_us(queue) <= now_us) put(&queue->ready, call_queue_take_later(queue));
}

StoreJob *call_queue_take_ready(CallQueue *queue) {
  StoreJob *first = queue->ready.first, *last = first;
  if (!first) return NULL;
  for (int n = 1; n < BATCH_MAX && last->next; n++) last = last->next;
  queue->ready.first = last->next;
  if (!queue->ready.first) queue->ready.last = NULL;
  last->next = NULL;
  return first;
}
