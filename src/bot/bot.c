// Creates a bot from its parts.
#include "bot/bot.h"
#include "bot/capture.h"

#include "api/api.h"
#include "base/clock.h"
#include "bot/bot_metrics.h"
#include "bot/maintenance.h"
#include "bot/page.h"
#include "bot/page_wait.h"
#include "bot/watch.h"
#include "bot/webhook.h"
#include "host/host.h"
#include "script/cancels.h"
#include "script/conversation.h"
#include "script/kept_answers.h"
#include "script/late_order.h"
#include "script/send_right.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
  KEPT_PATIENCE_S = 600,
  CLOSING_MS = 2000,  // the longest time that an interpreter may take to close
  LEAVE_MS = 900,     // the longest time that the store may take to write what a successor needs
  OWED_MS = 1000,     // the longest time that a start waits for what its predecessor owes
  SPARE_SHARE = 8     // the share of descriptors that waiting requests must leave free
};

struct Bot {
  InterpreterOptions interpreter;
  Webhook webhook;
  Watch *watch;
  Maintenance *maintenance;     // NULL: no data outlives the process
  TimerLeader *leader;          // NULL: no other process uses the store
  Notices *notices;             // NULL: no other process uses the store
  int64_t end_us;               // monotonic: bot_drain's; 0: none
  char name[ACCOUNT_NAME_MAX];  // the account's name, by which its processes find each other
};

static void route(void *ctx, const HttpRequest *head, HttpRoute *to) {
  Webhook *webhook = &((Bot *)ctx)->webhook;
  if (str_eq(head->path, webhook->options->path)) webhook_route(webhook, head, to);
  else page_route(webhook, head, to);
}

bool bot_files(Bot *bot, Arena *arena, Pairs *files) {
  return pool_files(bot->webhook.pool, arena, files);
}

// Returns how many requests may wait. Each has a descriptor; some are left for new connections, scripts, stores and
// calls.
static int64_t waiting_most(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return INT64_MAX;
  return (int64_t)(limit.rlim_cur - limit.rlim_cur / SPARE_SHARE);
}

HttpHandler bot_handler(Bot *bot) { return (HttpHandler){ .route = route, .ctx = bot }; }

// Marks a message that this process answers late as answered, so that the platform's next try is a duplicate.
static void on_taken(void *ctx, Str identity) {
  Webhook *webhook = ctx;
  Job *job = job_new(webhook->jobs, clock_now_us());
  if (webhook->peers) peers_mark(webhook->peers, identity);
  if (!job) return;
  job->identity = arena_dup(job->arena, identity);
  Job *running = dedupe_mark(webhook->dedupe, job, clock_now_us());
  if (running) atomic_store(&running->taken, true);
  if (running) job_release(running);
  job_release(job);
}

static bool on_waits(void *ctx, const KeptRun *message) { return webhook_resume(ctx, message); }

// Prepares for other processes on the store, if the store can be shared.
static bool meet_others(Bot *bot, const BotOptions *options, Err *err) {
  Store *store = options->interpreter.store;
  Str name = str_of(bot->name);
  if (options->alone || !store || (!store_is_shared(store) && !options->store_lasts)) return true;
  KeepOptions keep = { .store = store,
                       .account = name,
                       .conversations = options->conversations_last,
                       .taken = on_taken,
                       .waits = on_waits,
                       .ctx = &bot->webhook };
  if (!(bot->webhook.shared.keep = keep_new(&keep))) return err_set(err, ERR_MEMORY, "no memory");
  if (!store_is_shared(store)) return true;
  bot->leader = timer_leader_new(store, name, &bot->webhook.shared);
  Peers *peers = bot->webhook.peers = peers_new(store, name, options->dedup_window_s);
  bot->notices = notices_new(store, name, &bot->webhook.shared);
  if (!bot->leader || !peers || !bot->notices) return err_set(err, ERR_MEMORY, "no memory");
  peers_keep_to_oneself(peers, bot->webhook.dedupe);
  // Until then the others have noticed this process, and have written the newest of what they answered.
  if (store_company(store) == STORE_MET) usleep(2 * WATCH_TICK_MS * 1000);
  return true;
}

