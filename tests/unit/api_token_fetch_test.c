// api/token_fetch: the way to a new token, also if the store is away, other processes fetch too, or the
// platform refuses.
#include "api_side.h"

#include <sys/wait.h>

static void test_force_refresh_is_used_only_when_the_refused_token_came_again(void **state) {
  Side side = open_fresh();
  platform.sticky = true;
  platform.number = 1;
  Box box;
  get_token(side, (Str){ 0 }, &box);
  assert_string_equal(box.token, "T1");
  assert_int_equal(platform.forced, 0);
  get_token(side, STR("T1"), &box);
  assert_string_equal(box.token, "T2");
  assert_int_equal(platform.forced, 1);
  assert_int_equal(platform.fetches, 3);
  get_token(side, STR("T1"), &box);
  assert_string_equal(box.token, "T2");
  assert_int_equal(platform.fetches, 3);
  close_side(side);
}

static void
test_a_refusal_that_will_not_pass_is_remembered_but_a_grant_asks_all_the_same(void **state) {
  reset_platform();
  const char *file = fresh_file();
  Side side = open_side(file, (ApiOptions){ 0 });
  platform.errcode = 40164;
  for (int i = 0; i < 50; i++) ends(side, to("/echo"), API_REFUSED, 40164, "refused");
  assert_int_equal(platform.fetches, 1);
  close_side(side);
  side = open_side(file, (ApiOptions){ 0 });
  ApiResult *result = run(side, to("/echo"));
  assert_int_equal(result->errcode, 40164);
  assert_string_equal(result->rid, "60d4c1e3-0f");
  api_result_free(result);
  assert_int_equal(platform.fetches, 1);
  Box box = BOX(1);
  tokens_grant(api_tokens(side.api), TOKEN_ACCESS, true, put, &box);
  wait_box(&box);
  assert_int_equal(box.result->errcode, 40164);
  api_result_free(box.result);
  assert_int_equal(platform.fetches, 2);
  platform.errcode = 0;
  box = BOX(1);
  tokens_grant(api_tokens(side.api), TOKEN_ACCESS, true, put, &box);
  wait_box(&box);
  assert_int_equal(box.result->kind, API_OK);
  assert_non_null(json_get(json_root(box.result->json), STR("expires_in")));
  api_result_free(box.result);
  ends(side, to("/echo"), API_OK, 0, NULL);
  assert_int_equal(platform.fetches, 3);
  close_side(side);
  // A new secret is tried at once.
  platform.errcode = 40125;
  file = fresh_file();
  side = open_side(file, (ApiOptions){ 0 });
  ends(side, to("/echo"), API_REFUSED, 40125, NULL);
  close_side(side);
  platform.errcode = 0;
  account.appsecret = STR("another hunter2");
  side = open_side(file, (ApiOptions){ 0 });
  ends(side, to("/echo"), API_OK, 0, NULL);
  close_side(side);
  account.appsecret = STR("hunter2hunter2");
}

static void test_other_failures_of_the_fetch_are_not_remembered(void **state) {
  Side side = open_fresh();
  platform.errcode = 45009;
  ends(side, to("/echo"), API_REFUSED, 45009, NULL);
  platform.errcode = 0;
  ends(side, to("/echo"), API_OK, 0, NULL);
  close_side(side);
}

// This program again, as another process: "fetch FILE BASE" gets the token fifty times, "die FILE BASE" ends
// in the middle of it.
static pid_t start_process(const char *what, const char *file) {
  pid_t pid = fork();
  if (pid != 0) return pid;
  execl("/proc/self/exe", "api_token_fetch_test", what, file, base, (char *)NULL);
  _exit(127);
}

