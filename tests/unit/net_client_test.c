// The HTTP client against correct servers and against faulty ones.
#include "client_side.h"

#include <fcntl.h>
#include <sys/wait.h>

enum { TOGETHER = 1000, IN_VAIN_MS = 100000, SILENCE_MS = 3000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t all_are_there = PTHREAD_COND_INITIALIZER;
static int waiting;  // requests for /together

// Answers once all are there; the client ends in time if they never are.
static bool answer_together(int fd) {
  pthread_mutex_lock(&mutex);
  if (++waiting == TOGETHER) pthread_cond_broadcast(&all_are_there);
  while (waiting < TOGETHER) pthread_cond_wait(&all_are_there, &mutex);
  pthread_mutex_unlock(&mutex);
  return peer_json(fd, "late");
}

static bool behave(void *ctx, const PeerRequest *request) {
  static _Thread_local int before;  // on this connection
  int fd = request->fd;
  note(request);
  if (is(request, "/once") && before++ > 0) return false;
  if (is(request, "/silence")) return usleep(SILENCE_MS * 1000), false;
  if (is(request, "/together")) return answer_together(fd);
  if (is(request, "/half"))
    return peer_raw(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"errcode\""), false;
  if (is(request, "/half-head")) return peer_raw(fd, "HTTP/1.1 200 OK\r\nContent-Le"), false;
  if (is(request, "/no-http")) return peer_raw(fd, "SSH-2.0-OpenSSH_9.2\r\n\r\n"), false;
  if (is(request, "/close")) return false;
  if (is(request, "/500")) return peer_answer(fd, 500, "text/html", "<h1>down</h1>", 13);
  if (is(request, "/redirect"))
    return peer_raw(fd, "HTTP/1.1 302 Found\r\nLocation: /hello\r\nContent-Length: 5\r\n\r\nmoved");
  if (is(request, "/loop"))
    return peer_raw(fd, "HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n");
  if (is(request, "/file"))
    return peer_raw(
        fd, "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n");
  return peer_raw(
      fd, "HTTP/1.1 200 OK\r\nX-One: 1\r\nx-two:  two words \r\nContent-Length: 5\r\n\r\nhello");
}

// ---- requests and answers -----------------------------------------------------------------------

static void test_a_status_other_than_200_is_an_answer_too(void **state) {
  ClientResult *result = run(get("/500"));
  assert_int_equal(result->outcome, CLIENT_OK);
  assert_int_equal(result->status, 500);
  assert_string_equal(result->body.ptr, "<h1>down</h1>");
  client_result_free(result);
}

static void test_headers_that_are_not_wanted_are_not_kept(void **state) {
  ClientRequest request = get("/hello");
  ClientResult *result = run(request);
  assert_int_equal(result->headers.count, 3);
  client_result_free(result);
  request.no_headers = true;
  result = run(request);
  assert_int_equal(result->outcome, CLIENT_OK);
  assert_int_equal(result->headers.count, 0);
  assert_null(result->arena);
  assert_string_equal(result->body.ptr, "hello");
  client_result_free(result);
}

static void test_what_is_no_regular_file_is_refused(void **state) {
  int pipes[2];
  assert_int_equal(pipe(pipes), 0);
  ClientPart file = { .name = STR("media"), .filename = STR("x"), .fd = pipes[0] };
  ClientRequest request = get("/upload");
  request.parts = &file;
  Err err = { 0 };
  assert_int_equal(client_send(client, &request, put, NULL, &err), 0);
  assert_int_equal(err.code, ERR_USAGE);
  close(pipes[0]);
  close(pipes[1]);
}

static void test_redirects_are_followed_only_when_asked_for(void **state) {
  ClientRequest request = get("/redirect");
  ClientResult *result = run(request);
  assert_int_equal(result->status, 302);
  assert_string_equal(result->body.ptr, "moved");
  client_result_free(result);
  request.follow = true;
  result = run(request);
  assert_int_equal(result->status, 200);
  assert_string_equal(result->body.ptr, "hello");
  assert_int_equal(pairs_get_nocase(&result->headers, STR("Location"), NULL), 0);
  client_result_free(result);
  request = get("/loop");
  request.follow = true;
  ends(request, CLIENT_NETWORK, "redirects");
  request = get("/file");
  request.follow = true;
  ends(request, CLIENT_NETWORK, NULL);
}

static void test_connections_are_kept(void **state) {
  client_result_free(run(get("/hello")));
  int before = atomic_load(&peer.connections);
  for (int i = 0; i < 20; i++) client_result_free(run(get("/hello")));
  assert_in_range(atomic_load(&peer.connections) - before, 0, 1);
}

// The server closes kept connections whenever the next request arrives: no caller notices, however often.
static void test_a_kept_connection_that_dies_is_replaced_without_a_word(void **state) {
  for (int i = 0; i < 20; i++) {
    ClientResult *result = run(get("/once"));
    if (result->outcome != CLIENT_OK) fail_msg("request %d: %s", i, result->err.text);
    client_result_free(result);
  }
}

// Processes that a script starts (io.popen) must not keep connections open.
static void test_connections_are_not_inherited_by_child_processes(void **state) {
  client_result_free(run(get("/hello")));
  int found = 0;
  for (int fd = 3; fd < 1024; fd++) {
    struct sockaddr_in other;
    socklen_t len = sizeof other;
    if (getpeername(fd, (struct sockaddr *)&other, &len) != 0 || other.sin_family != AF_INET ||
        ntohs(other.sin_port) != peer.port)
      continue;
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    found++;
  }
  assert_true(found > 0);
}

static void test_what_cannot_be_sent_is_refused_at_once(void **state) {
  Err err = { 0 };
  const char *urls[] = {
    "", "ftp://x/", "http://", "/path", "http://h/a b", "http://h/\r\nX: y", "file:///etc/passwd"
  };
  for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
    ClientRequest request = get("/");
    request.url = str_of(urls[i]);
    assert_int_equal(client_send(client, &request, put, NULL, &err), 0);
    assert_int_equal(err.code, ERR_USAGE);
  }
  Pair bad = { STR("X"), STR("a\r\nY: b"), NULL };
  Pairs headers = { &bad, &bad, 1 };
  ClientRequest request = get("/");
  request.headers = &headers;
  assert_int_equal(client_send(client, &request, put, NULL, &err), 0);
  assert_int_equal(err.code, ERR_USAGE);
  request = get("/");
  request.method = STR("GE T");
  assert_int_equal(client_send(client, &request, put, NULL, &err), 0);
}

