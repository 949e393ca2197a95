// api/token: one token for all, renewed in time.
#include "api_side.h"

static void test_ten_thousand_callers_make_one_request(void **state) {
  Side side = open_fresh();
  platform.delay_ms = 100;
  Box box = BOX(10000);
  for (int i = 0; i < 10000; i++)
    tokens_get(api_tokens(side.api), TOKEN_ACCESS, (Str){ 0 }, put_token, &box);
  wait_box(&box);
  assert_int_equal(box.good, 10000);
  assert_int_equal(platform.fetches, 1);
  close_side(side);
}

static void test_a_token_revoked_while_a_hundred_calls_are_under_way_is_renewed_once(void **state) {
  Side side = open_fresh();
  ends(side, to("/echo"), API_OK, 0, NULL);
  platform.number++;
  platform.fetches = 0;
  platform.delay_ms = 20;
  Box box = BOX(100);
  ApiRequest request = to("/echo");
  for (int i = 0; i < 100; i++) begin_call(side, request, put, &box);
  wait_box(&box);
  assert_int_equal(box.good, 100);
  assert_int_equal(platform.fetches, 1);
  api_result_free(box.result);
  close_side(side);
}

static void test_a_token_is_renewed_five_minutes_before_its_end(void **state) {
  Side side = open_fresh();
  Box box;
  platform.lifetime_s = 301;
  get_token(side, (Str){ 0 }, &box);
  get_token(side, (Str){ 0 }, &box);
  assert_int_equal(platform.fetches, 1);
  usleep(1100000);
  platform.lifetime_s = 7200;
  get_token(side, (Str){ 0 }, &box);
  assert_int_equal(platform.fetches, 2);
  close_side(side);
}

static void test_the_old_token_serves_its_last_minutes_when_no_new_one_can_be_had(void **state) {
  Side side = open_fresh();
  Box box;
  platform.lifetime_s = 301;
  get_token(side, (Str){ 0 }, &box);
  char old[64];
  snprintf(old, sizeof(old), "%s", box.token);
  usleep(1100000);
  platform.errcode = 40164;
  get_token(side, (Str){ 0 }, &box);
  assert_string_equal(box.token, old);
  get_token(side, (Str){ 0 }, &box);
  assert_string_equal(box.token, old);
  assert_int_equal(platform.fetches, 2);
  close_side(side);
}

static void test_a_token_that_lives_under_five_minutes_is_used_until_it_ends(void **state) {
  Side side = open_fresh();
  Box box;
  platform.lifetime_s = 2;
  get_token(side, (Str){ 0 }, &box);
  usleep(800000);
  get_token(side, (Str){ 0 }, &box);
  assert_int_equal(platform.fetches, 1);
  usleep(1300000);
  get_token(side, (Str){ 0 }, &box);
  assert_int_equal(platform.fetches, 2);
  close_side(side);
}

static void test_an_imported_token_counts_unless_the_store_s_lives_longer(void **state) {
  reset_platform();
  const char *file = fresh_file();
  ApiOptions options = { .access_token = { STR("IMPORTED"), clock_unix_s() + 4000 },
                         .jsapi_ticket = { STR("JT"), clock_unix_s() + 4000 } };
  Side side = open_side(file, options);
  Box box;
  get_token(side, (Str){ 0 }, &box);
  assert_string_equal(box.token, "IMPORTED");
  box = BOX(1);
  tokens_get(api_tokens(side.api), STR("jsapi"), (Str){ 0 }, put_token, &box);
  wait_box(&box);
  assert_string_equal(box.token, "JT");
  close_side(side);
  // An older one does not replace it.
  options.access_token = (Token){ STR("OLDER"), clock_unix_s() + 3000 };
  side = open_side(file, options);
  get_token(side, (Str){ 0 }, &box);
  assert_string_equal(box.token, "IMPORTED");
  // One that the platform refuses is given up.
  ends(side, to("/echo"), API_OK, 0, NULL);
  assert_int_equal(platform.fetches, 1);
  close_side(side);
  options.access_token = (Token){ STR("EXPIRED"), clock_unix_s() - 10 };
  side = open_side("memory:", options);
  get_token(side, (Str){ 0 }, &box);
  assert_string_not_equal(box.token, "EXPIRED");
  close_side(side);
}

static void test_tickets_are_fetched_with_the_token_and_cached(void **state) {
  Side side = open_fresh();
  Box box = BOX(100);
  for (int i = 0; i < 100; i++)
    tokens_get(api_tokens(side.api), STR("jsapi"), (Str){ 0 }, put_token, &box);
  wait_box(&box);
  assert_string_equal(box.token, "TICKET");
  assert_int_equal(platform.tickets, 1);
  assert_int_equal(platform.fetches, 1);
  assert_non_null(strstr(platform.last, "type=jsapi"));
  close_side(side);
}

static void test_a_grant_without_override_leaves_the_cache_alone(void **state) {
  Side side = open_fresh();
  Box box, grant = BOX(1);
  get_token(side, (Str){ 0 }, &box);
  char old[64];
  snprintf(old, sizeof(old), "%s", box.token);
  tokens_grant(api_tokens(side.api), TOKEN_ACCESS, false, put, &grant);
  wait_box(&grant);
  assert_int_equal(grant.result->kind, API_OK);
  api_result_free(grant.result);
  get_token(side, (Str){ 0 }, &box);
  assert_string_equal(box.token, old);
  close_side(side);
}

static void test_a_token_is_kept_in_the_store_for_the_next_process(void **state) {
  reset_platform();
  const char *file = fresh_file();
  Side side = open_side(file, (ApiOptions){ 0 });
  ends(side, to("/echo"), API_OK, 0, NULL);
  close_side(side);
  side = open_side(file, (ApiOptions){ 0 });
  ends(side, to("/echo"), API_OK, 0, NULL);
  assert_int_equal(platform.fetches, 1);
  assert_in_range(tokens_left_s(api_tokens(side.api), TOKEN_ACCESS), 7100, 7200);
  close_side(side);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_ten_thousand_callers_make_one_request),
    cmocka_unit_test(test_a_token_revoked_while_a_hundred_calls_are_under_way_is_renewed_once),
    cmocka_unit_test(test_a_token_is_renewed_five_minutes_before_its_end),
    cmocka_unit_test(test_the_old_token_serves_its_last_minutes_when_no_new_one_can_be_had),
    cmocka_unit_test(test_a_token_that_lives_under_five_minutes_is_used_until_it_ends),
    cmocka_unit_test(test_an_imported_token_counts_unless_the_store_s_lives_longer),
    cmocka_unit_test(test_tickets_are_fetched_with_the_token_and_cached),
    cmocka_unit_test(test_a_grant_without_override_leaves_the_cache_alone),
    cmocka_unit_test(test_a_token_is_kept_in_the_store_for_the_next_process),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
