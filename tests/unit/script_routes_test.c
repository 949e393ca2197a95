// Finds the page for a request.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "script/routes.h"

typedef struct {
  PageMatch match;
  int function;  // 0: none
  char allow[40];
} Found;

static Found find(Routes *routes, const char *method, const char *path) {
  Found found = { .allow = "untouched" };
  found.match = routes_find(routes, str_of(method), str_of(path), &found.function, found.allow,
                            sizeof found.allow);
  return found;
}

static void add(Routes *routes, const char *method, const char *path, int function) {
  int replaced = -1;
  assert_true(routes_add(routes, str_of(method), str_of(path), function, &replaced));
  assert_int_equal(replaced, -1);
}

static int set_up(void **state) {
  *state = routes_new();
  return *state ? 0 : -1;
}

static int tear_down(void **state) {
  routes_free(*state);
  return 0;
}

static void test_a_page_is_found_by_its_very_path(void **state) {
  Routes *routes = *state;
  add(routes, "GET", "/a", 1);
  add(routes, "GET", "/a/b", 2);
  assert_int_equal(find(routes, "GET", "/a").function, 1);
  assert_int_equal(find(routes, "GET", "/a/b").function, 2);
  const char *others[] = { "", "/", "/A", "/a/", "/a/b/", "a", "/aa" };
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    Found found = find(routes, "GET", others[i]);
    assert_int_equal(found.match, PAGE_NONE);
    assert_int_equal(found.function, 0);
  }
}

static void test_the_method_itself_comes_before_all_methods(void **state) {
  Routes *routes = *state;
  add(routes, "*", "/a", 1);
  add(routes, "POST", "/a", 2);
  assert_int_equal(find(routes, "POST", "/a").function, 2);
  assert_int_equal(find(routes, "PUT", "/a").function, 1);
  assert_int_equal(find(routes, "post", "/a").function, 1);
}

static void test_head_is_for_its_own_page_then_for_that_of_get_then_for_that_of_all(void **state) {
  Routes *routes = *state;
  add(routes, "*", "/a", 1);
  assert_int_equal(find(routes, "HEAD", "/a").function, 1);
  add(routes, "GET", "/a", 2);
  assert_int_equal(find(routes, "HEAD", "/a").function, 2);
  add(routes, "HEAD", "/a", 3);
  assert_int_equal(find(routes, "HEAD", "/a").function, 3);
  assert_int_equal(find(routes, "GET", "/a").function, 2);
}

static void test_the_page_of_all_paths_serves_what_has_none_of_its_own(void **state) {
  Routes *routes = *state;
  add(routes, "GET", "/a", 1);
  assert_int_equal(find(routes, "GET", "/b").match, PAGE_NONE);
  add(routes, "*", "*", 2);
  assert_int_equal(find(routes, "GET", "/a").function, 1);
  assert_int_equal(find(routes, "POST", "/a").function, 2);
  assert_int_equal(find(routes, "HEAD", "/b").function, 2);
}

static void test_another_method_is_told_which_there_are(void **state) {
  Routes *routes = *state;
  add(routes, "POST", "/a", 1);
  add(routes, "GET", "/a", 2);
  add(routes, "PUT", "/b", 3);
  Found found = find(routes, "DELETE", "/a");
  assert_int_equal(found.match, PAGE_OTHER_METHOD);
  assert_string_equal(found.allow, "POST, GET, HEAD");
  assert_string_equal(find(routes, "GET", "/b").allow, "PUT");
  add(routes, "HEAD", "/a", 4);
  assert_string_equal(find(routes, "DELETE", "/a").allow, "POST, GET, HEAD");
  assert_int_equal(routes_find(routes, STR("DELETE"), STR("/a"), NULL, NULL, 0), PAGE_OTHER_METHOD);
}

static void test_methods_that_do_not_fit_into_allow_are_left_out_whole(void **state) {
  Routes *routes = *state;
  const char *methods[] = { "PROPFIND", "PROPPATCH", "MKCOL", "REPORT", "PATCH" };
  for (int i = 0; i < 5; i++) add(routes, methods[i], "/a", i + 1);
  assert_string_equal(find(routes, "GET", "/a").allow, "PROPFIND, PROPPATCH, MKCOL, REPORT");
}

static void test_a_page_added_again_takes_the_place_of_the_one_before(void **state) {
  Routes *routes = *state;
  int replaced = -1;
  add(routes, "GET", "/a", 1);
  assert_true(routes_add(routes, STR("GET"), STR("/a"), 2, &replaced));
  assert_int_equal(replaced, 1);
  assert_int_equal(find(routes, "GET", "/a").function, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_a_page_is_found_by_its_very_path, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_the_method_itself_comes_before_all_methods, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(
        test_head_is_for_its_own_page_then_for_that_of_get_then_for_that_of_all, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_the_page_of_all_paths_serves_what_has_none_of_its_own,
                                    set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_another_method_is_told_which_there_are, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_methods_that_do_not_fit_into_allow_are_left_out_whole,
                                    set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_a_page_added_again_takes_the_place_of_the_one_before,
                                    set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
