// api/call: one call against a platform that behaves, and one that does not.
#include "api_side.h"

#include <fcntl.h>
#include <sys/resource.h>

static void test_a_call_carries_token_query_and_body(void **state) {
  Side side = open_fresh();
  Pair lang = { STR("lang"), STR("中 a&b"), NULL };
  Pairs query = { &lang, &lang, 1 };
  ApiRequest request = to("/echo");
  request.verb = API_POST;
  request.query = &query;
  request.body = STR("{\"a\":\"月\"}");
  request.has_body = true;
  ends(side, request, API_OK, 0, NULL);
  assert_non_null(strstr(platform.last, "POST /echo?access_token=T"));
  assert_non_null(strstr(platform.last, "&lang=%E4%B8%AD%20a%26b"));
  assert_non_null(strstr(platform.last, "Content-Type: application/json"));
  assert_non_null(strstr(platform.last, "\n{\"a\":\"月\"}"));
  close_side(side);
}

static void test_a_call_without_a_token_fetches_none(void **state) {
  Side side = open_fresh();
  ApiRequest request = to("/free");
  request.token = (Str){ 0 };
  ends(side, request, API_OK, 0, NULL);
  assert_int_equal(platform.fetches, 0);
  close_side(side);
}

static void test_each_failure_has_its_kind(void **state) {
  Side side = open_fresh();
  ends(side, to("/html"), API_JSON, 0, "no JSON");
  ends(side, to("/500"), API_HTTP, 0, "HTTP status 500");
  ends(side, to("/redirect"), API_HTTP, 0, "302");
  ends(side, to("/half"), API_NETWORK, 0, NULL);
  ApiRequest silent = to("/silence");
  silent.timeout_ms = 300;
  ends(side, silent, API_TIMEOUT, 0, NULL);
  ends(side, to("/unknown"), API_REFUSED, 99999, "never heard of");
  ends(side, to("/text-code"), API_REFUSED, 45009, "x");
  ApiResult *result = run(side, to("/unknown"));
  assert_string_equal(result->rid, "60f-7");
  api_result_free(result);
  close_side(side);
}

static void test_the_platform_s_broken_json_is_taken(void **state) {
  Side side = open_fresh();
  ApiResult *result = run(side, to("/dirty"));
  assert_int_equal(result->kind, API_OK);
  assert_int_equal(json_kind(json_get(json_root(result->json), STR("nickname"))), JSON_STRING);
  api_result_free(result);
  close_side(side);
}

static void test_a_download_is_bytes_or_json_or_an_error_whatever_its_type_says(void **state) {
  Side side = open_fresh();
  ApiRequest request = to("/picture");
  request.verb = API_DOWNLOAD;
  ApiResult *result = run(side, request);
  assert_int_equal(result->kind, API_OK);
  assert_int_equal(result->body->size, 3);
  assert_string_equal(result->filename.ptr, "a 1.jpg");
  assert_string_equal(result->content_type.ptr, "image/jpeg");
  api_result_free(result);
  request.path = STR("/video");
  result = run(side, request);
  assert_null(result->body);
  assert_non_null(json_get(json_root(result->json), STR("video_url")));
  api_result_free(result);
  request.path = STR("/no-picture");
  ends(side, request, API_REFUSED, 40007, "invalid media_id");
  close_side(side);
}

static void test_a_busy_platform_is_asked_again_twice_but_not_for_sends(void **state) {
  Side side = open_fresh();
  ends(side, to("/echo"), API_OK, 0, NULL);
  platform.calls = 0;
  platform.busy_left = 2;
  int64_t begin = clock_now_ms();
  ends(side, to("/busy"), API_OK, 0, NULL);
  assert_in_range(clock_now_ms() - begin, 300, 5000);
  assert_int_equal(platform.calls, 3);
  platform.busy_left = 9;
  ends(side, to("/busy"), API_REFUSED, -1, NULL);
  assert_int_equal(platform.calls, 6);
  ApiRequest request = to("/busy");
  request.send = true;
  ends(side, request, API_REFUSED, -1, NULL);
  assert_int_equal(platform.calls, 7);
  close_side(side);
}