// ---- faulty servers -----------------------------------------------------------------------------

static void test_an_answer_that_ends_early_is_a_network_failure(void **state) {
  ends(get("/half"), CLIENT_NETWORK, "127.0.0.1:");
  ends(get("/half-head"), CLIENT_NETWORK, "127.0.0.1:");
  ends(get("/close"), CLIENT_NETWORK, "127.0.0.1:");
  ends(get("/no-http"), CLIENT_NETWORK, "127.0.0.1:");
}

static void test_a_peer_that_accepts_and_says_nothing_times_out(void **state) {
  ClientRequest request = get("/silence");
  request.timeout_ms = 300;
  int64_t begin = clock_now_ms();
  ends(request, CLIENT_TIMEOUT, "no whole answer within 0.3 s (connected, but no answer came)");
  assert_in_range(clock_now_ms() - begin, 290, SILENCE_MS - 100);
}

static void test_nobody_there_and_no_such_name_are_network_failures(void **state) {
  ClientRequest request = get("/");
  request.url = STR("http://127.0.0.1:1/x?access_token=hunter2");
  ClientResult *result = run(request);
  assert_int_equal(result->outcome, CLIENT_NETWORK);
  assert_null(strstr(result->err.text, "hunter2"));
  client_result_free(result);
  request.url = STR("http://nobody.invalid/x?secret=hunter2");
  result = run(request);
  assert_int_equal(result->outcome, CLIENT_NETWORK);
  assert_non_null(strstr(result->err.text, "nobody.invalid"));
  assert_null(strstr(result->err.text, "hunter2"));
  client_result_free(result);
}

// ---- certificates -------------------------------------------------------------------------------

static char folder[] = "/tmp/wemoon-client-XXXXXX";

static int free_port(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t len = sizeof(address);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
  getsockname(fd, (struct sockaddr *)&address, &len);
  close(fd);
  return ntohs(address.sin_port);
}

static pid_t start_tls(int *port) {
  *port = free_port();
  char command[600], number[16];
  snprintf(command, sizeof(command),
           "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=elsewhere.example "
           "-addext subjectAltName=DNS:elsewhere.example -keyout %s/key.pem -out %s/cert.pem "
           "2>/dev/null",
           folder, folder);
  assert_int_equal(system(command), 0);
  snprintf(number, sizeof(number), "%d", *port);
  pid_t pid = fork();
  if (pid == 0) {
    int quiet = open("/dev/null", O_RDWR);
    if (chdir(folder) != 0) _exit(126);
    dup2(quiet, 0), dup2(quiet, 1), dup2(quiet, 2);
    execlp("openssl", "openssl", "s_server", "-accept", number, "-cert", "cert.pem", "-key",
           "key.pem", "-www", (char *)NULL);
    _exit(127);
  }
  return pid;
}

static void wait_for_port(int port) {
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  for (int i = 0; i < 500; i++) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool there = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    if (there) return;
    usleep(10000);
  }
}

static void test_a_certificate_must_be_trusted_and_for_this_name(void **state) {
  int port;
  assert_non_null(mkdtemp(folder));
  pid_t pid = start_tls(&port);
  wait_for_port(port);
  char url[100], ca[100], command[80];
  snprintf(url, sizeof(url), "https://127.0.0.1:%d/", port);
  snprintf(ca, sizeof(ca), "%s/cert.pem", folder);
  ClientRequest request = get("/");
  request.url = str_of(url);
  ends(request, CLIENT_NETWORK, "certificate is not trusted");
  Client *trusting = client_new(loop, &(ClientOptions){ .ca_file = ca }, NULL);
  ClientResult *result = run_with(trusting, request);
  assert_int_equal(result->outcome, CLIENT_NETWORK);
  assert_non_null(strstr(result->err.text, "certificate"));
  client_result_free(result);
  request.insecure = true;
  ends(request, CLIENT_OK, NULL);
  client_free(trusting);
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  snprintf(command, sizeof(command), "rm -rf %s", folder);
  assert_int_equal(system(command), 0);
  Err err = { 0 };
  assert_null(client_new(loop, &(ClientOptions){ .ca_file = ca }, &err));
  assert_int_equal(err.code, ERR_USAGE);
}

