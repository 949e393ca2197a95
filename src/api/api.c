// A call of the platform, step by step: token, request, answer, and perhaps once more.
#include "api/api.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "codec/url.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
  ANSWER_MAX = 64 << 20,
  DOWNLOAD_MAX = 256 << 20,
  MEMORY_MAX = 1 << 20,
  FETCH_MS = 20 * 1000,
  LEASE_MARGIN_MS = 2000,
  BUSY_TRIES = 2,
  BUSY_PAUSE_MS = 300
};

typedef struct Call {
  struct Call *prev, *next;
  Api *api;
  uint64_t id, sent;  // `sent`: the client's number for what is under way, 0: nothing
  ApiResult *result;
  Arena *arena;  // the call itself, and copies of the request
  ApiRequest request;
  Str token;  // the one sent last
  bool renewed, cancelled;
  int busy;  // how often the platform said -1
  int64_t began_us, deadline_us;
  ApiDone done;
  void *ctx;
} Call;

struct Api {
  ApiOptions options;
  Tokens *tokens;
  pthread_mutex_t lock;
  pthread_cond_t idle;
  Call *first;
  uint64_t last_id;
  bool closed;
};

Tokens *api_tokens(Api *api) { return api->tokens; }

bool api_has_credentials(const Api *api) {
  const ApiOptions *options = &api->options;
  return (options->account->appid.len && options->account->appsecret.len) ||
         options->access_token.value.len;
}

// ---- the end of a call --------------------------------------------------------------------------

static void close_parts(const ApiRequest *request) {
  for (const ClientPart *part = request->parts; part; part = part->next) {
    if (part->fd >= 0) close(part->fd);
  }
}

static void call_free(Call *call) {
  close_parts(&call->request);
  api_result_free(call->result);
  arena_free(call->arena);
}

static void tell_observer(const Call *call) {
  const ApiOptions *options = &call->api->options;
  const ApiResult *result = call->result;
  char errcode[24];
  if (!options->observe) return;
  const char *how = result->kind == API_OK ? "0" : api_kind_name(result->kind);
  if (result->kind == API_REFUSED) {
    snprintf(errcode, sizeof errcode, "%lld", (long long)result->errcode);
    how = errcode;
  }
  options->observe(options->observe_ctx, str_of(result->method), str_of(how),
                   clock_now_us() - call->began_us);
}

static void finish(Call *call) {
  Api *api = call->api;
  ApiResult *result = call->result;
  tell_observer(call);
  call->result = NULL;
  call->done(call->ctx, result);
  pthread_mutex_lock(&api->lock);
  if (call->prev) call->prev->next = call->next;
  else api->first = call->next;
  if (call->next) call->next->prev = call->prev;
  if (!api->first) pthread_cond_broadcast(&api->idle);
  pthread_mutex_unlock(&api->lock);
  call_free(call);
}

static void finish_memory(Call *call) {
  api_result_fail(call->result, API_NETWORK, "no memory");
  finish(call);
}

// ---- the answer ---------------------------------------------------------------------------------

static void send_call(Call *call, int64_t pause_ms);
static void on_token(void *ctx, const Token *token, const ApiResult *error);

static void fail_without_answer(Call *call, const ClientResult *answer) {
  ApiKind kind = answer->outcome == CLIENT_TIMEOUT     ? API_TIMEOUT
                 : answer->outcome == CLIENT_TOO_LARGE ? API_HTTP
                                                       : API_NETWORK;
  api_result_fail(call->result, kind, "%s", answer->err.text);
}

static bool begins_like_json(Str body) {
  body = str_trim(body);
  return body.len && body.ptr[0] == '{';
}

// attachment; filename="a.jpg"
static Str filename_in(Str disposition) {
  ptrdiff_t at = str_find(disposition, STR("filename="));
  if (at < 0) return (Str){ 0 };
  Str name, rest, text = str_sub(disposition, (size_t)at + 9, disposition.len);
  if (text.len && text.ptr[0] == '"') {
    str_cut(str_sub(text, 1, text.len), '"', &name, &rest);
    return name;
  }
  str_cut(text, ';', &name, &rest);
  return str_trim(name);
}

static void keep_download(Call *call, ClientResult *answer) {
  ApiResult *result = call->result;
  Str type = { 0 }, disposition = { 0 };
  pairs_get_nocase(&answer->headers, STR("Content-Type"), &type);
  pairs_get_nocase(&answer->headers, STR("Content-Disposition"), &disposition);
  buf_add(&result->content_type, type);
  buf_add(&result->filename, filename_in(disposition));
  result->body = answer;
}

