// Actions that libcurl would take by itself: each line of the table in net/client.h.
#include "client_side.h"

#include <netdb.h>
#include <sys/syscall.h>
#include <time.h>

// Moves the clock of libcurl and libuv.
static _Atomic int64_t ahead_s;

int clock_gettime(clockid_t clock, struct timespec *now) {
  long failed = syscall(SYS_clock_gettime, clock, now);
  if (clock != CLOCK_REALTIME) now->tv_sec += ahead_s;
  return (int)failed;
}

static const char zipped[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xcb\x48\xcd\xc9\xc9\x07\x00"
                             "\x86\xa6\x10\x36\x05\x00\x00\x00";

static bool redirect(const PeerRequest *request) {
  const char *query = strchr(request->target, '?');
  int status = query ? atoi(query + 1) : 302;
  const char *to = query ? strchr(query, '=') + 1 : "/end";
  char answer[400];
  snprintf(answer, sizeof answer, "HTTP/1.1 %d X\r\nLocation: %s\r\nContent-Length: 5\r\n\r\nmoved",
           status, to);
  return peer_raw(request->fd, answer);
}

// More than libcurl takes, which then says that it has no memory.
static bool answer_with_a_long_line(int fd) {
  static char line[300 * 1000];
  memset(line, 'x', sizeof line);
  return peer_raw(fd, "HTTP/1.1 200 OK\r\nX: ") && peer_write(fd, line, sizeof line) &&
         peer_raw(fd, "\r\nContent-Length: 0\r\n\r\n");
}

static bool behave(void *ctx, const PeerRequest *request) {
  static _Thread_local int before;  // on this connection
  int fd = request->fd, earlier = before++;
  note(request);
  if (is(request, "/drop")) return false;
  if (is(request, "/drop-later") && earlier) return false;
  if (is(request, "/late-silence")) return earlier ? false : (sleep(2), false);
  if (is(request, "/silence")) return sleep(2), false;
  if (is(request, "/half"))
    return peer_raw(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), false;
  if (is(request, "/redirect")) return redirect(request);
  if (is(request, "/loop"))
    return peer_raw(fd, "HTTP/1.1 302 X\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n");
  if (is(request, "/zipped")) {
    char answer[400];
    int len = snprintf(answer, sizeof answer,
                       "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
                       sizeof zipped - 1);
    return peer_write(fd, answer, (size_t)len) && peer_write(fd, zipped, sizeof zipped - 1);
  }
  if (is(request, "/cookie"))
    return peer_raw(fd, "HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nAlt-Svc: h2=\":1\"\r\n"
                        "Content-Length: 0\r\n\r\n");
  if (is(request, "/401"))
    return peer_raw(fd, "HTTP/1.1 401 X\r\nWWW-Authenticate: Digest realm=\"x\", nonce=\"y\"\r\n"
                        "Content-Length: 0\r\n\r\n");
  if (is(request, "/long-line")) return answer_with_a_long_line(fd);
  if (is(request, "/0.9")) return peer_raw(fd, "hello"), false;
  if (strcmp(request->method, "HEAD") == 0)
    return peer_raw(fd, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
  return peer_json(fd, "end");
}

static int requests(void) { return atomic_load(&peer.requests); }

static int connections(void) { return atomic_load(&peer.connections); }

static ClientRequest post(const char *path) {
  ClientRequest request = get(path);
  request.method = STR("POST");
  request.body = STR("once");
  request.has_body = true;
  request.repeatable = false;
  return request;
}

static ClientRequest follow(ClientRequest request) {
  request.follow = true;
  return request;
}

// Sends a request, so that the next one finds a kept connection.
static void warm(void) { client_result_free(run(get("/hello"))); }

// ---- connection breaks --------------------------------------------------------------------------

static void test_what_must_not_be_repeated_is_sent_once_over_a_kept_connection(void **state) {
  warm();
  int before = requests();
  ends(post("/drop-later"), CLIENT_UNKNOWN, "whether the request arrived is not known");
  assert_int_equal(requests() - before, 1);
}

static void test_what_may_be_repeated_is_sent_again_unseen(void **state) {
  warm();
  int before = requests();
  ends(get("/drop-later"), CLIENT_OK, NULL);
  assert_int_equal(requests() - before, 2);
  ClientRequest request = post("/drop-later");
  request.repeatable = true;
  warm();
  ends(request, CLIENT_OK, NULL);
  is_seen("\r\n\r\nonce");
}

static void test_a_fresh_connection_that_breaks_is_unknown_too_if_sending_had_begun(void **state) {
  ends(post("/drop"), CLIENT_UNKNOWN, NULL);
  ends(post("/half"), CLIENT_UNKNOWN, NULL);
  ends(get("/drop"), CLIENT_NETWORK, NULL);
  ClientRequest nobody = post("/");
  nobody.url = STR("http://127.0.0.1:1/");
  ends(nobody, CLIENT_NETWORK, NULL);
}

static void test_what_was_sent_is_unknown_too_if_there_is_no_memory_for_the_answer(void **state) {
  ends(post("/long-line"), CLIENT_UNKNOWN, "one line of its head, or the address, is too long");
  ends(get("/long-line"), CLIENT_NETWORK, "one line of its head, or the address, is too long");
}

static void test_a_connection_long_idle_is_not_used_for_what_is_sent_once(void **state) {
  ends(post("/hello"), CLIENT_OK, NULL);
  int before = connections();
  ahead_s += 2;
  ends(post("/hello"), CLIENT_OK, NULL);
  assert_int_equal(connections() - before, 0);
  ahead_s += 30;
  ends(get("/hello"), CLIENT_OK, NULL);
  assert_int_equal(connections() - before, 0);
  ahead_s += 4;  // many servers close it after 5
  ends(post("/hello"), CLIENT_OK, NULL);
  assert_int_equal(connections() - before, 1);
}

static void within(ClientRequest request, int64_t ms) {
  request.timeout_ms = ms;
  int64_t begin = clock_now_ms();
  ends(request, CLIENT_TIMEOUT, "no whole answer within");
  assert_in_range(clock_now_ms() - begin, ms - 10, ms + 250);
}

static void test_one_clock_runs_through_repeats_and_redirects(void **state) {
  warm();
  within(get("/late-silence"), 300);
  within(follow(get("/redirect?302=/silence")), 300);
  within(post("/silence"), 300);
}

// ---- redirects ----------------------------------------------------------------------------------

static void redirects(const char *method, bool body, int status, const char *as) {
  char path[60], line[60];
  snprintf(path, sizeof path, "/redirect?%d=/end", status);
  snprintf(line, sizeof line, "%s /end HTTP/1.1\r\n", as);
  ClientRequest request = follow(post(path));
  request.method = str_of(method);
  request.has_body = body;
  if (!body) request.body = STR("");
  ends(request, CLIENT_OK, NULL);
  is_seen(line);
  if (body && strcmp(method, as) == 0) is_seen("\r\n\r\nonce");
  else is_not_seen("once");
}

static void test_redirects_change_the_method_as_browsers_do(void **state) {
  redirects("POST", true, 301, "GET");
  redirects("POST", true, 302, "GET");
  redirects("POST", true, 303, "GET");
  redirects("POST", true, 307, "POST");
  redirects("POST", true, 308, "POST");
  redirects("PUT", true, 301, "PUT");
  redirects("PUT", true, 302, "PUT");
  redirects("PUT", true, 303, "GET");
  redirects("PUT", true, 307, "PUT");
  redirects("DELETE", false, 302, "DELETE");
  redirects("DELETE", true, 308, "DELETE");
  redirects("GET", false, 303, "GET");
  redirects("HEAD", false, 303, "HEAD");
}

static void test_a_file_is_sent_anew_after_a_redirect(void **state) {
  ClientPart part = {
    .name = STR("media"), .filename = STR("a.txt"), .data = STR("bytes"), .fd = -1
  };
  ClientRequest request = follow(post("/redirect?307=/end"));
  request.has_body = false;
  request.parts = &part;
  ends(request, CLIENT_OK, NULL);
  is_seen("POST /end HTTP/1.1\r\n");
  is_seen("filename=\"a.txt\"");
  is_seen("\r\n\r\nbytes\r\n");
}

static void test_another_origin_gets_no_credentials(void **state) {
  char path[100];
  Arena *arena = arena_new();
  Pairs headers = { 0 };
  pairs_add(&headers, arena, STR("authorization"), STR("Bearer secret"));
  pairs_add(&headers, arena, STR("Cookie"), STR("session=secret"));
  pairs_add(&headers, arena, STR("X-Mine"), STR("1"));
  pairs_add(&headers, arena, STR("Content-Language"), STR("zh"));
  ClientRequest request = follow(post("/redirect?307=/end"));
  request.headers = &headers;
  ends(request, CLIENT_OK, NULL);
  is_seen("Bearer secret");
  is_seen("Content-Language");
  snprintf(path, sizeof path, "/redirect?302=http://localhost:%d/end", peer.port);
  request.url = url_of(path);
  ends(request, CLIENT_OK, NULL);
  is_seen("Host: localhost:");
  is_seen("X-Mine: 1");
  is_not_seen("secret");
  is_not_seen("Content-Language");
  arena_free(arena);
}

static void test_redirects_end_after_ten_and_lead_to_http_alone(void **state) {
  int before = requests();
  ends(follow(get("/loop")), CLIENT_NETWORK, "more than 10 redirects");
  assert_int_equal(requests() - before, 11);
  ends(follow(get("/redirect?302=file:///etc/passwd")), CLIENT_NETWORK, "neither http nor https");
  ends(follow(get("/redirect?302=ftp://127.0.0.1/x")), CLIENT_NETWORK, "neither http nor https");
  ClientResult *result = run(get("/redirect?302=/end"));
  assert_int_equal(result->status, 302);
  assert_string_equal(result->body.ptr, "moved");
  client_result_free(result);
}

static void test_an_answer_after_redirects_is_the_last_one_alone(void **state) {
  ClientResult *result = run(follow(get("/redirect?302=/end")));
  assert_int_equal(result->status, 200);
  assert_string_equal(result->body.ptr, "end");
  assert_int_equal(result->size, 3);
  assert_int_equal(pairs_get_nocase(&result->headers, STR("Location"), NULL), 0);
  client_result_free(result);
}

// ---- headers added by libcurl -------------------------------------------------------------------

static void test_no_word_is_waited_for_before_a_body_unless_the_request_asks(void **state) {
  static char large[2 << 20];
  memset(large, 'x', sizeof large);
  ClientRequest request = post("/hello");
  request.body = str_make(large, sizeof large);
  int64_t begin = clock_now_ms();
  ends(request, CLIENT_OK, NULL);
  assert_in_range(clock_now_ms() - begin, 0, 900);
  Pair expect = { STR("Expect"), STR("100-continue"), NULL };
  Pairs headers = { &expect, &expect, 1 };
  request = post("/hello");
  request.headers = &headers;
  begin = clock_now_ms();
  ends(request, CLIENT_OK, NULL);
  is_seen("Expect: 100-continue");
  is_seen("once");
  assert_in_range(clock_now_ms() - begin, 900, 2500);
}

static void test_bodies_are_decoded_and_headers_left(void **state) {
  ClientResult *result = run(get("/zipped"));
  assert_string_equal(result->body.ptr, "hello");
  assert_int_equal(pairs_get_nocase(&result->headers, STR("Content-Encoding"), NULL), 1);
  client_result_free(result);
  is_seen("Accept-Encoding: gzip\r\n");
  Pair own = { STR("accept-encoding"), STR("identity"), NULL };
  Pairs headers = { &own, &own, 1 };
  ClientRequest request = get("/hello");
  request.headers = &headers;
  ends(request, CLIENT_OK, NULL);
  is_seen("accept-encoding: identity\r\n");
  is_not_seen("gzip");
}

static void test_cookies_and_other_addresses_are_forgotten(void **state) {
  ends(get("/cookie"), CLIENT_OK, NULL);
  int before = requests();
  ends(get("/hello"), CLIENT_OK, NULL);
  assert_int_equal(requests() - before, 1);
  is_not_seen("Cookie");
}

static void test_no_file_of_passwords_is_read_but_those_in_the_url_are_sent(void **state) {
  char home[] = "/tmp/wemoon-home-XXXXXX", file[60], url[80];
  assert_non_null(mkdtemp(home));
  snprintf(file, sizeof file, "%s/.netrc", home);
  FILE *netrc = fopen(file, "w");
  fputs("machine 127.0.0.1 login me password hunter2\n", netrc);
  fclose(netrc);
  setenv("HOME", home, 1);
  ends(get("/hello"), CLIENT_OK, NULL);
  is_not_seen("Authorization");
  unlink(file);
  rmdir(home);
  snprintf(url, sizeof url, "http://me:pw@127.0.0.1:%d/401", peer.port);
  ClientRequest request = get("/");
  request.url = str_of(url);
  int before = requests();
  ClientResult *result = run(request);
  assert_int_equal(result->status, 401);
  client_result_free(result);
  is_seen("Authorization: Basic bWU6cHc=\r\n");
  assert_int_equal(requests() - before, 1);
}

static void test_the_environment_names_no_proxy_and_no_exception(void **state) {
  char proxy[60];
  snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", peer.port);
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
  ends(get("/hello"), CLIENT_OK, NULL);
  is_seen("GET /hello HTTP/1.1");
  setenv("no_proxy", "far.example,*", 1);
  setenv("NO_PROXY", "*", 1);
  Client *proxied = client_new(loop, &(ClientOptions){ .proxy = proxy }, NULL);
  ClientRequest request = get("/");
  request.url = STR("http://far.example/hello");
  ClientResult *result = run_with(proxied, request);
  assert_int_equal(result->outcome, CLIENT_OK);
  client_result_free(result);
  is_seen("GET http://far.example/hello HTTP/1.1");
  client_free(proxied);
  unsetenv("http_proxy"), unsetenv("ALL_PROXY"), unsetenv("no_proxy"), unsetenv("NO_PROXY");
}

static void test_old_and_new_kinds_of_http_are_not_tried(void **state) {
  ends(get("/0.9"), CLIENT_NETWORK, NULL);
  ends(post("/hello"), CLIENT_OK, NULL);
  is_not_seen("Upgrade");
  is_not_seen("HTTP2-Settings");
}

// Answers a head with 417, before the body arrives.
static void *refuse_expectation(void *arg) {
  char head[4096];
  int fd = accept(*(int *)arg, NULL, NULL);
  if (recv(fd, head, sizeof head, 0) > 0)
    peer_raw(fd, "HTTP/1.1 417 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  close(fd);
  return NULL;
}

static void test_a_refused_expectation_is_an_answer_like_any_other(void **state) {
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t len = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
  assert_int_equal(listen(listener, 8), 0);
  getsockname(listener, (struct sockaddr *)&address, &len);
  pthread_t thread;
  pthread_create(&thread, NULL, refuse_expectation, &listener);
  char url[60];
  snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
  Pair expect = { STR("Expect"), STR("100-continue"), NULL };
  Pairs headers = { &expect, &expect, 1 };
  ClientRequest request = post("/");
  request.url = str_of(url);
  request.headers = &headers;
  ClientResult *result = run(request);
  assert_int_equal(result->status, 417);
  client_result_free(result);
  pthread_join(thread, NULL);
  close(listener);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_what_must_not_be_repeated_is_sent_once_over_a_kept_connection),
    cmocka_unit_test(test_what_may_be_repeated_is_sent_again_unseen),
    cmocka_unit_test(test_a_fresh_connection_that_breaks_is_unknown_too_if_sending_had_begun),
    cmocka_unit_test(test_what_was_sent_is_unknown_too_if_there_is_no_memory_for_the_answer),
    cmocka_unit_test(test_a_connection_long_idle_is_not_used_for_what_is_sent_once),
    cmocka_unit_test(test_one_clock_runs_through_repeats_and_redirects),
    cmocka_unit_test(test_redirects_change_the_method_as_browsers_do),
    cmocka_unit_test(test_a_file_is_sent_anew_after_a_redirect),
    cmocka_unit_test(test_another_origin_gets_no_credentials),
    cmocka_unit_test(test_redirects_end_after_ten_and_lead_to_http_alone),
    cmocka_unit_test(test_an_answer_after_redirects_is_the_last_one_alone),
    cmocka_unit_test(test_no_word_is_waited_for_before_a_body_unless_the_request_asks),
    cmocka_unit_test(test_bodies_are_decoded_and_headers_left),
    cmocka_unit_test(test_cookies_and_other_addresses_are_forgotten),
    cmocka_unit_test(test_no_file_of_passwords_is_read_but_those_in_the_url_are_sent),
    cmocka_unit_test(test_the_environment_names_no_proxy_and_no_exception),
    cmocka_unit_test(test_old_and_new_kinds_of_http_are_not_tried),
    cmocka_unit_test(test_a_refused_expectation_is_an_answer_like_any_other),
  };
  return cmocka_run_group_tests(tests, side_set_up, side_tear_down);
}
