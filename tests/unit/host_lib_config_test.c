// wechat.config: the settings, read only.
#include "host_world.h"

static Pair third = { .name = { "secure", 6 }, .value = { "true", 4 } };
static Pair second = { .name = { "job_timeout_s", 13 }, .value = { "60", 2 }, .next = &third };
static Pair first = { .name = { "log_level", 9 }, .value = { "info", 4 }, .next = &second };
static const Pairs settings = { .first = &first, .last = &third, .count = 3 };

static int set_up(void **state) {
  world_open(state);
  world.options.config = &settings;
  return 0;
}

static void test_texts_numbers_and_switches_are_read(void **state) {
  assert_holds("is(wechat.config.log_level, 'info') is(wechat.config.job_timeout_s, 60) "
               "is(wechat.config.secure, true) is(wechat.config.none, nil)");
}

static void test_they_are_listed(void **state) {
  assert_holds("local n = 0 for k in pairs(wechat.config) do n = n + 1 end is(n, 3)");
}

static void test_they_cannot_be_set(void **state) {
  assert_holds(
      "fails(\"read only: 'log_level'\", function() wechat.config.log_level = 'debug' end)");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_texts_numbers_and_switches_are_read),
    TEST(test_they_are_listed),
    TEST(test_they_cannot_be_set),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