static int be_a_process(char **args) {
  snprintf(base, sizeof(base), "%s", args[3]);
  bool dies = strcmp(args[1], "die") == 0;
  Side side = open_side(args[2], (ApiOptions){ .timeout_ms = dies ? 1000 : 0 });
  Box box = BOX(50);
  for (int i = 0; i < 50; i++)
    tokens_get(api_tokens(side.api), TOKEN_ACCESS, (Str){ 0 }, put_token, &box);
  if (dies) {
    usleep(300000);
    _exit(0);
  }
  wait_box(&box);
  close_side(side);
  return box.good == 50 ? 0 : 1;
}

static void test_four_processes_on_one_store_make_one_request(void **state) {
  reset_platform();
  const char *file = fresh_file();
  platform.delay_ms = 500;
  pid_t pids[4];
  for (int i = 0; i < 4; i++) pids[i] = start_process("fetch", file);
  for (int i = 0; i < 4; i++) {
    int status;
    waitpid(pids[i], &status, 0);
    assert_int_equal(status, 0);
  }
  assert_int_equal(platform.fetches, 1);
}

static void
test_a_process_that_died_while_fetching_holds_others_up_only_for_its_lease(void **state) {
#if defined(__SANITIZE_THREAD__)
  skip();  // to start a process takes longer than the lease there
#endif
  reset_platform();
  const char *file = fresh_file();
  platform.delay_ms = 2000;
  waitpid(start_process("die", file), NULL, 0);
  assert_int_equal(platform.fetches, 1);
  platform.delay_ms = 0;
  Side side = open_side(file, (ApiOptions){ .timeout_ms = 10000 });
  int64_t begin = clock_now_ms();
  ends(side, to("/echo"), API_OK, 0, NULL);
  assert_in_range(clock_now_ms() - begin, 1000, 4500);
  close_side(side);
}

// A record as a process with another clock would have left it.
static void keep_record(Side side, const char *record) {
  StoreCall set = { .op = STORE_SET,
                    .key = STR("token/wxtest/access_token/value"),
                    .value = str_of(record) };
  StoreReply *reply = store_call_wait(side.store, &set, NULL);
  assert_true(reply->ok);
  store_reply_free(reply);
}

static void keep_token(Side side, const char *value, int64_t expires_at) {
  char record[200];
  snprintf(record, sizeof(record), "{\"value\":\"%s\",\"expires_at\":%lld,\"lifetime\":7200}",
           value, (long long)expires_at);
  keep_record(side, record);
}

static void test_a_clock_that_jumped_makes_nobody_believe_in_more_than_a_lifetime(void **state) {
  Box box;
  Side side = open_fresh();
  keep_token(side, "FUTURE", clock_unix_s() + 100000);  // the clock was set back since
  get_token(side, (Str){ 0 }, &box);
  assert_string_equal(box.token, "FUTURE");
  assert_in_range(tokens_left_s(api_tokens(side.api), TOKEN_ACCESS), 7100, 7200);
  close_side(side);
  side = open_fresh();
  keep_token(side, "PAST", clock_unix_s() - 100000);  // it was set forward
  get_token(side, (Str){ 0 }, &box);
  assert_string_not_equal(box.token, "PAST");
  assert_int_equal(platform.fetches, 1);
  // In this process the token lives by the monotonic clock, whatever the store says now.
  keep_token(side, "PAST", clock_unix_s() - 100000);
  get_token(side, (Str){ 0 }, &box);
  assert_int_equal(platform.fetches, 1);
  close_side(side);
}

static void test_what_the_store_holds_may_be_rubbish(void **state) {
  static const char *const records[] = { "{\"value\":1,", "[]",
                                         "{\"value\":1,\"expires_at\":2,\"lifetime\":3}", "" };
  for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++) {
    Box box;
    Side side = open_fresh();
    keep_record(side, records[i]);
    get_token(side, (Str){ 0 }, &box);
    assert_int_equal(platform.fetches, 1);
    assert_int_equal(box.good, 1);
    close_side(side);
  }
}

