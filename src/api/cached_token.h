// A token's value and how long it lives, as it is held in the process and written to the store. Inside api/.
#ifndef WEMOON_API_CACHED_TOKEN_H
#define WEMOON_API_CACHED_TOKEN_H

#include "base/buf.h"

// What is known of a token: from the platform, the store or the configuration.
typedef struct {
  char *value;         // NULL: none
  int64_t expires_at;  // Unix seconds
  int64_t lifetime_s;
  int64_t renew_us, end_us;  // monotonic: when it should be renewed, when it is of no use
} CachedToken;

void cached_token_clear(CachedToken *held);
// Takes a copy of the value; it lives `left_s` more of its `lifetime_s`. False without memory: nothing has
// changed. A wall clock set back makes nobody believe in more than the lifetime that the platform told.
bool cached_token_set(CachedToken *held, Str value, int64_t expires_at, int64_t lifetime_s,
                      int64_t left_s);
bool cached_token_is_fresh(const CachedToken *held);  // not yet to be renewed
bool cached_token_is_alive(const CachedToken *held);
// Appends it as the store keeps it.
void cached_token_write(Buf *out, const CachedToken *held);
// Takes what the store keeps, unless it has expired, is none, or is the one that was `refused` (NULL: none
// was).
void cached_token_read(CachedToken *held, Str record, const char *refused);

#endif
