// Keys may be any bytes, so each is kept with its length.
#include "store/listing.h"

#include <stdlib.h>

bool listing_add(Listing *listing, Str key) {
  uint32_t len = (uint32_t)key.len;
  buf_add(&listing->keys, str_make((const char *)&len, sizeof len));
  buf_add(&listing->keys, key);
  listing->count++;
  return !listing->keys.failed;
}

void listing_free(Listing *listing) { buf_clear(&listing->keys); }

bool listing_next(Str *rest, Str *key) {
  uint32_t len;
  if (rest->len < sizeof len) return false;
  memcpy(&len, rest->ptr, sizeof len);
  *key = str_sub(*rest, sizeof len, len);
  *rest = str_sub(*rest, sizeof len + len, rest->len);
  return true;
}

static int compare_slices(const void *a, const void *b) {
  return str_compare(*(const Str *)a, *(const Str *)b);
}

bool listing_finish(const Listing *listing, Str after, int64_t limit, Str *out) {
  Str *slices = malloc((listing->count + 1) * sizeof *slices);
  Str rest = buf_str(&listing->keys), key;
  size_t count = 0;
  if (!slices) return false;
  while (listing_next(&rest, &key)) {
    if (after.len == 0 || str_compare(key, after) > 0) slices[count++] = key;
  }
  qsort(slices, count, sizeof *slices, compare_slices);
  Listing sorted = { .count = 0 };
  for (size_t i = 0; i < count && (limit == 0 || (int64_t)sorted.count < limit); i++) {
    if (i == 0 || str_compare(slices[i], slices[i - 1]) != 0) listing_add(&sorted, slices[i]);
  }
  free(slices);
  *out = str_make(sorted.keys.ptr, sorted.keys.len);
  if (sorted.keys.failed) listing_free(&sorted);
  return !sorted.keys.failed;
}
