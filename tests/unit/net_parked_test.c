// Connections without a thread: parked on the loop, answered at once or in pieces, closed, and notified when the client
// closes.
#include "net/parked.h"

#include <setjmp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/log.h"
#include "net/unsent.h"
#include "raw_client.h"

// ---- a kernel that takes everything -------------------------------------------------------------

enum { TAKEN_AT_ONCE = 256 << 10, TURN = 1 << 20 };

static atomic_bool takes_all;  // and the client gets nothing
static atomic_int taken_pieces;

// In place of libc's.
ssize_t send(int fd, const void *bytes, size_t len, int flags) {
  if (!atomic_load(&takes_all)) return sendto(fd, bytes, len, flags, NULL, 0);
  atomic_fetch_add(&taken_pieces, 1);
  return len < TAKEN_AT_ONCE ? (ssize_t)len : TAKEN_AT_ONCE;
}

// ---- server that parks each request -------------------------------------------------------------

typedef struct {
  Loop *loop;
  Server *server;
  LoopCall call;
  Parked *_Atomic parked;  // the last one
  atomic_bool begun;       // the loop watches it
  atomic_int state, sent;  // as reported to the watcher
  atomic_int
      given_all;  // send_much has given all bytes: a reader before that may let the kernel take them at once
  size_t given;  // bytes of a stream
  bool streams;
  atomic_bool stopped;  // the server
} World;

static void on_changed(void *ctx) {
  World *world = ctx;
  atomic_store(&world->state, parked_state(atomic_load(&world->parked)));
}

static void on_sent(void *ctx) {
  World *world = ctx;
  atomic_fetch_add(&world->sent, 1);
}

static void begin(void *ctx) {
  World *world = ctx;
  ParkedWatcher watcher = { .changed = on_changed, .sent = on_sent, .ctx = world };
  Parked *parked = atomic_load(&world->parked);
  assert_true(parked_watch(parked, world->loop, &watcher));
  if (world->streams) parked_begin(parked, &(HttpResponse){ .status = 200, .body = STR("begun ") });
  atomic_store(&world->begun, true);
}

enum { LARGE = 24 << 20 };  // more than the kernel's buffers hold, once the client's does not grow

static void respond_large(HttpRequest *request) {
  char *much = calloc(1, LARGE);
  assert_non_null(much);
  server_respond(request, &(HttpResponse){ .status = 200, .body = str_make(much, LARGE) });
  free(much);
}

static void handle(void *ctx, HttpRequest *request) {
  World *world = ctx;
  if (str_eq(request->path, STR("/at-once")))
    return server_respond(request, &(HttpResponse){ .status = 200, .body = STR("now") });
  if (str_eq(request->path, STR("/large"))) return respond_large(request);
  atomic_store(&world->parked, server_park(request));
  loop_call(world->loop, &world->call, begin, world);
}

static void route(void *ctx, const HttpRequest *head, HttpRoute *out) {
  *out = (HttpRoute){
    .handle = handle, .ctx = ctx, .needs_body = str_eq(head->method, STR("POST")), .max_body = 1000
  };
}

static World *open_world_on(Loop *loop) {
  Err err;
  World *world = calloc(1, sizeof *world);
  assert_non_null(world);
  world->loop = loop;
  ServerOptions options = { .listen = STR("0"),
                            .threads = 2,
                            .head_timeout_ms = 1000,
                            .keep_alive_ms = 500,
                            .loop = world->loop };
  world->server = server_start(&options, &(HttpHandler){ .route = route, .ctx = world }, &err);
  assert_non_null(world->server);
  return world;
}

static World *open_world(bool streams) {
  World *world = open_world_on(loop_new(NULL));
  world->streams = streams;
  return world;
}

static void close_world(World *world) {
  server_free(world->server);
  loop_free(world->loop);
  free(world);
}

static void on_loop(World *world, LoopFn fn) { assert_true(loop_post(world->loop, fn, world)); }

