// Signatures are those that the platform makes; nothing else passes for one. The expected digests are
// sha1sum's.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wechat/signature.h"

static Digest *digest;
static char hex[SHA1_HEX_LEN + 1];

#define TOKEN STR("token")
#define TIMESTAMP STR("1700000000")
#define NONCE STR("abc")
#define SIGNATURE STR("647ad420367c9ffeb10a630ca41d90f9dfefb190")
#define SEALED_SIGNATURE STR("cb0d2a29444ae0c43302aa12dab0c657d9198b1b")

static int set_up(void **state) {
  digest = digest_new();
  return digest ? 0 : -1;
}

static int tear_down(void **state) {
  digest_free(digest);
  return 0;
}

static void test_a_signature_is_of_the_sorted_strings(void **state) {
  assert_true(signature_make(digest, TOKEN, TIMESTAMP, NONCE, NULL, hex));
  assert_string_equal(hex, SIGNATURE.ptr);
  assert_true(signature_make(digest, NONCE, TOKEN, TIMESTAMP, NULL, hex));
  assert_string_equal(hex, SIGNATURE.ptr);
}

static void test_what_was_sealed_is_signed_with_the_rest(void **state) {
  Str sealed = STR("U0VBTEVE");
  assert_true(signature_make(digest, TOKEN, TIMESTAMP, NONCE, &sealed, hex));
  assert_string_equal(hex, SEALED_SIGNATURE.ptr);
  assert_true(signature_check(digest, SEALED_SIGNATURE, TOKEN, TIMESTAMP, NONCE, &sealed));
  assert_false(signature_check(digest, SEALED_SIGNATURE, TOKEN, TIMESTAMP, NONCE, NULL));
}

static void test_strings_are_sorted_by_bytes_and_a_prefix_comes_first(void **state) {
  assert_true(signature_make(digest, STR("ab"), STR("\xE4\xBD\xA0"), STR("a"), NULL, hex));
  assert_string_equal(hex, "8ce3192f6d854873c4ab10e3e9d3620945161528");
}

static void test_the_right_signature_is_accepted(void **state) {
  assert_true(signature_check(digest, SIGNATURE, TOKEN, TIMESTAMP, NONCE, NULL));
}

static void test_a_signature_of_wrong_length_is_refused(void **state) {
  assert_false(signature_check(digest, STR(""), TOKEN, TIMESTAMP, NONCE, NULL));
  assert_false(signature_check(digest, str_sub(SIGNATURE, 0, 39), TOKEN, TIMESTAMP, NONCE, NULL));
  assert_false(signature_check(digest, STR("647ad420367c9ffeb10a630ca41d90f9dfefb1900"), TOKEN,
                               TIMESTAMP, NONCE, NULL));
}

static void test_a_signature_in_capitals_is_refused(void **state) {
  assert_false(signature_check(digest, STR("647AD420367C9FFEB10A630CA41D90F9DFEFB190"), TOKEN,
                               TIMESTAMP, NONCE, NULL));
}

static void test_a_signature_that_differs_in_any_letter_is_refused(void **state) {
  for (size_t i = 0; i < SHA1_HEX_LEN; i++) {
    memcpy(hex, SIGNATURE.ptr, sizeof hex);
    hex[i] = hex[i] == '0' ? '1' : '0';
    assert_false(signature_check(digest, str_of(hex), TOKEN, TIMESTAMP, NONCE, NULL));
  }
}

static void test_nobody_can_sign_for_an_account_without_a_token(void **state) {
  assert_true(signature_make(digest, STR(""), TIMESTAMP, NONCE, NULL, hex));
  assert_false(signature_check(digest, str_of(hex), STR(""), TIMESTAMP, NONCE, NULL));
}

static void test_a_page_is_signed_without_its_fragment(void **state) {
  assert_true(signature_jsapi(digest, STR("ticket"), STR("noise"), TIMESTAMP,
                              STR("http://example.com/a?b=c"), hex));
  assert_string_equal(hex, "d26d2bccd1c4a92969964fd31cdf3a58e9321036");
  assert_true(signature_jsapi(digest, STR("ticket"), STR("noise"), TIMESTAMP,
                              STR("http://example.com/a?b=c#d#e"), hex));
  assert_string_equal(hex, "d26d2bccd1c4a92969964fd31cdf3a58e9321036");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_signature_is_of_the_sorted_strings),
    cmocka_unit_test(test_what_was_sealed_is_signed_with_the_rest),
    cmocka_unit_test(test_strings_are_sorted_by_bytes_and_a_prefix_comes_first),
    cmocka_unit_test(test_the_right_signature_is_accepted),
    cmocka_unit_test(test_a_signature_of_wrong_length_is_refused),
    cmocka_unit_test(test_a_signature_in_capitals_is_refused),
    cmocka_unit_test(test_a_signature_that_differs_in_any_letter_is_refused),
    cmocka_unit_test(test_nobody_can_sign_for_an_account_without_a_token),
    cmocka_unit_test(test_a_page_is_signed_without_its_fragment),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
