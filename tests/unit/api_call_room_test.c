// api/call: answers that are read have one limit, and those that find no room wait for it.
#include "api_side.h"

#include "api/call.h"
#include "net/answer_bytes.h"

enum { LOOK_MS = 2 };

// What other answers hold, and how many answers wait for room.
enum { SPARE_PARTS = ANSWER_JSON_SPARE / ANSWER_JSON_SMALL };
typedef struct {
  size_t large, small[SPARE_PARTS];
} Others;

// All but `left` bytes of what small ones may hold.
static Others hold_all_but(size_t left) {
  Others others = { 0 };
  assert_true(answer_json_hold(&others.large, ANSWER_JSON_MAX));
  for (int i = 0; i < SPARE_PARTS; i++)
    assert_true(answer_json_hold(&others.small[i], ANSWER_JSON_SMALL - (i ? 0 : left)));
  return others;
}

static void give_back(Others *others) {
  assert_true(answer_json_hold(&others->large, 0));
  for (int i = 0; i < SPARE_PARTS; i++) assert_true(answer_json_hold(&others->small[i], 0));
}

static void assert_nothing_is_held(void) {
  Others others = hold_all_but(0);
  give_back(&others);
}

static ApiRequest for_ms(const char *path, int64_t timeout_ms) {
  ApiRequest request = to(path);
  request.timeout_ms = timeout_ms;
  return request;
}

// Whose calls wait for as long as a busy machine takes.
static Side open_patient(void) {
  reset_platform();
  return open_side("memory:", (ApiOptions){ .timeout_ms = 120 * 1000 });
}

typedef struct {
  Api *api;
  atomic_int count;
} Waiting;

static void count_waiting(void *ctx) {
  Waiting *waiting = ctx;
  atomic_store(&waiting->count, (int)waiting->api->waiting);
}

static void wait_for_waiting(Side side, int count) {
  Waiting waiting = { side.api, -1 };
  for (int i = 0; i < 6000 && atomic_load(&waiting.count) != count; i++) {
    LoopCall call;
    atomic_store(&waiting.count, -1);
    loop_call(side.loop, &call, count_waiting, &waiting);
    while (atomic_load(&waiting.count) < 0) usleep(1000);
    usleep(1000);
  }
  assert_int_equal(atomic_load(&waiting.count), count);
}

static void test_answers_that_are_read_have_one_limit_until_their_results_are_freed(void **state) {
  Side side = open_fresh();
  Others others = { 0 };
  ApiResult *result = run(side, to("/large"));
  assert_int_equal(result->kind, API_OK);
  assert_in_range(result->json_counted, 2 << 20, 8 << 20);
  assert_false(answer_json_hold(&others.large, ANSWER_JSON_MAX));
  api_result_free(result);
  ends(side, to("/large-broken"), API_JSON, 0, "no JSON");
  assert_nothing_is_held();
  close_side(side);
}

static void
test_an_answer_that_finds_no_room_waits_for_it_and_no_small_one_behind_it(void **state) {
  Side side = open_patient();
  size_t others = 0;
  Box box = BOX(2);
  assert_true(answer_json_hold(&others, ANSWER_JSON_MAX - (1 << 20)));
  begin_call(side, to("/large"), put, &box);
  begin_call(side, to("/large"), put, &box);
  wait_for_waiting(side, 2);
  ends(side, to("/echo"), API_OK, 0, NULL);
  wait_for_waiting(side, 2);
  assert_true(answer_json_hold(&others, 0));
  wait_box(&box);
  assert_int_equal(box.good, 2);
  assert_int_equal(json_count(json_get(json_root(box.result->json), STR("openid"))), LARGE_COUNT);
  api_result_free(box.result);
  wait_for_waiting(side, 0);
  assert_nothing_is_held();
  close_side(side);
}

static void test_one_that_needs_less_room_passes_one_that_needs_more(void **state) {
  Side side = open_patient();
  size_t others = 0;
  Box huge = BOX(1), large = BOX(1);
  assert_true(answer_json_hold(&others, ANSWER_JSON_MAX - (20 << 20)));
  begin_call(side, to("/huge"), put, &huge);
  wait_for_waiting(side, 1);
  begin_call(side, to("/large"), put, &large);
  wait_box(&large);
  assert_int_equal(large.good, 1);
  api_result_free(large.result);
  wait_for_waiting(side, 1);
  assert_true(answer_json_hold(&others, 0));
  wait_box(&huge);
  assert_int_equal(huge.good, 1);
  api_result_free(huge.result);
  close_side(side);
}

