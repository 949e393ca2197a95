// Connects platform, bot and server, and routes a request by its head.
#include "dev/devserver.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "api/api.h"
#include "base/clock.h"
#include "dev/origin.h"
#include "dev/platform.h"
#include "dev/user_state.h"

struct DevServer {
  const DevServerOptions *options;
  BotOptions bot_options;
  Loop *loop;
  Client *client;
  Store *bot_store, *state;
  Api *api;
  Server *server;
  Platform *platform;
  Bot *bot;
  atomic_bool platform_ready, bot_ready;  // the server starts first: they need its port
  atomic_int with_bot;                    // threads that may be using the bot
  pthread_mutex_t passing;                // held by devserver_pass
  atomic_bool ends_passes;
  char url[128];
  char callback[640];
  char account_name[ACCOUNT_NAME_MAX];  // in the bot's store
};

// ---- whose request it is ------------------------------------------------------------------------

static bool is_reserved(Str path) {
  return str_starts(path, STR("/sim/")) || str_eq(path, STR("/console")) ||
         str_eq(path, STR("/reference")) || str_starts(path, STR("/console/"));
}

static void leave_bot(void *ctx) { atomic_fetch_sub(&((DevServer *)ctx)->with_bot, 1); }

// Whether there is a bot, which is then not freed until leave_bot.
static bool enter_bot(DevServer *devserver) {
  atomic_fetch_add(&devserver->with_bot, 1);
  if (atomic_load(&devserver->bot_ready)) return true;
  leave_bot(devserver);
  return false;
}

// False, with *to unchanged, if the request is not for the bot.
static bool route_to_bot(DevServer *devserver, const HttpRequest *head, HttpRoute *to) {
  if (is_reserved(head->path) || !enter_bot(devserver)) return false;
  HttpHandler handler = bot_handler(devserver->bot);
  HttpRoute route = { .over = leave_bot, .over_ctx = devserver };
  handler.route(handler.ctx, head, &route);
  if (route.status == 404) {
    leave_bot(devserver);
    return false;
  }
  *to = route;
  return true;
}

static void answer_state(void *ctx, HttpRequest *request) {
  const DevServer *devserver = ctx;
  UserState state = { .bot = devserver->bot,
                      .store = devserver->bot_store,
                      .account = devserver->account_name };
  user_state_answer(&state, request);
}

// Returns false if the request is not for /sim/bot, or if there is no bot: then the platform answers with the reason.
static bool route_to_state(DevServer *devserver, const HttpRequest *head, HttpRoute *to) {
  bool reads = str_eq(head->method, STR("GET")), acts = str_eq(head->method, STR("POST"));
  if (!str_eq(head->path, STR("/sim/bot")) || !(reads || acts) || !enter_bot(devserver))
    return false;
  to->needs_body = acts;
  to->max_body = USER_STATE_BODY_MAX;
  to->handle = answer_state;
  to->ctx = devserver;
  to->over = leave_bot;
  to->over_ctx = devserver;
  return true;
}

// All non-atomic fields are written before platform_ready is set.
static void route(void *ctx, const HttpRequest *head, HttpRoute *to) {
  DevServer *devserver = ctx;
  if (!atomic_load(&devserver->platform_ready)) {
    to->status = 503;
    return;
  }
  bool for_bot = route_to_bot(devserver, head, to);
  const char *why = origin_fault(head, server_port(devserver->server), for_bot);
  if (why) {
    log_warn("%.*s %.*s: %s", STR_FMT(head->method), STR_FMT(head->path), why);
    to->status = 403;
  } else if (!for_bot && !route_to_state(devserver, head, to)) {
    HttpHandler handler = platform_handler(devserver->platform);
    handler.route(handler.ctx, head, to);
  }
}

// ---- what the desk is told ----------------------------------------------------------------------

static void on_log(void *ctx, LogLevel level, Str message) {
  platform_note(((DevServer *)ctx)->platform, level, message);
}

static void on_load(void *ctx, const char *error) {
  platform_note_load(((DevServer *)ctx)->platform, error);
}

