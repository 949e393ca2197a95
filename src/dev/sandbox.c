// Puts platform, bot and server together, and decides by the head of a request whose it is.
#include "dev/sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "api/api.h"
#include "base/clock.h"
#include "dev/origin.h"
#include "dev/platform.h"

struct Sandbox {
  const SandboxOptions *options;
  BotOptions bot_options;
  Loop *loop;
  Client *client;
  Store *bot_store, *state;
  Api *api;
  Server *server;
  Platform *platform;
  Bot *bot;
  atomic_bool platform_ready, bot_ready;  // the server runs before them: they need its port
  atomic_int with_bot;                    // threads that may use it
  char url[128];
  char callback[640];
};

// ---- whose request it is ------------------------------------------------------------------------

static bool is_reserved(Str path) {
  return str_starts(path, STR("/sim/")) || str_eq(path, STR("/console")) ||
         str_starts(path, STR("/console/"));
}

static void leave_bot(Sandbox *sandbox) { atomic_fetch_sub(&sandbox->with_bot, 1); }

// Whether there is a bot; it is not freed until leave_bot.
static bool enter_bot(Sandbox *sandbox) {
  atomic_fetch_add(&sandbox->with_bot, 1);
  if (atomic_load(&sandbox->bot_ready)) return true;
  leave_bot(sandbox);
  return false;
}

// Enters the bot where it is.
static bool is_for_bot(Sandbox *sandbox, const HttpRequest *head) {
  if (is_reserved(head->path) || !enter_bot(sandbox)) return false;
  if (bot_serves(sandbox->bot, head)) return true;
  leave_bot(sandbox);
  return false;
}

static void route_to(const Sandbox *sandbox, bool for_bot, const HttpRequest *head, HttpRoute *to) {
  const char *why = origin_fault(head, server_port(sandbox->server), for_bot);
  if (why) {
    log_warn("%.*s %.*s: %s", STR_FMT(head->method), STR_FMT(head->path), why);
    to->status = 403;
    return;
  }
  HttpHandler handler = for_bot ? bot_handler(sandbox->bot) : platform_handler(sandbox->platform);
  handler.route(handler.ctx, head, to);
}

// What is not atomic was set before the platform was ready.
static void route(void *ctx, const HttpRequest *head, HttpRoute *to) {
  Sandbox *sandbox = ctx;
  if (!atomic_load(&sandbox->platform_ready)) {
    to->status = 503;
    return;
  }
  bool for_bot = is_for_bot(sandbox, head);
  route_to(sandbox, for_bot, head, to);
  if (for_bot) leave_bot(sandbox);
}

static void handle(void *ctx, HttpRequest *request) {
  Sandbox *sandbox = ctx;
  bool for_bot = is_for_bot(sandbox, request);
  HttpHandler handler = for_bot ? bot_handler(sandbox->bot) : platform_handler(sandbox->platform);
  handler.handle(handler.ctx, request);
  if (for_bot) leave_bot(sandbox);
}

// ---- what the desk is told ----------------------------------------------------------------------

static void on_log(void *ctx, LogLevel level, Str message) {
  platform_note(((Sandbox *)ctx)->platform, level, message);
}

static void on_load(void *ctx, const char *error) {
  platform_note_load(((Sandbox *)ctx)->platform, error);
}

static bool list_files(void *ctx, Arena *arena, Pairs *files) {
  Sandbox *sandbox = ctx;
  if (!enter_bot(sandbox)) return true;
  bool ok = bot_files(sandbox->bot, arena, files);
  leave_bot(sandbox);
  return ok;
}

// ---- opening ------------------------------------------------------------------------------------

static bool open_stores(Sandbox *sandbox, Err *err) {
  const SandboxOptions *options = sandbox->options;
  char url[1024] = "memory:";
  if (options->state_file &&
      snprintf(url, sizeof url, "sqlite:%s", options->state_file) >= (int)sizeof url)
    return err_set(err, ERR_USAGE, "--state %s: the name is too long", options->state_file);
  sandbox->state = store_open(str_of(url), err);
  sandbox->bot_store =
      sandbox->state ? store_open(options->store.len ? options->store : str_of(url), err) : NULL;
  return sandbox->bot_store != NULL;
}

