// api/result: what a call came to, and how it becomes a failure.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "api/result.h"

static ApiResult *result;

static int begin(void **state) { return (result = api_result_new(STR("tag.create"))) ? 0 : -1; }

static int end(void **state) {
  api_result_free(result);
  return 0;
}

static void assert_says(const char *text) {
  if (!str_eq(buf_str(&result->errmsg), str_of(text)))
    fail_msg("%.*s", STR_FMT(buf_str(&result->errmsg)));
}

static void test_kinds_have_the_names_that_scripts_see(void **state) {
  static const char *const names[] = { "ok",   "api",  "network", "timeout",
                                       "http", "json", "unknown", "cancelled" };
  for (int kind = API_OK; kind <= API_CANCELLED; kind++)
    assert_string_equal(api_kind_name((ApiKind)kind), names[kind]);
}

static void test_a_failure_forgets_the_answer(void **state) {
  result->json = json_parse(STR("{\"a\":1}"), NULL);
  buf_add(&result->errmsg, STR("before"));
  assert_ptr_equal(api_result_fail(result, API_TIMEOUT, "no answer in %d s", 30), result);
  assert_null(result->json);
  assert_int_equal(result->kind, API_TIMEOUT);
  assert_string_equal(result->method, "tag.create");
  assert_says("no answer in 30 s");
}

static void test_a_call_that_got_no_token_says_whose_failure_it_was(void **state) {
  ApiResult *cause = api_result_new(STR("grant_token"));
  api_result_fail(cause, API_NETWORK, "nobody there");
  api_result_blame(result, cause);
  assert_int_equal(result->kind, API_NETWORK);
  assert_string_equal(result->method, "tag.create");
  assert_says("fetching the token: nobody there");
  cause->errcode = 40164;
  api_result_fail(cause, API_REFUSED, "invalid ip");
  api_result_blame(result, cause);
  assert_int_equal(result->errcode, 40164);
  assert_says("invalid ip");
  api_result_free(cause);
}

static void test_a_secret_that_is_quoted_is_masked(void **state) {
  api_result_fail(result, API_REFUSED, "bad secret hunter2-hunter2, twice: hunter2-hunter2");
  api_result_mask(result, STR("hunter2-hunter2"));
  assert_says("bad secret hunt…(15), twice: hunt…(15)");
  api_result_mask(result, STR(""));
  api_result_mask(result, STR("bad"));
  assert_says("bad secret hunt…(15), twice: hunt…(15)");
}

static void test_the_request_id_is_found_in_the_platforms_words(void **state) {
  api_result_fail(result, API_REFUSED, "invalid openid hints: [req] rid: 60f1-ab more");
  api_result_find_rid(result);
  assert_string_equal(result->rid, "60f1-ab");
  ApiResult *other = api_result_new(STR("x"));
  api_result_fail(other, API_REFUSED, "no id");
  api_result_find_rid(other);
  assert_string_equal(other->rid, "");
  api_result_free(other);
}

static void test_names_and_ids_too_long_are_cut(void **state) {
  char name[200], cut[64] = "";
  memset(name, 'n', sizeof name);
  memset(cut, 'n', sizeof cut - 1);
  ApiResult *other = api_result_new(str_make(name, sizeof name));
  assert_memory_equal(other->method, cut, sizeof cut);
  api_result_fail(other, API_REFUSED, "rid: %.*s", (int)sizeof name, name);
  api_result_find_rid(other);
  assert_memory_equal(other->rid, cut, sizeof cut);
  api_result_free(other);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_kinds_have_the_names_that_scripts_see, begin, end),
    cmocka_unit_test_setup_teardown(test_a_failure_forgets_the_answer, begin, end),
    cmocka_unit_test_setup_teardown(test_a_call_that_got_no_token_says_whose_failure_it_was, begin,
                                    end),
    cmocka_unit_test_setup_teardown(test_a_secret_that_is_quoted_is_masked, begin, end),
    cmocka_unit_test_setup_teardown(test_the_request_id_is_found_in_the_platforms_words, begin,
                                    end),
    cmocka_unit_test_setup_teardown(test_names_and_ids_too_long_are_cut, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
