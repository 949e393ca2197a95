// New connections: which of them a poller serves from beginning to end, and which libcivetweb gets.
#include "net/server.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/log.h"
#include "net/arrivals.h"
#include "net/civetweb.h"
#include "raw_client.h"

#define CLOSING "Connection: close\r\n\r\n"
#define POST "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"

enum { BIG = 16 * 1024 * 1024, MANY = 200, FILES = 4096 };

static char big[BIG];
static pthread_mutex_t noted = PTHREAD_MUTEX_INITIALIZER;  // of these
static char thread[32], remote[64];
static atomic_int open_gates, at_gate;

static void note(HttpRequest *request) {
  pthread_mutex_lock(&noted);
  pthread_getname_np(pthread_self(), thread, sizeof thread);
  snprintf(remote, sizeof remote, "%s", server_remote(request));
  pthread_mutex_unlock(&noted);
}

static void wait_at_gate(void) {
  atomic_fetch_add(&at_gate, 1);
  while (atomic_load(&open_gates) == 0) usleep(1000);
}

static void *answer_elsewhere(void *request) {
  note(request);
  server_respond(request, &(HttpResponse){ .status = 200, .body = STR("elsewhere") });
  return NULL;
}

static void handle(void *ctx, HttpRequest *request) {
  pthread_t other;
  if (str_eq(request->path, STR("/elsewhere"))) {
    assert_int_equal(pthread_create(&other, NULL, answer_elsewhere, request), 0);
    pthread_join(other, NULL);
    return;
  }
  HttpResponse response = { .status = 200, .body = request->body };
  note(request);
  bool is_held_and_big = str_eq(request->path, STR("/gate/big"));
  if (is_held_and_big || str_eq(request->path, STR("/gate"))) wait_at_gate();
  if (is_held_and_big || str_eq(request->path, STR("/big")))
    response.body = str_make(big, sizeof big);
  if (str_eq(request->path, STR("/none"))) response.no_answer = true;
  server_respond(request, &response);
}

static void route(void *ctx, const HttpRequest *head, HttpRoute *to) {
  *to = (HttpRoute){ .handle = handle,
                     .max_body = 1000,
                     .needs_body = str_eq(head->method, STR("POST")) };
}

static Server *server;

static void start(const char *listen, int threads) {
  ServerOptions options = { .listen = str_of(listen),
                            .threads = threads,
                            .head_timeout_ms = 5000,
                            .keep_alive_ms = 5000,
                            .trusted_proxies = STR("127.0.0.1") };
  Err err = { 0 };
  server = server_start(&options, &(HttpHandler){ .route = route }, &err);
  if (!server) fail_msg("%s", err.text);
}

static void allow_files(rlim_t count) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max < count ? limit.rlim_max : count;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static int set_up(void **state) {
  allow_files(FILES);
  start("0", 4);
  return 0;
}

static int tear_down(void **state) {
  server_free(server);
  return 0;
}

static void assert_noted(const char *what, const char *wanted) {
  char copy[sizeof remote];
  pthread_mutex_lock(&noted);
  snprintf(copy, sizeof copy, "%s", what);
  pthread_mutex_unlock(&noted);
  assert_string_equal(copy, wanted);
}

static void assert_served_by(const char *name) { assert_noted(thread, name); }

static const char *ask_here(const char *request) { return ask(server_port(server), request); }

static int busy_threads(void) {
  int busy, threads;
  server_load(server, &busy, &threads);
  return busy;
}

static void test_a_connection_of_one_plain_request_is_served_by_a_poller(void **state) {
  const char *answer = ask_here(POST CLOSING "abc");
  assert_starts(answer, "HTTP/1.1 200 ");
  assert_non_null(strstr(answer, "Connection: close"));
  assert_non_null(strstr(answer, "\r\n\r\nabc"));
  assert_served_by("http-poll");
}

static void test_it_is_closed_after_its_answer(void **state) {
  int fd = dial(server_port(server));
  ask_on(fd, POST CLOSING "abc");
  assert_true(ends_within(fd, PATIENCE_MS));
  close(fd);
}

