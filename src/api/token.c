// The cache of tokens and tickets. One Entry per name; one TokenFlight per entry at a time walks from the
// store through the lease to the platform and back, step by step, each step a callback of the one before.
#include "api/token.h"
#include "base/clock.h"
#include "base/log.h"
#include "codec/digest.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  MARGIN_S = 300,
  REFUSAL_MS = 60 * 1000,
  POLL_MS = 100,
  RETRY_US = 30 * 1000 * 1000,
  OWNER_LEN = 32,
  KEY_SIZE = 256
};

typedef struct Waiter {
  TokenDone done;
  TokenGrantDone granted;  // not NULL: a grant
  bool keep;
  void *ctx;
  struct Waiter *next;
} Waiter;

typedef struct {
  Waiter *first, *last;
} Waiters;

// What is known of a token: from the platform, the store or the configuration.
typedef struct {
  char *value;          // NULL: none
  int64_t expires_at;   // Unix seconds
  int64_t lifetime_s;
  int64_t renew_us, end_us;  // monotonic: when it should be renewed, when it is of no use
} Held;

typedef struct Entry {
  struct Entry *next;
  char name[TOKEN_NAME_MAX + 1];
  Held present, imported;
  char *refused;       // what the platform refused last
  // monotonic: until then the platform need not be asked, where there is no store to remember it
  int64_t refusal_us;
  ApiResult *refusal;
  Waiters waiters, grants;
  TokenFlight *flight;
} Entry;

struct Tokens {
  TokenOptions options;
  char owner[OWNER_LEN + 1], secret_mark[17];
  pthread_mutex_t lock;
  pthread_cond_t idle;
  Entry *first;
  size_t flights;
};

typedef void (*Step)(TokenFlight *flight, StoreReply *reply);

struct TokenFlight {
  Tokens *tokens;
  Entry *entry;
  Waiter *grant;      // NULL: it serves the entry's waiters
  bool leased, alone, forced, rewrite;  // alone: without the store
  int64_t wait_until_us;
  char *record;       // what the store held when it was last read; NULL: nothing
  ApiResult *reply;   // the platform's
  Step step;
};

// ---- values -------------------------------------------------------------------------------------

static void held_clear(Held *held) {
  free(held->value);
  *held = (Held){ 0 };
}

// A wall clock set back makes nobody believe in more than the lifetime that the platform told.
static bool held_set(Held *held, Str value, int64_t expires_at, int64_t lifetime_s, int64_t left_s) {
  char *copy = malloc(value.len + 1);
  if (!copy) return false;
  memcpy(copy, value.ptr, value.len);
  copy[value.len] = 0;
  held_clear(held);
  if (left_s > lifetime_s) left_s = lifetime_s;
  int64_t margin_s = lifetime_s > MARGIN_S ? MARGIN_S : 0, now = clock_now_us();
  *held = (Held){ copy, expires_at, lifetime_s, now + (left_s - margin_s) * 1000000, now + left_s * 1000000 };
  return true;
}

static bool is_refused(const Entry *entry, Str value) {
  return entry->refused && str_eq(str_of(entry->refused), value);
}
static bool is_fresh(const Entry *entry) {
  return entry->present.value && clock_now_us() < entry->present.renew_us;
}
static bool is_alive(const Held *held) { return held->value && clock_now_us() < held->end_us; }

static void record_write(Buf *out, const Held *held) {
  buf_add(out, STR("{\"value\":"));
  json_add_string(out, str_of(held->value));
  buf_printf(out, ",\"expires_at\":%lld,\"lifetime\":%lld}", (long long)held->expires_at,
             (long long)held->lifetime_s);
}

// Takes what the store holds, unless it has expired or was refused.
static void adopt_record(Entry *entry, Str text) {
  JsonDoc *doc = json_parse(text, NULL);
  if (!doc) return;
  const Json *root = json_root(doc), *value = NULL, *expires = NULL, *lifetime = NULL;
  if (json_kind(root) == JSON_OBJECT) {
    value = json_get(root, STR("value"));
    expires = json_get(root, STR("expires_at"));
    lifetime = json_get(root, STR("lifetime"));
  }
  if (value && json_kind(value) == JSON_STRING && expires && json_kind(expires) == JSON_INT && lifetime &&
      json_kind(lifetime) == JSON_INT) {
    int64_t left = json_int(expires) - clock_unix_s();
    if (left > 0 && !is_refused(entry, json_string(value)))
      held_set(&entry->present, json_string(value), json_int(expires), json_int(lifetime), left);
  }
  json_free(doc);
}