static bool open_server(Sandbox *sandbox, Err *err) {
  HttpHandler handler = { .route = route, .handle = handle, .ctx = sandbox };
  if (!origin_is_loopback(sandbox->options->server.listen)) {
    return err_set(err, ERR_USAGE,
                   "listen: %.*s can be reached from other machines, and whoever reaches the "
                   "simulated platform "
                   "rules it: give a loopback address (--listen 127.0.0.1:PORT, or --port PORT)",
                   STR_FMT(sandbox->options->server.listen));
  }
  sandbox->server = server_start(&sandbox->options->server, &handler, err);
  if (!sandbox->server) return false;
  const SandboxOptions *options = sandbox->options;
  snprintf(sandbox->url, sizeof sandbox->url, "http://%s", server_address(sandbox->server));
  if (options->callback)
    snprintf(sandbox->callback, sizeof sandbox->callback, "%s", options->callback);
  else if (options->bot)
    snprintf(sandbox->callback, sizeof sandbox->callback, "%s%.*s", sandbox->url,
             STR_FMT(options->bot->path));
  return true;
}

static bool open_platform(Sandbox *sandbox, Err *err) {
  const SandboxOptions *options = sandbox->options;
  PlatformOptions platform = {
    .account = options->account,
    .base = sandbox->url,
    .callback = sandbox->callback[0] ? sandbox->callback : NULL,
    .script = options->bot ? options->bot->script : NULL,
    .faults = options->faults,
    .stored = options->state_file != NULL,
    .threads = options->server.threads,
    .files = options->bot ? list_files : NULL,
    .files_ctx = sandbox,
    .client = sandbox->client,
    .store = sandbox->state,
  };
  sandbox->platform = platform_new(&platform, err);
  if (!sandbox->platform) return false;
  atomic_store(&sandbox->platform_ready, true);
  log_tap(on_log, sandbox);
  return true;
}

static bool open_api(Sandbox *sandbox, Err *err) {
  ApiOptions options = { .account = sandbox->options->account,
                         .client = sandbox->client,
                         .store = sandbox->bot_store,
                         .api_base = str_of(sandbox->url),
                         .mp_base = str_of(sandbox->url),
                         .classic_token = sandbox->options->classic_token,
                         .timeout_ms = sandbox->options->api_timeout_ms };
  return (sandbox->api = api_new(&options, err)) != NULL;
}

static void tell_first_load(Sandbox *sandbox) {
  BotStatus status;
  bot_status(sandbox->bot, &status);
  if (!status.error[0]) return;
  log_error("%s\n%s is not in service until it is mended and saved", status.error,
            sandbox->bot_options.script);
  on_load(sandbox, status.error);
}

static bool open_bot(Sandbox *sandbox, Err *err) {
  if (!sandbox->options->bot) return true;
  sandbox->bot_options = *sandbox->options->bot;
  sandbox->bot_options.on_load = on_load;
  sandbox->bot_options.on_load_ctx = sandbox;
  sandbox_lend(sandbox, &sandbox->bot_options.interpreter);
  sandbox->bot = bot_new(&sandbox->bot_options, err);
  if (!sandbox->bot) return false;
  tell_first_load(sandbox);
  atomic_store(&sandbox->bot_ready, true);
  return true;
}

Sandbox *sandbox_open(const SandboxOptions *options, Err *err) {
  Sandbox *sandbox = calloc(1, sizeof *sandbox);
  if (!sandbox) {
    err_set(err, ERR_MEMORY, "no memory");
    return NULL;
  }
  sandbox->options = options;
  bool ok = (sandbox->loop = loop_new(err)) &&
            (sandbox->client = client_new(sandbox->loop, &(ClientOptions){ .proxy = NULL }, err)) &&
            open_stores(sandbox, err) && open_server(sandbox, err) && open_platform(sandbox, err) &&
            open_api(sandbox, err) && open_bot(sandbox, err);
  if (ok) return sandbox;
  sandbox_close(sandbox, 0);
  return NULL;
}

