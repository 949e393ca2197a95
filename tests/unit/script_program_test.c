// Embedded programs: the argument `host`, and calls of their functions.
#include "program_world.h"

// new/luarc.lua gives what this function makes of a table: the names in it.
static const char encode[] = "return function(t)\n"
                             "  local names = {}\n"
                             "  for name in pairs(t) do names[#names + 1] = tostring(name) end\n"
                             "  return table.concat(names, ' ')\n"
                             "end";

static int set_up(void **state) { return program_world_open(state, encode); }

static bool load_program(const char *name) {
  world.options.program = name;
  world.in = interpreter_new(&world.options, &world.err);
  return world.in && interpreter_load(world.in, name, &world.err);
}

static void test_a_function_of_the_program_gives_its_text(void **state) {
  if (!load_program("new/luarc.lua")) fail_msg("%s", world.err.text);
  if (!interpreter_program(world.in, "files", STR(""), &out, &world.err))
    fail_msg("%s", world.err.text);
  assert_non_null(strstr(out.ptr, ".luarc.json"));
  assert_non_null(strstr(out.ptr, ".luacheckrc"));
}

static void test_what_it_gives_is_appended(void **state) {
  assert_true(load_program("new/luarc.lua"));
  buf_add(&out, STR("before "));
  if (!interpreter_program(world.in, "files", STR(""), &out, &world.err))
    fail_msg("%s", world.err.text);
  assert_memory_equal(out.ptr, "before ", 7);
}

static void test_a_function_that_the_program_lacks_fails(void **state) {
  assert_true(load_program("new/luarc.lua"));
  assert_false(interpreter_program(world.in, "none", STR(""), &out, &world.err));
  assert_int_equal(world.err.code, ERR_FAILED);
  assert_int_equal(out.len, 0);
}

static void test_a_program_that_is_not_in_the_binary_is_named(void **state) {
  assert_false(load_program("new/none.lua"));
  assert_non_null(strstr(world.err.text, "new/none.lua is not in this binary"));
}

static void test_a_program_without_functions_says_so(void **state) {
  assert_true(load_program("bot/stand_in.lua"));
  assert_false(interpreter_program(world.in, "files", STR(""), &out, &world.err));
  assert_non_null(strstr(world.err.text, "the program has no functions"));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, program_world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_function_of_the_program_gives_its_text),
    TEST(test_what_it_gives_is_appended),
    TEST(test_a_function_that_the_program_lacks_fails),
    TEST(test_a_program_that_is_not_in_the_binary_is_named),
    TEST(test_a_program_without_functions_says_so),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
