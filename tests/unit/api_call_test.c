// Calls and tokens against a platform of the test's own.
#include "api/api.h"
#include "base/clock.h"
#include "http_peer.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <cmocka.h>

// ---- a platform ----------------------------------------------------------------------------------------

typedef struct {
  Peer peer;
  pthread_mutex_t lock;
  int number;  // of the token that is good; the tokens are "T1", "T2", ...
  int fetches, forced, tickets, calls, busy_left;
  int errcode;   // the token endpoint refuses with this one
  int delay_ms;  // it takes so long
  int lifetime_s;
  bool sticky;      // the stable endpoint gives the same one again unless forced
  char last[8192];  // the last request's target and body
} Platform;

static Platform platform;

static bool is(const PeerRequest *request, const char *path) {
  size_t len = strlen(path);
  return strncmp(request->target, path, len) == 0 &&
         (request->target[len] == 0 || request->target[len] == '?');
}

static bool give_token(const PeerRequest *request) {
  char json[300];
  pthread_mutex_lock(&platform.lock);
  platform.fetches++;
  bool force = strstr(request->body, "\"force_refresh\":true") != NULL;
  platform.forced += force;
  int delay_ms = platform.delay_ms;
  if (platform.errcode) {
    snprintf(json, sizeof(json), "{\"errcode\":%d,\"errmsg\":\"refused rid: 60d4c1e3-0f\"}",
             platform.errcode);
  } else {
    if (!platform.sticky || force || platform.number == 0) platform.number++;
    snprintf(json, sizeof(json), "{\"access_token\":\"T%d\",\"expires_in\":%d}", platform.number,
             platform.lifetime_s);
  }
  pthread_mutex_unlock(&platform.lock);
  usleep((useconds_t)delay_ms * 1000);
  return peer_json(request->fd, json);
}

static bool token_is_good(const PeerRequest *request) {
  char good[40];
  pthread_mutex_lock(&platform.lock);
  snprintf(good, sizeof(good), "access_token=T%d", platform.number);
  platform.calls++;
  pthread_mutex_unlock(&platform.lock);
  char *at = strstr(request->target, good);
  return at && (at[strlen(good)] == 0 || at[strlen(good)] == '&');
}

static bool serve(void *ctx, const PeerRequest *request) {
  int fd = request->fd;
  if (is(request, "/cgi-bin/stable_token") || is(request, "/cgi-bin/token"))
    return give_token(request);
  bool good = token_is_good(request);
  pthread_mutex_lock(&platform.lock);
  snprintf(platform.last, sizeof(platform.last), "%s %.2000s\n%.4000s\n%s", request->method,
           request->target, request->head, request->body);
  bool busy = is(request, "/busy") && platform.busy_left > 0;
  if (busy) platform.busy_left--;
  if (is(request, "/cgi-bin/ticket/getticket")) platform.tickets++;
  pthread_mutex_unlock(&platform.lock);
  if (is(request, "/free")) return peer_json(fd, "{\"free\":true}");
  if (is(request, "/html"))
    return peer_answer(fd, 200, "application/json", "<html>busy</html>", 17);
  if (is(request, "/500")) return peer_answer(fd, 500, "text/html", "<h1>down</h1>", 13);
  if (is(request, "/redirect"))
    return peer_raw(fd, "HTTP/1.1 302 Found\r\nLocation: /free\r\nContent-Length: 0\r\n\r\n");
  if (is(request, "/half"))
    return peer_raw(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"errcode\""), false;
  if (is(request, "/silence")) return sleep(2), false;
  if (is(request, "/never")) good = false;
  if (!good)
    return peer_json(fd, "{\"errcode\":40001,\"errmsg\":\"invalid credential rid: 5f-aa\"}");
  if (busy) return peer_json(fd, "{\"errcode\":-1,\"errmsg\":\"system error\"}");
  if (is(request, "/cgi-bin/ticket/getticket"))
    return peer_json(fd, "{\"errcode\":0,\"ticket\":\"TICKET\",\"expires_in\":7200}");
  if (is(request, "/dirty"))
    return peer_answer(fd, 200, "text/plain", "{\"nickname\":\"a\x08\tb\n\xe6\x9c\"}", 22);
  if (is(request, "/unknown"))
    return peer_json(fd, "{\"errcode\":99999,\"errmsg\":\"never heard of rid: 60f-7\"}");
  if (is(request, "/text-code")) return peer_json(fd, "{\"errcode\":\"45009\",\"errmsg\":\"x\"}");
  if (is(request, "/picture"))
    return peer_raw(
        fd, "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-disposition: attachment; "
            "filename=\"a 1.jpg\"\r\nContent-Length: 3\r\n\r\n\xff\xd8\xff");
  if (is(request, "/video")) return peer_json(fd, "{\"video_url\":\"http://x\"}");
  if (is(request, "/no-picture"))
    return peer_answer(fd, 200, "image/jpeg", "{\"errcode\":40007,\"errmsg\":\"invalid media_id\"}",
                       45);
  return peer_json(fd, "{\"errcode\":0,\"errmsg\":\"ok\"}");
}

