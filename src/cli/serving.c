// Descriptors, signals, the lines at the start, the end.
#include "cli/serving.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/report.h"

enum {
  OWN_FILES = 64,  // store, log, loop, script
  SPARE_FILES =
      1024 + 256  // connections that wait for a thread; scripts, stores, outgoing requests
};

bool serving_raise_file_limit(int64_t threads, int64_t waiting, Err *err) {
  struct rlimit limit;
  rlim_t wanted = (rlim_t)threads * 2 + SPARE_FILES, needed = (rlim_t)threads + OWN_FILES;
  rlim_t best = wanted + (rlim_t)waiting;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= best) return true;
  rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max < best ? limit.rlim_max : best;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
  if (limit.rlim_cur >= wanted) return true;
  if (limit.rlim_cur < needed)
    return err_set(err, ERR_FAILED,
                   "only %llu files may be open at once, and %lld threads need %llu: raise the "
                   "limit (ulimit -n), "
                   "or ask for fewer with `threads`",
                   (unsigned long long)limit.rlim_cur, (long long)threads,
                   (unsigned long long)needed);
  log_warn("only %llu files may be open at once, %llu would suit %lld threads: raise the limit "
           "(ulimit -n)",
           (unsigned long long)limit.rlim_cur, (unsigned long long)wanted, (long long)threads);
  return true;
}

void serving_block_signals(sigset_t *set) {
  sigemptyset(set);
  sigaddset(set, SIGINT);
  sigaddset(set, SIGTERM);
  sigaddset(set, SIGHUP);
  sigaddset(set, SIGUSR1);
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

void serving_print_how_to_conversation(const Config *config, const char *url,
                                       bool listens_elsewhere) {
  static const char *const secrets[] = { "token", "encoding_aes_key", NULL };
  bool any_port = str_ends(config_text(config, "listen"), STR(":0")) ||
                  str_eq(config_text(config, "listen"), STR("0"));
  bool url_needed =
      listens_elsewhere || any_port || from_flag(config, "listen") || from_flag(config, "path");
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
    if (!from_flag(config, secrets[i]) &&
        config_source(config, secrets[i]) != CONFIG_FROM_ENVIRONMENT)
      continue;
    const char *variable = i == 0 ? "WEMOON_TOKEN" : "WEMOON_ENCODING_AES_KEY";
    printf("  (with the same %s in its environment, as %s)\n", secrets[i], variable);
  }
}

void serving_flush(void) {
  if (fflush(stdout) == 0) return;
  log_warn("standard output: %s", strerror(errno));
  __fpurge(stdout);
  clearerr(stdout);
}

// ---- signals and the end ------------------------------------------------------------------------

void serving_wait(const sigset_t *set, const char *script, bool (*reload)(void *ctx, Err *err),
                  void *ctx) {
  for (;;) {
    int number;
    Err err;
    if (sigwait(set, &number) != 0) continue;
    if (number == SIGUSR1) {
      log_reopen();
      continue;
    }
    if (number != SIGHUP) {
      log_info("%s: stopping", number == SIGINT ? "SIGINT" : "SIGTERM");
      return;
    }
    if (!script) continue;
    if (reload(ctx, &err)) log_info("SIGHUP: %s was loaded again", script);
    else log_error("SIGHUP: %s was not loaded again, the one before goes on: %s", script, err.text);
  }
}

// What was answered is stored already.
static void *end_at_last(void *arg) {
  sleep(SERVING_GRACE_MS / 1000 + 1);
  log_warn("a script is stuck in a call that does not return; ending without it");
  _exit(STATUS_DONE);
  return NULL;
}

void serving_begin_end(void) {
  sigset_t set;
  pthread_t last_resort;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  if (pthread_create(&last_resort, NULL, end_at_last, NULL) == 0) pthread_detach(last_resort);
}
