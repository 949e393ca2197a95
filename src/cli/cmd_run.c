// `wemoon run`: serves a bot until it is told to stop.
#include "cli/command.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/outside.h"

enum {
  GRACE_MS = 10000,         // how long jobs under way may take once SIGTERM came
  SPARE_FILES = 1024 + 256  // connections that wait for a thread; scripts, stores, outgoing requests
};

static const Option options[] = { { .name = NULL } };

// Each thread serves one connection; accept fails when there are no descriptors left.
static void raise_file_limit(int64_t threads) {
  struct rlimit limit;
  rlim_t wanted = (rlim_t)threads * 2 + SPARE_FILES;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
  if (limit.rlim_cur >= wanted) return;
  log_warn("only %llu files may be open at once, %llu would suit %lld threads: raise the limit (ulimit -n)",
           (unsigned long long)limit.rlim_cur, (unsigned long long)wanted, (long long)threads);
}

// Signals are taken by sigwait on the main thread alone: no handler runs, no system call of another thread is
// interrupted.
static void block_signals(sigset_t *set) {
  sigemptyset(set);
  sigaddset(set, SIGINT);
  sigaddset(set, SIGTERM);
  sigaddset(set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, set, NULL);
}

// ---- what is said at the start ------------------------------------------------------------------

static void print_quoted(const char *word) {
  bool plain = word[0] != '\0';
  for (const char *c = word; *c; c++) {
    bool safe = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
                strchr("-_./:+@%,", *c);
    plain = plain && safe;
  }
  if (plain) {
    fputs(word, stdout);
    return;
  }
  putchar('\'');
  for (const char *c = word; *c; c++) {
    if (*c == '\'') fputs("'\\''", stdout);
    else putchar(*c);
  }
  putchar('\'');
}

static bool same_file(const char *a, const char *b) {
  char *resolved_a = realpath(a, NULL), *resolved_b = realpath(b, NULL);
  bool same = resolved_a && resolved_b && strcmp(resolved_a, resolved_b) == 0;
  free(resolved_a);
  free(resolved_b);
  return same;
}

// A flag that this process was given is not known to another one.
static bool from_flag(const Config *config, const char *key) {
  return config_source(config, key) == CONFIG_FROM_FLAG;
}

static void print_how_to_talk(const Config *config, const char *url) {
  static const char *const secrets[] = { "token", "encoding_aes_key", NULL };
  bool any_port =
      str_ends(config_text(config, "listen"), STR(":0")) || str_eq(config_text(config, "listen"), STR("0"));
  bool url_needed = any_port || from_flag(config, "listen") || from_flag(config, "path");
  const char *file = config_file(config);
  printf("talk to it from another terminal:\n  %s send", program_invocation_name);
  if (file && !same_file(file, "config.lua")) {
    fputs(" --config ", stdout);
    print_quoted(file);
  }
  if (url_needed) {
    fputs(" --url ", stdout);
    print_quoted(url);
  }
  if (from_flag(config, "encrypt_mode"))
    printf(" --encrypt-mode %.*s", STR_FMT(config_text(config, "encrypt_mode")));
  if (from_flag(config, "appid")) {
    fputs(" --appid ", stdout);
    print_quoted(config_text(config, "appid").ptr);
  }
  fputs(" text 你好\n", stdout);
  for (size_t i = 0; secrets[i]; i++) {
    if (!from_flag(config, secrets[i]) && config_source(config, secrets[i]) != CONFIG_FROM_ENVIRONMENT)
      continue;
    const char *variable = i == 0 ? "WEMOON_TOKEN" : "WEMOON_ENCODING_AES_KEY";
    printf("  (with the same %s in its environment, as %s)\n", secrets[i], variable);
  }
}

static void announce(const Config *config, const Account *account, const char *script, const Server *server) {
  char url[512];
  snprintf(url, sizeof(url), "http://%s%s", server_address(server), config_text(config, "path").ptr);
  printf("wemoon %s: serving %s on %s (%s mode)\n", WEMOON_VERSION, script, url,
         config_mode_name(account->mode));
  print_how_to_talk(config, url);
  if (fflush(stdout) == 0) return;
  log_warn("standard output: %s", strerror(errno));  // nobody reads it: no reason not to serve
  __fpurge(stdout);
  clearerr(stdout);
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

static void reload(Bot *bot, const char *script) {
  Err err;
  if (bot_reload(bot, &err)) log_info("SIGHUP: %s was loaded again", script);
  else log_error("SIGHUP: %s was not loaded again, the one before goes on: %s", script, err.text);
}

// Returns when the process is to end.
static void wait_for_signals(const sigset_t *set, Bot *bot, const char *script) {
  for (;;) {
    int number;
    if (sigwait(set, &number) != 0) continue;
    if (number != SIGHUP) {
      log_info("%s: stopping", number == SIGINT ? "SIGINT" : "SIGTERM");
      return;
    }
    reload(bot, script);
  }
}

// From here a second Ctrl-C ends the process at once.
static void allow_impatience(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

// A thread that is stuck in a script's call cannot be ended; the process can. What was answered is stored
// already.
static void *end_at_last(void *arg) {
  sleep(GRACE_MS / 1000 + 1);
  log_warn("a script is stuck in a call that does not return; ending without it");
  _exit(STATUS_DONE);
  return NULL;
}

static void stop(Bot *bot, Server *server) {
  int64_t end_ms = clock_now_ms() + GRACE_MS;
  pthread_t last_resort;
  allow_impatience();
  if (pthread_create(&last_resort, NULL, end_at_last, NULL) == 0) pthread_detach(last_resort);
  bot_refuse(bot);
  server_stop(server);
  int64_t left_ms = end_ms - clock_now_ms();
  if (!bot_drain(bot, left_ms > 0 ? left_ms : 0)) {
    log_warn("messages were still under way after %d s; ending without them", GRACE_MS / 1000);
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
  wait_for_signals(set, bot, bot_options->script);
  stop(bot, server);
  return STATUS_DONE;
}

static int open_and_serve(Invocation *in, const Account *account, BotOptions *bot_options) {
  Err err;
  Outside outside;
  sigset_t set;
  block_signals(&set);
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
  raise_file_limit(config_integer(in->config, "threads"));
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
