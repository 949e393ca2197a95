// The way to a new token: from the store through the lease to the platform and back. Inside api/; what the
// cache and its fetches share is here.
#ifndef WEMOON_API_TOKEN_FETCH_H
#define WEMOON_API_TOKEN_FETCH_H

#include <pthread.h>

#include "api/cached_token.h"
#include "api/token.h"

enum { TOKEN_OWNER_LEN = 32 };

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

typedef struct Entry {
  struct Entry *next;
  char name[TOKEN_NAME_MAX + 1];
  CachedToken present, imported;
  char *refused;  // what the platform refused last
  // monotonic: until then the platform need not be asked, where there is no store to remember it
  int64_t refusal_us;
  ApiResult *refusal;
  Waiters waiters, grants;
  TokenFetch *fetch;
} Entry;

struct Tokens {
  TokenOptions options;
  char owner[TOKEN_OWNER_LEN + 1], secret_mark[17];
  pthread_mutex_t lock;
  pthread_cond_t idle;
  Entry *first;
  size_t fetches;
};

extern const ApiResult token_no_memory;  // the error of those who wait, where there is no memory

// Begins a fetch where somebody waits for the entry and none is under way. Without locks held.
void token_fetch_begin(Tokens *tokens, Entry *entry);

#endif