static void test_who_is_silent_at_first_is_served_so_too_and_held_no_thread(void **state) {
  int fd = dial(server_port(server));
  usleep(ACCEPTED_AFTER_US);
  assert_int_equal(busy_threads(), 0);
  assert_starts(ask_on(fd, "GET / HTTP/1.1\r\nHost: x\r\n" CLOSING), "HTTP/1.1 200 ");
  assert_served_by("http-poll");
  close(fd);
}

static void test_a_client_of_http_1_0_that_keeps_nothing_is_served_so_too(void **state) {
  static const char *const requests[] = {
    "POST /echo HTTP/1.0\r\nHost: x\r\nContent-Length: 3\r\n" CLOSING "abc",
    "POST /echo HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
  };
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
    const char *answer = ask_here(requests[i]);
    assert_starts(answer, "HTTP/1.1 200 ");
    assert_non_null(strstr(answer, "Connection: close"));
    assert_non_null(strstr(answer, "\r\n\r\nabc"));
    assert_served_by("http-poll");
  }
}

static void test_every_other_connection_is_passed_on_with_nothing_read(void **state) {
  static const char *const others[] = {
    POST "\r\nabc",
    POST "Connection: keep-alive\r\n\r\nabc",
    "POST /echo HTTP/1.0\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc",
    "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" CLOSING
    "3\r\nabc\r\n0\r\n\r\n",
  };
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    assert_non_null(strstr(ask_here(others[i]), "\r\n\r\nabc"));
    assert_served_by("http");
  }
}

static void test_a_request_in_pieces_is_the_same(void **state) {
  static const char whole[] = POST CLOSING "abc";
  char answer[1000];
  for (size_t cut = 1; cut < sizeof whole - 1; cut += 9) {
    int fd = dial(server_port(server));
    assert_true(send(fd, whole, cut, MSG_NOSIGNAL) > 0);
    usleep(2000);
    assert_true(say(fd, whole + cut));
    assert_true(hear(fd, answer, sizeof answer, false) > 0);
    assert_non_null(strstr(answer, "\r\n\r\nabc"));
    close(fd);
  }
}

