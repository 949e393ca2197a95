// The steps of a call: token, request, answer, and perhaps a second try.
#include "api/call.h"

#include "base/clock.h"
#include "codec/url.h"

#include <stdio.h>

enum {
  ANSWER_MAX = 64 << 20,
  DOWNLOAD_MAX = 256 << 20,
  MEMORY_MAX = 1 << 20,
  PARSED_ON_LOOP_MAX = 32 << 10,  // bytes of JSON, parsed in about 0.3 ms
  LOOK_MS = 10,
  BUSY_TRIES = 2
};

static const int64_t busy_pause_ms[BUSY_TRIES] = { 300, 1200 };

struct Call {
  Api *api;
  uint64_t id, sent;  // `sent`: the client's handle of the request under way; 0: none
  Arena *arena;       // holds the call and everything that its request points to
  ApiRequest request;
  ApiResult *result;
  // Borrowed by the client.
  ClientRequest out;
  Str url;
  Pair content_type;
  Pairs headers;
  ClientResult *answer;  // until its JSON is parsed
  size_t json_most;      // bytes that reading it takes at most
  bool lacks_room;       // no room for so many is left: the answer is not read yet
  Call *next;            // of those that wait for room
  Str token;             // the token sent last
  bool renewed, cancelled;
  int busy;  // how many times the platform answered -1
  int64_t began_us, deadline_us;
  ApiDone done;
  void *ctx;
};

// ---- the end of a call --------------------------------------------------------------------------

static void release(Call *call) {
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
  api_result_mask_known(result);
  api_result_mask(result, api->options.account->appsecret);
  api_result_mask(result, call->token);
  tell_observer(call);
  call->result = NULL;
  call->done(call->ctx, result);
  pthread_mutex_lock(&api->lock);
  handles_remove(&api->calls, call->id);
  if (--api->count == 0) pthread_cond_broadcast(&api->idle);
  pthread_mutex_unlock(&api->lock);
  release(call);
}

static void fail(Call *call, ApiKind kind, const char *why) {
  api_result_fail(call->result, kind, "%s", why);
  finish(call);
}

// ---- the answer ---------------------------------------------------------------------------------

static void send_call(Call *call, int64_t pause_ms);
static void on_token(void *ctx, const Token *token, const ApiResult *error);

static ApiKind kind_of(ClientOutcome outcome) {
  switch (outcome) {
    case CLIENT_TIMEOUT: return API_TIMEOUT;
    case CLIENT_TOO_LARGE: return API_HTTP;
    case CLIENT_UNKNOWN: return API_UNKNOWN;
    case CLIENT_CANCELLED: return API_CANCELLED;
    default: return API_NETWORK;
  }
}

// The errcode of a decoded answer; 0 if there is none. Some old endpoints write it as a string.
static int64_t errcode_of(const Json *root) {
  const Json *code = json_kind(root) == JSON_OBJECT ? json_get(root, STR("errcode")) : NULL;
  int64_t number = 0;
  if (!code) return 0;
  if (json_kind(code) == JSON_INT) return json_int(code);
  if (json_kind(code) == JSON_STRING) str_to_int64(json_string(code), &number);
  return number;
}