static void test_a_proxy_gets_the_request(void **state) {
  char proxy[64];
  snprintf(proxy, sizeof(proxy), "http://user:hunter2@127.0.0.1:%d", peer.port);
  Client *proxied = client_new(loop, &(ClientOptions){ .proxy = proxy }, NULL);
  ClientRequest request = get("/");
  request.url = STR("http://far.example/hello?a=1");
  ClientResult *result = run_with(proxied, request);
  assert_int_equal(result->outcome, CLIENT_OK);
  client_result_free(result);
  is_seen("GET http://far.example/hello?a=1 HTTP/1.1");
  client_free(proxied);
}

// ---- concurrency, time-outs, cancelled requests -------------------------------------------------

typedef struct {
  atomic_int ok, other;
} Count;

static void count(void *ctx, ClientResult *result) {
  Count *counts = ctx;
  atomic_fetch_add(result->outcome == CLIENT_OK ? &counts->ok : &counts->other, 1);
  client_result_free(result);
}

static void test_a_thousand_wait_together(void **state) {
  Count counts = { 0 };
  ClientRequest request = get("/together");
  request.timeout_ms = IN_VAIN_MS;
  for (int i = 0; i < TOGETHER; i++)
    assert_true(client_send(client, &request, count, &counts, NULL));
  while (atomic_load(&counts.ok) + atomic_load(&counts.other) < TOGETHER) usleep(5000);
  assert_int_equal(atomic_load(&counts.ok), TOGETHER);
  assert_int_equal(client_active(client), 0);
}

static void test_a_cancelled_request_ends_at_once(void **state) {
  for (int delay = 0; delay < 2; delay++) {
    Box box = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL };
    ClientRequest request = get("/silence");
    request.delay_ms = delay * 60000;
    int64_t begin = clock_now_ms();
    uint64_t id = client_send(client, &request, put, &box, NULL);
    usleep(delay ? 0 : 50000);
    client_cancel(client, id);
    ClientResult *result = take(&box);
    assert_int_equal(result->outcome, CLIENT_CANCELLED);
    client_result_free(result);
    client_cancel(client, id);
    assert_in_range(clock_now_ms() - begin, 0, SILENCE_MS - 100);
  }
}

static void test_a_delayed_request_begins_later(void **state) {
  ClientRequest request = get("/hello");
  request.delay_ms = 150;
  int64_t begin = clock_now_ms();
  ends(request, CLIENT_OK, NULL);
  assert_in_range(clock_now_ms() - begin, 145, IN_VAIN_MS);
}

static void test_freeing_the_client_ends_what_is_under_way(void **state) {
  Client *short_lived = client_new(loop, &(ClientOptions){ 0 }, NULL);
  Count counts = { 0 };
  ClientRequest request = get("/silence"), later = get("/hello");
  later.delay_ms = 60000;
  for (int i = 0; i < 50; i++) {
    assert_true(client_send(short_lived, &request, count, &counts, NULL));
    assert_true(client_send(short_lived, &later, count, &counts, NULL));
  }
  client_free(short_lived);
  assert_int_equal(atomic_load(&counts.ok), 0);
  assert_int_equal(atomic_load(&counts.other), 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_status_other_than_200_is_an_answer_too),
    cmocka_unit_test(test_headers_that_are_not_wanted_are_not_kept),
    cmocka_unit_test(test_what_is_no_regular_file_is_refused),
    cmocka_unit_test(test_redirects_are_followed_only_when_asked_for),
    cmocka_unit_test(test_connections_are_kept),
    cmocka_unit_test(test_a_kept_connection_that_dies_is_replaced_without_a_word),
    cmocka_unit_test(test_connections_are_not_inherited_by_child_processes),
    cmocka_unit_test(test_what_cannot_be_sent_is_refused_at_once),
    cmocka_unit_test(test_an_answer_that_ends_early_is_a_network_failure),
    cmocka_unit_test(test_a_peer_that_accepts_and_says_nothing_times_out),
    cmocka_unit_test(test_nobody_there_and_no_such_name_are_network_failures),
    cmocka_unit_test(test_a_certificate_must_be_trusted_and_for_this_name),
    cmocka_unit_test(test_a_proxy_gets_the_request),
    cmocka_unit_test(test_a_thousand_wait_together),
    cmocka_unit_test(test_a_cancelled_request_ends_at_once),
    cmocka_unit_test(test_a_delayed_request_begins_later),
    cmocka_unit_test(test_freeing_the_client_ends_what_is_under_way),
  };
  return cmocka_run_group_tests(tests, side_set_up, side_tear_down);
}
