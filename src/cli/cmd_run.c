// `wemoon run`: serves a bot until it is told to stop.
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "bot/admin.h"
#include "bot/bot_metrics.h"
#include "bot/desk.h"
#include "cli/activation.h"
#include "cli/attach_place.h"
#include "cli/notify.h"
#include "cli/output_text.h"
#include "cli/preflight.h"
#include "cli/services.h"
#include "cli/serving.h"

static const Option options[] = { { .name = NULL } };

// ---- serving ------------------------------------------------------------------------------------

static bool reload(void *ctx, Err *err) { return bot_reload(ctx, err); }

// What `run` has open, in the order of opening.
typedef struct {
  Metrics *metrics;
  Capture *capture;
  Services services;
  Bot *bot;
  Server *server, *admin_server;
  Activation sockets;
  Live *live;
  Desk *desk;
  Admin admin;
  Attach *attach;
  ServingReload reload;
  Watchdog watchdog;
} Service;

enum { ADMIN_THREADS = 4 };

static bool open_desk(Service *service, const Config *config, const char *script, Err *err) {
  DeskOptions desk = { .bot = service->bot,
                       .script = script,
                       .live = service->live,
                       .loop = service->services.loop,
                       .password = config_text(config, "admin_token") };
  if (!service->live) return true;
  return (service->desk = desk_new(&desk, err)) != NULL;
}

static bool start_admin(Service *service, const Config *config, const char *script, Err *err) {
  Str listen = config_text(config, "admin_listen");
  if (listen.len == 0 && !service->sockets.admin) return true;
  if (!open_desk(service, config, script, err)) return false;
  service->admin = (Admin){ .bot = service->bot,
                            .script = script,
                            .server = service->server,
                            .store = service->services.store,
                            .api = service->services.api,
                            .metrics = service->metrics,
                            .started_s = clock_unix_s(),
                            .desk = service->desk };
  ServerOptions server_options;
  config_server(config, &server_options);
  server_options.loop = service->services.loop;
  server_options.listen = listen;
  server_options.inherited = service->sockets.admin;
  server_options.threads = ADMIN_THREADS;
  HttpHandler handler = admin_handler(&service->admin);
  service->admin_server = server_start(&server_options, &handler, err);
  if (service->admin_server) return true;
  err_wrap(err, "admin_listen");
  return false;
}

static bool start(Service *service, const Config *config, const BotOptions *bot_options, Err *err) {
  ServingStart *begun = serving_begin_start();
  service->bot = bot_new(bot_options, err);
  serving_end_start(begun);
  if (!service->bot) return false;
  ServerOptions server_options;
  config_server(config, &server_options);
  server_options.loop = service->services.loop;
  server_options.inherited = service->sockets.callback;
  HttpHandler handler = bot_handler(service->bot);
  return (service->server = server_start(&server_options, &handler, err)) != NULL &&
         start_admin(service, config, bot_options->script, err);
}

// What is being answered is answered; the admin address tells of it to the end.
static void stop(Service *service) {
  int64_t end_ms = clock_now_ms() + SERVING_GRACE_MS;
  serving_begin_end();
  notify_manager("STOPPING=1");
  bot_refuse(service->bot);
  bot_end_loads(service->bot);
  bool detached = attach_stop(service->attach);
  server_stop(service->server);
  int64_t left_ms = end_ms - clock_now_ms();
  if (!bot_drain(service->bot, left_ms > 0 ? left_ms : 0)) {
    log_warn("messages were still under way after %d s: exiting without them",
             SERVING_GRACE_MS / 1000);
    capture_end(service->capture);
    _exit(STATUS_DONE);
  }
  server_free(service->admin_server);
  serving_end_reload(&service->reload);
  desk_free(service->desk);
  server_free(service->server);
  notify_watchdog_end(&service->watchdog);
  if (detached && bot_free(service->bot)) return;
  if (!detached) bot_leave(service->bot);
  capture_end(service->capture);
  _exit(STATUS_DONE);
}

static void announce(const Service *service, const Config *config, const BotOptions *bot_options) {
  char url[512];
  snprintf(url, sizeof(url), "http://%s%s", server_address(service->server),
           config_text(config, "path").ptr);
  printf(output_text("wemoon %s: serving %s on %s (%s mode)%s\n"), WEMOON_VERSION,
         bot_options->script, url, config_mode_name(bot_options->account->mode), "");
  serving_print_how_to_conversation(config, bot_options->account->mode, url,
                                    service->sockets.callback != 0);
  serving_flush();
  if (service->admin_server)
    log_info("health and figures are at http://%s/healthz and /metrics%s",
             server_address(service->admin_server),
             service->desk ? ", the live desk at /desk" : "");
}

