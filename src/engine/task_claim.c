// The end of a task's slice, of which one thread may tell others: the slice's own, or the one that gives the engine up.
#include "engine/task_inner.h"

#include "engine/engine_inner.h"
#include "engine/guard.h"

#include "base/log.h"

#include <sched.h>

void task_when_given_up(Task *task, void (*given_up)(void *ctx, const char *place), void *ctx) {
  task->given_up = given_up;
  task->given_up_ctx = ctx;
}

void task_open_end(Task *task) {
  task->claimed = task->is_lost = false;
  atomic_store_explicit(&task->told, false, memory_order_relaxed);
  atomic_store_explicit(&task->engine->running, task, memory_order_release);
}

bool task_claim_end(Task *task) {
  Task *running = task;
  if (task->claimed) return !task->is_lost;
  task->claimed = true;
  if (atomic_compare_exchange_strong(&task->engine->running, &running, NULL)) return true;
  while (!atomic_load_explicit(&task->told, memory_order_acquire)) sched_yield();
  task->is_lost = true;
  return false;
}

// Whoever waits for a run is told by run_wait.
static void tell(Task *task) {
  char place[PLACE_SIZE];
  guard_last_place(&task->engine->slice, place, sizeof place);
  if (!task->run) {
    log_error("%s failed: %s%sit was in a call that nothing can interrupt, and its interpreter was "
              "given up",
              task->body->doing, place, place[0] ? ": " : "");
    task_tell_failed(task);
  }
  if (task->given_up) task->given_up(task->given_up_ctx, place);
}

void task_give_up_running(Engine *engine) {
  Task *task = atomic_exchange(&engine->running, NULL);
  if (!task) return;
  LogSubject before = log_about(task->subject);
  tell(task);
  log_about(before);
  atomic_store_explicit(&task->told, true, memory_order_release);
}
