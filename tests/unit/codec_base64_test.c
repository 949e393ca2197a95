// codec/base64: RFC 4648.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/base64.h"

static void test_the_vectors_of_rfc_4648_hold_both_ways(void **state) {
  static const char *const vectors[][2] = {
    { "", "" },
    { "f", "Zg==" },
    { "fo", "Zm8=" },
    { "foo", "Zm9v" },
    { "foob", "Zm9vYg==" },
    { "fooba", "Zm9vYmE=" },
    { "foobar", "Zm9vYmFy" },
  };
  for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
    Buf text, back;
    buf_init(&text);
    buf_init(&back);
    base64_encode(&text, str_of(vectors[i][0]));
    assert_string_equal(buf_str(&text).ptr, vectors[i][1]);
    assert_true(base64_decode(&back, buf_str(&text), false));
    assert_string_equal(buf_str(&back).ptr, vectors[i][0]);
    buf_clear(&text);
    buf_clear(&back);
  }
}

static void test_every_byte_at_every_place_comes_back(void **state) {
  Buf bytes, text, back;
  buf_init(&bytes);
  buf_init(&text);
  buf_init(&back);
  for (int i = 0; i < 3 * 256 + 2; i++) buf_addc(&bytes, (char)(i * 7 + i / 256));
  base64_encode(&text, buf_str(&bytes));
  assert_true(base64_decode(&back, buf_str(&text), false));
  assert_true(str_eq(buf_str(&back), buf_str(&bytes)));
  buf_clear(&bytes);
  buf_clear(&text);
  buf_clear(&back);
}

static void test_what_is_not_base64_is_refused_and_the_output_stays(void **state) {
  static const char *const bad[] = { "Z",      "Zg",   "Zg=",  "Zg==Zg==", "====", "Z===",   "=g==",
                                     "Zm9v\n", "Zm9 ", "Zm-_", "Zm9vZ=9v", "Zg=a", "Zm9\xc3" };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    Buf out;
    buf_init(&out);
    buf_add(&out, STR("kept"));
    assert_false(base64_decode(&out, str_of(bad[i]), true));
    assert_string_equal(out.ptr, "kept");
    buf_clear(&out);
  }
}

static void test_unused_bits_may_be_set_only_where_asked(void **state) {
  Buf out;
  buf_init(&out);
  assert_false(base64_decode(&out, STR("Zh=="), false));
  assert_false(base64_decode(&out, STR("Zm9="), false));
  assert_true(base64_decode(&out, STR("Zh=="), true));
  assert_true(base64_decode(&out, STR("Zm9="), true));
  assert_string_equal(out.ptr, "ffo");
  buf_clear(&out);
}

static void test_decoded_bytes_are_appended_and_may_hold_nul(void **state) {
  Buf out;
  buf_init(&out);
  buf_add(&out, STR("a"));
  assert_true(base64_decode(&out, STR("AAEA"), false));
  assert_int_equal(out.len, 4);
  assert_memory_equal(out.ptr, "a\0\1\0", 5);
  buf_clear(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_the_vectors_of_rfc_4648_hold_both_ways),
    cmocka_unit_test(test_every_byte_at_every_place_comes_back),
    cmocka_unit_test(test_what_is_not_base64_is_refused_and_the_output_stays),
    cmocka_unit_test(test_unused_bits_may_be_set_only_where_asked),
    cmocka_unit_test(test_decoded_bytes_are_appended_and_may_hold_nul),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
