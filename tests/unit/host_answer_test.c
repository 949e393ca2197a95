// host/answer: the parts of an HTTP response as Lua values.
#include "host/answer.h"
#include "script_state.h"

static State state;

static int set_up(void **unused) {
  state_open(&state);
  return 0;
}

static int tear_down(void **unused) {
  state_close(&state);
  return 0;
}

static void test_a_failure_is_nil_and_a_table_with_kind_and_text(void **unused) {
  assert_int_equal(answer_failure(state.L, "timeout", "nothing came"), 2);
  lua_setglobal(state.L, "err");
  lua_setglobal(state.L, "result");
  state_run(&state,
            "assert(result == nil and err.kind == 'timeout' and err.errmsg == 'nothing came')");
}

static void test_headers_are_a_list_with_names_in_lower_case(void **unused) {
  Pair second = { .name = STR("X-B"), .value = STR("two") };
  Pair first = { .name = STR("Content-Type"), .value = STR("text/Plain"), .next = &second };
  answer_push_headers(state.L, &(Pairs){ .first = &first, .last = &second, .count = 2 });
  lua_setglobal(state.L, "headers");
  state_run(
      &state,
      "assert(#headers == 2 and headers[1][1] == 'content-type' and headers[1][2] == 'text/Plain' "
      "and headers[2][1] == 'x-b')");
}

static void test_each_way_to_fail_has_a_kind(void **unused) {
  assert_non_null(answer_kind(CLIENT_TIMEOUT));
  assert_string_not_equal(answer_kind(CLIENT_TIMEOUT), answer_kind(CLIENT_NETWORK));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_failure_is_nil_and_a_table_with_kind_and_text),
    TEST(test_headers_are_a_list_with_names_in_lower_case),
    TEST(test_each_way_to_fail_has_a_kind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
