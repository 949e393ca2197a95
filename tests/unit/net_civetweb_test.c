// Raw requests, well-formed or not: requests that libcivetweb would drop silently are answered, and no bytes are taken
// for a request that no client sent.
#include "net/server.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/core_pool.h"
#include "base/log.h"
#include "base/sanitized.h"
#include "raw_client.h"

enum { MAX_BODY = 1000, IDLE_MS = 3000 };

// While this is set, the next calloc of the size of a request's buffers fails; other threads allocate blocks of other
// sizes meanwhile. A sanitizer has its own allocator.
static atomic_bool starves;
typedef struct {
  Pooled pooled;
  Buf body, out;
} LikeBuffers;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
void *__libc_calloc(size_t count, size_t size);

void *calloc(size_t count, size_t size) {
  bool refused = size == sizeof(LikeBuffers) && atomic_exchange(&starves, false);
  return refused ? NULL : __libc_calloc(count, size);
}
#endif

static Server *server;
static atomic_int handled;
static char log_text[64 * 1024];
static char remote[64];
static int64_t waited_us, received_us;

static pthread_mutex_t noted = PTHREAD_MUTEX_INITIALIZER;  // log_text, remote, and these times

static void handle(void *ctx, HttpRequest *request) {
  atomic_fetch_add(&handled, 1);
  pthread_mutex_lock(&noted);
  received_us = request->received_us;
  waited_us = clock_now_us() - received_us;
  snprintf(remote, sizeof remote, "%s", server_remote(request));
  pthread_mutex_unlock(&noted);
  if (str_eq(request->path, STR("/slow"))) usleep(300 * 1000);
  Str coding = server_header(request, "Transfer-Encoding");
  server_respond(
      request,
      &(HttpResponse){ .status = 200,
                       .body = str_eq(request->path, STR("/coding")) ? coding : request->body });
}

static void route(void *ctx, const HttpRequest *head, HttpRoute *to) {
  *to = (HttpRoute){ .handle = handle,
                     .max_body = MAX_BODY,
                     .needs_body = str_eq(head->method, STR("POST")) };
}

static void note_line(void *ctx, LogLevel level, Str message) {
  pthread_mutex_lock(&noted);
  size_t len = strlen(log_text);
  if (len + message.len + 2 < sizeof log_text)
    snprintf(log_text + len, sizeof log_text - len, "%.*s\n", STR_FMT(message));
  pthread_mutex_unlock(&noted);
}

static void forget_log(void) {
  pthread_mutex_lock(&noted);
  log_text[0] = '\0';
  pthread_mutex_unlock(&noted);
}

static int start_with(int threads, const char *trusted) {
  ServerOptions options = { .listen = STR("0"),
                            .threads = threads,
                            .head_timeout_ms = 1000,
                            .keep_alive_ms = IDLE_MS,
                            .trusted_proxies = str_of(trusted) };
  HttpHandler handler = { .route = route };
  Err err = { 0 };
  log_divert(note_line, NULL);
  server = server_start(&options, &handler, &err);
  if (!server) fail_msg("%s", err.text);
  return server_port(server);
}

static int set_up(void **state) {
  start_with(4, "127.0.0.1");
  return 0;
}

static int tear_down(void **state) {
  server_free(server);
  return 0;
}

static const char *ask_here(const char *request) { return ask(server_port(server), request); }

static void assert_remote(const char *wanted) {
  char copy[sizeof remote];
  pthread_mutex_lock(&noted);
  memcpy(copy, remote, sizeof copy);
  pthread_mutex_unlock(&noted);
  assert_string_equal(copy, wanted);
}

static void assert_waited(void) {
  pthread_mutex_lock(&noted);
  int64_t us = waited_us;
  pthread_mutex_unlock(&noted);
  assert_in_range(us, 150 * 1000, 2000 * 1000);
}

static void assert_said(const char *what) {
  pthread_mutex_lock(&noted);
  bool said = strstr(log_text, what) != NULL;
  pthread_mutex_unlock(&noted);
  if (!said) fail_msg("the log does not say '%s':\n%s", what, log_text);
}

