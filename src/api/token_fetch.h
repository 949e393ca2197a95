// A fetch of a new token: reads the store, takes the lease, asks the platform, writes the store. Declares what the
// cache and its fetches share.
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
  char *refused;  // the token that the platform refused last
  // monotonic: the platform need not be asked before then; for when the store cannot remember it
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

extern const ApiResult token_no_memory;  // the error of every waiting caller without memory

// Begins a fetch if a caller waits for the entry and none is under way. Without locks held.
void token_fetch_begin(Tokens *tokens, Entry *entry);

#endif
