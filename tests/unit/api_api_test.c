// api/api: its life, credentials, and where tokens are asked for.
#include "api_side.h"

static void test_the_classic_endpoint_is_asked_where_it_is_configured(void **state) {
  reset_platform();
  Side side = open_side("memory:", (ApiOptions){ .classic_token = true });
  ends(side, to("/echo"), API_OK, 0, NULL);
  platform.number++;
  ends(side, to("/echo"), API_OK, 0, NULL);
  assert_int_equal(platform.forced, 0);
  close_side(side);
}

static void test_a_cancelled_call_ends_and_freeing_waits_for_all(void **state) {
  Side side = open_fresh();
  ends(side, to("/echo"), API_OK, 0, NULL);
  Box box = BOX(1);
  ApiRequest silent = to("/silence");
  uint64_t id = begin_call(side, silent, put, &box);
  usleep(50000);
  int64_t begin = clock_now_ms();
  api_cancel(side.api, id);
  wait_box(&box);
  assert_int_equal(box.result->kind, API_CANCELLED);
  api_result_free(box.result);
  Box many = BOX(21);
  many.left = 20;
  platform.busy_left = 5;
  ApiRequest busy = to("/busy");
  for (int i = 0; i < 20; i++) begin_call(side, i < 10 ? silent : busy, put, &many);
  usleep(50000);
  close_side(side);
  assert_int_equal(many.left, 0);
  api_result_free(many.result);
  assert_in_range(clock_now_ms() - begin, 0, 1500);
}

static void test_credentials_are_a_secret_or_what_was_imported(void **state) {
  int64_t later = clock_unix_s() + 4000;
  Str secret = account.appsecret;
  account.appsecret = (Str){ 0 };
  Side side = open_side("memory:", (ApiOptions){ .jsapi_ticket = { STR("JT"), later } });
  assert_true(api_has_credentials(side.api, STR("jsapi")));
  assert_false(api_has_credentials(side.api, TOKEN_ACCESS));
  assert_false(api_has_credentials(side.api, STR("wx_card")));
  close_side(side);
  side = open_side("memory:", (ApiOptions){ .access_token = { STR("T"), later } });
  assert_true(api_has_credentials(side.api, TOKEN_ACCESS));
  assert_true(api_has_credentials(side.api, STR("wx_card")));
  close_side(side);
  account.appsecret = secret;
  side = open_side("memory:", (ApiOptions){ 0 });
  assert_true(api_has_credentials(side.api, STR("jsapi")));
  close_side(side);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_the_classic_endpoint_is_asked_where_it_is_configured),
    cmocka_unit_test(test_a_cancelled_call_ends_and_freeing_waits_for_all),
    cmocka_unit_test(test_credentials_are_a_secret_or_what_was_imported),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
