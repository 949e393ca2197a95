// What serving a bot would stumble over, seen before anything is opened, made or served.
#ifndef WEMOON_CLI_PREFLIGHT_H
#define WEMOON_CLI_PREFLIGHT_H

#include "cli/config.h"

// Whether the script's file is there; ERR_USAGE if not.
bool preflight_script(const char *script, Err *err);
// Reports what `wemoon run` would refuse beside the configuration's own faults: a store that cannot be opened,
// an address that this machine does not have, too few descriptors; and tokens that the platform cannot hold. A
// port that is taken counts as free, since the bot itself may have it. Returns the exit status.
int preflight_report(const Config *config, const char *script);
// Warns of a token that the platform cannot hold.
void preflight_warn_of_tokens(const Config *config);
// Warns of an unknown time zone in TZ, for which the C library takes UTC without a word.
void preflight_warn_of_zone(void);

#endif