static int serve(Service *service, const Config *config, const BotOptions *bot_options,
                 const sigset_t *set) {
  Err err;
  if (!start(service, config, bot_options, &err)) {
    server_free(service->server);
    bot_free(service->bot);
    return report_err("", &err);
  }
  service->attach = attach_place_open(config, bot_options->script, service->bot);
  announce(service, config, bot_options);
  notify_manager("READY=1");
  notify_watchdog(&service->watchdog, service->services.loop, service->bot);
  service->reload =
      (ServingReload){ .script = bot_options->script, .reload = reload, .ctx = service->bot };
  serving_wait(set, &service->reload);
  stop(service);
  return STATUS_DONE;
}

// What the desk shows, where there is to be one. False without memory.
static bool open_live(Service *service, const Config *config, BotOptions *bot_options) {
  bool has_address = config_text(config, "admin_listen").len > 0 || service->sockets.admin;
  if (!has_address || config_text(config, "admin_token").len == 0) return true;
  bot_options->live = service->live = live_new();
  if (service->live) log_tap(LOG_WARN, live_line, service->live);
  return service->live != NULL;
}

static int open_and_serve(Invocation *in, const Account *account, BotOptions *bot_options) {
  Err err = { .text = "no memory" };
  Service service = { 0 };
  sigset_t set;
  if (!activation_take(&service.sockets, &err)) return report_err("", &err);
  preflight_warn(in->config,
                 WARN_OF_SERVING | WARN_OF_ZONE | (service.sockets.admin ? 0 : WARN_OF_DESK));
  service.metrics = metrics_new(bot_metric_families);
  bot_metrics_begin(service.metrics);
  serving_block_signals(&set);
  if (!service.metrics || !config_capture(in->config, &service.capture, &err) ||
      !services_open(&service.services, in->config, account, bot_options->script,
                     STORE_BESIDE_SCRIPT, service.metrics, &err)) {
    capture_close(service.capture);
    metrics_free(service.metrics);
    return report_err("", &err);
  }
  if (!open_live(&service, in->config, bot_options))
    log_warn("no memory for the live desk: it is not served");
  bot_capture(bot_options, service.capture);
  services_lend(&service.services, &bot_options->interpreter);
  bot_options->loop = service.services.loop;
  bot_options->metrics = service.metrics;
  int status = serve(&service, in->config, bot_options, &set);
  log_tap(LOG_WARN, NULL, NULL);
  services_close(&service.services);
  live_free(service.live);
  capture_close(service.capture);
  metrics_free(service.metrics);
  return status;
}

static int run(Invocation *in) {
  const char *script = in->arguments.positionals[0];
  Account account;
  BotOptions bot_options;
  Err err;
  // First: a mistyped name of the script is no reason to ask for a token.
  if (!preflight_script(script, &err)) return report_err("", &err);
  if (!command_configure_server(in, script, false, true)) return STATUS_USAGE;
  bool ready = config_account(in->config, &account, &err) &&
               config_bot(in->config, script, &account, &bot_options, &err) &&
               serving_raise_file_limit(config_integer(in->config, "threads"),
                                        config_integer(in->config, "max_jobs"), &err);
  if (!ready) return report_err("", &err);
  return open_and_serve(in, &account, &bot_options);
}

const Command command_run = {
  .name = "run",
  .usage = "BOT.lua",
  .summary = "Serve the bot",
  .details =

      "Serves the script's on_message until SIGTERM or SIGINT; SIGHUP reloads the script. The\n"
      "configuration is config.lua beside the script.\n"
      "\n"
      "If a service manager hands sockets over (LISTEN_FDS; wemoon.socket makes systemd do so), "
      "the first\n"
      "replaces listen and the second admin_listen, and a restart refuses no connection. When the "
      "service\n"
      "has failed too often, systemd also stops its socket: systemctl start wemoon.socket.\n"
      "\n"
      "With interpreters = N messages run in N Lua states, so that scripts that compute use N "
      "cores; each\n"
      "state may use script_memory_mb. Each state loads the script, and two messages, even of one "
      "user, may\n"
      "run in different states: share data in wechat.store and wechat.session, not in globals or "
      "locals of\n"
      "the script. Timers and pages are registered while the script loads: all states have the "
      "pages, and\n"
      "one state runs the timers.\n",
  .options = options,
  .least = 1,
  .most = 1,
  .configured = true,
  .run = run,
};
