// codec/json: what JSON is, what it is not, and what the platform makes of it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "codec/json.h"

static JsonDoc *parse(Str text) {
  Err err = { 0 };
  JsonDoc *doc = json_parse(text, &err);
  if (!doc) fail_msg("%.*s: %s", STR_FMT(text), err.text);
  return doc;
}

static void assert_int(const char *text, int64_t expected) {
  JsonDoc *doc = parse(str_of(text));
  assert_int_equal(json_kind(json_root(doc)), JSON_INT);
  assert_true(json_int(json_root(doc)) == expected);
  assert_true(json_real(json_root(doc)) == (double)expected);
  json_free(doc);
}

static void assert_real(const char *text, double expected) {
  JsonDoc *doc = parse(str_of(text));
  assert_int_equal(json_kind(json_root(doc)), JSON_REAL);
  double real = json_real(json_root(doc));
  assert_true(real == expected && signbit(real) == signbit(expected));
  json_free(doc);
}

static void assert_string(Str text, Str expected) {
  JsonDoc *doc = parse(text);
  assert_int_equal(json_kind(json_root(doc)), JSON_STRING);
  Str got = json_string(json_root(doc));
  if (!str_eq(got, expected)) fail_msg("%.*s gave \"%.*s\"", STR_FMT(text), STR_FMT(got));
  json_free(doc);
}

static void assert_refused(Str text, const char *reason) {
  Err err = { 0 };
  JsonDoc *doc = json_parse(text, &err);
  if (doc) fail_msg("taken: %.*s", STR_FMT(text));
  assert_int_equal(err.code, ERR_INVALID);
  if (!strstr(err.text, reason)) fail_msg("%.*s was refused with \"%s\"", STR_FMT(text), err.text);
}

// ---- values -------------------------------------------------------------------------------------

static void test_every_kind_of_value_is_told_apart(void **state) {
  JsonDoc *doc =
      parse(STR(" {\"null\":null,\"yes\":true,\"no\":false,\"int\":-7,\"real\":2.5,\"text\":\"x\","
                "\"list\":[1,2],\"object\":{}} "));
  const Json *root = json_root(doc);
  static const JsonKind kinds[] = { JSON_NULL, JSON_BOOL,   JSON_BOOL,  JSON_INT,
                                    JSON_REAL, JSON_STRING, JSON_ARRAY, JSON_OBJECT };
  assert_int_equal(json_kind(root), JSON_OBJECT);
  assert_int_equal(json_count(root), 8);
  size_t i = 0;
  for (const Json *member = json_first(root); member; member = json_next(member))
    assert_int_equal(json_kind(member), kinds[i++]);
  assert_int_equal(i, 8);
  assert_true(json_bool(json_get(root, STR("yes"))));
  assert_false(json_bool(json_get(root, STR("no"))));
  assert_true(json_int(json_get(root, STR("int"))) == -7);
  assert_int_equal(json_count(json_get(root, STR("list"))), 2);
  assert_null(json_first(json_get(root, STR("object"))));
  assert_true(str_eq(json_key(json_first(root)), STR("null")));
  json_free(doc);
}

static void test_members_are_found_by_exact_name_and_the_last_one_wins(void **state) {
  JsonDoc *doc = parse(STR("{\"a\":1,\"A\":2,\"a\":3,\"b\\u0000c\":4}"));
  assert_true(json_int(json_get(json_root(doc), STR("a"))) == 3);
  assert_true(json_int(json_get(json_root(doc), STR("A"))) == 2);
  assert_true(json_int(json_get(json_root(doc), STR("b\0c"))) == 4);
  assert_null(json_get(json_root(doc), STR("b")));
  assert_null(json_get(json_get(json_root(doc), STR("a")), STR("x")));
  json_free(doc);
}

static void test_integers_keep_all_their_bits(void **state) {
  assert_int("0", 0);
  assert_int("-0", 0);
  assert_int("9007199254740993", 9007199254740993);
  assert_int("6272960105994287618", 6272960105994287618);
  assert_int("9223372036854775807", INT64_MAX);
  assert_int("-9223372036854775808", INT64_MIN);
}

