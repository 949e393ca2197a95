// Access tokens and tickets: fetched when first needed, kept in the store, renewed five minutes before they expire by one process and
// one request at a time however many ask. Lifetimes run on the monotonic clock once known.
// Platform documents: 获取 Access token, 获取稳定版接口调用凭据, JS-SDK 附录 1 (jsapi_ticket).
#ifndef WEMOON_API_TOKEN_H
#define WEMOON_API_TOKEN_H

#include "api/result.h"
#include "net/client.h"
#include "store/store.h"
#include "wechat/account.h"

typedef struct Tokens Tokens;

// What is cached: "access_token", or a ticket by its type ("jsapi", "wx_card"), at most 31 bytes.
enum { TOKEN_NAME_MAX = 31 };
#define TOKEN_ACCESS "access_token"

typedef struct {
  Str value;
  int64_t expires_at;  // Unix seconds, as the platform told it
} Token;

// Exactly one of `token` and `error` is there; both live during the call. On any thread, without locks held; must not block.
typedef void (*TokenDone)(void *ctx, const Token *token, const ApiResult *error);

// How a new one is asked for; answers with the platform's reply by tokens_fetched, once. `force`: the stable endpoint's force_refresh.
typedef struct {
  bool (*fetch)(void *ctx, const char *name, bool force, void *flight);
  void *ctx;
} TokenSource;

typedef struct {
  Str appid, appsecret;
  bool stable;          // one fetched again may be the same one; asks with force_refresh only when the refused one came again
  int64_t lease_ms;     // how long a process that died while fetching holds others up
  Store *store;         // outlives the cache
  TokenSource source;
} TokenOptions;

Tokens *tokens_new(const TokenOptions *options, Err *err);
// Nothing may be under way.
void tokens_free(Tokens *tokens);

// Puts one in at start (configuration). It counts unless the store has one that lives longer. False without memory.
bool tokens_import(Tokens *tokens, const char *name, Token token);
// The present one, or a new one where it is about to expire. `done` may be called before this returns.
void tokens_get(Tokens *tokens, const char *name, TokenDone done, void *ctx);
// The same, but `refused` is not it: the platform said 40001, 40014 or 42001 to it. However many say so, it is renewed once.
void tokens_renew(Tokens *tokens, const char *name, Str refused, TokenDone done, void *ctx);
// Asks the platform for a new one all the same, remembered refusals or not. `keep`: it replaces the present one.
// `done` gets the platform's reply, which it then owns.
typedef void (*TokenGrantDone)(void *ctx, ApiResult *reply);
void tokens_grant(Tokens *tokens, const char *name, bool keep, TokenGrantDone done, void *ctx);
// The source's answer to `flight`; takes the reply.
void tokens_fetched(void *flight, ApiResult *reply);
// How long the present access token still lives, in seconds; -1: there is none in this process.
int64_t tokens_left_s(Tokens *tokens, const char *name);

#endif
