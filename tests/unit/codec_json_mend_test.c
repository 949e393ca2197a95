// codec/json_mend: the text that cJSON gets, and where an error is.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/json_mend.h"

static const JsonLimits unlimited;

static void assert_mended(Str text, const char *expected) {
  JsonMender m = { .text = text };
  JsonPace pace = { .limits = &unlimited };
  assert_true(json_mend(&m, &pace));
  assert_true(str_eq(json_mended(&m), str_of(expected)));
  assert_int_equal(m.rewritten, !str_eq(text, str_of(expected)));
  buf_clear(&m.out);
  buf_clear(&m.numbers);
}

static void test_numbers_are_listed_and_reals_become_0(void **state) {
  JsonMender m = { .text = STR("[7, -2.5, 12345678901234567890]") };
  JsonPace pace = { .limits = &unlimited };
  assert_true(json_mend(&m, &pace));
  assert_true(str_eq(json_mended(&m), STR("[7, 0, 0]")));
  const JsonNumber *numbers = (const JsonNumber *)m.numbers.ptr;
  assert_true(!numbers[0].is_real && numbers[0].integer == 7);
  assert_true(numbers[1].is_real && numbers[1].real == -2.5);
  assert_true(numbers[2].is_real && str_eq(numbers[2].literal, STR("12345678901234567890")));
  buf_clear(&m.out);
  buf_clear(&m.numbers);
}

static void test_a_text_that_cjson_reads_as_it_is_is_not_copied(void **state) {
  Str text = STR("\xEF\xBB\xBF {\"a\": [-9223372036854775808, true, null, \"\\u6708\\/\"]} ");
  JsonMender m = { .text = text };
  JsonPace pace = { .limits = &unlimited };
  assert_true(json_mend(&m, &pace));
  assert_ptr_equal(json_mended(&m).ptr, text.ptr + 3);
  assert_int_equal(json_mended(&m).len, text.len - 3);
  assert_null(m.out.ptr);
  buf_clear(&m.numbers);
}

static void test_what_cjson_refuses_or_cuts_is_replaced(void **state) {
  assert_mended(STR("\"a\\u0000b\""), "\"a\xC0\x80"
                                      "b\"");
  assert_mended(STR("\"\\ud800\""), "\"\xEF\xBF\xBD\"");
  assert_mended(STR("\"\xFF\""), "\"\xEF\xBF\xBD\"");
  assert_mended(STR("\"\\ud83d\\ude00\""), "\"\\ud83d\\ude00\"");
}

// The plain bytes beside it are looked at sixteen at a time.
static void test_it_is_replaced_at_any_place_of_a_string(void **state) {
  static const struct {
    Str text;
    const char *mended;
  } pieces[] = {
    { STR("\0"), "\xC0\x80" },
    { STR("\x01\x7F"), "\x01\x7F" },
    { STR("\\\""), "\\\"" },
    { STR("\xC0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD" },
    { STR("\xE6\x9C"), "\xEF\xBF\xBD" },
    { STR("\xE0\x80\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },
    { STR("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },
    { STR("\xE6\x9C\xE6\x9C\x88"), "\xEF\xBF\xBD月" },
    { STR("月"), "月" },
    { STR("月亮代表我的心"), "月亮代表我的心" },
  };
  const Str plain = STR("plain, and longer than two lanes of 16");
  for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
    for (size_t before = 0; before <= plain.len; before++) {
      Buf text, expected;
      buf_init(&text);
      buf_init(&expected);
      buf_printf(&text, "\"%.*s", (int)before, plain.ptr);
      buf_add(&text, pieces[i].text);
      buf_printf(&text, "%s\"", plain.ptr + before);
      buf_printf(&expected, "\"%.*s%s%s\"", (int)before, plain.ptr, pieces[i].mended,
                 plain.ptr + before);
      assert_mended(buf_str(&text), expected.ptr);
      buf_clear(&text);
      buf_clear(&expected);
    }
  }
}

static void test_an_error_has_its_position(void **state) {
  Err err;
  JsonMender m = { .text = STR("{\"a\": 1,}") };
  JsonPace pace = { .limits = &unlimited };
  assert_false(json_mend(&m, &pace));
  assert_false(m.over);
  assert_false(json_mend_report(&m, &err));
  assert_string_equal(err.text, "the JSON text has, at byte 9, a '}' where it cannot stand");
  buf_clear(&m.out);
  buf_clear(&m.numbers);
}

static bool stop(void *ctx) { return false; }

static void test_a_limit_ends_it(void **state) {
  static const JsonLimits few = { .memory_max = 4 }, none = { .keep_going = stop };
  JsonPace pace = { .limits = &few };
  JsonMender m = { .text = STR("[1, 2, 3]") };
  assert_false(json_mend(&m, &pace));
  assert_true(m.over && !pace.stopped);
  pace = (JsonPace){ .limits = &none };
  int asked = 1;
  while (json_goes_on(&pace, 0)) asked++;
  assert_int_equal(asked, 2000);
  assert_true(pace.stopped);
  buf_clear(&m.out);
  buf_clear(&m.numbers);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_numbers_are_listed_and_reals_become_0),
    cmocka_unit_test(test_a_text_that_cjson_reads_as_it_is_is_not_copied),
    cmocka_unit_test(test_what_cjson_refuses_or_cuts_is_replaced),
    cmocka_unit_test(test_it_is_replaced_at_any_place_of_a_string),
    cmocka_unit_test(test_an_error_has_its_position),
    cmocka_unit_test(test_a_limit_ends_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