static void test_other_numbers_are_reals_and_always_finite(void **state) {
  assert_real("9223372036854775808", 9223372036854775808.0);
  assert_real("0.1", 0.1);
  assert_real("-0.0", -0.0);
  assert_real("1.0", 1.0);
  assert_real("-1.5E+3", -1500);
  assert_real("1e-400", 0);
  assert_real("1e400", DBL_MAX);
  assert_real("-1e400", -DBL_MAX);
}

static void test_a_number_is_also_known_as_it_was_written(void **state) {
  JsonDoc *doc = parse(STR("[18446744073709551615,-1.50e+2,7,\"8\"]"));
  const Json *member = json_first(json_root(doc));
  assert_true(str_eq(json_number(member), STR("18446744073709551615")));
  assert_true(str_eq(json_number(member = json_next(member)), STR("-1.50e+2")));
  assert_true(str_eq(json_number(member = json_next(member)), STR("7")));
  assert_int_equal(json_number(json_next(member)).len, 0);
  json_free(doc);
}

static void test_strings_are_decoded(void **state) {
  assert_string(STR("\"\""), STR(""));
  assert_string(STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), STR("\"\\/\b\f\n\r\t"));
  assert_string(STR("\"\\u4f60\\u597D\\ud83d\\ude00\""), STR("你好😀"));
  assert_string(STR("\"你好😀\""), STR("你好😀"));
  assert_string(STR("\"\\u0001\""), STR("\x01"));
}

static void test_strings_may_hold_nul(void **state) {
  assert_string(STR("\"a\\u0000b\\u0000\""), STR("a\0b\0"));
  assert_string(STR("\"a\0b\""), STR("a\0b"));
}

static void test_the_platforms_broken_bytes_are_taken(void **state) {
  assert_string(STR("\"a\nb\x01\x7F\""), STR("a\nb\x01\x7F"));
  assert_string(STR("\"\xE4\xBD\""), STR("\xEF\xBF\xBD"));
  assert_string(STR("\"\xFFx\xC0\x80\""), STR("\xEF\xBF\xBDx\xEF\xBF\xBD\xEF\xBF\xBD"));
  assert_string(STR("\"\\ud800\""), STR("\xEF\xBF\xBD"));
  assert_string(STR("\"\\udc00\\ud800x\\ud800\\u0041\""),
                STR("\xEF\xBF\xBD\xEF\xBF\xBDx\xEF\xBF\xBD\x41"));
}

static void test_a_byte_order_mark_is_stepped_over(void **state) {
  JsonDoc *doc = parse(STR("\xEF\xBB\xBF {\"a\":1}\n"));
  assert_int_equal(json_count(json_root(doc)), 1);
  json_free(doc);
}

// ---- refusing -----------------------------------------------------------------------------------

static void test_nothing_is_no_value(void **state) {
  assert_refused(STR(""), "empty");
  assert_refused(str_make(NULL, 0), "empty");
  assert_refused(STR(" \n"), "after byte 2");
}

static void test_what_is_no_json_is_refused_where_it_goes_wrong(void **state) {
  assert_refused(STR("{\"a\":1}}"), "byte 8, a '}'");
  assert_refused(STR("{\"a\":1} x"), "byte 9, a 'x'");
  assert_refused(STR("1 2"), "byte 3, a '2'");
  assert_refused(STR("[1,]"), "byte 4, a ']'");
  assert_refused(STR("[1 2]"), "byte 4, a '2'");
  assert_refused(STR("[1}"), "byte 3, a '}'");
  assert_refused(STR("{\"a\" 1}"), "byte 6, a '1'");
  assert_refused(STR("{\"a\":1,}"), "byte 8, a '}'");
  assert_refused(STR("{1:2}"), "byte 2, a '1'");
  assert_refused(STR("{a:2}"), "byte 2, a 'a'");
  assert_refused(STR("{\"a\":}"), "byte 6, a '}'");
  assert_refused(STR("]"), "byte 1, a ']'");
  assert_refused(STR("[\x0B]"), "byte 2, the byte 0x0B");
  assert_refused(STR("[\0]"), "byte 2, the byte 0x00");
  assert_refused(STR("nul"), "byte 1, a 'n'");
  assert_refused(STR("True"), "byte 1, a 'T'");
  assert_refused(STR("'a'"), "byte 1, a '''");
  assert_refused(STR("{\"a\":"), "ends after byte 5");
  assert_refused(STR("[[1],"), "ends after byte 5");
}

