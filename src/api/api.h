// Calls of the platform: URL, token, sending, decoding, errcode; renewed tokens and a busy platform are dealt
// with here.
#ifndef WEMOON_API_API_H
#define WEMOON_API_API_H

#include "api/result.h"
#include "api/token.h"
#include "wechat/account.h"

typedef struct Api Api;

// All slices and handles outlive the Api.
typedef struct {
  const Account *account;
  Client *client;
  Store *store;
  // "https://api.weixin.qq.com", "https://mp.weixin.qq.com"; no '/' at the end is needed
  Str api_base, mp_base;
  bool insecure;                     // checkssl = false
  bool classic_token;                // token_api = "classic"
  int64_t timeout_ms;                // api_timeout_s
  Token access_token, jsapi_ticket;  // imported; or empty
  // Told of each call's end: the method, "0" or the errcode or the kind of failure, and how long it took. On
  // any thread, must not wait. Or NULL.
  void (*observe)(void *ctx, Str method, Str result, int64_t us);
  void *observe_ctx;
} ApiOptions;

typedef enum { API_GET, API_POST, API_UPLOAD, API_DOWNLOAD } ApiVerb;

// Each Str but `body` is followed by a NUL.
typedef struct {
  ApiVerb verb;
  bool mp;             // mp_base instead of api_base
  Str method;          // the name after `wechat.`, for errors: "tag.create"
  Str path;            // "/cgi-bin/tags/create"
  const Pairs *query;  // or NULL
  Str body;            // if has_body: sent as it is; a DOWNLOAD with a body is a POST
  Str content_type;    // of the body; if empty: application/json
  bool has_body;
  const ClientPart *parts;  // API_UPLOAD: fields and files
  Str token;  // which token to send, and under which query name: "access_token"; or empty
  // A repeat could reach a user twice: it is sent once, not again on -1 or when a connection breaks
  // (API_UNKNOWN).
  bool send;
  int64_t timeout_ms;  // if shorter than the Api's; 0: the Api's
} ApiRequest;

// Gets the result to keep: free it with api_result_free, on any thread. On the loop's, the store's or the
// calling thread, without locks held; must not block.
typedef void (*ApiDone)(void *ctx, ApiResult *result);

// NULL with ERR_MEMORY.
Api *api_new(const ApiOptions *options, Err *err);
// Ends what is under way (API_CANCELLED), waits for its callbacks, frees. Neither from a callback nor from the
// loop thread; before client_free and store_close. NULL is allowed.
void api_free(Api *api);

// Begins a call; from any thread. All that `request` points to lives in `arena` or longer; `arena` becomes the
// call's, which frees it. Returns a number for api_cancel; 0 without memory: `done` is not called then, and
// the arena is still the caller's. `done` may be called before this returns.
uint64_t api_call(Api *api, Arena *arena, const ApiRequest *request, ApiDone done, void *ctx);
// Nobody wants the result any more: `done` comes soon, with API_CANCELLED unless it was there already. From
// any thread.
void api_cancel(Api *api, uint64_t id);
// Where Lua and C get tokens and tickets from. Lives as long as the Api.
Tokens *api_tokens(Api *api);
// Whether the token or ticket `name` can be had: there are appid and appsecret, or an imported access token,
// or this ticket was imported.
bool api_has_credentials(const Api *api, Str name);

#endif
