// Suspends the running task: its coroutine yields, and goes on with the result of its wait.
#include "engine/wait_inner.h"

#include "engine/engine_inner.h"
#include "engine/guard.h"
#include "engine/inbox.h"
#include "engine/lua_helpers.h"
#include "engine/yield_barrier.h"
#include "engine/task_inner.h"

#include "engine/method.h"

Wait *wait_begin(lua_State *L, const char *what) {
  Engine *engine = engine_of(L);
  if (!engine->task) method_raise(L, "%s can only be called while the script runs", what);
  if (!lua_isyieldable(L)) yield_barrier_raise(L, L, what);
  for (ResumeFrame *frame = engine->frame; frame; frame = frame->up) {
    if (!frame->yieldable) yield_barrier_raise(L, frame->L, what);
  }
  Wait *wait = wait_new(engine->task, what);
  if (!wait) raise_no_memory(L);
  return wait;
}

static int wait_k(lua_State *L, int status, lua_KContext context) {
  Wait *wait = (Wait *)context;
  Task *task = engine_of(L)->task;
  if (task->wait != wait) {    // the wait was cancelled and freed
    wait_release(task->wait);  // the one that park.c put in its place; or NULL
    task->wait = NULL;
    task->forced++;
    return guard_unwind_on(L);
  }
  WaitPush push = wait->push;
  void *data = wait->data;
  wait->data = NULL;
  task->wait = NULL;
  wait_release(wait);
  return push ? push(L, data) : 0;
}

int wait_suspend(lua_State *L, Wait *wait, void (*cancel)(void *ctx), void *cancel_ctx) {
  pthread_mutex_lock(&wait->inbox->mutex);
  wait->cancel = cancel;
  wait->cancel_ctx = cancel_ctx;
  pthread_mutex_unlock(&wait->inbox->mutex);
  engine_of(L)->suspending = wait;
  return lua_yieldk(L, 0, (lua_KContext)wait, wait_k);
}
