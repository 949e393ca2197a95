// engine/engine: an engine's creation and end.
#include "engine_world.h"

static int closed_count;

static void count_closed(void *user) { (*(int *)user)++; }

static int open_user(lua_State *co) {
  lua_pushinteger(co, *(int *)engine_user(co));
  lua_setglobal(co, "user");
  return 0;
}

static int open_badly(lua_State *co) { return luaL_error(co, "no library"); }

static void test_the_users_libraries_are_opened_and_the_user_freed_once(void **state) {
  closed_count = 0;
  int user = 7;
  open_engine(&(EngineOptions){ .library = "lib", .open = open_user, .user = &user });
  assert_true_in_lua("user == 7");
  end(state);
  open_engine(&(EngineOptions){ .library = "lib", .closed = count_closed, .user = &closed_count });
  engine_retain(engine);
  engine_release(engine);
  assert_int_equal(closed_count, 0);
  end(state);
  assert_int_equal(closed_count, 1);
}

static void test_libraries_that_do_not_open_make_no_engine(void **state) {
  Err err;
  closed_count = 0;
  EngineOptions options = {
    .library = "lib", .open = open_badly, .closed = count_closed, .user = &closed_count
  };
  assert_null(engine_new(&options, &err));
  assert_int_equal(err.code, ERR_FAILED);
  assert_non_null(strstr(err.text, "no library"));
  assert_int_equal(closed_count, 0);
}

static void test_nobody_enters_one_that_was_given_up_while_it_was_entered(void **state) {
  begin(state);
  engine_give_up(engine);
  engine_leave(engine);
  assert_false(engine_enter(engine, ENGINE_SOON));
  assert_false(engine_enter(engine, INT64_MAX));
  engine_release(engine);
}

static void test_nobody_enters_one_that_was_given_up(void **state) {
  begin(state);
  engine_leave(engine);
  assert_false(engine_is_given_up(engine));
  engine_give_up(engine);
  assert_true(engine_is_given_up(engine));
  assert_true(engine_is_retired(engine));
  assert_false(engine_enter(engine, INT64_MAX));
  engine_release(engine);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_the_users_libraries_are_opened_and_the_user_freed_once),
    cmocka_unit_test(test_libraries_that_do_not_open_make_no_engine),
    cmocka_unit_test(test_nobody_enters_one_that_was_given_up),
    cmocka_unit_test(test_nobody_enters_one_that_was_given_up_while_it_was_entered),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