static void on_failure(void *ctx, Str openid, Str error) {
  platform_note_failure(((DevServer *)ctx)->platform, openid, error);
}

static void on_message(void *ctx, Str document) {
  platform_note_message(((DevServer *)ctx)->platform, document);
}

static void on_answer(void *ctx, Str openid, Str reply) {
  platform_note_answer(((DevServer *)ctx)->platform, openid, reply);
}

static bool list_files(void *ctx, Arena *arena, Pairs *files) {
  DevServer *devserver = ctx;
  if (!enter_bot(devserver)) return true;
  bool ok = bot_files(devserver->bot, arena, files);
  leave_bot(devserver);
  return ok;
}

// ---- opening ------------------------------------------------------------------------------------

static bool open_stores(DevServer *devserver, Err *err) {
  const DevServerOptions *options = devserver->options;
  char url[1024] = "memory:";
  if (options->state_file &&
      snprintf(url, sizeof url, "sqlite:%s", options->state_file) >= (int)sizeof url)
    return err_set(err, ERR_USAGE, "--state %s: the name is too long", options->state_file);
  StoreOptions state = { .url = str_of(url), .account = STR("simulated platform") };
  devserver->state = store_open_with(&state, err);
  if (!devserver->state || !account_name(options->account, devserver->account_name, err))
    return false;
  StoreOptions bot_store = { .url = options->store.len ? options->store : str_of(url),
                             .account = str_of(devserver->account_name) };
  devserver->bot_store = store_open_with(&bot_store, err);
  return devserver->bot_store != NULL;
}

// Shared by the bot and the platform.
static int threads_of(const DevServerOptions *options) {
  enum { FOR_ONE_OF_A_BOT = 4 };
  return options->server.threads * FOR_ONE_OF_A_BOT;
}

static bool open_server(DevServer *devserver, Err *err) {
  HttpHandler handler = { .route = route, .ctx = devserver };
  if (!origin_is_loopback(devserver->options->server.listen)) {
    return err_set(
        err, ERR_USAGE,
        "listen: %.*s can be reached from other machines, and anyone who reaches the simulated "
        "platform controls it: give a loopback address (--listen 127.0.0.1:PORT, or --port PORT)",
        STR_FMT(devserver->options->server.listen));
  }
  ServerOptions server = devserver->options->server;
  server.loop = devserver->loop;
  server.threads = threads_of(devserver->options);
  devserver->server = server_start(&server, &handler, err);
  if (!devserver->server) return false;
  const DevServerOptions *options = devserver->options;
  snprintf(devserver->url, sizeof devserver->url, "http://%s", server_address(devserver->server));
  if (options->callback)
    snprintf(devserver->callback, sizeof devserver->callback, "%s", options->callback);
  else if (options->bot)
    snprintf(devserver->callback, sizeof devserver->callback, "%s%.*s", devserver->url,
             STR_FMT(options->bot->path));
  return true;
}

static void advance(void *ctx, int64_t us, void (*goes_on)(void *call), void *call) {
  devserver_advance(ctx, us);
}

static bool open_platform(DevServer *devserver, Err *err) {
  const DevServerOptions *options = devserver->options;
  PlatformOptions platform = {
    .account = options->account,
    .base = devserver->url,
    .callback = devserver->callback[0] ? devserver->callback : NULL,
    .script = options->bot ? options->bot->script : NULL,
    .reference = options->reference,
    .faults = options->faults,
    .account_kind = options->account_kind,
    .stored = options->state_file != NULL,
    .files = options->bot ? list_files : NULL,
    .files_ctx = devserver,
    .advance = advance,
    .advance_ctx = devserver,
    .loop = devserver->loop,
    .client = devserver->client,
    .store = devserver->state,
  };
  devserver->platform = platform_new(&platform, err);
  if (!devserver->platform) return false;
  atomic_store(&devserver->platform_ready, true);
  log_tap(LOG_DEBUG, on_log, devserver);
  return true;
}