static void refuse(ApiResult *result, const Json *root, int64_t errcode) {
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

static bool wants_another_token(const Call *call, int64_t errcode) {
  return !call->cancelled && token_is_dead(errcode) && call->request.token.len && !call->renewed;
}

static bool wants_a_pause(const Call *call, int64_t errcode) {
  return !call->cancelled && errcode == -1 && !call->request.send && call->busy < BUSY_TRIES;
}

static void on_errcode(Call *call, int64_t errcode) {
  ApiResult *result = call->result;
  bool renews = wants_another_token(call, errcode), pauses = wants_a_pause(call, errcode);
  if (!renews && !pauses) refuse(result, json_root(result->json), errcode);
  api_result_clear_json(result);
  if (pauses) return send_call(call, busy_pause_ms[call->busy++]);
  if (!renews) return finish(call);
  call->renewed = true;
  tokens_get(call->api->tokens, call->request.token, call->token, on_token, call);
}

static bool is_download(const Call *call) { return call->request.verb == API_DOWNLOAD; }

static void wait_for_room(Call *call);

static void on_parsed(void *ctx) {
  Call *call = ctx;
  ApiResult *result = call->result;
  if (call->lacks_room) return wait_for_room(call);
  ClientResult *answer = call->answer;
  call->answer = NULL;
  if (!result->json && result->kind == API_OK) {  // a file may begin with '{' too
    api_result_take_download(result, answer);
    return finish(call);
  }
  client_result_free(answer);
  int64_t errcode = result->json ? errcode_of(json_root(result->json)) : 0;
  if (errcode) on_errcode(call, errcode);
  else finish(call);
}

static bool is_small(Str text) { return text.len <= PARSED_ON_LOOP_MAX; }

// Room that another answer waits for is left to that one.
static bool hold_new(Call *call, size_t most) {
  call->json_most = most;
  return most < atomic_load_explicit(&call->api->least, memory_order_relaxed) &&
         answer_json_hold(&call->result->json_counted, most);
}

// Holds what the answer will become at most, and the parser's copy, until it is parsed. A small one is looked through
// only where the worst of its length would be too much.
static bool hold_json(Call *call) {
  Str text = call->answer->body;
  size_t copy = json_copy_most(text.len);
  if (call->result->json_counted > 0) return true;  // it waited for that
  if (is_small(text) && hold_new(call, copy + json_cost_most(text.len))) return true;
  return hold_new(call, copy + json_cost(text));
}

static void parse(void *ctx) {
  Call *call = ctx;
  ApiResult *result = call->result;
  Str text = call->answer->body;
  Err err;
  call->lacks_room = !hold_json(call);
  if (call->lacks_room) return;
  JsonLimits limits = { .memory_max = call->json_most - json_copy_most(text.len) };
  result->json = json_parse_within(text, &limits, &err);
  answer_json_hold(&result->json_counted, result->json ? json_size(result->json) : 0);
  if (result->json) return;
  api_result_clear_json(result);
  if (!is_download(call)) api_result_fail(result, API_JSON, "the answer is no JSON: %s", err.text);
}

// On another thread: the loop serves other calls.
static void parse_elsewhere(Call *call) {
  if (loop_work(client_loop(call->api->options.client), parse, on_parsed, call)) return;
  parse(call);
  on_parsed(call);
}

static void read_json(Call *call, ClientResult *answer) {
  call->answer = answer;
  if (!is_small(answer->body)) return parse_elsewhere(call);
  parse(call);
  on_parsed(call);
}

// ---- answers that wait for room -----------------------------------------------------------------

static void end_unread(Call *call, ApiKind kind, const char *why) {
  char place[URL_PLACE_SIZE];
  api_result_fail(call->result, kind,
                  "%s: the answer of %zu bytes %s: it takes up to %zu MB, and all that are held at "
                  "once may take %d MB together",
                  url_place(call->out.url, place), call->answer->body.len, why,
                  (call->json_most >> 20) + 1, ANSWER_JSON_MAX >> 20);
  client_result_free(call->answer);
  call->answer = NULL;
  finish(call);
}

static bool is_cancelled(Call *call) {
  pthread_mutex_lock(&call->api->lock);
  bool cancelled = call->cancelled;
  pthread_mutex_unlock(&call->api->lock);
  return cancelled;
}

// The platform has done what it was asked: who makes a send again because of a time-out sends twice.
static void go_on(Call *call) {
  if (call->result->json_counted > 0) parse_elsewhere(call);
  else if (is_cancelled(call))
    end_unread(call, API_CANCELLED, "waited until the call was cancelled");
  else
    end_unread(call, call->request.send ? API_UNKNOWN : API_TIMEOUT,
               "waited too long for room to be read as JSON");
}

// With the lock held, because of `cancelled`. `least`: what an older one waits for.
static bool waits_no_more(Call *call, int64_t now_us, size_t least) {
  return call->cancelled || now_us >= call->deadline_us ||
         (call->json_most < least &&
          answer_json_hold(&call->result->json_counted, call->json_most));
}

// Moves the call at *at, which waits, to *end. Returns the new end.
static Call **leave(Api *api, Call **at, Call **end) {
  Call *call = *at;
  *at = call->next;
  *end = call;
  api->waiting--;
  api->waiting_bytes -= call->answer->body.len;
  return &call->next;
}

// What needs less than each older one goes first.
static Call *take_ready(Api *api) {
  Call *ready = NULL, **end = &ready, **at = &api->first;
  int64_t now_us = clock_now_us();
  size_t least = SIZE_MAX;
  pthread_mutex_lock(&api->lock);
  while (*at) {
    Call *call = *at;
    if (waits_no_more(call, now_us, least)) {
      end = leave(api, at, end);
    } else {
      if (call->json_most < least) least = call->json_most;
      at = &call->next;
    }
  }
  pthread_mutex_unlock(&api->lock);
  atomic_store_explicit(&api->least, least, memory_order_relaxed);
  api->end = at;
  *end = NULL;
  return ready;
}

// The last call that ends may be the end of the Api.
static void look(void *ctx) {
  Api *api = ctx;
  Call *ready = take_ready(api);
  if (api->waiting == 0) {
    loop_timer_stop(api->look);
    api->look = NULL;
  }
  while (ready) {
    Call *call = ready;
    ready = call->next;
    go_on(call);
  }
}

// Returns why the answer cannot wait; NULL: it can.
static const char *why_not(const Call *call) {
  const Api *api = call->api;
  if (call->json_most > ANSWER_JSON_MAX) return "cannot be read as JSON";
  if (api->waiting < CALLS_WAITING_MAX &&
      api->waiting_bytes + call->answer->body.len <= CALLS_WAITING_BYTES_MAX)
    return NULL;
  return "cannot wait for room to be read as JSON, because too many do";
}

static void add_waiting(Api *api, Call *call) {
  call->next = NULL;
  *api->end = call;
  api->end = &call->next;
  api->waiting++;
  api->waiting_bytes += call->answer->body.len;
  if (call->json_most < api->least) atomic_store(&api->least, call->json_most);
}

// Room is given back on any thread, when the script has taken an answer: looking for it now and then needs no lock.
static bool is_looking(Api *api) {
  if (!api->look)
    api->look = loop_timer(client_loop(api->options.client), LOOK_MS, LOOK_MS, look, api);
  return api->look != NULL;
}

static void wait_for_room(Call *call) {
  Api *api = call->api;
  const char *why = why_not(call);
  if (!why && !is_looking(api))
    why = "cannot wait for room to be read as JSON, because there is no memory";
  if (why) end_unread(call, API_HTTP, why);
  else add_waiting(api, call);
}

static bool begins_like_json(Str body) {
  body = str_trim(body);
  return body.len && body.ptr[0] == '{';
}

static void on_answer(void *ctx, ClientResult *answer) {
  Call *call = ctx;
  ApiResult *result = call->result;
  pthread_mutex_lock(&call->api->lock);
  call->sent = 0;
  pthread_mutex_unlock(&call->api->lock);
  result->status = answer->status;
  bool download = is_download(call);
  if (answer->outcome != CLIENT_OK) {
    api_result_fail(result, kind_of(answer->outcome), "%s", answer->err.text);
  } else if (answer->status != 200) {
    api_result_fail(result, API_HTTP, "HTTP status %d instead of 200", answer->status);
  } else if (download && (answer->fd >= 0 || !begins_like_json(answer->body))) {
    api_result_take_download(result, answer);
    answer = NULL;
  } else {
    read_json(call, answer);
    return;
  }
  client_result_free(answer);
  finish(call);
}

// ---- the request --------------------------------------------------------------------------------

static void add_url(const Call *call, Buf *url) {
  const ApiOptions *options = &call->api->options;
  const ApiRequest *request = &call->request;
  Str base = request->mp ? options->mp_base : options->api_base;
  while (base.len && base.ptr[base.len - 1] == '/') base.len--;
  buf_add(url, base);
  buf_add(url, request->path);
  if (request->token.len) url_add_param(url, request->token, call->token);
  for (const Pair *pair = request->query ? request->query->first : NULL; pair; pair = pair->next)
    url_add_param(url, pair->name, pair->value);
}

// In the arena there is mostly room for it, while the call waits.
static bool build_url(Call *call) {
  Buf url;
  buf_init(&url);
  add_url(call, &url);
  call->url = url.failed ? (Str){ 0 } : arena_dup(call->arena, buf_str(&url));
  buf_clear(&url);
  return call->url.ptr != NULL;
}

// Whether the request has a body that needs a Content-Type.
static bool add_content_type(Call *call) {
  Str type = call->request.content_type;
  if (!call->request.has_body || call->request.parts) return false;
  if (!type.len) type = STR("application/json; charset=utf-8");
  call->content_type = (Pair){ STR("Content-Type"), type, NULL };
  call->headers = (Pairs){ &call->content_type, &call->content_type, 1 };
  return true;
}

static void fill_request(Call *call, int64_t pause_ms) {
  const ApiRequest *request = &call->request;
  bool download = request->verb == API_DOWNLOAD;
  bool posts =
      request->verb == API_POST || request->verb == API_UPLOAD || (download && request->has_body);
  int64_t left_ms = (call->deadline_us - clock_now_us()) / 1000 - pause_ms;
  call->out = (ClientRequest){
    .method = posts ? STR("POST") : STR("GET"),
    .url = call->url,
    .headers = add_content_type(call) ? &call->headers : NULL,
    .body = request->body,
    .has_body = request->has_body,
    .repeatable = !request->send,
    .parts = request->parts,
    .response_max = download ? DOWNLOAD_MAX : ANSWER_MAX,
    .memory_max = download ? MEMORY_MAX : 0,
    .timeout_ms = left_ms > 1 ? left_ms : 1,
    .delay_ms = pause_ms,
    .no_headers = !download,
    .insecure = call->api->options.insecure,
  };
}

// With the lock held, so that either this function or the client sees a cancellation.
static bool hand_to_client(Call *call, Err *err) {
  Api *api = call->api;
  if (api->closed || call->cancelled) return err_set(err, ERR_BUSY, "the call was cancelled");
  call->sent = client_send(api->options.client, &call->out, on_answer, call, err);
  return call->sent != 0;
}

static void send_call(Call *call, int64_t pause_ms) {
  Err err = { 0 };
  if (!build_url(call)) {
    fail(call, API_NETWORK, "no memory");
    return;
  }
  fill_request(call, pause_ms);
  pthread_mutex_lock(&call->api->lock);
  bool good = hand_to_client(call, &err);
  pthread_mutex_unlock(&call->api->lock);
  if (!good) fail(call, err.code == ERR_BUSY ? API_CANCELLED : API_NETWORK, err.text);
}

static void on_token(void *ctx, const Token *token, const ApiResult *error) {
  Call *call = ctx;
  if (error) {
    api_result_blame(call->result, error);
    finish(call);
    return;
  }
  call->token = arena_dup(call->arena, token->value);
  if (call->token.ptr) send_call(call, 0);
  else fail(call, API_NETWORK, "no memory");
}

// ---- beginning and cancelling -------------------------------------------------------------------

static Call *call_new(Api *api, Arena *arena, const ApiRequest *request) {
  Call *call = arena_calloc(arena, 1, sizeof *call);
  if (!call || !(call->result = api_result_new(request->method))) return NULL;
  int64_t timeout_ms = api->options.timeout_ms;
  if (request->timeout_ms > 0 && request->timeout_ms < timeout_ms) timeout_ms = request->timeout_ms;
  call->api = api;
  call->arena = arena;
  call->request = *request;
  call->began_us = clock_now_us();
  call->deadline_us = call->began_us + timeout_ms * 1000;
  return call;
}

uint64_t call_begin(Api *api, Arena *arena, const ApiRequest *request, ApiDone done, void *ctx) {
  Call *call = call_new(api, arena, request);
  if (!call) return 0;
  call->done = done;
  call->ctx = ctx;
  pthread_mutex_lock(&api->lock);
  uint64_t id = call->id = handles_add(&api->calls, call);
  if (id) api->count++;
  pthread_mutex_unlock(&api->lock);
  if (!id) api_result_free(call->result);
  else if (request->token.len) tokens_get(api->tokens, request->token, (Str){ 0 }, on_token, call);
  else send_call(call, 0);
  return id;
}

// With the lock held.
static void cancel(Call *call) {
  call->cancelled = true;
  if (call->sent) client_cancel(call->api->options.client, call->sent);
}

void call_cancel(Api *api, uint64_t id) {
  pthread_mutex_lock(&api->lock);
  Call *call = handles_get(&api->calls, id);
  if (call) cancel(call);
  pthread_mutex_unlock(&api->lock);
}

void call_cancel_all(Api *api) {
  pthread_mutex_lock(&api->lock);
  api->closed = true;
  for (uint32_t i = 0; i < api->calls.count; i++) {
    if (api->calls.places[i].thing) cancel(api->calls.places[i].thing);
  }
  pthread_mutex_unlock(&api->lock);
}

void call_wait_for_all(Api *api) {
  pthread_mutex_lock(&api->lock);
  while (api->count) pthread_cond_wait(&api->idle, &api->lock);
  pthread_mutex_unlock(&api->lock);
}
