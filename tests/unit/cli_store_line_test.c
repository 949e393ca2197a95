// Lines of wemoon store: an import restores every exported byte.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/store_line.h"

static void assert_line(const StoreLine *line, const char *text) {
  Buf out;
  buf_init(&out);
  store_line_add(&out, line);
  assert_string_equal(out.ptr, text);
  buf_clear(&out);
}

static void assert_comes_back(Str key, Str value) {
  Buf out;
  StoreLineDoc doc;
  Err err = { 0 };
  buf_init(&out);
  store_line_add(&out, &(StoreLine){ .space = STORE_OWN,
                                     .key = key,
                                     .value = value,
                                     .has_value = true,
                                     .expires_ms = 1800000000501 });
  assert_int_equal(out.ptr[out.len - 1], '\n');
  assert_null(memchr(out.ptr, '\n', out.len - 1));
  if (!store_line_parse(str_sub(buf_str(&out), 0, out.len - 1), &doc, &err))
    fail_msg("%s: %s", out.ptr, err.text);
  assert_true(str_eq(doc.line.key, key) && str_eq(doc.line.value, value));
  assert_int_equal(doc.line.space, STORE_OWN);
  assert_int_equal(doc.line.expires_ms, 1800000001000);
  store_line_free(&doc);
  buf_clear(&out);
}

static void test_a_value_that_is_json_stands_as_it_is(void **state) {
  StoreLine line = { .space = STORE_SCRIPT, .key = STR("k") };
  assert_line(&line, "{\"key\":\"k\"}\n");
  line.value = STR("{\"a\":[1,2.50,\"\xe6\x9c\x88\"]}");
  line.has_value = true;
  assert_line(&line, "{\"key\":\"k\",\"value\":{\"a\":[1,2.50,\"\xe6\x9c\x88\"]}}\n");
  line.space = STORE_OWN;
  line.expires_ms = 1800000000200;  // an import wrote it 200 ms late
  line.value = STR("no json");
  assert_line(&line,
              "{\"key\":\"k\",\"own\":true,\"text\":\"no json\",\"expires_at\":1800000000}\n");
}

static void test_every_byte_of_key_and_value_comes_back(void **state) {
  static const char bytes[] = "A1:\0\xff\x80\n\"";
  static const Str values[] = { STR(""),
                                STR("{}"),
                                STR("{ \"a\" : 1 }"),
                                STR("\"\\u4f60\""),
                                STR("1e400"),
                                STR("9223372036854775808"),
                                STR("A1700000000:Thi\nthere"),
                                STR("null"),
                                { bytes, sizeof bytes - 1 } };
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    assert_comes_back(STR("answer/wx1/o\xe6\x9c\x88 1"), values[i]);
    assert_comes_back(str_make(bytes, sizeof bytes - 1), values[i]);
  }
}

static void test_what_export_did_not_write_is_refused_with_the_reason(void **state) {
  static const struct {
    const char *text, *why;
  } faulty[] = {
    { "{\"value\":1}", "\"key\" is missing" },
    { "{\"key\":1,\"value\":1}", "\"key\" is missing" },
    { "{\"key\":\"a\"}", "\"value\" is missing" },
    { "{\"key\":\"a\",\"base64\":\"?\"}", "\"value\" is missing" },
    { "{\"key\":\"a\",\"value\":1,\"expires_at\":\"soon\"}", "not a time" },
    { "{\"key\":\"a\",\"value\":1,\"expires_at\":-5}", "not a time" },
    { "{\"key\":\"a\",\"value\":1,\"expires_at\":9223372036854775807}", "not a time" },
    { "[]", "\"key\" is missing" },
    { "{", "" },
    { "", "" },
  };
  for (size_t i = 0; i < sizeof faulty / sizeof *faulty; i++) {
    StoreLineDoc doc;
    Err err = { 0 };
    if (store_line_parse(str_of(faulty[i].text), &doc, &err)) fail_msg("%s", faulty[i].text);
    if (!strstr(err.text, faulty[i].why)) fail_msg("%s: %s", faulty[i].text, err.text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_value_that_is_json_stands_as_it_is),
    cmocka_unit_test(test_every_byte_of_key_and_value_comes_back),
    cmocka_unit_test(test_what_export_did_not_write_is_refused_with_the_reason),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
