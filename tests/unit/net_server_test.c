// The HTTP server from outside: raw bytes over sockets, and crowds of clients that stall or send without pause.
#include "net/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/thread_stack.h"
#include "raw_client.h"

// How long a crowd may make another client wait. A quarter of a second is enough on an idle machine; this machine may
// run other tests.
enum { BUSY_MACHINE_MS = 5000 };

// ---- server to test -----------------------------------------------------------------------------

typedef struct {
  atomic_int handled, over;
  atomic_size_t stack;
  atomic_int_least64_t waited_us;  // the last request, since it arrived
  pthread_mutex_t mutex;           // of the strings
  char path[256], query[256], header[256], thread[32];
  atomic_int at_gate;
  atomic_bool gate_is_open;
} Seen;

static char big[16 * 1024 * 1024];

static Seen seen = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static void copy(char *out, size_t size, Str s) { snprintf(out, size, "%.*s", STR_FMT(s)); }

static void assert_seen(const char *what, const char *expected) {
  pthread_mutex_lock(&seen.mutex);
  bool same = strcmp(what, expected) == 0;
  pthread_mutex_unlock(&seen.mutex);
  if (!same) fail_msg("the handler saw something else than '%s'", expected);
}

static void copy_seen_path(char *out, size_t size) {
  pthread_mutex_lock(&seen.mutex);
  copy(out, size, str_of(seen.path));
  pthread_mutex_unlock(&seen.mutex);
}

// Waits until the test opens the gate.
static void pass_gate(void) {
  atomic_fetch_add(&seen.at_gate, 1);
  while (!atomic_load(&seen.gate_is_open)) usleep(1000);
  atomic_fetch_sub(&seen.at_gate, 1);
}

static void handle(void *ctx, HttpRequest *request) {
  HttpResponse response = { .status = 200, .body = STR("hello") };
  atomic_fetch_add(&seen.handled, 1);
  atomic_store(&seen.waited_us, clock_now_us() - request->received_us);
  if (str_eq(request->path, STR("/forgetful"))) return;
  if (str_eq(request->path, STR("/silent"))) response.no_answer = true;
  if (str_eq(request->path, STR("/slow"))) usleep(400 * 1000);
  if (str_eq(request->path, STR("/gate"))) pass_gate();
  if (str_eq(request->path, STR("/echo"))) response.body = request->body;
  if (str_eq(request->path, STR("/big"))) response.body = str_make(big, sizeof big);
  pthread_mutex_lock(&seen.mutex);
  if (str_eq(request->path, STR("/look"))) {
    copy(seen.query, sizeof seen.query, request->query);
    copy(seen.header, sizeof seen.header, server_header(request, "x-thing"));
  }
  copy(seen.path, sizeof seen.path, request->path);
  pthread_getname_np(pthread_self(), seen.thread, sizeof seen.thread);
  pthread_mutex_unlock(&seen.mutex);
  atomic_store(&seen.stack, thread_stack_size());
  server_respond(request, &response);
}

// For crowds: writes no memory shared by threads.
static void handle_echo(void *ctx, HttpRequest *request) {
  server_respond(request, &(HttpResponse){ .status = 200, .body = request->body });
}

static void note_over(void *ctx) { atomic_fetch_add(&seen.over, 1); }

static void route(void *ctx, const HttpRequest *head, HttpRoute *out) {
  bool get = str_eq(head->method, STR("GET")), post = str_eq(head->method, STR("POST"));
  if (str_eq(head->path, STR("/nowhere"))) out->status = 404;
  else if (!get && !post) *out = (HttpRoute){ .status = 405, .allow = "GET, POST" };
  out->needs_body = post;
  out->max_body = 1000;
  out->handle = handle;
  out->over = note_over;
}

static void route_crowd(void *ctx, const HttpRequest *head, HttpRoute *out) {
  route(ctx, head, out);
  out->handle = handle_echo;
}

static Server *serve_with(const char *listen, int threads, HttpHandler handler) {
  ServerOptions options = {
    .listen = str_of(listen), .threads = threads, .head_timeout_ms = 1000, .keep_alive_ms = 500
  };
  Err err;
  Server *server = server_start(&options, &handler, &err);
  if (!server) fail_msg("%s", err.text);
  return server;
}

static Server *serve(int threads) {
  return serve_with("0", threads, (HttpHandler){ .route = route });
}

// No busy machine is so late that a kept connection ends.
static Server *serve_and_keep(int threads) {
  ServerOptions options = {
    .listen = STR("0"), .threads = threads, .head_timeout_ms = 1000, .keep_alive_ms = 60 * 1000
  };
  Err err;
  Server *server = server_start(&options, &(HttpHandler){ .route = route }, &err);
  assert_non_null(server);
  return server;
}

// ---- requests and answers -----------------------------------------------------------------------

