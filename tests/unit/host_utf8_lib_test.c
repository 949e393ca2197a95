// utf8.len and utf8.offset: the same results as Lua's own functions, and the script's CPU limit ends them.
#include "host_world.h"

static void test_len_counts_characters_and_finds_what_is_none(void **state) {
  assert_holds(
      "is(utf8.len(''), 0) is(utf8.len('abc'), 3) is(utf8.len('微月 é😀'), 5)\n"
      "is(utf8.len('微月', 4), 1) is(utf8.len('微月', -3), 1) is(utf8.len('微月', 1, 3), 1)\n"
      "is(utf8.len('abc', 4), 0) is(utf8.len('abc', 3, 2), 0)\n"
      "is(all(tostring(utf8.len('a\\xffb')), select(2, utf8.len('a\\xffb'))), 'nil 2')\n"
      "is(select(2, utf8.len('微月', 2)), 2)\n"
      "is(select(2, utf8.len('\\xe5\\xbe')), 1)\n"
      "is(select(2, utf8.len('\\xc0\\x80')), 1)\n"
      "is(select(2, utf8.len('\\xed\\xa0\\x80')), 1)\n"
      "is(utf8.len('\\xed\\xa0\\x80', 1, -1, true), 1)\n"
      "is(select(2, utf8.len('\\xf4\\x90\\x80\\x80')), 1)\n"
      "is(utf8.len('\\u{7FFFFFFF}', 1, -1, true), 1)\n"
      "is(select(2, utf8.len('\\xff\\x80\\x80\\x80\\x80\\x80\\x80', 1, -1, true)), 1)\n");
}

static void test_offset_finds_the_nth_character(void **state) {
  assert_holds("local s = 'a微月b'\n"
               "is(utf8.offset(s, 1), 1) is(utf8.offset(s, 2), 2) is(utf8.offset(s, 3), 5)\n"
               "is(utf8.offset(s, 4), 8) is(utf8.offset(s, 5), 9) is(utf8.offset(s, 6), nil)\n"
               "is(utf8.offset(s, -1), 8) is(utf8.offset(s, -4), 1) is(utf8.offset(s, -5), nil)\n"
               "is(utf8.offset(s, 0, 4), 2) is(utf8.offset(s, 0, 1), 1) is(utf8.offset(s, 0), 1)\n"
               "is(utf8.offset(s, 2, 5), 8) is(utf8.offset(s, -2, 8), 2)\n");
}

static void test_faults_have_lua_s_own_words(void **state) {
  assert_holds("fails(\"bad argument #2 to 'len' (initial position out of bounds)\","
               " function() utf8.len('abc', 5) end)\n"
               "fails(\"bad argument #3 to 'len' (final position out of bounds)\","
               " function() utf8.len('abc', 1, 4) end)\n"
               "fails(\"bad argument #3 to 'offset' (position out of bounds)\","
               " function() utf8.offset('abc', 1, 5) end)\n"
               "fails('initial position is a continuation byte', utf8.offset, '微', 1, 2)\n");
}

static void test_long_texts_are_stopped(void **state) {
  world.options.memory_max = 0;
  assert_over_cpu("local s = ('微月'):rep(10000000) for i = 1, 90 do utf8.len(s) end");
  assert_over_cpu("local s = ('微月'):rep(10000000) for i = 1, 90 do utf8.offset(s, 1 << 60) end");
  assert_over_cpu("local s = ('微月'):rep(10000000) for i = 1, 90 do utf8.offset(s, -1 << 60) end");
  assert_over_cpu("local s = ('\\x80'):rep(50000000) for i = 1, 90 do utf8.offset(s, 0, #s) end");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_len_counts_characters_and_finds_what_is_none),
    TEST(test_offset_finds_the_nth_character),
    TEST(test_faults_have_lua_s_own_words),
    TEST(test_long_texts_are_stopped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
