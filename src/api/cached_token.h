// A token with its lifetime, in the process and as the store keeps it.
#ifndef WEMOON_API_CACHED_TOKEN_H
#define WEMOON_API_CACHED_TOKEN_H

#include "base/buf.h"

// What is known of a token: from the platform, the store or the configuration.
typedef struct {
  char *value;         // NULL: none
  int64_t expires_at;  // Unix seconds
  int64_t lifetime_s;
  int64_t renew_us, end_us;  // monotonic: when to renew it, when it expires
} CachedToken;

// Frees the value; there is no token then.
void cached_token_clear(CachedToken *held);
// Copies the value, which lives `left_s` more of its `lifetime_s`; never more than that, even if the wall clock was set
// back. False without memory: nothing was changed.
bool cached_token_set(CachedToken *held, Str value, int64_t expires_at, int64_t lifetime_s,
                      int64_t left_s);
bool cached_token_is_fresh(const CachedToken *held);  // need not be renewed yet
bool cached_token_is_alive(const CachedToken *held);  // has not expired
// Appends its stored form.
void cached_token_write(Buf *out, const CachedToken *held);
// Reads the stored form. False if it is invalid, has expired, or is the token that was `refused` (NULL: none was).
void cached_token_read(CachedToken *held, Str record, const char *refused);

#endif
