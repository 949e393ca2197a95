// host.file: embedded files, and the places of the bot's files.
#define HOST_IS_GLOBAL
#include "host_world.h"

static void test_an_embedded_file_is_read_by_its_name(void **state) {
  assert_holds("is(host.file.embedded('wechat/init.lua'):find('Builds `wechat`', 1, true) ~= nil, "
               "true)");
}

static void test_no_name_leads_out_of_the_embedded_files(void **state) {
  assert_holds("is(host.file.embedded('../CMakeLists.txt'), nil) "
               "is(host.file.embedded('/etc/passwd'), nil) is(host.file.embedded(''), nil) "
               "is(host.file.embedded('wechat'), nil)");
}

static void test_the_folder_is_the_scripts(void **state) {
  char code[200];
  snprintf(code, sizeof code, "is(host.file.folder(), '%s/')", world.folder);
  assert_holds(code);
}

static bool list_two(void *ctx, Arena *arena, Pairs *files) {
  return pairs_add(files, arena, str_of(ctx), STR("")) &&
         pairs_add(files, arena, STR("two.lua"), STR(""));
}

static void test_the_watched_files_are_those_of_the_other_interpreter(void **state) {
  world.options.watched = list_two;
  world.options.watched_ctx = "one.lua";
  assert_holds("is(all(table.unpack(host.file.watched())), 'one.lua two.lua')");
}

static void test_without_another_interpreter_no_file_is_watched(void **state) {
  assert_holds("is(#host.file.watched(), 0)");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_an_embedded_file_is_read_by_its_name),
    TEST(test_no_name_leads_out_of_the_embedded_files),
    TEST(test_the_folder_is_the_scripts),
    TEST(test_the_watched_files_are_those_of_the_other_interpreter),
    TEST(test_without_another_interpreter_no_file_is_watched),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
