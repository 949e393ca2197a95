// cli/open_line: the line above the input that has no end yet.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>

#include "cli/open_line.h"

static Buf line;

static void add(const char *text) { open_line_add(&line, str_of(text)); }

static void assert_line(const char *text) {
  assert_int_equal(line.len, strlen(text));
  assert_memory_equal(line.ptr, text, line.len);
}

static int clear(void **state) {
  buf_reset(&line);
  return 0;
}

static void test_a_line_goes_on_until_its_end(void **state) {
  add("one");
  add(" two");
  assert_line("one two");
  add(" three\nfour");
  assert_line("four");
  add("\n");
  assert_line("");
}

static void test_what_a_carriage_return_writes_over_is_left_out(void **state) {
  add("10%\r20%");
  assert_line("20%");
  add("\r30%\r");
  assert_line("30%\r");
  add("40%\r");
  assert_line("40%\r");
}

static void test_what_cannot_be_written_again_is_no_open_line(void **state) {
  add("\033[31mred\033[0m");
  assert_line("\033[31mred\033[0m");
  add("\033[2J");
  assert_line("");
  add("\a");
  assert_line("");
  char longer[5000];
  memset(longer, 'x', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  add(longer);
  assert_line("");
}

static void assert_rows(const char *text, int columns, int rows) {
  buf_reset(&line);
  add(text);
  assert_int_equal(open_line_rows(&line, columns), rows);
}

static void test_rows_are_counted_as_a_terminal_wraps(void **state) {
  assert_rows("", 10, 0);
  assert_rows("0123456789", 10, 1);
  assert_rows("0123456789a", 10, 2);
  assert_rows("一二三四五", 10, 1);
  assert_rows("0一二三四五", 10, 2);
  assert_rows("\033[1;31m0123456789\033[0m", 10, 1);
  assert_rows("0123456789\r", 10, 1);
  assert_rows("012345678\t", 10, 1);
  assert_rows("\xff\xfe", 10, 1);
}

int main(void) {
  assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
  buf_init(&line);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(test_a_line_goes_on_until_its_end, clear),
    cmocka_unit_test_setup(test_what_a_carriage_return_writes_over_is_left_out, clear),
    cmocka_unit_test_setup(test_what_cannot_be_written_again_is_no_open_line, clear),
    cmocka_unit_test_setup(test_rows_are_counted_as_a_terminal_wraps, clear),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  buf_clear(&line);
  return failed;
}
