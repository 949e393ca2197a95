// codec/aes: AES-256-CBC without padding.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/aes.h"

// NIST SP 800-38A, F.2.5.
static const uint8_t key[AES_KEY_LEN] = {
  0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe, 0x2b, 0x73, 0xae, 0xf0, 0x85, 0x7d, 0x77, 0x81,
  0x1f, 0x35, 0x2c, 0x07, 0x3b, 0x61, 0x08, 0xd7, 0x2d, 0x98, 0x10, 0xa3, 0x09, 0x14, 0xdf, 0xf4,
};
static const uint8_t iv[AES_IV_LEN] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
static const uint8_t plain[32] = {
  0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a,
  0xae, 0x2d, 0x8a, 0x57, 0x1e, 0x03, 0xac, 0x9c, 0x9e, 0xb7, 0x6f, 0xac, 0x45, 0xaf, 0x8e, 0x51,
};
static const uint8_t sealed[32] = {
  0xf5, 0x8c, 0x4c, 0x04, 0xd6, 0xe5, 0xf1, 0xba, 0x77, 0x9e, 0xab, 0xfb, 0x5f, 0x7b, 0xfb, 0xd6,
  0x9c, 0xfc, 0x4e, 0x96, 0x7e, 0xdb, 0x80, 0x8d, 0x67, 0x9f, 0x77, 0x7b, 0xc6, 0x70, 0x2c, 0x7d,
};

static void check(bool (*way)(Aes *, const uint8_t *, const uint8_t *, void *, size_t), Aes *aes,
                  const uint8_t *with, const uint8_t *from, const uint8_t *in, const uint8_t *out) {
  uint8_t bytes[32];
  memcpy(bytes, in, sizeof bytes);
  assert_true(way(aes, with, from, bytes, sizeof bytes));
  assert_memory_equal(bytes, out, sizeof bytes);
}

static void test_the_vector_of_nist_holds_both_ways_and_twice(void **state) {
  Aes *aes = aes_new();
  for (int i = 0; i < 3; i++) {
    check(aes_cbc_encrypt, aes, key, iv, plain, sealed);
    check(aes_cbc_decrypt, aes, key, iv, sealed, plain);
  }
  aes_free(aes);
}

// The context of the key before is kept.
static void test_a_change_of_keys_is_seen_both_ways(void **state) {
  Aes *aes = aes_new();
  uint8_t other[AES_KEY_LEN], once[32];
  memcpy(other, key, sizeof other);
  other[AES_KEY_LEN - 1] ^= 1;
  memcpy(once, plain, sizeof once);
  assert_true(aes_cbc_encrypt(aes, other, iv, once, sizeof once));
  for (int i = 0; i < 3; i++) {
    check(aes_cbc_encrypt, aes, key, iv, plain, sealed);
    check(aes_cbc_decrypt, aes, other, iv, once, plain);
    check(aes_cbc_encrypt, aes, other, iv, plain, once);
    check(aes_cbc_decrypt, aes, key, iv, sealed, plain);
  }
  aes_free(aes);
}

// The first block alone depends on it.
static void test_a_message_begins_with_its_own_initialization_vector(void **state) {
  Aes *aes = aes_new();
  uint8_t zeros[AES_IV_LEN] = { 0 }, moved[32];
  memcpy(moved, plain, sizeof moved);
  for (size_t i = 0; i < AES_IV_LEN; i++) moved[i] ^= iv[i];
  for (int i = 0; i < 2; i++) {
    check(aes_cbc_encrypt, aes, key, zeros, moved, sealed);
    check(aes_cbc_encrypt, aes, key, iv, plain, sealed);
    check(aes_cbc_decrypt, aes, key, zeros, sealed, moved);
    check(aes_cbc_decrypt, aes, key, iv, sealed, plain);
  }
  aes_free(aes);
}

static void test_random_bytes_are_given_once(void **state) {
  enum { COUNT = 200, LEN = 16 };
  static uint8_t given[COUNT][LEN], many[1000], none[1000];
  Aes *aes = aes_new();
  for (int i = 0; i < COUNT; i++) {
    assert_true(aes_random(aes, given[i], LEN));
    for (int j = 0; j < i; j++) assert_memory_not_equal(given[i], given[j], LEN);
    assert_true(aes_random(aes, many, 5));
  }
  assert_true(aes_random(aes, many, sizeof many));
  assert_memory_not_equal(many, none, sizeof many);
  aes_free(aes);
}

static void test_half_a_block_is_refused_and_spoils_nothing(void **state) {
  Aes *aes = aes_new();
  uint8_t bytes[32];
  check(aes_cbc_encrypt, aes, key, iv, plain, sealed);
  memcpy(bytes, sealed, sizeof bytes);
  assert_false(aes_cbc_encrypt(aes, key, iv, bytes, 17));
  assert_false(aes_cbc_decrypt(aes, key, iv, bytes, 31));
  assert_true(aes_cbc_decrypt(aes, key, iv, bytes, 0));
  assert_memory_equal(bytes, sealed, sizeof bytes);
  assert_true(aes_cbc_decrypt(aes, key, iv, bytes, 16));
  assert_memory_equal(bytes, plain, 16);
  assert_memory_equal(bytes + 16, sealed + 16, 16);
  check(aes_cbc_encrypt, aes, key, iv, plain, sealed);
  aes_free(aes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_the_vector_of_nist_holds_both_ways_and_twice),
    cmocka_unit_test(test_a_change_of_keys_is_seen_both_ways),
    cmocka_unit_test(test_a_message_begins_with_its_own_initialization_vector),
    cmocka_unit_test(test_random_bytes_are_given_once),
    cmocka_unit_test(test_half_a_block_is_refused_and_spoils_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
