// One TokenFetch per entry at a time, step by step, each step a callback of the one before.
#include "api/token_fetch.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

enum { REFUSAL_MS = 60 * 1000, POLL_MS = 100, RETRY_US = 30 * 1000 * 1000, KEY_SIZE = 256 };

typedef void (*Step)(TokenFetch *fetch, StoreReply *reply);

struct TokenFetch {
  Tokens *tokens;
  Entry *entry;
  Waiter *grant;                        // NULL: it serves the entry's waiters
  bool leased, alone, forced, rewrite;  // alone: without the store
  int64_t wait_until_us;
  char *record;      // what the store held when it was last read; NULL: nothing
  ApiResult *reply;  // the platform's
  Step step;
};

// ---- the store ----------------------------------------------------------------------------------

static bool is_refused(const Entry *entry, Str value) {
  return entry->refused && str_eq(str_of(entry->refused), value);
}

static bool is_access(const Entry *entry) { return str_eq(str_of(entry->name), TOKEN_ACCESS); }

static Str key_of(const TokenFetch *fetch, const char *kind, char out[KEY_SIZE]) {
  const Tokens *tokens = fetch->tokens;
  bool refusal = strcmp(kind, "refused") == 0;
  int len =
      snprintf(out, KEY_SIZE, "token/%.*s/%s/%s%s%s", STR_FMT(tokens->options.appid),
               fetch->entry->name, kind, refusal ? "/" : "", refusal ? tokens->secret_mark : "");
  return str_make(out, (size_t)(len < KEY_SIZE ? len : KEY_SIZE - 1));
}

static void on_store(void *ctx, StoreReply *reply) {
  TokenFetch *fetch = ctx;
  fetch->step(fetch, reply);
}

// Has `call` done on the fetch's key of that kind; `step` comes next, with a reply that it frees.
static void ask_store(TokenFetch *fetch, const char *kind, StoreCall call, Step step) {
  char key[KEY_SIZE];
  Err err = { 0 };
  call.key = key_of(fetch, kind, key);
  fetch->step = step;
  if (store_call(fetch->tokens->options.store, &call, on_store, fetch, &err)) return;
  StoreReply *reply = calloc(1, sizeof(*reply));
  if (reply) reply->err = err;
  step(fetch, reply);
}

static bool store_failed(const StoreReply *reply) { return !reply || reply->err.code != ERR_NONE; }

// ---- the end of a fetch ------------------------------------------------------------------------

const ApiResult token_no_memory = { .kind = API_NETWORK,
                                    .errmsg = { .ptr = (char *)"no memory", .len = 9 } };

static void answer(Waiters waiters, const Token *token, const ApiResult *error) {
  for (Waiter *next, *waiter = waiters.first; waiter; waiter = next) {
    next = waiter->next;
    waiter->done(waiter->ctx, token, token ? NULL : error);
    free(waiter);
  }
}

// Within the last five minutes the old one serves on; it is not tried again at each call.
static bool old_one_serves(Entry *entry) {
  if (!cached_token_is_alive(&entry->present)) return false;
  if (!cached_token_is_fresh(&entry->present)) entry->present.renew_us = clock_now_us() + RETRY_US;
  return true;
}

static void end_fetch(TokenFetch *fetch) {
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
  if (fetch->grant) {
    fetch->grant->granted(fetch->grant->ctx, fetch->reply);
    fetch->reply = NULL;
  }
  free(value);
  free(fetch->grant);
  free(fetch->record);
  api_result_free(fetch->reply);
  free(fetch);
  token_fetch_begin(tokens, entry);
  pthread_mutex_lock(&tokens->lock);
  if (--tokens->fetches == 0) pthread_cond_broadcast(&tokens->idle);
  pthread_mutex_unlock(&tokens->lock);
}

static void on_released(TokenFetch *fetch, StoreReply *reply) {
  store_reply_free(reply);
  end_fetch(fetch);
}

static void release_lease(TokenFetch *fetch) {
  if (!fetch->leased) {
    end_fetch(fetch);
    return;
  }
  ask_store(fetch, "lease",
            (StoreCall){ .op = STORE_RELEASE, .value = str_of(fetch->tokens->owner) }, on_released);
}

// ---- what the platform said ---------------------------------------------------------------------

