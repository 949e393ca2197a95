// Helpers of backends that fill a reply.
#include "store/backend.h"

#include <stdlib.h>

void store_job_value(StoreJob *job, Str value) {
  char *copy = malloc(value.len + 1);
  if (!copy) {
    err_set(&job->reply.err, ERR_MEMORY, "store: no memory for a value of %zu bytes", value.len);
    return;
  }
  if (value.len) memcpy(copy, value.ptr, value.len);
  copy[value.len] = 0;
  job->reply.value = str_make(copy, value.len);
  job->reply.ok = true;
}

bool store_job_sum(StoreJob *job, Str text) {
  int64_t present = 0;
  if (!str_to_int64(text, &present))
    return err_set(&job->reply.err, ERR_INVALID,
                   "store: the value of this key is not an integer, so it cannot be incremented");
  if (__builtin_add_overflow(present, job->call.by, &job->reply.number))
    return err_set(&job->reply.err, ERR_INVALID, "store: the sum does not fit 64 bits");
  job->reply.ok = true;
  return true;
}

bool store_job_key(StoreJob *job, Str prefix, Str key) {
  Str name = str_sub(key, prefix.len - job->call.key.len, key.len);
  job->reply.ok = listing_add(&job->listing, name);
  return job->reply.ok ||
         err_set(&job->reply.err, ERR_MEMORY, "store: no memory for a list of keys");
}
