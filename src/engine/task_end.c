// The end of a task: its ties, its body and its caller are told, and its references dropped.
#include "engine/task_inner.h"

#include "engine/engine_inner.h"
#include "engine/inbox.h"
#include "engine/record_inner.h"
#include "engine/run_inner.h"

#include <stdlib.h>

void task_drop_hold(Task *task) {
  if (task->holds) engine_release(task->engine);
  task->holds = false;
}

static void tell_caller(Task *task) {
  Engine *engine = task->engine;
  if (!task->run && !task->counted) return;
  pthread_mutex_lock(&engine->inbox->mutex);
  if (task->counted) engine->counted--;
  pthread_cond_broadcast(&engine->ended);
  pthread_mutex_unlock(&engine->inbox->mutex);
  if (task->run) run_ended(task);
}

TaskState task_end(Task *task) {
  Engine *engine = task->engine;
  TaskState state = task->state;
  const TaskBody *body = task->body;
  void *data;
  task_end_ties(task);
  if (body->ended) body->ended(task);
  data = task->data;
  bool held = task->holds;
  tell_caller(task);
  task_recycle(task);
  // This may drop the engine's last reference: on the worker's thread the state is closed after the current step; on
  // any other thread the caller has a reference.
  if (held) engine_release(engine);
  if (body->over) body->over(data);
  return state;
}

void task_end_untouched(Task *task) {
  const TaskBody *body = task->body;
  task_end_ties(task);
  if (body->ended) body->ended(task);
  if (task->records) record_leave(task);
  tell_caller(task);
  if (task->holds) engine_release(task->engine);
  if (body->over) body->over(task->data);
  task_drop_subject(task);
  task_drop_failure(task);
  free(task);
}
