// Timers that a script creates: they run while the script is in service, until they are stopped.
#include "script_world.h"

static const char counting[] = "ticks = 0\n"
                               "timer = wechat.every(0.01, function() ticks = ticks + 1 end)\n"
                               "function on_message(msg)\n"
                               "  if msg.content == 'stop' then timer:stop() end\n"
                               "  return tostring(ticks)\n"
                               "end";

static int ticks(const char *text) {
  Heard heard;
  answer_init(&heard);
  send_text(&heard, text);
  assert_true(answer_wait(&heard, 5000));
  int count = atoi(heard.reply);
  answer_clear(&heard);
  return count;
}

static bool tick_soon(int more_than) {
  for (int i = 0; i < 500; i++) {
    if (ticks("x") > more_than) return true;
    usleep(5000);
  }
  return false;
}

static void test_a_timer_ticks_until_it_is_stopped(void **state) {
  load(counting);
  assert_true(tick_soon(2));
  int stopped = ticks("stop");
  usleep(50000);
  assert_int_equal(ticks("x"), stopped);
  ticks("stop");  // a second stop is allowed
}

static void test_no_timer_ticks_before_the_script_is_in_service(void **state) {
  write_file("bot.lua", counting);
  world.in = interpreter_new(&world.options, &world.err);
  assert_true(interpreter_load(world.in, world.script, &world.err));
  usleep(50000);
  assert_int_equal(ticks("x"), 0);
  assert_true(interpreter_start(world.in, STR(""), &world.err));
  assert_true(tick_soon(0));
}

static void test_out_of_service_no_timer_ticks(void **state) {
  load(counting);
  assert_true(tick_soon(0));
  interpreter_retire(world.in);
  int retired = ticks("x");
  usleep(50000);
  assert_int_equal(ticks("x"), retired);
}

static void test_a_tick_that_is_under_way_lets_the_next_one_pass(void **state) {
  load("began, most, running = 0, 0, 0\n"
       "wechat.every(0.005, function()\n"
       "  began, running = began + 1, running + 1\n"
       "  most = math.max(most, running)\n"
       "  wechat.sleep(0.03)\n"
       "  running = running - 1\n"
       "end)\n"
       "function on_message(msg) return tostring(msg.content == 'most' and most or began) end");
  assert_true(tick_soon(1));
  assert_int_equal(ticks("most"), 1);
}

static void test_a_tick_that_fails_does_not_end_the_timer(void **state) {
  load("ticks = 0\n"
       "wechat.every(0.01, function() ticks = ticks + 1 error('no') end)\n"
       "function on_message() return tostring(ticks) end");
  assert_true(tick_soon(1));
  assert_logged("a timer's function");
  assert_true(atomic_load(&world.shared.errors) > 0);
}

static void test_no_timer_ticks_while_another_process_runs_them(void **state) {
  atomic_store(&world.shared.timers_elsewhere, true);
  load(counting);
  assert_true(atomic_load(&world.shared.timers));
  usleep(50000);
  assert_int_equal(ticks("x"), 0);
  atomic_store(&world.shared.timers_elsewhere, false);
  assert_true(tick_soon(0));
}

static void test_no_timer_ticks_after_the_lease_of_a_frozen_process(void **state) {
  atomic_store(&world.shared.timers_until_us, clock_real_us() - 1);
  load(counting);
  usleep(50000);
  assert_int_equal(ticks("x"), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open_shared, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_timer_ticks_until_it_is_stopped),
    TEST(test_no_timer_ticks_before_the_script_is_in_service),
    TEST(test_out_of_service_no_timer_ticks),
    TEST(test_a_tick_that_is_under_way_lets_the_next_one_pass),
    TEST(test_a_tick_that_fails_does_not_end_the_timer),
    TEST(test_no_timer_ticks_while_another_process_runs_them),
    TEST(test_no_timer_ticks_after_the_lease_of_a_frozen_process),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
