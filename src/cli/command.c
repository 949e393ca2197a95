// What commands begin with.
#include "cli/command.h"

bool command_configure(Invocation *in, const char *script, bool here, bool needs_token) {
  extern char **environ;
  bool loaded = config_load(in->config, &in->arguments, script, here, environ);
  config_clear_environment(in->config);
  if (needs_token && !config_need_token(in->config)) loaded = false;
  Err err;
  if (!loaded) config_report(in->config);
  else if (!config_log(in->config, &err)) report_err("", &err);
  else return true;
  return false;
}
