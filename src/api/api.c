// The Api's life, the fetching of tokens, and credentials.
#include "api/api.h"

#include "api/call.h"
#include "base/mutex.h"

#include <stdlib.h>

enum { FETCH_MS = 20 * 1000, LEASE_MARGIN_MS = 2000 };

Tokens *api_tokens(Api *api) { return api->tokens; }

static bool has_secret(const Account *account) {
  return account->appid.len && account->appsecret.len;
}

bool api_has_credentials(const Api *api, Str name) {
  const ApiOptions *options = &api->options;
  return has_secret(options->account) || options->access_token.value.len ||
         (str_eq(name, STR("jsapi")) && options->jsapi_ticket.value.len);
}

uint64_t api_call(Api *api, Arena *arena, const ApiRequest *request, ApiDone done, void *ctx) {
  return call_begin(api, arena, request, done, ctx);
}

void api_cancel(Api *api, uint64_t id) { call_cancel(api, id); }

// ---- tokens from the platform -------------------------------------------------------------------

static void on_fetched(void *ctx, ApiResult *result) { tokens_fetched(ctx, result); }

static void release_buf(void *buf) { buf_clear(buf); }

static bool set_stable_body(ApiRequest *request, Arena *arena, const Account *account, bool force) {
  Buf *body = arena_calloc(arena, 1, sizeof *body);
  if (!body || !arena_on_free(arena, release_buf, body)) return false;
  buf_add(body, STR("{\"grant_type\":\"client_credential\",\"appid\":"));
  json_add_string(body, account->appid);
  buf_add(body, STR(",\"secret\":"));
  json_add_string(body, account->appsecret);
  buf_add(body, force ? STR(",\"force_refresh\":true}") : STR("}"));
  request->verb = API_POST;
  request->path = STR("/cgi-bin/stable_token");
  request->body = buf_str(body);
  request->has_body = true;
  return !body->failed;
}

static bool set_classic_query(ApiRequest *request, Arena *arena, const Account *account) {
  Pairs *query = arena_calloc(arena, 1, sizeof *query);
  request->path = STR("/cgi-bin/token");
  request->query = query;
  return query && pairs_add(query, arena, STR("grant_type"), STR("client_credential")) &&
         pairs_add(query, arena, STR("appid"), account->appid) &&
         pairs_add(query, arena, STR("secret"), account->appsecret);
}

static bool set_ticket_query(ApiRequest *request, Arena *arena, Str type) {
  Pairs *query = arena_calloc(arena, 1, sizeof *query);
  type = arena_dup(arena, type);
  request->method = str_eq(type, STR("jsapi")) ? STR("grant_jsapi_ticket") : STR("token.getticket");
  request->path = STR("/cgi-bin/ticket/getticket");
  request->query = query;
  request->token = TOKEN_ACCESS;
  return query && type.ptr && pairs_add(query, arena, STR("type"), type);
}

static void fetch_token(void *ctx, Str name, bool force, TokenFetch *fetch) {
  Api *api = ctx;
  const Account *account = api->options.account;
  Arena *arena = arena_new();
  ApiRequest request = { .verb = API_GET, .method = STR("grant_token"), .timeout_ms = FETCH_MS };
  bool good =
      arena && (!str_eq(name, TOKEN_ACCESS)  ? set_ticket_query(&request, arena, name)
                : api->options.classic_token ? set_classic_query(&request, arena, account)
                                             : set_stable_body(&request, arena, account, force));
  if (good && api_call(api, arena, &request, on_fetched, fetch)) return;
  arena_free(arena);
  tokens_fetched(fetch, NULL);
}

// ---- life ---------------------------------------------------------------------------------------

static void destroy(Api *api) {
  pthread_cond_destroy(&api->idle);
  pthread_mutex_destroy(&api->lock);
  handles_clear(&api->calls);
  free(api);
}

Api *api_new(const ApiOptions *options, Err *err) {
  Api *api = calloc(1, sizeof(*api));
  if (!api) {
    err_set(err, ERR_MEMORY, "no memory for the platform's API");
    return NULL;
  }
  api->options = *options;
  mutex_init_brief(&api->lock);
  pthread_cond_init(&api->idle, NULL);
  handles_init(&api->calls);
  api->end = &api->first;
  atomic_init(&api->least, SIZE_MAX);
  int64_t fetch_ms = options->timeout_ms < FETCH_MS ? options->timeout_ms : FETCH_MS;
  TokenOptions tokens = { .appid = options->account->appid,
                          .appsecret = options->account->appsecret,
                          .stable = !options->classic_token,
                          .lease_ms = fetch_ms + LEASE_MARGIN_MS,
                          .wait_ms = options->timeout_ms,
                          .store = options->store,
                          .fetch = fetch_token,
                          .ctx = api };
  api->tokens = tokens_new(&tokens, err);
  if (api->tokens && tokens_import(api->tokens, TOKEN_ACCESS, options->access_token) &&
      tokens_import(api->tokens, STR("jsapi"), options->jsapi_ticket))
    return api;
  err_set(err, ERR_MEMORY, "no memory for the platform's API");
  tokens_free(api->tokens);
  destroy(api);
  return NULL;
}

void api_free(Api *api) {
  if (!api) return;
  call_cancel_all(api);
  call_wait_for_all(api);
  tokens_free(api->tokens);
  call_wait_for_all(api);  // a call that fetched a token ends a moment after the token cache has it
  destroy(api);
}
