// Access tokens and tickets: fetched when first needed, kept in the store, renewed five minutes before they expire, by
// one process with one request however many callers ask. A lifetime runs on the monotonic clock once it is known; a
// token that lives under five minutes is used until it expires. If a renewal fails in the last five minutes, the old
// token still serves.
// Platform documents: 获取 Access token, 获取稳定版接口调用凭据, JS-SDK 附录 1 (jsapi_ticket).
#ifndef WEMOON_API_TOKEN_H
#define WEMOON_API_TOKEN_H

#include "api/result.h"
#include "store/store.h"

typedef struct Tokens Tokens;
typedef struct TokenFetch TokenFetch;

// The names of cached values: the access token, or a ticket by its type ("jsapi", "wx_card"); 1 to 31 bytes.
enum { TOKEN_NAME_MAX = 31 };
#define TOKEN_ACCESS STR("access_token")

typedef struct {
  Str value;           // NUL-terminated
  int64_t expires_at;  // Unix seconds, from the platform
} Token;

// One of `token` and `error` is NULL; both are valid during the call only. Called on any thread, without locks held;
// must not block.
typedef void (*TokenDone)(void *ctx, const Token *token, const ApiResult *error);
// Takes ownership of the platform's reply, NULL without memory.
typedef void (*TokenGrantDone)(void *ctx, ApiResult *reply);

typedef struct {
  Str appid, appsecret;  // outlive the cache
  // token_api = "stable": a fetch may return the same token, and a refused one is replaced with force_refresh. Two
  // processes that fetch at once do no harm, so a store that is away does not prevent a fetch.
  bool stable;
  int64_t
      lease_ms;  // how long a process that died during a fetch delays others; longer than a fetch takes
  int64_t wait_ms;  // how long a caller waits for another process's fetch
  Store *store;     // outlives the cache
  // Asks the platform for a new token, on any thread; calls tokens_fetched with the answer, exactly once.
  void (*fetch)(void *ctx, Str name, bool force, TokenFetch *fetch);
  void *ctx;
} TokenOptions;

// Copies the options; what their pointers refer to must outlive the tokens. NULL with ERR_MEMORY.
Tokens *tokens_new(const TokenOptions *options, Err *err);
// Waits for fetches under way. NULL is allowed.
void tokens_free(Tokens *tokens);

// Imports a token from the configuration at the start. It is used unless it has expired or the store has one that lives
// longer. False without memory.
bool tokens_import(Tokens *tokens, Str name, Token token);
// The current token, or a new one if it is about to expire. `refused` (or empty) is a token to which the platform
// answered 40001, 40014 or 42001: it is renewed once, however many callers report it. `done` may be called before this
// returns.
void tokens_get(Tokens *tokens, Str name, Str refused, TokenDone done, void *ctx);
// Asks the platform for a new token in any case, remembered refusals or not. `keep`: it replaces the current one.
void tokens_grant(Tokens *tokens, Str name, bool keep, TokenGrantDone done, void *ctx);
// The answer to `fetch`; takes ownership of the reply.
void tokens_fetched(TokenFetch *fetch, ApiResult *reply);
// How long the current token still lives, in seconds; -1 if this process has none.
int64_t tokens_left_s(Tokens *tokens, Str name);

#endif
