// Set-up that commands share.
#include "cli/command.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/preflight.h"

// Memory and registers may hold secrets, so this process and its children leave no core file, whatever the limit that
// they inherited: a limit of 1 byte stops files and, unlike 0, programs that core_pattern names. To debug, raise the
// limit of the running process (`prlimit --core=unlimited --pid PID`): its core file then has registers but no memory,
// unless 0x33 is written to /proc/PID/coredump_filter.
static void leave_no_core_file(void) {
  static const char headers_only[] = "0x10";
  struct rlimit limit;
  if (getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur > 1) {
    limit.rlim_cur = 1;
    if (setrlimit(RLIMIT_CORE, &limit) != 0)
      log_warn("a core file may hold secrets: setrlimit failed for RLIMIT_CORE");
  }
  int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (write(fd, headers_only, sizeof headers_only - 1) < 0)
    log_warn("a core file may hold secrets: /proc/self/coredump_filter cannot be written");
  close(fd);
}

// Returns how to go on without a token. A bot of `wemoon dev` has the one that dev prints.
static const char *advice(const Invocation *in) {
  return strcmp(in->command->name, "send") == 0
             ? "The token of a bot that `wemoon dev` serves is the one that it printed: --token "
               "development"
             : "To try a bot without an account: wemoon dev BOT.lua, which needs no token";
}

bool command_load(Invocation *in, const char *script, bool here, TokenNeed need) {
  leave_no_core_file();
  bool loaded = config_load(in->config, &in->arguments, script, here, environ);
  config_clear_environment(in->config);
  if (need == TOKEN_OF_ACCOUNT && loaded && !config_has_account(in->config)) need = TOKEN_UNNEEDED;
  if (need != TOKEN_UNNEEDED && !config_need_token(in->config, advice(in))) loaded = false;
  if (!loaded) config_report(in->config);
  return loaded;
}

static bool configure(Invocation *in, const char *script, bool here, bool needs_token) {
  Err err;
  if (!command_load(in, script, here, needs_token ? TOKEN_NEEDED : TOKEN_UNNEEDED)) return false;
  return report_unless(config_log_on_stderr(in->config, &err), &err);
}

bool command_configure(Invocation *in, const char *script, bool here, bool needs_token) {
  if (!configure(in, script, here, needs_token)) return false;
  preflight_warn(in->config, WARN_OF_ACCOUNT);
  return true;
}

bool command_configure_server(Invocation *in, const char *script, bool here, bool needs_token) {
  Err err;
  if (!configure(in, script, here, needs_token) ||
      !report_unless(config_log_to_file(in->config, &err), &err))
    return false;
  preflight_warn(in->config, WARN_OF_ACCOUNT);
  return true;
}
