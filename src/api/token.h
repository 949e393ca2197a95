// Access tokens and tickets: fetched when first needed, kept in the store, renewed five minutes before they
// expire by one process and one request at a time however many ask. Lifetimes run on the monotonic clock once
// known; a token that lives under five minutes is used until it ends. Within the last five minutes the old
// one still serves when no new one can be had.
// Platform documents: 获取 Access token, 获取稳定版接口调用凭据, JS-SDK 附录 1 (jsapi_ticket).
#ifndef WEMOON_API_TOKEN_H
#define WEMOON_API_TOKEN_H

#include "api/result.h"
#include "store/store.h"

typedef struct Tokens Tokens;
typedef struct TokenFetch TokenFetch;

// What is cached, by name: the access token, or a ticket by its type ("jsapi", "wx_card"); a name has 1 to 31
// bytes.
enum { TOKEN_NAME_MAX = 31 };
#define TOKEN_ACCESS STR("access_token")

typedef struct {
  Str value;           // NUL-terminated
  int64_t expires_at;  // Unix seconds, as the platform told it
} Token;

// Exactly one of `token` and `error` is there; both live during the call only. On any thread, without locks
// held; must not block.
typedef void (*TokenDone)(void *ctx, const Token *token, const ApiResult *error);
// Gets the platform's reply to keep; NULL without memory.
typedef void (*TokenGrantDone)(void *ctx, ApiResult *reply);

typedef struct {
  Str appid, appsecret;  // outlive the cache
  // One fetched anew may be the same one again: then it is asked for with force_refresh, and only then. Also:
  // two processes that fetch at once do each other no harm, so a store that is away stops nobody.
  bool stable;
  int64_t
      lease_ms;  // how long a process that died while fetching holds others up; longer than a fetch takes
  int64_t wait_ms;  // how long a caller waits for another process's fetch
  Store *store;     // outlives the cache
  // Asks the platform for a new one; what it says is handed to tokens_fetched, exactly once. On any thread.
  void (*fetch)(void *ctx, Str name, bool force, TokenFetch *fetch);
  void *ctx;
} TokenOptions;

Tokens *tokens_new(const TokenOptions *options, Err *err);
// Waits for what is under way. NULL is allowed.
void tokens_free(Tokens *tokens);

// Puts one in at start (configuration). It counts unless it has expired or the store has one that lives
// longer. False without memory.
bool tokens_import(Tokens *tokens, Str name, Token token);
// The present one, or a new one where it is about to expire. `refused` is not it: the platform said 40001,
// 40014 or 42001 to that one (empty: none); however many say so, it is renewed once. `done` may be called
// before this returns.
void tokens_get(Tokens *tokens, Str name, Str refused, TokenDone done, void *ctx);
// Asks the platform for a new one all the same, remembered refusals or not. `keep`: it replaces the present
// one.
void tokens_grant(Tokens *tokens, Str name, bool keep, TokenGrantDone done, void *ctx);
// The answer to `fetch`; takes the reply.
void tokens_fetched(TokenFetch *fetch, ApiResult *reply);
// How long the present one still lives, in seconds; -1: there is none in this process.
int64_t tokens_left_s(Tokens *tokens, Str name);

#endif