// The platform has done what a send asked for.
static void test_it_waits_no_longer_than_the_call_may_take(void **state) {
  Side side = open_fresh();
  size_t others = 0;
  ApiRequest requests[] = { for_ms("/large", 3000), for_ms("/large-broken", 3000),
                            for_ms("/large", 3000) };
  Box boxes[] = { BOX(1), BOX(1), BOX(1) };
  requests[2].send = true;
  ends(side, to("/echo"), API_OK, 0, NULL);  // there is a token now
  assert_true(answer_json_hold(&others, ANSWER_JSON_MAX));
  for (int i = 0; i < 3; i++) begin_call(side, requests[i], put, &boxes[i]);
  for (int i = 0; i < 3; i++) {
    wait_box(&boxes[i]);
    assert_int_equal(boxes[i].result->kind, requests[i].send ? API_UNKNOWN : API_TIMEOUT);
    assert_non_null(strstr(boxes[i].result->errmsg.ptr, "waited too long for room"));
    assert_non_null(strstr(boxes[i].result->errmsg.ptr, "may take 512 MB together"));
    api_result_free(boxes[i].result);
  }
  assert_true(answer_json_hold(&others, 0));
  assert_nothing_is_held();
  close_side(side);
}

static void do_nothing(void *ctx) {}

// Until look_again, no answer that waits finds room.
static void look_no_more(void *ctx) {
  Api *api = ctx;
  loop_timer_stop(api->look);
  api->look = loop_timer(client_loop(api->options.client), LOOK_MS, LOOK_MS, do_nothing, NULL);
}

// From the next answer that waits on.
static void look_again(void *ctx) {
  Api *api = ctx;
  loop_timer_stop(api->look);
  api->look = NULL;
}

static void test_no_newer_answer_takes_the_room_that_one_waits_for(void **state) {
  Side side = open_patient();
  size_t others = 0;
  Box huge = BOX(3);
  assert_true(answer_json_hold(&others, ANSWER_JSON_MAX - (20 << 20)));
  begin_call(side, to("/huge"), put, &huge);
  wait_for_waiting(side, 1);
  loop_post(side.loop, look_no_more, side.api);
  wait_for_waiting(side, 1);
  assert_true(answer_json_hold(&others, 0));
  begin_call(side, to("/huge"), put, &huge);
  wait_for_waiting(side, 2);
  ends(side, to("/large"), API_OK, 0, NULL);  // needs less
  loop_post(side.loop, look_again, side.api);
  begin_call(side, to("/huge"), put, &huge);
  wait_box(&huge);
  assert_int_equal(huge.good, 3);
  api_result_free(huge.result);
  wait_for_waiting(side, 0);
  ends(side, to("/huge"), API_OK, 0, NULL);
  assert_nothing_is_held();
  close_side(side);
}

// While so many wait, the texts of other answers find room.
static void test_of_the_texts_of_all_answers_half_may_wait(void **state) {
  enum { FIT = CALLS_WAITING_BYTES_MAX / (HUGE_SIZE + 1000) };
  Side side = open_patient();
  size_t others = 0;
  Box box = BOX(FIT);
  assert_true(answer_json_hold(&others, ANSWER_JSON_MAX));
  for (int i = 0; i < FIT; i++) begin_call(side, to("/huge"), put, &box);
  wait_for_waiting(side, FIT);
  ends(side, for_ms("/huge", 30000), API_HTTP, 0,
       "cannot wait for room to be read as JSON, because too many");
  assert_true(answer_json_hold(&others, 0));
  wait_box(&box);
  assert_int_equal(box.good, FIT);
  api_result_free(box.result);
  assert_nothing_is_held();
  close_side(side);
}

