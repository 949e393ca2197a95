// Set-up that commands share.
#include "cli/command.h"

#include <fcntl.h>
#include <unistd.h>

// A core file of this process and its children has registers but no memory, because secrets may be anywhere in
// memory. To debug, write 0x33 to /proc/PID/coredump_filter.
static void keep_memory_out_of_core_files(void) {
  static const char headers_only[] = "0x10";
  int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (write(fd, headers_only, sizeof headers_only - 1) < 0)
    log_warn("secrets may stand in a core file: /proc/self/coredump_filter cannot be written");
  close(fd);
}

bool command_load(Invocation *in, const char *script, bool here, bool needs_token) {
  extern char **environ;
  bool loaded = config_load(in->config, &in->arguments, script, here, environ);
  config_clear_environment(in->config);
  keep_memory_out_of_core_files();
  if (needs_token && !config_need_token(in->config)) loaded = false;
  if (!loaded) config_report(in->config);
  return loaded;
}

bool command_configure(Invocation *in, const char *script, bool here, bool needs_token) {
  Err err;
  if (!command_load(in, script, here, needs_token)) return false;
  return config_log(in->config, &err) || report_err("", &err) == STATUS_DONE;
}
