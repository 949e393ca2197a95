// One TokenFetch per entry at a time: a machine whose steps each wait for one answer of the store's or the
// platform's.
#include "api/token_fetch.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

enum {
  REFUSAL_MS = 60 * 1000,
  POLL_MS = 100,
  RETRY_US = 30 * 1000 * 1000,
  LIFETIME_MAX_S = 365 * 24 * 3600,
  KEY_SIZE = 256
};

// In this order; steps marked * are usually skipped. If the store is away, the fetch becomes storeless:
// it continues with STEP_FETCH and skips the steps that need the store.
typedef enum {
  STEP_READ,         // read the store; a fresh token ends the fetch
  STEP_LEASE,        // take the lease: one process fetches, the others wait
  STEP_POLL,         // * another process has the lease: read again a moment later, then STEP_LEASE
  STEP_READ_LEASED,  // read again: another process may have written a token meanwhile
  STEP_REFUSAL,  // check whether the platform refused this secret within the last minute (access tokens)
  STEP_FETCH,         // ask the platform
  STEP_FORCE,         // * it returned the refused token: ask with force_refresh
  STEP_KEEP_REFUSAL,  // * it refused for good: remember that for a minute
  STEP_FORGET_REFUSAL,  // * it gave a token to a script that asked despite a refusal: forget the refusal
  STEP_WRITE,           // replace the stored value that was read by the new token
  STEP_COMPARE,  // * the lease had expired and another process wrote: check whether its token is good
  STEP_REWRITE,  // * it is not: overwrite it
  STEP_RELEASE,  // release the lease
  STEP_END       // call the waiting callers
} Step;

struct TokenFetch {
  Tokens *tokens;
  Entry *entry;
  Waiter *grant;  // or NULL: it serves the entry's waiters
  Step step;
  bool leased, storeless;
  int64_t wait_until_us;
  char *record;      // the stored value that was read last; or NULL
  ApiResult *reply;  // the platform's
};

static bool is_refused(const Entry *entry, Str value) {
  return entry->refused && str_eq(str_of(entry->refused), value);
}

static bool is_access(const Entry *entry) { return str_eq(str_of(entry->name), TOKEN_ACCESS); }

static bool store_failed(const StoreReply *reply) { return !reply || reply->err.code != ERR_NONE; }

static Step step_to_end(const TokenFetch *fetch) { return fetch->leased ? STEP_RELEASE : STEP_END; }

static Step step_fail(TokenFetch *fetch, ApiKind kind, const char *why) {
  if (!fetch->reply) fetch->reply = api_result_new(STR("grant_token"));
  if (fetch->reply) api_result_fail(fetch->reply, kind, "%s", why);
  return step_to_end(fetch);
}

// ---- without the store --------------------------------------------------------------------------

static ApiResult *remembered_refusal(Entry *entry) {
  if (!entry->refusal || clock_now_us() >= entry->refusal_us) return NULL;
  ApiResult *copy = api_result_new(STR("grant_token"));
  if (copy) api_result_blame(copy, entry->refusal);
  return copy;
}

// With the lock held: uses the imported token at once, without comparing it with the store's.
static void use_imported(Entry *entry) {
  if (!cached_token_is_alive(&entry->imported) || cached_token_is_alive(&entry->present)) return;
  cached_token_clear(&entry->present);
  entry->present = entry->imported;
  entry->imported = (CachedToken){ 0 };
}

// The store is away. A fetch without it does no harm, except if a new token makes those of other
// processes useless.
static Step step_storeless(TokenFetch *fetch, const StoreReply *reply) {
  Tokens *tokens = fetch->tokens;
  Entry *entry = fetch->entry;
  const char *why = reply ? reply->err.text : "no memory";
  bool fresh = false;
  fetch->storeless = true;
  pthread_mutex_lock(&tokens->lock);
  if (!fetch->grant) {
    use_imported(entry);
    fresh = cached_token_is_fresh(&entry->present);
    if (!fresh) fetch->reply = remembered_refusal(entry);
  }
  pthread_mutex_unlock(&tokens->lock);
  if (fresh || fetch->reply) return step_to_end(fetch);
  if (!tokens->options.stable && is_access(entry)) return step_fail(fetch, API_NETWORK, why);
  log_warn("the %s is fetched without the store: %s", entry->name, why);
  return STEP_FETCH;
}

// ---- what comes after each step -----------------------------------------------------------------

