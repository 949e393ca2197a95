// Calls of the platform: builds the URL, adds the token, sends, decodes, reads the errcode; renews a refused token and
// repeats a call when the platform is busy.
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
  // Called at the end of each call, or NULL: the method; "0", the errcode or the kind of failure; the duration. On any
  // thread; must not block.
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
  // A second request could reach a user twice: not repeated on -1, nor when a connection breaks (API_UNKNOWN). An
  // answer that finds no room to be read in time is API_UNKNOWN too.
  bool send;
  int64_t timeout_ms;  // if shorter than the Api's; 0: the Api's
} ApiRequest;

// Takes ownership of the result: free it with api_result_free, on any thread. Called on the loop's, the store's or the
// calling thread, without locks held; must not block.
typedef void (*ApiDone)(void *ctx, ApiResult *result);

// NULL with ERR_MEMORY.
Api *api_new(const ApiOptions *options, Err *err);
// Cancels the calls under way (API_CANCELLED), waits for their callbacks, and frees. Not from a callback, not on the
// loop thread; before client_free and store_close. NULL is allowed.
void api_free(Api *api);

// Begins a call, from any thread. Everything that `request` points to lives in `arena` or longer; the call takes
// `arena` and frees it. Returns a handle for api_cancel, or 0 without memory: then `done` is not called, and the arena
// is still the caller's. `done` may be called before this returns.
uint64_t api_call(Api *api, Arena *arena, const ApiRequest *request, ApiDone done, void *ctx);
// Cancels a call, from any thread: `done` is called soon, with API_CANCELLED unless the result was there.
void api_cancel(Api *api, uint64_t id);
// The cache of tokens and tickets; lives as long as the Api.
Tokens *api_tokens(Api *api);
// Whether the token or ticket `name` is obtainable: by appid and appsecret, by an imported access token, or because
// this ticket was imported.
bool api_has_credentials(const Api *api, Str name);

#endif
