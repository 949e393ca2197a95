// engine/outside_lib: time and random numbers pass the door.
#include "door_world.h"

static void test_time_and_chance_are_given_again(void **state) {
  const char *code = "local r = {} for i = 1, 5 do r[i] = math.random(1000000) end\n"
                     "r[6], r[7], r[8] = os.time(), os.clock(), os.date()\n"
                     "save() return table.concat(r, ' ')";
  run_new_record(code);
  char first[sizeof world.result];
  strcpy(first, world.result);
  usleep(1100000);
  run_again(code);
  assert_result(first);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_time_and_chance_are_given_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