void bot_capture(BotOptions *options, Capture *capture) {
  options->capture = capture;
  options->interpreter.captures = capture != NULL;
}

static int64_t max_of(int64_t a, int64_t b) { return a > b ? a : b; }

// Prepares the handling of late answers.
static bool begin_late(Bot *bot, const BotOptions *options, Err *err) {
  BotShared *shared = &bot->webhook.shared;
  Store *store = options->interpreter.store;
  LateReply way = options->late_reply;
  struct Api *api = options->interpreter.api;
  bool keeps = store && (way == LATE_AUTO || way == LATE_KEEP);
  if (!account_name(options->account, bot->name, err)) return false;
  int64_t patience_s = max_of(KEPT_PATIENCE_S, 2 * options->interpreter.job_timeout_ms / 1000);
  if (keeps) shared->kept = kept_answers_new(store, str_of(bot->name), patience_s);
  if (keeps && !shared->kept) return err_set(err, ERR_MEMORY, "no memory");
  bool none = way == LATE_KEEP || (api && !api_has_credentials(api, TOKEN_ACCESS));
  atomic_store(&shared->not_allowed_until_ms, none ? INT64_MAX : 0);
  if (keeps && store_is_shared(store)) send_right_learn(store, str_of(bot->name), shared);
  return true;
}

// Prepares the order of late answers, also among the processes on the store.
static bool begin_order(Bot *bot, const BotOptions *options, Err *err) {
  BotShared *shared = &bot->webhook.shared;
  Store *store = options->interpreter.store;
  Keep *keep = store && store_is_shared(store) ? shared->keep : NULL;
  shared->late_order = late_order_new(store, str_of(bot->name), keep);
  return shared->late_order || err_set(err, ERR_MEMORY, "no memory");
}

// Makes the parts that need no other. False without memory.
static bool make_parts(Bot *bot, const BotOptions *options, Err *err) {
  Webhook *webhook = &bot->webhook;
  BotShared *shared = &webhook->shared;
  webhook->options = options;
  admission_init(&webhook->admission, options->max_jobs, waiting_most());
  webhook->dedupe = dedupe_new(options->dedup_window_s);
  webhook->jobs = job_pool_new();
  webhook->overdue = overdue_new();
  webhook->workspaces = workspace_pool_new(webhook->overdue);
  webhook->lines = user_lines_new();
  shared->conversations = conversations_new();
  shared->cancels = cancels_new();
  shared->lost = bot_metrics_lost;
  shared->lost_ctx = options->metrics;
  bool ok = shared->conversations && shared->cancels && webhook->dedupe && webhook->jobs &&
            webhook->workspaces && webhook->overdue && webhook->lines;
  return ok || err_set(err, ERR_MEMORY, "no memory");
}

static bool load_script(Bot *bot, const BotOptions *options, Err *err) {
  Webhook *webhook = &bot->webhook;
  size_t count = options->interpreters > 1 ? (size_t)options->interpreters : 1;
  bot->interpreter = options->interpreter;
  bot->interpreter.shared = &webhook->shared;
  bot->interpreter.open_host = host_open;
  webhook->pool = pool_new(options->script, &bot->interpreter, count, options->start_broken,
                           options->metrics, err);
  if (!webhook->pool) return false;
  if (bot->leader) timer_leader_look(bot->leader, clock_now_us());  // the first tick may be near
  pool_listen(webhook->pool, options->on_load, options->on_load_ctx);
  return true;
}

static bool start_watching(Bot *bot, const BotOptions *options, Err *err) {
  Webhook *webhook = &bot->webhook;
  Watched watched = { .pool = webhook->pool,
                      .shared = &webhook->shared,
                      .webhook = webhook,
                      .overdue = webhook->overdue,
                      .dedupe = webhook->dedupe,
                      .peers = webhook->peers,
                      .leader = bot->leader,
                      .notices = bot->notices,
                      .files = options->watch };
  Kept kept = { .keep = webhook->shared.keep,
                .pool = webhook->pool,
                .store = options->interpreter.store,
                .account = str_of(bot->name),
                .shared = &webhook->shared };
  if (!(bot->watch = watch_start(&watched, err))) return false;
  if (!kept.keep) return true;
  if (!(bot->maintenance = maintenance_start(&kept, err))) return false;
  maintenance_await_owed(bot->maintenance, clock_now_us() + OWED_MS * 1000);
  return true;
}

