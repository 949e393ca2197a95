// cli/file: whole files, or a reason.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/wemoon-file-XXXXXX";
static Buf out;
static Err err;

static int begin(void **state) {
  int fd = mkstemp(path);
  if (fd < 0 || write(fd, "one\0two", 7) != 7) return -1;
  buf_init(&out);
  return close(fd);
}

static int end(void **state) {
  buf_clear(&out);
  return unlink(path);
}

static void test_all_bytes_are_appended(void **state) {
  buf_reset(&out);
  buf_addc(&out, '>');
  assert_true(file_read(path, 7, &out, &err));
  assert_true(str_eq(buf_str(&out), str_make(">one\0two", 8)));
}

static void test_more_than_allowed_is_refused(void **state) {
  assert_false(file_read(path, 6, &out, &err));
  assert_int_equal(err.code, ERR_TOO_LARGE);
  assert_non_null(strstr(err.text, path));
}

static void test_a_missing_file_is_the_callers_fault_and_named(void **state) {
  assert_false(file_read("/nowhere/bot.lua", 10, &out, &err));
  assert_int_equal(err.code, ERR_USAGE);
  assert_non_null(strstr(err.text, "/nowhere/bot.lua"));
}

static void test_a_folder_is_no_file(void **state) {
  assert_false(file_read("/tmp", 10, &out, &err));
  assert_non_null(strstr(err.text, "/tmp"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_all_bytes_are_appended),
    cmocka_unit_test(test_more_than_allowed_is_refused),
    cmocka_unit_test(test_a_missing_file_is_the_callers_fault_and_named),
    cmocka_unit_test(test_a_folder_is_no_file),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
