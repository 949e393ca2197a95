// The engine's own thread, the worker: resumes tasks whose wait is over, starts posted tasks, and runs the timers.
#include "engine/engine_inner.h"

#include "engine/inbox.h"
#include "engine/task_inner.h"
#include "engine/wait_inner.h"

#include "base/clock.h"

// The stack must suffice for the depth of C calls that Lua allows; sanitizers make frames several times larger.
enum { WORKER_STACK = 4 * 1024 * 1024, STUCK_LOOK_US = 50000 };

// Resumes the task of a wait that is over, and releases the wait.
void wait_go_on(Turn *turn, bool there) {
  Wait *wait = (Wait *)turn;
  Engine *engine = wait->engine;
  if (!there || !engine_enter(engine, INT64_MAX)) {
    wait_release(wait);
    return;
  }
  Task *task = task_unpark(engine, wait);
  if (task) task_run(task);
  wait_release(wait);
  engine_leave_to_others(engine);
}

// Ends the suspended tasks after engine_interrupt. The inbox's mutex is held before and after.
static void end_interrupted(Engine *engine, Inbox *inbox) {
  if (!atomic_load_explicit(&engine->interrupted, memory_order_relaxed) || !engine->parked) return;
  pthread_mutex_unlock(&inbox->mutex);
  if (engine_enter(engine, INT64_MAX)) {
    task_interrupt_all(engine);
    engine_leave(engine);
  }
  pthread_mutex_lock(&inbox->mutex);
}

// The same after engine_interrupt_run. Once is enough: what it did not find suspended, guard.c stops.
static void end_interrupted_run(Engine *engine, Inbox *inbox) {
  if (!atomic_load_explicit(&engine->run_ends, memory_order_relaxed)) return;
  atomic_store(&engine->run_ends, false);
  pthread_mutex_unlock(&inbox->mutex);
  if (engine_enter(engine, INT64_MAX)) {
    task_interrupt_run(engine);
    engine_leave(engine);
  }
  pthread_mutex_lock(&inbox->mutex);
}

// Calls the next turn's `take`. The turn is chosen once the engine is free: a more urgent one may have come by then.
static void give_turn(Engine *engine, Inbox *inbox) {
  bool there = engine_hold(engine);
  pthread_mutex_lock(&inbox->mutex);
  Turn *turn = turns_take(&inbox->turns, clock_now_us());
  pthread_mutex_unlock(&inbox->mutex);
  if (turn) turn->take(turn, there);
  engine_let_go(engine);
}

// Runs one timer or one turn; false if there is none. Timers and turns alternate, since timers may fire one after
// another without end. The inbox's mutex is held before and after.
static bool step(Engine *engine, Inbox *inbox) {
  bool turns = atomic_load_explicit(&inbox->turns.count, memory_order_relaxed) > 0;
  Timer *timer = turns && inbox->timer_was_last ? NULL : timers_take_due(inbox);
  if (!timer && !turns) return false;
  inbox->timer_was_last = timer != NULL;
  pthread_mutex_unlock(&inbox->mutex);
  if (timer) timer->fn(engine, timer->ctx);
  else give_turn(engine, inbox);
  pthread_mutex_lock(&inbox->mutex);
  return true;
}

// What came while the inbox's mutex was not held: nothing signals it again.
static bool is_called(Engine *engine, const Inbox *inbox) {
  return inbox->closing || atomic_load(&engine->run_ends);
}

static void sleep_until_next(Inbox *inbox) {
  if (inbox->heap_count == 0) {
    pthread_cond_wait(&inbox->changed, &inbox->mutex);
    return;
  }
  struct timespec until = clock_to_timespec(inbox->heap[0]->due_us);
  pthread_cond_timedwait(&inbox->changed, &inbox->mutex, &until);
}

static void *serve(void *arg) {
  Engine *engine = arg;
  Inbox *inbox = engine->inbox;
  pthread_setname_np(pthread_self(), "wemoon-script");
  inbox_hold(inbox);
  pthread_mutex_lock(&inbox->mutex);
  while (!inbox->closing) {
    end_interrupted_run(engine, inbox);
    end_interrupted(engine, inbox);
    if (!step(engine, inbox) && !is_called(engine, inbox)) sleep_until_next(inbox);
  }
  pthread_mutex_unlock(&inbox->mutex);
  engine_close_state(engine);
  pthread_mutex_lock(&inbox->mutex);
  inbox->closed = true;
  bool deserted = inbox->deserted;
  pthread_cond_broadcast(&inbox->changed);
  pthread_mutex_unlock(&inbox->mutex);
  if (deserted) engine_free(engine);
  inbox_release(inbox);
  return NULL;
}

bool engine_start_thread(Engine *engine, Err *err) {
  Inbox *inbox = engine->inbox;
  pthread_mutex_lock(&inbox->mutex);
  int failed = 0;
  if (!inbox->started) {
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, WORKER_STACK);
    failed = pthread_create(&inbox->thread, &attr, serve, engine);
    inbox->started = !failed;
    pthread_attr_destroy(&attr);
  }
  pthread_mutex_unlock(&inbox->mutex);
  return failed ? err_set(err, ERR_FAILED, "cannot start the script's thread: %s", strerror(failed))
                : true;
}

// The worker closes the state, because finalizers may never return. If they do not return, or if the worker itself
// drops the last reference (in a task's `over`), the worker frees the engine later.
bool worker_stop(Engine *engine) {
  Inbox *inbox = engine->inbox;
  pthread_mutex_lock(&inbox->mutex);
  inbox->closing = true;
  pthread_cond_broadcast(&inbox->changed);
  bool started = inbox->started;
  inbox->deserted = started && pthread_equal(inbox->thread, pthread_self());
  while (started && !inbox->closed && !inbox->deserted) {
    struct timespec until = clock_to_timespec(clock_now_us() + STUCK_LOOK_US);
    pthread_cond_timedwait(&inbox->changed, &inbox->mutex, &until);
    if (!inbox->closed) inbox->deserted = engine_is_stuck(engine, NULL, 0);
  }
  bool deserted = inbox->deserted;
  pthread_t thread = inbox->thread;
  pthread_mutex_unlock(&inbox->mutex);
  if (deserted) pthread_detach(thread);
  else if (started) pthread_join(thread, NULL);
  else engine_close_state(engine);
  return !deserted;
}
