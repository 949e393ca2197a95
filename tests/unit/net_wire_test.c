// A kept connection between two requests, as libcivetweb sees it through poll and recv.
//
// Keeps the headers from defining recv and poll as inline functions.
#undef _FORTIFY_SOURCE
#include "net/wire.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

static const char GET[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

typedef struct {
  Pollers *pollers;
  int ours, theirs;
  char buffer[WIRE_HEAD_MAX];
  atomic_int served;
  bool ends;  // the client sends one more request and its end while the first one is served
} World;

static void *_Atomic last_place;
static atomic_int reports;

static void let_be(void *place, bool has_ended) {}

static void serve_and_note(void *place, bool has_ended) {
  atomic_store(&last_place, place);
  wire_serve(place, has_ended);
}

static void serve_the_first(void *place, bool has_ended) {
  if (atomic_fetch_add(&reports, 1) > 0) return;
  serve_and_note(place, has_ended);
}

static void ask(World *world) {
  assert_int_equal(send(world->theirs, GET, sizeof GET - 1, 0), sizeof GET - 1);
}

static void ask_and_end(World *world) {
  ask(world);
  shutdown(world->theirs, SHUT_WR);
  wire_serve(atomic_load(&last_place), true);  // as another poller would
}

static void serve(void *ctx) {
  World *world = ctx;
  wire_next(0);
  if (atomic_fetch_add(&world->served, 1) == 0 && world->ends) ask_and_end(world);
}

static int wait_for_head(World *world, int timeout_ms) {
  struct pollfd wait = { .fd = world->ours, .events = POLLIN };
  return poll(&wait, 1, timeout_ms);
}

static void read_and_answer(World *world) {
  assert_true(recv(world->ours, world->buffer, sizeof world->buffer, MSG_DONTWAIT) > 0);
  assert_non_null(wire_plain());
  wire_take();
  wire_next(0);
}

// This thread's connection; its first request was answered.
static void open_world(World *world, PollersReady ready) {
  int pair[2];
  *world = (World){ .pollers = pollers_new(&(PollersOptions){ .most = 1, .ready = ready }) };
  assert_non_null(world->pollers);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  world->ours = pair[0];
  world->theirs = pair[1];
  wire_open(NULL, (WireShare){ world->pollers, serve, world });
  ask(world);
  read_and_answer(world);
}

static void close_world(World *world) {
  wire_close();
  pollers_end(world->pollers);
  close(world->ours);
  close(world->theirs);
}

static void test_a_request_that_no_poller_takes_is_left_to_the_own_thread(void **state) {
  static World world;
  open_world(&world, let_be);
  ask(&world);
  assert_int_equal(wait_for_head(&world, 50), 1);
  read_and_answer(&world);
  assert_int_equal(wait_for_head(&world, 50), 0);
  close_world(&world);
}

static void *report_for_nothing(void *arg) {
  usleep(50 * 1000);
  wire_serve(atomic_load(&last_place), false);
  return NULL;
}

// The own thread is to take the next request, a second after its last one; but there is none.
static void test_the_own_thread_is_not_called_for_nothing(void **state) {
  static World world;
  pthread_t other;
  open_world(&world, serve_and_note);
  ask(&world);
  if (wait_for_head(&world, 200) != 0 || atomic_load(&world.served) != 1) {
    close_world(&world);  // this machine pauses
    skip();
  }
  usleep(1100 * 1000);
  assert_int_equal(pthread_create(&other, NULL, report_for_nothing, NULL), 0);
  assert_int_equal(wait_for_head(&world, 300), 0);
  pthread_join(other, NULL);
  ask(&world);
  assert_int_equal(wait_for_head(&world, 2000), 1);
  read_and_answer(&world);
  assert_int_equal(atomic_load(&world.served), 1);
  close_world(&world);
}

static void send_text(World *world, const char *text) {
  assert_int_equal(send(world->theirs, text, strlen(text), 0), strlen(text));
}

static void test_an_empty_line_between_requests_calls_nobody(void **state) {
  static World world;
  bool answered = false;
  open_world(&world, serve_and_note);
  for (int i = 0; i < 3; i++) {
    send_text(&world, i == 1 ? "\n" : "\r\n");
    assert_int_equal(wait_for_head(&world, 50), 0);
  }
  assert_int_equal(wire_came_us(), 0);
  ask(&world);
  for (int i = 0; i < 100 && !answered && atomic_load(&world.served) == 0; i++) {
    if (wait_for_head(&world, 500) != 1) continue;
    read_and_answer(&world);  // this machine pauses
    answered = true;
  }
  assert_true(answered || atomic_load(&world.served) == 1);
  close_world(&world);
}

// It stays in libcivetweb's buffer, in front of the request.
static void test_the_time_of_a_request_does_not_begin_with_an_empty_line(void **state) {
  static World world;
  open_world(&world, let_be);
  send_text(&world, "\r\n");
  assert_int_equal(recv(world.ours, world.buffer, sizeof world.buffer, MSG_DONTWAIT), 2);
  assert_true(wire_is_empty_line());
  assert_false(wire_is_whole());
  assert_int_equal(wire_came_us(), 0);
  assert_int_equal(wire_arrived_us(), 0);
  int64_t now_us = clock_now_us();
  ask(&world);
  assert_true(recv(world.ours, world.buffer + 2, sizeof world.buffer - 2, MSG_DONTWAIT) > 0);
  assert_true(wire_is_whole());
  assert_true(wire_came_us() >= now_us);
  close_world(&world);
}

static void test_more_empty_lines_are_a_head(void **state) {
  static World world;
  open_world(&world, let_be);
  send_text(&world, "\r\n");
  assert_int_equal(recv(world.ours, world.buffer, sizeof world.buffer, MSG_DONTWAIT), 2);
  send_text(&world, "\r\n");
  assert_int_equal(recv(world.ours, world.buffer + 2, sizeof world.buffer - 2, MSG_DONTWAIT), 2);
  assert_false(wire_is_empty_line());
  assert_true(wire_is_whole());
  assert_true(wire_came_us() > 0);
  close_world(&world);
}

enum { LONG_MS = 20 * 1000 };

// The next look of the own thread, after LONG_MS, would find it too.
static void assert_ends_soon(World *world) {
  int64_t began_ms = clock_now_ms();
  assert_int_equal(wait_for_head(world, LONG_MS), 1);
  assert_true(clock_now_ms() - began_ms < LONG_MS / 2);
  assert_int_equal(recv(world->ours, world->buffer, sizeof world->buffer, MSG_DONTWAIT), 0);
}

// Both are reported together: the pollers see them when the socket is offered.
static void test_an_end_behind_a_request_calls_the_own_thread_at_once(void **state) {
  static World world;
  open_world(&world, serve_and_note);
  ask(&world);
  shutdown(world.theirs, SHUT_WR);
  assert_ends_soon(&world);
  assert_int_equal(atomic_load(&world.served), 1);
  close_world(&world);
}

static void test_an_end_that_another_poller_saw_calls_the_own_thread_at_once(void **state) {
  static World world;
  open_world(&world, serve_the_first);
  world.ends = true;
  ask(&world);
  assert_ends_soon(&world);
  assert_int_equal(atomic_load(&world.served), 2);
  close_world(&world);
}

static atomic_bool is_over;

static void *read_slowly(void *fd) {
  char bytes[150];
  while (!atomic_load(&is_over) && recvfrom(*(int *)fd, bytes, sizeof bytes, 0, NULL, NULL) > 0)
    usleep(20 * 1000);
  return NULL;
}

// It never pauses for the whole timeout.
static void test_a_client_that_reads_slowly_holds_the_writer_no_longer_than_its_time(void **state) {
  static const char bytes[24 * 1024];
  enum { TIMEOUT_MS = 900 };
  int pair[2], least = 1;
  pthread_t reader;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
  pthread_create(&reader, NULL, read_slowly, &pair[1]);
  assert_false(wire_write(pair[0], bytes, sizeof bytes, TIMEOUT_MS));
  atomic_store(&is_over, true);
  close(pair[0]);
  pthread_join(reader, NULL);
  close(pair[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_request_that_no_poller_takes_is_left_to_the_own_thread),
    cmocka_unit_test(test_the_own_thread_is_not_called_for_nothing),
    cmocka_unit_test(test_an_empty_line_between_requests_calls_nobody),
    cmocka_unit_test(test_the_time_of_a_request_does_not_begin_with_an_empty_line),
    cmocka_unit_test(test_more_empty_lines_are_a_head),
    cmocka_unit_test(test_an_end_behind_a_request_calls_the_own_thread_at_once),
    cmocka_unit_test(test_an_end_that_another_poller_saw_calls_the_own_thread_at_once),
    cmocka_unit_test(test_a_client_that_reads_slowly_holds_the_writer_no_longer_than_its_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
