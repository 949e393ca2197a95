// engine/door: a replayed task gets the recorded values, makes no calls, and ends where it differs from its record.
#include "door_world.h"

static void test_what_was_given_is_given_again_and_nothing_is_done(void **state) {
  const char *code = "local a, b = act('one'), act('two') save() local c = act('three') "
                     "return a .. b .. c";
  run_new_record(code);
  assert_result("123");
  assert_done("one two three ");
  run_again(code);
  assert_result("124");
  assert_done("three ");
}

static void test_another_name_is_noticed_with_both_places(void **state) {
  run_new_record("act('one')\nact('two') save()");
  run_again("act('one')\n\necho('two')");
  assert_int_equal(world.state, TASK_DIFFERS);
  assert_string_equal(world.difference,
                      "it now calls test.echo at [string \"act('one')...\"]:3, where it called "
                      "test.act at [string \"act('one')...\"]:2");
}

static void test_other_arguments_are_noticed(void **state) {
  run_new_record("act('1') save()");
  run_again("act('2')");
  assert_int_equal(world.state, TASK_DIFFERS);
  assert_non_null(strstr(world.difference, "with other arguments"));
  assert_done("");
}

static void test_a_return_before_the_record_ends_is_noticed(void **state) {
  run_new_record("act('one') act('two') save()");
  run_again("act('one')");
  assert_int_equal(world.state, TASK_DIFFERS);
  assert_non_null(strstr(world.difference, "it now calls nothing more"));
}

static void test_no_pcall_and_no_coroutine_keeps_a_difference(void **state) {
  run_new_record("act('one') save()");
  run_again("pcall(function() act('two') end) act('three')");
  assert_int_equal(world.state, TASK_DIFFERS);
  assert_done("");
  run_again("coroutine.wrap(function() act('two') end)() act('three')");
  assert_int_equal(world.state, TASK_DIFFERS);
  assert_done("");
}

static void test_a_call_under_way_that_reads_is_made_again(void **state) {
  run_new_record("spawn(function() nap(0.01) save() end) nap(0.05) return 'rested'");
  run_again("spawn(function() nap(0.01) save() end) nap(0.05) return 'rested'");
  assert_result("rested");
}

static void test_a_call_under_way_that_acts_is_unknown(void **state) {
  const char *code = "spawn(function() nap(0.005) save() end)\n"
                     "local n, err = slow('pay')\n"
                     "return n or err.kind .. ' ' .. tostring(err)";
  run_new_record(code);
  assert_result("1");
  run_again(code);
  assert_result("unknown test.slow was under way when its process ended: it may have happened");
  assert_null(strstr(world.done, "pay"));
}

static void test_once_runs_once(void **state) {
  const char *code = "local a, b = once(function(x) act('inside') return x, { 5 } end, 'x')\n"
                     "local ok, why = pcall(once, function() error('no', 0) end)\n"
                     "local bad, what = pcall(once, function() return print end)\n"
                     "save() return a .. b[1] .. tostring(ok) .. why .. tostring(bad)";
  run_new_record(code);
  assert_result("x5falsenofalse");
  assert_done("inside ");
  run_again(code);
  assert_result("x5falsenofalse");
  assert_done("");
}

static void test_a_call_that_raised_raises_again(void **state) {
  const char *code = "local ok = pcall(fail) act('one') save() return tostring(ok)";
  run_new_record(code);
  run_again(code);
  assert_result("false");
  assert_int_equal(world.state, TASK_RETURNED);
  assert_done("");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_what_was_given_is_given_again_and_nothing_is_done),
    TEST(test_another_name_is_noticed_with_both_places),
    TEST(test_other_arguments_are_noticed),
    TEST(test_a_return_before_the_record_ends_is_noticed),
    TEST(test_no_pcall_and_no_coroutine_keeps_a_difference),
    TEST(test_a_call_under_way_that_reads_is_made_again),
    TEST(test_a_call_under_way_that_acts_is_unknown),
    TEST(test_once_runs_once),
    TEST(test_a_call_that_raised_raises_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
