// base/str: byte slices.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <math.h>
#include <stdio.h>

#include "base/str.h"

static void assert_str(Str got, const char *expected) {
  assert_int_equal(got.len, strlen(expected));
  if (got.len) assert_memory_equal(got.ptr, expected, got.len);
}

static void test_equality_looks_at_every_byte_and_at_the_length(void **state) {
  assert_true(str_eq(STR("a\0b"), STR("a\0b")));
  assert_false(str_eq(STR("a\0b"), STR("a\0c")));
  assert_false(str_eq(STR("a"), STR("ab")));
  assert_true(str_eq(str_make(NULL, 0), STR("")));
}

static void test_a_copy_of_any_length_is_whole_and_touches_nothing_behind_it(void **state) {
  char from[80], to[82];
  for (size_t i = 0; i < sizeof from; i++) from[i] = (char)('0' + i);
  for (size_t len = 0; len <= sizeof from; len++) {
    memset(to, '.', sizeof to);
    assert_ptr_equal(str_put(to, str_make(from, len)), to + len);
    assert_memory_equal(to, from, len);
    assert_int_equal(to[len], '.');
  }
}

static void test_order_is_of_bytes_and_a_prefix_comes_first(void **state) {
  assert_true(str_compare(STR("a"), STR("b")) < 0);
  assert_true(str_compare(STR("\xff"), STR("a")) > 0);
  assert_true(str_compare(STR("a"), STR("a\0")) < 0);
  assert_true(str_compare(STR("ab"), STR("a")) > 0);
  assert_int_equal(str_compare(str_make(NULL, 0), STR("")), 0);
}

static void test_only_ascii_letters_compare_without_case(void **state) {
  assert_true(str_eq_nocase(STR("Content-TYPE"), STR("content-type")));
  assert_false(str_eq_nocase(STR("@"), STR("`")));
  assert_false(str_eq_nocase(STR("É"), STR("é")));
}

static void test_beginnings_and_ends_are_found(void **state) {
  assert_true(str_starts(STR("wechat"), STR("we")));
  assert_false(str_starts(STR("we"), STR("wechat")));
  assert_true(str_ends(STR("bot.lua"), STR(".lua")));
  assert_false(str_ends(STR("lua"), STR(".lua")));
  assert_true(str_starts(str_make(NULL, 0), STR("")));
  assert_true(str_ends(str_make(NULL, 0), STR("")));
}

enum { PLACES = 256, STRINGS = 256 * 64 };

// How many of many strings that differ in a number meet in the fullest of a few places.
static int fullest(uint64_t seed, int shift) {
  int places[PLACES] = { 0 }, most = 0;
  for (int i = 0; i < STRINGS; i++) {
    char text[40];
    int len = snprintf(text, sizeof text, "oDemoUser%07d:", i);
    uint64_t hash = str_hash(str_make(text, (size_t)len), seed);
    int in_place = ++places[hash >> shift & (PLACES - 1)];
    if (in_place > most) most = in_place;
  }
  return most;
}

static void test_hashes_of_strings_alike_lie_far_apart(void **state) {
  for (int shift = 0; shift <= 56; shift += 8)
    assert_in_range(fullest(7, shift), STRINGS / PLACES, 110);
  assert_true(str_hash(STR("a"), 1) != str_hash(STR("a"), 2));
  assert_true(str_hash(STR("a"), 1) != str_hash(STR("a\0"), 1));
  assert_true(str_hash(STR("12345678a"), 1) != str_hash(STR("12345678b"), 1));
  assert_true(str_hash(STR("a"), 1) == str_hash(STR("a"), 1));
}

static void test_find_gives_the_first_place_or_minus_one(void **state) {
  assert_int_equal(str_find(STR("a,b,c"), STR(",")), 1);
  assert_int_equal(str_find(STR("abc"), STR("")), 0);
  assert_int_equal(str_find(STR("abc"), STR("abcd")), -1);
  assert_int_equal(str_find(STR("abc"), STR("x")), -1);
}

