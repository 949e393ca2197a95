// Lua values as JSON and back.
#include "host/libs.h"
#include "script_state.h"

static State state;

static int set_up(void **unused) {
  state_open(&state);
  lib_json(state.L);
  lua_setglobal(state.L, "json");
  return 0;
}

static int tear_down(void **unused) {
  state_close(&state);
  return 0;
}

static void assert_json(const char *code, const char *expected) {
  Buf out;
  Err err;
  buf_init(&out);
  if (luaL_dostring(state.L, code) != LUA_OK) fail_msg("%s", lua_tostring(state.L, -1));
  if (!value_to_json(state.L, -1, &out, &err)) fail_msg("%s: %s", code, err.text);
  assert_string_equal(out.ptr, expected);
  buf_clear(&out);
  lua_settop(state.L, 0);
}

static void assert_refused(const char *code, const char *why) {
  Buf out;
  Err err;
  buf_init(&out);
  buf_add(&out, STR("before"));
  if (luaL_dostring(state.L, code) != LUA_OK) fail_msg("%s", lua_tostring(state.L, -1));
  int top = lua_gettop(state.L);
  assert_false(value_to_json(state.L, -1, &out, &err));
  assert_int_equal(err.code, ERR_INVALID);
  if (!strstr(err.text, why)) fail_msg("\"%s\" does not say \"%s\"", err.text, why);
  assert_string_equal(out.ptr, "before");
  assert_int_equal(lua_gettop(state.L), top);
  buf_clear(&out);
  lua_settop(state.L, 0);
}

static void test_scalars_are_written(void **unused) {
  assert_json("return nil", "null");
  assert_json("return json.null", "null");
  assert_json("return true", "true");
  assert_json("return 0.5", "0.5");
  assert_json("return '你好\"\\n'", "\"你好\\\"\\n\"");
}

static void test_integers_keep_64_bits(void **unused) {
  assert_json("return math.maxinteger", "9223372036854775807");
  assert_json("return math.mininteger", "-9223372036854775808");
  assert_json("return {9007199254740993}", "[9007199254740993]");
  state_run(&state, "assert(json.decode('9223372036854775807') == math.maxinteger)");
  state_run(&state, "assert(math.type(json.decode('24000000000000001')) == 'integer')");
  state_run(&state, "assert(json.decode('[24000000000000001]')[1] == 24000000000000001)");
}

static void test_keys_are_sorted_by_byte(void **unused) {
  assert_json("return {b = 1, a = {y = 1, x = 2}, ['a b'] = 3, B = 4}",
              "{\"B\":4,\"a\":{\"x\":2,\"y\":1},\"a b\":3,\"b\":1}");
}

static void test_an_empty_table_is_an_object_unless_marked(void **unused) {
  assert_json("return {}", "{}");
  assert_json("return json.array{}", "[]");
  assert_json("return {button = json.array()}", "{\"button\":[]}");
}

static void test_empty_arrays_stay_arrays(void **unused) {
  assert_json("return json.decode('{\"a\":[],\"b\":{},\"c\":[[]]}')",
              "{\"a\":[],\"b\":{},\"c\":[[]]}");
  assert_json("local t = json.decode('[1]') table.remove(t) return t", "[]");
}

static void test_null_in_arrays_and_objects_survives(void **unused) {
  assert_json("return json.decode('[null,1,null]')", "[null,1,null]");
  state_run(&state,
            "assert(json.decode('{\"a\":null}').a == json.null and tostring(json.null) == 'null')");
}

static void test_what_json_cannot_say_is_refused_by_path(void **unused) {
  assert_refused("return print", "value is a function");
  assert_refused("return {menu = {button = {{}, {fn = print}}}}",
                 "value.menu.button[2].fn is a function");
  assert_refused("return {a = {1, 0/0}}", "value.a[2] is not a finite number");
  assert_refused("return {['a b'] = 1/0}", "value[\"a b\"] is not a finite number");
  assert_refused("return {1, 2, x = 3}", "value is an array and has named keys too");
  assert_refused("return {list = {1, nil, 3}}", "value.list is an array with holes");
  assert_refused("return {[0] = 1}", "keys are strings");
  assert_refused("return {[true] = 1}", "a key that is a boolean");
  assert_refused("return {[1.5] = 1}", "a key that is a number");
  assert_refused("return io.stdout", "value is a userdata");
  assert_refused("return coroutine.create(print)", "value is a thread");
}

static void test_cycles_and_depth_are_refused(void **unused) {
  assert_refused("local t = {} t.a = {t} return t", "value.a[1] contains itself");
  assert_refused("local t = {} for i = 1, 300 do t = {t} end return t", "nested too deep");
  assert_json("local t = {} return {t, t}", "[{},{}]");
}

