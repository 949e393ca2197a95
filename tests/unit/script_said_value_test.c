// Converts parts of an answer from Lua to C.
#include "script_world.h"

#include "script/said_value.h"

static Said parts;

// part(value): adds a part, and keeps it with the task's reply.
static int l_part(lua_State *L) {
  lua_settop(L, 1);
  said_value(L, 1, &parts, false);
  said_keep(L, 1, task_running(L));
  return 0;
}

static int set_up(void **state) {
  static const luaL_Reg functions[] = { { "part", l_part }, { NULL, NULL } };
  world_functions = functions;
  parts = (Said){ 0 };
  return world_open(state);
}

static int tear_down(void **state) {
  said_clear(&parts);
  return world_close(state);
}

static void say(const char *value) {
  char script[256];
  snprintf(script, sizeof script, "function on_message(msg) wechat.part(%s) end", value);
  load(script);
  assert_answer("x", TASK_RETURNED, "");
}

static void assert_text(const char *text) {
  Arena *arena = arena_new();
  Reply reply;
  assert_true(said_take(&parts, SAID_SENDS, true, REPLY_TEXT_MAX, arena, &reply));
  assert_int_equal(reply.form, REPLY_ELEMENTS);
  assert_true(str_eq(reply.elements->text, str_of(text)));
  arena_free(arena);
}

static void test_a_string_is_a_text(void **state) {
  say("'hello'");
  assert_text("hello");
}

static void test_a_text_reply_is_its_content(void **state) {
  say("{ type = 'text', content = 'moon' }");
  assert_text("moon");
}

// Called with a reply `{ items = {} }` that the task keeps.
static int l_keep_both(lua_State *L) {
  Task *task = task_running(L);
  lua_settop(L, 2);
  task_set_value(L, task, 1);  // pops the reply
  said_keep(L, 1, task);
  assert_int_equal(lua_gettop(L), 1);
  task_push_value(L, task, 1);
  lua_getfield(L, -1, "items");
  lua_pushinteger(L, (lua_Integer)lua_rawlen(L, -1));
  return 1;
}

static void test_a_kept_part_is_the_last_item_of_the_tasks_reply(void **state) {
  static const luaL_Reg functions[] = { { "keep", l_keep_both }, { NULL, NULL } };
  world_functions = functions;
  load("function on_message(msg)\n"
       "  local reply = { items = { 'one' } }\n"
       "  local count = wechat.keep('two', reply)\n"
       "  return count .. reply.items[2]\n"
       "end");
  assert_answer("x", TASK_RETURNED, "2two");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_string_is_a_text),
    TEST(test_a_text_reply_is_its_content),
    TEST(test_a_kept_part_is_the_last_item_of_the_tasks_reply),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
