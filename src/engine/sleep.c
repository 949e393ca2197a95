// A wait for a time.
#include "engine/wait_inner.h"

#include "engine/engine.h"
#include "engine/lua_helpers.h"
#include "engine/timers.h"

#include "engine/method.h"

#include <stdlib.h>

typedef struct {
  Timer timer;
  Wait *wait;
} Sleep;

static void wake(Engine *engine, void *ctx) {
  Sleep *sleep = ctx;
  wait_finish(sleep->wait, NULL, NULL, NULL);
  free(sleep);
}

// If the timer is not armed, it has fired, and wake() releases the wait and frees `sleep`.
static void cancel_sleep(void *ctx) {
  Sleep *sleep = ctx;
  if (!timer_remove_in_cancel(sleep->wait->engine, &sleep->timer)) return;
  wait_release(sleep->wait);
  free(sleep);
}

int wait_until(lua_State *L, const char *what, int64_t due_us) {
  Engine *engine = engine_of(L);
  Err err = { 0 };
  if (!engine_start_thread(engine, &err)) method_raise(L, "%s: %s", what, err.text);
  Wait *wait = wait_begin(L, what);
  Sleep *sleep = calloc(1, sizeof *sleep);
  if (sleep) *sleep = (Sleep){ .timer = { .fn = wake, .ctx = sleep }, .wait = wait };
  if (!sleep || !timer_add(engine, &sleep->timer, due_us)) {
    free(sleep);
    wait_abort(wait);
    raise_no_memory(L);
  }
  return wait_suspend(L, wait, cancel_sleep, sleep);
}