static void test_no_more_than_so_many_wait(void **state) {
  Side side = open_patient();
  Box box = BOX(CALLS_WAITING_MAX);
  ends(side, to("/echo"), API_OK, 0, NULL);  // there is a token now
  Others others = hold_all_but(0);
  for (int i = 0; i < CALLS_WAITING_MAX; i++) begin_call(side, to("/echo"), put, &box);
  wait_for_waiting(side, CALLS_WAITING_MAX);
  ends(side, for_ms("/echo", 30000), API_HTTP, 0, "because too many do");
  give_back(&others);
  wait_box(&box);
  assert_int_equal(box.good, CALLS_WAITING_MAX);
  api_result_free(box.result);
  assert_nothing_is_held();
  close_side(side);
}

static void test_it_ends_when_its_call_is_cancelled_and_when_the_api_is_freed(void **state) {
  Side side = open_patient();
  size_t others = 0;
  Box one = BOX(1), two = BOX(2);
  assert_true(answer_json_hold(&others, ANSWER_JSON_MAX));
  begin_call(side, to("/large"), put, &two);
  uint64_t id = begin_call(side, to("/large"), put, &one);
  begin_call(side, to("/large"), put, &two);
  wait_for_waiting(side, 3);
  api_cancel(side.api, id);
  wait_box(&one);
  assert_int_equal(one.result->kind, API_CANCELLED);
  api_result_free(one.result);
  wait_for_waiting(side, 2);
  close_side(side);
  assert_int_equal(two.bad, 2);
  assert_int_equal(two.result->kind, API_CANCELLED);
  api_result_free(two.result);
  assert_true(answer_json_hold(&others, 0));
  assert_nothing_is_held();
}

// Where the worst of its length would be too much it is looked through, and what it takes is not.
static void test_small_answers_count_too(void **state) {
  Str text = STR("{\"errcode\":0,\"errmsg\":\"ok\"}");  // of /echo
  size_t cost = json_cost(text) + json_copy_most(text.len);
  Side side = open_fresh();
  ends(side, to("/echo"), API_OK, 0, NULL);  // there is a token now
  Others others = hold_all_but(cost);
  ApiResult *result = run(side, to("/echo"));
  assert_int_equal(result->kind, API_OK);
  assert_in_range(result->json_counted, 1, cost);
  api_result_free(result);
  give_back(&others);
  others = hold_all_but(cost - 1);
  ends(side, for_ms("/echo", 3000), API_TIMEOUT, 0, "may take 512 MB together");
  Box box = BOX(1);
  begin_call(side, to("/echo"), put, &box);
  wait_for_waiting(side, 1);
  give_back(&others);
  wait_box(&box);
  assert_int_equal(box.good, 1);
  api_result_free(box.result);
  assert_nothing_is_held();
  close_side(side);
}

// At the worst of its length each would hold a megabyte.
static void test_small_answers_that_are_parsed_hold_what_they_take(void **state) {
  enum { RESULTS = 600 };
  ApiResult *results[RESULTS];
  Side side = open_fresh();
  for (int i = 0; i < RESULTS; i++) {
    results[i] = run(side, to("/list"));
    if (results[i]->kind != API_OK) fail_msg("result %d: %s", i, results[i]->errmsg.ptr);
    assert_in_range(results[i]->json_counted, LIST_COUNT * 16, 256 << 10);
  }
  for (int i = 0; i < RESULTS; i++) api_result_free(results[i]);
  close_side(side);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_answers_that_are_read_have_one_limit_until_their_results_are_freed),
    cmocka_unit_test(test_an_answer_that_finds_no_room_waits_for_it_and_no_small_one_behind_it),
    cmocka_unit_test(test_one_that_needs_less_room_passes_one_that_needs_more),
    cmocka_unit_test(test_it_waits_no_longer_than_the_call_may_take),
    cmocka_unit_test(test_no_newer_answer_takes_the_room_that_one_waits_for),
    cmocka_unit_test(test_of_the_texts_of_all_answers_half_may_wait),
    cmocka_unit_test(test_no_more_than_so_many_wait),
    cmocka_unit_test(test_it_ends_when_its_call_is_cancelled_and_when_the_api_is_freed),
    cmocka_unit_test(test_small_answers_count_too),
    cmocka_unit_test(test_small_answers_that_are_parsed_hold_what_they_take),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
