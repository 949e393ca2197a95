// The lease, which says whose a run is: renewed, lost, given up at the end.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "redis_store.h"
#include "script/keep_inner.h"

static Store *store;
static Keep *keep;

static int set_up(void **state) {
  store = redis_store_open();
  if (!store) return -1;
  keep = keep_new(&(KeepOptions){ .store = store, .account = STR("gh_1") });
  return keep ? 0 : -1;
}

static int tear_down(void **state) {
  keep_free(keep);
  store_close(store);
  redis_server_stop();
  return 0;
}

static bool has_lease(Str process) {
  Buf key;
  buf_init(&key);
  buf_printf(&key, "process/gh_1/%.*s", STR_FMT(process));
  StoreCall call = { .op = STORE_GET, .key = buf_str(&key) };
  StoreReply *reply = store_call_wait(store, &call, NULL);
  bool has = reply->ok;
  store_reply_free(reply);
  buf_clear(&key);
  return has;
}

static void test_a_process_has_its_lease_from_the_start_to_its_end(void **state) {
  char name[PROCESS_NAME_SIZE];
  snprintf(name, sizeof name, "%.*s", STR_FMT(keep_process(keep)));
  assert_true(has_lease(str_of(name)));
  assert_int_equal(keep_lapses(keep), 0);
  keep_free(keep);
  keep = NULL;
  assert_false(has_lease(str_of(name)));
}

static void test_a_lease_that_was_not_renewed_in_time_has_lapsed(void **state) {
  assert_true(
      has_lease(keep_process(keep)));  // the first call is over: none is cut off by the clock
  clock_advance((int64_t)5 * 1000 * 1000);
  assert_int_equal(keep_lapses(keep), 0);
  keep_look(keep);
  clock_advance((int64_t)5 * 1000 * 1000);
  assert_int_equal(keep_lapses(keep), 0);
  clock_advance((int64_t)5 * 1000 * 1000);
  assert_int_equal(keep_lapses(keep), -1);
  keep_look(keep);
  assert_int_equal(keep_lapses(keep), 1);
}

static void test_a_lease_is_not_renewed_while_the_store_is_away(void **state) {
  redis_server_stop();
  clock_advance((int64_t)10 * 1000 * 1000);
  keep_look(keep);
  assert_int_equal(keep_lapses(keep), -1);
}

static void test_a_process_of_another_machine_lives_as_long_as_its_lease(void **state) {
  Str other = STR("0123456789abcdef:1:2:00000000");
  Buf key;
  assert_false(keep_is_alive(keep, other));
  buf_init(&key);
  keep_lease_key(keep, other, &key);
  StoreCall call = { .op = STORE_SET, .key = buf_str(&key), .value = STR("1") };
  store_reply_free(store_call_wait(store, &call, NULL));
  buf_clear(&key);
  assert_true(keep_is_alive(keep, other));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_process_has_its_lease_from_the_start_to_its_end),
    TEST(test_a_lease_that_was_not_renewed_in_time_has_lapsed),
    TEST(test_a_lease_is_not_renewed_while_the_store_is_away),
    TEST(test_a_process_of_another_machine_lives_as_long_as_its_lease),
  };
  log_setup(LOG_ERROR, LOG_TEXT);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