static void read_again(TokenFetch *fetch, StoreReply *reply);

static void on_written(TokenFetch *fetch, StoreReply *reply) {
  if (store_failed(reply))
    log_warn("the %s could not be kept: %s", fetch->entry->name,
             reply ? reply->err.text : "no memory");
  bool lost = !store_failed(reply) && !reply->ok && !fetch->rewrite;
  store_reply_free(reply);
  // Somebody else wrote meanwhile: this process had lost its lease.
  if (lost) ask_store(fetch, "value", (StoreCall){ .op = STORE_GET }, read_again);
  else release_lease(fetch);
}

// Writes the present token over what the store held when the fetch read it, and over nothing else.
static void write_record(TokenFetch *fetch) {
  Buf record;
  buf_init(&record);
  pthread_mutex_lock(&fetch->tokens->lock);
  const CachedToken *held = &fetch->entry->present;
  int64_t lifetime_s = held->lifetime_s;
  if (held->value) cached_token_write(&record, held);
  pthread_mutex_unlock(&fetch->tokens->lock);
  StoreCall call = { .op = fetch->rewrite  ? STORE_SET
                           : fetch->record ? STORE_SWAP
                                           : STORE_ADD,
                     .value = buf_str(&record),
                     .expected = str_of(fetch->record),
                     .ttl_ms = lifetime_s * 1000 };
  if (record.failed || record.len == 0 || fetch->alone) release_lease(fetch);
  else ask_store(fetch, "value", call, on_written);
  buf_clear(&record);
}

// What another process wrote counts, being newer; where it is of no use, ours is written after all.
static void read_again(TokenFetch *fetch, StoreReply *reply) {
  bool usable = false;
  if (!store_failed(reply) && reply->ok) {
    CachedToken ours;
    pthread_mutex_lock(&fetch->tokens->lock);
    Entry *entry = fetch->entry;
    ours = entry->present;
    entry->present = (CachedToken){ 0 };
    cached_token_read(&entry->present, reply->value, entry->refused);
    usable = cached_token_is_fresh(&entry->present);
    if (usable) {
      cached_token_clear(&ours);
    } else {
      cached_token_clear(&entry->present);
      entry->present = ours;
    }
    pthread_mutex_unlock(&fetch->tokens->lock);
  }
  store_reply_free(reply);
  fetch->rewrite = !usable;
  if (usable) release_lease(fetch);
  else write_record(fetch);
}

static bool will_not_pass(const ApiResult *reply) {
  return reply->kind == API_REFUSED &&
         (reply->errcode == 40164 || reply->errcode == 40125 || reply->errcode == 40013);
}

static void on_refusal_kept(TokenFetch *fetch, StoreReply *reply) {
  store_reply_free(reply);
  release_lease(fetch);
}

// Remembers a refusal for a minute: in the store, else in this process.
static void keep_refusal(TokenFetch *fetch) {
  Buf text;
  buf_init(&text);
  buf_printf(&text, "{\"errcode\":%lld,\"errmsg\":", (long long)fetch->reply->errcode);
  json_add_string(&text, buf_str(&fetch->reply->errmsg));
  buf_addc(&text, '}');
  if (fetch->alone) {
    pthread_mutex_lock(&fetch->tokens->lock);
    Entry *entry = fetch->entry;
    if (!entry->refusal) entry->refusal = api_result_new(STR(""));
    if (entry->refusal) api_result_blame(entry->refusal, fetch->reply);
    entry->refusal_us = entry->refusal ? clock_now_us() + REFUSAL_MS * 1000 : 0;
    pthread_mutex_unlock(&fetch->tokens->lock);
  }
  if (fetch->alone || text.failed) release_lease(fetch);
  else
    ask_store(fetch, "refused",
              (StoreCall){ .op = STORE_SET, .value = buf_str(&text), .ttl_ms = REFUSAL_MS },
              on_refusal_kept);
  buf_clear(&text);
}

static void on_refusal_gone(TokenFetch *fetch, StoreReply *reply) {
  store_reply_free(reply);
  write_record(fetch);
}

