// One of the processes on a store runs the timers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "bot/timer_leader.h"

#include <unistd.h>

// A process on the test's store.
typedef struct {
  BotShared shared;
  TimerLeader *leader;
} Process;

static Store *store;
static Process one, other;

static void begin(Process *process, const char *account) {
  *process = (Process){ 0 };
  atomic_store(&process->shared.timers, true);
  process->leader = timer_leader_new(store, str_of(account), &process->shared);
  assert_non_null(process->leader);
}

static bool on_duty(Process *process) { return !atomic_load(&process->shared.timers_elsewhere); }

// Calls timer_leader_look for `ms`, like the watcher. Returns whether the process is the leader at the end.
static bool look_for_ms(Process *process, int64_t ms) {
  int64_t end_us = clock_now_us() + ms * 1000;
  do {
    timer_leader_look(process->leader, clock_now_us());
    usleep(20000);
  } while (clock_now_us() < end_us);
  return on_duty(process);
}

static int set_up(void **state) {
  Err err = { 0 };
  store = store_open(STR("memory:"), &err);
  if (!store) return -1;
  begin(&one, "wx1");
  begin(&other, "wx1");
  return 0;
}

static int tear_down(void **state) {
  timer_leader_free(one.leader);
  timer_leader_free(other.leader);
  store_close(store);
  return 0;
}

static void test_nobody_is_on_duty_before_it_has_asked(void **state) {
  assert_false(on_duty(&one));
}

static void test_without_timers_the_lease_is_left_to_those_who_have_some(void **state) {
  atomic_store(&one.shared.timers, false);
  assert_false(look_for_ms(&one, 100));
  assert_true(look_for_ms(&other, 100));
}

static void test_who_asks_first_has_it_for_as_long_as_it_asks(void **state) {
  assert_true(look_for_ms(&one, 100));
  for (int64_t end_us = clock_now_us() + (TIMER_LEADER_LEASE_MS + 1000) * 1000;
       clock_now_us() < end_us;) {
    assert_true(look_for_ms(&one, 10));
    assert_false(look_for_ms(&other, 10));
  }
}

static void test_who_leaves_gives_it_to_the_next_one_at_once(void **state) {
  look_for_ms(&one, 100);
  timer_leader_free(one.leader);
  one.leader = NULL;
  assert_true(look_for_ms(&other, 100));
}

static void test_of_one_that_has_died_it_lapses(void **state) {
  look_for_ms(&one, 100);
  assert_false(look_for_ms(&other, 1000));
  assert_true(look_for_ms(&other, TIMER_LEADER_LEASE_MS + 2000));
  // The process was only very slow: it notices that it has lost the lease.
  assert_false(look_for_ms(&one, 100));
}

static void test_accounts_have_their_own(void **state) {
  Process stranger;
  begin(&stranger, "wx2");
  assert_true(look_for_ms(&one, 100));
  assert_true(look_for_ms(&stranger, 100));
  timer_leader_free(stranger.leader);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(nobody_is_on_duty_before_it_has_asked),
    TEST(without_timers_the_lease_is_left_to_those_who_have_some),
    TEST(who_asks_first_has_it_for_as_long_as_it_asks),
    TEST(who_leaves_gives_it_to_the_next_one_at_once),
    TEST(of_one_that_has_died_it_lapses),
    TEST(accounts_have_their_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
