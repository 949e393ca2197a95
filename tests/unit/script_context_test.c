// The context of C functions that Lua calls.
#include "script_world.h"

static int l_current(lua_State *L) {
  context_push_message(L);
  return 1;
}

static int l_set(lua_State *L) {
  lua_settop(L, 1);
  context_set_message(L);
  return 0;
}

static int l_folder(lua_State *L) {
  Str folder = context_folder(L);
  lua_pushlstring(L, folder.ptr, folder.len);
  return 1;
}

static const luaL_Reg functions[] = {
  { "current", l_current }, { "set", l_set }, { "folder", l_folder }, { NULL, NULL }
};

static int set_up(void **state) {
  world_functions = functions;
  return world_open(state);
}

static void test_the_current_message_is_the_one_being_answered(void **state) {
  load("function on_message(msg) return tostring(wechat.current() == msg) end");
  assert_answer("x", TASK_RETURNED, "true");
}

static void test_another_message_can_take_its_place(void **state) {
  load("function on_message(msg) wechat.set { content = 'parsed' } return wechat.current().content "
       "end");
  assert_answer("x", TASK_RETURNED, "parsed");
}

static void test_each_task_has_its_own(void **state) {
  load("function on_message(msg)\n"
       "  if msg.content == 'slow' then wechat.sleep(0.05) end\n"
       "  return wechat.current().content\n"
       "end");
  assert_answers_meanwhile();
}

static void test_there_is_none_while_the_script_is_loaded(void **state) {
  load("local at_load = tostring(wechat.current())\n"
       "function on_message() return at_load end");
  assert_answer("x", TASK_RETURNED, "nil");
}

static void test_the_folder_is_the_scripts_with_its_slash(void **state) {
  char folder[80];
  snprintf(folder, sizeof folder, "%s/", world.folder);
  load("function on_message() return wechat.folder() end");
  assert_answer("x", TASK_RETURNED, folder);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_the_current_message_is_the_one_being_answered),
    TEST(test_another_message_can_take_its_place),
    TEST(test_each_task_has_its_own),
    TEST(test_there_is_none_while_the_script_is_loaded),
    TEST(test_the_folder_is_the_scripts_with_its_slash),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