static bool open_api(DevServer *devserver, Err *err) {
  ApiOptions options = { .account = devserver->options->account,
                         .client = devserver->client,
                         .store = devserver->bot_store,
                         .api_base = str_of(devserver->url),
                         .mp_base = str_of(devserver->url),
                         .classic_token = devserver->options->classic_token,
                         .timeout_ms = devserver->options->api_timeout_ms };
  return (devserver->api = api_new(&options, err)) != NULL;
}

static void tell_first_load(DevServer *devserver) {
  BotStatus status;
  bot_status(devserver->bot, &status);
  if (!status.error[0]) return;
  log_error("%s\n%s is not in service until it is corrected and saved", status.error,
            devserver->bot_options.script);
  on_load(devserver, status.error);
}

static bool open_bot(DevServer *devserver, Err *err) {
  if (!devserver->options->bot) return true;
  devserver->bot_options = *devserver->options->bot;
  devserver->bot_options.loop = devserver->loop;
  devserver->bot_options.on_load = on_load;
  devserver->bot_options.on_load_ctx = devserver;
  devserver->bot_options.on_message = on_message;
  devserver->bot_options.on_answer = on_answer;
  devserver->bot_options.on_message_ctx = devserver;
  devserver->bot_options.interpreter.on_failure = on_failure;
  devserver->bot_options.interpreter.on_failure_ctx = devserver;
  devserver_lend(devserver, &devserver->bot_options.interpreter);
  devserver->bot = bot_new(&devserver->bot_options, err);
  if (!devserver->bot) return false;
  tell_first_load(devserver);
  atomic_store(&devserver->bot_ready, true);
  return true;
}

DevServer *devserver_open(const DevServerOptions *options, Err *err) {
  DevServer *devserver = calloc(1, sizeof *devserver);
  if (!devserver) {
    err_set(err, ERR_MEMORY, "no memory");
    return NULL;
  }
  devserver->options = options;
  pthread_mutex_init(&devserver->passing, NULL);
  bool ok =
      (devserver->loop = loop_new(err)) &&
      (devserver->client = client_new(devserver->loop, &(ClientOptions){ .proxy = NULL }, err)) &&
      open_stores(devserver, err) && open_server(devserver, err) && open_platform(devserver, err) &&
      open_api(devserver, err) && open_bot(devserver, err);
  if (ok) return devserver;
  devserver_close(devserver, 0);
  return NULL;
}

// A client may have its answer before the thread has left the bot.
static bool all_have_left(DevServer *devserver, int64_t max_ms) {
  int64_t end_ms = clock_now_ms() + max_ms;
  while (atomic_load(&devserver->with_bot) > 0 && clock_now_ms() < end_ms)
    nanosleep(&(struct timespec){ .tv_nsec = 1000 * 1000 }, NULL);
  return atomic_load(&devserver->with_bot) == 0;
}

enum { SETTLE_MS = 1000 };

// Ends waiting scripts (for a slow model, for the next day). False if one is stuck.
static bool end_scripts(Bot *bot, int64_t max_ms) {
  if (bot_drain(bot, max_ms / 10)) return true;
  bot_interrupt(bot);
  return bot_drain(bot, max_ms);
}

// False when it is stuck.
static bool end_bot(DevServer *devserver) {
  atomic_store(&devserver->bot_ready, false);
  if (devserver->bot && (!end_scripts(devserver->bot, SETTLE_MS) ||
                         !all_have_left(devserver, SETTLE_MS) || !bot_free(devserver->bot)))
    return false;
  devserver->bot = NULL;
  return true;
}

// Frees the bot and its stored data. False if it is stuck.
static bool close_bot(DevServer *devserver) {
  if (!end_bot(devserver)) return false;
  api_free(devserver->api);
  store_close(devserver->bot_store);
  devserver->api = NULL;
  devserver->bot_store = NULL;
  return true;
}

bool devserver_restart_bot(DevServer *devserver, Err *err) {
  if (!devserver->options->bot) return err_set(err, ERR_USAGE, "there is no bot in this process");
  if (!end_bot(devserver))
    return err_set(err, ERR_FAILED, "the bot is stuck in a call that does not return");
  return open_bot(devserver, err);
}

