// wechat.route: the bot's own pages, found by method and path.
#include "host_world.h"

#include "script/page.h"

static PageMatch find(const char *method, const char *path, char allow[64]) {
  return interpreter_find_page(world.in, str_of(method), str_of(path), allow, 64);
}

static void test_a_page_is_found_by_method_and_path_byte_for_byte(void **state) {
  char allow[64];
  load("wechat.route('GET', '/hello', function() return 'hi' end) function on_message() end");
  assert_int_equal(find("GET", "/hello", allow), PAGE_FOUND);
  assert_int_equal(find("GET", "/hello/", allow), PAGE_NONE);
  assert_int_equal(find("GET", "/Hello", allow), PAGE_NONE);
  assert_int_equal(find("POST", "/hello", allow), PAGE_OTHER_METHOD);
  assert_non_null(strstr(allow, "GET"));
}

static void test_its_answer_is_what_the_function_returns(void **state) {
  load("wechat.route('GET', '/hello', function(req) return 'hi ' .. req.query.name end) function "
       "on_message() end");
  Arena *arena = arena_new();
  PageRequest request = { .method = STR("GET"),
                          .path = STR("/hello"),
                          .query = STR("name=moon"),
                          .body = STR(""),
                          .remote = STR("::1") };
  PageTask task = { .request = &request, .arena = arena };
  PageAnswer answer;
  assert_int_equal(interpreter_run_page(world.in, &task, INT64_MAX, &answer), TASK_RETURNED);
  assert_int_equal(answer.status, 200);
  assert_true(str_eq(answer.body, STR("hi moon")));
  arena_free(arena);
}

static void test_misuse_names_the_argument(void **state) {
  assert_false(try_load("wechat.route('GET', 'hello', function() end)"));
  assert_non_null(strstr(world.err.text, "path"));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_page_is_found_by_method_and_path_byte_for_byte),
    TEST(test_its_answer_is_what_the_function_returns),
    TEST(test_misuse_names_the_argument),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