// The errcode of a decoded answer; 0 where there is none. Some old endpoints write it as a string.
static int64_t errcode_of(const Json *root) {
  const Json *code = json_kind(root) == JSON_OBJECT ? json_get(root, STR("errcode")) : NULL;
  int64_t number = 0;
  if (!code) return 0;
  if (json_kind(code) == JSON_INT) return json_int(code);
  if (json_kind(code) == JSON_STRING) str_to_int64(json_string(code), &number);
  return number;
}

static void refuse(Call *call, const Json *root, int64_t errcode) {
  ApiResult *result = call->result;
  const Json *text = json_get(root, STR("errmsg"));
  result->kind = API_REFUSED;
  result->errcode = errcode;
  buf_reset(&result->errmsg);
  if (text && json_kind(text) == JSON_STRING) buf_add(&result->errmsg, json_string(text));
  api_result_find_rid(result);
}

static bool token_is_dead(int64_t errcode) {
  return errcode == 40001 || errcode == 40014 || errcode == 42001;
}

// True: the call goes on, with another token or after a pause.
static bool try_again(Call *call, int64_t errcode) {
  if (call->cancelled) return false;
  if (token_is_dead(errcode) && call->request.token.len && !call->renewed) {
    call->renewed = true;
    tokens_get(call->api->tokens, call->request.token, call->token, on_token, call);
    return true;
  }
  if (errcode == -1 && !call->request.send && call->busy < BUSY_TRIES) {
    send_call(call, BUSY_PAUSE_MS << 2 * call->busy++);
    return true;
  }
  return false;
}

static void read_json(Call *call, JsonDoc *doc) {
  ApiResult *result = call->result;
  int64_t errcode = errcode_of(json_root(doc));
  if (errcode == 0) {
    result->json = doc;
    finish(call);
    return;
  }
  bool again = try_again(call, errcode);
  if (!again) {
    refuse(call, json_root(doc), errcode);
    finish(call);
  }
  json_free(doc);
}

// A file may begin with '{' too: a download is an error, or the platform's JSON, only if it parses.
static JsonDoc *parse_answer(const Call *call, const ClientResult *answer, Err *err) {
  bool download = call->request.verb == API_DOWNLOAD;
  if (download && (answer->fd >= 0 || !begins_like_json(answer->body))) return NULL;
  return json_parse(answer->body, err);
}

static void on_answer(void *ctx, ClientResult *answer) {
  Call *call = ctx;
  pthread_mutex_lock(&call->api->lock);
  call->sent = 0;
  pthread_mutex_unlock(&call->api->lock);
  call->result->status = answer->status;
  Err err = { 0 };
  JsonDoc *doc = NULL;
  if (answer->outcome != CLIENT_OK) {
    fail_without_answer(call, answer);
    finish(call);
  } else if (answer->status != 200) {
    api_result_fail(call->result, API_HTTP, "HTTP status %d instead of 200", answer->status);
    finish(call);
  } else if ((doc = parse_answer(call, answer, &err))) {
    read_json(call, doc);
  } else if (call->request.verb == API_DOWNLOAD) {
    keep_download(call, answer);
    answer = NULL;
    finish(call);
  } else {
    api_result_fail(call->result, API_JSON, "the answer is no JSON: %s", err.text);
    finish(call);
  }
  client_result_free(answer);
}

// ---- the request --------------------------------------------------------------------------------

static bool build_url(Call *call, Buf *url) {
  const ApiOptions *options = &call->api->options;
  Str base = call->request.mp ? options->mp_base : options->api_base;
  while (base.len && base.ptr[base.len - 1] == '/') base.len--;
  buf_add(url, base);
  buf_add(url, call->request.path);
  if (call->request.token.len) url_add_param(url, call->request.token, call->token);
  const Pairs *query = call->request.query;
  for (const Pair *pair = query ? query->first : NULL; pair; pair = pair->next)
    url_add_param(url, pair->name, pair->value);
  return !url->failed;
}