static void test_a_slice_is_clamped_to_what_is_there(void **state) {
  assert_str(str_sub(STR("hello"), 1, 3), "ell");
  assert_str(str_sub(STR("hello"), 3, SIZE_MAX), "lo");
  assert_str(str_sub(STR("hello"), 9, 1), "");
}

static void test_trim_takes_white_space_off_both_ends(void **state) {
  assert_str(str_trim(STR(" \t a b\r\n")), "a b");
  assert_str(str_trim(STR(" \n ")), "");
  assert_str(str_trim(str_make(NULL, 0)), "");
}

static void test_cut_splits_at_the_first_separator(void **state) {
  Str head, tail;
  assert_true(str_cut(STR("a=b=c"), '=', &head, &tail));
  assert_str(head, "a");
  assert_str(tail, "b=c");
  assert_true(str_cut(STR("a="), '=', &head, &tail));
  assert_str(tail, "");
  assert_false(str_cut(STR("abc"), '=', &head, &tail));
  assert_str(head, "abc");
  assert_str(tail, "");
}

static void test_cut_may_write_over_its_own_argument(void **state) {
  Str rest = STR("a&b"), head;
  assert_true(str_cut(rest, '&', &head, &rest));
  assert_str(head, "a");
  assert_str(rest, "b");
}

static void test_integers_are_read_up_to_both_ends_of_their_range(void **state) {
  int64_t n = 0;
  assert_true(str_to_int64(STR("9223372036854775807"), &n));
  assert_true(n == INT64_MAX);
  assert_true(str_to_int64(STR("-9223372036854775808"), &n));
  assert_true(n == INT64_MIN);
  assert_true(str_to_int64(STR("-0"), &n));
  assert_true(n == 0);
  assert_true(str_to_int64(STR("007"), &n));
  assert_true(n == 7);
}

static void test_what_is_no_integer_is_refused_and_nothing_is_written(void **state) {
  static const char *const bad[] = { "",
                                     "-",
                                     "+1",
                                     " 1",
                                     "1 ",
                                     "1.0",
                                     "0x1",
                                     "9223372036854775808",
                                     "-9223372036854775809",
                                     "99999999999999999999999" };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    int64_t n = 42;
    assert_false(str_to_int64(str_of(bad[i]), &n));
    assert_true(n == 42);
  }
}

static void test_decimal_numbers_are_read(void **state) {
  double d = 0;
  assert_true(str_to_double(STR("23.137466"), &d) && d == 23.137466);
  assert_true(str_to_double(STR("-1e3"), &d) && d == -1000);
  assert_true(str_to_double(STR(".5"), &d) && d == 0.5);
  assert_true(str_to_double(STR("-0.0"), &d) && d == 0 && signbit(d));
}

static void test_what_is_no_finite_decimal_number_is_refused(void **state) {
  static const char *const bad[] = { "",    "-",  ".",  "nan",   "inf", "0x10", "1e",
                                     "1e+", " 1", "1 ", "1e400", "1,5", "1.2.3" };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    double d = 42;
    assert_false(str_to_double(str_of(bad[i]), &d));
    assert_true(d == 42);
  }
}

static void test_the_decimal_point_is_a_point_in_every_locale(void **state) {
  // Debian installs none but C by itself: then this shows nothing, and fails nothing.
  if (!setlocale(LC_NUMERIC, "de_DE.UTF-8")) skip();
  double d = 0;
  bool read = str_to_double(STR("1.5"), &d);
  setlocale(LC_NUMERIC, "C");
  assert_true(read && d == 1.5);
}

static void test_a_prefix_never_cuts_a_character_in_two(void **state) {
  assert_int_equal(str_utf8_prefix(STR("你好"), 6), 6);
  assert_int_equal(str_utf8_prefix(STR("你好"), 5), 3);
  assert_int_equal(str_utf8_prefix(STR("你好"), 3), 3);
  assert_int_equal(str_utf8_prefix(STR("你好"), 2), 0);
  assert_int_equal(str_utf8_prefix(STR("a😀"), 4), 1);
  assert_int_equal(str_utf8_prefix(STR("abc"), 2), 2);
  assert_int_equal(str_utf8_prefix(STR("abc"), 0), 0);
}