// Uses an imported token unless the store's lives longer. Returns whether to write it to the store.
static bool adopt_imported(Entry *entry) {
  CachedToken imported = entry->imported;
  entry->imported = (CachedToken){ 0 };
  bool counts =
      cached_token_is_alive(&imported) && !is_refused(entry, str_of(imported.value)) &&
      (!cached_token_is_alive(&entry->present) || entry->present.expires_at < imported.expires_at);
  cached_token_clear(counts ? &entry->present : &imported);
  if (counts) entry->present = imported;
  return counts;
}

static void take_record(TokenFetch *fetch, StoreReply *reply) {
  free(fetch->record);
  fetch->record = NULL;
  if (!reply->ok) return;
  fetch->record = (char *)reply->value.ptr;
  reply->value = (Str){ 0 };
}

static Step after_read(TokenFetch *fetch, StoreReply *reply) {
  Entry *entry = fetch->entry;
  bool fresh = false, imported = false;
  if (store_failed(reply)) return step_storeless(fetch, reply);
  take_record(fetch, reply);
  if (!fetch->grant) {
    pthread_mutex_lock(&fetch->tokens->lock);
    if (fetch->record) cached_token_read(&entry->present, str_of(fetch->record), entry->refused);
    imported = entry->imported.value && adopt_imported(entry);
    fresh = cached_token_is_fresh(&entry->present);
    pthread_mutex_unlock(&fetch->tokens->lock);
  }
  if (fresh) return imported ? STEP_WRITE : step_to_end(fetch);
  if (!fetch->leased) return STEP_LEASE;
  return fetch->grant || !is_access(entry) ? STEP_FETCH : STEP_REFUSAL;
}

static Step after_lease(TokenFetch *fetch, const StoreReply *reply) {
  if (store_failed(reply)) return step_storeless(fetch, reply);
  fetch->leased = reply->ok;
  if (fetch->leased) return STEP_READ_LEASED;
  if (clock_now_us() < fetch->wait_until_us) return STEP_POLL;
  return step_fail(fetch, API_TIMEOUT, "another process has been fetching the token for too long");
}

// Parses the stored refusal, {"errcode":..., "errmsg":...}; NULL if it is malformed.
static ApiResult *read_refusal(Str text) {
  JsonDoc *doc = json_parse(text, NULL);
  const Json *root = doc ? json_root(doc) : NULL;
  const Json *code = root && json_kind(root) == JSON_OBJECT ? json_get(root, STR("errcode")) : NULL;
  const Json *errmsg = code ? json_get(root, STR("errmsg")) : NULL;
  bool good = code && json_kind(code) == JSON_INT && errmsg && json_kind(errmsg) == JSON_STRING;
  ApiResult *refusal = good ? api_result_new(STR("grant_token")) : NULL;
  if (refusal) {
    api_result_fail(refusal, API_REFUSED, "%.*s", STR_FMT(json_string(errmsg)));
    refusal->errcode = json_int(code);
    refusal->status = 200;
    api_result_find_rid(refusal);
  }
  json_free(doc);
  return refusal;
}

static Step after_refusal(TokenFetch *fetch, const StoreReply *reply) {
  if (store_failed(reply)) return step_storeless(fetch, reply);
  fetch->reply = reply->ok ? read_refusal(reply->value) : NULL;
  return fetch->reply ? step_to_end(fetch) : STEP_FETCH;
}

// 7200, 7200.0 or "7200"; 0 if it is none of these.
static int64_t seconds_in(const Json *value) {
  int64_t seconds = 0;
  double number = 0;
  if (json_kind(value) == JSON_INT) seconds = json_int(value);
  else if (json_kind(value) == JSON_STRING) str_to_double(str_trim(json_string(value)), &number);
  else if (json_kind(value) == JSON_REAL) number = json_real(value);
  if (number >= 1) seconds = number < LIFETIME_MAX_S ? (int64_t)number : LIFETIME_MAX_S;
  return seconds < LIFETIME_MAX_S ? seconds : LIFETIME_MAX_S;
}

// Reads the token of a good reply. False, with a failure in the reply, if there is none.
static bool read_token(ApiResult *reply, const Entry *entry, Str *value, int64_t *lifetime_s) {
  const Json *root = reply->json ? json_root(reply->json) : NULL, *text = NULL, *expires = NULL;
  if (root && json_kind(root) == JSON_OBJECT) {
    text = json_get(root, is_access(entry) ? TOKEN_ACCESS : STR("ticket"));
    expires = json_get(root, STR("expires_in"));
  }
  *value = text && json_kind(text) == JSON_STRING ? json_string(text) : (Str){ 0 };
  *lifetime_s = expires ? seconds_in(expires) : 0;
  if (value->len && *lifetime_s > 0) return true;
  api_result_fail(reply, API_JSON, "the answer holds no %s with a positive expires_in",
                  is_access(entry) ? "access_token" : "ticket");
  return false;
}