static void
test_without_a_store_the_stable_endpoint_still_gives_tokens_and_the_classic_one_does_not(
    void **state) {
  reset_platform();
  Side side = open_side("redis://127.0.0.1:1", (ApiOptions){ 0 });
  ends(side, to("/echo"), API_OK, 0, NULL);
  ends(side, to("/echo"), API_OK, 0, NULL);
  assert_int_equal(platform.fetches, 1);
  platform.errcode = 40164;
  platform.number++;
  for (int i = 0; i < 5; i++) ends(side, to("/echo"), API_REFUSED, 40164, NULL);
  assert_int_equal(platform.fetches, 2);
  close_side(side);
  reset_platform();
  side = open_side("redis://127.0.0.1:1", (ApiOptions){ .classic_token = true });
  ends(side, to("/echo"), API_NETWORK, 0, "Redis at 127.0.0.1:1");
  assert_int_equal(platform.fetches, 0);
  close_side(side);
}

static void test_an_expired_token_that_an_imported_one_replaces_is_freed(void **state) {
  reset_platform();
  ApiOptions options = { .access_token = { STR("IMPORTED"), clock_unix_s() + 4000 } };
  Side side = open_side("redis://127.0.0.1:1", options);
  Box box = BOX(1);
  platform.lifetime_s = 1;
  tokens_grant(api_tokens(side.api), TOKEN_ACCESS, true, put, &box);
  wait_box(&box);
  api_result_free(box.result);
  usleep(1100000);
  get_token(side, (Str){ 0 }, &box);
  assert_string_equal(box.token, "IMPORTED");
  close_side(side);  // the leak sanitizer looks at the rest
}

static void test_a_lifetime_may_be_written_in_several_ways(void **state) {
  static const struct {
    const char *written;
    int64_t least, most;
  } cases[] = {
    { "7200", 7190, 7200 },          { "\"7200\"", 7190, 7200 },
    { "7200.0", 7190, 7200 },        { "\" 7200.9 \"", 7190, 7200 },
    { "1e300", 31535990, 31536000 }, { "9223372036854775807", 31535990, 31536000 },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Side side = open_fresh();
    Box box;
    platform.expires_in = cases[i].written;
    get_token(side, (Str){ 0 }, &box);
    if (!box.good) fail_msg("%s is not taken", cases[i].written);
    assert_in_range(tokens_left_s(api_tokens(side.api), TOKEN_ACCESS), cases[i].least,
                    cases[i].most);
    close_side(side);
  }
}

static void test_what_is_no_lifetime_gives_no_token(void **state) {
  static const char *const cases[] = { "0", "-7200", "0.5", "\"soon\"", "\"\"", "null", "[7200]" };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Side side = open_fresh();
    platform.expires_in = cases[i];
    ends(side, to("/echo"), API_JSON, 0, "positive expires_in");
    close_side(side);
  }
}

int main(int argc, char **argv) {
  if (argc == 4) return be_a_process(argv);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_force_refresh_is_used_only_when_the_refused_token_came_again),
    cmocka_unit_test(test_a_refusal_that_will_not_pass_is_remembered_but_a_grant_asks_all_the_same),
    cmocka_unit_test(test_other_failures_of_the_fetch_are_not_remembered),
    cmocka_unit_test(test_four_processes_on_one_store_make_one_request),
    cmocka_unit_test(test_a_process_that_died_while_fetching_holds_others_up_only_for_its_lease),
    cmocka_unit_test(test_a_clock_that_jumped_makes_nobody_believe_in_more_than_a_lifetime),
    cmocka_unit_test(test_what_the_store_holds_may_be_rubbish),
    cmocka_unit_test(
        test_without_a_store_the_stable_endpoint_still_gives_tokens_and_the_classic_one_does_not),
    cmocka_unit_test(test_an_expired_token_that_an_imported_one_replaces_is_freed),
    cmocka_unit_test(test_a_lifetime_may_be_written_in_several_ways),
    cmocka_unit_test(test_what_is_no_lifetime_gives_no_token),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
