// What the operator wrote about the account is taken, or refused with the name of what is wrong.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wechat/account.h"

#define KEY "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
#define OTHER_KEY "ZYXWVUTSRQPONMLKJIHGFEDCBA9876543210abcdefg"

static Account account;
static Err err;

static bool given(AccountSettings settings) {
  err = (Err){ 0 };
  return account_init(&account, &settings, &err);
}

static void assert_refused(AccountSettings settings, const char *words) {
  assert_false(given(settings));
  assert_int_equal(err.code, ERR_USAGE);
  if (!strstr(err.text, words)) fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

static void test_a_token_alone_makes_a_normal_account(void **state) {
  assert_true(given((AccountSettings){ .token = STR("t") }));
  assert_int_equal(account.mode, MODE_NORMAL);
  assert_int_equal(account.credential_count, 1);
  assert_false(account.credentials[0].has_key);
}

static void test_a_key_makes_the_mode_safe(void **state) {
  assert_true(given(
      (AccountSettings){ .token = STR("t"), .appid = STR("wx1"), .encoding_aes_key = STR(KEY) }));
  assert_int_equal(account.mode, MODE_SAFE);
  assert_true(account.credentials[0].has_key);
}

static void test_a_key_may_stand_beside_the_normal_mode(void **state) {
  assert_true(given((AccountSettings){
      .token = STR("t"), .encoding_aes_key = STR(KEY), .encrypt_mode = STR("normal") }));
  assert_int_equal(account.mode, MODE_NORMAL);
}

static void test_the_bits_that_a_key_has_over_may_be_set(void **state) {
  uint8_t key[AES_KEY_LEN];
  assert_true(given(
      (AccountSettings){ .appid = STR("wx1"),
                         .encoding_aes_key = STR("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFE") }));
  memcpy(key, account.credentials[0].key, AES_KEY_LEN);
  assert_true(given((AccountSettings){ .appid = STR("wx1"), .encoding_aes_key = STR(KEY) }));
  assert_memory_equal(key, account.credentials[0].key, AES_KEY_LEN);
}

static void test_a_key_is_decoded_to_its_32_bytes(void **state) {
  static const uint8_t start[] = { 0x69, 0xB7, 0x1D, 0x79, 0xF8, 0x21 };  // base64 of "abcdefgh"
  assert_true(given((AccountSettings){ .appid = STR("wx1"), .encoding_aes_key = STR(KEY) }));
  assert_memory_equal(account.credentials[0].key, start, sizeof start);
}

static void test_a_key_of_another_length_is_refused(void **state) {
  assert_refused((AccountSettings){ .appid = STR("wx1"), .encoding_aes_key = STR("short") },
                 "encoding_aes_key has 5 characters");
  assert_refused((AccountSettings){ .appid = STR("wx1"), .encoding_aes_key = STR(KEY "=") },
                 "encoding_aes_key has 44 characters");
  assert_refused((AccountSettings){ .appid = STR("wx1"),
                                    .encoding_aes_key = STR(KEY),
                                    .previous_encoding_aes_key = STR("x") },
                 "previous_encoding_aes_key has 1 characters");
}

static void test_a_key_with_a_foreign_character_is_refused(void **state) {
  assert_refused(
      (AccountSettings){ .appid = STR("wx1"),
                         .encoding_aes_key = STR("abcdefghijklmnopqrstuvwxyz0123456789ABC-EFG") },
      "encoding_aes_key holds a character");
  assert_refused(
      (AccountSettings){ .appid = STR("wx1"),
                         .encoding_aes_key = STR("abcdefghijklmnopqrstuvwxyz0123456789ABCDEF=") },
      "encoding_aes_key holds a character");
}

static void test_no_error_shows_the_key(void **state) {
  assert_refused((AccountSettings){ .appid = STR("wx1"), .encoding_aes_key = STR("SECRETSECRET") },
                 "encoding_aes_key");
  assert_null(strstr(err.text, "SECRET"));
}

static void test_a_mode_without_its_partner_is_refused(void **state) {
  assert_refused((AccountSettings){ .appid = STR("wx1"), .encrypt_mode = STR("safe") },
                 "needs encoding_aes_key");
  assert_refused((AccountSettings){ .appid = STR("wx1"), .encrypt_mode = STR("compatible") },
                 "compatible needs encoding_aes_key");
  assert_refused((AccountSettings){ .encoding_aes_key = STR(KEY) }, "needs appid");
  assert_refused((AccountSettings){ .previous_token = STR("t") }, "without token");
  assert_refused((AccountSettings){ .previous_encoding_aes_key = STR(KEY) },
                 "without encoding_aes_key");
}

static void test_an_unknown_mode_is_refused_by_name(void **state) {
  assert_refused((AccountSettings){ .encrypt_mode = STR("Safe") }, "\"Safe\"");
}

static void assert_pair(size_t i, const char *token, uint8_t first_byte) {
  assert_true(str_eq(account.credentials[i].token, str_of(token)));
  assert_true(account.credentials[i].has_key);
  assert_int_equal(account.credentials[i].key[0], first_byte);
}

static void test_while_keys_change_every_pair_of_token_and_key_is_accepted(void **state) {
  assert_true(given((AccountSettings){ .token = STR("new"),
                                       .previous_token = STR("old"),
                                       .appid = STR("wx1"),
                                       .encoding_aes_key = STR(KEY),
                                       .previous_encoding_aes_key = STR(OTHER_KEY) }));
  assert_int_equal(account.credential_count, 4);
  assert_pair(0, "new", 0x69);
  assert_pair(1, "new", 0x65);
  assert_pair(2, "old", 0x69);
  assert_pair(3, "old", 0x65);
}

static void test_a_previous_value_like_the_present_one_adds_nothing(void **state) {
  assert_true(given((AccountSettings){ .token = STR("t"),
                                       .previous_token = STR("t"),
                                       .appid = STR("wx1"),
                                       .encoding_aes_key = STR(KEY),
                                       .previous_encoding_aes_key = STR(KEY) }));
  assert_int_equal(account.credential_count, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_token_alone_makes_a_normal_account),
    cmocka_unit_test(test_a_key_makes_the_mode_safe),
    cmocka_unit_test(test_a_key_may_stand_beside_the_normal_mode),
    cmocka_unit_test(test_the_bits_that_a_key_has_over_may_be_set),
    cmocka_unit_test(test_a_key_is_decoded_to_its_32_bytes),
    cmocka_unit_test(test_a_key_of_another_length_is_refused),
    cmocka_unit_test(test_a_key_with_a_foreign_character_is_refused),
    cmocka_unit_test(test_no_error_shows_the_key),
    cmocka_unit_test(test_a_mode_without_its_partner_is_refused),
    cmocka_unit_test(test_an_unknown_mode_is_refused_by_name),
    cmocka_unit_test(test_while_keys_change_every_pair_of_token_and_key_is_accepted),
    cmocka_unit_test(test_a_previous_value_like_the_present_one_adds_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
