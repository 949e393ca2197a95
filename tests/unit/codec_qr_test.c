// The picture of a QR code is a PNG that says what it says it is. That it scans is seen end to end.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "codec/qr.h"

static Buf out;
static Err err;

static int tear_down(void **state) {
  buf_clear(&out);
  return 0;
}

static uint32_t number_at(size_t at) {
  const unsigned char *p = (const unsigned char *)out.ptr + at;
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void test_a_short_text_gives_the_smallest_code_with_its_quiet_zone(void **state) {
  assert_true(qr_png(STR("hi"), 8, &out, &err));
  assert_memory_equal(out.ptr, "\x89PNG\r\n\x1a\n", 8);
  assert_memory_equal(out.ptr + 12, "IHDR", 4);
  assert_int_equal(number_at(16), (21 + 2 * 4) * 8);
  assert_int_equal(number_at(20), number_at(16));
  assert_memory_equal(out.ptr + out.len - 8, "IEND", 4);
}

// Lengths of chunks lead from one to the next, up to the end.
static void test_the_chunks_fill_the_file(void **state) {
  assert_true(
      qr_png(STR("https://example.com/a/long/enough/address?with=parameters"), 3, &out, &err));
  size_t at = 8, chunks = 0;
  for (; at < out.len; chunks++) at += number_at(at) + 12;
  assert_int_equal(at, out.len);
  assert_int_equal(chunks, 3);
}

static void test_a_picture_of_more_than_one_block_is_whole(void **state) {
  assert_true(qr_png(STR("a picture with more than 65,535 bytes of pixels"), 32, &out, &err));
  assert_true(out.len > 65536);
  assert_memory_equal(out.ptr + out.len - 8, "IEND", 4);
}

static void test_what_does_not_fit_is_refused(void **state) {
  char *text = malloc(5000);
  memset(text, 'x', 5000);
  assert_false(qr_png(str_make(text, 5000), 8, &out, &err));
  assert_int_equal(err.code, ERR_TOO_LARGE);
  assert_false(qr_png(STR(""), 8, &out, &err));
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(test_a_short_text_gives_the_smallest_code_with_its_quiet_zone,
                              tear_down),
    cmocka_unit_test_teardown(test_the_chunks_fill_the_file, tear_down),
    cmocka_unit_test_teardown(test_a_picture_of_more_than_one_block_is_whole, tear_down),
    cmocka_unit_test_teardown(test_what_does_not_fit_is_refused, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