static void reset_platform(void) {
  pthread_mutex_lock(&platform.lock);
  platform.fetches = platform.forced = platform.tickets = platform.calls = platform.busy_left =
      platform.errcode = platform.delay_ms = 0;
  platform.lifetime_s = 7200;
  platform.sticky = false;
  pthread_mutex_unlock(&platform.lock);
}

// ---- one process's side --------------------------------------------------------------------------------

static char folder[] = "/tmp/wemoon-api-XXXXXX";
static char base[64];
static Account account = { .appid = STR("wxtest"), .appsecret = STR("hunter2hunter2") };

typedef struct {
  Loop *loop;
  Client *client;
  Store *store;
  Api *api;
} Side;

static int next_file;

static Side open_side(const char *store, ApiOptions options) {
  Side side = { .loop = loop_new(NULL) };
  side.client = client_new(side.loop, &(ClientOptions){ 0 }, NULL);
  side.store = store_open(str_of(store), NULL);
  options.account = &account;
  options.client = side.client;
  options.store = side.store;
  options.api_base = str_of(base);
  options.mp_base = str_of(base);
  if (!options.timeout_ms) options.timeout_ms = 10000;
  side.api = api_new(&options, NULL);
  assert_non_null(side.api);
  return side;
}

static Side open_fresh(void) {
  reset_platform();
  return open_side("memory:", (ApiOptions){ 0 });
}

static const char *fresh_file(void) {
  static char url[100];
  snprintf(url, sizeof(url), "sqlite:%s/%d.db", folder, next_file++);
  return url;
}

static void close_side(Side side) {
  api_free(side.api);
  client_free(side.client);
  store_close(side.store);
  loop_free(side.loop);
}

typedef struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  int left;
  ApiResult *result;
  char token[64];
  int64_t errcode;
  int good, bad;
} Box;

#define BOX(n)                                                                                     \
  (Box) { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, (n), NULL, "", 0, 0, 0 }

static void arrive(Box *box) {
  if (--box->left == 0) pthread_cond_signal(&box->changed);
  pthread_mutex_unlock(&box->lock);
}

static void put(void *ctx, ApiResult *result) {
  Box *box = ctx;
  pthread_mutex_lock(&box->lock);
  if (box->result) api_result_free(box->result);
  box->result = result;
  if (result && result->kind == API_OK) box->good++;
  else box->bad++;
  arrive(box);
}

static void put_token(void *ctx, const Token *token, const ApiResult *error) {
  Box *box = ctx;
  pthread_mutex_lock(&box->lock);
  snprintf(box->token, sizeof(box->token), "%s", token ? token->value.ptr : "");
  box->errcode = error ? error->errcode : 0;
  if (token) box->good++;
  else box->bad++;
  arrive(box);
}

static void wait_box(Box *box) {
  pthread_mutex_lock(&box->lock);
  while (box->left > 0) pthread_cond_wait(&box->changed, &box->lock);
  pthread_mutex_unlock(&box->lock);
}

static ApiRequest to(const char *path) {
  return (ApiRequest){
    .verb = API_GET, .method = STR("test.method"), .path = str_of(path), .token = TOKEN_ACCESS
  };
}

static uint64_t begin_call(Side side, ApiRequest request, ApiDone done, void *ctx) {
  return api_call(side.api, arena_new(), &request, done, ctx);
}