Bot *bot_new(const BotOptions *options, Err *err) {
  Bot *bot = calloc(1, sizeof *bot);
  if (!bot) {
    err_set(err, ERR_MEMORY, "no memory");
    return NULL;
  }
  if (make_parts(bot, options, err) && begin_late(bot, options, err) &&
      meet_others(bot, options, err) && begin_order(bot, options, err) &&
      load_script(bot, options, err) && start_watching(bot, options, err))
    return bot;
  bot_free(bot);
  return NULL;
}

// Runs in the store continue at the next start, or in another process; only their calls under way are waited for. The
// runs in the store are counted before and after all runs: one that ends between, or begins, must not stand for
// another.
static bool is_idle(Webhook *webhook) {
  const BotShared *shared = &webhook->shared;
  int64_t owed = atomic_load(&shared->owed_here);
  int64_t left =
      admission_count(&webhook->admission, ADMIT_JOB) + atomic_load(&shared->late_under_way);
  return !atomic_load(&webhook->ending_streams) &&
         admission_count(&webhook->admission, ADMIT_WAITING) == 0 && left <= owed &&
         left <= atomic_load(&shared->owed_here) && atomic_load(&shared->acting) == 0;
}

static bool does_not_act(Webhook *webhook) { return atomic_load(&webhook->shared.acting) == 0; }

static bool is_alone(Webhook *webhook) { return atomic_load(&webhook->shared.interpreters) == 0; }

static bool is_written(Webhook *webhook) {
  Store *store = webhook->options->interpreter.store;
  return !store || store_is_quiet(store);
}

static bool wait_until(bool (*is_so)(Webhook *), Webhook *webhook, int64_t max_ms) {
  int64_t until_us = clock_now_us() + max_ms * 1000;
  while (!is_so(webhook) && clock_now_us() < until_us)
    nanosleep(&(struct timespec){ .tv_nsec = 2 * 1000 * 1000 }, NULL);
  return is_so(webhook);
}

static void leave(Bot *bot, int64_t until_us) {
  if (bot->webhook.peers) peers_leave(bot->webhook.peers, until_us);
}

void bot_leave(Bot *bot) {
  int64_t until_us = clock_now_us() + LEAVE_MS * 1000, left_us;
  leave(bot, until_us);
  left_us = until_us - clock_now_us();
  wait_until(is_written, &bot->webhook, left_us > 0 ? left_us / 1000 : 0);
}

bool bot_drain(Bot *bot, int64_t grace_ms) {
  bot->end_us = clock_now_us() + grace_ms * 1000;
  bot_refuse(bot);
  bool idle = wait_until(is_idle, &bot->webhook, grace_ms);
  // A run in the store may have begun a call since.
  atomic_store(&bot->webhook.shared.closing, true);
  int64_t left_ms = (bot->end_us - clock_now_us()) / 1000;
  if (idle && wait_until(does_not_act, &bot->webhook, left_ms > 0 ? left_ms : 0)) return true;
  bot_leave(bot);
  return false;
}

void bot_interrupt(Bot *bot) {
  Pool *pool = bot->webhook.pool;
  for (size_t i = 0; i < pool_count(pool); i++) {
    Interpreter *interpreter = pool_get(pool, i);
    interpreter_interrupt(interpreter);
    interpreter_release(interpreter);
  }
}

void bot_end_loads(Bot *bot) { atomic_store(&bot->webhook.shared.ending, true); }