bool devserver_end_bot(DevServer *devserver, Err *err) {
  return close_bot(devserver) ||
         err_set(err, ERR_FAILED, "the bot is stuck in a call that does not return");
}

bool devserver_restart(DevServer *devserver, Err *err) {
  if (!devserver_end_bot(devserver, err)) return false;
  return (devserver->bot_store = store_open(STR("memory:"), err)) && open_api(devserver, err) &&
         open_bot(devserver, err);
}

// Gives a call under way some real time to end, because a jump of minutes would time it out. A call
// that is answered late on purpose is not awaited.
static void settle(DevServer *devserver) {
  enum { SETTLE_TRIES = 20 };
  for (int i = 0; i < SETTLE_TRIES && client_active(devserver->client) > 0; i++)
    nanosleep(&(struct timespec){ .tv_nsec = 1000 * 1000 }, NULL);
}

void devserver_move(DevServer *devserver, int64_t us) {
  clock_advance(us);
  loop_time_moved(devserver->loop, us);
  platform_wake(devserver->platform);
  if (devserver->bot) bot_wake(devserver->bot);
}

void devserver_advance(DevServer *devserver, int64_t us) {
  settle(devserver);
  devserver_move(devserver, us);
}

// Requests that have arrived, and whose answers are not there yet.
static size_t being_served(DevServer *devserver) {
  BotStatus status = { 0 };
  if (devserver->bot) bot_status(devserver->bot, &status);
  return platform_serving(devserver->platform) + (size_t)status.waiting;
}

static int64_t next_due_us(DevServer *devserver) {
  int64_t bots_us = devserver->bot ? bot_next_timer_us(devserver->bot) : INT64_MAX;
  int64_t platforms_us = platform_next_timer_us(devserver->platform);
  return bots_us < platforms_us ? bots_us : platforms_us;
}

// Whether neither scripts nor stores nor the bot's threads have anything to do before time passes.
static bool is_still(DevServer *devserver) {
  return atomic_load(&devserver->with_bot) == 0 && next_due_us(devserver) > clock_now_us() &&
         (!devserver->bot || bot_is_quiet(devserver->bot)) &&
         platform_is_quiet(devserver->platform) && store_is_quiet(devserver->bot_store);
}

// Whether all that is under way waits for time to pass. What is between client and server is with neither.
static bool is_waiting(DevServer *devserver) {
  return is_still(devserver) && client_active(devserver->client) <= being_served(devserver);
}

static void note_passed(void *passed) { atomic_store((atomic_bool *)passed, true); }

// Lets the loop do what it has to do now.
static void pass_loop(DevServer *devserver) {
  atomic_bool passed = false;
  if (!loop_post(devserver->loop, note_passed, &passed)) return;
  while (!atomic_load(&passed)) nanosleep(&(struct timespec){ .tv_nsec = 50 * 1000 }, NULL);
}

// Returns false if that took too long: something waits for the world outside.
static bool await_waiting(DevServer *devserver) {
  enum { LOOKS = 3, MOST_US = 3000 * 1000 };
  int64_t end_us = clock_real_us() + MOST_US;
  for (int looks = 0; looks < LOOKS;) {
    pass_loop(devserver);
    looks = is_waiting(devserver) ? looks + 1 : 0;
    if (clock_real_us() > end_us) return false;
  }
  return true;
}

int64_t devserver_step_us(int64_t due_us, int64_t left_us, int64_t least_us, int64_t most_us) {
  int64_t step_us = left_us;
  if (due_us != INT64_MAX) step_us = due_us - clock_now_us();
  if (step_us < least_us) step_us = least_us;
  if (step_us > most_us) step_us = most_us;
  return step_us < left_us ? step_us : left_us;
}

// Calls goes_on(call) if a second has passed since *told_us.
static void tell_that_it_goes_on(void (*goes_on)(void *call), void *call, int64_t *told_us) {
  enum { TELL_EVERY_US = 1000 * 1000 };
  int64_t now_us = clock_real_us();
  if (now_us - *told_us < TELL_EVERY_US) return;
  *told_us = now_us;
  goes_on(call);
}