static ApiResult *run(Side side, ApiRequest request) {
  Box box = BOX(1);
  assert_true(begin_call(side, request, put, &box));
  wait_box(&box);
  return box.result;
}

static void ends(Side side, ApiRequest request, ApiKind kind, int64_t errcode, const char *word) {
  ApiResult *result = run(side, request);
  if (result->kind != kind || result->errcode != errcode)
    fail_msg("%s %lld: %s", api_kind_name(result->kind), (long long)result->errcode,
             result->errmsg.ptr);
  if (word && !strstr(result->errmsg.ptr, word))
    fail_msg("\"%s\" does not say \"%s\"", result->errmsg.ptr, word);
  if (kind != API_OK) {
    assert_string_equal(result->method, "test.method");
    assert_null(strstr(result->errmsg.ptr, "hunter2"));
    assert_null(strstr(result->errmsg.ptr, "access_token="));
  }
  api_result_free(result);
}

static void get_token(Side side, Str refused, Box *box) {
  *box = BOX(1);
  tokens_get(api_tokens(side.api), TOKEN_ACCESS, refused, put_token, box);
  wait_box(box);
}

// ---- calls ---------------------------------------------------------------------------------------------

static void test_a_call_carries_token_query_and_body(void **state) {
  Side side = open_fresh();
  Pair lang = { STR("lang"), STR("中 a&b"), NULL };
  Pairs query = { &lang, &lang, 1 };
  ApiRequest request = to("/echo");
  request.verb = API_POST;
  request.query = &query;
  request.body = STR("{\"a\":\"月\"}");
  request.has_body = true;
  ends(side, request, API_OK, 0, NULL);
  assert_non_null(strstr(platform.last, "POST /echo?access_token=T"));
  assert_non_null(strstr(platform.last, "&lang=%E4%B8%AD%20a%26b"));
  assert_non_null(strstr(platform.last, "Content-Type: application/json"));
  assert_non_null(strstr(platform.last, "\n{\"a\":\"月\"}"));
  close_side(side);
}

static void test_a_call_without_a_token_fetches_none(void **state) {
  Side side = open_fresh();
  ApiRequest request = to("/free");
  request.token = (Str){ 0 };
  ends(side, request, API_OK, 0, NULL);
  assert_int_equal(platform.fetches, 0);
  close_side(side);
}

static void test_each_failure_has_its_kind(void **state) {
  Side side = open_fresh();
  ends(side, to("/html"), API_JSON, 0, "no JSON");
  ends(side, to("/500"), API_HTTP, 0, "HTTP status 500");
  ends(side, to("/redirect"), API_HTTP, 0, "302");
  ends(side, to("/half"), API_NETWORK, 0, NULL);
  ApiRequest silent = to("/silence");
  silent.timeout_ms = 300;
  ends(side, silent, API_TIMEOUT, 0, NULL);
  ends(side, to("/unknown"), API_REFUSED, 99999, "never heard of");
  ends(side, to("/text-code"), API_REFUSED, 45009, "x");
  ApiResult *result = run(side, to("/unknown"));
  assert_string_equal(result->rid, "60f-7");
  api_result_free(result);
  close_side(side);
}

static void test_the_platform_s_broken_json_is_taken(void **state) {
  Side side = open_fresh();
  ApiResult *result = run(side, to("/dirty"));
  assert_int_equal(result->kind, API_OK);
  assert_int_equal(json_kind(json_get(json_root(result->json), STR("nickname"))), JSON_STRING);
  api_result_free(result);
  close_side(side);
}

static void test_a_download_is_bytes_or_json_or_an_error_whatever_its_type_says(void **state) {
  Side side = open_fresh();
  ApiRequest request = to("/picture");
  request.verb = API_DOWNLOAD;
  ApiResult *result = run(side, request);
  assert_int_equal(result->kind, API_OK);
  assert_int_equal(result->body->size, 3);
  assert_string_equal(result->filename.ptr, "a 1.jpg");
  assert_string_equal(result->content_type.ptr, "image/jpeg");
  api_result_free(result);
  request.path = STR("/video");
  result = run(side, request);
  assert_null(result->body);
  assert_non_null(json_get(json_root(result->json), STR("video_url")));
  api_result_free(result);
  request.path = STR("/no-picture");
  ends(side, request, API_REFUSED, 40007, "invalid media_id");
  close_side(side);
}

