// host.stdlib: why a function of Lua's library is nil, and what is meant by what is no Lua.
#define HOST_IS_GLOBAL
#include "host_world.h"

static void test_a_function_that_is_left_out_has_a_reason_and_others_have_none(void **state) {
  assert_holds("local why = host.stdlib.why_nil "
               "is(why(\"a nil value (field 'popen')\", 'io.popen()'), "
               "'io.popen needs allow_shell = true in the configuration') "
               "is(why(\"a nil value (field 'popen')\", 'mine.popen()'), nil) "
               "is(why(\"a nil value (field 'date')\", 'os.date()'), nil)");
}

static void test_what_the_parser_refuses_has_a_hint(void **state) {
  assert_holds("local hint = host.stdlib.syntax_hint "
               "is(hint(\"input 1:1: unexpected symbol near '&'\"), 'write and for &&') "
               "is(hint('input 1:1: other'), nil)");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_function_that_is_left_out_has_a_reason_and_others_have_none),
    TEST(test_what_the_parser_refuses_has_a_hint),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
