// codec/json_write: what is written reads back as it was.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/json.h"

static void test_strings_are_written_as_utf8_with_escapes_where_needed(void **state) {
  Buf out;
  buf_init(&out);
  json_add_string(&out, STR("你好😀 \"\\/\b\f\n\r\t\x01\x1F\x7F\0"));
  assert_string_equal(out.ptr, "\"你好😀 \\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7F\\u0000\"");
  buf_reset(&out);
  json_add_string(&out, STR("a\xFF\xE4\xBDz\xE4\xBD"));
  assert_string_equal(out.ptr, "\"a\xEF\xBF\xBD\xEF\xBF\xBDz\xEF\xBF\xBD\"");
  buf_reset(&out);
  json_add_string(&out, str_make(NULL, 0));
  assert_string_equal(out.ptr, "\"\"");
  buf_clear(&out);
}

static void test_reals_are_written_in_the_shortest_form_that_reads_back(void **state) {
  static const struct {
    double number;
    const char *expected;
  } cases[] = {
    { 0.1, "0.1" },
    { 1.0 / 3, "0.3333333333333333" },
    { 100, "100" },
    { -0.0, "-0.0" },
    { 0.0, "0" },
    { 1e21, "1e+21" },
    { -2.5, "-2.5" },
    { 5e-324, "5e-324" },
    { NAN, "null" },
    { INFINITY, "null" },
    { -INFINITY, "null" },
    { DBL_MAX, "1.7976931348623157e+308" },
    { 23.137466, "23.137466" },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Buf out;
    buf_init(&out);
    json_add_real(&out, cases[i].number);
    assert_string_equal(out.ptr, cases[i].expected);
    buf_clear(&out);
  }
}

// Strings are looked at in lanes of sixteen bytes, four at once where that fits.
static void test_an_escape_is_written_wherever_it_stands(void **state) {
  (void)state;
  static const struct {
    const char *what, *written;
  } cases[] = { { "\"", "\\\"" },
                { "\\", "\\\\" },
                { "\n", "\\n" },
                { "\x1f", "\\u001f" },
                { "月", "月" },
                { "五个字不少", "五个字不少" },
                { "\xE4\xBD", "\xEF\xBF\xBD" },
                { "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" } };
  char before[100], after[100];
  memset(before, 'b', sizeof before);
  memset(after, '#', sizeof after);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (int at = 0; at < 90; at++) {
      for (int rest = 0; rest < 90; rest += 1 + rest / 20) {
        char text[256], wanted[300];
        int len = snprintf(text, sizeof text, "%.*s%s%.*s", at, before, cases[i].what, rest, after);
        snprintf(wanted, sizeof wanted, "\"%.*s%s%.*s\"", at, before, cases[i].written, rest,
                 after);
        Buf out;
        buf_init(&out);
        json_add_string(&out, str_make(text, (size_t)len));
        assert_string_equal(out.ptr, wanted);
        buf_clear(&out);
      }
    }
  }
}

static void test_text_that_is_utf8_is_written_like_any_other(void **state) {
  static const char letters[] = "ab\"\\\x01\x1f \x7f你😀é";
  static const size_t at[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 15, 17 };
  srand(1);
  for (int i = 0; i < 20000; i++) {
    Buf text, quick, other;
    buf_init(&text);
    buf_init(&quick);
    buf_init(&other);
    size_t some = (size_t)rand() % 11 + 1;
    for (int left = rand() % 200; left > 0; left--) {
      size_t letter = rand() % 8 ? 0 : (size_t)rand() % some;
      buf_add(&text, str_make(letters + at[letter], at[letter + 1] - at[letter]));
    }
    json_add_utf8(&quick, buf_str(&text));
    json_add_string(&other, buf_str(&text));
    assert_string_equal(quick.ptr, other.ptr);
    char copy[1200];
    assert_int_equal(json_put_plain(copy, buf_str(&text)), quick.len == text.len + 2);
    assert_true(str_eq(str_make(copy, text.len), buf_str(&text)));
    buf_clear(&text);
    buf_clear(&quick);
    buf_clear(&other);
  }
}

static void test_a_parsed_value_is_written_on_one_line_as_it_was(void **state) {
  (void)state;
  static const char text[] = "{\"a\":[1,2.50,-0,1e400,12345678901234567890,[],{}],\"b\":"
                             "\"\\\"\\n月\",\"a\":null,\"c\":true}";
  JsonDoc *doc = json_parse(STR(" {\"a\": [1, 2.50, -0, 1e400, 12345678901234567890, [ ], { }],\n"
                                "\"b\": \"\\u0022\\n月\", \"a\": null, \"c\": true} "),
                            NULL);
  Buf out;
  buf_init(&out);
  assert_non_null(doc);
  json_add_value(&out, json_root(doc));
  assert_string_equal(buf_str(&out).ptr, text);
  buf_clear(&out);
  json_free(doc);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_strings_are_written_as_utf8_with_escapes_where_needed),
    cmocka_unit_test(test_reals_are_written_in_the_shortest_form_that_reads_back),
    cmocka_unit_test(test_an_escape_is_written_wherever_it_stands),
    cmocka_unit_test(test_text_that_is_utf8_is_written_like_any_other),
    cmocka_unit_test(test_a_parsed_value_is_written_on_one_line_as_it_was),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