static bool will_not_pass(const ApiResult *reply) {
  return reply->kind == API_REFUSED &&
         (reply->errcode == 40164 || reply->errcode == 40125 || reply->errcode == 40013);
}

static void remember_refusal(Entry *entry, const ApiResult *reply) {
  if (!entry->refusal) entry->refusal = api_result_new(STR(""));
  if (entry->refusal) api_result_blame(entry->refusal, reply);
  entry->refusal_us = entry->refusal ? clock_now_us() + REFUSAL_MS * 1000 : 0;
}

static Step step_refused(TokenFetch *fetch) {
  if (!fetch->reply || !is_access(fetch->entry) || !will_not_pass(fetch->reply))
    return step_to_end(fetch);
  if (!fetch->storeless) return STEP_KEEP_REFUSAL;
  pthread_mutex_lock(&fetch->tokens->lock);
  remember_refusal(fetch->entry, fetch->reply);
  pthread_mutex_unlock(&fetch->tokens->lock);
  return step_to_end(fetch);
}

// With the lock held.
static void take_token(Entry *entry, Str value, int64_t lifetime_s) {
  cached_token_set(&entry->present, value, clock_unix_s() + lifetime_s, lifetime_s, lifetime_s);
  free(entry->refused);
  entry->refused = NULL;
  entry->refusal_us = 0;
}

static Step after_fetch(TokenFetch *fetch) {
  Tokens *tokens = fetch->tokens;
  Entry *entry = fetch->entry;
  const Waiter *grant = fetch->grant;
  ApiResult *reply = fetch->reply;
  Str value;
  int64_t lifetime_s;
  if (!reply || reply->kind != API_OK || !read_token(reply, entry, &value, &lifetime_s))
    return step_refused(fetch);
  pthread_mutex_lock(&tokens->lock);
  bool again = fetch->step == STEP_FETCH && is_access(entry) && tokens->options.stable && !grant &&
               is_refused(entry, value);
  bool keep = !again && (!grant || grant->keep);
  if (keep) take_token(entry, value, lifetime_s);
  pthread_mutex_unlock(&tokens->lock);
  if (again) return STEP_FORCE;
  if (!keep || fetch->storeless) return step_to_end(fetch);
  return grant && is_access(entry) ? STEP_FORGET_REFUSAL : STEP_WRITE;
}

static Step after_write(TokenFetch *fetch, const StoreReply *reply) {
  bool failed = store_failed(reply);
  if (failed)
    log_warn("the %s could not be stored: %s", fetch->entry->name,
             reply ? reply->err.text : "no memory");
  bool lost = !failed && !reply->ok && fetch->step == STEP_WRITE;
  return lost ? STEP_COMPARE : step_to_end(fetch);
}

// Uses the token that another process wrote, which is newer, if it is fresh.
static Step after_compare(TokenFetch *fetch, const StoreReply *reply) {
  Entry *entry = fetch->entry;
  CachedToken theirs = { 0 };
  if (store_failed(reply) || !reply->ok) return STEP_REWRITE;
  pthread_mutex_lock(&fetch->tokens->lock);
  cached_token_read(&theirs, reply->value, entry->refused);
  bool usable = cached_token_is_fresh(&theirs);
  cached_token_clear(usable ? &entry->present : &theirs);
  if (usable) entry->present = theirs;
  pthread_mutex_unlock(&fetch->tokens->lock);
  return usable ? step_to_end(fetch) : STEP_REWRITE;
}

// Takes the answer to the current step (`reply` if it is the store's) and chooses the next one.
static Step next_step(TokenFetch *fetch, StoreReply *reply) {
  switch (fetch->step) {
    case STEP_READ:
    case STEP_POLL:
    case STEP_READ_LEASED: return after_read(fetch, reply);
    case STEP_LEASE: return after_lease(fetch, reply);
    case STEP_REFUSAL: return after_refusal(fetch, reply);
    case STEP_FETCH:
    case STEP_FORCE: return after_fetch(fetch);
    case STEP_KEEP_REFUSAL: return step_to_end(fetch);
    case STEP_FORGET_REFUSAL: return STEP_WRITE;
    case STEP_WRITE:
    case STEP_REWRITE: return after_write(fetch, reply);
    case STEP_COMPARE: return after_compare(fetch, reply);
    case STEP_RELEASE:
    case STEP_END: break;
  }
  return STEP_END;
}