static bool fill_request(Call *call, ClientRequest *out, Pairs *headers, int64_t pause_ms) {
  const ApiRequest *request = &call->request;
  bool posts = request->verb == API_POST || request->verb == API_UPLOAD ||
               (request->verb == API_DOWNLOAD && request->has_body);
  *out = (ClientRequest){
    .method = posts ? STR("POST") : STR("GET"),
    .body = request->body,
    .has_body = request->has_body,
    .parts = request->parts,
    .response_max = request->verb == API_DOWNLOAD ? DOWNLOAD_MAX : ANSWER_MAX,
    .memory_max = request->verb == API_DOWNLOAD ? MEMORY_MAX : 0,
    .timeout_ms = (call->deadline_us - clock_now_us()) / 1000 - pause_ms,
    .delay_ms = pause_ms,
    .insecure = call->api->options.insecure,
  };
  if (out->timeout_ms < 1) out->timeout_ms = 1;
  if (!request->has_body || request->parts) return true;
  Str type =
      request->content_type.len ? request->content_type : STR("application/json; charset=utf-8");
  out->headers = headers;
  return pairs_add(headers, call->arena, STR("Content-Type"), type);
}

static void send_call(Call *call, int64_t pause_ms) {
  Api *api = call->api;
  Buf url;
  buf_init(&url);
  Pairs headers = { 0 };
  ClientRequest request;
  Err err = { 0 };
  bool good = build_url(call, &url) && fill_request(call, &request, &headers, pause_ms);
  if (!good) err_set(&err, ERR_MEMORY, "no memory");
  pthread_mutex_lock(&api->lock);
  if (good && (api->closed || call->cancelled))
    good = err_set(&err, ERR_BUSY, "the call was cancelled");
  if (good) {
    request.url = buf_str(&url);
    call->sent = client_send(api->options.client, &request, on_answer, call, &err);
    good = call->sent != 0;
  }
  pthread_mutex_unlock(&api->lock);
  buf_clear(&url);
  if (good) return;
  api_result_fail(call->result, API_NETWORK, "%s", err.text);
  finish(call);
}

static void on_token(void *ctx, const Token *token, const ApiResult *error) {
  Call *call = ctx;
  if (error) {
    api_result_blame(call->result, error);
    finish(call);
    return;
  }
  call->token = arena_dup(call->arena, token->value);
  if (!call->token.ptr) finish_memory(call);
  else send_call(call, 0);
}

// ---- copies -------------------------------------------------------------------------------------

static bool copy_query(Call *call, const Pairs *query) {
  Pairs *copy = arena_calloc(call->arena, 1, sizeof(*copy));
  if (!copy) return false;
  for (const Pair *pair = query->first; pair; pair = pair->next) {
    Str name = arena_dup(call->arena, pair->name), value = arena_dup(call->arena, pair->value);
    if (!name.ptr || !value.ptr || !pairs_add(copy, call->arena, name, value)) return false;
  }
  call->request.query = copy;
  return true;
}

static bool copy_parts(Call *call, const ClientPart *from) {
  const ClientPart **last = &call->request.parts;
  for (; from; from = from->next) {
    ClientPart *part = arena_calloc(call->arena, 1, sizeof(*part));
    if (!part) return false;
    part->name = arena_dup(call->arena, from->name);
    part->filename = arena_dup(call->arena, from->filename);
    part->content_type = arena_dup(call->arena, from->content_type);
    part->data = arena_dup(call->arena, from->data);
    part->fd = from->fd < 0 ? -1 : fcntl(from->fd, F_DUPFD_CLOEXEC, 3);
    *last = part;
    last = (const ClientPart **)&part->next;
    if (!part->name.ptr || !part->filename.ptr || !part->content_type.ptr || !part->data.ptr ||
        (from->fd >= 0 && part->fd < 0))
      return false;
  }
  return true;
}

static Call *call_new(Api *api, const ApiRequest *request) {
  Arena *arena = arena_new();
  Call *call = arena ? arena_calloc(arena, 1, sizeof *call) : NULL;
  if (!call) {
    arena_free(arena);
    return NULL;
  }
  call->api = api;
  call->request = *request;
  call->request.parts = NULL;
  call->arena = arena;
  call->result = api_result_new(request->method);
  bool good = call->result != NULL;
  if (good) {
    call->request.path = arena_dup(call->arena, request->path);
    call->request.body = arena_dup(call->arena, request->body);
    call->request.content_type = arena_dup(call->arena, request->content_type);
    call->request.token = arena_dup(call->arena, request->token);
    good = call->request.path.ptr && call->request.body.ptr && call->request.content_type.ptr &&
           call->request.token.ptr && (!request->query || copy_query(call, request->query)) &&
           copy_parts(call, request->parts);
  }
  if (good) return call;
  call_free(call);
  return NULL;
}

