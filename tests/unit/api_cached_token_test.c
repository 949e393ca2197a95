// api/cached_token: how long a token is believed in, and what the store keeps of it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "api/cached_token.h"

#include "base/clock.h"

static CachedToken held;

static int begin(void **state) {
  held = (CachedToken){ 0 };
  return 0;
}

static int end(void **state) {
  cached_token_clear(&held);
  return 0;
}

static void test_nothing_is_neither_fresh_nor_alive(void **state) {
  assert_false(cached_token_is_fresh(&held));
  assert_false(cached_token_is_alive(&held));
}

static void test_it_is_renewed_five_minutes_before_its_end(void **state) {
  assert_true(cached_token_set(&held, STR("T"), 0, 7200, 7200));
  assert_true(cached_token_is_fresh(&held));
  assert_int_equal((held.end_us - held.renew_us) / 1000000, 300);
  assert_true(cached_token_set(&held, STR("T"), 0, 7200, 299));
  assert_false(cached_token_is_fresh(&held));
  assert_true(cached_token_is_alive(&held));
}

static void test_one_that_lives_under_five_minutes_is_used(void **state) {
  assert_true(cached_token_set(&held, STR("T"), 0, 60, 60));
  assert_true(cached_token_is_fresh(&held));
}

static void test_nobody_believes_in_more_than_its_lifetime(void **state) {
  assert_true(cached_token_set(&held, STR("T"), 0, 7200, 1000000));
  assert_true(held.end_us <= clock_now_us() + 7200 * (int64_t)1000000);
}

static void test_what_is_written_is_read_again(void **state) {
  Buf record;
  buf_init(&record);
  CachedToken other = { 0 };
  assert_true(cached_token_set(&held, STR("a \"token\" 你"), clock_unix_s() + 5000, 7200, 5000));
  cached_token_write(&record, &held);
  cached_token_read(&other, buf_str(&record), NULL);
  assert_string_equal(other.value, "a \"token\" 你");
  assert_int_equal(other.expires_at, held.expires_at);
  assert_int_equal(other.lifetime_s, 7200);
  assert_true(cached_token_is_fresh(&other));
  cached_token_clear(&other);
  cached_token_read(&other, buf_str(&record), "a \"token\" 你");  // it was refused
  assert_null(other.value);
  buf_clear(&record);
}

static void test_what_is_over_or_no_record_is_not_taken(void **state) {
  static const char *const records[] = {
    "",
    "token",
    "[]",
    "{}",
    "{\"value\":\"T\",\"expires_at\":1,\"lifetime\":7200}",
    "{\"value\":7,\"expires_at\":99999999999,\"lifetime\":7200}",
    "{\"value\":\"T\",\"expires_at\":\"soon\",\"lifetime\":7200}",
    "{\"value\":\"T\",\"expires_at\":99999999999}",
  };
  for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
    cached_token_read(&held, str_of(records[i]), NULL);
    if (held.value) fail_msg("%s was taken", records[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_nothing_is_neither_fresh_nor_alive, begin, end),
    cmocka_unit_test_setup_teardown(test_it_is_renewed_five_minutes_before_its_end, begin, end),
    cmocka_unit_test_setup_teardown(test_one_that_lives_under_five_minutes_is_used, begin, end),
    cmocka_unit_test_setup_teardown(test_nobody_believes_in_more_than_its_lifetime, begin, end),
    cmocka_unit_test_setup_teardown(test_what_is_written_is_read_again, begin, end),
    cmocka_unit_test_setup_teardown(test_what_is_over_or_no_record_is_not_taken, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