static void test_numbers_are_written_as_json_writes_them(void **state) {
  static const char *const bad[] = { "01",  "-",  "-a", "1.",   "1.e1",  "1e",  "1e+",
                                     "-01", ".5", "+1", "0x10", "1_000", "NaN", "Infinity" };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_refused(str_of(bad[i]), "at byte ");
}

static void test_strings_end_and_escapes_are_known(void **state) {
  assert_refused(STR("\"abc"), "byte 5, the end inside a string");
  assert_refused(STR("\"abc\\"), "byte 5, a backslash");
  assert_refused(STR("\"abc\\\""), "the end inside a string");
  assert_refused(STR("\"\\x41\""), "byte 2, a backslash");
  assert_refused(STR("\"\\u12\""), "byte 2, \\u without");
  assert_refused(STR("\"\\u12g4\""), "byte 2, \\u without");
}

static void test_depth_is_bounded(void **state) {
  for (int depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
    Buf text;
    buf_init(&text);
    for (int i = 0; i < depth; i++) buf_addc(&text, '[');
    for (int i = 0; i < depth; i++) buf_addc(&text, ']');
    if (depth <= JSON_DEPTH_MAX) json_free(parse(buf_str(&text)));
    else assert_refused(buf_str(&text), "byte 257, a value nested too deeply");
    buf_clear(&text);
  }
}

static void test_a_number_without_end_is_refused(void **state) {
  Buf text;
  buf_init(&text);
  for (int i = 0; i < 100000; i++) buf_addc(&text, '7');
  assert_refused(buf_str(&text), "1,023");
  buf_clear(&text);
}

static void test_a_megabyte_is_read_in_its_time(void **state) {
  static const char *const parts[] = { "[", "[],", "1,", "\"\\u0000\",", "\"a\":", "\\", "\"" };
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    Buf text;
    buf_init(&text);
    buf_addc(&text, '[');
    while (text.len < 1000000) buf_add(&text, str_of(parts[i]));
    buf_add(&text, STR("0]"));
    int64_t start = clock_thread_cpu_us();
    json_free(json_parse(buf_str(&text), NULL));
    assert_true(clock_thread_cpu_us() - start < 3000000);
    buf_clear(&text);
  }
}

static Buf repeated_str(const char *begin, Str part, const char *end, size_t len) {
  Buf text;
  buf_init(&text);
  buf_add(&text, str_of(begin));
  while (text.len < len) buf_add(&text, part);
  buf_add(&text, str_of(end));
  return text;
}

static Buf repeated(const char *begin, const char *part, const char *end, size_t len) {
  return repeated_str(begin, str_of(part), end, len);
}

static void assert_cost_of_str_suffices(const char *before, Str part, const char *after) {
  Buf text = repeated_str(before, part, after, 1 << 20);
  JsonLimits limits = { .memory_max = json_cost(buf_str(&text)) };
  Err err = { 0 };
  JsonDoc *doc = json_parse_within(buf_str(&text), &limits, &err);
  if (!doc) fail_msg("%.*s: %s", STR_FMT(part), err.text);
  assert_in_range(json_size(doc), 1, limits.memory_max);
  json_free(doc);
  buf_clear(&text);
}

// Of every length up to some values, and of some longer ones.
static void assert_most_suffices(const char *before, const char *part, const char *after) {
  for (size_t len = 1; len <= 32 << 10; len += len < 600 ? 1 : 5000) {
    Buf text = repeated(before, part, after, len);
    JsonLimits limits = { .memory_max = json_cost_most(text.len) };
    Err err = { 0 };
    JsonDoc *doc = json_parse_within(buf_str(&text), &limits, &err);
    if (!doc) fail_msg("%zu bytes of %s: %s", text.len, part, err.text);
    assert_in_range(json_size(doc), 1, limits.memory_max);
    json_free(doc);
    buf_clear(&text);
  }
}

static void assert_cost_suffices(const char *before, const char *part, const char *after) {
  assert_cost_of_str_suffices(before, str_of(part), after);
}

#define COUNT(list) (sizeof(list) / sizeof *(list))