static void test_a_table_with_pairs_is_written_as_it_lists_itself(void **unused) {
  assert_json("return setmetatable({}, {__pairs = function() return next, {a = 1}, nil end})",
              "{\"a\":1}");
  assert_refused("return setmetatable({}, {__pairs = function() error('no list') end})", "no list");
  assert_refused("return setmetatable({}, {__pairs = function() error({}) end})", "__pairs failed");
}

static void test_members_that_vanish_while_written_do_no_harm(void **unused) {
  assert_json(
      "local t = {} t.z = 'last' .. #'x' t.a = setmetatable({}, {__pairs = function() t.z = nil "
      "collectgarbage() return next, {}, nil end}) "
      "return t",
      "{\"a\":{},\"z\":null}");
}

static void test_a_message_is_written_whole(void **unused) {
  state_push_message(&state, MESSAGE("text", "<Content>hi</Content><MsgId>7</MsgId>"));
  Buf out;
  buf_init(&out);
  assert_true(value_to_json(state.L, -1, &out, NULL));
  assert_non_null(strstr(out.ptr, "\"Content\":\"hi\""));
  assert_non_null(strstr(out.ptr, "\"content\":\"hi\""));
  assert_non_null(strstr(out.ptr, "\"id\":7,"));
  buf_clear(&out);
}

static void test_broken_text_is_not_decoded(void **unused) {
  state_run(&state,
            "for _, text in ipairs{'', '{', '[1,]', 'nul', '1 2', '{\"a\" 1}'} do "
            "  local value, why = json.decode(text) assert(value == nil and #why > 0, text) end");
}

static void test_encode_raises_and_decode_does_not(void **unused) {
  state_run(
      &state,
      "local ok, why = pcall(json.encode, {f = print}) assert(not ok and why:find('value.f is a "
      "function', 1, true))");
  state_run(&state, "assert(not pcall(json.encode) and not pcall(json.decode, {}))");
}

static const char round_trip[] = "local text = json.encode{list = {1, 2, {a = 'x'}}, empty = "
                                 "json.array(), s = ('y'):rep(100), msg = msg, "
                                 "n = 1.5}\n"
                                 "local value = assert(json.decode(text))\n"
                                 "assert(json.encode(value) == text)\n"
                                 "assert(value.msg.Content == 'hi' and value.list[3].a == 'x')\n";

static void test_the_collector_at_every_step_does_no_harm(void **unused) {
  state_set_message(&state, MESSAGE("text", "<Content>hi</Content>"));
  state.collect_always = true;
  state_run(&state, round_trip);
}

static void test_no_memory_at_any_point_does_no_harm(void **unused) {
  int status = LUA_ERRMEM;
  int failures = 0;
  for (long allowed = 0; status != LUA_OK; allowed++, failures++) {
    state_set_message(&state, MESSAGE("text", "<Content>hi</Content>"));
    assert_int_equal(luaL_loadstring(state.L, round_trip), LUA_OK);
    state.fail_after = allowed;
    status = lua_pcall(state.L, 0, 0, 0);
    state.fail_after = -1;
    if (status != LUA_OK && !strstr(lua_tostring(state.L, -1), "memory")) {
      fail_msg("%s", lua_tostring(state.L, -1));
    }
    lua_settop(state.L, 0);
  }
  assert_true(failures > 20);
}

static void test_writing_without_memory_says_so(void **unused) {
  Buf out;
  Err err;
  buf_init(&out);
  luaL_dostring(state.L, "return {a = 1}");
  state.fail_after = 0;
  assert_false(value_to_json(state.L, -1, &out, &err));
  state.fail_after = -1;
  assert_int_equal(err.code, ERR_MEMORY);
  assert_int_equal(out.len, 0);
  buf_clear(&out);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    CASE(test_scalars_are_written),
    CASE(test_integers_keep_64_bits),
    CASE(test_keys_are_sorted_by_byte),
    CASE(test_an_empty_table_is_an_object_unless_marked),
    CASE(test_empty_arrays_stay_arrays),
    CASE(test_null_in_arrays_and_objects_survives),
    CASE(test_what_json_cannot_say_is_refused_by_path),
    CASE(test_cycles_and_depth_are_refused),
    CASE(test_a_table_with_pairs_is_written_as_it_lists_itself),
    CASE(test_members_that_vanish_while_written_do_no_harm),
    CASE(test_a_message_is_written_whole),
    CASE(test_broken_text_is_not_decoded),
    CASE(test_encode_raises_and_decode_does_not),
    CASE(test_the_collector_at_every_step_does_no_harm),
    CASE(test_no_memory_at_any_point_does_no_harm),
    CASE(test_writing_without_memory_says_so),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