static void wait_for(World *world, atomic_int *value, int wanted) {
  for (int64_t end = clock_now_ms() + PATIENCE_MS; atomic_load(value) != wanted; usleep(2000))
    if (clock_now_ms() > end) fail_msg("it is %d and not %d", atomic_load(value), wanted);
}

static const char GET[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

static void park_on(World *world, int fd, const char *request) {
  atomic_store(&world->begun, false);
  assert_true(say(fd, request));
  for (int64_t end = clock_now_ms() + PATIENCE_MS; !atomic_load(&world->begun); usleep(2000))
    assert_true(clock_now_ms() < end);
  usleep(20000);
}

// Returns the socket of a client whose request is parked.
static int client_of(World *world, const char *request) {
  int fd = dial(server_port(world->server));
  assert_true(fd >= 0);
  park_on(world, fd, request);
  return fd;
}

static void answer(void *ctx) {
  World *world = ctx;
  parked_respond(atomic_load(&world->parked),
                 &(HttpResponse){ .status = 200, .body = STR("later") });
}

static void close_it(void *ctx) { parked_close(atomic_load(&((World *)ctx)->parked)); }

static void end_it(void *ctx) { parked_end(atomic_load(&((World *)ctx)->parked)); }

// ---- one answer ---------------------------------------------------------------------------------

static void test_a_parked_request_is_answered_later_and_its_connection_ends(void **state) {
  char got[ANSWER_MAX];
  World *world = open_world(false);
  int fd = client_of(world, GET);
  on_loop(world, answer);
  assert_true(hear(fd, got, sizeof got, false) > 0);
  assert_starts(got, "HTTP/1.1 200 OK\r\n");
  assert_non_null(strstr(got, "Connection: close"));
  assert_string_equal(strstr(got, "\r\n\r\n"), "\r\n\r\nlater");
  assert_true(ends_within(fd, 1000));
  close(fd);
  close_world(world);
}

static void test_a_later_request_of_a_kept_connection_is_parked_too(void **state) {
  char got[ANSWER_MAX];
  World *world = open_world(false);
  for (int i = 0; i < 5; i++) {
    int fd = dial(server_port(world->server)), busy = 1, threads;
    for (int j = 0; j < 3; j++)
      assert_non_null(strstr(ask_on(fd, "GET /at-once HTTP/1.1\r\nHost: x\r\n\r\n"), "now"));
    park_on(world, fd, GET);
    for (int64_t end = clock_now_ms() + PATIENCE_MS; busy > 0 && clock_now_ms() < end;
         server_load(world->server, &busy, &threads))
      usleep(2000);
    assert_int_equal(busy, 0);
    on_loop(world, answer);
    assert_true(hear(fd, got, sizeof got, false) > 0);
    assert_string_equal(strstr(got, "\r\n\r\n"), "\r\n\r\nlater");
    assert_true(ends_within(fd, PATIENCE_MS));
    close(fd);
    atomic_store(&world->parked, NULL);
  }
  close_world(world);
}

static void test_the_answer_to_head_has_no_body(void **state) {
  char got[ANSWER_MAX];
  World *world = open_world(false);
  int fd = client_of(world, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  on_loop(world, answer);
  assert_true(hear(fd, got, sizeof got, true) > 0);
  assert_string_equal(strstr(got, "\r\n\r\n"), "\r\n\r\n");
  close(fd);
  close_world(world);
}

static void test_a_client_that_has_ended_its_half_is_known_and_answered(void **state) {
  char got[ANSWER_MAX];
  World *world = open_world(false);
  int fd = client_of(world, GET);
  shutdown(fd, SHUT_WR);
  wait_for(world, &world->state, PARKED_HALF_CLOSED);
  on_loop(world, answer);
  assert_true(hear(fd, got, sizeof got, false) > 0);
  close(fd);
  close_world(world);
}

static void reset(int fd) {
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
  close(fd);
}

static void test_a_client_that_resets_is_gone_also_after_it_ended_its_half(void **state) {
  for (int half = 0; half < 2; half++) {
    World *world = open_world(false);
    int fd = client_of(world, GET);
    if (half) shutdown(fd, SHUT_WR), wait_for(world, &world->state, PARKED_HALF_CLOSED);
    reset(fd);
    wait_for(world, &world->state, PARKED_GONE);
    on_loop(world, answer);  // the client is gone
    close_world(world);
  }
}

static void test_what_comes_behind_a_parked_request_does_not_cost_its_answer(void **state) {
  char got[ANSWER_MAX], much[300000];
  memset(much, 'x', sizeof much);
  World *world = open_world(false);
  int fd = client_of(world,
                     "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nabc");  // a byte more
  assert_true(say(fd, GET));
  assert_int_equal(send(fd, much, sizeof much, MSG_NOSIGNAL), sizeof much);
  on_loop(world, answer);
  assert_true(hear(fd, got, sizeof got, false) > 0);
  assert_string_equal(strstr(got, "\r\n\r\n"), "\r\n\r\nlater");
  close(fd);
  close_world(world);
}

// ---- new connections of one request, which a poller parks ----------------------------------------

static const char GET_AND_CLOSE[] = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

// The one asks at once, the other was silent at first: the pollers know its socket.
static int new_client_of(World *world, bool silent_at_first) {
  int fd = dial(server_port(world->server));
  assert_true(fd >= 0);
  if (silent_at_first) usleep(100 * 1000);
  park_on(world, fd, GET_AND_CLOSE);
  return fd;
}

static void test_the_request_of_a_new_connection_is_parked_too(void **state) {
  for (int silent = 0; silent < 2; silent++) {
    char got[ANSWER_MAX];
    int busy = 1, threads;
    World *world = open_world(false);
    int fd = new_client_of(world, silent);
    for (int64_t end = clock_now_ms() + PATIENCE_MS; busy > 0 && clock_now_ms() < end; usleep(2000))
      server_load(world->server, &busy, &threads);
    assert_int_equal(busy, 0);
    on_loop(world, answer);
    assert_true(hear(fd, got, sizeof got, false) > 0);
    assert_string_equal(strstr(got, "\r\n\r\n"), "\r\n\r\nlater");
    assert_true(ends_within(fd, PATIENCE_MS));
    close(fd);
    close_world(world);
  }
}

static void test_the_end_of_a_new_connection_is_known_while_it_is_parked(void **state) {
  for (int silent = 0; silent < 2; silent++) {
    World *world = open_world(false);
    int fd = new_client_of(world, silent);
    shutdown(fd, SHUT_WR);
    wait_for(world, &world->state, PARKED_HALF_CLOSED);
    reset(fd);
    wait_for(world, &world->state, PARKED_GONE);
    on_loop(world, close_it);
    close_world(world);
  }
}

// ---- end ----------------------------------------------------------------------------------------

static void test_the_end_of_the_loop_waits_for_no_client_that_lingers(void **state) {
  World *world = open_world(false);
  int fd = client_of(world, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nab");
  on_loop(world, answer);  // lingers: the client does not close
  usleep(50000);
  int64_t began = clock_now_ms();
  close_world(world);
  assert_true(clock_now_ms() - began < 900);
  close(fd);
}

static void test_the_server_may_be_freed_while_a_request_is_parked(void **state) {
  World *world = open_world(false);
  int fd = client_of(world, GET);
  server_free(world->server);
  world->server = NULL;
  on_loop(world, close_it);
  assert_true(ends_within(fd, 1000));
  close(fd);
  close_world(world);
}

// ---- streams ------------------------------------------------------------------------------------

static void send_bit(void *ctx) {
  assert_true(parked_send(atomic_load(&((World *)ctx)->parked), STR("bit ")));
}

static void test_an_answer_may_come_bit_by_bit(void **state) {
  char got[ANSWER_MAX] = "";
  size_t len = 0;
  World *world = open_world(true);
  int fd = client_of(world, GET);
  on_loop(world, send_bit);
  on_loop(world, send_bit);
  on_loop(world, end_it);
  for (ssize_t n; (n = recv(fd, got + len, sizeof got - 1 - len, 0)) > 0;) len += (size_t)n;
  got[len] = '\0';
  assert_null(strstr(got, "Content-Length"));
  assert_string_equal(strstr(got, "\r\n\r\n"), "\r\n\r\nbegun bit bit ");
  close(fd);
  close_world(world);
}

static void keep_buffer_small(int fd) {
  const int bytes = 64 << 10;
  assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes), 0);
}

static void send_much(void *ctx) {
  World *world = ctx;
  char *much = calloc(1, LARGE);
  assert_true(parked_send(atomic_load(&world->parked), str_make(much, LARGE)));
  assert_false(parked_is_sent(atomic_load(&world->parked)));
  free(much);
  atomic_store(&world->given_all, 1);
}

static void test_who_sends_learns_when_the_client_has_taken_it_all(void **state) {
  char bytes[65536];
  World *world = open_world(true);
  int fd = client_of(world, GET);
  keep_buffer_small(fd);
  on_loop(world, send_much);
  wait_for(world, &world->given_all, 1);
  assert_int_equal(atomic_load(&world->sent), 0);
  for (size_t len = 0; len < LARGE;) {
    ssize_t n = recv(fd, bytes, sizeof bytes, 0);
    assert_true(n > 0);
    len += (size_t)n;
  }
  wait_for(world, &world->sent, 1);
  on_loop(world, end_it);
  assert_true(ends_within(fd, 1000));
  close(fd);
  close_world(world);
}

static void test_a_client_that_takes_nothing_for_5_s_is_gone_and_a_slow_one_is_not(void **state) {
  char bytes[4096];
  World *world = open_world(true), *slow = open_world(true);
  int fd = client_of(world, GET), slow_fd = client_of(slow, GET);
  keep_buffer_small(fd);
  keep_buffer_small(slow_fd);
  on_loop(world, send_much);
  on_loop(slow, send_much);
  wait_for(slow, &slow->given_all, 1);
  for (int i = 0; i < 65; i++, usleep(100000))
    for (int j = 0; j < 12; j++) assert_true(recv(slow_fd, bytes, sizeof bytes, 0) > 0);
  wait_for(world, &world->state, PARKED_GONE);
  assert_int_equal(atomic_load(&slow->state), PARKED_OPEN);
  on_loop(world, end_it);
  on_loop(slow, close_it);
  close(fd);
  close(slow_fd);
  close_world(world);
  close_world(slow);
}

// ---- answers that their clients do not take at once ----------------------------------------------

static const char *const LARGE_REQUESTS[] = {
  "GET /large HTTP/1.1\r\nHost: x\r\n\r\n",                       // on a kept connection
  "GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",  // for a poller
};

// Returns the socket of a client that has read the head, and whose request has left its thread.
static int slow_reader_of(World *world, const char *request) {
  char got[200];
  int busy = 1, threads, fd = dial(server_port(world->server));
  keep_buffer_small(fd);
  assert_true(say(fd, request));
  assert_true(recv(fd, got, sizeof got, MSG_WAITALL) == sizeof got);
  for (int64_t end = clock_now_ms() + PATIENCE_MS; busy > 0 && clock_now_ms() < end; usleep(2000))
    server_load(world->server, &busy, &threads);
  assert_int_equal(busy, 0);
  return fd;
}

static void *stop_server(void *arg) {
  World *world = arg;
  server_stop(world->server);
  atomic_store(&world->stopped, true);
  return NULL;
}

static size_t read_to_the_end(int fd) {
  static char bytes[65536];
  size_t len = 0;
  for (ssize_t n; (n = recv(fd, bytes, sizeof bytes, 0)) > 0;) len += (size_t)n;
  return len;
}

static void test_a_slow_reader_holds_no_thread_and_gets_its_whole_answer(void **state) {
  for (int i = 0; i < 2; i++) {
    World *world = open_world(false);
    int fd = slow_reader_of(world, LARGE_REQUESTS[i]);
    assert_true(read_to_the_end(fd) > LARGE - 200);
    close(fd);
    close_world(world);
  }
}

static void test_what_a_slow_reader_sends_keeps_nothing_busy(void **state) {
  World *world = open_world(false);
  int fd = slow_reader_of(world, LARGE_REQUESTS[1]);
  assert_true(say(fd, "more"));
  shutdown(fd, SHUT_WR);
  usleep(50 * 1000);
  int64_t cpu_us = clock_process_cpu_us();
  usleep(400 * 1000);
  assert_true(clock_process_cpu_us() - cpu_us < 200 * 1000);
  assert_true(read_to_the_end(fd) > LARGE - 200);
  close(fd);
  close_world(world);
}

static size_t read_after(int64_t seconds) {
  World *world = open_world(false);
  int fd = slow_reader_of(world, LARGE_REQUESTS[0]);
  loop_time_moved(world->loop, seconds * 1000 * 1000);
  usleep(50 * 1000);
  size_t len = read_to_the_end(fd);
  close(fd);
  close_world(world);
  return len;
}

static void test_a_slow_reader_has_5_s_and_1_s_more_for_each_16_kb(void **state) {
  const int64_t limit_s = 5 + LARGE / 16000;  // a little more: the kernel has taken some of it
  assert_true(read_after(limit_s / 2) > LARGE - 200);
  assert_true(read_after(limit_s) < LARGE - 200);
}

static void test_a_server_that_stops_waits_for_a_slow_reader(void **state) {
  World *world = open_world(false);
  int fd = slow_reader_of(world, LARGE_REQUESTS[1]);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, stop_server, world), 0);
  usleep(300 * 1000);
  assert_false(atomic_load(&world->stopped));
  assert_true(read_to_the_end(fd) > LARGE - 200);
  pthread_join(thread, NULL);
  close(fd);
  close_world(world);
}

