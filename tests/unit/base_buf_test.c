// base/buf: a growing byte buffer.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"

static void test_an_empty_buffer_reads_as_an_empty_string(void **state) {
  Buf buf;
  buf_init(&buf);
  assert_string_equal(buf_str(&buf).ptr, "");
  assert_int_equal(buf_str(&buf).len, 0);
  buf_add(&buf, str_make(NULL, 0));
  assert_null(buf.ptr);
  buf_clear(&buf);
}

static void test_what_is_appended_stands_there_and_ends_in_nul(void **state) {
  Buf buf;
  buf_init(&buf);
  buf_add(&buf, STR("ab"));
  buf_addc(&buf, '-');
  buf_add_int(&buf, INT64_MIN);
  buf_add_int(&buf, 0);
  buf_printf(&buf, "[%s]", "x");
  assert_string_equal(buf.ptr, "ab--92233720368547758080[x]");
  assert_int_equal(buf.len, strlen(buf.ptr));
  buf_clear(&buf);
}

static void test_growth_keeps_every_byte(void **state) {
  Buf buf;
  buf_init(&buf);
  for (int i = 0; i < 20000; i++) buf_addc(&buf, (char)('a' + i % 26));
  assert_int_equal(buf.len, 20000);
  for (int i = 0; i < 20000; i++) assert_int_equal(buf.ptr[i], 'a' + i % 26);
  buf_clear(&buf);
}

static void test_formatted_text_longer_than_the_room_is_written_whole(void **state) {
  Buf buf;
  buf_init(&buf);
  buf_add(&buf, STR("head "));
  buf_printf(&buf, "%0500d", 7);
  assert_int_equal(buf.len, 505);
  assert_int_equal(buf.ptr[504], '7');
  assert_int_equal(buf.ptr[505], '\0');
  buf_clear(&buf);
}

static void test_after_a_failed_growth_the_buffer_stays_as_it_was(void **state) {
  Buf buf;
  buf_init(&buf);
  buf_add(&buf, STR("kept"));
  assert_false(buf_reserve(&buf, SIZE_MAX - 2));
  assert_true(buf.failed);
  buf_add(&buf, STR("lost"));
  buf_addc(&buf, '!');
  buf_add_int(&buf, 1);
  buf_printf(&buf, "%d", 2);
  assert_string_equal(buf.ptr, "kept");
  buf_reset(&buf);
  buf_add(&buf, STR("again"));
  assert_false(buf.failed);
  assert_string_equal(buf.ptr, "again");
  buf_clear(&buf);
}

static void test_a_reset_keeps_the_memory(void **state) {
  Buf buf;
  buf_init(&buf);
  buf_add(&buf, STR("something"));
  const char *ptr = buf.ptr;
  buf_reset(&buf);
  assert_string_equal(buf_str(&buf).ptr, "");
  buf_add(&buf, STR("else"));
  assert_ptr_equal(buf.ptr, ptr);
  buf_clear(&buf);
  assert_null(buf.ptr);
}

static void test_reserved_room_is_not_asked_for_again(void **state) {
  Buf buf;
  buf_init(&buf);
  assert_true(buf_reserve(&buf, 1000));
  const char *ptr = buf.ptr;
  for (int i = 0; i < 1000; i++) buf_addc(&buf, 'x');
  assert_ptr_equal(buf.ptr, ptr);
  buf_clear(&buf);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_an_empty_buffer_reads_as_an_empty_string),
    cmocka_unit_test(test_what_is_appended_stands_there_and_ends_in_nul),
    cmocka_unit_test(test_growth_keeps_every_byte),
    cmocka_unit_test(test_formatted_text_longer_than_the_room_is_written_whole),
    cmocka_unit_test(test_after_a_failed_growth_the_buffer_stays_as_it_was),
    cmocka_unit_test(test_a_reset_keeps_the_memory),
    cmocka_unit_test(test_reserved_room_is_not_asked_for_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