static void test_a_file_is_uploaded_again_after_a_renewal(void **state) {
  Side side = open_fresh();
  ends(side, to("/echo"), API_OK, 0, NULL);
  platform.number++;
  char path[] = "/tmp/wemoon-upload-XXXXXX";
  int fd = mkstemp(path);
  assert_int_equal(write(fd, "bytes of a file", 15), 15);
  lseek(fd, 0, SEEK_SET);
  ClientPart part = { .name = STR("media"), .filename = STR("图.jpg"), .fd = fd };
  ApiRequest request = to("/echo");
  request.verb = API_UPLOAD;
  request.parts = &part;
  platform.calls = 0;
  ends(side, request, API_OK, 0, NULL);
  assert_int_equal(platform.calls, 2);
  assert_non_null(strstr(platform.last, "bytes of a file"));
  assert_non_null(strstr(platform.last, "filename=\"图.jpg\""));
  close(fd);
  unlink(path);
  close_side(side);
}

static void test_a_call_is_sent_again_once_and_no_more(void **state) {
  Side side = open_fresh();
  ends(side, to("/never"), API_REFUSED, 40001, "invalid credential");
  assert_int_equal(platform.calls, 2);
  assert_int_equal(platform.fetches, 2);
  close_side(side);
}

static void test_a_large_answer_is_parsed_as_a_small_one_is(void **state) {
  Side side = open_fresh();
  ApiResult *result = run(side, to("/large"));
  assert_int_equal(result->kind, API_OK);
  assert_int_equal(json_count(json_get(json_root(result->json), STR("openid"))), LARGE_COUNT);
  api_result_free(result);
  ends(side, to("/large-broken"), API_JSON, 0, "no JSON");
  close_side(side);
}

static void test_a_send_that_breaks_off_is_unknown_and_not_made_again(void **state) {
  Side side = open_fresh();
  ends(side, to("/echo"), API_OK, 0, NULL);
  platform.calls = 0;
  ApiRequest request = to("/drop");
  request.verb = API_POST;
  request.send = true;
  ends(side, request, API_UNKNOWN, 0, "not known");
  assert_int_equal(platform.calls, 1);
  request.send = false;
  ends(side, to("/echo"), API_OK, 0, NULL);
  platform.calls = 0;
  ends(side, request, API_NETWORK, 0, NULL);
  assert_int_equal(platform.calls, 2);
  close_side(side);
}

static void test_what_the_platform_quotes_of_secrets_is_masked(void **state) {
  Side side = open_fresh();
  ends(side, to("/quote"), API_REFUSED, 40097, "you sent hunt…(14)");
  close_side(side);
}

enum { HUGE_ANSWERS = 4, LOOK_MS = 2, HELD_US_MAX = 100 * 1000 };

typedef struct {
  Loop *loop;
  LoopTimer *timer;
  int64_t looked_us, held_us;
  ApiResult *results[HUGE_ANSWERS];
  int count;
  atomic_bool over;
} Huge;

static int64_t thread_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

// How long the loop has worked since it last came here, which all else on it waited for. In CPU time, so that a busy
// machine fails nothing.
static void look(void *ctx) {
  Huge *huge = ctx;
  int64_t now_us = thread_us(), held_us = now_us - huge->looked_us;
  if (huge->looked_us && held_us > huge->held_us) huge->held_us = held_us;
  huge->looked_us = now_us;
}

static void begin_to_look(void *ctx) {
  Huge *huge = ctx;
  huge->timer = loop_timer(huge->loop, LOOK_MS, LOOK_MS, look, huge);
}

static void take_huge(void *ctx, ApiResult *result) {
  Huge *huge = ctx;
  huge->results[huge->count++] = result;
  if (huge->count < HUGE_ANSWERS) return;
  look(huge);
  loop_timer_stop(huge->timer);
  atomic_store(&huge->over, true);
}

