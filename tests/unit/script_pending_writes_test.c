// script/pending_writes: a write that the store did not accept is repeated, unless a newer one replaces it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "script/pending_writes.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

static PendingWrites *unsaved;
static PendingWrite taken;

static int begin(void **state) {
  unsaved = pending_writes_new();
  taken = (PendingWrite){ .gone = false };
  return unsaved ? 0 : -1;
}

static int end(void **state) {
  pending_writes_release(unsaved);
  buf_clear(&taken.key);
  buf_clear(&taken.value);
  return 0;
}

static bool take(void) { return pending_writes_take(unsaved, &taken); }

static void assert_taken(const char *wanted_key, const char *wanted_value) {
  assert_true(take());
  assert_true(str_eq(buf_str(&taken.key), str_of(wanted_key)));
  assert_int_equal(taken.gone, wanted_value == NULL);
  if (wanted_value) assert_true(str_eq(buf_str(&taken.value), str_of(wanted_value)));
}

static bool done(bool again) { return pending_writes_done(unsaved, &taken, again); }

static void test_writes_come_in_their_order_and_once(void **state) {
  pending_writes_put(unsaved, STR("a"), STR("1"));
  pending_writes_put(unsaved, STR("b"), (Str){ 0 });
  assert_taken("a", "1");
  assert_true(done(false));
  assert_taken("b", NULL);
  assert_true(done(false));
  assert_false(take());
}

static void test_the_last_write_of_a_key_counts(void **state) {
  pending_writes_put(unsaved, STR("a"), STR("1"));
  pending_writes_put(unsaved, STR("a"), STR("22"));
  assert_taken("a", "22");
  assert_true(done(false));
  assert_false(take());
}

static void test_an_end_keeps_the_value_whose_run_has_ended(void **state) {
  pending_writes_put_end(unsaved, STR("a"), STR("1"));
  for (int i = 0; i < 2; i++) {
    assert_true(take());
    assert_true(taken.gone && str_eq(buf_str(&taken.value), STR("1")));
    assert_true(done(i == 0));
  }
  assert_false(take());
}

static void test_one_that_fails_again_comes_again(void **state) {
  pending_writes_put(unsaved, STR("a"), STR("1"));
  assert_taken("a", "1");
  assert_true(done(true));
  assert_true(pending_writes_has(unsaved, STR("a")));
  assert_taken("a", "1");
}

static void test_one_knows_since_when_it_waits(void **state) {
  int64_t now_s = clock_unix_s();
  pending_writes_put(unsaved, STR("a"), (Str){ 0 });
  assert_true(take());
  assert_in_range(taken.put_s, now_s, now_s + 1);
  clock_advance((int64_t)60 * 1000 * 1000);
  assert_true(done(true));
  assert_true(take());
  assert_in_range(taken.put_s, now_s, now_s + 1);
}

static void test_a_newer_write_puts_it_out_of_date(void **state) {
  pending_writes_put(unsaved, STR("a"), STR("1"));
  pending_writes_put(unsaved, STR("b"), STR("2"));
  pending_writes_cancel(unsaved, STR("b"));
  assert_false(pending_writes_has(unsaved, STR("b")));
  assert_taken("a", "1");
  assert_true(pending_writes_has(unsaved, STR("a")));
  assert_true(pending_writes_is_newest(unsaved));
  pending_writes_cancel(unsaved, STR("a"));
  assert_false(pending_writes_is_newest(unsaved));
  assert_false(done(true));
  assert_false(pending_writes_has(unsaved, STR("a")));
  assert_false(take());
}

static void test_a_holder_may_outlive_the_others(void **state) {
  PendingWrites *held = pending_writes_hold(unsaved);
  pending_writes_release(unsaved);
  pending_writes_put(held, STR("a"), STR(""));
  assert_taken("a", "");
}

static void test_they_are_counted_and_the_first_says_so(void **state) {
  assert_true(pending_writes_put(unsaved, STR("a"), STR("1")));
  assert_false(pending_writes_put(unsaved, STR("b"), STR("2")));
  assert_int_equal(pending_writes_count(unsaved), 2);
  assert_true(take());
  assert_false(pending_writes_put(unsaved, STR("c"), STR("3")));
  assert_true(done(false));
  assert_int_equal(pending_writes_count(unsaved), 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_writes_come_in_their_order_and_once),
    TEST(test_the_last_write_of_a_key_counts),
    TEST(test_an_end_keeps_the_value_whose_run_has_ended),
    TEST(test_one_that_fails_again_comes_again),
    TEST(test_one_knows_since_when_it_waits),
    TEST(test_a_newer_write_puts_it_out_of_date),
    TEST(test_a_holder_may_outlive_the_others),
    TEST(test_they_are_counted_and_the_first_says_so),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
