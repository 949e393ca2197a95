// The digests are those of SipHash-2-4's authors, or HMAC-SHA256 without it, and each handle has a key of its own.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/keyed_digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

static bool lacks_siphash;

EVP_MAC *__real_EVP_MAC_fetch(OSSL_LIB_CTX *library, const char *name, const char *properties);
EVP_MAC *__wrap_EVP_MAC_fetch(OSSL_LIB_CTX *library, const char *name, const char *properties);

EVP_MAC *__wrap_EVP_MAC_fetch(OSSL_LIB_CTX *library, const char *name, const char *properties) {
  if (lacks_siphash && strcmp(name, "SIPHASH") == 0) return NULL;
  return __real_EVP_MAC_fetch(library, name, properties);
}

static void test_the_digests_are_those_of_the_reference(void **state) {
  // vectors_sip128 of the reference: the key is 00 to 0f, the text 00, 01, 02 ... of that length.
  static const unsigned char of_none[] = { 0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
                                           0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93 };
  static const unsigned char of_one[] = { 0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44,
                                          0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45 };
  unsigned char key[KEYED_DIGEST_LEN], digest[KEYED_DIGEST_LEN];
  for (int i = 0; i < KEYED_DIGEST_LEN; i++) key[i] = (unsigned char)i;
  KeyedDigest *keyed = keyed_digest_new(key);
  assert_non_null(keyed);
  assert_true(keyed_digest_make(keyed, str_make("", 0), digest));
  assert_memory_equal(digest, of_none, sizeof of_none);
  for (int i = 0; i < 2; i++) {  // a text does not depend on the one before
    assert_true(keyed_digest_make(keyed, str_make("\0", 1), digest));
    assert_memory_equal(digest, of_one, sizeof of_one);
  }
  keyed_digest_free(keyed);
}

static void test_where_siphash_is_missing_it_is_hmac_sha256(void **state) {
  static const unsigned char key[KEYED_DIGEST_LEN] = "0123456789abcdef";
  unsigned char digest[KEYED_DIGEST_LEN], wanted[32];
  lacks_siphash = true;
  KeyedDigest *keyed = keyed_digest_new(key);
  lacks_siphash = false;
  assert_non_null(keyed);
  HMAC(EVP_sha256(), key, sizeof key, (const unsigned char *)"text", 4, wanted, NULL);
  for (int i = 0; i < 2; i++) {
    assert_true(keyed_digest_make(keyed, STR("text"), digest));
    assert_memory_equal(digest, wanted, sizeof digest);
  }
  assert_true(keyed_digest_make(keyed, STR(""), digest));
  assert_memory_not_equal(digest, wanted, sizeof digest);
  keyed_digest_free(keyed);
}

static void test_without_a_key_each_has_one_of_its_own(void **state) {
  unsigned char a[KEYED_DIGEST_LEN], b[KEYED_DIGEST_LEN], again[KEYED_DIGEST_LEN];
  KeyedDigest *one = keyed_digest_new(NULL), *other = keyed_digest_new(NULL);
  assert_true(keyed_digest_make(one, STR("text"), a));
  assert_true(keyed_digest_make(one, STR("text"), again));
  assert_true(keyed_digest_make(other, STR("text"), b));
  assert_memory_equal(a, again, sizeof a);
  assert_memory_not_equal(a, b, sizeof a);
  keyed_digest_free(one);
  keyed_digest_free(other);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_the_digests_are_those_of_the_reference),
    cmocka_unit_test(test_where_siphash_is_missing_it_is_hmac_sha256),
    cmocka_unit_test(test_without_a_key_each_has_one_of_its_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
