// engine/timers: functions that the engine's thread calls at a given time.
#include "engine_world.h"

#include "engine/timers.h"

#include <stdatomic.h>
#include <unistd.h>

static atomic_int fired;
static atomic_int order[3];

static void fire(Engine *of, void *ctx) {
  int number = atomic_fetch_add(&fired, 1);
  if (ctx && number < 3) atomic_store(&order[number], *(int *)ctx);
}

static int set_up(void **state) {
  begin(state);
  atomic_store(&fired, 0);
  engine_leave(engine);
  assert_true(engine_start_thread(engine, NULL));
  return 0;
}

static int tear_down(void **state) {
  engine_release(engine);
  return 0;
}

static void wait_for(int count) {
  for (int i = 0; i < 1000 && atomic_load(&fired) < count; i++) usleep(2000);
  assert_int_equal(atomic_load(&fired), count);
}

static void test_they_fire_by_their_time_not_by_their_arming(void **state) {
  static int numbers[] = { 1, 2, 3 };
  static const int delay_ms[] = { 90, 30, 60 };
  Timer timers[3];
  int64_t now_us = clock_now_us();
  for (int i = 0; i < 3; i++) {
    timers[i] = (Timer){ .fn = fire, .ctx = &numbers[i] };
    assert_true(timer_add(engine, &timers[i], now_us + delay_ms[i] * 1000));
  }
  wait_for(3);
  assert_int_equal(order[0], 2);
  assert_int_equal(order[1], 3);
  assert_int_equal(order[2], 1);
  assert_true(clock_now_us() >= now_us + 90000);
}

static void test_one_that_was_removed_does_not_fire(void **state) {
  Timer timer = { .fn = fire };
  assert_true(timer_add(engine, &timer, clock_now_us() + 40000));
  assert_true(timer_remove(engine, &timer));
  assert_false(timer_remove(engine, &timer));
  usleep(80000);
  assert_int_equal(atomic_load(&fired), 0);
}

static void test_armed_again_it_is_moved(void **state) {
  Timer timer = { .fn = fire };
  assert_true(timer_add(engine, &timer, clock_now_us() + 60000000));
  assert_true(timer_add(engine, &timer, clock_now_us() + 10000));
  wait_for(1);
}

static void test_those_of_the_service_end_with_it(void **state) {
  Timer service = { .fn = fire, .ends_with_service = true }, other = { .fn = fire };
  assert_true(timer_add(engine, &service, clock_now_us() + 50000));
  assert_true(timer_add(engine, &other, clock_now_us() + 50000));
  engine_retire(engine);
  assert_true(timer_add(engine, &service, clock_now_us()));  // in a retired engine: dropped at once
  wait_for(1);
  usleep(50000);
  assert_int_equal(atomic_load(&fired), 1);
}

#undef TEST
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_they_fire_by_their_time_not_by_their_arming),
    TEST(test_one_that_was_removed_does_not_fire),
    TEST(test_armed_again_it_is_moved),
    TEST(test_those_of_the_service_end_with_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
