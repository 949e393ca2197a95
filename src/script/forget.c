#include "script/forget.h"

#include "engine/timers.h"
#include "script/inner.h"
#include "script/message_run.h"

#include <stdlib.h>

typedef struct {
  Timer timer;
  size_t len;
  char openid[];
} Forget;

static bool is_of(Task *task, const void *openid) {
  LogSubject subject = task_subject(task);
  if (!str_eq(subject.openid, *(const Str *)openid) || message_is_asking(task)) return false;
  message_silence(task);
  return true;
}

void forget_user_here(Engine *engine, Str openid) {
  if (openid.len) engine_cancel_tasks(engine, is_of, &openid);
}

static void on_turn(Engine *engine, void *ctx) {
  Forget *forget = ctx;
  if (engine_enter(engine, INT64_MAX)) {
    forget_user_here(engine, str_make(forget->openid, forget->len));
    engine_leave(engine);
  }
  free(forget);
}

void forget_user_soon(Interpreter *in, Str openid) {
  Forget *forget = malloc(sizeof *forget + openid.len);
  if (!forget) return;
  *forget = (Forget){ .timer = { .fn = on_turn, .ctx = forget }, .len = openid.len };
  memcpy(forget->openid, openid.ptr, openid.len);
  if (!timer_add(in->engine, &forget->timer, 0)) free(forget);
}

void forget_note_own(BotShared *shared, int64_t number, const struct Engine *engine) {
  size_t at = (size_t)number % OWN_FORGETS;
  atomic_store(&shared->forgets[at].engine, (uintptr_t)engine);
  atomic_store(&shared->forgets[at].number, number);
}

bool forget_is_own(const BotShared *shared, int64_t number, const Interpreter *in) {
  size_t at = (size_t)number % OWN_FORGETS;
  return atomic_load(&((BotShared *)shared)->forgets[at].number) == number &&
         atomic_load(&((BotShared *)shared)->forgets[at].engine) == (uintptr_t)in->engine;
}
