// A token's value and how long it lives, as it is held in the process and written to the store. Inside api/.
#ifndef WEMOON_API_HELD_H
#define WEMOON_API_HELD_H

#include "base/buf.h"

// What is known of a token: from the platform, the store or the configuration.
typedef struct {
  char *value;         // NULL: none
  int64_t expires_at;  // Unix seconds
  int64_t lifetime_s;
  int64_t renew_us, end_us;  // monotonic: when it should be renewed, when it is of no use
} Held;

void held_clear(Held *held);
// Takes a copy of the value; it lives `left_s` more of its `lifetime_s`. False without memory: nothing has
// changed. A wall clock set back makes nobody believe in more than the lifetime that the platform told.
bool held_set(Held *held, Str value, int64_t expires_at, int64_t lifetime_s, int64_t left_s);
bool held_is_fresh(const Held *held);  // not yet to be renewed
bool held_is_alive(const Held *held);
// Appends it as the store keeps it.
void held_write(Buf *out, const Held *held);
// Takes what the store keeps, unless it has expired, is none, or is the one that was `refused` (NULL: none
// was).
void held_read(Held *held, Str record, const char *refused);

#endif
