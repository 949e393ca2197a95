// Whether the account may send customer service messages.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "script/send_right.h"

#include <string.h>

static Store *store;
static BotShared here, there;

static int begin(void **state) {
  memset(&here, 0, sizeof here);
  memset(&there, 0, sizeof there);
  store = store_open(STR("memory:"), NULL);
  return store ? 0 : -1;
}

static int end(void **state) {
  store_close(store);
  return 0;
}

static void test_a_refusal_is_known_to_all_processes_for_an_hour(void **state) {
  assert_true(send_right_note(store, STR("wx1"), &here, false));
  assert_false(send_right_note(store, STR("wx1"), &here, false));  // unchanged
  assert_true(shared_sends_nothing(&here));
  send_right_learn(store, STR("wx1"), &there);
  assert_true(shared_sends_nothing(&there));
  clock_advance((int64_t)3601 * 1000 * 1000);
  assert_false(shared_sends_nothing(&here));
  assert_false(shared_sends_nothing(&there));
}

static void test_a_send_that_succeeds_ends_it(void **state) {
  send_right_note(store, STR("wx1"), &here, false);
  assert_true(send_right_note(store, STR("wx1"), &here, true));
  assert_false(send_right_note(store, STR("wx1"), &here, true));
  assert_false(shared_sends_nothing(&here));
  send_right_learn(store, STR("wx1"), &there);
  assert_false(shared_sends_nothing(&there));
}

static void test_what_the_configuration_lacks_stays_so(void **state) {
  atomic_store(&here.not_allowed_until_ms, INT64_MAX);
  assert_false(send_right_note(store, STR("wx1"), &here, true));
  send_right_learn(store, STR("wx1"), &here);
  assert_true(shared_sends_nothing(&here));
}

static void test_one_account_says_nothing_of_another(void **state) {
  send_right_note(store, STR("wx1"), &here, false);
  send_right_learn(store, STR("wx2"), &there);
  assert_false(shared_sends_nothing(&there));
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
  const struct CMUnitTest tests[] = {
    CASE(test_a_refusal_is_known_to_all_processes_for_an_hour),
    CASE(test_a_send_that_succeeds_ends_it),
    CASE(test_what_the_configuration_lacks_stays_so),
    CASE(test_one_account_says_nothing_of_another),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
