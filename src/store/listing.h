// A list of keys: collected in any order, handed out sorted.
#ifndef WEMOON_STORE_LISTING_H
#define WEMOON_STORE_LISTING_H

#include "base/buf.h"

typedef struct {
  Buf keys;  // each with its length before it
  size_t count;
} Listing;  // all zero: empty

bool listing_add(Listing *listing, Str key);  // false without memory
// Frees the keys; the listing is empty then.
void listing_free(Listing *listing);
// The keys after `after` in byte order, without repeats, `limit` at most (0: all). The caller frees *out. False without
// memory.
bool listing_finish(const Listing *listing, Str after, int64_t limit, Str *out);
// Takes the next key, a slice, from the result of listing_finish; false at the end.
bool listing_next(Str *rest, Str *key);

#endif