static void test_a_busy_platform_is_asked_again_twice_but_not_for_sends(void **state) {
  Side side = open_fresh();
  ends(side, to("/echo"), API_OK, 0, NULL);
  platform.calls = 0;
  platform.busy_left = 2;
  int64_t begin = clock_now_ms();
  ends(side, to("/busy"), API_OK, 0, NULL);
  assert_in_range(clock_now_ms() - begin, 300, 5000);
  assert_int_equal(platform.calls, 3);
  platform.busy_left = 9;
  ends(side, to("/busy"), API_REFUSED, -1, NULL);
  assert_int_equal(platform.calls, 6);
  ApiRequest request = to("/busy");
  request.send = true;
  ends(side, request, API_REFUSED, -1, NULL);
  assert_int_equal(platform.calls, 7);
  close_side(side);
}

static void test_a_file_is_uploaded_again_after_a_renewal(void **state) {
  Side side = open_fresh();
  ends(side, to("/echo"), API_OK, 0, NULL);
  platform.number++;
  char path[] = "/tmp/wemoon-upload-XXXXXX";
  int fd = mkstemp(path);
  assert_int_equal(write(fd, "bytes of a file", 15), 15);
  lseek(fd, 0, SEEK_SET);
  ClientPart part = { .name = STR("media"), .filename = STR("图.jpg"), .fd = fd };
  ApiRequest request = to("/echo");
  request.verb = API_UPLOAD;
  request.parts = &part;
  platform.calls = 0;
  ends(side, request, API_OK, 0, NULL);
  assert_int_equal(platform.calls, 2);
  assert_non_null(strstr(platform.last, "bytes of a file"));
  assert_non_null(strstr(platform.last, "filename=\"图.jpg\""));
  close(fd);
  unlink(path);
  close_side(side);
}

static void test_a_cancelled_call_ends_and_freeing_waits_for_all(void **state) {
  Side side = open_fresh();
  ends(side, to("/echo"), API_OK, 0, NULL);
  Box box = BOX(1);
  ApiRequest silent = to("/silence");
  uint64_t id = begin_call(side, silent, put, &box);
  usleep(50000);
  int64_t begin = clock_now_ms();
  api_cancel(side.api, id);
  wait_box(&box);
  assert_int_equal(box.result->kind, API_CANCELLED);
  api_result_free(box.result);
  Box many = BOX(21);
  many.left = 20;
  platform.busy_left = 5;
  ApiRequest busy = to("/busy");
  for (int i = 0; i < 20; i++) begin_call(side, i < 10 ? silent : busy, put, &many);
  usleep(50000);
  close_side(side);
  assert_int_equal(many.left, 0);
  api_result_free(many.result);
  assert_in_range(clock_now_ms() - begin, 0, 1500);
}

// ---- tokens --------------------------------------------------------------------------------------------

static void test_ten_thousand_callers_make_one_request(void **state) {
  Side side = open_fresh();
  platform.delay_ms = 100;
  Box box = BOX(10000);
  for (int i = 0; i < 10000; i++)
    tokens_get(api_tokens(side.api), TOKEN_ACCESS, (Str){ 0 }, put_token, &box);
  wait_box(&box);
  assert_int_equal(box.good, 10000);
  assert_int_equal(platform.fetches, 1);
  close_side(side);
}

static void test_a_token_revoked_while_a_hundred_calls_are_under_way_is_renewed_once(void **state) {
  Side side = open_fresh();
  ends(side, to("/echo"), API_OK, 0, NULL);
  platform.number++;
  platform.fetches = 0;
  platform.delay_ms = 20;
  Box box = BOX(100);
  ApiRequest request = to("/echo");
  for (int i = 0; i < 100; i++) begin_call(side, request, put, &box);
  wait_box(&box);
  assert_int_equal(box.good, 100);
  assert_int_equal(platform.fetches, 1);
  api_result_free(box.result);
  close_side(side);
}

