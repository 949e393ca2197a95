// engine/state: the memory of a state, and which thread uses it.
#include "engine_world.h"

static void test_memory_is_counted_and_capped(void **state) {
  open_engine(&(EngineOptions){ .library = "lib", .memory_max = 4 << 20 });
  size_t before = engine_memory(engine);
  run_lua("kept = string.rep('x', 1 << 20)");
  assert_true(engine_memory(engine) >= before + (1 << 20));
  assert_raises("kept2 = string.rep('x', 8 << 20)", "not enough memory");
  assert_true(engine_memory(engine) <= 4 << 20);
  end(state);
}

static void test_who_enters_has_it_alone_until_the_deadline(void **state) {
  begin(state);
  assert_int_equal(engine_queue(engine), 1);
  assert_false(engine_enter(engine, clock_now_us() + 1000));
  engine_leave(engine);
  assert_int_equal(engine_queue(engine), 0);
  assert_true(engine_enter(engine, clock_now_us() + 1000));
  end(state);
}

static void test_states_differ_in_what_each_has_and_share_nothing(void **state) {
  begin(state);
  run_lua("mine = 1");
  end(state);
  begin(state);
  assert_true_in_lua("mine == nil");
  assert_ptr_equal(engine_of(L), engine);
  end(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_memory_is_counted_and_capped),
    cmocka_unit_test(test_who_enters_has_it_alone_until_the_deadline),
    cmocka_unit_test(test_states_differ_in_what_each_has_and_share_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
