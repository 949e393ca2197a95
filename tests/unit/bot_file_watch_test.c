// A script's files: what has changed since the load, and what changed while it loaded.
#include "host_world.h"

#include <unistd.h>

#include "bot/file_watch.h"

static Pool *pool;
static FileWatch *files;

static void make_link(const char *to) {
  unlink("current");
  assert_int_equal(symlink(to, "current"), 0);
}

static void wait_for_another_time(void) { usleep(20000); }  // of CLOCK_REALTIME_COARSE

static int open_files(void **state) {
  if (world_open(state) != 0) return -1;
  assert_int_equal(chdir(world.folder), 0);
  write_file("v1/m.lua", "return 1");
  write_file("v2/m.lua", "return 2");
  make_link("v1");
  write_file("bot.lua", "local n = require 'current.m'\nfunction on_message() return n end");
  wait_for_another_time();
  pool = pool_new(world.script, &world.options, 1, false, NULL, &world.err);
  files = pool ? file_watch_new(pool) : NULL;
  if (!files) fail_msg("no pool: %s", world.err.text);
  assert_false(file_watch_changed(files));
  wait_for_another_time();
  return 0;
}

static int close_files(void **state) {
  file_watch_free(files);
  pool_free(pool);
  return world_close(state);
}

// The first check finds it, the second one that nobody is still writing.
static void assert_changed(void) {
  assert_false(file_watch_changed(files));
  assert_true(file_watch_changed(files));
}

static void load_again(void) {
  if (!pool_reload(pool, &world.err)) fail_msg("not loaded: %s", world.err.text);
}

static void assert_same(void) {
  for (int i = 0; i < 3; i++) assert_false(file_watch_changed(files));
}

static void test_files_that_stay_have_not_changed(void **state) {
  (void)state;
  assert_same();
  load_again();
  assert_same();
}

static void test_a_file_that_was_written_has_changed_until_the_load(void **state) {
  (void)state;
  write_file("v1/m.lua", "return 3");
  assert_changed();
  wait_for_another_time();
  load_again();
  assert_same();
}

static void test_a_link_that_was_turned_has_changed_until_the_load(void **state) {
  (void)state;
  make_link("v2");
  assert_changed();
  load_again();
  assert_same();
}

static void test_a_link_that_is_turned_right_after_the_load_has_changed(void **state) {
  (void)state;
  load_again();
  make_link("v2");
  assert_false(file_watch_changed(files));
  assert_true(file_watch_changed(files));
  load_again();
  assert_same();
}

static void test_a_file_that_is_written_right_after_the_load_has_changed(void **state) {
  (void)state;
  load_again();
  write_file("v1/m.lua", "return 4");
  assert_false(file_watch_changed(files));
  assert_true(file_watch_changed(files));
}

#define test_of_files(name) cmocka_unit_test_setup_teardown(name, open_files, close_files)

int main(void) {
  const struct CMUnitTest tests[] = {
    test_of_files(test_files_that_stay_have_not_changed),
    test_of_files(test_a_file_that_was_written_has_changed_until_the_load),
    test_of_files(test_a_link_that_was_turned_has_changed_until_the_load),
    test_of_files(test_a_link_that_is_turned_right_after_the_load_has_changed),
    test_of_files(test_a_file_that_is_written_right_after_the_load_has_changed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