// ---- doing a step -------------------------------------------------------------------------------

static void go_on(TokenFetch *fetch, StoreReply *reply);

static void on_store(void *ctx, StoreReply *reply) { go_on(ctx, reply); }

static Str key_of(const TokenFetch *fetch, const char *kind, char out[KEY_SIZE]) {
  const Tokens *tokens = fetch->tokens;
  bool refusal = strcmp(kind, "refused") == 0;
  int len =
      snprintf(out, KEY_SIZE, "token/%.*s/%s/%s%s%s", STR_FMT(tokens->options.appid),
               fetch->entry->name, kind, refusal ? "/" : "", refusal ? tokens->secret_mark : "");
  return str_make(out, (size_t)(len < KEY_SIZE ? len : KEY_SIZE - 1));
}

// Makes a store call on the fetch's key of that kind.
static void ask_store(TokenFetch *fetch, const char *kind, StoreCall call) {
  char key[KEY_SIZE];
  Err err = { 0 };
  call.key = key_of(fetch, kind, key);
  if (store_call(fetch->tokens->options.store, &call, on_store, fetch, &err)) return;
  StoreReply *reply = calloc(1, sizeof(*reply));
  if (reply) reply->err = err;
  go_on(fetch, reply);
}

static void ask_platform(TokenFetch *fetch, bool force) {
  const TokenOptions *options = &fetch->tokens->options;
  options->fetch(options->ctx, str_of(fetch->entry->name), force, fetch);
}

static void keep_refusal(TokenFetch *fetch) {
  Buf text;
  buf_init(&text);
  buf_printf(&text, "{\"errcode\":%lld,\"errmsg\":", (long long)fetch->reply->errcode);
  json_add_string(&text, buf_str(&fetch->reply->errmsg));
  buf_addc(&text, '}');
  StoreCall call = { .op = STORE_SET, .value = buf_str(&text), .ttl_ms = REFUSAL_MS };
  if (text.failed) go_on(fetch, NULL);
  else ask_store(fetch, "refused", call);
  buf_clear(&text);
}

// The present token, over what the store held when it was read and over nothing else; over anything, if it is
// a rewrite.
static void write_record(TokenFetch *fetch, bool rewrite) {
  Buf record;
  buf_init(&record);
  pthread_mutex_lock(&fetch->tokens->lock);
  const CachedToken *present = &fetch->entry->present;
  int64_t lifetime_s = present->lifetime_s;
  if (present->value) cached_token_write(&record, present);
  pthread_mutex_unlock(&fetch->tokens->lock);
  StoreCall call = { .op = rewrite         ? STORE_SET
                           : fetch->record ? STORE_SWAP
                                           : STORE_ADD,
                     .value = buf_str(&record),
                     .expected = str_of(fetch->record),
                     .ttl_ms = lifetime_s * 1000 };
  if (record.failed || record.len == 0) go_on(fetch, NULL);
  else ask_store(fetch, "value", call);
  buf_clear(&record);
}

static void end_fetch(TokenFetch *fetch);

static void do_step(TokenFetch *fetch) {
  const Tokens *tokens = fetch->tokens;
  Str owner = str_of(tokens->owner);
  switch (fetch->step) {
    case STEP_READ:
    case STEP_READ_LEASED:
    case STEP_COMPARE: ask_store(fetch, "value", (StoreCall){ .op = STORE_GET }); break;
    case STEP_POLL:
      ask_store(fetch, "value", (StoreCall){ .op = STORE_GET, .delay_ms = POLL_MS });
      break;
    case STEP_LEASE:
      ask_store(
          fetch, "lease",
          (StoreCall){ .op = STORE_LEASE, .value = owner, .ttl_ms = tokens->options.lease_ms });
      break;
    case STEP_REFUSAL: ask_store(fetch, "refused", (StoreCall){ .op = STORE_GET }); break;
    case STEP_FETCH: ask_platform(fetch, false); break;
    case STEP_FORCE: ask_platform(fetch, true); break;
    case STEP_KEEP_REFUSAL: keep_refusal(fetch); break;
    case STEP_FORGET_REFUSAL: ask_store(fetch, "refused", (StoreCall){ .op = STORE_DELETE }); break;
    case STEP_WRITE: write_record(fetch, false); break;
    case STEP_REWRITE: write_record(fetch, true); break;
    case STEP_RELEASE:
      ask_store(fetch, "lease", (StoreCall){ .op = STORE_RELEASE, .value = owner });
      break;
    case STEP_END: end_fetch(fetch); break;
  }
}