static void test_a_call_is_sent_again_once_and_no_more(void **state) {
  Side side = open_fresh();
  ends(side, to("/never"), API_REFUSED, 40001, "invalid credential");
  assert_int_equal(platform.calls, 2);
  assert_int_equal(platform.fetches, 2);
  close_side(side);
}

static void test_force_refresh_is_used_only_when_the_refused_token_came_again(void **state) {
  Side side = open_fresh();
  platform.sticky = true;
  platform.number = 1;
  Box box;
  get_token(side, (Str){ 0 }, &box);
  assert_string_equal(box.token, "T1");
  assert_int_equal(platform.forced, 0);
  get_token(side, STR("T1"), &box);
  assert_string_equal(box.token, "T2");
  assert_int_equal(platform.forced, 1);
  assert_int_equal(platform.fetches, 3);
  get_token(side, STR("T1"), &box);
  assert_string_equal(box.token, "T2");
  assert_int_equal(platform.fetches, 3);
  close_side(side);
}

static void test_a_token_is_renewed_five_minutes_before_its_end(void **state) {
  Side side = open_fresh();
  Box box;
  platform.lifetime_s = 301;
  get_token(side, (Str){ 0 }, &box);
  get_token(side, (Str){ 0 }, &box);
  assert_int_equal(platform.fetches, 1);
  usleep(1100000);
  platform.lifetime_s = 7200;
  get_token(side, (Str){ 0 }, &box);
  assert_int_equal(platform.fetches, 2);
  close_side(side);
}

static void test_the_old_token_serves_its_last_minutes_when_no_new_one_can_be_had(void **state) {
  Side side = open_fresh();
  Box box;
  platform.lifetime_s = 301;
  get_token(side, (Str){ 0 }, &box);
  char old[64];
  snprintf(old, sizeof(old), "%s", box.token);
  usleep(1100000);
  platform.errcode = 40164;
  get_token(side, (Str){ 0 }, &box);
  assert_string_equal(box.token, old);
  get_token(side, (Str){ 0 }, &box);
  assert_string_equal(box.token, old);
  assert_int_equal(platform.fetches, 2);
  close_side(side);
}

static void test_a_token_that_lives_under_five_minutes_is_used_until_it_ends(void **state) {
  Side side = open_fresh();
  Box box;
  platform.lifetime_s = 2;
  get_token(side, (Str){ 0 }, &box);
  usleep(800000);
  get_token(side, (Str){ 0 }, &box);
  assert_int_equal(platform.fetches, 1);
  usleep(1300000);
  get_token(side, (Str){ 0 }, &box);
  assert_int_equal(platform.fetches, 2);
  close_side(side);
}

static void
test_a_refusal_that_will_not_pass_is_remembered_but_a_grant_asks_all_the_same(void **state) {
  reset_platform();
  const char *file = fresh_file();
  Side side = open_side(file, (ApiOptions){ 0 });
  platform.errcode = 40164;
  for (int i = 0; i < 50; i++) ends(side, to("/echo"), API_REFUSED, 40164, "refused");
  assert_int_equal(platform.fetches, 1);
  close_side(side);
  side = open_side(file, (ApiOptions){ 0 });
  ApiResult *result = run(side, to("/echo"));
  assert_int_equal(result->errcode, 40164);
  assert_string_equal(result->rid, "60d4c1e3-0f");
  api_result_free(result);
  assert_int_equal(platform.fetches, 1);
  Box box = BOX(1);
  tokens_grant(api_tokens(side.api), TOKEN_ACCESS, true, put, &box);
  wait_box(&box);
  assert_int_equal(box.result->errcode, 40164);
  api_result_free(box.result);
  assert_int_equal(platform.fetches, 2);
  platform.errcode = 0;
  box = BOX(1);
  tokens_grant(api_tokens(side.api), TOKEN_ACCESS, true, put, &box);
  wait_box(&box);
  assert_int_equal(box.result->kind, API_OK);
  assert_non_null(json_get(json_root(box.result->json), STR("expires_in")));
  api_result_free(box.result);
  ends(side, to("/echo"), API_OK, 0, NULL);
  assert_int_equal(platform.fetches, 3);
  close_side(side);
  // A new secret is tried at once.
  platform.errcode = 40125;
  file = fresh_file();
  side = open_side(file, (ApiOptions){ 0 });
  ends(side, to("/echo"), API_REFUSED, 40125, NULL);
  close_side(side);
  platform.errcode = 0;
  account.appsecret = STR("another hunter2");
  side = open_side(file, (ApiOptions){ 0 });
  ends(side, to("/echo"), API_OK, 0, NULL);
  close_side(side);
  account.appsecret = STR("hunter2hunter2");
}

