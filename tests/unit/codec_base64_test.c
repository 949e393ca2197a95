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

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The bit of the bytes, which end in zeros.
static int bit_of(Str bytes, size_t bit) {
  return bit / 8 < bytes.len ? bytes.ptr[bit / 8] >> (7 - bit % 8) & 1 : 0;
}

static char letter_of(Str bytes, size_t place) {
  int value = 0;
  if (place * 6 >= bytes.len * 8) return '=';
  for (size_t bit = place * 6; bit < place * 6 + 6; bit++) value = value << 1 | bit_of(bytes, bit);
  return alphabet[value];
}

static void test_texts_of_every_length_are_the_standard_s_bit_by_bit(void **state) {
  char bytes[100];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)(i * 151 + i / 3);
  for (size_t len = 0; len <= sizeof bytes; len++) {
    Buf text, back;
    buf_init(&text);
    buf_init(&back);
    base64_encode(&text, str_make(bytes, len));
    assert_int_equal(text.len, (len + 2) / 3 * 4);
    for (size_t i = 0; i < text.len; i++)
      assert_int_equal(text.ptr[i], letter_of(str_make(bytes, len), i));
    assert_true(base64_decode(&back, buf_str(&text), false));
    assert_true(str_eq(buf_str(&back), str_make(bytes, len)));
    buf_clear(&text);
    buf_clear(&back);
  }
}

// With one letter that counts among 'A's, whose value is 0.
static void test_every_letter_counts_at_every_place_and_no_other_byte_does(void **state) {
  char text[52];
  Buf back;
  buf_init(&back);
  for (size_t place = 0; place < sizeof text; place++) {
    for (int byte = 0; byte < 256; byte++) {
      const char *letter = byte ? strchr(alphabet, byte) : NULL;
      memset(text, 'A', sizeof text);
      text[place] = (char)byte;
      buf_reset(&back);
      if (byte == '=' && place == sizeof text - 1) continue;
      assert_int_equal(base64_decode(&back, str_make(text, sizeof text), false), letter != NULL);
      for (size_t i = 0; letter && i < sizeof text; i++)
        assert_int_equal(letter_of(buf_str(&back), i), i == place ? *letter : 'A');
    }
  }
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
    cmocka_unit_test(test_texts_of_every_length_are_the_standard_s_bit_by_bit),
    cmocka_unit_test(test_every_letter_counts_at_every_place_and_no_other_byte_does),
    cmocka_unit_test(test_what_is_not_base64_is_refused_and_the_output_stays),
    cmocka_unit_test(test_unused_bits_may_be_set_only_where_asked),
    cmocka_unit_test(test_decoded_bytes_are_appended_and_may_hold_nul),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
