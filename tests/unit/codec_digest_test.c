// codec/digest: known answers, and the edges of the arguments.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/digest.h"

static void test_sha1_of_parts_is_sha1_of_what_they_make_together(void **state) {
  Digest *digest = digest_new();
  char hex[SHA1_HEX_LEN + 1];
  Str whole[] = { STR("abc") }, parts[] = { STR("a"), STR(""), STR("bc"), { NULL, 0 } };
  assert_true(digest_sha1(digest, whole, 1, hex));
  assert_string_equal(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
  assert_true(digest_sha1(digest, parts, 4, hex));
  assert_string_equal(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
  assert_true(digest_sha1(digest, NULL, 0, hex));
  assert_string_equal(hex, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  digest_free(digest);
}

static void test_md5_is_that_of_rfc_1321(void **state) {
  Digest *digest = digest_new();
  char hex[MD5_HEX_LEN + 1];
  assert_true(digest_md5(digest, STR("message digest"), hex));
  assert_string_equal(hex, "f96b697d7cb7938d525a2f31aaf161d0");
  digest_free(digest);
}

static void test_hmac_sha256_is_that_of_rfc_4231(void **state) {
  Digest *digest = digest_new();
  char hex[SHA256_HEX_LEN + 1];
  assert_true(digest_hmac_sha256(digest, STR("Jefe"), STR("what do ya want for nothing?"), hex));
  assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  char key[131];
  memset(key, 0xAA, sizeof key);
  assert_true(digest_hmac_sha256(digest, str_make(key, sizeof key),
                                 STR("Test Using Larger Than Block-Size Key - Hash Key First"),
                                 hex));
  assert_string_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  assert_true(digest_hmac_sha256(digest, STR(""), STR(""), hex));
  assert_string_equal(hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  digest_free(digest);
}

static void test_equality_in_constant_time_is_still_equality(void **state) {
  assert_true(digest_equal(STR("abc"), STR("abc")));
  assert_false(digest_equal(STR("abc"), STR("abd")));
  assert_false(digest_equal(STR("abc"), STR("ab")));
  assert_true(digest_equal(STR(""), str_make(NULL, 0)));
  for (size_t len = 1; len < 42; len++) {
    char a[41], b[41];
    for (size_t i = 0; i < len; i++) a[i] = b[i] = (char)(i * 37);
    assert_true(digest_equal(str_make(a, len), str_make(b, len)));
    for (size_t at = 0; at < len; at++) {
      b[at] ^= (char)(1 << at % 8);
      assert_false(digest_equal(str_make(a, len), str_make(b, len)));
      b[at] = a[at];
    }
  }
}

static void test_random_bytes_differ_from_call_to_call(void **state) {
  unsigned char a[32] = { 0 }, b[32] = { 0 };
  assert_true(digest_random(a, sizeof a));
  assert_true(digest_random(b, sizeof b));
  assert_memory_not_equal(a, b, sizeof a);
  assert_true(digest_random(a, 0));
}

static void test_freeing_nothing_is_allowed(void **state) { digest_free(NULL); }

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_sha1_of_parts_is_sha1_of_what_they_make_together),
    cmocka_unit_test(test_md5_is_that_of_rfc_1321),
    cmocka_unit_test(test_hmac_sha256_is_that_of_rfc_4231),
    cmocka_unit_test(test_equality_in_constant_time_is_still_equality),
    cmocka_unit_test(test_random_bytes_differ_from_call_to_call),
    cmocka_unit_test(test_freeing_nothing_is_allowed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
