// `wemoon run`: serves a bot until it is told to stop.
#include "cli/command.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/outside.h"
#include "cli/serving.h"

static const Option options[] = { { .name = NULL } };

// ---- what is said at the start ------------------------------------------------------------------

static void announce(const Config *config, const Account *account, const char *script, const Server *server) {
  char url[512];
  snprintf(url, sizeof(url), "http://%s%s", server_address(server), config_text(config, "path").ptr);
  printf("wemoon %s: serving %s on %s (%s mode)\n", WEMOON_VERSION, script, url,
         config_mode_name(account->mode));
  serving_print_how_to_talk(config, url, false);
  serving_flush();
}

// Keys of the contract that this version reads and checks and has no use for: whoever set one is told.
static void tell_what_has_no_effect(const Config *config) {
  if (config_text(config, "admin_listen").len) {
    log_warn("admin_listen has no effect in this version: /healthz, /metrics and /reload are not served");
  }
  if (config_integer(config, "interpreters") > 1) {
    log_warn("interpreters has no effect in this version: one interpreter serves all messages");
  }
}

// ---- serving ------------------------------------------------------------------------------------

static bool reload(void *ctx, Err *err) { return bot_reload(ctx, err); }

static void stop(Bot *bot, Server *server) {
  int64_t end_ms = clock_now_ms() + SERVING_GRACE_MS;
  serving_begin_end();
  bot_refuse(bot);
  server_stop(server);
  int64_t left_ms = end_ms - clock_now_ms();
  if (!bot_drain(bot, left_ms > 0 ? left_ms : 0)) {
    log_warn("messages were still under way after %d s; ending without them", SERVING_GRACE_MS / 1000);
    _exit(STATUS_DONE);
  }
  if (!bot_free(bot)) _exit(STATUS_DONE);
}

static int serve(const Config *config, const BotOptions *bot_options, const sigset_t *set) {
  Err err;
  Bot *bot = bot_new(bot_options, &err);
  if (!bot) return report_err("", &err);
  ServerOptions server_options;
  config_server(config, &server_options);
  HttpHandler handler = bot_handler(bot);
  Server *server = server_start(&server_options, &handler, &err);
  if (!server) {
    bot_free(bot);
    return report_err("", &err);
  }
  announce(config, bot_options->account, bot_options->script, server);
  serving_wait(set, bot_options->script, reload, bot);
  stop(bot, server);
  return STATUS_DONE;
}

static int open_and_serve(Invocation *in, const Account *account, BotOptions *bot_options) {
  Err err;
  Outside outside;
  sigset_t set;
  serving_block_signals(&set);
  if (!outside_open(&outside, in->config, account, bot_options->script, STORE_BESIDE_SCRIPT, &err))
    return report_err("", &err);
  outside_lend(&outside, &bot_options->interpreter);
  int status = serve(in->config, bot_options, &set);
  outside_close(&outside);
  return status;
}

static int run(Invocation *in) {
  const char *script = in->arguments.positionals[0];
  if (!command_configure(in, script, false, true)) return STATUS_USAGE;
  Account account;
  BotOptions bot_options;
  Err err;
  bool ready = config_account(in->config, &account, &err) &&
               config_bot(in->config, script, &account, &bot_options, &err);
  if (!ready) return report_err("", &err);
  serving_raise_file_limit(config_integer(in->config, "threads"));
  tell_what_has_no_effect(in->config);
  return open_and_serve(in, &account, &bot_options);
}

const Command command_run = {
  .name = "run",
  .usage = "BOT.lua",
  .summary = "Serve the bot",
  .details = "Serves the script's on_message until SIGTERM or SIGINT; SIGHUP loads the script again. The\n"
             "configuration is config.lua beside the script.\n",
  .options = options,
  .least = 1,
  .most = 1,
  .configured = true,
  .run = run,
};