static void test_bytes_that_are_no_utf8_are_cut_where_asked(void **state) {
  assert_int_equal(str_utf8_prefix(STR("\x80\x80\x80\x80\x80\x80"), 5), 5);
}

static void assert_char(const char *text, size_t len, bool valid) {
  bool said = !valid;
  assert_int_equal(str_utf8_len(str_of(text), &said), len);
  assert_int_equal(said, valid);
}

static void test_the_length_of_a_character_is_told_from_its_bytes(void **state) {
  assert_char("a", 1, true);
  assert_char("é", 2, true);
  assert_char("你", 3, true);
  assert_char("😀", 4, true);
  assert_char("\xED\x9F\xBF", 3, true);
  assert_char("\xF4\x8F\xBF\xBF", 4, true);
}

static void test_broken_characters_are_as_long_as_what_one_replacement_stands_for(void **state) {
  assert_char("\x80", 1, false);
  assert_char("\xC0\x80", 1, false);
  assert_char("\xC1\xBF", 1, false);
  assert_char("\xE0\x9F\xBF", 1, false);
  assert_char("\xED\xA0\x80", 1, false);
  assert_char("\xF0\x8F\xBF\xBF", 1, false);
  assert_char("\xF4\x90\x80\x80", 1, false);
  assert_char("\xF5", 1, false);
  assert_char("\xE4\xBD", 2, false);
  assert_char("\xE4\xBDx", 2, false);
  assert_char("\xF0\x9F\x98", 3, false);
}

static void test_a_hexadecimal_digit_has_a_value_in_either_case(void **state) {
  assert_int_equal(str_hex_digit('0'), 0);
  assert_int_equal(str_hex_digit('9'), 9);
  assert_int_equal(str_hex_digit('a'), 10);
  assert_int_equal(str_hex_digit('F'), 15);
  static const char others[] = "gG/:@`\x19\xE1 ";
  for (size_t i = 0; i < sizeof others; i++) assert_int_equal(str_hex_digit(others[i]), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_hexadecimal_digit_has_a_value_in_either_case),
    cmocka_unit_test(test_equality_looks_at_every_byte_and_at_the_length),
    cmocka_unit_test(test_a_copy_of_any_length_is_whole_and_touches_nothing_behind_it),
    cmocka_unit_test(test_order_is_of_bytes_and_a_prefix_comes_first),
    cmocka_unit_test(test_only_ascii_letters_compare_without_case),
    cmocka_unit_test(test_beginnings_and_ends_are_found),
    cmocka_unit_test(test_hashes_of_strings_alike_lie_far_apart),
    cmocka_unit_test(test_find_gives_the_first_place_or_minus_one),
    cmocka_unit_test(test_a_slice_is_clamped_to_what_is_there),
    cmocka_unit_test(test_trim_takes_white_space_off_both_ends),
    cmocka_unit_test(test_cut_splits_at_the_first_separator),
    cmocka_unit_test(test_cut_may_write_over_its_own_argument),
    cmocka_unit_test(test_integers_are_read_up_to_both_ends_of_their_range),
    cmocka_unit_test(test_what_is_no_integer_is_refused_and_nothing_is_written),
    cmocka_unit_test(test_decimal_numbers_are_read),
    cmocka_unit_test(test_what_is_no_finite_decimal_number_is_refused),
    cmocka_unit_test(test_the_decimal_point_is_a_point_in_every_locale),
    cmocka_unit_test(test_a_prefix_never_cuts_a_character_in_two),
    cmocka_unit_test(test_bytes_that_are_no_utf8_are_cut_where_asked),
    cmocka_unit_test(test_the_length_of_a_character_is_told_from_its_bytes),
    cmocka_unit_test(test_broken_characters_are_as_long_as_what_one_replacement_stands_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