// Small values, and broken bytes, are the worst: the cost of a large text is a bound for the parser that refuses none.
static void test_the_cost_of_a_text_is_never_less_than_it_takes(void **state) {
  static const char *const values[] = { "1,",     "-1e9,",       "[],",       "{},",
                                        "\"\",",  "null,",       "\"\\\"\",", "{\"\":\"\"},",
                                        "[[1]],", "\"\\u0000\"," };
  static const char *const members[] = { "\"\":1,", "\"a\":\"b\",", "\"\\\\\":true," };
  static const char *const bytes[] = { "\xFF", "\xE6\xB1", "a\xB0", "\\u0000", "\\ud800", "\x01" };
  for (size_t i = 0; i < COUNT(values); i++) assert_cost_suffices("[", values[i], "0]");
  for (size_t i = 0; i < COUNT(members); i++) assert_cost_suffices("{", members[i], "\"\":0}");
  for (size_t i = 0; i < COUNT(bytes); i++) assert_cost_suffices("[\"", bytes[i], "\"]");
  assert_cost_of_str_suffices("[\"", str_make("", 1), "\"]");
}

static void test_no_text_costs_more_than_the_worst_of_its_length(void **state) {
  static const char *const parts[] = { "1,", "-1e9,", "[],", "\"\",", "[[[[[[[[1]]]]]]]]," };
  static const char *const bytes[] = { "\xFF", "\xE6\xB1", "\\u0000", "\x01" };
  for (size_t i = 0; i < COUNT(parts); i++) assert_most_suffices("[", parts[i], "0]");
  for (size_t i = 0; i < COUNT(bytes); i++) assert_most_suffices("[\"", bytes[i], "\"]");
  char deep[2 * JSON_DEPTH_MAX];
  memset(deep, '[', JSON_DEPTH_MAX);
  memset(deep + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
  for (size_t depth = 1; depth <= JSON_DEPTH_MAX; depth++) {
    Str text = str_make(deep + JSON_DEPTH_MAX - depth, 2 * depth);
    JsonLimits limits = { .memory_max = json_cost_most(text.len) };
    JsonDoc *doc = json_parse_within(text, &limits, NULL);
    assert_non_null(doc);
    json_free(doc);
  }
}

static void test_values_cost_and_what_stands_in_strings_does_not(void **state) {
  Buf values = repeated("[", "1,", "1]", 1 << 20);
  assert_in_range(json_cost(buf_str(&values)), 100u << 20, 200u << 20);
  buf_clear(&values);
  static const char *const parts[] = { ",[{", "\\\",", "\\\\", "汉," };
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    Buf text = repeated("[\"", parts[i], "\"]", 1 << 20);
    assert_in_range(json_cost(buf_str(&text)), 1 << 20, 3 << 19);
    json_free(parse(buf_str(&text)));
    buf_clear(&text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_every_kind_of_value_is_told_apart),
    cmocka_unit_test(test_members_are_found_by_exact_name_and_the_last_one_wins),
    cmocka_unit_test(test_integers_keep_all_their_bits),
    cmocka_unit_test(test_other_numbers_are_reals_and_always_finite),
    cmocka_unit_test(test_a_number_is_also_known_as_it_was_written),
    cmocka_unit_test(test_no_text_costs_more_than_the_worst_of_its_length),
    cmocka_unit_test(test_strings_are_decoded),
    cmocka_unit_test(test_strings_may_hold_nul),
    cmocka_unit_test(test_the_platforms_broken_bytes_are_taken),
    cmocka_unit_test(test_a_byte_order_mark_is_stepped_over),
    cmocka_unit_test(test_nothing_is_no_value),
    cmocka_unit_test(test_what_is_no_json_is_refused_where_it_goes_wrong),
    cmocka_unit_test(test_numbers_are_written_as_json_writes_them),
    cmocka_unit_test(test_strings_end_and_escapes_are_known),
    cmocka_unit_test(test_depth_is_bounded),
    cmocka_unit_test(test_a_number_without_end_is_refused),
    cmocka_unit_test(test_a_megabyte_is_read_in_its_time),
    cmocka_unit_test(test_the_cost_of_a_text_is_never_less_than_it_takes),
    cmocka_unit_test(test_values_cost_and_what_stands_in_strings_does_not),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
