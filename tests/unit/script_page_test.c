// Pages, each in its own task: the function's argument, and the handling of its results.
#include "script_world.h"

#include "script/page.h"

static Arena *arena;
static PageAnswer answer;
static TaskState done_state;
static atomic_int dones, overs;

static int set_up(void **state) {
  arena = arena_new();
  dones = overs = 0;
  return world_open(state);
}

static int tear_down(void **state) {
  arena_free(arena);
  return world_close(state);
}

static void on_done(void *owner, TaskState state, const PageAnswer *given) {
  answer = *given;
  done_state = state;
  dones++;
}

static void on_over(void *owner) { overs++; }

static void load_page(const char *body) {
  char code[1024];
  snprintf(code, sizeof code,
           "wechat.route('GET', '/page', function(req) %s end)\nfunction on_message() end", body);
  load(code);
}

static TaskState request_with(const Pairs *headers) {
  PageRequest request = { .method = STR("GET"),
                          .path = STR("/page"),
                          .query = STR("a=1"),
                          .body = STR("text"),
                          .remote = STR("::1") };
  Pair list[4];
  for (const Pair *pair = headers ? headers->first : NULL; pair; pair = pair->next)
    list[request.header_count++] = *pair;
  request.headers = list;
  PageTask page = { .request = &request, .arena = arena, .done = on_done, .over = on_over };
  answer = (PageAnswer){ 0 };
  return interpreter_run_page(world.in, &page, INT64_MAX, &answer);
}

static void assert_body(const char *wanted) {
  if (!str_eq(answer.body, str_of(wanted)))
    fail_msg("'%.*s', not '%s'", STR_FMT(answer.body), wanted);
}

static void test_the_function_gets_what_was_sent(void **state) {
  load_page("return 200, 'text/plain', '', table.concat({ req.method, req.path, req.query, "
            "req.body, req.remote }, ' ')");
  assert_int_equal(request_with(NULL), TASK_RETURNED);
  assert_body("GET /page a=1 text ::1");
}

static void test_headers_of_one_name_are_joined(void **state) {
  Pairs headers = { 0 };
  pairs_add(&headers, arena, STR("X-Two"), STR("a"));
  pairs_add(&headers, arena, STR("Cookie"), STR("c=1"));
  pairs_add(&headers, arena, STR("x-two"), STR("b"));
  pairs_add(&headers, arena, STR("cookie"), STR("d=2"));
  load_page("return 200, 't', '', req.headers['x-two'] .. '|' .. req.headers.cookie");
  assert_int_equal(request_with(&headers), TASK_RETURNED);
  assert_body("a, b|c=1; d=2");
}

static void test_status_type_and_headers_are_the_functions(void **state) {
  load_page("return 404, 'text/html', 'X-A: b\\r\\n', ''");
  assert_int_equal(request_with(NULL), TASK_RETURNED);
  assert_int_equal(answer.status, 404);
  assert_string_equal(answer.type.ptr, "text/html");
  assert_string_equal(answer.headers.ptr, "X-A: b\r\n");
  assert_null(answer.stream);
}

static void test_a_page_that_waits_answers_through_its_owner(void **state) {
  load_page("wechat.sleep(0.01) return 200, 't', '', 'awake'");
  assert_int_equal(request_with(NULL), TASK_WAITING);
  for (int i = 0; i < 400 && overs == 0; i++) usleep(5000);
  assert_int_equal(dones, 1);
  assert_int_equal(overs, 1);
  assert_int_equal(done_state, TASK_RETURNED);
  assert_body("awake");
}

static void test_a_page_that_fails_is_logged_and_has_no_answer(void **state) {
  load_page("error('no')");
  assert_int_equal(request_with(NULL), TASK_FAILED);
  assert_int_equal(answer.status, 0);
  assert_logged("a page failed");
}

static void test_a_stream_goes_on_behind_the_body(void **state) {
  Buf bytes;
  buf_init(&bytes);
  load_page("local s = wechat.stream() s:send('more') s:close() return 200, 't', '', 'first', s");
  assert_int_equal(request_with(NULL), TASK_RETURNED);
  assert_body("first");
  assert_non_null(answer.stream);
  assert_int_equal(stream_take(answer.stream, &bytes, NULL, NULL), STREAM_SENT);
  assert_string_equal(bytes.ptr, "more");
  stream_leave(answer.stream);
  buf_clear(&bytes);
}

static void test_a_page_that_is_gone_has_status_zero(void **state) {
  load("function on_message() end");
  assert_int_equal(request_with(NULL), TASK_RETURNED);
  assert_int_equal(answer.status, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_the_function_gets_what_was_sent),
    TEST(test_headers_of_one_name_are_joined),
    TEST(test_status_type_and_headers_are_the_functions),
    TEST(test_a_page_that_waits_answers_through_its_owner),
    TEST(test_a_page_that_fails_is_logged_and_has_no_answer),
    TEST(test_a_stream_goes_on_behind_the_body),
    TEST(test_a_page_that_is_gone_has_status_zero),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
