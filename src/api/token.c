// One Entry per name, with the callers that wait for it.
#include "api/token.h"

#include "api/token_fetch.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "codec/digest.h"

#include <stdio.h>
#include <stdlib.h>

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

// With the lock held: drops the token `refused`.
static void note_refused(Entry *entry, Str refused) {
  bool present = entry->present.value && str_eq(str_of(entry->present.value), refused);
  if (entry->imported.value && str_eq(str_of(entry->imported.value), refused))
    cached_token_clear(&entry->imported);
  if (!present && (entry->present.value || entry->refused)) return;
  free(entry->refused);
  entry->refused = strndup(refused.ptr, refused.len);
  if (present) cached_token_clear(&entry->present);
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
    if (cached_token_is_fresh(&entry->present) && !entry->imported.value)
      value = strdup(entry->present.value);
    if (value) token = (Token){ str_of(value), entry->present.expires_at };
    else waiters_add(&entry->waiters, waiter);
  }
  pthread_mutex_unlock(&tokens->lock);
  if (!value && entry) {
    token_fetch_begin(tokens, entry);
    return;
  }
  free(waiter);
  done(ctx, value ? &token : NULL, value ? NULL : &token_no_memory);
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
    token_fetch_begin(tokens, entry);
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
  bool good =
      entry && cached_token_set(&entry->imported, token.value, token.expires_at, left, left);
  pthread_mutex_unlock(&tokens->lock);
  return good;
}

int64_t tokens_left_s(Tokens *tokens, Str name) {
  int64_t left = -1;
  pthread_mutex_lock(&tokens->lock);
  for (Entry *entry = tokens->first; entry; entry = entry->next) {
    if (str_eq(str_of(entry->name), name) && cached_token_is_alive(&entry->present))
      left = (entry->present.end_us - clock_now_us()) / 1000000;
  }
  pthread_mutex_unlock(&tokens->lock);
  return left;
}

// The owner's name in leases, and what tells one secret's refusals from another's: a new secret is tried at
// once.
static bool make_names(Tokens *tokens) {
  unsigned char random[TOKEN_OWNER_LEN / 2];
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
  mutex_init_brief(&tokens->lock);
  pthread_cond_init(&tokens->idle, NULL);
  return tokens;
}

void tokens_free(Tokens *tokens) {
  if (!tokens) return;
  pthread_mutex_lock(&tokens->lock);
  while (tokens->fetches) pthread_cond_wait(&tokens->idle, &tokens->lock);
  pthread_mutex_unlock(&tokens->lock);
  while (tokens->first) {
    Entry *entry = tokens->first;
    tokens->first = entry->next;
    cached_token_clear(&entry->present);
    cached_token_clear(&entry->imported);
    free(entry->refused);
    api_result_free(entry->refusal);
    free(entry);
  }
  pthread_cond_destroy(&tokens->idle);
  pthread_mutex_destroy(&tokens->lock);
  free(tokens);
}