// The token in a good reply; false with a failure in it where there is none.
static bool read_reply(ApiResult *reply, const Entry *entry, Str *value, int64_t *lifetime_s) {
  const Json *root = reply->json ? json_root(reply->json) : NULL, *text = NULL, *expires = NULL;
  if (root && json_kind(root) == JSON_OBJECT) {
    text = json_get(root, is_access(entry) ? TOKEN_ACCESS : STR("ticket"));
    expires = json_get(root, STR("expires_in"));
  }
  if (text && json_kind(text) == JSON_STRING && json_string(text).len && expires &&
      json_kind(expires) == JSON_INT && json_int(expires) > 0) {
    *value = json_string(text);
    *lifetime_s = json_int(expires);
    return true;
  }
  api_result_fail(reply, API_JSON, "the answer holds no %s with a positive expires_in",
                  is_access(entry) ? "access_token" : "ticket");
  return false;
}

void tokens_fetched(TokenFetch *fetch, ApiResult *reply) {
  Tokens *tokens = fetch->tokens;
  Entry *entry = fetch->entry;
  Str value;
  int64_t lifetime_s;
  api_result_free(fetch->reply);
  fetch->reply = reply;
  if (!reply || reply->kind != API_OK || !read_reply(reply, entry, &value, &lifetime_s)) {
    if (reply && will_not_pass(reply) && is_access(entry)) keep_refusal(fetch);
    else release_lease(fetch);
    return;
  }
  pthread_mutex_lock(&tokens->lock);
  bool again = is_access(entry) && tokens->options.stable && !fetch->forced && !fetch->grant &&
               is_refused(entry, value);
  bool keep = !again && (!fetch->grant || fetch->grant->keep);
  if (keep) {
    cached_token_set(&entry->present, value, clock_unix_s() + lifetime_s, lifetime_s, lifetime_s);
    free(entry->refused);
    entry->refused = NULL;
    entry->refusal_us = 0;
  }
  pthread_mutex_unlock(&tokens->lock);
  if (again) {
    fetch->forced = true;
    tokens->options.fetch(tokens->options.ctx, str_of(entry->name), true, fetch);
  } else if (keep && fetch->grant && is_access(entry) && !fetch->alone) {
    ask_store(fetch, "refused", (StoreCall){ .op = STORE_DELETE }, on_refusal_gone);
  } else if (keep) {
    write_record(fetch);
  } else {
    release_lease(fetch);
  }
}

// ---- the way to the platform --------------------------------------------------------------------

static void ask_platform(TokenFetch *fetch) {
  const TokenOptions *options = &fetch->tokens->options;
  options->fetch(options->ctx, str_of(fetch->entry->name), false, fetch);
}

static void fail(TokenFetch *fetch, ApiKind kind, const char *why) {
  if (!fetch->reply) fetch->reply = api_result_new(STR("grant_token"));
  if (fetch->reply) api_result_fail(fetch->reply, kind, "%s", why);
  release_lease(fetch);
}

static ApiResult *remembered(Entry *entry) {
  if (!entry->refusal || clock_now_us() >= entry->refusal_us) return NULL;
  ApiResult *copy = api_result_new(STR("grant_token"));
  if (copy) api_result_blame(copy, entry->refusal);
  return copy;
}

// The store is away. Nobody is harmed by a fetch without it, except where a new token makes other processes'
// old ones useless.
static void go_alone(TokenFetch *fetch, StoreReply *reply) {
  Tokens *tokens = fetch->tokens;
  const char *why = reply ? reply->err.text : "no memory";
  pthread_mutex_lock(&tokens->lock);
  Entry *entry = fetch->entry;
  if (!fetch->grant && cached_token_is_alive(&entry->imported) &&
      !cached_token_is_alive(&entry->present)) {
    entry->present = entry->imported;
    entry->imported = (CachedToken){ 0 };
  }
  bool fresh = !fetch->grant && cached_token_is_fresh(&entry->present);
  ApiResult *refusal = fetch->grant || fresh ? NULL : remembered(entry);
  pthread_mutex_unlock(&tokens->lock);
  fetch->alone = true;
  if (refusal) fetch->reply = refusal;
  if (fresh || refusal) {
    release_lease(fetch);
  } else if (!tokens->options.stable && is_access(entry)) {
    fail(fetch, API_NETWORK, why);
  } else {
    log_warn("the %s is fetched without the store: %s", entry->name, why);
    ask_platform(fetch);
  }
}