static void test_an_answer_has_its_length_and_names_no_software(void **state) {
  Server *server = serve(4);
  const char *answer = ask(server_port(server), "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert_starts(answer, "HTTP/1.1 200 OK\r\n");
  assert_non_null(strstr(answer, "Content-Length: 5\r\n"));
  assert_non_null(strstr(answer, "\r\n\r\nhello"));
  assert_null(strcasestr(answer, "civetweb"));
  assert_null(strcasestr(answer, "\r\nserver:"));
  server_free(server);
}

static void test_path_and_query_are_given_as_sent(void **state) {
  Server *server = serve(4);
  ask(server_port(server), "GET /a%2Fb%20c HTTP/1.1\r\nHost: x\r\n\r\n");
  assert_seen(seen.path, "/a%2Fb%20c");
  ask(server_port(server), "GET /look?x=%41&y[]=+ HTTP/1.1\r\nHost: x\r\nX-Thing: abc\r\n\r\n");
  assert_seen(seen.query, "x=%41&y[]=+");
  assert_seen(seen.header, "abc");
  server_free(server);
}

static void test_refusals_by_the_head_do_not_wait_for_the_body(void **state) {
  Server *server = serve(4);
  assert_starts(ask(server_port(server),
                    "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n"),
                "HTTP/1.1 404 ");
  const char *answer =
      ask(server_port(server), "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n");
  assert_starts(answer, "HTTP/1.1 405 ");
  assert_non_null(strstr(answer, "\r\nAllow: GET, POST\r\n"));
  answer = ask(server_port(server), "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert_starts(answer, "HTTP/1.1 405 ");
  assert_non_null(strstr(answer, "\r\nAllow: GET, POST\r\n"));
  assert_starts(ask(server_port(server), "POST / HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 411 ");
  assert_starts(
      ask(server_port(server), "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n"),
      "HTTP/1.1 413 ");
  server_free(server);
}

static void test_who_routed_a_request_is_told_when_it_is_over_however_it_ended(void **state) {
  Server *server = serve(4);
  const char *requests[] = { "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                             "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n",
                             "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n" };
  atomic_store(&seen.over, 0);
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
    ask(server_port(server), requests[i]);
  int fd = dial(server_port(server));
  say(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
  shutdown(fd, SHUT_WR);
  assert_true(ends_within(fd, PATIENCE_MS));
  close(fd);
  server_free(server);
  assert_int_equal(atomic_load(&seen.over), 4);
}

static void test_a_body_of_the_greatest_length_arrives_whole(void **state) {
  Server *server = serve(4);
  char request[1200], body[1001];
  memset(body, 'z', 1000);
  body[1000] = '\0';
  snprintf(request, sizeof request,
           "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n%s", body);
  assert_non_null(strstr(ask(server_port(server), request), body));
  server_free(server);
}

static void test_a_client_that_asks_before_its_body_is_told_to_go_on(void **state) {
  Server *server = serve(4);
  char answer[512];
  int fd = dial(server_port(server));
  assert_true(say(
      fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"));
  assert_true(hear(fd, answer, sizeof answer, true) > 0);
  assert_starts(answer, "HTTP/1.1 100 ");
  answer[0] = '\0';
  assert_true(say(fd, "abc"));
  assert_true(hear(fd, answer, sizeof answer, false) > 0);
  assert_starts(answer, "HTTP/1.1 200 ");
  assert_non_null(strstr(answer, "\r\n\r\nabc"));
  close(fd);
  server_free(server);
}

static void test_a_head_larger_than_any_buffer_is_refused_and_the_server_lives(void **state) {
  Server *server = serve(4);
  enum { LONG = 40000 };
  char *request = malloc(LONG + 100);
  memset(request, 'q', LONG);
  memcpy(request, "GET /?", 6);
  strcpy(request + LONG, " HTTP/1.1\r\nHost: x\r\n\r\n");
  int fd = dial(server_port(server));
  char answer[1024] = "";
  say(fd, request);
  ssize_t len = recv(fd, answer, sizeof answer - 1, 0);
  if (len > 0) {
    assert_starts(answer, "HTTP/1.1 4");
    assert_null(strcasestr(answer, "civetweb"));
  }
  close(fd);
  free(request);
  assert_starts(ask(server_port(server), "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 200 ");
  server_free(server);
}

static void test_what_is_no_request_is_refused_in_few_words(void **state) {
  Server *server = serve(4);
  const char *nonsense[] = { "\x16\x03\x01\x02\r\n\r\n", "GET\r\n\r\n",
                             "GET / HTTP/7.7\r\nHost: x\r\n\r\n",
                             "POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n" };
  for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
    const char *answer = ask(server_port(server), nonsense[i]);
    if (strncmp(answer, "HTTP/1.1 4", 10) != 0)
      assert_starts(answer, "HTTP/1.1 505 HTTP Version Not Supported\r\n");
    assert_null(strcasestr(answer, "civetweb"));
    assert_null(strcasestr(answer, "\r\nserver:"));
  }
  server_free(server);
}

static void test_a_target_that_is_a_whole_url_names_the_path_and_the_query(void **state) {
  Server *server = serve(4);
  char request[200];
  snprintf(
      request, sizeof request,
      "GET http://bot.example.com:%1$d/look?a=1 HTTP/1.1\r\nHost: BOT.example.com:%1$d\r\nX-Thing: "
      "there\r\n\r\n",
      server_port(server));
  assert_starts(ask(server_port(server), request), "HTTP/1.1 200 ");
  assert_seen(seen.path, "/look");
  assert_seen(seen.query, "a=1");
  assert_seen(seen.header, "there");
  server_free(server);
}

static void test_a_connection_is_kept_for_the_next_request(void **state) {
  Server *server = serve(4);
  int fd = dial(server_port(server));
  for (int i = 0; i < 5; i++) {
    assert_non_null(
        strstr(ask_on(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"),
               "\r\n\r\nabc"));
  }
  assert_non_null(
      strstr(ask_on(fd, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "hello"));
  assert_true(ends_within(fd, 1000));
  close(fd);
  server_free(server);
}

// Returns the whole answer to a request that is sent in two pieces.
static const char *ask_in_pieces(int fd, const char *request, size_t first) {
  static char answer[ANSWER_MAX];
  assert_int_equal(send(fd, request, first, MSG_NOSIGNAL), first);
  usleep(20 * 1000);
  assert_true(say(fd, request + first));
  assert_true(hear(fd, answer, sizeof answer, false) > 0);
  return answer;
}

// A plain head that comes whole is kept from libcivetweb; one that comes in pieces is not.
static void test_a_request_is_the_same_however_it_is_cut_into_pieces(void **state) {
  static const char *const requests[] = {
    "GET /look?x=%41&y[]=+ HTTP/1.1\r\nHost: x\r\nX-Thing:  a b \r\n\r\n",
    "POST /echo?a?b HTTP/1.1\r\nHost: x\r\nX-Thing: c\r\nContent-Length: 5\r\n\r\nabcde",
    "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
    "GET /a/../b//c;d HTTP/1.1\r\nHost: x\r\nConnection: TE\r\n\r\n",
    "GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\n",
  };
  Server *server = serve(4);
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
    char whole[ANSWER_MAX], path[256];
    size_t len = strlen(requests[i]);
    snprintf(whole, sizeof whole, "%s", ask(server_port(server), requests[i]));
    copy_seen_path(path, sizeof path);
    for (size_t first = 1; first < len; first += 11) {
      int fd = dial(server_port(server));
      assert_string_equal(ask_in_pieces(fd, requests[i], first), whole);
      assert_seen(seen.path, path);
      close(fd);
    }
  }
  server_free(server);
}

// A plain head that has the next request behind it is left to libcivetweb, which keeps the rest.
static void test_requests_in_a_row_are_told_apart_wherever_they_are_cut(void **state) {
  static const char two[] = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
                            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\ndefg";
  Server *server = serve(4);
  for (size_t first = 20; first < sizeof two - 1; first += 7) {
    int fd = dial(server_port(server));
    char answers[2048] = "";
    assert_int_equal(send(fd, two, first, MSG_NOSIGNAL), first);
    usleep(20 * 1000);
    assert_true(say(fd, two + first));
    for (size_t len = 0; !strstr(answers, "\r\n\r\ndefg");) {
      ssize_t n = recv(fd, answers + len, sizeof answers - 1 - len, 0);
      if (n <= 0) fail_msg("cut at %zu: no second answer after '%s'", first, answers);
      answers[len += (size_t)n] = '\0';
    }
    assert_non_null(strstr(answers, "\r\n\r\nabc"));
    close(fd);
  }
  server_free(server);
}

// ---- kept connections ---------------------------------------------------------------------------

static int dial_and_keep(const Server *server) {
  int fd = dial(server_port(server));
  for (int i = 0; i < 3; i++)
    assert_non_null(strstr(ask_on(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "hello"));
  return fd;
}

static int busy_threads(const Server *server) {
  int busy, threads;
  server_load(server, &busy, &threads);
  return busy;
}

static void test_a_kept_connection_that_rests_is_closed_in_time(void **state) {
  Server *server = serve(4);
  int64_t begun = clock_now_ms();
  int fd = dial_and_keep(server);
  assert_true(ends_within(fd, PATIENCE_MS));
  assert_true(clock_now_ms() - begun >= 450);
  close(fd);
  server_free(server);
}

static void test_a_pause_on_a_kept_connection_does_no_harm(void **state) {
  Server *server = serve_and_keep(4);
  int fd = dial_and_keep(server);
  for (int pause_ms = 0; pause_ms <= 300; pause_ms += 100) {
    usleep((useconds_t)pause_ms * 1000);
    assert_true(say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Le"));
    usleep(50 * 1000);
    assert_non_null(strstr(ask_on(fd, "ngth: 3\r\n\r\nabc"), "\r\n\r\nabc"));
  }
  close(fd);
  server_free(server);
}

static void test_the_end_of_a_kept_connection_frees_its_thread(void **state) {
  Server *server = serve_and_keep(4);
  int fd = dial_and_keep(server), reset = dial_and_keep(server);
  struct linger at_once = { .l_onoff = 1 };
  setsockopt(reset, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(reset);
  close(fd);
  int64_t end_ms = clock_now_ms() + PATIENCE_MS;
  while (busy_threads(server) > 0 && clock_now_ms() < end_ms) usleep(5000);
  assert_int_equal(busy_threads(server), 0);
  server_free(server);
}

static void test_who_reads_nothing_on_a_kept_connection_holds_no_thread(void **state) {
  Server *server = serve(4);
  int fd = dial_and_keep(server), slow = dial_and_keep(server);
  static char answer[sizeof big + 1024];
  assert_true(say(slow, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n"));
  usleep(300 * 1000);
  assert_true(hear(slow, answer, sizeof answer, false) > (ssize_t)sizeof big);
  assert_true(say(fd, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n"));
  int64_t end_ms = clock_now_ms() + PATIENCE_MS;
  while (busy_threads(server) > 0 && clock_now_ms() < end_ms) usleep(20 * 1000);
  assert_int_equal(busy_threads(server), 0);
  close(fd);
  close(slow);
  server_free(server);
}

static void test_stopping_ends_kept_connections_at_once(void **state) {
  Server *server = serve_and_keep(4);
  int fds[] = { dial_and_keep(server), dial_and_keep(server), dial_and_keep(server) };
  int64_t begun = clock_now_ms();
  server_free(server);
  assert_true(clock_now_ms() - begun < 1500);
  for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) close(fds[i]);
}

static void test_a_body_that_nobody_asked_for_is_not_the_next_request(void **state) {
  Server *server = serve(4);
  int before = atomic_load(&seen.handled);
  int fd = dial(server_port(server));
  assert_non_null(strstr(ask_on(fd, "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 27\r\n\r\nGET "
                                    "/look HTTP/1.1\r\nA: b\r\n\r\n"),
                         "hello"));
  assert_true(ends_within(fd, 1000));
  assert_int_equal(atomic_load(&seen.handled), before + 1);
  close(fd);
  server_free(server);
}

// A machine that pauses between two requests leaves the second to the connection's own thread.
static void test_who_asks_again_soon_is_served_by_a_poller(void **state) {
  Server *server = serve(4);
  bool polled = false;
  for (int i = 0; i < 50 && !polled; i++) {
    int fd = dial_and_keep(server);
    pthread_mutex_lock(&seen.mutex);
    polled = strcmp(seen.thread, "http-poll") == 0;
    pthread_mutex_unlock(&seen.mutex);
    close(fd);
  }
  assert_true(polled);
  server_free(server);
}

// The first time with its own thread, which takes a request now and then, later without.
static void test_who_asks_without_pause_is_kept_for_as_long_as_it_asks(void **state) {
  Server *server = serve(4);
  int fd = dial_and_keep(server);
  int64_t end_ms = clock_now_ms() + 5000;  // twice as long as it may be idle
  while (clock_now_ms() < end_ms)
    assert_non_null(strstr(ask_on(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "hello"));
  close(fd);
  server_free(server);
}

enum { AT_GATE = 12 };

static void test_handlers_that_take_long_delay_no_other_kept_connection(void **state) {
  Server *server = serve(AT_GATE + 4);
  int fd = dial_and_keep(server), at_gate[AT_GATE];
  char answer[1024];
  atomic_store(&seen.gate_is_open, false);
  for (int i = 0; i < AT_GATE; i++) {
    at_gate[i] = dial_and_keep(server);
    assert_true(say(at_gate[i], "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n"));
  }
  for (int64_t end_ms = clock_now_ms() + 20 * 1000;
       atomic_load(&seen.at_gate) < AT_GATE && clock_now_ms() < end_ms;)
    usleep(1000);
  assert_int_equal(atomic_load(&seen.at_gate), AT_GATE);
  assert_non_null(strstr(ask_on(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "hello"));
  assert_int_equal(atomic_load(&seen.at_gate), AT_GATE);
  atomic_store(&seen.gate_is_open, true);
  for (int i = 0; i < AT_GATE; i++) {
    assert_true(hear(at_gate[i], answer, sizeof answer, false) > 0);
    close(at_gate[i]);
  }
  close(fd);
  server_free(server);
}

// Within less than the two seconds after which libcivetweb looks again; a busy machine may take longer once.
static void test_who_ends_its_half_with_a_request_is_answered_and_closed(void **state) {
  Server *server = serve(4);
  bool soon = false;
  for (int i = 0; i < 5 && !soon; i++) {
    char answer[1024];
    int fd = dial_and_keep(server);
    assert_true(say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"));
    shutdown(fd, SHUT_WR);
    assert_true(hear(fd, answer, sizeof answer, false) > 0);
    soon = ends_within(fd, 1000);
    close(fd);
  }
  assert_true(soon);
  server_free(server);
}

static void test_a_refusal_ends_a_kept_connection_once_its_client_has_read_it(void **state) {
  Server *server = serve(4);
  for (int i = 0; i < 5; i++) {
    int fd = dial_and_keep(server);
    assert_starts(ask_on(fd, "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"),
                  "HTTP/1.1 404 ");
    assert_true(ends_within(fd, PATIENCE_MS));
    close(fd);
  }
  server_free(server);
}

static void test_no_answer_is_a_closed_connection(void **state) {
  Server *server = serve(4);
  int fd = dial(server_port(server));
  char byte;
  assert_true(say(fd, "GET /silent HTTP/1.1\r\nHost: x\r\n\r\n"));
  assert_int_equal(recv(fd, &byte, 1, 0), 0);
  close(fd);
  server_free(server);
}

static void test_a_handler_that_does_not_answer_is_answered_for(void **state) {
  Server *server = serve(4);
  assert_starts(ask(server_port(server), "GET /forgetful HTTP/1.1\r\nHost: x\r\n\r\n"),
                "HTTP/1.1 500 ");
  server_free(server);
}

static void test_handlers_have_stacks_for_deep_recursion(void **state) {
  Server *server = serve(4);
  ask(server_port(server), "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert_true(atomic_load(&seen.stack) >= 1024 * 1024);
  server_free(server);
}

// ---- addresses ----------------------------------------------------------------------------------

static void test_a_bare_port_means_this_machine_alone(void **state) {
  Server *server = serve(2);
  char expected[64];
  snprintf(expected, sizeof expected, "127.0.0.1:%d", server_port(server));
  assert_true(server_port(server) > 0);
  assert_string_equal(server_address(server), expected);
  server_free(server);
}

static void test_ipv6_is_listened_on(void **state) {
  ServerOptions options = {
    .listen = STR("[::1]:0"), .threads = 2, .head_timeout_ms = 1000, .keep_alive_ms = 500
  };
  HttpHandler http = { .route = route };
  struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
  int probe = socket(AF_INET6, SOCK_STREAM, 0);
  bool there = probe >= 0 && bind(probe, (struct sockaddr *)&address, sizeof address) == 0;
  if (probe >= 0) close(probe);
  if (!there) skip();
  Err err;
  Server *server = server_start(&options, &http, &err);
  if (!server) fail_msg("%s", err.text);
  address.sin6_port = htons((uint16_t)server_port(server));
  int fd = socket(AF_INET6, SOCK_STREAM, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
  assert_starts(ask_on(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 200 ");
  close(fd);
  server_free(server);
}

static void assert_refused(const char *listen, ErrCode code, const char *saying) {
  ServerOptions options = {
    .listen = str_of(listen), .threads = 2, .head_timeout_ms = 1000, .keep_alive_ms = 500
  };
  HttpHandler http = { .route = route };
  Err err = { 0 };
  Server *server = server_start(&options, &http, &err);
  if (server) fail_msg("listens on '%s'", listen);
  assert_int_equal(err.code, code);
  if (!strstr(err.text, saying)) fail_msg("'%s' does not say '%s'", err.text, saying);
}

static void test_an_address_that_is_none_is_named(void **state) {
  assert_refused("", ERR_USAGE, "ADDRESS:PORT");
  assert_refused("127.0.0.1:", ERR_USAGE, "127.0.0.1:");
  assert_refused("127.0.0.1:65536", ERR_USAGE, "65536");
  assert_refused("example.com:80", ERR_USAGE, "example.com");
  assert_refused("::1:80", ERR_USAGE, "::1");
  assert_refused("[::1]", ERR_USAGE, "[::1]");
  assert_refused("127.0.0.1:80,127.0.0.1:81", ERR_USAGE, "127.0.0.1:80,127.0.0.1:81");
  assert_refused("127.0.0.1:80s", ERR_USAGE, "80s");
}

static void test_a_taken_port_is_named_with_the_flags_that_give_another(void **state) {
  Server *server = serve(2);
  assert_refused(server_address(server), ERR_FAILED, "--port");
  assert_refused(server_address(server), ERR_FAILED, server_address(server));
  server_free(server);
}

// ---- stopping -----------------------------------------------------------------------------------

static void *stop(void *server) {
  server_free(server);
  return NULL;
}

static void test_stopping_lets_requests_under_way_finish(void **state) {
  Server *server = serve(4);
  char answer[512] = "";
  pthread_t stopper;
  int fd = dial(server_port(server)), half = dial(server_port(server)),
      idle = dial(server_port(server));
  assert_true(say(fd, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"));
  assert_true(say(half, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc"));
  usleep(150 * 1000);
  assert_int_equal(pthread_create(&stopper, NULL, stop, server), 0);
  usleep(100 * 1000);
  assert_true(say(half, "def"));
  assert_true(hear(half, answer, sizeof answer, false) > 0);
  assert_non_null(strstr(answer, "\r\n\r\nabcdef"));
  assert_true(hear(fd, answer, sizeof answer, false) > 0);
  assert_non_null(strstr(answer, "\r\n\r\nhello"));
  int64_t begun = clock_now_ms();
  pthread_join(stopper, NULL);
  assert_true(clock_now_ms() - begun < 1500);
  close(fd);
  close(half);
  close(idle);
}

static void test_a_stopping_server_takes_no_new_connection(void **state) {
  Server *server = serve(4);
  pthread_t stopper;
  int port = server_port(server), fd = dial(port);
  assert_true(say(fd, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"));
  usleep(100 * 1000);
  assert_int_equal(pthread_create(&stopper, NULL, stop, server), 0);
  usleep(100 * 1000);
  int late = dial(port);
  assert_int_equal(late, -1);
  char answer[512];
  assert_true(hear(fd, answer, sizeof answer, false) > 0);
  pthread_join(stopper, NULL);
  close(fd);
}

// ---- crowds -------------------------------------------------------------------------------------

static void allow_many_files(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max < 8192 ? limit.rlim_max : 8192;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static void test_a_body_that_does_not_come_ends_its_connection_in_time(void **state) {
  Server *server = serve(4);
  int fd = dial(server_port(server)), dripping = dial(server_port(server));
  assert_true(say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\nabc"));
  assert_true(say(dripping, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n"));
  int64_t begun = clock_now_ms();
  bool over = false;
  while (!over && clock_now_ms() - begun < PATIENCE_MS) {
    over = !say(dripping, "x") || ends_within(dripping, 100);
  }
  assert_true(over);
  assert_true(clock_now_ms() - begun < 2500);
  assert_true(ends_within(fd, 1000));
  close(fd);
  close(dripping);
  server_free(server);
}

static void test_a_head_that_drips_ends_its_connection_in_time(void **state) {
  Server *server = serve(4);
  int fd = dial(server_port(server));
  assert_true(say(fd, "GET / HTTP/1.1\r\nX: "));
  int64_t begun = clock_now_ms();
  bool over = false;
  while (!over && clock_now_ms() - begun < PATIENCE_MS)
    over = !say(fd, "x") || ends_within(fd, 100);
  assert_true(over);
  assert_true(clock_now_ms() - begun < 2500);
  close(fd);
  server_free(server);
}

#define ECHO "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"

// It is read together with the request before it.
static void test_a_head_that_begins_behind_a_request_must_come_whole_in_time(void **state) {
  static const char *const beginnings[] = { "P", "\r\nP", "POST /echo HTTP/1.1\r\nHost: x\r\n" };
  Server *server = serve_and_keep(4);
  for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
    char both[256], answer[512];
    int fd = dial(server_port(server));
    snprintf(both, sizeof both, ECHO "%s", beginnings[i]);
    assert_true(say(fd, both));
    bool is_refused = false;
    while (!is_refused && hear(fd, answer, sizeof answer, false) > 0)
      is_refused = strstr(answer, "408") != NULL;
    assert_true(is_refused);
    close(fd);
  }
  server_free(server);
}

// Some clients send one.
static void test_an_empty_line_behind_a_request_begins_none(void **state) {
  Server *server = serve_and_keep(4);
  char answer[512];
  int fd = dial(server_port(server));
  assert_true(say(fd, ECHO "\r\n"));
  assert_true(hear(fd, answer, sizeof answer, false) > 0);
  assert_false(ends_within(fd, 2500));
  assert_true(say(fd, ECHO));
  assert_true(hear(fd, answer, sizeof answer, false) > 0);
  assert_non_null(strstr(answer, "abc"));
  assert_true(atomic_load(&seen.waited_us) < 2000 * 1000);  // it arrived after the line
  close(fd);
  server_free(server);
}

// Returns how long a new client's request takes, including the connection; -1 if it is not answered.
static int64_t time_one(int port) {
  char answer[512];
  int64_t begun = clock_now_ms();
  int fd = dial(port);
  bool answered =
      fd >= 0 &&
      say(fd,
          "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc") &&
      hear(fd, answer, sizeof answer, false) > 0 && strstr(answer, "\r\n\r\nabc");
  if (fd >= 0) close(fd);
  return answered ? clock_now_ms() - begun : -1;
}

static void assert_nobody_waits_behind(const char *stalled, int count) {
  Server *server = serve_with("0", 64, (HttpHandler){ .route = route_crowd });
  int *fds = calloc((size_t)count, sizeof *fds);
  for (int i = 0; i < count; i++) {
    fds[i] = dial(server_port(server));
    assert_true(fds[i] >= 0);
    say(fds[i], stalled);
  }
  for (int i = 0; i < 10; i++) {
    int64_t ms = time_one(server_port(server));
    if (ms < 0 || ms > BUSY_MACHINE_MS)
      fail_msg("request %d behind %d stalling clients ('%s'): %lld ms", i, count, stalled,
               (long long)ms);
    // Other clients replace those whose connections were closed.
    for (int j = 0; j < 20; j++) {
      int k = (i * 20 + j) % count;
      close(fds[k]);
      fds[k] = dial(server_port(server));
      say(fds[k], stalled);
    }
  }
  for (int i = 0; i < count; i++) close(fds[i]);
  free(fds);
  server_free(server);
}

static void test_100_silent_connections_delay_nobody(void **state) {
  assert_nobody_waits_behind("", 100);
}
static void test_500_silent_connections_delay_nobody(void **state) {
  assert_nobody_waits_behind("", 500);
}
static void test_500_half_sent_heads_delay_nobody(void **state) {
  assert_nobody_waits_behind("POST /echo HTTP/1.1\r\nHost: x\r\nCon", 500);
}
static void test_500_half_sent_bodies_delay_nobody(void **state) {
  assert_nobody_waits_behind("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\nabc",
                             500);
}

enum { SILENT = 10 };

static bool has_ended(int fd) {
  char byte;
  return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static Server *serve_patiently(int threads) {
  ServerOptions options = {
    .listen = STR("0"), .threads = threads, .head_timeout_ms = 60 * 1000, .keep_alive_ms = 500
  };
  Err err;
  Server *server = server_start(&options, &(HttpHandler){ .route = route }, &err);
  assert_non_null(server);
  return server;
}

static int count_ended(const int *fds, int count) {
  int ended = 0;
  for (int i = 0; i < count; i++) ended += has_ended(fds[i]);
  return ended;
}

// With a thread for each, the request would wait for a minute.
static void test_silent_connections_hold_no_thread(void **state) {
  Server *server = serve_patiently(4);
  int fds[SILENT], busy, threads;
  for (int i = 0; i < SILENT; i++) fds[i] = dial(server_port(server));
  assert_starts(ask(server_port(server), "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 200 ");
  usleep(ACCEPTED_AFTER_US + 700 * 1000);
  server_load(server, &busy, &threads);
  assert_int_equal(busy, 0);
  assert_int_equal(count_ended(fds, SILENT), 0);
  for (int i = 0; i < SILENT; i++) {
    assert_starts(ask_on(fds[i], "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 200 ");
    close(fds[i]);
  }
  server_free(server);
}

// Returns the limit before.
static struct rlimit allow_descriptors(void) {
  struct rlimit limit, enough;
  getrlimit(RLIMIT_NOFILE, &limit);
  enough = limit;
  enough.rlim_cur = limit.rlim_max > 4096 ? 4096 : limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &enough);
  return limit;
}

// Descriptors are what they take.
static void test_of_very_many_silent_connections_the_oldest_are_closed(void **state) {
  enum { ALL = 300, KEPT = 256, ENDED = ALL - KEPT };
  static int fds[ALL];
  struct rlimit limit = allow_descriptors();
  Server *server = serve_patiently(4);
  for (int i = 0; i < ENDED; i++) fds[i] = dial(server_port(server));
  usleep(ACCEPTED_AFTER_US);
  for (int i = ENDED; i < ALL; i++) fds[i] = dial(server_port(server));
  int64_t end_ms = clock_now_ms() + PATIENCE_MS;
  while (count_ended(fds, ALL) < ENDED && clock_now_ms() < end_ms) usleep(1000);
  usleep(100 * 1000);
  assert_int_equal(count_ended(fds, ALL), ENDED);
  assert_int_equal(count_ended(fds, ENDED), ENDED);
  for (int i = 0; i < ALL; i++) close(fds[i]);
  server_free(server);
  setrlimit(RLIMIT_NOFILE, &limit);
}

static void test_a_silent_connection_ends_in_time(void **state) {
  Server *server = serve(4);  // a second
  int fd = dial(server_port(server));
  assert_false(ends_within(fd, 500));
  assert_true(ends_within(fd, PATIENCE_MS));
  close(fd);
  server_free(server);
}

// The walk through the descriptors does not end before it.
static void test_a_silent_connection_behind_many_other_files_ends_in_time(void **state) {
  enum { OTHERS = 1100 };
  static int others[OTHERS];
  struct rlimit limit = allow_descriptors();
  Server *server = serve(4);  // a second
  for (int i = 0; i < OTHERS; i++) others[i] = dup(0);
  int fd = dial(server_port(server));
  assert_true(fd > 1024);
  assert_true(ends_within(fd, PATIENCE_MS));
  close(fd);
  for (int i = 0; i < OTHERS; i++) close(others[i]);
  server_free(server);
  setrlimit(RLIMIT_NOFILE, &limit);
}

enum { CLIENTS = 256 };

typedef struct {
  int port;
  atomic_bool *over;
  int answers, lost;
  int64_t longest_ms;
} Client;

static bool ask_echo(int fd, char *answer, size_t size) {
  return fd >= 0 && say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc") &&
         hear(fd, answer, size, false) > 0;
}

// Sends requests without pause, on one connection as long as the server keeps it open. The server may have closed a
// kept connection while this thread did not run: that is no failure, as for any client, if a new connection is
// answered.
static void *never_rest(void *arg) {
  Client *client = arg;
  char answer[512];
  int fd = -1;
  while (!atomic_load(client->over)) {
    int64_t begun = clock_now_ms();
    bool kept = fd >= 0, answered = kept && ask_echo(fd, answer, sizeof answer);
    if (!answered) {
      if (kept) close(fd);
      fd = dial(client->port);
      answered = ask_echo(fd, answer, sizeof answer);
    }
    if (answered) client->answers++;
    else client->lost++;
    int64_t ms = clock_now_ms() - begun;
    if (ms > client->longest_ms) client->longest_ms = ms;
    if (answered && !strstr(answer, "Connection: close")) continue;
    if (fd >= 0) close(fd);
    fd = -1;
  }
  if (fd >= 0) close(fd);
  return NULL;
}

static void test_256_busy_clients_share_64_threads(void **state) {
  Server *server = serve_with("0", 64, (HttpHandler){ .route = route_crowd });
  atomic_bool over = false;
  static Client clients[CLIENTS];
  static pthread_t threads[CLIENTS];
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  for (int i = 0; i < CLIENTS; i++) {
    clients[i] = (Client){ .port = server_port(server), .over = &over };
    assert_int_equal(pthread_create(&threads[i], &attr, never_rest, &clients[i]), 0);
  }
  usleep(3000 * 1000);
  atomic_store(&over, true);
  int64_t longest_ms = 0;
  int lost = 0, least = INT32_MAX;
  for (int i = 0; i < CLIENTS; i++) {
    pthread_join(threads[i], NULL);
    lost += clients[i].lost;
    if (clients[i].longest_ms > longest_ms) longest_ms = clients[i].longest_ms;
    if (clients[i].answers < least) least = clients[i].answers;
  }
  pthread_attr_destroy(&attr);
  server_free(server);
  print_message("256 busy clients: longest wait %lld ms, fewest answers %d, lost %d\n",
                (long long)longest_ms, least, lost);
  assert_int_equal(lost, 0);
  assert_true(least > 0);
  assert_true(longest_ms < BUSY_MACHINE_MS);
}

int main(int argc, char **argv) {
  // PATTERN: these tests alone; -PATTERN: all others.
  if (argc > 1 && *argv[1] == '-') cmocka_set_skip_filter(argv[1] + 1);
  else if (argc > 1) cmocka_set_test_filter(argv[1]);
  log_setup(LOG_ERROR, LOG_TEXT);
  allow_many_files();
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_an_answer_has_its_length_and_names_no_software),
    cmocka_unit_test(test_path_and_query_are_given_as_sent),
    cmocka_unit_test(test_refusals_by_the_head_do_not_wait_for_the_body),
    cmocka_unit_test(test_who_routed_a_request_is_told_when_it_is_over_however_it_ended),
    cmocka_unit_test(test_a_body_of_the_greatest_length_arrives_whole),
    cmocka_unit_test(test_a_client_that_asks_before_its_body_is_told_to_go_on),
    cmocka_unit_test(test_a_head_larger_than_any_buffer_is_refused_and_the_server_lives),
    cmocka_unit_test(test_what_is_no_request_is_refused_in_few_words),
    cmocka_unit_test(test_a_target_that_is_a_whole_url_names_the_path_and_the_query),
    cmocka_unit_test(test_a_connection_is_kept_for_the_next_request),
    cmocka_unit_test(test_a_request_is_the_same_however_it_is_cut_into_pieces),
    cmocka_unit_test(test_requests_in_a_row_are_told_apart_wherever_they_are_cut),
    cmocka_unit_test(test_a_kept_connection_that_rests_is_closed_in_time),
    cmocka_unit_test(test_a_pause_on_a_kept_connection_does_no_harm),
    cmocka_unit_test(test_the_end_of_a_kept_connection_frees_its_thread),
    cmocka_unit_test(test_who_reads_nothing_on_a_kept_connection_holds_no_thread),
    cmocka_unit_test(test_stopping_ends_kept_connections_at_once),
    cmocka_unit_test(test_a_body_that_nobody_asked_for_is_not_the_next_request),
    cmocka_unit_test(test_who_asks_again_soon_is_served_by_a_poller),
    cmocka_unit_test(test_who_asks_without_pause_is_kept_for_as_long_as_it_asks),
    cmocka_unit_test(test_handlers_that_take_long_delay_no_other_kept_connection),
    cmocka_unit_test(test_who_ends_its_half_with_a_request_is_answered_and_closed),
    cmocka_unit_test(test_a_refusal_ends_a_kept_connection_once_its_client_has_read_it),
    cmocka_unit_test(test_no_answer_is_a_closed_connection),
    cmocka_unit_test(test_a_handler_that_does_not_answer_is_answered_for),
    cmocka_unit_test(test_handlers_have_stacks_for_deep_recursion),
    cmocka_unit_test(test_a_bare_port_means_this_machine_alone),
    cmocka_unit_test(test_ipv6_is_listened_on),
    cmocka_unit_test(test_an_address_that_is_none_is_named),
    cmocka_unit_test(test_a_taken_port_is_named_with_the_flags_that_give_another),
    cmocka_unit_test(test_stopping_lets_requests_under_way_finish),
    cmocka_unit_test(test_a_stopping_server_takes_no_new_connection),
    cmocka_unit_test(test_a_body_that_does_not_come_ends_its_connection_in_time),
    cmocka_unit_test(test_a_head_that_drips_ends_its_connection_in_time),
    cmocka_unit_test(test_a_head_that_begins_behind_a_request_must_come_whole_in_time),
    cmocka_unit_test(test_an_empty_line_behind_a_request_begins_none),
    cmocka_unit_test(test_100_silent_connections_delay_nobody),
    cmocka_unit_test(test_500_silent_connections_delay_nobody),
    cmocka_unit_test(test_silent_connections_hold_no_thread),
    cmocka_unit_test(test_of_very_many_silent_connections_the_oldest_are_closed),
    cmocka_unit_test(test_a_silent_connection_ends_in_time),
    cmocka_unit_test(test_a_silent_connection_behind_many_other_files_ends_in_time),
    cmocka_unit_test(test_500_half_sent_heads_delay_nobody),
    cmocka_unit_test(test_500_half_sent_bodies_delay_nobody),
    cmocka_unit_test(test_256_busy_clients_share_64_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
