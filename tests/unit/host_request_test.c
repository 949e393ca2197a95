// host/request: the parts of an HTTP request from Lua tables, and errors that name the wrong field.
#include "host/request.h"
#include "script_state.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <unistd.h>

static State state;
static Arena *arena;

static int set_up(void **unused) {
  state_open(&state);
  arena = arena_new();
  return 0;
}

static int tear_down(void **unused) {
  state_close(&state);
  arena_free(arena);
  return 0;
}

// Puts the request's table at the bottom of the stack.
static void given(const char *table) {
  char code[600];
  lua_settop(state.L, 0);
  snprintf(code, sizeof code, "return %s", table);
  if (luaL_dostring(state.L, code) != LUA_OK) fail_msg("%s", lua_tostring(state.L, -1));
}

static int l_parts(lua_State *L) {
  const ClientPart *part = request_parts(L, 1, NULL, arena);
  lua_pushboolean(L, part != NULL);
  return 1;
}

static void assert_refused(const char *table, const char *words) {
  given(table);
  lua_pushcfunction(state.L, l_parts);
  lua_pushvalue(state.L, 1);
  assert_int_equal(lua_pcall(state.L, 1, 1, 0), LUA_ERRRUN);
  if (!strstr(lua_tostring(state.L, -1), words))
    fail_msg("'%s' without '%s'", lua_tostring(state.L, -1), words);
}

static void test_fields_are_read_and_kept_without_lua(void **unused) {
  given("{ what = 'wechat.http.get', url = 'http://x', n = 7, yes = true, timeout = 1.5 }");
  Str url = request_string(state.L, 1, "url", arena);
  assert_true(str_eq(url, STR("http://x")));
  assert_true(str_eq(request_string(state.L, 1, "n", arena), STR("7")));
  assert_int_equal(request_string(state.L, 1, "none", arena).len, 0);
  assert_true(request_boolean(state.L, 1, "yes"));
  assert_false(request_boolean(state.L, 1, "none"));
  assert_int_equal(request_ms(state.L, 1, "timeout", 9), 1500);
  assert_int_equal(request_ms(state.L, 1, "none", 9), 9);
  lua_settop(state.L, 0);
  lua_gc(state.L, LUA_GCCOLLECT);
  assert_true(str_eq(url, STR("http://x")));
}

static void test_pairs_come_in_byte_order_or_in_the_lists_own(void **unused) {
  given("{ what = 'x', query = { b = 2, a = 'one' }, headers = { { 'z', '1' }, { 'a', '2' } } }");
  const Pairs *query = request_pairs(state.L, 1, "query", arena);
  assert_true(str_eq(query->first->name, STR("a")));
  assert_true(str_eq(query->last->value, STR("2")));
  const Pairs *headers = request_pairs(state.L, 1, "headers", arena);
  assert_true(str_eq(headers->first->name, STR("z")));
  assert_null(request_pairs(state.L, 1, "none", arena));
}

static void test_a_body_is_a_text_or_json(void **unused) {
  Str body;
  given("{ what = 'x', body = { b = { 1 }, a = true } }");
  assert_true(request_body(state.L, 1, arena, &body));
  assert_true(str_eq(body, STR("{\"a\":true,\"b\":[1]}")));
  given("{ what = 'x', body = 'as it is' }");
  assert_true(request_body(state.L, 1, arena, &body));
  assert_true(str_eq(body, STR("as it is")));
  given("{ what = 'x' }");
  assert_false(request_body(state.L, 1, arena, &body));
}

static void test_what_is_no_regular_file_is_refused_at_once(void **unused) {
  assert_refused("{ what = 'wechat.http.post', files = { { field = 'f', path = '/tmp' } } }",
                 "is a folder");
  assert_refused("{ what = 'wechat.http.post', files = { { field = 'f', path = '/nowhere/x' } } }",
                 "wechat.http.post");
  assert_refused("{ what = 'wechat.http.post', files = { {} } }", "field");
}

static void test_the_name_of_an_open_file_is_told_without_folders(void **unused) {
  char path[] = "/tmp/wemoon-request-XXXXXX", name[REQUEST_PATH_MAX];
  int fd = mkstemp(path);
  Str found = request_file_name(fd, name);
  assert_true(str_eq(found, str_of(path + 5)));
  close(fd);
  fd = request_open(str_of(path));
  assert_true(fd >= 0);
  close(fd);
  unlink(path);
  assert_true(request_open(str_of(path)) < 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_fields_are_read_and_kept_without_lua),
    TEST(test_pairs_come_in_byte_order_or_in_the_lists_own),
    TEST(test_a_body_is_a_text_or_json),
    TEST(test_what_is_no_regular_file_is_refused_at_once),
    TEST(test_the_name_of_an_open_file_is_told_without_folders),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
