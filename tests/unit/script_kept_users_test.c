// The index of users with kept answers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/pack.h"
#include "script/kept_users.h"

static KeptUsers *users;

static int begin(void **state) {
  users = kept_users_new(true);
  return users ? 0 : -1;
}

static int end(void **state) {
  kept_users_free(users);
  return 0;
}

static void test_a_user_that_a_whole_index_does_not_name_has_no_answers(void **state) {
  assert_true(kept_users_lacks(users, STR("o1")));
  kept_users_note(users, STR("o1"), 2);
  assert_false(kept_users_lacks(users, STR("o1")));
  assert_true(kept_users_lacks(users, STR("o2")));
  kept_users_note(users, STR("o1"), 0);
  assert_true(kept_users_lacks(users, STR("o1")));
}

static void test_a_partial_index_denies_no_user_until_it_is_refreshed(void **state) {
  KeptUsers *partial = kept_users_new(false);
  assert_false(kept_users_lacks(partial, STR("o1")));
  kept_users_note(partial, STR("o2"), 1);
  assert_false(kept_users_lacks(partial, STR("o1")));
  kept_users_begin_refresh(partial);
  kept_users_end_refresh(partial);
  assert_true(kept_users_lacks(partial, STR("o1")));
  assert_true(kept_users_lacks(partial, STR("o2")));
  kept_users_free(partial);
}

static void test_the_answers_of_all_users_are_counted(void **state) {
  kept_users_note(users, STR("o1"), 2);
  kept_users_note(users, STR("o2"), 3);
  kept_users_note(users, STR("o1"), 1);
  assert_int_equal(kept_users_answers(users), 4);
}

static void test_an_expected_answer_counts_once(void **state) {
  kept_users_expect(users, STR("o1"));
  kept_users_expect(users, STR("o1"));
  assert_int_equal(kept_users_answers(users), 1);
  assert_false(kept_users_lacks(users, STR("o1")));
}

static void test_a_refresh_drops_the_users_that_it_did_not_find(void **state) {
  kept_users_note(users, STR("o1"), 1);
  kept_users_note(users, STR("o2"), 1);
  kept_users_begin_refresh(users);
  kept_users_note(users, STR("o2"), 1);
  kept_users_end_refresh(users);
  assert_true(kept_users_lacks(users, STR("o1")));
  assert_false(kept_users_lacks(users, STR("o2")));
}

static void test_a_refresh_keeps_a_user_whose_answer_is_just_being_written(void **state) {
  kept_users_note(users, STR("o1"), 1);
  kept_users_begin_refresh(users);
  kept_users_expect(users, STR("o1"));
  kept_users_end_refresh(users);
  assert_false(kept_users_lacks(users, STR("o1")));
}

static void test_a_list_has_at_most_as_many_users_as_wanted(void **state) {
  Buf openids;
  Str openid;
  size_t listed = 0;
  buf_init(&openids);
  kept_users_note(users, STR("o1"), 1);
  kept_users_note(users, STR("o2"), 1);
  kept_users_list(users, 1, &openids);
  for (Str rest = buf_str(&openids); pack_take_str(&rest, &openid); listed++)
    assert_int_equal(openid.len, 2);
  assert_int_equal(listed, 1);
  buf_clear(&openids);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
  const struct CMUnitTest tests[] = {
    CASE(test_a_user_that_a_whole_index_does_not_name_has_no_answers),
    CASE(test_a_partial_index_denies_no_user_until_it_is_refreshed),
    CASE(test_the_answers_of_all_users_are_counted),
    CASE(test_an_expected_answer_counts_once),
    CASE(test_a_refresh_drops_the_users_that_it_did_not_find),
    CASE(test_a_refresh_keeps_a_user_whose_answer_is_just_being_written),
    CASE(test_a_list_has_at_most_as_many_users_as_wanted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
