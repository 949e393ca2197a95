// Threads that wait for many sockets.
#include "net/pollers.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { THREADS = 8 };

typedef struct {
  int ours, theirs;
  atomic_int told, ended, left;
  atomic_bool stays, *until;  // `stays`: the thread stays in the call until *until
  atomic_bool sets_back;      // its thread, as engine_give_up does
} Line;

static atomic_int set_back;  // calls on a thread that had been set back

static void on_ready(void *thing, bool has_ended) {
  Line *line = thing;
  char byte;
  if (sched_getscheduler(0) == SCHED_IDLE) atomic_fetch_add(&set_back, 1);
  if (line->sets_back) sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){ 0 });
  if (recv(line->ours, &byte, 1, MSG_DONTWAIT) == 1) atomic_fetch_add(&line->told, 1);
  if (has_ended) atomic_fetch_add(&line->ended, 1);
  while (line->stays && !atomic_load(line->until)) usleep(1000);
  atomic_fetch_add(&line->left, 1);
}

static void line_open(Line *line, Pollers *pollers) {
  int pair[2];
  *line = (Line){ 0 };
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  line->ours = pair[0];
  line->theirs = pair[1];
  if (pollers) assert_true(pollers_watch(pollers, line->ours, line, false));
}

static void line_close(Line *line) {
  close(line->ours);
  close(line->theirs);
}

static void send_byte(Line *line) { assert_int_equal(send(line->theirs, "x", 1, 0), 1); }

static Pollers *start(void) {
  return pollers_new(&(PollersOptions){ .most = THREADS, .ready = on_ready });
}

static void wait_for(atomic_int *count, int wanted) {
  for (int i = 0; i < 20 * 1000 && atomic_load(count) < wanted; i++) usleep(1000);
  assert_int_equal(atomic_load(count), wanted);
}

static void test_bytes_that_arrive_are_reported(void **state) {
  Pollers *pollers = start();
  Line line;
  line_open(&line, pollers);
  for (int i = 1; i < 100; i++) {
    send_byte(&line);
    wait_for(&line.told, i);
  }
  assert_int_equal(atomic_load(&line.ended), 0);
  pollers_end(pollers);
  line_close(&line);
}

static void test_what_had_arrived_is_reported_when_the_socket_is_watched_again(void **state) {
  Pollers *pollers = start();
  Line line;
  line_open(&line, NULL);
  send_byte(&line);
  send_byte(&line);
  assert_true(pollers_watch(pollers, line.ours, &line, false));
  wait_for(&line.told, 1);
  assert_true(pollers_watch(pollers, line.ours, &line, true));
  wait_for(&line.told, 2);
  pollers_end(pollers);
  line_close(&line);
}

static void test_the_end_is_reported_with_the_bytes_before_it(void **state) {
  Pollers *pollers = start();
  Line line;
  line_open(&line, NULL);
  send_byte(&line);
  shutdown(line.theirs, SHUT_WR);
  assert_true(pollers_watch(pollers, line.ours, &line, false));
  wait_for(&line.ended, 1);
  assert_int_equal(atomic_load(&line.told), 1);
  pollers_end(pollers);
  line_close(&line);
}

static void test_a_forgotten_socket_is_not_reported(void **state) {
  Pollers *pollers = start();
  Line forgotten, line;
  line_open(&forgotten, pollers);
  line_open(&line, pollers);
  pollers_forget(pollers, forgotten.ours);
  send_byte(&forgotten);
  send_byte(&line);
  wait_for(&line.told, 1);
  assert_int_equal(atomic_load(&forgotten.told), 0);
  pollers_end(pollers);
  line_close(&forgotten);
  line_close(&line);
}

