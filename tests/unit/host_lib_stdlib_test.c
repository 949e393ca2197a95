// host.stdlib: why a function of Lua's library is nil.
#define HOST_IS_GLOBAL
#include "host_world.h"

static void test_a_function_that_is_left_out_has_a_reason_and_others_have_none(void **state) {
  assert_holds("local why = host.stdlib.why_nil "
               "is(why(\"a nil value (field 'popen')\", 'io.popen()'), "
               "'io.popen needs allow_shell = true in the configuration') "
               "is(why(\"a nil value (field 'popen')\", 'mine.popen()'), nil) "
               "is(why(\"a nil value (field 'date')\", 'os.date()'), nil)");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_function_that_is_left_out_has_a_reason_and_others_have_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
