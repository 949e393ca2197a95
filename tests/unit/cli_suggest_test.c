// cli/suggest: suggests the intended name, or none.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/suggest.h"

static const char *nearest(const char *word) {
  static const char *const names[] = { "token",  "threads", "encrypt_mode", "encoding_aes_key",
                                       "listen", "store" };
  Suggestion found = suggest_for(str_of(word));
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) suggest_try(&found, names[i]);
  return found.name;
}

static void test_a_letter_too_many_too_few_another_or_swapped(void **state) {
  assert_string_equal(nearest("tokenn"), "token");
  assert_string_equal(nearest("tken"), "token");
  assert_string_equal(nearest("toker"), "token");
  assert_string_equal(nearest("tokne"), "token");
}

static void test_case_and_dashes_make_no_difference(void **state) {
  assert_string_equal(nearest("Encrypt-Mode"), "encrypt_mode");
  assert_string_equal(nearest("ENCODING_AES_KEY"), "encoding_aes_key");
  assert_string_equal(nearest("encryptmod"), "encrypt_mode");
}

static void test_the_nearest_of_several_wins(void **state) {
  assert_string_equal(nearest("stor"), "store");
}

static void test_what_is_like_none_is_none(void **state) {
  assert_null(nearest("watch"));
  assert_null(nearest("x"));
  assert_null(nearest(""));
}

static void test_what_other_tools_call_it_finds_its_name(void **state) {
  assert_string_equal(nearest("port"), "listen");
  assert_string_equal(nearest("HOST"), "listen");
  assert_string_equal(nearest("redis_url"), "store");
  assert_null(nearest("workers"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_letter_too_many_too_few_another_or_swapped),
    cmocka_unit_test(test_case_and_dashes_make_no_difference),
    cmocka_unit_test(test_the_nearest_of_several_wins),
    cmocka_unit_test(test_what_is_like_none_is_none),
    cmocka_unit_test(test_what_other_tools_call_it_finds_its_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