static void *free_server(void *arg) {
  World *world = arg;
  server_free(world->server);
  atomic_store(&world->stopped, true);
  return NULL;
}

// A server waits 10 s for a slow reader, and is gone then: they pass by moving the clock.
static void test_slow_readers_may_outlive_the_server(void **state) {
  World *world = open_world(false);
  int gone = slow_reader_of(world, LARGE_REQUESTS[1]);
  int fd = slow_reader_of(world, LARGE_REQUESTS[0]);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, free_server, world), 0);
  for (; !atomic_load(&world->stopped); usleep(20 * 1000)) clock_advance(5 * 1000 * 1000);
  pthread_join(thread, NULL);
  world->server = NULL;
  reset(gone);
  assert_true(read_to_the_end(fd) > LARGE - 200);
  close(fd);
  close_world(world);
}

static void test_slow_readers_may_outlive_the_loop(void **state) {
  World *world = open_world(false);
  int fd = slow_reader_of(world, LARGE_REQUESTS[1]);
  reset(fd);
  fd = slow_reader_of(world, LARGE_REQUESTS[0]);
  loop_free(world->loop);  // closes what is left
  world->loop = NULL;
  assert_true(read_to_the_end(fd) < LARGE - 200);
  close(fd);
  close_world(world);
}

static void answer_large(void *ctx) {
  World *world = ctx;
  char *much = calloc(1, LARGE);
  parked_respond(atomic_load(&world->parked),
                 &(HttpResponse){ .status = 200, .body = str_make(much, LARGE) });
  atomic_store(&world->given_all, atomic_load(&taken_pieces));
  free(much);
}

