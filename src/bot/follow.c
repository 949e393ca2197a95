// A look, a pause, a look: on the loop. The store's own threads are waited for by nobody.
#include "bot/follow.h"

#include "base/clock.h"
#include "net/loop.h"

enum {
  LOOK_MS = 40,         // between two looks, at first
  LOOK_LATER_MS = 200,  // once the message is older than a second
  SOON_US = 1000000
};

typedef struct {
  Run *run;
  LoopCall call;
  PeersResult result;
  Buf answer;
  int64_t answered_s;
} Follow;

static Webhook *webhook_of(const Follow *follow) { return run_job(follow->run)->owner; }

static Loop *loop_of(const Follow *follow) { return webhook_of(follow)->options->loop; }

static void look(void *ctx);

static void pause_then_look(Follow *follow) {
  bool soon = clock_now_us() - run_job(follow->run)->started_us < SOON_US;
  if (!loop_timer(loop_of(follow), soon ? LOOK_MS : LOOK_LATER_MS, 0, look, follow)) look(follow);
}

static void take_answer(Follow *follow) {
  Str packed = arena_dup(run_job(follow->run)->arena, buf_str(&follow->answer));
  buf_clear(&follow->answer);
  if (packed.ptr) run_answered_elsewhere(follow->run, packed, follow->answered_s);
  else run_abandon(follow->run);
}

static void go_on(Follow *follow) {
  switch (follow->result) {
    case PEERS_RUNNING: pause_then_look(follow); break;
    case PEERS_ANSWERED: take_answer(follow); break;
    case PEERS_MINE: run_in_turn(follow->run); break;
  }
}

// On a thread that may wait.
static void claim(void *ctx) {
  Follow *follow = ctx;
  follow->result = peers_claim(webhook_of(follow)->peers, run_job(follow->run), &follow->answer,
                               &follow->answered_s);
}

static void on_claimed(void *ctx) { go_on(ctx); }

static void on_looked_here(void *ctx) {
  Follow *follow = ctx;
  if (follow->result != PEERS_MINE) return go_on(follow);
  if (!loop_work(loop_of(follow), claim, on_claimed, follow)) pause_then_look(follow);
}

// On the store's thread.
static void on_looked(void *ctx, PeersResult result, Str packed, int64_t answered_s) {
  Follow *follow = ctx;
  follow->result = result;
  follow->answered_s = answered_s;
  if (result == PEERS_ANSWERED) buf_add(&follow->answer, packed);
  loop_call(loop_of(follow), &follow->call, on_looked_here, follow);
}

static bool has_had_its_time(const Follow *follow) {
  int64_t timeout_ms = webhook_of(follow)->options->interpreter.job_timeout_ms;
  return timeout_ms > 0 && clock_now_us() - run_job(follow->run)->started_us > timeout_ms * 1000;
}

static void look(void *ctx) {
  Follow *follow = ctx;
  if (has_had_its_time(follow)) run_abandon(follow->run);
  else if (!peers_ask(webhook_of(follow)->peers, run_job(follow->run), on_looked, follow))
    pause_then_look(follow);
}

static void begin(void *ctx) { pause_then_look(ctx); }

void follow_begin(Run *run) {
  Follow *follow = arena_calloc(run_job(run)->arena, 1, sizeof *follow);
  if (!follow) return run_abandon(run);
  follow->run = run;
  loop_call(loop_of(follow), &follow->call, begin, follow);
}
