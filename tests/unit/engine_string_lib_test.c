// engine/string_lib: Lua's string functions, which can be stopped.
#include "engine_world.h"

static void test_they_give_what_luas_give(void **state) {
  assert_true_in_lua(
      "('hello world'):find('o w') == 5, ('a.b'):find('.', 1, true) == 2, "
      "('key=value'):match('(%w+)=') == 'key', ('abc'):gsub('%w', '%0%0') == 'aabbcc', "
      "('ab'):rep(3, '-') == 'ab-ab-ab', ('x'):rep(0) == ''");
  run_lua("local t = {} for k, v in ('a=1, b=2'):gmatch('(%w)=(%w)') do t[#t + 1] = k .. v end "
          "return table.concat(t, ' ')");
  assert_string_equal(lua_tostring(L, -1), "a1 b2");
}

static void test_gsub_takes_tables_and_functions(void **state) {
  assert_true_in_lua("('$a $b'):gsub('%$(%w)', { a = 'x' }) == 'x $b', "
                     "('abc'):gsub('b', function(s) return s:upper() end) == 'aBc', "
                     "select(2, ('aaa'):gsub('a', 'b', 2)) == 2");
}

static void test_a_wrong_pattern_raises_as_luas(void **state) {
  assert_raises("return ('a'):find('[a')", "malformed pattern");
  assert_raises("return ('a'):find('%')", "malformed pattern");
}

static void test_a_match_that_would_take_hours_is_stopped(void **state) {
  assert_task_fails("return ('a'):rep(200000):find('.-.-.-.-b')", "script_cpu_ms");
}

static void test_a_text_that_would_take_all_memory_is_refused(void **state) {
  end(state);
  open_engine(&(EngineOptions){ .library = "lib", .memory_max = 8 << 20 });
  assert_raises("return ('x'):rep(1 << 30)", "memory");
}

static void test_gsubs_function_may_wait(void **state) {
  lua_register(L, "sleep", l_sleep);
  assert_task_gives("return (('ab'):gsub('%w', function(s) sleep(1) return s .. s end))", "aabb");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_they_give_what_luas_give),
    TEST(test_gsub_takes_tables_and_functions),
    TEST(test_a_wrong_pattern_raises_as_luas),
    TEST(test_a_match_that_would_take_hours_is_stopped),
    TEST(test_a_text_that_would_take_all_memory_is_refused),
    TEST(test_gsubs_function_may_wait),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
