// Checks what serving a bot needs, without opening, creating or serving anything.
#ifndef WEMOON_CLI_PREFLIGHT_H
#define WEMOON_CLI_PREFLIGHT_H

#include "cli/config.h"

// ERR_USAGE if a folder is given as the script.
bool preflight_no_folder(const char *script, Err *err);
// ERR_USAGE if the script's file is missing, or is a folder.
bool preflight_script(const char *script, Err *err);
// Reports everything that `wemoon run` would refuse, apart from faults of the configuration, which may have some: a
// log_file, capture or store that cannot be opened, an address that this machine does not have, too few descriptors;
// and tokens that the platform does not accept. A port in use is fine, because the bot itself may have it. Returns the
// exit status.
int preflight_report(const Config *config, const char *script);

// What is allowed, and is hardly what was meant. All commands take their warnings from one table.
enum {
  // Tokens, an appid and an appsecret that the platform cannot have given. The simulated platform and gateways take any.
  WARN_OF_ACCOUNT = 1,
  // More memory for scripts than the machine has, an admin address that is open to others, an admin_token that is short.
  WARN_OF_SERVING = 2,
  // An admin_token, and no admin_listen. A socket of the service manager may take its place.
  WARN_OF_DESK = 4,
  // An unknown time zone in TZ, for which the C library silently uses UTC.
  WARN_OF_ZONE = 8,
  WARN_OF_ALL = 15
};
// Tells each warning of these subjects; returns whether there was one.
bool preflight_warnings(const Config *config, unsigned subjects, void (*tell)(const char *warning));
// Does the same, in the log.
void preflight_warn(const Config *config, unsigned subjects);

#endif