static void test_who_sends_more_than_its_request_is_answered_once(void **state) {
  int fd = dial(server_port(server));
  const char *answer = ask_on(fd, POST CLOSING "abcGET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert_non_null(strstr(answer, "\r\n\r\nabc"));
  assert_true(ends_within(fd, PATIENCE_MS));
  close(fd);
}

static void test_who_ends_its_half_with_its_request_is_answered(void **state) {
  char answer[1000];
  int fd = dial(server_port(server));
  assert_true(say(fd, POST CLOSING "abc"));
  shutdown(fd, SHUT_WR);
  assert_true(hear(fd, answer, sizeof answer, false) > 0);
  assert_non_null(strstr(answer, "\r\n\r\nabc"));
  close(fd);
}

static int count_descriptors(void) {
  int count = 0;
  for (int fd = 0; fd < FILES; fd++) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

// Each is closed by a thread of libcivetweb, which is busy until all have gone.
static void test_who_has_gone_before_it_has_a_thread_takes_none(void **state) {
  enum { GONE = 20 };
  struct linger at_once = { .l_onoff = 1 };
  int fds[GONE], held, busy = 1;
  char answer[1000];
  server_free(server);
  start("0", 1);
  atomic_store(&open_gates, 0);
  atomic_store(&at_gate, 0);
  int before = count_descriptors();
  held = dial(server_port(server));
  assert_true(say(held, "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n"));
  while (atomic_load(&at_gate) == 0) usleep(1000);
  for (int i = 0; i < GONE; i++) {
    fds[i] = dial(server_port(server));
    assert_true(say(fds[i], "GET / HTTP/1.1\r\nHo"));
    setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  for (int i = 0; i < GONE; i++) close(fds[i]);
  atomic_store(&open_gates, 1);
  assert_true(hear(held, answer, sizeof answer, false) > 0);
  close(held);
  for (int64_t end_ms = clock_now_ms() + PATIENCE_MS;
       (busy > 0 || count_descriptors() > before) && clock_now_ms() < end_ms; usleep(1000))
    busy = busy_threads();
  assert_int_equal(busy, 0);
  assert_true(count_descriptors() <= before);
  server_free(server);
  start("0", 4);
}

static void test_a_proxy_that_is_trusted_names_the_client(void **state) {
  ask_here("GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.7\r\n" CLOSING);
  assert_noted(remote, "192.0.2.7");
  ask_here("GET / HTTP/1.1\r\nHost: x\r\n" CLOSING);
  assert_noted(remote, "127.0.0.1");
}

static void test_what_is_refused_is_answered(void **state) {
  assert_starts(ask_here("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n" CLOSING), "HTTP/1.1 400 ");
  assert_starts(ask_here("POST / HTTP/1.1\r\nHost: x\r\n" CLOSING), "HTTP/1.1 411 ");
}

// As the watch does for a thread that is stuck in a script.
static void test_another_thread_may_answer(void **state) {
  const char *answer = ask_here("GET /elsewhere HTTP/1.1\r\nHost: x\r\n" CLOSING);
  assert_non_null(strstr(answer, "\r\n\r\nelsewhere"));
  assert_noted(remote, "127.0.0.1");
}

static void test_no_answer_is_a_closed_connection(void **state) {
  int fd = dial(server_port(server));
  char byte;
  assert_true(say(fd, "GET /none HTTP/1.1\r\nHost: x\r\n" CLOSING));
  assert_int_equal(recv(fd, &byte, 1, 0), 0);
  close(fd);
}

static void test_an_answer_that_is_read_slowly_arrives_whole(void **state) {
  static char answer[BIG + 1000];
  int fd = dial(server_port(server));
  assert_true(say(fd, "GET /big HTTP/1.1\r\nHost: x\r\n" CLOSING));
  usleep(200 * 1000);
  assert_true(hear(fd, answer, sizeof answer, false) > BIG);
  close(fd);
}

// At once, and from one who was silent at first.
static void test_who_sends_more_during_the_handler_gets_all_of_a_large_answer(void **state) {
  static char answer[BIG + 1000];
  for (int silent_us = 0; silent_us <= ACCEPTED_AFTER_US; silent_us += ACCEPTED_AFTER_US) {
    int fd = dial(server_port(server));
    atomic_store(&open_gates, 0);
    atomic_store(&at_gate, 0);
    usleep((useconds_t)silent_us);
    assert_true(say(fd, "GET /gate/big HTTP/1.1\r\nHost: x\r\n" CLOSING));
    while (atomic_load(&at_gate) == 0) usleep(1000);
    assert_true(say(fd, "\r\n"));
    atomic_store(&open_gates, 1);
    usleep(100 * 1000);
    assert_true(hear(fd, answer, sizeof answer, false) > BIG);
    assert_true(ends_within(fd, PATIENCE_MS));
    close(fd);
  }
}

static void test_who_lingers_after_its_answer_is_closed_in_time(void **state) {
  char answer[1000];
  int before = count_descriptors(), fd = dial(server_port(server));
  atomic_store(&open_gates, 0);
  atomic_store(&at_gate, 0);
  assert_true(say(fd, "GET /gate HTTP/1.1\r\nHost: x\r\n" CLOSING));
  while (atomic_load(&at_gate) == 0) usleep(1000);
  assert_true(say(fd, "\r\n"));
  atomic_store(&open_gates, 1);
  assert_true(hear(fd, answer, sizeof answer, false) > 0);
  for (int64_t end_ms = clock_now_ms() + PATIENCE_MS;
       count_descriptors() > before + 1 && clock_now_ms() < end_ms;)
    usleep(10 * 1000);
  assert_true(count_descriptors() <= before + 1);
  close(fd);
}

static void test_only_so_many_are_accepted_that_wait_for_a_thread(void **state) {
  enum { CLIENTS = 1500, MOST = 1024 + 64 };
  static int fds[CLIENTS];
  server_free(server);
  start("0", 1);
  int before = count_descriptors(), most = 0;
  for (int i = 0; i < CLIENTS; i++) {
    fds[i] = dial(server_port(server));
    assert_true(say(fds[i], "GET / HTTP/1.1\r\nHo"));
  }
  for (int i = 0; i < 30; i++) {
    int now = count_descriptors() - before - CLIENTS;
    if (now > most) most = now;
    usleep(10 * 1000);
  }
  assert_in_range(most, 1, MOST);
  for (int i = 0; i < CLIENTS; i++) close(fds[i]);
  assert_starts(ask_here(POST "\r\nabc"), "HTTP/1.1 200 ");
  server_free(server);
  start("0", 4);
}

static int connect_later(void) { return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }

static void connect_now(int fd) {
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)server_port(server)),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
}

static void test_without_descriptors_new_connections_wait_and_kept_ones_are_served(void **state) {
  static int others[FILES];
  int count = 0, kept = dial(server_port(server)), late = connect_later();
  char answer[1000];
  ask_on(kept, POST "\r\nabc");
  while ((others[count] = dup(0)) >= 0) count++;
  connect_now(late);
  assert_true(say(late, POST CLOSING "abc"));
  for (int i = 0; i < 20; i++) {
    usleep(10 * 1000);
    assert_non_null(strstr(ask_on(kept, POST "\r\nabc"), "\r\n\r\nabc"));
  }
  while (count > 0) close(others[--count]);
  assert_true(hear(late, answer, sizeof answer, false) > 0);
  assert_starts(answer, "HTTP/1.1 200 ");
  close(late);
  close(kept);
}

static void test_clients_that_go_leave_no_descriptor(void **state) {
  int before = count_descriptors();
  struct linger at_once = { .l_onoff = 1 };
  for (int i = 0; i < MANY; i++) {
    int fd = dial(server_port(server));
    if (i % 4 == 1) usleep(1000);
    if (i % 4 == 2) say(fd, POST CLOSING "abc");
    if (i % 4 == 3) setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
  }
  int64_t end_ms = clock_now_ms() + PATIENCE_MS;
  while (count_descriptors() > before && clock_now_ms() < end_ms) usleep(10 * 1000);
  assert_true(count_descriptors() <= before);
}

// Opens connections that ask, and returns once as many handlers as there are pollers stand at the gate.
static void ask_at_gate(int *fds, int count, int at_once) {
  atomic_store(&open_gates, 0);
  atomic_store(&at_gate, 0);
  for (int i = 0; i < count; i++) {
    fds[i] = dial(server_port(server));
    assert_true(say(fds[i], "GET /gate HTTP/1.1\r\nHost: x\r\n" CLOSING));
  }
  while (atomic_load(&at_gate) < at_once) usleep(1000);
}

static void wait_until_nobody_listens(void) {
  for (int fd; (fd = dial(server_port(server))) >= 0; usleep(1000)) close(fd);
}

// Returns how many were answered, and closes them.
static int count_answered(const int *fds, int count) {
  char answer[1000];
  int answered = 0;
  for (int i = 0; i < count; i++) {
    answered += hear(fds[i], answer, sizeof answer, false) > 0;
    close(fds[i]);
  }
  return answered;
}

static void assert_all_are_answered(const int *fds, int count) {
  assert_int_equal(count_answered(fds, count), count);
}

static pthread_t stop_elsewhere(void) {
  pthread_t stopping;
  pthread_create(&stopping, NULL, (void *(*)(void *))(void *)server_stop, server);
  return stopping;
}

// More than there are pollers at first: as many as cores.
static void test_handlers_that_take_long_delay_no_other_new_connection(void **state) {
  enum { STUCK_MAX = 512 };
  static int fds[STUCK_MAX];
  int stuck = (int)sysconf(_SC_NPROCESSORS_ONLN) + 1;
  if (stuck > STUCK_MAX) skip();
  server_free(server);
  start("0", stuck + 1);
  ask_at_gate(fds, stuck, stuck);
  assert_starts(ask_here(POST CLOSING "abc"), "HTTP/1.1 200 ");
  atomic_store(&open_gates, 1);
  assert_all_are_answered(fds, stuck);
  server_free(server);
  start("0", 4);
}

static int count_ended(const int *fds, int count) {
  char byte;
  int ended = 0;
  for (int i = 0; i < count; i++) ended += recv(fds[i], &byte, 1, MSG_DONTWAIT) == 0;
  return ended;
}

// One is shut down at once, and closed when a poller is free.
static void test_one_silent_connection_too_many_ends_one_even_if_pollers_are_busy(void **state) {
  enum { ALL = 256 + 1, STUCK_MAX = 256 };
  static int fds[ALL], stuck[STUCK_MAX];
  int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
  if (cores > STUCK_MAX) skip();
  server_free(server);
  start("0", 1);
  for (int i = 0; i < ALL; i++) fds[i] = dial(server_port(server));
  usleep(ACCEPTED_AFTER_US);
  ask_at_gate(stuck, cores, 1);
  usleep(400 * 1000);
  atomic_store(&open_gates, 1);
  assert_all_are_answered(stuck, cores);
  for (int64_t end_ms = clock_now_ms() + PATIENCE_MS;
       count_ended(fds, ALL) == 0 && clock_now_ms() < end_ms;)
    usleep(1000);
  usleep(200 * 1000);
  assert_int_equal(count_ended(fds, ALL), 1);
  for (int i = 0; i < ALL; i++) close(fds[i]);
  server_free(server);
  start("0", 4);
}

// The watch looks around because somebody is silent, and no thread is free.
static void test_a_kept_connection_is_kept_while_pollers_serve_new_ones(void **state) {
  enum { STUCK = 1 };
  int fds[STUCK];
  server_free(server);
  start("0", 1);
  int kept = dial(server_port(server)), silent = dial(server_port(server));
  usleep(ACCEPTED_AFTER_US);
  assert_non_null(strstr(ask_on(kept, POST "\r\nabc"), "keep-alive"));
  ask_at_gate(fds, STUCK, 1);
  for (int i = 0; i < 30; i++) {
    usleep(10 * 1000);
    assert_non_null(strstr(ask_on(kept, POST "\r\nabc"), "keep-alive"));
  }
  assert_int_equal(busy_threads(), 1);
  atomic_store(&open_gates, 1);
  assert_all_are_answered(fds, STUCK);
  close(kept);
  close(silent);
  server_free(server);
  start("0", 4);
}

static void test_stopping_answers_who_waits_in_the_backlog(void **state) {
  enum { COUNT = 40 };
  int fds[COUNT];
  server_free(server);
  start("0", 2);
  ask_at_gate(fds, COUNT, 2);
  pthread_t stopping = stop_elsewhere();
  wait_until_nobody_listens();
  atomic_store(&open_gates, 1);
  assert_all_are_answered(fds, COUNT);
  pthread_join(stopping, NULL);
  server_free(server);
  start("0", 4);
}

// They have 20 ms. On a busy machine this client may be later.
static void test_stopping_answers_who_is_connected_and_about_to_send(void **state) {
  enum { COUNT = 20, TRIES = 5 };
  int fds[COUNT], answered = 0;
  for (int i = 0; i < TRIES && answered < COUNT; i++) {
    for (int k = 0; k < COUNT; k++) fds[k] = dial(server_port(server));
    pthread_t stopping = stop_elsewhere();
    usleep(1000);
    for (int k = 0; k < COUNT; k++) say(fds[k], POST CLOSING "abc");
    answered = count_answered(fds, COUNT);
    pthread_join(stopping, NULL);
    server_free(server);
    start("0", 4);
  }
  assert_int_equal(answered, COUNT);
}

static void test_stopping_answers_what_is_under_way_and_closes_who_is_silent(void **state) {
  char answer[1000];
  atomic_store(&open_gates, 0);
  atomic_store(&at_gate, 0);
  int silent = dial(server_port(server)), asking = dial(server_port(server));
  usleep(ACCEPTED_AFTER_US);
  assert_true(say(asking, "GET /gate HTTP/1.1\r\nHost: x\r\n" CLOSING));
  while (atomic_load(&at_gate) == 0) usleep(1000);
  pthread_t stopping;
  pthread_create(&stopping, NULL, (void *(*)(void *))(void *)server_stop, server);
  assert_true(ends_within(silent, PATIENCE_MS));
  atomic_store(&open_gates, 1);
  assert_true(hear(asking, answer, sizeof answer, false) > 0);
  pthread_join(stopping, NULL);
  assert_int_equal(dial(server_port(server)), -1);
  close(silent);
  close(asking);
  server_free(server);
  start("0", 4);
}

// A process that serves a listening socket of this one, from one order to the next.
typedef struct {
  pid_t pid;
  int orders[2], replies[2];
} Peer;

static void serve_from_order_to_order(const Peer *peer, int fd) {
  char byte;
  Err err;
  ServerOptions options = {
    .inherited = fd, .threads = 2, .head_timeout_ms = 5000, .keep_alive_ms = 5000
  };
  if (read(peer->orders[0], &byte, 1) != 1) _exit(1);
  Server *inherited = server_start(&options, &(HttpHandler){ .route = route }, &err);
  if (!inherited || write(peer->replies[1], "", 1) != 1) _exit(1);
  if (read(peer->orders[0], &byte, 1) != 1) _exit(1);
  server_free(inherited);
  _exit(0);
}

static void fork_peer(Peer *peer, int fd) {
  assert_int_equal(pipe(peer->orders), 0);
  assert_int_equal(pipe(peer->replies), 0);
  peer->pid = fork();
  assert_true(peer->pid >= 0);
  if (peer->pid == 0) serve_from_order_to_order(peer, fd);
}

static void begin_peer(const Peer *peer) {
  char byte;
  assert_int_equal(write(peer->orders[1], "", 1), 1);
  assert_int_equal(read(peer->replies[0], &byte, 1), 1);
}

static void end_peer(const Peer *peer) {
  int status;
  assert_int_equal(write(peer->orders[1], "", 1), 1);
  assert_int_equal(waitpid(peer->pid, &status, 0), peer->pid);
  assert_int_equal(status, 0);
}

// Asks one request after the other, each on a connection of its own.
typedef struct {
  int port, answered, lost;
  atomic_bool *is_over;
} Asker;

static void *ask_and_ask(void *ctx) {
  Asker *asker = ctx;
  char answer[1000];
  while (!atomic_load(asker->is_over)) {
    int fd = dial(asker->port);
    bool heard =
        fd >= 0 && say(fd, POST CLOSING "abc") && hear(fd, answer, sizeof answer, false) > 0;
    asker->answered += heard;
    asker->lost += !heard;
    close(fd);
  }
  return NULL;
}

// Before this process has threads.
static void test_processes_that_have_one_listening_socket_by_turns_lose_no_request(void **state) {
  enum { ASKERS = 4, PEERS = 6 };
  Listener listener;
  Err err = { 0 };
  Peer peers[PEERS];
  atomic_bool is_over = false;
  Asker askers[ASKERS];
  pthread_t threads[ASKERS];
  assert_true(listener_open(&listener, STR("0"), 128, &err));
  for (int i = 0; i < PEERS; i++) fork_peer(&peers[i], listener.fd);
  begin_peer(&peers[0]);
  for (int i = 0; i < ASKERS; i++) {
    askers[i] = (Asker){ .port = listener.port, .is_over = &is_over };
    pthread_create(&threads[i], NULL, ask_and_ask, &askers[i]);
  }
  for (int i = 1; i < PEERS; i++) {
    begin_peer(&peers[i]);
    usleep(20 * 1000);
    end_peer(&peers[i - 1]);
  }
  atomic_store(&is_over, true);
  for (int i = 0; i < ASKERS; i++) {
    pthread_join(threads[i], NULL);
    assert_true(askers[i].answered > 0);
    assert_int_equal(askers[i].lost, 0);
  }
  end_peer(&peers[PEERS - 1]);
  listener_close(&listener);
}

static int hold(void *ctx, CivetwebConnection *conn, const CivetwebRequest *request) {
  wait_at_gate();
  civetweb_write(conn, "late", 4);
  return 200;
}

// What it uses stays in use.
static void test_a_poller_that_does_not_return_is_waited_for_in_vain_and_may_go_on(void **state) {
  static Listener listener;
  static Civetweb *civetweb;
  Err err = { 0 };
  char answer[8] = "";
  atomic_store(&open_gates, 0);
  atomic_store(&at_gate, 0);
  assert_true(listener_open(&listener, STR("0"), 16, &err));
  civetweb = civetweb_new(&(CivetwebOptions){ .threads = 2,
                                              .head_timeout_ms = 1000,
                                              .keep_alive_ms = 1000,
                                              .connections = connections_new(2, 1000),
                                              .listener = &listener,
                                              .serve = hold });
  assert_true(civetweb_start(civetweb, &err));
  int fd = dial(listener.port);
  assert_true(say(fd, "GET / HTTP/1.1\r\nHost: x\r\n" CLOSING));
  while (atomic_load(&at_gate) == 0) usleep(1000);
  assert_false(civetweb_free(civetweb));
  atomic_store(&open_gates, 1);
  assert_int_equal(recv(fd, answer, 4, MSG_WAITALL), 4);
  assert_true(ends_within(fd, PATIENCE_MS));
  close(fd);
  listener_close(&listener);
}

// It closes nothing: that is libcivetweb's, when it reads the end.
static void test_accept_gives_who_has_gone_without_an_address(void **state) {
  int pipe_ends[2], gone = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address, zero = { 0 };
  socklen_t len = sizeof address;
  memset(&address, 1, sizeof address);
  assert_int_equal(pipe(pipe_ends), 0);
  assert_int_equal(write(pipe_ends[1], &gone, sizeof gone), sizeof gone);
  assert_int_equal(accept(pipe_ends[0], (struct sockaddr *)&address, &len), gone);
  assert_memory_equal(&address, &zero, sizeof address);
  assert_int_equal(close(gone), 0);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

static void test_libraries_find_this_accept(void **state) { assert_null(arrivals_untapped()); }

int main(void) {
  log_setup(LOG_ERROR, LOG_TEXT);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_connection_of_one_plain_request_is_served_by_a_poller),
    cmocka_unit_test(test_it_is_closed_after_its_answer),
    cmocka_unit_test(test_who_is_silent_at_first_is_served_so_too_and_held_no_thread),
    cmocka_unit_test(test_a_client_of_http_1_0_that_keeps_nothing_is_served_so_too),
    cmocka_unit_test(test_every_other_connection_is_passed_on_with_nothing_read),
    cmocka_unit_test(test_a_request_in_pieces_is_the_same),
    cmocka_unit_test(test_who_sends_more_than_its_request_is_answered_once),
    cmocka_unit_test(test_who_ends_its_half_with_its_request_is_answered),
    cmocka_unit_test(test_who_has_gone_before_it_has_a_thread_takes_none),
    cmocka_unit_test(test_a_proxy_that_is_trusted_names_the_client),
    cmocka_unit_test(test_what_is_refused_is_answered),
    cmocka_unit_test(test_another_thread_may_answer),
    cmocka_unit_test(test_no_answer_is_a_closed_connection),
    cmocka_unit_test(test_an_answer_that_is_read_slowly_arrives_whole),
    cmocka_unit_test(test_who_sends_more_during_the_handler_gets_all_of_a_large_answer),
    cmocka_unit_test(test_who_lingers_after_its_answer_is_closed_in_time),
    cmocka_unit_test(test_only_so_many_are_accepted_that_wait_for_a_thread),
    cmocka_unit_test(test_without_descriptors_new_connections_wait_and_kept_ones_are_served),
    cmocka_unit_test(test_clients_that_go_leave_no_descriptor),
    cmocka_unit_test(test_handlers_that_take_long_delay_no_other_new_connection),
    cmocka_unit_test(test_one_silent_connection_too_many_ends_one_even_if_pollers_are_busy),
    cmocka_unit_test(test_a_kept_connection_is_kept_while_pollers_serve_new_ones),
    cmocka_unit_test(test_stopping_answers_who_waits_in_the_backlog),
    cmocka_unit_test(test_stopping_answers_who_is_connected_and_about_to_send),
    cmocka_unit_test(test_stopping_answers_what_is_under_way_and_closes_who_is_silent),
    cmocka_unit_test(test_a_poller_that_does_not_return_is_waited_for_in_vain_and_may_go_on),
    cmocka_unit_test(test_accept_gives_who_has_gone_without_an_address),
    cmocka_unit_test(test_libraries_find_this_accept),
  };
  const struct CMUnitTest by_processes[] = {
    cmocka_unit_test(test_processes_that_have_one_listening_socket_by_turns_lose_no_request),
  };
  int failed = cmocka_run_group_tests(by_processes, NULL, NULL);
  return failed + cmocka_run_group_tests(tests, set_up, tear_down);
}