static void test_answers_of_17_mb_hold_the_loop_for_no_tenth_of_a_second(void **state) {
  Side side = open_fresh();
  Huge huge = { .loop = side.loop };
  loop_post(side.loop, begin_to_look, &huge);
  for (int i = 0; i < HUGE_ANSWERS; i++)
    assert_true(begin_call(side, to("/huge"), take_huge, &huge));
  for (int i = 0; i < 6000 && !atomic_load(&huge.over); i++) usleep(10000);
  assert_true(atomic_load(&huge.over));
  for (int i = 0; i < HUGE_ANSWERS; i++) {
    const ApiResult *result = huge.results[i];
    assert_int_equal(result->kind, API_OK);
    assert_true(json_count(json_get(json_root(result->json), STR("list"))) > 80000);
    api_result_free(huge.results[i]);
  }
  print_message("the loop was held for at most %.1f ms\n", (double)huge.held_us / 1000);
  assert_in_range(huge.held_us, 1, HELD_US_MAX);
  close_side(side);
}

static int64_t highest_kb(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

// "[1,1,1,..." of 8 MB would take a gigabyte, and one of 64 MB eight.
static void test_an_answer_of_too_many_values_is_refused_before_it_is_parsed(void **state) {
  Side side = open_fresh();
  int64_t before_kb = highest_kb();
  ApiResult *result = run(side, to("/many"));
  assert_int_equal(result->kind, API_HTTP);
  assert_non_null(strstr(result->errmsg.ptr, "127.0.0.1:"));
  assert_non_null(
      strstr(result->errmsg.ptr, "the answer of 8388609 bytes cannot be read as JSON: "));
  assert_non_null(strstr(result->errmsg.ptr, "all that are held at once may take 512 MB together"));
  assert_int_equal(result->json_counted, 0);
  assert_true(highest_kb() - before_kb < 100 << 10);
  api_result_free(result);
  close_side(side);
}

static void close_fd(void *fd) { close((int)(intptr_t)fd); }

static void test_a_call_frees_its_arena_and_what_hangs_on_it(void **state) {
  Side side = open_fresh();
  int ends_of[2];
  assert_int_equal(pipe(ends_of), 0);
  Arena *arena = arena_new();
  arena_on_free(arena, close_fd, (void *)(intptr_t)ends_of[1]);
  ApiRequest request = to("/echo");
  request.path = arena_dup(arena, request.path);
  Box box = BOX(1);
  assert_true(api_call(side.api, arena, &request, put, &box));
  wait_box(&box);
  api_result_free(box.result);
  char byte;
  assert_int_equal(read(ends_of[0], &byte, 1), 0);  // the other end is closed
  close(ends_of[0]);
  close_side(side);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_call_carries_token_query_and_body),
    cmocka_unit_test(test_a_call_without_a_token_fetches_none),
    cmocka_unit_test(test_each_failure_has_its_kind),
    cmocka_unit_test(test_the_platform_s_broken_json_is_taken),
    cmocka_unit_test(test_a_download_is_bytes_or_json_or_an_error_whatever_its_type_says),
    cmocka_unit_test(test_a_busy_platform_is_asked_again_twice_but_not_for_sends),
    cmocka_unit_test(test_a_file_is_uploaded_again_after_a_renewal),
    cmocka_unit_test(test_a_call_is_sent_again_once_and_no_more),
    cmocka_unit_test(test_a_large_answer_is_parsed_as_a_small_one_is),
    cmocka_unit_test(test_answers_of_17_mb_hold_the_loop_for_no_tenth_of_a_second),
    cmocka_unit_test(test_an_answer_of_too_many_values_is_refused_before_it_is_parsed),
    cmocka_unit_test(test_a_send_that_breaks_off_is_unknown_and_not_made_again),
    cmocka_unit_test(test_what_the_platform_quotes_of_secrets_is_masked),
    cmocka_unit_test(test_a_call_frees_its_arena_and_what_hangs_on_it),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
