// One TokenFlight per entry at a time, step by step, each step a callback of the one before.
#include "api/flight.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

enum { REFUSAL_MS = 60 * 1000, POLL_MS = 100, RETRY_US = 30 * 1000 * 1000, KEY_SIZE = 256 };

typedef void (*Step)(TokenFlight *flight, StoreReply *reply);

struct TokenFlight {
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

static Str key_of(const TokenFlight *flight, const char *kind, char out[KEY_SIZE]) {
  const Tokens *tokens = flight->tokens;
  bool refusal = strcmp(kind, "refused") == 0;
  int len =
      snprintf(out, KEY_SIZE, "token/%.*s/%s/%s%s%s", STR_FMT(tokens->options.appid),
               flight->entry->name, kind, refusal ? "/" : "", refusal ? tokens->secret_mark : "");
  return str_make(out, (size_t)(len < KEY_SIZE ? len : KEY_SIZE - 1));
}

static void on_store(void *ctx, StoreReply *reply) {
  TokenFlight *flight = ctx;
  flight->step(flight, reply);
}

// Has `call` done on the flight's key of that kind; `step` comes next, with a reply that it frees.
static void ask_store(TokenFlight *flight, const char *kind, StoreCall call, Step step) {
  char key[KEY_SIZE];
  Err err = { 0 };
  call.key = key_of(flight, kind, key);
  flight->step = step;
  if (store_call(flight->tokens->options.store, &call, on_store, flight, &err)) return;
  StoreReply *reply = calloc(1, sizeof(*reply));
  if (reply) reply->err = err;
  step(flight, reply);
}

static bool store_failed(const StoreReply *reply) { return !reply || reply->err.code != ERR_NONE; }

// ---- the end of a flight ------------------------------------------------------------------------

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

static void end_flight(TokenFlight *flight) {
  Tokens *tokens = flight->tokens;
  Entry *entry = flight->entry;
  const ApiResult *error =
      flight->reply && flight->reply->kind != API_OK ? flight->reply : &token_no_memory;
  Waiters waiters = { 0 };
  Token token = { 0 };
  char *value = NULL;
  pthread_mutex_lock(&tokens->lock);
  if (!flight->grant) {
    waiters = entry->waiters;
    entry->waiters = (Waiters){ 0 };
    if (old_one_serves(entry) && (value = strdup(entry->present.value)))
      token = (Token){ str_of(value), entry->present.expires_at };
  }
  entry->flight = NULL;
  pthread_mutex_unlock(&tokens->lock);
  answer(waiters, value ? &token : NULL, error);
  if (flight->grant) {
    flight->grant->granted(flight->grant->ctx, flight->reply);
    flight->reply = NULL;
  }
  free(value);
  free(flight->grant);
  free(flight->record);
  api_result_free(flight->reply);
  free(flight);
  flight_launch(tokens, entry);
  pthread_mutex_lock(&tokens->lock);
  if (--tokens->flights == 0) pthread_cond_broadcast(&tokens->idle);
  pthread_mutex_unlock(&tokens->lock);
}

static void on_released(TokenFlight *flight, StoreReply *reply) {
  store_reply_free(reply);
  end_flight(flight);
}

static void release_lease(TokenFlight *flight) {
  if (!flight->leased) {
    end_flight(flight);
    return;
  }
  ask_store(flight, "lease",
            (StoreCall){ .op = STORE_RELEASE, .value = str_of(flight->tokens->owner) },
            on_released);
}

// ---- what the platform said ---------------------------------------------------------------------

static void read_again(TokenFlight *flight, StoreReply *reply);

static void on_written(TokenFlight *flight, StoreReply *reply) {
  if (store_failed(reply))
    log_warn("the %s could not be kept: %s", flight->entry->name,
             reply ? reply->err.text : "no memory");
  bool lost = !store_failed(reply) && !reply->ok && !flight->rewrite;
  store_reply_free(reply);
  // Somebody else wrote meanwhile: this process had lost its lease.
  if (lost) ask_store(flight, "value", (StoreCall){ .op = STORE_GET }, read_again);
  else release_lease(flight);
}

// Writes the present token over what the store held when the flight read it, and over nothing else.
static void write_record(TokenFlight *flight) {
  Buf record;
  buf_init(&record);
  pthread_mutex_lock(&flight->tokens->lock);
  const CachedToken *held = &flight->entry->present;
  int64_t lifetime_s = held->lifetime_s;
  if (held->value) cached_token_write(&record, held);
  pthread_mutex_unlock(&flight->tokens->lock);
  StoreCall call = { .op = flight->rewrite  ? STORE_SET
                           : flight->record ? STORE_SWAP
                                            : STORE_ADD,
                     .value = buf_str(&record),
                     .expected = str_of(flight->record),
                     .ttl_ms = lifetime_s * 1000 };
  if (record.failed || record.len == 0 || flight->alone) release_lease(flight);
  else ask_store(flight, "value", call, on_written);
  buf_clear(&record);
}

// What another process wrote counts, being newer; where it is of no use, ours is written after all.
static void read_again(TokenFlight *flight, StoreReply *reply) {
  bool usable = false;
  if (!store_failed(reply) && reply->ok) {
    CachedToken ours;
    pthread_mutex_lock(&flight->tokens->lock);
    Entry *entry = flight->entry;
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
    pthread_mutex_unlock(&flight->tokens->lock);
  }
  store_reply_free(reply);
  flight->rewrite = !usable;
  if (usable) release_lease(flight);
  else write_record(flight);
}

static bool will_not_pass(const ApiResult *reply) {
  return reply->kind == API_REFUSED &&
         (reply->errcode == 40164 || reply->errcode == 40125 || reply->errcode == 40013);
}

static void on_refusal_kept(TokenFlight *flight, StoreReply *reply) {
  store_reply_free(reply);
  release_lease(flight);
}

// Remembers a refusal for a minute: in the store, else in this process.
static void keep_refusal(TokenFlight *flight) {
  Buf text;
  buf_init(&text);
  buf_printf(&text, "{\"errcode\":%lld,\"errmsg\":", (long long)flight->reply->errcode);
  json_add_string(&text, buf_str(&flight->reply->errmsg));
  buf_addc(&text, '}');
  if (flight->alone) {
    pthread_mutex_lock(&flight->tokens->lock);
    Entry *entry = flight->entry;
    if (!entry->refusal) entry->refusal = api_result_new(STR(""));
    if (entry->refusal) api_result_blame(entry->refusal, flight->reply);
    entry->refusal_us = entry->refusal ? clock_now_us() + REFUSAL_MS * 1000 : 0;
    pthread_mutex_unlock(&flight->tokens->lock);
  }
  if (flight->alone || text.failed) release_lease(flight);
  else
    ask_store(flight, "refused",
              (StoreCall){ .op = STORE_SET, .value = buf_str(&text), .ttl_ms = REFUSAL_MS },
              on_refusal_kept);
  buf_clear(&text);
}

static void on_refusal_gone(TokenFlight *flight, StoreReply *reply) {
  store_reply_free(reply);
  write_record(flight);
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

void tokens_fetched(TokenFlight *flight, ApiResult *reply) {
  Tokens *tokens = flight->tokens;
  Entry *entry = flight->entry;
  Str value;
  int64_t lifetime_s;
  api_result_free(flight->reply);
  flight->reply = reply;
  if (!reply || reply->kind != API_OK || !read_reply(reply, entry, &value, &lifetime_s)) {
    if (reply && will_not_pass(reply) && is_access(entry)) keep_refusal(flight);
    else release_lease(flight);
    return;
  }
  pthread_mutex_lock(&tokens->lock);
  bool again = is_access(entry) && tokens->options.stable && !flight->forced && !flight->grant &&
               is_refused(entry, value);
  bool keep = !again && (!flight->grant || flight->grant->keep);
  if (keep) {
    cached_token_set(&entry->present, value, clock_unix_s() + lifetime_s, lifetime_s, lifetime_s);
    free(entry->refused);
    entry->refused = NULL;
    entry->refusal_us = 0;
  }
  pthread_mutex_unlock(&tokens->lock);
  if (again) {
    flight->forced = true;
    tokens->options.fetch(tokens->options.ctx, str_of(entry->name), true, flight);
  } else if (keep && flight->grant && is_access(entry) && !flight->alone) {
    ask_store(flight, "refused", (StoreCall){ .op = STORE_DELETE }, on_refusal_gone);
  } else if (keep) {
    write_record(flight);
  } else {
    release_lease(flight);
  }
}

// ---- the way to the platform --------------------------------------------------------------------

static void fetch(TokenFlight *flight) {
  const TokenOptions *options = &flight->tokens->options;
  options->fetch(options->ctx, str_of(flight->entry->name), false, flight);
}

static void fail(TokenFlight *flight, ApiKind kind, const char *why) {
  if (!flight->reply) flight->reply = api_result_new(STR("grant_token"));
  if (flight->reply) api_result_fail(flight->reply, kind, "%s", why);
  release_lease(flight);
}

static ApiResult *remembered(Entry *entry) {
  if (!entry->refusal || clock_now_us() >= entry->refusal_us) return NULL;
  ApiResult *copy = api_result_new(STR("grant_token"));
  if (copy) api_result_blame(copy, entry->refusal);
  return copy;
}

// The store is away. Nobody is harmed by a fetch without it, except where a new token makes other processes'
// old ones useless.
static void go_alone(TokenFlight *flight, StoreReply *reply) {
  Tokens *tokens = flight->tokens;
  const char *why = reply ? reply->err.text : "no memory";
  pthread_mutex_lock(&tokens->lock);
  Entry *entry = flight->entry;
  if (!flight->grant && cached_token_is_alive(&entry->imported) &&
      !cached_token_is_alive(&entry->present)) {
    entry->present = entry->imported;
    entry->imported = (CachedToken){ 0 };
  }
  bool fresh = !flight->grant && cached_token_is_fresh(&entry->present);
  ApiResult *refusal = flight->grant || fresh ? NULL : remembered(entry);
  pthread_mutex_unlock(&tokens->lock);
  flight->alone = true;
  if (refusal) flight->reply = refusal;
  if (fresh || refusal) {
    release_lease(flight);
  } else if (!tokens->options.stable && is_access(entry)) {
    fail(flight, API_NETWORK, why);
  } else {
    log_warn("the %s is fetched without the store: %s", entry->name, why);
    fetch(flight);
  }
}

static void on_refusal(TokenFlight *flight, StoreReply *reply) {
  if (store_failed(reply)) {
    go_alone(flight, reply);
    store_reply_free(reply);
    return;
  }
  JsonDoc *doc = reply->ok ? json_parse(reply->value, NULL) : NULL;
  store_reply_free(reply);
  const Json *root = doc ? json_root(doc) : NULL;
  const Json *code = root && json_kind(root) == JSON_OBJECT ? json_get(root, STR("errcode")) : NULL;
  const Json *text = code ? json_get(root, STR("errmsg")) : NULL;
  if (code && json_kind(code) == JSON_INT && text && json_kind(text) == JSON_STRING &&
      (flight->reply = api_result_new(STR("grant_token")))) {
    api_result_fail(flight->reply, API_REFUSED, "%.*s", STR_FMT(json_string(text)));
    flight->reply->errcode = json_int(code);
    flight->reply->status = 200;
    api_result_find_rid(flight->reply);
    release_lease(flight);
  } else {
    fetch(flight);
  }
  json_free(doc);
}

static void on_record(TokenFlight *flight, StoreReply *reply);

static void on_lease(TokenFlight *flight, StoreReply *reply) {
  bool failed = store_failed(reply), got = !failed && reply->ok;
  if (failed) go_alone(flight, reply);
  store_reply_free(reply);
  if (failed) return;
  flight->leased = got;
  if (got || clock_now_us() < flight->wait_until_us) {
    ask_store(flight, "value", (StoreCall){ .op = STORE_GET, .delay_ms = got ? 0 : POLL_MS },
              on_record);
  } else {
    fail(flight, API_TIMEOUT, "another process has been fetching the token for too long");
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

static void on_record(TokenFlight *flight, StoreReply *reply) {
  Tokens *tokens = flight->tokens;
  Entry *entry = flight->entry;
  if (store_failed(reply)) {
    go_alone(flight, reply);
    store_reply_free(reply);
    return;
  }
  free(flight->record);
  flight->record = NULL;
  if (reply->ok) {
    flight->record = (char *)reply->value.ptr;
    reply->value = (Str){ 0 };
  }
  store_reply_free(reply);
  bool fresh = false, write = false;
  if (!flight->grant) {
    pthread_mutex_lock(&tokens->lock);
    if (flight->record) cached_token_read(&entry->present, str_of(flight->record), entry->refused);
    write = entry->imported.value && adopt_imported(entry);
    fresh = cached_token_is_fresh(&entry->present);
    pthread_mutex_unlock(&tokens->lock);
  }
  StoreCall lease = { .op = STORE_LEASE,
                      .value = str_of(tokens->owner),
                      .ttl_ms = tokens->options.lease_ms };
  if (fresh && write) write_record(flight);
  else if (fresh) release_lease(flight);
  else if (!flight->leased) ask_store(flight, "lease", lease, on_lease);
  else if (flight->grant || !is_access(entry)) fetch(flight);
  else ask_store(flight, "refused", (StoreCall){ .op = STORE_GET }, on_refusal);
}

// With the lock held: the next thing to do for the entry; NULL without memory.
static TokenFlight *next_flight(Tokens *tokens, Entry *entry) {
  TokenFlight *flight = calloc(1, sizeof(*flight));
  if (!flight) return NULL;
  flight->tokens = tokens;
  flight->entry = entry;
  flight->wait_until_us = clock_now_us() + tokens->options.wait_ms * 1000;
  if (!entry->waiters.first) {
    flight->grant = entry->grants.first;
    entry->grants.first = flight->grant->next;
    if (!entry->grants.first) entry->grants.last = NULL;
  }
  entry->flight = flight;
  tokens->flights++;
  return flight;
}

// Begins a flight where somebody waits and none is under way.
void flight_launch(Tokens *tokens, Entry *entry) {
  Waiters waiters = { 0 }, grants = { 0 };
  pthread_mutex_lock(&tokens->lock);
  bool wanted = !entry->flight && (entry->waiters.first || entry->grants.first);
  TokenFlight *flight = wanted ? next_flight(tokens, entry) : NULL;
  if (wanted && !flight) {
    waiters = entry->waiters;
    grants = entry->grants;
    entry->waiters = entry->grants = (Waiters){ 0 };
  }
  pthread_mutex_unlock(&tokens->lock);
  if (flight) ask_store(flight, "value", (StoreCall){ .op = STORE_GET }, on_record);
  answer(waiters, NULL, &token_no_memory);
  for (Waiter *next, *grant = grants.first; grant; grant = next) {
    next = grant->next;
    grant->granted(grant->ctx, NULL);
    free(grant);
  }
}
