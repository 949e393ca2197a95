// log_openid = "hash": writes openids as a keyed hash, the same in each run.
#ifndef WEMOON_CLI_OPENID_HASH_H
#define WEMOON_CLI_OPENID_HASH_H

#include "base/err.h"
#include "base/str.h"

// Hashes openids from now on (secrets.h), with a key derived from `secret`, or a random one if it is empty. False if
// the system has no HMAC.
bool openid_hash_begin(Str secret, Err *err);

#endif