// Asserts that `request` is refused with `status` and a log line with `why`, that the connection is closed, and that no
// handler is called.
static void assert_refused_bytes(Str request, const char *status, const char *why) {
  static char answer[ANSWER_MAX];
  int before = atomic_load(&handled), fd = dial(server_port(server));
  forget_log();
  assert_int_equal(send(fd, request.ptr, request.len, MSG_NOSIGNAL), request.len);
  assert_true(hear(fd, answer, sizeof answer, false) > 0);
  char start[32];
  snprintf(start, sizeof start, "HTTP/1.1 %s ", status);
  if (strncmp(answer, start, strlen(start)) != 0)
    fail_msg("%.*s\nwas answered\n%s", STR_FMT(request), answer);
  assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
  assert_true(ends_within(fd, 3000));
  close(fd);
  assert_said(why);
  assert_int_equal(atomic_load(&handled), before);
}

static void assert_refused(const char *request, const char *status, const char *why) {
  assert_refused_bytes(str_of(request), status, why);
}

// ---- heads --------------------------------------------------------------------------------------

static void test_what_a_proxy_could_have_understood_otherwise_is_refused(void **state) {
  assert_refused("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
                 "400", "more than one Content-Length");
  assert_refused("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: "
                 "chunked\r\n\r\n0\r\n\r\n",
                 "400", "both");
  assert_refused("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: "
                 "1\r\n\r\n0\r\n\r\n",
                 "400", "both");
  assert_refused("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "400",
                 "else than chunked");
  assert_refused("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", "400", "more than one Host");
  assert_refused("GET / HTTP/1.1\r\n\r\n", "400", "no Host");
  assert_refused("GET / HTTP/1.1\r\nHost : x\r\n\r\n", "400", "a blank before its colon");
  assert_refused("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
                 "400", "a blank before its colon");
  assert_refused("POST / HTTP/1.1\r\nHost: x\r\n!ransfer-Encoding: a\r\nTransfer-Encoding: "
                 "chunked\r\n\r\n0\r\n\r\n",
                 "400", "mistaken for Transfer-Encoding");
  assert_refused("GET / HTTP/1.1\r\nHost: x\r\n folded\r\nContent-Length: 5\r\n\r\nGET /", "400",
                 "malformed");
  assert_refused("GET / HTTP/1.1\r\nHost: x\r\n: y\r\nContent-Length: 5\r\n\r\nGET /", "400",
                 "malformed");
  assert_refused("GET / HTTP/1.1\r\nHost: x\r\n\xC3\xA4: y\r\nContent-Length: 5\r\n\r\nGET /",
                 "400", "malformed");
  assert_refused("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "400", "begins with empty lines");
}

static void test_targets_that_are_no_path_are_refused(void **state) {
  char request[200];
  assert_refused("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "400", "its target is *");
  assert_refused("GET http://bot.example.com/x HTTP/1.1\r\nHost: bot.example.com\r\n\r\n", "400",
                 "another host or port");
  assert_refused("GET http://127.0.0.1:1/x HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n", "400",
                 "another host or port");
  snprintf(request, sizeof request, "GET http://other:%d/x HTTP/1.1\r\nHost: bot\r\n\r\n",
           server_port(server));
  assert_refused(request, "400", "another host");
  assert_refused("GET x HTTP/1.1\r\nHost: x\r\n\r\n", "400", "malformed");
}

static void test_heads_that_are_none_are_named(void **state) {
  static char large[20000] = "GET / HTTP/1.1\r\nHost: x\r\nX: ";
  size_t len = strlen(large);
  memset(large + len, 'a', sizeof large - len - 1);
  assert_refused(large, "431", "its head is larger than 16 KB");
  assert_refused("\x16\x03\x01\x02\r\n\r\n", "400", "HTTPS");
  assert_refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400", "HTTP/2");
  assert_refused("BREW / HTTP/1.1\r\nHost: x\r\n\r\n", "400", "method is unknown");
  assert_refused("\r\nBREW / HTTP/1.1\r\nHost: x\r\n\r\n", "400", "method is unknown");
  assert_refused("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "400",
                 "PROXY protocol");
  static const char v2[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\1\x7f\0\0\1\0\1\0\2";
  assert_refused_bytes(str_make(v2, sizeof v2 - 1), "400", "PROXY protocol");
  assert_refused("\x01\x01\r\n\r\n", "400", "it is no HTTP");
  assert_refused("GET /\r\n\r\n", "400", "does not end with HTTP/1.1");
  assert_refused("GET\r\n\r\n", "400", "no target");
  assert_refused("\xE4\xBD\xA0 / HTTP/1.1\r\n\r\n", "400", "it is no HTTP");
  assert_refused("GET / HTTP/1.1\r\nHost: x\r\nX: ", "408", "its head was not complete in time");
  assert_refused("GET / HTTP/3.0\r\nHost: x\r\n\r\n", "505", "HTTP Version Not Supported");
  int fd = dial(server_port(server));
  say(fd, "GET / HTTP/1.1\r\nHo");
  shutdown(fd, SHUT_WR);
  assert_true(ends_within(fd, 1000));
  close(fd);
  assert_said("ended within its head");
}

static void test_an_empty_line_before_a_request_does_no_harm(void **state) {
  assert_starts(ask_here("\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 200 ");
}

static void test_a_refused_request_takes_none_with_it_that_lies_behind(void **state) {
  int before = atomic_load(&handled);
  assert_refused("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "400",
                 "*");
  assert_refused("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "400", "no Host");
  assert_int_equal(atomic_load(&handled), before);
}

// A second request in the same packet is checked like any other request.
static void test_requests_in_one_packet_are_each_looked_at(void **state) {
  char answer[2000];
  static const char *const doubtful[] = {
    "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\n folded\r\nContent-Length: 5\r\n\r\nGET /",
    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
  };
  for (size_t i = 0; i < sizeof doubtful / sizeof *doubtful; i++) {
    char request[500];
    int before = atomic_load(&handled), fd = dial(server_port(server));
    size_t len = 0;
    snprintf(request, sizeof request, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi%s",
             doubtful[i]);
    assert_true(say(fd, request));
    for (ssize_t n; (n = recv(fd, answer + len, sizeof answer - 1 - len, 0)) > 0;) len += (size_t)n;
    answer[len] = '\0';
    close(fd);
    assert_starts(answer, "HTTP/1.1 200 ");
    assert_non_null(strstr(answer, "Connection: close"));
    assert_int_equal(atomic_load(&handled), before + 1);
  }
}

// ---- bodies in chunks ---------------------------------------------------------------------------

#define CHUNKED "POST /echo HTTP/1.1\r\nHost: x\r\ntransfer-encoding: Chunked\r\n\r\n"

static void test_a_body_in_chunks_is_a_body_like_any_other(void **state) {
  int fd = dial(server_port(server));
  for (int i = 0; i < 3; i++) {
    const char *answer = ask_on(fd, CHUNKED "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: z\r\n\r\n");
    assert_starts(answer, "HTTP/1.1 200 ");
    assert_non_null(strstr(answer, "\r\n\r\nabcdefg"));
    assert_non_null(strstr(answer, "Connection: keep-alive"));
    answer = ask_on(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
    assert_non_null(strstr(answer, "\r\n\r\nhi"));
  }
  close(fd);
  assert_non_null(strstr(
      ask_here("POST /coding HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      "\r\n\r\nchunked"));
}

static void test_a_body_in_chunks_may_come_in_any_pieces(void **state) {
  const char *whole = CHUNKED "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n";
  char answer[1000] = "";
  for (size_t size = 1; size < strlen(whole); size += 7) {
    int fd = dial(server_port(server));
    for (size_t at = 0; at < strlen(whole); at += size) {
      assert_true(send(fd, whole + at, strnlen(whole + at, size), MSG_NOSIGNAL) > 0);
      usleep(1000);
    }
    assert_true(hear(fd, answer, sizeof answer, false) > 0);
    assert_non_null(strstr(answer, "\r\n\r\nabcdefg"));
    close(fd);
  }
}

static void test_max_body_is_counted_as_the_chunks_come(void **state) {
  char request[2000];
  snprintf(request, sizeof request, CHUNKED "3e8\r\n%01000d\r\n0\r\n\r\n", 0);
  assert_starts(ask_here(request), "HTTP/1.1 200 ");
  assert_refused(CHUNKED "3e9\r\n", "413", "max_body");
  assert_refused(CHUNKED "ffffffffffffffff\r\n", "413", "max_body");
  snprintf(request, sizeof request, CHUNKED "3e8\r\n%01000d\r\n1\r\n", 0);
  assert_refused(request, "413", "max_body");
}

static void test_chunks_that_are_none_or_do_not_come_are_refused(void **state) {
  assert_refused(CHUNKED "hello\r\n", "400", "not in chunks");
  assert_refused(CHUNKED "5\nhello\n0\n\n", "400", "not in chunks");
  assert_refused(CHUNKED "5\r\nhel", "408", "was not complete in time");
  assert_refused("POST / HTTP/1.1\r\nHost: x\r\n\r\n", "411",
                 "neither a Content-Length nor chunks");
}

static void test_what_follows_a_body_in_chunks_is_not_lost_unsaid(void **state) {
  int fd = dial(server_port(server));
  const char *answer = ask_on(fd, CHUNKED "1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert_starts(answer, "HTTP/1.1 200 ");
  assert_non_null(strstr(answer, "Connection: close"));
  close(fd);
}

static void test_a_client_that_asks_before_its_chunks_is_told_to_go_on(void **state) {
  char answer[500] = "";
  int fd = dial(server_port(server));
  assert_true(say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: "
                      "100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"));
  assert_true(hear(fd, answer, sizeof answer, true) > 0);
  assert_starts(answer, "HTTP/1.1 100 ");
  assert_non_null(strstr(ask_on(fd, "1\r\na\r\n0\r\n\r\n"), "\r\n\r\na"));
  close(fd);
}

// ---- connections --------------------------------------------------------------------------------

// Asserts whether a second request on the connection is answered, and that the first answer announced it.
static void assert_kept(const char *headers, const char *version, bool kept) {
  char request[300];
  int fd = dial(server_port(server));
  snprintf(request, sizeof request, "GET / HTTP/%s\r\nHost: x\r\n%s\r\n", version, headers);
  const char *answer = ask_on(fd, request);
  bool told = strstr(answer, "\r\nConnection: keep-alive\r\n") &&
              strstr(answer, "\r\nKeep-Alive: timeout=3\r\n");
  if (told != kept) fail_msg("%s was answered\n%s", request, answer);
  if (kept) assert_starts(ask_on(fd, request), "HTTP/1.1 200 ");
  else assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
  if (!kept) assert_true(ends_within(fd, 500));
  close(fd);
}

static void test_a_connection_is_kept_as_its_client_wants_and_is_told(void **state) {
  assert_kept("", "1.1", true);
  assert_kept("Connection: TE\r\nTE: trailers\r\n", "1.1", true);
  assert_kept("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
              "1.1", true);
  assert_kept("Connection: keep-alive, Upgrade\r\nUpgrade: h2c\r\n", "1.1", true);
  assert_kept("Connection: close\r\n", "1.1", false);
  assert_kept("Connection: keep-alive, close\r\n", "1.1", false);
  assert_kept("Connection: TE\r\nConnection: close\r\n", "1.1", false);
  assert_kept("Connection: Upgrade\r\nUpgrade: websocket\r\n", "1.1", false);
  assert_kept("Connection: Upgrade\r\n", "1.1", false);
  assert_kept("", "1.0", false);
  assert_kept("Connection: keep-alive\r\n", "1.0", true);
  assert_kept("Connection: Keep-Alive, TE\r\n", "1.0", true);
}

static void test_an_idle_connection_stays_while_threads_are_free_and_ends_in_time(void **state) {
  int fd = dial(server_port(server));
  ask_on(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert_false(ends_within(fd, IDLE_MS - 200));
  assert_starts(ask_on(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 200 ");
  assert_false(ends_within(fd, IDLE_MS));
  assert_true(ends_within(fd, 5000));
  close(fd);
}

static void test_a_head_that_drips_on_a_kept_connection_has_no_more_time_than_any(void **state) {
  int fd = dial(server_port(server));
  ask_on(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  usleep(500 * 1000);
  int64_t begun = clock_now_ms();
  say(fd, "GET / HTTP/1.1\r\nX: ");
  bool over = false;
  while (!over && clock_now_ms() - begun < PATIENCE_MS)
    over = !say(fd, "x") || ends_within(fd, 100);
  assert_true(over);
  assert_in_range(clock_now_ms() - begun, 800, 2500);
  close(fd);
}

// All four threads of the server are busy: one idle connection is closed for each new one.
static void test_the_longest_idle_connection_goes_first_and_none_within_a_second(void **state) {
  int fds[4], port = server_port(server);
  for (int i = 0; i < 3; i++) {
    fds[i] = dial(port);
    ask_on(fds[i], "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    usleep(100 * 1000);
  }
  int64_t begun = clock_now_ms();
  fds[3] = dial(port);
  ask_on(fds[3], "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert_true(ends_within(fds[0], 3000));
  assert_in_range(clock_now_ms() - begun, 600, 2500);  // it was idle for 300 ms already
  for (int i = 1; i < 4; i++) assert_false(ends_within(fds[i], 300));
  for (int i = 0; i < 4; i++) close(fds[i]);
}

static void test_idle_clients_many_times_as_many_as_threads_keep_nobody_waiting_long(void **state) {
  enum { IDLE = 60 };
  int fds[IDLE], port = server_port(server);
  char answer[500];
  for (int i = 0; i < IDLE; i++) {
    fds[i] = dial(port);
    assert_true(say(fds[i], "GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  }
  int64_t begun = clock_now_ms();
  for (int i = 0; i < IDLE; i++) assert_true(hear(fds[i], answer, sizeof answer, false) > 0);
  if (clock_now_ms() - begun > 4500) fail_msg("%lld ms", (long long)(clock_now_ms() - begun));
  for (int i = 0; i < IDLE; i++) close(fds[i]);
}

static void test_a_refused_body_is_read_on_so_that_the_answer_arrives(void **state) {
  static char piece[256 * 1024];
  memset(piece, 'x', sizeof piece);
  for (int i = 0; i < 5; i++) {
    char answer[500] = "";
    int fd = dial(server_port(server));
    say(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2097152\r\n\r\n");
    usleep(50 * 1000);  // the refusal has been sent by now
    for (int j = 0; j < 8; j++) {
      if (send(fd, piece, sizeof piece, MSG_NOSIGNAL) != sizeof piece)
        fail_msg("reset at piece %d", j);
    }
    assert_true(hear(fd, answer, sizeof answer, false) > 0);
    assert_starts(answer, "HTTP/1.1 413 ");
    close(fd);
  }
}

static void
test_a_request_without_memory_for_its_buffers_is_closed_unanswered_and_told(void **state) {
  char byte;
  if (SANITIZED) skip();
  int fd = dial(server_port(server));
  forget_log();
  atomic_store(&starves, true);
  assert_true(say(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"));
  assert_true(recv(fd, &byte, 1, 0) <= 0);
  assert_true(ends_within(fd, 1000));
  close(fd);
  assert_said("no memory for its buffers");
  assert_starts(ask_here("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 200 ");
}

// ---- clients and times --------------------------------------------------------------------------

static void test_a_proxy_that_is_trusted_names_its_client(void **state) {
  ask_here("GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 6.6.6.6, 203.0.113.5\r\n\r\n");
  assert_remote("203.0.113.5");
  ask_here("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert_remote("127.0.0.1");
  assert_refused("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\nX-Forwarded-For: 203.0.113.5\r\n\r\n",
                 "400", "from 203.0.113.5 ");
  assert_refused("OPTIONS * HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.5\r\n\r\n", "400",
                 "from 203.0.113.5 ");
}

static void test_a_client_that_is_no_proxy_names_nobody(void **state) {
  start_with(4, "10.0.0.0/8");
  ask_here("GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.5\r\n\r\n");
  assert_remote("127.0.0.1");
  server_free(server);
}

static void test_time_counts_from_the_arrival_not_from_the_thread(void **state) {
  int port = start_with(1, "");
  int first = dial(port), second = dial(port);
  char answer[500];
  assert_true(say(first, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"));
  usleep(50 * 1000);
  assert_true(say(second, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  assert_true(hear(first, answer, sizeof answer, false) > 0);
  close(first);
  assert_true(hear(second, answer, sizeof answer, false) > 0);
  assert_waited();
  close(second);
  server_free(server);
  second = dial(start_with(4, ""));
  ask_on(second, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  say(second, "GET / HTTP/1.1\r\nHo");
  usleep(200 * 1000);
  assert_true(say(second, "st: x\r\n\r\n"));
  assert_true(hear(second, answer, sizeof answer, false) > 0);
  assert_waited();
  close(second);
  server_free(server);
}

static bool is_there(const char *name) {
  DIR *dir = opendir("/proc/self/task");
  bool found = false;
  for (struct dirent *entry; !found && (entry = readdir(dir));) {
    char path[300], comm[32] = "";
    snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
    FILE *file = fopen(path, "r");
    if (file && fgets(comm, sizeof comm, file)) found = strcmp(strtok(comm, "\n"), name) == 0;
    if (file) fclose(file);
  }
  closedir(dir);
  return found;
}

// Waits until a thread has the name, which it sets itself once it runs.
static void await_thread(const char *name) {
  int64_t until_ms = clock_now_ms() + 10000;
  while (!is_there(name) && clock_now_ms() < until_ms) usleep(1000);
  assert_true(is_there(name));
}

static void test_threads_have_names(void **state) {
  await_thread("http");
  await_thread("http-accept");
  await_thread("http-watch");
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static void test_no_request_arrives_before_it_was_sent(void **state) {
  for (int i = 0; i < 4000; i++) {
    int64_t sent_us = clock_now_us();
    assert_non_null(
        strstr(ask_here("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), " 200 "));
    pthread_mutex_lock(&noted);
    int64_t early_us = sent_us - received_us;
    pthread_mutex_unlock(&noted);
    if (early_us > 0) fail_msg("%lld us early in round %d", (long long)early_us, i);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    HERE(test_what_a_proxy_could_have_understood_otherwise_is_refused),
    HERE(test_targets_that_are_no_path_are_refused),
    HERE(test_heads_that_are_none_are_named),
    HERE(test_an_empty_line_before_a_request_does_no_harm),
    HERE(test_a_refused_request_takes_none_with_it_that_lies_behind),
    HERE(test_requests_in_one_packet_are_each_looked_at),
    HERE(test_a_body_in_chunks_is_a_body_like_any_other),
    HERE(test_a_body_in_chunks_may_come_in_any_pieces),
    HERE(test_max_body_is_counted_as_the_chunks_come),
    HERE(test_chunks_that_are_none_or_do_not_come_are_refused),
    HERE(test_what_follows_a_body_in_chunks_is_not_lost_unsaid),
    HERE(test_a_client_that_asks_before_its_chunks_is_told_to_go_on),
    HERE(test_a_connection_is_kept_as_its_client_wants_and_is_told),
    HERE(test_an_idle_connection_stays_while_threads_are_free_and_ends_in_time),
    HERE(test_a_head_that_drips_on_a_kept_connection_has_no_more_time_than_any),
    HERE(test_the_longest_idle_connection_goes_first_and_none_within_a_second),
    HERE(test_idle_clients_many_times_as_many_as_threads_keep_nobody_waiting_long),
    HERE(test_a_refused_body_is_read_on_so_that_the_answer_arrives),
    HERE(test_a_request_without_memory_for_its_buffers_is_closed_unanswered_and_told),
    HERE(test_a_proxy_that_is_trusted_names_its_client),
    cmocka_unit_test(test_a_client_that_is_no_proxy_names_nobody),
    cmocka_unit_test(test_time_counts_from_the_arrival_not_from_the_thread),
    HERE(test_no_request_arrives_before_it_was_sent),
    HERE(test_threads_have_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
