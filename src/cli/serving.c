// Descriptors, signals, the lines at the start, and the end.
#include "cli/serving.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/output_text.h"
#include "cli/report.h"

enum {
  OWN_FILES = 64,  // store, log, loop, script
  // Connections that wait for a thread, that read slowly, and those of scripts, stores and outgoing requests.
  SPARE_FILES = 1024 + 256 + 256
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
                   "limit (ulimit -n), or lower `threads`",
                   (unsigned long long)limit.rlim_cur, (long long)threads,
                   (unsigned long long)needed);
  log_warn("only %llu files may be open at once, and %llu are recommended for %lld threads: raise "
           "the limit (ulimit -n)",
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

static bool is_set_for_this_run(const Config *config, const char *key) {
  ConfigSource source = config_source(config, key);
  return source == CONFIG_FROM_FLAG || source == CONFIG_FROM_ENVIRONMENT;
}

static void print_option(const char *option, const char *value) {
  printf(" --%s ", option);
  report_word(stdout, value);
}

static void print_file(const Config *config) {
  char path[PATH_MAX];
  const char *file = config_file(config);
  if (file) print_option("config", realpath(file, path) ? path : file);
}

static void print_url(const Config *config, const char *url, bool listens_elsewhere) {
  Str listen = config_text(config, "listen");
  bool any_port = str_ends(listen, STR(":0")) || str_eq(listen, STR("0"));
  if (listens_elsewhere || any_port || is_set_for_this_run(config, "listen") ||
      is_set_for_this_run(config, "path") || !config_file(config))
    print_option("url", url);
}

// Values invented for this run are no secrets.
static void print_account(const Config *config, EncryptMode mode) {
  bool invented = config_source(config, "token") == CONFIG_FROM_DEFAULT;
  if (invented) print_option("token", config_text(config, "token").ptr);
  if (is_set_for_this_run(config, "encrypt_mode"))
    print_option("encrypt-mode", config_mode_name(mode));
  ConfigSource source = config_source(config, "appid");
  if (source == CONFIG_FROM_FLAG || (source == CONFIG_FROM_DEFAULT && mode != MODE_NORMAL))
    print_option("appid", config_text(config, "appid").ptr);
}

static void print_variables(const Config *config) {
  static const struct {
    const char *key, *variable;
  } secrets[] = { { "token", "WEMOON_TOKEN" }, { "encoding_aes_key", "WEMOON_ENCODING_AES_KEY" } };
  for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
    if (is_set_for_this_run(config, secrets[i].key))
      printf(output_text("  (with the same %s in its environment, as %s)\n"), secrets[i].key,
             secrets[i].variable);
  }
}

void serving_print_how_to_conversation(const Config *config, EncryptMode mode, const char *url,
                                       bool listens_elsewhere) {
  char path[PATH_MAX];
  fputs(output_text("talk to it from another terminal:\n  "), stdout);
  report_word(stdout, report_program(path));
  fputs(" send", stdout);
  print_file(config);
  print_url(config, url, listens_elsewhere);
  print_account(config, mode);
  fputs(" text 你好\n", stdout);
  print_variables(config);
}

void serving_flush(void) {
  if (fflush(stdout) != 0) {
    log_warn("standard output: %s", strerror(errno));
    __fpurge(stdout);
    clearerr(stdout);
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
}

// ---- signals at the start -----------------------------------------------------------------------

struct ServingStart {
  pthread_t thread;
};

// Returns when serving_end_start sends SIGUSR1 to this thread alone. It is not cancelled: a signal that it has just
// taken would be lost, and it could hold a mutex of the log.
static void *end_early(void *arg) {
  sigset_t set;
  siginfo_t info;
  int number;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGUSR1);
  while ((number = sigwaitinfo(&set, &info)) != SIGINT && number != SIGTERM) {
    if (number == SIGUSR1 && info.si_pid == getpid()) return NULL;
    if (number == SIGUSR1) log_reopen();
  }
  log_info("%s while the script is being loaded: stopping",
           number == SIGINT ? "SIGINT" : "SIGTERM");
  _exit(STATUS_DONE);
  return NULL;
}

ServingStart *serving_begin_start(void) {
  ServingStart *start = malloc(sizeof *start);
  if (start && pthread_create(&start->thread, NULL, end_early, NULL) == 0) return start;
  free(start);
  return NULL;
}

void serving_end_start(ServingStart *start) {
  if (!start) return;
  pthread_kill(start->thread, SIGUSR1);
  pthread_join(start->thread, NULL);
  free(start);
}

// ---- signals and the end ------------------------------------------------------------------------

static void reload_once(const ServingReload *reload) {
  Err err;
  if (reload->reload(reload->ctx, &err)) log_info("SIGHUP: %s was loaded again", reload->script);
  else
    log_error("SIGHUP: %s was not loaded again, the previous version stays in service: %s",
              reload->script, err.text);
}

// Whether another reload was asked for meanwhile.
static bool goes_on(ServingReload *reload) {
  pthread_mutex_lock(&reload->mutex);
  reload->runs = reload->again;
  reload->again = false;
  bool goes_on = reload->runs;
  pthread_mutex_unlock(&reload->mutex);
  return goes_on;
}

static void *reload_all(void *arg) {
  ServingReload *reload = arg;
  pthread_setname_np(pthread_self(), "wemoon-reload");
  do reload_once(reload);
  while (goes_on(reload));
  return NULL;
}

static void start_reload(ServingReload *reload) {
  if (reload->has_thread) pthread_join(reload->thread, NULL);
  reload->has_thread = pthread_create(&reload->thread, NULL, reload_all, reload) == 0;
  if (!reload->has_thread) reload_all(reload);
}

static void ask_to_reload(ServingReload *reload) {
  if (!reload->script) return;
  pthread_mutex_lock(&reload->mutex);
  bool starts = !reload->runs;
  reload->runs = true;
  reload->again = !starts;
  pthread_mutex_unlock(&reload->mutex);
  if (starts) start_reload(reload);
}

void serving_end_reload(ServingReload *reload) {
  pthread_mutex_lock(&reload->mutex);
  reload->again = false;
  pthread_mutex_unlock(&reload->mutex);
  if (reload->has_thread) pthread_join(reload->thread, NULL);
  reload->has_thread = false;
}

// Whether a signal ends the process. One that does is taken before all others, however many of those come.
static bool ends(int *number) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  int first = sigtimedwait(&set, NULL, &(struct timespec){ 0 });
  if (first > 0) *number = first;
  return *number == SIGINT || *number == SIGTERM;
}

void serving_wait(const sigset_t *set, ServingReload *reload) {
  pthread_mutex_init(&reload->mutex, NULL);
  for (int number = 0;;) {
    if (sigwait(set, &number) != 0) continue;
    if (ends(&number)) return log_info("%s: stopping", number == SIGINT ? "SIGINT" : "SIGTERM");
    if (number == SIGUSR1) log_reopen();
    else ask_to_reload(reload);
  }
}

// By then the jobs and interpreters have had their time, and the store what a successor needs.
static void *end_at_last(void *arg) {
  sleep((SERVING_GRACE_MS + SERVING_END_MS) / 1000);
  log_warn("a script is stuck in a call that does not return: exiting without it");
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
