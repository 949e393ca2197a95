// A process that does nothing for a while counts as ended; a process that makes progress does not.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "script/process_name.h"
#include "script/process_watch.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FROZEN_US = 1500 * 1000 };

static char mine[PROCESS_NAME_SIZE], other[PROCESS_NAME_SIZE];
static ProcessWatch *watch;
static pid_t child;

static void nap(int ms) {
  nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L }, NULL);
}

// Starts a child that computes a little every few milliseconds.
static int start(void **state) {
  int out[2];
  assert_int_equal(pipe(out), 0);
  child = fork();
  if (child == 0) {
    char name[PROCESS_NAME_SIZE] = "";
    process_name(name);
    if (write(out[1], name, sizeof name) != sizeof name) _exit(1);
    for (;;) nap(5);
  }
  close(out[1]);
  assert_int_equal(read(out[0], other, sizeof other), sizeof other);
  close(out[0]);
  assert_true(process_name(mine));
  watch = process_watch_new(str_of(mine), FROZEN_US);
  assert_non_null(watch);
  return 0;
}

static int stop(void **state) {
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  process_watch_free(watch);
  return 0;
}

static bool is_alive(void) {
  bool alive;
  assert_true(process_watch_look(watch, str_of(other), &alive));
  return alive;
}

// Returns whether the child counts as ended within `ms` of continuous checks.
static bool ends_within(int64_t ms) {
  for (int64_t end = clock_now_us() + ms * 1000; clock_now_us() < end; nap(100)) {
    if (!is_alive()) return true;
  }
  return false;
}

static void test_a_frozen_process_counts_as_ended_until_it_goes_on(void **state) {
  assert_false(ends_within(2500));
  kill(child, SIGSTOP);
  assert_true(ends_within(5000));
  kill(child, SIGCONT);
  nap(1500);
  assert_true(is_alive());
}

// The child may have been frozen together with the watching process.
static void test_one_that_was_not_looked_at_for_long_is_alive(void **state) {
  kill(child, SIGSTOP);
  nap(100);
  assert_true(is_alive());
  nap(4500);
  assert_true(is_alive());
  assert_true(ends_within(5000));
}

static void test_one_that_was_killed_has_ended_at_once(void **state) {
  assert_true(is_alive());
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  assert_false(is_alive());
}

static void test_more_processes_than_it_has_room_for_are_alive(void **state) {
  char name[PROCESS_NAME_SIZE];
  bool alive;
  for (int i = 0; i < 40; i++) {
    snprintf(name, sizeof name, "%.*s%02d", (int)strlen(other) - 2, other, i);
    assert_true(process_watch_look(watch, str_of(name), &alive) && alive);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_a_frozen_process_counts_as_ended_until_it_goes_on, start,
                                    stop),
    cmocka_unit_test_setup_teardown(test_one_that_was_not_looked_at_for_long_is_alive, start, stop),
    cmocka_unit_test_setup_teardown(test_one_that_was_killed_has_ended_at_once, start, stop),
    cmocka_unit_test_setup_teardown(test_more_processes_than_it_has_room_for_are_alive, start,
                                    stop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