static void on_refusal(TokenFetch *fetch, StoreReply *reply) {
  if (store_failed(reply)) {
    go_alone(fetch, reply);
    store_reply_free(reply);
    return;
  }
  JsonDoc *doc = reply->ok ? json_parse(reply->value, NULL) : NULL;
  store_reply_free(reply);
  const Json *root = doc ? json_root(doc) : NULL;
  const Json *code = root && json_kind(root) == JSON_OBJECT ? json_get(root, STR("errcode")) : NULL;
  const Json *text = code ? json_get(root, STR("errmsg")) : NULL;
  if (code && json_kind(code) == JSON_INT && text && json_kind(text) == JSON_STRING &&
      (fetch->reply = api_result_new(STR("grant_token")))) {
    api_result_fail(fetch->reply, API_REFUSED, "%.*s", STR_FMT(json_string(text)));
    fetch->reply->errcode = json_int(code);
    fetch->reply->status = 200;
    api_result_find_rid(fetch->reply);
    release_lease(fetch);
  } else {
    ask_platform(fetch);
  }
  json_free(doc);
}

static void on_record(TokenFetch *fetch, StoreReply *reply);

static void on_lease(TokenFetch *fetch, StoreReply *reply) {
  bool failed = store_failed(reply), got = !failed && reply->ok;
  if (failed) go_alone(fetch, reply);
  store_reply_free(reply);
  if (failed) return;
  fetch->leased = got;
  if (got || clock_now_us() < fetch->wait_until_us) {
    ask_store(fetch, "value", (StoreCall){ .op = STORE_GET, .delay_ms = got ? 0 : POLL_MS },
              on_record);
  } else {
    fail(fetch, API_TIMEOUT, "another process has been fetching the token for too long");
  }
}

// An imported token counts unless the store's lives longer. True: it has to be written to the store.
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

static void on_record(TokenFetch *fetch, StoreReply *reply) {
  Tokens *tokens = fetch->tokens;
  Entry *entry = fetch->entry;
  if (store_failed(reply)) {
    go_alone(fetch, reply);
    store_reply_free(reply);
    return;
  }
  free(fetch->record);
  fetch->record = NULL;
  if (reply->ok) {
    fetch->record = (char *)reply->value.ptr;
    reply->value = (Str){ 0 };
  }
  store_reply_free(reply);
  bool fresh = false, write = false;
  if (!fetch->grant) {
    pthread_mutex_lock(&tokens->lock);
    if (fetch->record) cached_token_read(&entry->present, str_of(fetch->record), entry->refused);
    write = entry->imported.value && adopt_imported(entry);
    fresh = cached_token_is_fresh(&entry->present);
    pthread_mutex_unlock(&tokens->lock);
  }
  StoreCall lease = { .op = STORE_LEASE,
                      .value = str_of(tokens->owner),
                      .ttl_ms = tokens->options.lease_ms };
  if (fresh && write) write_record(fetch);
  else if (fresh) release_lease(fetch);
  else if (!fetch->leased) ask_store(fetch, "lease", lease, on_lease);
  else if (fetch->grant || !is_access(entry)) ask_platform(fetch);
  else ask_store(fetch, "refused", (StoreCall){ .op = STORE_GET }, on_refusal);
}

// With the lock held: the next thing to do for the entry; NULL without memory.
static TokenFetch *next_fetch(Tokens *tokens, Entry *entry) {
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

// Begins a fetch where somebody waits and none is under way.
void token_fetch_begin(Tokens *tokens, Entry *entry) {
  Waiters waiters = { 0 }, grants = { 0 };
  pthread_mutex_lock(&tokens->lock);
  bool wanted = !entry->fetch && (entry->waiters.first || entry->grants.first);
  TokenFetch *fetch = wanted ? next_fetch(tokens, entry) : NULL;
  if (wanted && !fetch) {
    waiters = entry->waiters;
    grants = entry->grants;
    entry->waiters = entry->grants = (Waiters){ 0 };
  }
  pthread_mutex_unlock(&tokens->lock);
  if (fetch) ask_store(fetch, "value", (StoreCall){ .op = STORE_GET }, on_record);
  answer(waiters, NULL, &token_no_memory);
  for (Waiter *next, *grant = grants.first; grant; grant = next) {
    next = grant->next;
    grant->granted(grant->ctx, NULL);
    free(grant);
  }
}
