// An Api against a platform of the test's own: what tests of api/ share.
#ifndef WEMOON_TESTS_API_SIDE_H
#define WEMOON_TESTS_API_SIDE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "api/api.h"
#include "base/clock.h"
#include "http_peer.h"

// ---- a platform ----------------------------------------------------------------------------------------

typedef struct {
  Peer peer;
  pthread_mutex_t lock;
  int number;  // of the token that is good; the tokens are "T1", "T2", ...
  int fetches, forced, tickets, calls, busy_left;
  int errcode;   // the token endpoint refuses with this one
  int delay_ms;  // it takes so long
  int lifetime_s;
  const char *expires_in;  // as it is written; or NULL: lifetime_s
  bool sticky;             // the stable endpoint gives the same one again unless forced
  char last[8192];         // the last request's target and body
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
    char lifetime[20];
    snprintf(lifetime, sizeof lifetime, "%d", platform.lifetime_s);
    snprintf(json, sizeof(json), "{\"access_token\":\"T%d\",\"expires_in\":%s}", platform.number,
             platform.expires_in ? platform.expires_in : lifetime);
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

enum { LARGE_COUNT = 20000, LIST_COUNT = 500 };

// A list of openids, of 16 bytes each.
static bool give_list(const PeerRequest *request, int count, bool is_broken) {
  size_t room = (size_t)count * 32 + 100, len;
  char *json = malloc(room);
  len = (size_t)snprintf(json, room, "{\"openid\":[");
  for (int i = 0; i < count; i++)
    len += (size_t)snprintf(json + len, room - len, "%s\"openid-%06d\"", i ? "," : "", i);
  len += (size_t)snprintf(json + len, room - len, is_broken ? "]" : "]}");
  bool good = peer_answer(request->fd, 200, "application/json", json, len);
  free(json);
  return good;
}

enum { HUGE_SIZE = 17 << 20 };

// A list of texts of 200 bytes.
static bool give_huge(const PeerRequest *request) {
  char item[204], *json = malloc(HUGE_SIZE + 300);
  size_t len = (size_t)sprintf(json, "{\"list\":[\"\"");
  memset(item, 'x', sizeof item);
  item[0] = ',', item[1] = item[sizeof item - 1] = '"';
  for (; len < HUGE_SIZE; len += sizeof item) memcpy(json + len, item, sizeof item);
  len += (size_t)sprintf(json + len, "]}");
  bool good = peer_answer(request->fd, 200, "application/json", json, len);
  free(json);
  return good;
}

enum { MANY_VALUES = 4 << 20 };

// [1,1,1,...: each value takes two bytes of the text.
static bool give_many(const PeerRequest *request) {
  size_t len = 0;
  char *json = malloc(2 * MANY_VALUES + 2);
  for (int i = 0; i < MANY_VALUES; i++) json[len++] = i ? ',' : '[', json[len++] = '1';
  json[len++] = ']';
  bool good = peer_answer(request->fd, 200, "application/json", json, len);
  free(json);
  return good;
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
  if (is(request, "/huge")) return give_huge(request);
  if (is(request, "/many")) return give_many(request);
  if (is(request, "/html"))
    return peer_answer(fd, 200, "application/json", "<html>busy</html>", 17);
  if (is(request, "/500")) return peer_answer(fd, 500, "text/html", "<h1>down</h1>", 13);
  if (is(request, "/redirect"))
    return peer_raw(fd, "HTTP/1.1 302 Found\r\nLocation: /free\r\nContent-Length: 0\r\n\r\n");
  if (is(request, "/half"))
    return peer_raw(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"errcode\""), false;
  if (is(request, "/drop")) return false;
  if (is(request, "/large")) return give_list(request, LARGE_COUNT, false);
  if (is(request, "/large-broken")) return give_list(request, LARGE_COUNT, true);
  if (is(request, "/list")) return give_list(request, LIST_COUNT, false);
  if (is(request, "/quote"))
    return peer_json(fd, "{\"errcode\":40097,\"errmsg\":\"you sent hunter2hunter2\"}");
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
  platform.expires_in = NULL;
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

__attribute__((unused)) static Side open_fresh(void) {
  reset_platform();
  return open_side("memory:", (ApiOptions){ 0 });
}

__attribute__((unused)) static const char *fresh_file(void) {
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

__attribute__((unused)) static void put(void *ctx, ApiResult *result) {
  Box *box = ctx;
  pthread_mutex_lock(&box->lock);
  if (box->result) api_result_free(box->result);
  box->result = result;
  if (result && result->kind == API_OK) box->good++;
  else box->bad++;
  arrive(box);
}

__attribute__((unused)) static void put_token(void *ctx, const Token *token,
                                              const ApiResult *error) {
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

__attribute__((unused)) static ApiRequest to(const char *path) {
  return (ApiRequest){
    .verb = API_GET, .method = STR("test.method"), .path = str_of(path), .token = TOKEN_ACCESS
  };
}

__attribute__((unused)) static uint64_t begin_call(Side side, ApiRequest request, ApiDone done,
                                                   void *ctx) {
  return api_call(side.api, arena_new(), &request, done, ctx);
}

__attribute__((unused)) static ApiResult *run(Side side, ApiRequest request) {
  Box box = BOX(1);
  assert_true(begin_call(side, request, put, &box));
  wait_box(&box);
  return box.result;
}

__attribute__((unused)) static void ends(Side side, ApiRequest request, ApiKind kind,
                                         int64_t errcode, const char *word) {
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

__attribute__((unused)) static void get_token(Side side, Str refused, Box *box) {
  *box = BOX(1);
  tokens_get(api_tokens(side.api), TOKEN_ACCESS, refused, put_token, box);
  wait_box(box);
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

#endif
