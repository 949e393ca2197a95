// A task's slices.
#include "engine/task_inner.h"

#include "engine/engine_inner.h"
#include "engine/failure.h"
#include "engine/guard.h"
#include "engine/inbox.h"
#include "engine/lock.h"
#include "engine/record_inner.h"
#include "engine/wait_inner.h"

#include "base/log.h"

int task_leave(lua_State *L) {
  Task *task = task_running(L);
  record_end_call(task);
  task->dropped = true;
  engine_of(L)->slice.end = SLICE_DIFFERS;
  return guard_unwind(L);
}

static TaskState run_slice(Task *task) {
  Engine *engine = task->engine;
  // In the first slice, no continuation releases the wait of task_post, so release it here.
  if (lua_status(task->co) != LUA_YIELD) {
    wait_release(task->wait);
    task->wait = NULL;
  }
  for (;;) {
    int args = lua_status(task->co) == LUA_YIELD ? 0 : lua_gettop(task->co) - 1;
    int results;
    engine->task = task;
    engine->frame = NULL;
    int status = lua_resume(task->co, NULL, args, &results);
    engine->task = NULL;
    if (status == LUA_OK && engine->slice.end == SLICE_GOES_ON) break;
    if (engine->slice.end == SLICE_GOES_ON && lock_is_broken(&engine->lock))
      engine->slice.end = SLICE_GIVEN_UP;
    if (status == LUA_YIELD && engine->suspending && engine->slice.end == SLICE_GOES_ON)
      return task_suspend(task);
    if (!task_fail(task, status)) break;
    guard_leave(engine);
    guard_enter(engine);
  }
  return task_end(task);
}

TaskState task_run(Task *task) {
  LogSubjectNote *noted = &task->engine->slice.subject;
  LogSubject before = log_about(task->subject);
  log_subject_note(noted, task->subject);
  TaskState state = run_slice(task);
  log_subject_note(noted, (LogSubject){ 0 });
  log_about(before);
  return state;
}

void task_begin_to_close(Task *task) {
  task->state = TASK_CANCELLED;
  task_begin_closing(task);
}

void task_run_to_close(Task *task) {
  task_begin_to_close(task);
  task_run(task);
}

// Closes the remaining variables in this slice; they cannot wait any more.
void task_stop_closing(Task *task) {
  Engine *engine = task->engine;
  Wait *wait = task->wait;
  log_error("a __close method of %s was ended after %d s while it waited in %s", task->now->doing,
            TASK_CLOSING_US / 1000000, wait->what);
  task->wait = NULL;
  wait_cancel(wait);
  if (task->state == TASK_RETURNED) task->state = TASK_FAILED;
  task->forced++;
  engine->task = task;
  close_coroutine(engine, task->co);
  engine->task = NULL;
  if (task_begin_next(task)) task_run(task);
  else task_end(task);
}

TaskState task_start(Task *task) { return task_run(task); }

bool task_post(Task *task) {
  Wait *wait = wait_over(task);
  if (!wait) {
    task_discard(task);
    return false;
  }
  if (task->counted) {
    pthread_mutex_lock(&task->engine->inbox->mutex);
    task->engine->counted++;
    pthread_mutex_unlock(&task->engine->inbox->mutex);
  }
  task_park(task, wait);
  return true;
}
