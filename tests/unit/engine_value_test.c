// engine/value: parsed JSON as Lua values, in one step or several.
#include "engine_world.h"

#include "engine/value.h"

static JsonDoc *doc;

static int free_doc(void **state) {
  json_free(doc);
  doc = NULL;
  return end(state);
}

// Returns the value on top as JSON.
static void assert_on_top(const char *json) {
  Buf out;
  Err err;
  buf_init(&out);
  assert_int_equal(lua_gettop(L), 1);
  assert_true(value_to_json(L, 1, &out, &err));
  if (!str_eq(buf_str(&out), str_of(json))) fail_msg("%s is not %s", out.ptr, json);
  buf_clear(&out);
  lua_settop(L, 0);
}

static const char *const values[] = {
  "null",
  "true",
  "-9007199254740993",
  "1.5",
  "\"月\"",
  "[]",
  "{}",
  "[1,2,[3,[],{\"a\":[null,false]}],\"b\"]",
  "{\"a\":{\"b\":{\"c\":[1,{\"d\":[]}]}}}",
  "[[[[[[1]]]]],[[2]],3]",
};

static void test_a_value_is_pushed_whole(void **state) {
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    json_free(doc);
    doc = json_parse(str_of(values[i]), NULL);
    value_push_json(L, json_root(doc));
    assert_on_top(values[i]);
  }
}

static void push_in_pieces(const char *json, size_t most) {
  json_free(doc);
  doc = json_parse(str_of(json), NULL);
  ValueCursor *cursor = value_push_first(L, json_root(doc), most);
  while (cursor && !value_push_some(L, cursor, most)) lua_gc(L, LUA_GCCOLLECT);
  if (cursor) lua_remove(L, 1);
}

static void test_pieces_of_any_size_make_the_same_value(void **state) {
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    for (size_t most = 1; most < 12; most++) {
      push_in_pieces(values[i], most);
      assert_on_top(values[i]);
    }
  }
}

static void test_the_deepest_value_is_pushed_too(void **state) {
  char json[2 * JSON_DEPTH_MAX + 1];
  for (int i = 0; i < JSON_DEPTH_MAX; i++) {
    json[i] = '[';
    json[JSON_DEPTH_MAX + i] = ']';
  }
  json[2 * JSON_DEPTH_MAX] = 0;
  push_in_pieces(json, 1);
  int depth = 1;
  for (; lua_rawgeti(L, -1, 1) == LUA_TTABLE; depth++) lua_remove(L, -2);
  assert_int_equal(depth, JSON_DEPTH_MAX);
  lua_settop(L, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_a_value_is_pushed_whole, begin, free_doc),
    cmocka_unit_test_setup_teardown(test_pieces_of_any_size_make_the_same_value, begin, free_doc),
    cmocka_unit_test_setup_teardown(test_the_deepest_value_is_pushed_too, begin, free_doc),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
