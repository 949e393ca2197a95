// script/sources: the files from which a script was loaded, and their contents.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "script/sources.h"

static Sources *sources;

static int begin(void **state) {
  sources = sources_new();
  return sources ? 0 : -1;
}

static int end(void **state) {
  sources_free(sources);
  return 0;
}

static void assert_line(const char *path, int64_t line, const char *wanted) {
  Buf out;
  buf_init(&out);
  assert_int_equal(sources_line(sources, str_of(path), line, &out), wanted != NULL);
  if (wanted) assert_string_equal(out.ptr, wanted);
  buf_clear(&out);
}

static void test_files_are_listed_once_whether_they_are_there_or_not(void **state) {
  Arena *arena = arena_new();
  Pairs files = { 0 };
  assert_true(sources_track(sources, "/bot/bot.lua"));
  assert_true(sources_track(sources, "/bot/missing.lua"));
  assert_true(sources_track(sources, "/bot/bot.lua"));
  assert_true(sources_list(sources, arena, &files));
  assert_true(sources_list(sources, arena, &files));
  Str value;
  assert_int_equal(pairs_get(&files, STR("/bot/bot.lua"), &value), 1);
  assert_int_equal(pairs_get(&files, STR("/bot/missing.lua"), &value), 1);
  arena_free(arena);
}

static void test_a_line_is_told_as_the_file_was_when_it_was_read(void **state) {
  assert_non_null(sources_keep(sources, "bot.lua", STR("one\ntwo\r\nthree")));
  assert_line("bot.lua", 1, "one");
  assert_line("bot.lua", 3, "three");
  assert_line("bot.lua", 4, NULL);
  assert_line("other.lua", 1, NULL);
}

static void test_a_long_name_is_found_by_the_end_that_lua_makes_of_it(void **state) {
  sources_keep(sources, "/a/very/long/folder/bot.lua", STR("first"));
  assert_line("...folder/bot.lua", 1, "first");
}

static void test_read_again_a_file_holds_its_new_text(void **state) {
  sources_keep(sources, "bot.lua", STR("old"));
  const Str *kept = sources_keep(sources, "bot.lua", STR("new"));
  assert_true(str_eq(*kept, STR("new")));
  assert_line("bot.lua", 1, "new");
}

static void test_a_script_can_be_loaded_again_from_what_another_kept(void **state) {
  Sources *next = sources_new();
  sources_keep(sources, "bot.lua", STR("as it was"));
  assert_null(sources_given(next, "bot.lua"));
  assert_true(sources_give(next, sources));
  assert_true(str_eq(*sources_given(next, "bot.lua"), STR("as it was")));
  assert_null(sources_given(next, "other.lua"));
  sources_free(next);
  sources_free(NULL);
}

static void test_the_digest_is_that_of_the_texts(void **state) {
  uint64_t empty = sources_digest(sources);
  sources_track(sources, "missing.lua");
  assert_true(sources_digest(sources) == empty);
  sources_keep(sources, "bot.lua", STR("as it was"));
  uint64_t before = sources_digest(sources);
  assert_true(before != empty);
  sources_keep(sources, "bot.lua", STR("as it is"));
  assert_true(sources_digest(sources) != before);
  sources_keep(sources, "bot.lua", STR("as it was"));
  assert_true(sources_digest(sources) == before);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_files_are_listed_once_whether_they_are_there_or_not),
    TEST(test_a_line_is_told_as_the_file_was_when_it_was_read),
    TEST(test_a_long_name_is_found_by_the_end_that_lua_makes_of_it),
    TEST(test_read_again_a_file_holds_its_new_text),
    TEST(test_a_script_can_be_loaded_again_from_what_another_kept),
    TEST(test_the_digest_is_that_of_the_texts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