static void go_on(TokenFetch *fetch, StoreReply *reply) {
  fetch->step = next_step(fetch, reply);
  store_reply_free(reply);
  do_step(fetch);
}

void tokens_fetched(TokenFetch *fetch, ApiResult *reply) {
  api_result_free(fetch->reply);
  fetch->reply = reply;
  go_on(fetch, NULL);
}

// ---- beginning and ending a fetch ---------------------------------------------------------------

const ApiResult token_no_memory = { .kind = API_NETWORK,
                                    .errmsg = { .ptr = (char *)"no memory", .len = 9 } };

static void answer(Waiters waiters, const Token *token, const ApiResult *error) {
  for (Waiter *next, *waiter = waiters.first; waiter; waiter = next) {
    next = waiter->next;
    waiter->done(waiter->ctx, token, token ? NULL : error);
    free(waiter);
  }
}

// In its last five minutes the old token still serves, without a new fetch for each call.
static bool old_one_serves(Entry *entry) {
  if (!cached_token_is_alive(&entry->present)) return false;
  if (!cached_token_is_fresh(&entry->present)) entry->present.renew_us = clock_now_us() + RETRY_US;
  return true;
}

// Calls the entry's waiters, and lets the next fetch begin.
static void answer_waiters(TokenFetch *fetch) {
  Tokens *tokens = fetch->tokens;
  Entry *entry = fetch->entry;
  const ApiResult *error =
      fetch->reply && fetch->reply->kind != API_OK ? fetch->reply : &token_no_memory;
  Waiters waiters = { 0 };
  Token token = { 0 };
  char *value = NULL;
  pthread_mutex_lock(&tokens->lock);
  if (!fetch->grant) {
    waiters = entry->waiters;
    entry->waiters = (Waiters){ 0 };
    if (old_one_serves(entry) && (value = strdup(entry->present.value)))
      token = (Token){ str_of(value), entry->present.expires_at };
  }
  entry->fetch = NULL;
  pthread_mutex_unlock(&tokens->lock);
  answer(waiters, value ? &token : NULL, error);
  free(value);
}

static void end_fetch(TokenFetch *fetch) {
  Tokens *tokens = fetch->tokens;
  Entry *entry = fetch->entry;
  answer_waiters(fetch);
  if (fetch->grant) {
    fetch->grant->granted(fetch->grant->ctx, fetch->reply);
    fetch->reply = NULL;
  }
  free(fetch->grant);
  free(fetch->record);
  api_result_free(fetch->reply);
  free(fetch);
  token_fetch_begin(tokens, entry);
  pthread_mutex_lock(&tokens->lock);
  if (--tokens->fetches == 0) pthread_cond_broadcast(&tokens->idle);
  pthread_mutex_unlock(&tokens->lock);
}

// With the lock held: a fetch for the waiting callers, else for the first grant. NULL without memory.
static TokenFetch *fetch_new(Tokens *tokens, Entry *entry) {
  TokenFetch *fetch = calloc(1, sizeof(*fetch));
  if (!fetch) return NULL;
  fetch->tokens = tokens;
  fetch->entry = entry;
  fetch->wait_until_us = clock_now_us() + tokens->options.wait_ms * 1000;
  if (!entry->waiters.first) {
    fetch->grant = entry->grants.first;
    entry->grants.first = fetch->grant->next;
    if (!entry->grants.first) entry->grants.last = NULL;
  }
  entry->fetch = fetch;
  tokens->fetches++;
  return fetch;
}

void token_fetch_begin(Tokens *tokens, Entry *entry) {
  Waiters waiters = { 0 }, grants = { 0 };
  pthread_mutex_lock(&tokens->lock);
  bool wanted = !entry->fetch && (entry->waiters.first || entry->grants.first);
  TokenFetch *fetch = wanted ? fetch_new(tokens, entry) : NULL;
  if (wanted && !fetch) {
    waiters = entry->waiters;
    grants = entry->grants;
    entry->waiters = entry->grants = (Waiters){ 0 };
  }
  pthread_mutex_unlock(&tokens->lock);
  if (fetch) do_step(fetch);  // STEP_READ, the first
  answer(waiters, NULL, &token_no_memory);
  for (Waiter *next, *grant = grants.first; grant; grant = next) {
    next = grant->next;
    grant->granted(grant->ctx, NULL);
    free(grant);
  }
}