uint64_t api_call(Api *api, const ApiRequest *request, ApiDone done, void *ctx) {
  Call *call = call_new(api, request);
  if (!call) return 0;
  call->done = done;
  call->ctx = ctx;
  int64_t timeout_ms = api->options.timeout_ms;
  if (request->timeout_ms > 0 && request->timeout_ms < timeout_ms) timeout_ms = request->timeout_ms;
  call->began_us = clock_now_us();
  call->deadline_us = call->began_us + timeout_ms * 1000;
  pthread_mutex_lock(&api->lock);
  uint64_t id = call->id = ++api->last_id;
  call->next = api->first;
  if (api->first) api->first->prev = call;
  api->first = call;
  pthread_mutex_unlock(&api->lock);
  if (request->token.len) tokens_get(api->tokens, request->token, (Str){ 0 }, on_token, call);
  else send_call(call, 0);
  return id;
}

void api_cancel(Api *api, uint64_t id) {
  pthread_mutex_lock(&api->lock);
  Call *call = api->first;
  while (call && call->id != id) call = call->next;
  if (call) {
    call->cancelled = true;
    if (call->sent) client_cancel(api->options.client, call->sent);
  }
  pthread_mutex_unlock(&api->lock);
}

// ---- tokens from the platform -------------------------------------------------------------------

static void on_fetched(void *ctx, ApiResult *result) { tokens_fetched(ctx, result); }

static bool stable_body(const Account *account, bool force, Buf *body) {
  buf_add(body, STR("{\"grant_type\":\"client_credential\",\"appid\":"));
  json_add_string(body, account->appid);
  buf_add(body, STR(",\"secret\":"));
  json_add_string(body, account->appsecret);
  buf_add(body, force ? STR(",\"force_refresh\":true}") : STR("}"));
  return !body->failed;
}

static void fetch_token(void *ctx, Str name, bool force, TokenFetch *fetch) {
  Api *api = ctx;
  const Account *account = api->options.account;
  Pair pairs[] = { { STR("grant_type"), STR("client_credential"), &pairs[1] },
                   { STR("appid"), account->appid, &pairs[2] },
                   { STR("secret"), account->appsecret, NULL },
                   { STR("type"), name, NULL } };
  Pairs classic = { &pairs[0], &pairs[2], 3 }, ticket = { &pairs[3], &pairs[3], 1 };
  Buf body;
  buf_init(&body);
  ApiRequest request = { .verb = API_GET, .method = STR("grant_token"), .timeout_ms = FETCH_MS };
  bool good = true;
  if (!str_eq(name, TOKEN_ACCESS)) {
    request.method =
        str_eq(name, STR("jsapi")) ? STR("grant_jsapi_ticket") : STR("token.getticket");
    request.path = STR("/cgi-bin/ticket/getticket");
    request.query = &ticket;
    request.token = TOKEN_ACCESS;
  } else if (api->options.classic_token) {
    request.path = STR("/cgi-bin/token");
    request.query = &classic;
  } else {
    good = stable_body(account, force, &body);
    request.verb = API_POST;
    request.path = STR("/cgi-bin/stable_token");
    request.body = buf_str(&body);
    request.has_body = true;
  }
  if (!good || !api_call(api, &request, on_fetched, fetch)) tokens_fetched(fetch, NULL);
  buf_clear(&body);
}

static void destroy(Api *api) {
  pthread_cond_destroy(&api->idle);
  pthread_mutex_destroy(&api->lock);
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

static void wait_for_calls(Api *api) {
  pthread_mutex_lock(&api->lock);
  while (api->first) pthread_cond_wait(&api->idle, &api->lock);
  pthread_mutex_unlock(&api->lock);
}

void api_free(Api *api) {
  if (!api) return;
  pthread_mutex_lock(&api->lock);
  api->closed = true;
  for (Call *call = api->first; call; call = call->next) {
    call->cancelled = true;
    if (call->sent) client_cancel(api->options.client, call->sent);
  }
  pthread_mutex_unlock(&api->lock);
  wait_for_calls(api);
  tokens_free(api->tokens);
  wait_for_calls(api);  // a fetch of the token cache ends its fetch a moment before itself
  destroy(api);
}
