// engine/record: which values are recorded, in which order, and when a record is given up.
#include "door_world.h"

// Two tasks share variables: the replay gives both their values in the recorded order.
static void test_tasks_of_one_record_meet_in_the_same_order(void **state) {
  const char *code =
      "local seen = {}\n"
      "for i = 1, 4 do\n"
      "  spawn(function() nap(0.02 * (5 - i)) seen[#seen + 1] = i act('child' .. i) end)\n"
      "end\n"
      "nap(0.15)\n"
      "save() return table.concat(seen)";
  run_new_record(code);
  assert_result("4321");
  run_again(code);
  assert_result("4321");
  assert_done("");
}

static void test_a_child_goes_on_where_it_stood(void **state) {
  const char *code = "local done\n"
                     "spawn(function() nap(0.03) act('late') done = true end)\n"
                     "act('main') save()\n"
                     "while not done do nap(0.01) end\n"
                     "return 'all'";
  run_new_record(code);
  run_again(code);
  assert_result("all");
  assert_non_null(strstr(world.done, "late"));
  assert_null(strstr(world.done, "main"));
}

static void test_an_answer_is_given_to_the_question_that_stood(void **state) {
  const char *code =
      "act('one') local answer, why = ask('name?') return tostring(answer) .. tostring(why)";
  Str results[] = { STR("Li"), { 0 } };
  world.number = 0;
  run_code(code, NULL);
  assert_result("saved");
  Record *record = loaded();
  assert_true(record_answer(record, results, 2));
  run_code(code, record);
  assert_result("Linil");
  assert_done("");
  assert_int_equal(world.state, TASK_RETURNED);
}

static void test_a_record_that_grows_too_long_is_given_up(void **state) {
  run_new_record("local s = ('x'):rep(1000) for i = 1, 300 do echo(s) end return tostring(save())");
  assert_result("false");
  assert_non_null(strstr(world.given_up, "test.echo at [string \"local s"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_tasks_of_one_record_meet_in_the_same_order),
    TEST(test_a_child_goes_on_where_it_stood),
    TEST(test_an_answer_is_given_to_the_question_that_stood),
    TEST(test_a_record_that_grows_too_long_is_given_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
