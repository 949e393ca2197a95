// host.kept: answers that are kept until their user's next message.
#define HOST_IS_GLOBAL
#include "host_world.h"

#include "script/kept_answers.h"

static int set_up(void **state) {
  if (world_open_store(state) != 0) return -1;
  world.options.shared = &world.shared;
  world.shared.kept = kept_answers_new(world.options.store, STR("wx1"), 600);
  return world.shared.kept ? 0 : -1;
}

static int tear_down(void **state) {
  int result = world_close(state);
  kept_answers_free(world.shared.kept);
  world.shared.kept = NULL;
  return result;
}

static void test_what_is_put_is_kept(void **state) {
  assert_holds("is(host.kept.on, true) is(host.kept.put('o1', 'm1', { 'Tone', 'Ttwo' }), true)");
  assert_int_equal(kept_answers_count(world.shared.kept), 2);
}

static void test_an_answer_that_is_there_is_not_settled(void **state) {
  assert_holds("host.kept.put('o1', 'm1', { 'Tone' }) host.kept.settle('o1', 'm1') "
               "is(host.kept.put('o1', 'm2', { 'Ttwo' }), true)");
  assert_int_equal(kept_answers_count(world.shared.kept), 2);
}

static void test_the_end_of_others_says_whether_there_were_any(void **state) {
  assert_holds("host.kept.put('o1', 'm1', { 'Tone' }) host.kept.put('o1', 'm2', { 'Ttwo' }) "
               "is(host.kept.end_others('o1', 'm1'), true) "
               "is(host.kept.end_others('o1', 'm1'), false)");
  assert_int_equal(kept_answers_count(world.shared.kept), 1);
}

static void test_where_answers_are_not_kept_changes_raise(void **state) {
  KeptAnswers *kept = world.shared.kept;
  world.shared.kept = NULL;
  assert_holds("is(host.kept.on, false) fails('not kept', host.kept.put, 'o1', 'm1', {}) "
               "fails('not kept', host.kept.end_others, 'o1', 'm1')");
  world.shared.kept = kept;
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_what_is_put_is_kept),
    TEST(test_an_answer_that_is_there_is_not_settled),
    TEST(test_the_end_of_others_says_whether_there_were_any),
    TEST(test_where_answers_are_not_kept_changes_raise),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