static void test_other_failures_of_the_fetch_are_not_remembered(void **state) {
  Side side = open_fresh();
  platform.errcode = 45009;
  ends(side, to("/echo"), API_REFUSED, 45009, NULL);
  platform.errcode = 0;
  ends(side, to("/echo"), API_OK, 0, NULL);
  close_side(side);
}

static void test_a_grant_without_override_leaves_the_cache_alone(void **state) {
  Side side = open_fresh();
  Box box, grant = BOX(1);
  get_token(side, (Str){ 0 }, &box);
  char old[64];
  snprintf(old, sizeof(old), "%s", box.token);
  tokens_grant(api_tokens(side.api), TOKEN_ACCESS, false, put, &grant);
  wait_box(&grant);
  assert_int_equal(grant.result->kind, API_OK);
  api_result_free(grant.result);
  get_token(side, (Str){ 0 }, &box);
  assert_string_equal(box.token, old);
  close_side(side);
}

static void test_a_token_is_kept_in_the_store_for_the_next_process(void **state) {
  reset_platform();
  const char *file = fresh_file();
  Side side = open_side(file, (ApiOptions){ 0 });
  ends(side, to("/echo"), API_OK, 0, NULL);
  close_side(side);
  side = open_side(file, (ApiOptions){ 0 });
  ends(side, to("/echo"), API_OK, 0, NULL);
  assert_int_equal(platform.fetches, 1);
  assert_in_range(tokens_left_s(api_tokens(side.api), TOKEN_ACCESS), 7100, 7200);
  close_side(side);
}

static void test_an_imported_token_counts_unless_the_store_s_lives_longer(void **state) {
  reset_platform();
  const char *file = fresh_file();
  ApiOptions options = { .access_token = { STR("IMPORTED"), clock_unix_s() + 4000 },
                         .jsapi_ticket = { STR("JT"), clock_unix_s() + 4000 } };
  Side side = open_side(file, options);
  Box box;
  get_token(side, (Str){ 0 }, &box);
  assert_string_equal(box.token, "IMPORTED");
  box = BOX(1);
  tokens_get(api_tokens(side.api), STR("jsapi"), (Str){ 0 }, put_token, &box);
  wait_box(&box);
  assert_string_equal(box.token, "JT");
  close_side(side);
  // An older one does not replace it.
  options.access_token = (Token){ STR("OLDER"), clock_unix_s() + 3000 };
  side = open_side(file, options);
  get_token(side, (Str){ 0 }, &box);
  assert_string_equal(box.token, "IMPORTED");
  // One that the platform refuses is given up.
  ends(side, to("/echo"), API_OK, 0, NULL);
  assert_int_equal(platform.fetches, 1);
  close_side(side);
  options.access_token = (Token){ STR("EXPIRED"), clock_unix_s() - 10 };
  side = open_side("memory:", options);
  get_token(side, (Str){ 0 }, &box);
  assert_string_not_equal(box.token, "EXPIRED");
  close_side(side);
}

static void test_tickets_are_fetched_with_the_token_and_cached(void **state) {
  Side side = open_fresh();
  Box box = BOX(100);
  for (int i = 0; i < 100; i++)
    tokens_get(api_tokens(side.api), STR("jsapi"), (Str){ 0 }, put_token, &box);
  wait_box(&box);
  assert_string_equal(box.token, "TICKET");
  assert_int_equal(platform.tickets, 1);
  assert_int_equal(platform.fetches, 1);
  assert_non_null(strstr(platform.last, "type=jsapi"));
  close_side(side);
}

static void test_the_classic_endpoint_is_asked_where_it_is_configured(void **state) {
  reset_platform();
  Side side = open_side("memory:", (ApiOptions){ .classic_token = true });
  ends(side, to("/echo"), API_OK, 0, NULL);
  platform.number++;
  ends(side, to("/echo"), API_OK, 0, NULL);
  assert_int_equal(platform.forced, 0);
  close_side(side);
}