// Each thread that gets one of these stays in its call.
static void test_while_all_threads_are_stuck_there_is_another_one(void **state) {
  Pollers *pollers = start();
  atomic_bool until = false;
  Line stuck[THREADS - 1], line;
  int few = pollers_count(pollers);
  if (few >= THREADS) skip();
  for (int i = 0; i < THREADS - 1; i++) {
    line_open(&stuck[i], pollers);
    stuck[i].until = &until;
    stuck[i].stays = true;
    send_byte(&stuck[i]);
  }
  for (int i = 0; i < THREADS - 1; i++) wait_for(&stuck[i].told, 1);
  line_open(&line, pollers);
  send_byte(&line);
  wait_for(&line.told, 1);
  assert_in_range(pollers_count(pollers), few + 1, THREADS);
  atomic_store(&until, true);
  for (int i = 0; i < 20 * 1000 && pollers_count(pollers) > few; i++) usleep(1000);
  assert_int_equal(pollers_count(pollers), few);
  pollers_end(pollers);
  for (int i = 0; i < THREADS - 1; i++) line_close(&stuck[i]);
  line_close(&line);
}

// All threads are, and none may set itself forth again.
static void test_threads_that_were_set_back_are_replaced(void **state) {
  Pollers *pollers = start();
  atomic_bool until = false;
  Line back[THREADS], line;
  int few = pollers_count(pollers);
  if (few > THREADS) skip();
  for (int i = 0; i < few; i++) {
    line_open(&back[i], pollers);
    back[i].until = &until;
    back[i].stays = back[i].sets_back = true;
    send_byte(&back[i]);
  }
  for (int i = 0; i < few; i++) wait_for(&back[i].told, 1);
  usleep(50 * 1000);
  atomic_store(&until, true);
  for (int i = 0; i < few; i++) wait_for(&back[i].left, 1);
  line_open(&line, pollers);
  for (int i = 1; i <= 50; i++) {
    send_byte(&line);
    wait_for(&line.told, i);
  }
  assert_int_equal(atomic_load(&set_back), 0);
  pollers_end(pollers);
  for (int i = 0; i < few; i++) line_close(&back[i]);
  line_close(&line);
}

static void test_sockets_may_be_watched_until_it_is_freed(void **state) {
  Pollers *pollers = start();
  Line line;
  line_open(&line, pollers);
  pollers_stop(pollers);
  assert_int_equal(pollers_count(pollers), 0);
  assert_true(pollers_watch(pollers, line.ours, &line, true));
  send_byte(&line);
  pollers_forget(pollers, line.ours);
  pollers_end(pollers);
  assert_int_equal(atomic_load(&line.told), 0);
  line_close(&line);
}

static void assert_not_reported(Line *line) {
  send_byte(line);
  usleep(20 * 1000);
  assert_int_equal(atomic_load(&line->told), 0);
}

static void test_a_listener_that_pauses_is_reported_again_unless_it_was_forgotten(void **state) {
  Pollers *pollers = start();
  Line lines[2];
  for (int i = 0; i < 2; i++) {
    line_open(&lines[i], NULL);
    assert_true(pollers_listen(pollers, lines[i].ours, &lines[i]));
    pollers_pause(pollers, lines[i].ours);
  }
  assert_not_reported(&lines[0]);
  pollers_resume(pollers, lines[0].ours, &lines[0]);
  wait_for(&lines[0].told, 1);
  pollers_forget(pollers, lines[1].ours);
  pollers_resume(pollers, lines[1].ours, &lines[1]);
  assert_not_reported(&lines[1]);
  pollers_end(pollers);
  for (int i = 0; i < 2; i++) line_close(&lines[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_bytes_that_arrive_are_reported),
    cmocka_unit_test(test_what_had_arrived_is_reported_when_the_socket_is_watched_again),
    cmocka_unit_test(test_the_end_is_reported_with_the_bytes_before_it),
    cmocka_unit_test(test_a_forgotten_socket_is_not_reported),
    cmocka_unit_test(test_while_all_threads_are_stuck_there_is_another_one),
    cmocka_unit_test(test_threads_that_were_set_back_are_replaced),
    cmocka_unit_test(test_sockets_may_be_watched_until_it_is_freed),
    cmocka_unit_test(test_a_listener_that_pauses_is_reported_again_unless_it_was_forgotten),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