bool bot_free(Bot *bot) {
  if (!bot) return true;
  Webhook *webhook = &bot->webhook;
  int64_t least_us = clock_now_us() + LEAVE_MS * 1000;
  bot_end_loads(bot);
  // Now: what follows may take longer than the process has.
  leave(bot, max_of(least_us, bot->end_us - (CLOSING_MS + LEAVE_MS) * 1000));
  maintenance_stop(bot->maintenance);
  watch_stop(bot->watch);
  if (webhook->shared.conversations) conversations_end_all(webhook->shared.conversations);
  pool_free(webhook->pool);
  if (!wait_until(is_alone, webhook, CLOSING_MS)) {
    bot_leave(bot);
    return false;
  }
  notices_free(bot->notices);
  conversations_free(webhook->shared.conversations);
  cancels_free(webhook->shared.cancels);
  late_order_free(webhook->shared.late_order);
  kept_answers_free(webhook->shared.kept);
  keep_free(webhook->shared.keep);
  timer_leader_free(bot->leader);
  leave(bot, clock_now_us() + LEAVE_MS * 1000);
  peers_free(webhook->peers);
  dedupe_free(webhook->dedupe);
  workspace_pool_free(webhook->workspaces);
  user_lines_free(webhook->lines);
  job_pool_free(webhook->jobs);
  overdue_free(webhook->overdue);
  free(bot);
  return true;
}

bool bot_reload(Bot *bot, Err *err) { return pool_reload(bot->webhook.pool, err); }

void bot_status(Bot *bot, BotStatus *status) {
  Webhook *webhook = &bot->webhook;
  PoolStatus pool;
  pool_status(webhook->pool, &pool);
  *status =
      (BotStatus){ .refusing = atomic_load(&webhook->refusing),
                   .stalled = admission_is_stalled(&webhook->admission, clock_now_us()),
                   .waiting = (int)admission_count(&webhook->admission, ADMIT_WAITING),
                   .jobs = (int)admission_count(&webhook->admission, ADMIT_JOB),
                   .script_errors = atomic_load(&webhook->shared.errors),
                   .conversations = conversations_open(&webhook->shared),
                   .kept = webhook->shared.kept ? kept_answers_count(webhook->shared.kept) : 0,
                   .known = dedupe_count(webhook->dedupe),
                   .known_bytes = dedupe_bytes(webhook->dedupe),
                   .owed = webhook->shared.keep ? keep_owed(webhook->shared.keep) : 0,
                   .lua_memory = pool.memory,
                   .lua_memory_max = pool.memory_max,
                   .serving = pool_count(webhook->pool),
                   .interpreters = atomic_load(&webhook->shared.interpreters),
                   .loads = pool.loads,
                   .failures = pool.failures };
  memcpy(status->error, pool.error, sizeof status->error);
}

Interpreter *bot_interpreter(Bot *bot) { return pool_get(bot->webhook.pool, 0); }

void bot_conversations(Bot *bot, size_t max, void (*each)(void *ctx, const OpenConversation *one),
                       void *ctx) {
  conversations_list(&bot->webhook.shared, max, each, ctx);
}

void bot_owed(Bot *bot, size_t max, void (*each)(void *ctx, const KeptRun *run), void *ctx) {
  Keep *keep = bot->webhook.shared.keep;
  if (keep) keep_list(keep, true, max, each, ctx);
}

void bot_kept(Bot *bot, size_t max, void (*each)(void *ctx, Str openid, const KeptAnswer *answer),
              void *ctx) {
  KeptAnswers *kept = bot->webhook.shared.kept;
  if (kept) kept_answers_list(kept, max, each, ctx);
}

bool bot_end_conversation(Bot *bot, Str openid) {
  return conversations_end(&bot->webhook.shared, openid, "ended");
}

void bot_wake(Bot *bot) { pool_wake(bot->webhook.pool); }

bool bot_is_quiet(Bot *bot) { return pool_is_quiet(bot->webhook.pool); }

int64_t bot_next_timer_us(Bot *bot) { return pool_next_timer_us(bot->webhook.pool); }

void bot_refuse(Bot *bot) {
  if (!atomic_exchange(&bot->webhook.refusing, true)) page_wait_end_streams(&bot->webhook);
}