// This program again, as another process: "fetch FILE BASE" gets the token fifty times, "die FILE BASE" ends
// in the middle of it.
static pid_t start_process(const char *what, const char *file) {
  pid_t pid = fork();
  if (pid != 0) return pid;
  execl("/proc/self/exe", "api_call_test", what, file, base, (char *)NULL);
  _exit(127);
}

static int be_a_process(char **args) {
  snprintf(base, sizeof(base), "%s", args[3]);
  bool dies = strcmp(args[1], "die") == 0;
  Side side = open_side(args[2], (ApiOptions){ .timeout_ms = dies ? 1000 : 0 });
  Box box = BOX(50);
  for (int i = 0; i < 50; i++)
    tokens_get(api_tokens(side.api), TOKEN_ACCESS, (Str){ 0 }, put_token, &box);
  if (dies) {
    usleep(300000);
    _exit(0);
  }
  wait_box(&box);
  close_side(side);
  return box.good == 50 ? 0 : 1;
}

static void test_four_processes_on_one_store_make_one_request(void **state) {
  reset_platform();
  const char *file = fresh_file();
  platform.delay_ms = 500;
  pid_t pids[4];
  for (int i = 0; i < 4; i++) pids[i] = start_process("fetch", file);
  for (int i = 0; i < 4; i++) {
    int status;
    waitpid(pids[i], &status, 0);
    assert_int_equal(status, 0);
  }
  assert_int_equal(platform.fetches, 1);
}

static void
test_a_process_that_died_while_fetching_holds_others_up_only_for_its_lease(void **state) {
#if defined(__SANITIZE_THREAD__)
  skip();  // to start a process takes longer than the lease there
#endif
  reset_platform();
  const char *file = fresh_file();
  platform.delay_ms = 2000;
  waitpid(start_process("die", file), NULL, 0);
  assert_int_equal(platform.fetches, 1);
  platform.delay_ms = 0;
  Side side = open_side(file, (ApiOptions){ .timeout_ms = 10000 });
  int64_t begin = clock_now_ms();
  ends(side, to("/echo"), API_OK, 0, NULL);
  assert_in_range(clock_now_ms() - begin, 1000, 4500);
  close_side(side);
}

// A record as a process with another clock would have left it.
static void keep_record(Side side, const char *record) {
  StoreCall set = { .op = STORE_SET,
                    .key = STR("token/wxtest/access_token/value"),
                    .value = str_of(record) };
  StoreReply *reply = store_call_wait(side.store, &set, NULL);
  assert_true(reply->ok);
  store_reply_free(reply);
}

static void keep_token(Side side, const char *value, int64_t expires_at) {
  char record[200];
  snprintf(record, sizeof(record), "{\"value\":\"%s\",\"expires_at\":%lld,\"lifetime\":7200}",
           value, (long long)expires_at);
  keep_record(side, record);
}

static void test_a_clock_that_jumped_makes_nobody_believe_in_more_than_a_lifetime(void **state) {
  Box box;
  Side side = open_fresh();
  keep_token(side, "FUTURE", clock_unix_s() + 100000);  // the clock was set back since
  get_token(side, (Str){ 0 }, &box);
  assert_string_equal(box.token, "FUTURE");
  assert_in_range(tokens_left_s(api_tokens(side.api), TOKEN_ACCESS), 7100, 7200);
  close_side(side);
  side = open_fresh();
  keep_token(side, "PAST", clock_unix_s() - 100000);  // it was set forward
  get_token(side, (Str){ 0 }, &box);
  assert_string_not_equal(box.token, "PAST");
  assert_int_equal(platform.fetches, 1);
  // In this process the token lives by the monotonic clock, whatever the store says now.
  keep_token(side, "PAST", clock_unix_s() - 100000);
  get_token(side, (Str){ 0 }, &box);
  assert_int_equal(platform.fetches, 1);
  close_side(side);
}

static void test_what_the_store_holds_may_be_rubbish(void **state) {
  static const char *const records[] = { "{\"value\":1,", "[]",
                                         "{\"value\":1,\"expires_at\":2,\"lifetime\":3}", "" };
  for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++) {
    Box box;
    Side side = open_fresh();
    keep_record(side, records[i]);
    get_token(side, (Str){ 0 }, &box);
    assert_int_equal(platform.fetches, 1);
    assert_int_equal(box.good, 1);
    close_side(side);
  }
}