// A client that reads as fast as the loop sends would have it for itself.
static void test_the_loop_sends_1_mb_of_a_large_answer_in_a_turn(void **state) {
  World *world = open_world(false);
  int fd = client_of(world, GET);
  atomic_store(&takes_all, true);
  on_loop(world, answer_large);
  wait_for(world, &taken_pieces, LARGE / TAKEN_AT_ONCE + 1);  // the head comes to a bit more
  assert_int_equal(atomic_load(&world->given_all), TURN / TAKEN_AT_ONCE);
  assert_true(ends_within(fd, PATIENCE_MS));
  atomic_store(&takes_all, false);
  close(fd);
  close_world(world);
}

static size_t read_some(int fd, size_t wanted) {
  static char bytes[65536];
  size_t len = 0;
  for (ssize_t n; len < wanted && (n = recv(fd, bytes, sizeof bytes, 0)) > 0;) len += (size_t)n;
  return len;
}

static char said[400];
static atomic_int said_count;

static void take_line(void *ctx, LogLevel level, Str message) {
  snprintf(said, sizeof said, "%.*s", STR_FMT(message));
  atomic_fetch_add(&said_count, 1);
}

// Of the largest answers there is room for two at once, on both servers of the loop together.
static void test_the_slowest_reader_of_all_servers_of_a_loop_is_cut_off(void **state) {
  char address[64];
  World *world = open_world(false), *other = open_world_on(world->loop);
  log_tap(LOG_WARN, take_line, NULL);
  int reads = slow_reader_of(world, LARGE_REQUESTS[1]);
  int silent = slow_reader_of(other, LARGE_REQUESTS[0]);
  assert_int_equal(atomic_load(&said_count), 0);
  assert_true(read_some(reads, LARGE / 4) >= LARGE / 4);
  int newest = slow_reader_of(world, LARGE_REQUESTS[0]);
  assert_true(read_to_the_end(silent) < LARGE - 200);
  snprintf(address, sizeof address, "cut=1 since the last such line, the last one on %s.",
           server_address(other->server));
  wait_for(world, &said_count, 1);
  if (!strstr(said, address)) fail_msg("%s", said);
  assert_true(read_to_the_end(reads) > LARGE / 4 * 3 - 200 - 65536);
  assert_true(read_to_the_end(newest) > LARGE - 200);
  log_tap(LOG_WARN, NULL, NULL);
  close(reads);
  close(silent);
  close(newest);
  server_free(other->server);
  free(other);
  close_world(world);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_parked_request_is_answered_later_and_its_connection_ends),
    cmocka_unit_test(test_a_later_request_of_a_kept_connection_is_parked_too),
    cmocka_unit_test(test_the_answer_to_head_has_no_body),
    cmocka_unit_test(test_a_client_that_has_ended_its_half_is_known_and_answered),
    cmocka_unit_test(test_a_client_that_resets_is_gone_also_after_it_ended_its_half),
    cmocka_unit_test(test_what_comes_behind_a_parked_request_does_not_cost_its_answer),
    cmocka_unit_test(test_the_request_of_a_new_connection_is_parked_too),
    cmocka_unit_test(test_the_end_of_a_new_connection_is_known_while_it_is_parked),
    cmocka_unit_test(test_the_end_of_the_loop_waits_for_no_client_that_lingers),
    cmocka_unit_test(test_the_server_may_be_freed_while_a_request_is_parked),
    cmocka_unit_test(test_an_answer_may_come_bit_by_bit),
    cmocka_unit_test(test_who_sends_learns_when_the_client_has_taken_it_all),
    cmocka_unit_test(test_a_client_that_takes_nothing_for_5_s_is_gone_and_a_slow_one_is_not),
    cmocka_unit_test(test_a_slow_reader_holds_no_thread_and_gets_its_whole_answer),
    cmocka_unit_test(test_what_a_slow_reader_sends_keeps_nothing_busy),
    cmocka_unit_test(test_a_slow_reader_has_5_s_and_1_s_more_for_each_16_kb),
    cmocka_unit_test(test_a_server_that_stops_waits_for_a_slow_reader),
    cmocka_unit_test(test_slow_readers_may_outlive_the_server),
    cmocka_unit_test(test_slow_readers_may_outlive_the_loop),
    cmocka_unit_test(test_the_loop_sends_1_mb_of_a_large_answer_in_a_turn),
    cmocka_unit_test(test_the_slowest_reader_of_all_servers_of_a_loop_is_cut_off),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
