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

// The record is saved while the first task naps: all that came before was told then.
static void test_what_was_told_is_not_told_again(void **state) {
  const char *code = "spawn(function() once(function() nap(0.03) save() end) tell('saved') end)\n"
                     "spawn(function() tell('child') error('failed') end)\n"
                     "nap(0.01) tell('before') nap(0.06) tell('after')\n"
                     "spawn(function() nap(0) error('later') end) nap(0.01) return 'all'";
  run_new_record(code);
  assert_int_equal(world.failures, 2);
  assert_non_null(strstr(world.done, "child"));
  assert_non_null(strstr(world.done, "before"));
  run_again(code);
  assert_result("all");
  assert_int_equal(world.failures, 1);
  assert_null(strstr(world.done, "child"));
  assert_null(strstr(world.done, "before"));
  assert_non_null(strstr(world.done, "after"));
}

static void test_an_answer_is_given_to_the_question_that_stood(void **state) {
  const char *code = "act('one') local answer, why = ask('name?') tell('answered') return "
                     "tostring(answer) .. tostring(why)";
  Str results[] = { STR("Li"), { 0 } };
  world.number = 0;
  run_code(code, NULL);
  assert_result("saved");
  Record *record = loaded();
  assert_true(record_answer(record, results, 2));
  run_code(code, record);
  assert_result("Linil");
  assert_done("answered ");
  assert_int_equal(world.state, TASK_RETURNED);
}

static void test_an_answer_may_pass_the_limit(void **state) {
  const char *code = "act('one') echo(('x'):rep(256 * 1024 - 600)) local answer = ask('name?')\n"
                     "tell(#answer) act('two') return save()";
  static char answer[1000];
  Str results[] = { str_make(memset(answer, 'a', sizeof answer), sizeof answer) };
  run_code(code, NULL);
  assert_result("saved");
  Record *record = loaded();
  assert_true(record_answer(record, results, 1));
  run_code(code, record);
  assert_string_equal(world.difference, "");
  assert_done("1000 two ");
  assert_result("false");
  assert_non_null(strstr(world.given_up, "test.act"));
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
    TEST(test_what_was_told_is_not_told_again),
    TEST(test_an_answer_may_pass_the_limit),
    TEST(test_an_answer_is_given_to_the_question_that_stood),
    TEST(test_a_record_that_grows_too_long_is_given_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