static Entry *entry_of(Tokens *tokens, Str name) {
  for (Entry *entry = tokens->first; entry; entry = entry->next) {
    if (str_eq(str_of(entry->name), name)) return entry;
  }
  Entry *entry = name.len <= TOKEN_NAME_MAX ? calloc(1, sizeof(*entry)) : NULL;
  if (!entry) return NULL;
  memcpy(entry->name, name.ptr, name.len);
  entry->next = tokens->first;
  tokens->first = entry;
  return entry;
}

static void waiters_add(Waiters *waiters, Waiter *waiter) {
  if (waiters->last) waiters->last->next = waiter;
  else waiters->first = waiter;
  waiters->last = waiter;
}

// ---- the store ----------------------------------------------------------------------------------

static bool is_access(const Entry *entry) { return str_eq(str_of(entry->name), TOKEN_ACCESS); }

static Str key_of(const TokenFlight *flight, const char *kind, char out[KEY_SIZE]) {
  const Tokens *tokens = flight->tokens;
  bool refusal = strcmp(kind, "refused") == 0;
  int len = snprintf(out, KEY_SIZE, "token/%.*s/%s/%s%s%s", STR_FMT(tokens->options.appid),
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

static void launch(Tokens *tokens, Entry *entry);

static const ApiResult no_memory = { .kind = API_NETWORK,
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
  if (!is_alive(&entry->present)) return false;
  if (!is_fresh(entry)) entry->present.renew_us = clock_now_us() + RETRY_US;
  return true;
}

static void end_flight(TokenFlight *flight) {
  Tokens *tokens = flight->tokens;
  Entry *entry = flight->entry;
  const ApiResult *error = flight->reply && flight->reply->kind != API_OK ? flight->reply : &no_memory;
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
  launch(tokens, entry);
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
  ask_store(flight, "lease", (StoreCall){ .op = STORE_RELEASE, .value = str_of(flight->tokens->owner) },
            on_released);
}

// ---- what the platform said ---------------------------------------------------------------------

static void read_again(TokenFlight *flight, StoreReply *reply);

static void on_written(TokenFlight *flight, StoreReply *reply) {
  if (store_failed(reply))
    log_warn("the %s could not be kept: %s", flight->entry->name, reply ? reply->err.text : "no memory");
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
  const Held *held = &flight->entry->present;
  int64_t lifetime_s = held->lifetime_s;
  if (held->value) record_write(&record, held);
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
    Held ours;
    pthread_mutex_lock(&flight->tokens->lock);
    Entry *entry = flight->entry;
    ours = entry->present;
    entry->present = (Held){ 0 };
    adopt_record(entry, reply->value);
    usable = is_fresh(entry);
    if (usable) {
      held_clear(&ours);
    } else {
      held_clear(&entry->present);
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
              (StoreCall){ .op = STORE_SET, .value = buf_str(&text), .ttl_ms = REFUSAL_MS }, on_refusal_kept);
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
    held_set(&entry->present, value, clock_unix_s() + lifetime_s, lifetime_s, lifetime_s);
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
  if (!flight->grant && is_alive(&entry->imported) && !is_alive(&entry->present)) {
    entry->present = entry->imported;
    entry->imported = (Held){ 0 };
  }
  bool fresh = !flight->grant && is_fresh(entry);
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
    ask_store(flight, "value", (StoreCall){ .op = STORE_GET, .delay_ms = got ? 0 : POLL_MS }, on_record);
  } else {
    fail(flight, API_TIMEOUT, "another process has been fetching the token for too long");
  }
}

// An imported token counts unless the store's lives longer. True: it has to be written to the store.
static bool adopt_imported(Entry *entry) {
  Held imported = entry->imported;
  entry->imported = (Held){ 0 };
  bool counts = is_alive(&imported) && !is_refused(entry, str_of(imported.value)) &&
                (!is_alive(&entry->present) || entry->present.expires_at < imported.expires_at);
  held_clear(counts ? &entry->present : &imported);
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
    if (flight->record) adopt_record(entry, str_of(flight->record));
    write = entry->imported.value && adopt_imported(entry);
    fresh = is_fresh(entry);
    pthread_mutex_unlock(&tokens->lock);
  }
  StoreCall lease = { .op = STORE_LEASE, .value = str_of(tokens->owner), .ttl_ms = tokens->options.lease_ms };
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
static void launch(Tokens *tokens, Entry *entry) {
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
  answer(waiters, NULL, &no_memory);
  for (Waiter *next, *grant = grants.first; grant; grant = next) {
    next = grant->next;
    grant->granted(grant->ctx, NULL);
    free(grant);
  }
}

// With the lock held: `refused` is of no use any more.
static void note_refused(Entry *entry, Str refused) {
  bool present = entry->present.value && str_eq(str_of(entry->present.value), refused);
  if (entry->imported.value && str_eq(str_of(entry->imported.value), refused)) held_clear(&entry->imported);
  if (!present && (entry->present.value || entry->refused)) return;
  free(entry->refused);
  entry->refused = strndup(refused.ptr, refused.len);
  if (present) held_clear(&entry->present);
}

void tokens_get(Tokens *tokens, Str name, Str refused, TokenDone done, void *ctx) {
  Waiter *waiter = calloc(1, sizeof(*waiter));
  Token token = { 0 };
  char *value = NULL;
  pthread_mutex_lock(&tokens->lock);
  Entry *entry = waiter ? entry_of(tokens, name) : NULL;
  if (entry) {
    if (refused.len) note_refused(entry, refused);
    *waiter = (Waiter){ .done = done, .ctx = ctx };
    if (is_fresh(entry) && !entry->imported.value) value = strdup(entry->present.value);
    if (value) token = (Token){ str_of(value), entry->present.expires_at };
    else waiters_add(&entry->waiters, waiter);
  }
  pthread_mutex_unlock(&tokens->lock);
  if (!value && entry) {
    launch(tokens, entry);
    return;
  }
  free(waiter);
  done(ctx, value ? &token : NULL, value ? NULL : &no_memory);
  free(value);
}

void tokens_grant(Tokens *tokens, Str name, bool keep, TokenGrantDone done, void *ctx) {
  Waiter *waiter = calloc(1, sizeof(*waiter));
  pthread_mutex_lock(&tokens->lock);
  Entry *entry = waiter ? entry_of(tokens, name) : NULL;
  if (entry) {
    *waiter = (Waiter){ .granted = done, .keep = keep, .ctx = ctx };
    waiters_add(&entry->grants, waiter);
  }
  pthread_mutex_unlock(&tokens->lock);
  if (entry) {
    launch(tokens, entry);
    return;
  }
  free(waiter);
  done(ctx, NULL);
}

bool tokens_import(Tokens *tokens, Str name, Token token) {
  int64_t left = token.expires_at - clock_unix_s();
  if (left <= 0 || token.value.len == 0) return true;
  pthread_mutex_lock(&tokens->lock);
  Entry *entry = entry_of(tokens, name);
  bool good = entry && held_set(&entry->imported, token.value, token.expires_at, left, left);
  pthread_mutex_unlock(&tokens->lock);
  return good;
}

int64_t tokens_left_s(Tokens *tokens, Str name) {
  int64_t left = -1;
  pthread_mutex_lock(&tokens->lock);
  for (Entry *entry = tokens->first; entry; entry = entry->next) {
    if (str_eq(str_of(entry->name), name) && is_alive(&entry->present))
      left = (entry->present.end_us - clock_now_us()) / 1000000;
  }
  pthread_mutex_unlock(&tokens->lock);
  return left;
}

// The owner's name in leases, and what tells one secret's refusals from another's: a new secret is tried at
// once.
static bool make_names(Tokens *tokens) {
  unsigned char random[OWNER_LEN / 2];
  char hex[SHA256_HEX_LEN + 1];
  if (!digest_random(random, sizeof(random))) return false;
  for (size_t i = 0; i < sizeof(random); i++) snprintf(tokens->owner + 2 * i, 3, "%02x", random[i]);
  Digest *digest = digest_new();
  bool good = digest && digest_hmac_sha256(digest, STR("refused"), tokens->options.appsecret, hex);
  if (good) snprintf(tokens->secret_mark, sizeof(tokens->secret_mark), "%.16s", hex);
  digest_free(digest);
  return good;
}

Tokens *tokens_new(const TokenOptions *options, Err *err) {
  Tokens *tokens = calloc(1, sizeof(*tokens));
  if (tokens) tokens->options = *options;
  if (!tokens || !make_names(tokens)) {
    free(tokens);
    err_set(err, ERR_MEMORY, "no memory for the token cache");
    return NULL;
  }
  pthread_mutex_init(&tokens->lock, NULL);
  pthread_cond_init(&tokens->idle, NULL);
  return tokens;
}

void tokens_free(Tokens *tokens) {
  if (!tokens) return;
  pthread_mutex_lock(&tokens->lock);
  while (tokens->flights) pthread_cond_wait(&tokens->idle, &tokens->lock);
  pthread_mutex_unlock(&tokens->lock);
  while (tokens->first) {
    Entry *entry = tokens->first;
    tokens->first = entry->next;
    held_clear(&entry->present);
    held_clear(&entry->imported);
    free(entry->refused);
    api_result_free(entry->refusal);
    free(entry);
  }
  pthread_cond_destroy(&tokens->idle);
  pthread_mutex_destroy(&tokens->lock);
  free(tokens);
}