// A request is answered before its thread has come out of the bot.
static bool all_have_left(Sandbox *sandbox, int64_t max_ms) {
  int64_t end_ms = clock_now_ms() + max_ms;
  while (atomic_load(&sandbox->with_bot) > 0 && clock_now_ms() < end_ms)
    nanosleep(&(struct timespec){ .tv_nsec = 1000 * 1000 }, NULL);
  return atomic_load(&sandbox->with_bot) == 0;
}

// Drops the bot and what it has stored. False when it is stuck.
static bool close_bot(Sandbox *sandbox) {
  enum { SETTLE_MS = 1000 };
  atomic_store(&sandbox->bot_ready, false);
  if (sandbox->bot && (!bot_drain(sandbox->bot, SETTLE_MS) || !all_have_left(sandbox, SETTLE_MS) ||
                       !bot_free(sandbox->bot)))
    return false;
  sandbox->bot = NULL;
  api_free(sandbox->api);
  store_close(sandbox->bot_store);
  sandbox->api = NULL;
  sandbox->bot_store = NULL;
  return true;
}

bool sandbox_restart(Sandbox *sandbox, Err *err) {
  if (!close_bot(sandbox))
    return err_set(err, ERR_FAILED, "the bot is stuck in a call that does not come back");
  return (sandbox->bot_store = store_open(STR("memory:"), err)) && open_api(sandbox, err) &&
         open_bot(sandbox, err);
}

// A call under way gets some real time to end: minutes that pass within its milliseconds would end it. One
// that is answered late on purpose goes on.
static void settle(Sandbox *sandbox) {
  enum { SETTLE_TRIES = 20 };
  for (int i = 0; i < SETTLE_TRIES && client_active(sandbox->client) > 0; i++)
    nanosleep(&(struct timespec){ .tv_nsec = 1000 * 1000 }, NULL);
}

void sandbox_advance(Sandbox *sandbox, int64_t us) {
  settle(sandbox);
  clock_advance(us);
  platform_wake(sandbox->platform);
  if (sandbox->bot) bot_wake(sandbox->bot);
}

// ---- public -------------------------------------------------------------------------------------

void sandbox_fill(AccountSettings *settings) {
  if (settings->token.len == 0) settings->token = STR("development");
  if (settings->appid.len == 0) settings->appid = STR("wx0123456789abcdef");
  if (settings->appsecret.len == 0) settings->appsecret = STR("0123456789abcdef0123456789abcdef");
}

const char *sandbox_url(const Sandbox *sandbox) { return sandbox->url; }

const char *sandbox_callback(const Sandbox *sandbox) { return sandbox->callback; }

void sandbox_lend(const Sandbox *sandbox, InterpreterOptions *options) {
  options->client = sandbox->client;
  options->store = sandbox->bot_store;
  options->api = sandbox->options->api ? sandbox->options->api : sandbox->api;
}

Bot *sandbox_bot(Sandbox *sandbox) { return sandbox->bot; }

bool sandbox_reload(Sandbox *sandbox, Err *err) {
  if (!sandbox->bot) return err_set(err, ERR_USAGE, "there is no bot in this process");
  return bot_reload(sandbox->bot, err);
}

bool sandbox_close(Sandbox *sandbox, int64_t grace_ms) {
  if (!sandbox) return true;
  int64_t end_ms = clock_now_ms() + grace_ms;
  if (sandbox->bot) bot_refuse(sandbox->bot);
  server_free(sandbox->server);
  int64_t left_ms = end_ms - clock_now_ms();
  if (sandbox->bot &&
      (!bot_drain(sandbox->bot, left_ms > 0 ? left_ms : 0) || !bot_free(sandbox->bot)))
    return false;
  log_tap(NULL, NULL);
  if (!platform_free(sandbox->platform)) return false;
  api_free(sandbox->api);
  client_free(sandbox->client);
  store_close(sandbox->bot_store);
  store_close(sandbox->state);
  if (sandbox->loop) loop_free(sandbox->loop);
  free(sandbox);
  return true;
}