static void pass(DevServer *devserver, int64_t us, void (*goes_on)(void *call), void *call) {
  enum { STEPS_MAX = 20000, STEP_US = 1000, REQUEST_STEP_US = 1000 * 1000 };
  int64_t told_us = clock_real_us();
  int64_t least_us = us / STEPS_MAX > STEP_US ? us / STEPS_MAX : STEP_US, step_us;
  bool waits = true;
  for (; us > 0 && !atomic_load(&devserver->ends_passes); us -= step_us) {
    waits = waits && await_waiting(devserver);
    tell_that_it_goes_on(goes_on, call, &told_us);
    bool requests = client_active(devserver->client) > 0 || being_served(devserver) > 0;
    step_us = devserver_step_us(next_due_us(devserver), us, least_us,
                                requests ? REQUEST_STEP_US : INT64_MAX);
    devserver_move(devserver, step_us);
  }
  if (waits) await_waiting(devserver);
}

void devserver_pass(DevServer *devserver, int64_t us, void (*goes_on)(void *call), void *call) {
  pthread_mutex_lock(&devserver->passing);
  pass(devserver, us, goes_on, call);
  pthread_mutex_unlock(&devserver->passing);
}

void devserver_end_passes(DevServer *devserver) {
  atomic_store(&devserver->ends_passes, true);
  pthread_mutex_lock(&devserver->passing);
  atomic_store(&devserver->ends_passes, false);
  pthread_mutex_unlock(&devserver->passing);
}

static size_t waiting_in_bot(DevServer *devserver) {
  BotStatus status;
  bot_status(devserver->bot, &status);
  return (size_t)status.waiting;
}

bool devserver_is_quiet(DevServer *devserver, size_t posts) {
  return is_still(devserver) && client_active(devserver->client) == 0 &&
         waiting_in_bot(devserver) == posts;
}

bool devserver_has_told(DevServer *devserver, size_t posts) {
  return atomic_load(&devserver->with_bot) == 0 && waiting_in_bot(devserver) <= posts;
}

void devserver_followers(DevServer *devserver, Str openids) {
  platform_note_followers(devserver->platform, openids);
}

// ---- public -------------------------------------------------------------------------------------

void devserver_fill(AccountSettings *settings) {
  if (settings->token.len == 0) settings->token = STR("development");
  if (settings->appid.len == 0) settings->appid = STR("wx0123456789abcdef");
  if (settings->appsecret.len == 0) settings->appsecret = STR("0123456789abcdef0123456789abcdef");
}

const char *devserver_url(const DevServer *devserver) { return devserver->url; }

const char *devserver_callback(const DevServer *devserver) { return devserver->callback; }

void devserver_lend(const DevServer *devserver, InterpreterOptions *options) {
  options->client = devserver->client;
  options->store = devserver->bot_store;
  options->api = devserver->options->api ? devserver->options->api : devserver->api;
}

Bot *devserver_bot(DevServer *devserver) { return devserver->bot; }

bool devserver_reload(DevServer *devserver, Err *err) {
  if (!devserver->bot) return err_set(err, ERR_USAGE, "there is no bot in this process");
  return bot_reload(devserver->bot, err);
}

bool devserver_close(DevServer *devserver, int64_t grace_ms) {
  if (!devserver) return true;
  int64_t end_ms = clock_now_ms() + grace_ms;
  if (devserver->bot) bot_refuse(devserver->bot);
  server_free(devserver->server);
  int64_t left_ms = end_ms - clock_now_ms();
  if (devserver->bot && !bot_drain(devserver->bot, left_ms > 0 ? left_ms : 0) &&
      !end_scripts(devserver->bot, SETTLE_MS))
    return false;
  if (devserver->bot && !bot_free(devserver->bot)) return false;
  log_tap(LOG_DEBUG, NULL, NULL);
  if (!platform_free(devserver->platform)) return false;
  api_free(devserver->api);
  client_free(devserver->client);
  store_close(devserver->bot_store);
  store_close(devserver->state);
  if (devserver->loop) loop_free(devserver->loop);
  pthread_mutex_destroy(&devserver->passing);
  free(devserver);
  return true;
}
