// log_openid = "hash": openids in outputs as a hash that only who has the key can make, the same in each run.
#ifndef WEMOON_CLI_OPENID_HASH_H
#define WEMOON_CLI_OPENID_HASH_H

#include "base/err.h"
#include "base/str.h"

// From now on openids are hashed (secrets.h), with a key made from `secret`; without one, from chance. False
// where the system has no HMAC.
bool openid_hash_begin(Str secret, Err *err);

#endif
