// engine/stuck: another thread detects that a slice is in a call that does not return.
#include "engine_world.h"

#include "engine/place.h"

#include <pthread.h>
#include <unistd.h>

static void *hold(void *arg) {
  assert_true(engine_enter(engine, INT64_MAX));
  usleep((useconds_t) * (int *)arg * 1000);
  engine_leave(engine);
  return NULL;
}

static bool is_stuck_within(int hold_ms, int64_t cpu_us_max, char *place, size_t size) {
  pthread_t thread;
  bool stuck = false;
  open_engine(&(EngineOptions){ .library = "lib", .cpu_us_max = cpu_us_max });
  engine_set_entry(engine, "bot.lua:4");
  engine_leave(engine);
  pthread_create(&thread, NULL, hold, &hold_ms);
  for (int i = 0; i < hold_ms / 10 && !stuck; i++, usleep(10000))
    stuck = engine_is_stuck(engine, place, size);
  pthread_join(thread, NULL);
  engine_release(engine);
  return stuck;
}

static void test_a_call_that_sleeps_past_the_limit_is_stuck_and_its_place_known(void **state) {
  char place[PLACE_SIZE] = "";
  assert_true(is_stuck_within(600, 20000, place, sizeof place));
  assert_string_equal(place, "bot.lua:4");
}

static void test_nobody_asks_for_the_place(void **state) {
  assert_true(is_stuck_within(600, 20000, NULL, 0));
}

// As in a process that is stopped: the slice begins, and then nobody looks.
static void test_a_slice_that_nobody_looked_at_for_a_while_counts_as_just_seen(void **state) {
  pthread_t thread;
  int hold_ms = 2000;
  open_engine(&(EngineOptions){ .library = "lib", .cpu_us_max = 20000 });
  engine_leave(engine);
  engine_is_stuck(engine, NULL, 0);
  pthread_create(&thread, NULL, hold, &hold_ms);
  usleep(1300000);
  assert_false(engine_is_stuck(engine, NULL, 0));
  usleep(50000);
  assert_false(engine_is_stuck(engine, NULL, 0));
  usleep(150000);
  assert_true(engine_is_stuck(engine, NULL, 0));
  pthread_join(thread, NULL);
  engine_release(engine);
}

static void *hold_and_say_so(void *arg) {
  assert_true(engine_enter(engine, INT64_MAX));
  for (int i = 0; i < 250; i++, usleep(10000)) engine_goes_on(engine);
  engine_leave(engine);
  return NULL;
}

static void test_a_long_call_that_says_that_it_goes_on_is_not(void **state) {
  pthread_t thread;
  bool stuck = false;
  open_engine(&(EngineOptions){ .library = "lib", .cpu_us_max = 400000 });
  engine_leave(engine);
  pthread_create(&thread, NULL, hold_and_say_so, NULL);
  for (int i = 0; i < 240; i++, usleep(10000)) stuck = stuck || engine_is_stuck(engine, NULL, 0);
  pthread_join(thread, NULL);
  engine_release(engine);
  assert_false(stuck);
}

static void test_a_slice_within_its_limit_is_not(void **state) {
  assert_false(is_stuck_within(100, 5000000, NULL, 0));
}

static void test_without_a_limit_nothing_is_stuck(void **state) {
  assert_false(is_stuck_within(300, 0, NULL, 0));
}

static void test_an_engine_in_which_nothing_runs_is_not_stuck(void **state) {
  begin(state);
  engine_leave(engine);
  usleep(300000);
  assert_false(engine_is_stuck(engine, NULL, 0));
  engine_release(engine);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_call_that_sleeps_past_the_limit_is_stuck_and_its_place_known),
    cmocka_unit_test(test_nobody_asks_for_the_place),
    cmocka_unit_test(test_a_slice_that_nobody_looked_at_for_a_while_counts_as_just_seen),
    cmocka_unit_test(test_a_long_call_that_says_that_it_goes_on_is_not),
    cmocka_unit_test(test_a_slice_within_its_limit_is_not),
    cmocka_unit_test(test_without_a_limit_nothing_is_stuck),
    cmocka_unit_test(test_an_engine_in_which_nothing_runs_is_not_stuck),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
