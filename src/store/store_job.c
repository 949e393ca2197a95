#include "store/store_job.h"

#include "base/clock.h"
#include "store/call_queue.h"

#include <stdio.h>
#include <stdlib.h>

#define SCRIPTS_PREFIX "k:"  // then the account's name and a colon

static bool call_is_right(const StoreCall *call, Err *err) {
  bool listing = call->op == STORE_LIST;
  if ((call->key.len == 0 && !listing) || call->key.len > STORE_KEY_MAX ||
      call->after.len > STORE_KEY_MAX)
    return err_set(err, ERR_USAGE, "store: a key has 1 to %d bytes, this one %zu", STORE_KEY_MAX,
                   call->key.len);
  if (call->value.len > STORE_VALUE_MAX)
    return err_set(err, ERR_USAGE, "store: a value has at most %d bytes, this one %zu",
                   STORE_VALUE_MAX, call->value.len);
  if (call->ttl_ms < 0) return err_set(err, ERR_USAGE, "store: a time to live cannot be negative");
  if (call->op == STORE_LEASE && call->ttl_ms == 0)
    return err_set(err, ERR_USAGE, "store: a lease needs a time to live");
  if (call->space == STORE_ALL_SCRIPTS && !listing)
    return err_set(err, ERR_USAGE, "store: the keys of all accounts can only be listed");
  return true;
}

static Str keep(char **at, Str s) {
  if (s.len) memcpy(*at, s.ptr, s.len);
  Str copy = str_make(*at, s.len);
  *at += s.len;
  return copy;
}

// Prefixes the key; empty if the prefix is empty.
static Str prefixed(char **at, const char *prefix, Str key) {
  Str head = str_of(prefix);
  if (head.len == 0) return STR("");
  char *begin = *at;
  keep(at, head);
  keep(at, key);
  return str_make(begin, head.len + key.len);
}

static const char *prefix_of(const StorePrefixes *prefixes, StoreSpace space) {
  if (space == STORE_ALL_SCRIPTS) return SCRIPTS_PREFIX;
  return space == STORE_OWN ? "o:" : prefixes->script;
}

static void copy_call(const StorePrefixes *prefixes, StoreJob *job, const StoreCall *call) {
  char *at = job->bytes;
  bool has_old = call->space == STORE_SCRIPT;
  job->call = *call;
  job->key = prefixed(&at, prefix_of(prefixes, call->space), call->key);
  for (int i = 0; i < STORE_OLD_KEYS; i++)
    job->old_keys[i] = prefixed(&at, has_old ? prefixes->old[i] : "", call->key);
  job->call.key = keep(&at, call->key);
  job->call.value = keep(&at, call->value);
  job->call.expected = keep(&at, call->expected);
  job->call.after = keep(&at, call->after);
}

StoreJob *store_job_new(const StorePrefixes *prefixes, const StoreCall *call, Err *err) {
  if (!call_is_right(call, err)) return NULL;
  size_t keys = (1 + STORE_OLD_KEYS) * (STORE_PREFIX_MAX + call->key.len);
  StoreJob *job = malloc(sizeof(*job) + keys + call->key.len + call->value.len +
                         call->expected.len + call->after.len);
  if (!job) {
    err_set(err, ERR_MEMORY, "store: no memory for a call");
    return NULL;
  }
  memset(job, 0, sizeof(*job));
  copy_call(prefixes, job, call);
  int64_t patience_ms = call->patience_ms ? call->patience_ms : CALL_PATIENCE_MS;
  job->due_us = clock_now_us() + call->delay_ms * 1000;
  job->give_up_us = job->due_us + patience_ms * 1000;
  job->keep_us = call->keep_ms ? job->due_us + call->keep_ms * 1000 : 0;
  return job;
}

void store_job_end_listing(StoreJob *job) {
  if (job->call.op != STORE_LIST) return;
  Err *err = &job->reply.err;
  if (err->code == ERR_NONE)
    job->reply.ok =
        listing_finish(&job->listing, job->call.after, job->call.limit, &job->reply.value) ||
        err_set(err, ERR_MEMORY, "store: no memory for a list of keys");
  listing_free(&job->listing);
}

void store_prefixes_of(const StoreOptions *options, StorePrefixes *prefixes) {
  enum { NAME_MAX_LEN = 64 };
  Str account = str_sub(options->account, 0, NAME_MAX_LEN);
  Str former = str_sub(options->former_account, 0, NAME_MAX_LEN);
  if (account.len == 0) {
    memcpy(prefixes->script, "s:", 3);
    return;
  }
  snprintf(prefixes->script, sizeof prefixes->script, SCRIPTS_PREFIX "%.*s:", STR_FMT(account));
  memcpy(prefixes->old[0], "s:", 3);
  if (former.len && !str_eq(former, account))
    snprintf(prefixes->old[1], sizeof prefixes->old[1], SCRIPTS_PREFIX "%.*s:", STR_FMT(former));
}
