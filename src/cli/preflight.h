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
// Warns of a token that the platform does not accept.
void preflight_warn_of_tokens(const Config *config);
// Warns of an appid that is not "wx" and 16 letters and digits, and of an appsecret that is not 32. Nothing is refused:
// the simulated platform and gateways take any. Returns whether it warned.
bool preflight_warn_of_account(const Config *config);
// Warns of an unknown time zone in TZ, for which the C library silently uses UTC. Returns whether it warned.
bool preflight_warn_of_zone(void);
enum { ADMIN_TOKEN_SHORT = 12 };  // characters: a shorter admin_token is warned of

#endif