static void
test_without_a_store_the_stable_endpoint_still_gives_tokens_and_the_classic_one_does_not(
    void **state) {
  reset_platform();
  Side side = open_side("redis://127.0.0.1:1", (ApiOptions){ 0 });
  ends(side, to("/echo"), API_OK, 0, NULL);
  ends(side, to("/echo"), API_OK, 0, NULL);
  assert_int_equal(platform.fetches, 1);
  platform.errcode = 40164;
  platform.number++;
  for (int i = 0; i < 5; i++) ends(side, to("/echo"), API_REFUSED, 40164, NULL);
  assert_int_equal(platform.fetches, 2);
  close_side(side);
  reset_platform();
  side = open_side("redis://127.0.0.1:1", (ApiOptions){ .classic_token = true });
  ends(side, to("/echo"), API_NETWORK, 0, "Redis at 127.0.0.1:1");
  assert_int_equal(platform.fetches, 0);
  close_side(side);
}

static int set_up(void **state) {
  pthread_mutex_init(&platform.lock, NULL);
  peer_start(&platform.peer, serve, NULL);
  snprintf(base, sizeof(base), "http://127.0.0.1:%d/", platform.peer.port);
  return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state) {
  peer_stop(&platform.peer);
  char command[80];
  snprintf(command, sizeof(command), "rm -rf %s", folder);
  return system(command);
}

int main(int argc, char **argv) {
  if (argc == 4) return be_a_process(argv);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_call_carries_token_query_and_body),
    cmocka_unit_test(test_a_call_without_a_token_fetches_none),
    cmocka_unit_test(test_each_failure_has_its_kind),
    cmocka_unit_test(test_the_platform_s_broken_json_is_taken),
    cmocka_unit_test(test_a_download_is_bytes_or_json_or_an_error_whatever_its_type_says),
    cmocka_unit_test(test_a_busy_platform_is_asked_again_twice_but_not_for_sends),
    cmocka_unit_test(test_a_file_is_uploaded_again_after_a_renewal),
    cmocka_unit_test(test_a_cancelled_call_ends_and_freeing_waits_for_all),
    cmocka_unit_test(test_ten_thousand_callers_make_one_request),
    cmocka_unit_test(test_a_token_revoked_while_a_hundred_calls_are_under_way_is_renewed_once),
    cmocka_unit_test(test_a_call_is_sent_again_once_and_no_more),
    cmocka_unit_test(test_force_refresh_is_used_only_when_the_refused_token_came_again),
    cmocka_unit_test(test_a_token_is_renewed_five_minutes_before_its_end),
    cmocka_unit_test(test_the_old_token_serves_its_last_minutes_when_no_new_one_can_be_had),
    cmocka_unit_test(test_a_token_that_lives_under_five_minutes_is_used_until_it_ends),
    cmocka_unit_test(test_a_refusal_that_will_not_pass_is_remembered_but_a_grant_asks_all_the_same),
    cmocka_unit_test(test_other_failures_of_the_fetch_are_not_remembered),
    cmocka_unit_test(test_a_grant_without_override_leaves_the_cache_alone),
    cmocka_unit_test(test_a_token_is_kept_in_the_store_for_the_next_process),
    cmocka_unit_test(test_an_imported_token_counts_unless_the_store_s_lives_longer),
    cmocka_unit_test(test_tickets_are_fetched_with_the_token_and_cached),
    cmocka_unit_test(test_the_classic_endpoint_is_asked_where_it_is_configured),
    cmocka_unit_test(test_four_processes_on_one_store_make_one_request),
    cmocka_unit_test(test_a_clock_that_jumped_makes_nobody_believe_in_more_than_a_lifetime),
    cmocka_unit_test(test_what_the_store_holds_may_be_rubbish),
    cmocka_unit_test(test_a_process_that_died_while_fetching_holds_others_up_only_for_its_lease),
    cmocka_unit_test(
        test_without_a_store_the_stable_endpoint_still_gives_tokens_and_the_classic_one_does_not),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
