// What the store says of a run, and what the index notes of it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"
#include "redis_store.h"
#include "script/keep_inner.h"

static Store *store;
static Keep *keep;
static Buf value;

static int set_up(void **state) {
  store = redis_store_open();
  if (!store) return -1;
  keep = keep_new(&(KeepOptions){ .store = store, .account = STR("gh_1") });
  buf_init(&value);
  return keep ? 0 : -1;
}

static int tear_down(void **state) {
  buf_clear(&value);
  keep_free(keep);
  store_close(store);
  redis_server_stop();
  return 0;
}

static void test_a_value_is_there_or_not_or_nobody_knows(void **state) {
  StoreCall call = { .op = STORE_SET, .key = STR("k"), .value = STR("v") };
  assert_int_equal(keep_read_value(keep, STR("k"), &value), STORE_LACKS);
  assert_int_equal(keep_ask_store(keep, &call, NULL), STORE_HAS);
  assert_int_equal(keep_read_value(keep, STR("k"), &value), STORE_HAS);
  assert_true(str_eq(buf_str(&value), STR("v")));
  redis_server_stop();
  assert_int_equal(keep_read_value(keep, STR("k"), &value), STORE_AWAY);
}

static void test_a_run_that_has_asked_has_its_user_s_key(void **state) {
  static char openid[STORE_KEY_MAX], text[STORE_KEY_MAX];
  assert_true(str_eq(keep_key_of(keep, STR("a"), STR("id"), text), STR("owed/gh_1/a/id")));
  assert_true(str_eq(keep_key_of(keep, STR("a"), STR(""), text), STR("asked/gh_1/a")));
  memset(openid, 'a', sizeof openid);
  Str longest = str_make(openid, sizeof openid - strlen("asked/gh_1/"));
  assert_int_equal(keep_key_of(keep, longest, STR(""), text).len, STORE_KEY_MAX);
  longest.len++;
  assert_int_equal(keep_key_of(keep, longest, STR(""), text).len, 0);
}

static void test_a_run_counts_as_owed_until_it_asks(void **state) {
  KeptRun run = { .state = KEPT_RUNS, .owed = true, .process = keep_process(keep) };
  assert_true(keep_is_own(keep, &run));
  keep_note(keep, STR("asked/gh_1/a"), &run);
  assert_int_equal(keep_owed(keep), 1);
  run.state = KEPT_ASKS;
  run.process = STR("");
  assert_false(keep_is_own(keep, &run));
  keep_note(keep, STR("asked/gh_1/a"), &run);
  assert_int_equal(keep_owed(keep), 0);
  assert_int_equal(keep_conversations(keep), 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_value_is_there_or_not_or_nobody_knows),
    TEST(test_a_run_that_has_asked_has_its_user_s_key),
    TEST(test_a_run_counts_as_owed_until_it_asks),
  };
  log_setup(LOG_ERROR, LOG_TEXT);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
