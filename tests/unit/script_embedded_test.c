// script/embedded: the files of lua/ are in the binary.
#include "script_state.h"

#include "script/embedded.h"
#include "script/embedded_load.h"

static void test_a_file_is_there_by_its_name(void **unused) {
  assert_true(embedded_has("wechat/init.lua"));
  assert_false(embedded_has("wechat/none.lua"));
  assert_false(embedded_has("../setup.sh"));
}

static void test_its_bytes_are_appended(void **unused) {
  Buf text;
  buf_init(&text);
  buf_add(&text, STR("before"));
  assert_true(embedded_read("wechat/as_text.lua", &text));
  assert_true(str_starts(buf_str(&text), STR("before")));
  assert_true(str_find(buf_str(&text), STR("return")) > 0);
  size_t len = text.len;
  assert_false(embedded_read("none", &text));
  assert_int_equal(text.len, len);
  buf_clear(&text);
}

static void test_it_is_loaded_under_a_name_that_no_folder_has(void **unused) {
  State state;
  state_open(&state);
  assert_true(embedded_load(state.L, "wechat/as_text.lua"));
  lua_Debug ar;
  lua_getinfo(state.L, ">S", &ar);
  assert_string_equal(ar.source, "@[wemoon]/wechat/as_text.lua");
  assert_false(embedded_load(state.L, "none.lua"));
  state_close(&state);
}

static void test_what_a_script_does_to_its_globals_changes_nothing_there(void **unused) {
  State state;
  state_open(&state);
  assert_true(embedded_load(state.L, "wechat/as_text.lua"));
  assert_int_equal(lua_pcall(state.L, 0, 1, 0), LUA_OK);
  lua_setglobal(state.L, "as_text");
  state_run(&state, "type, math, string, tostring = nil assert(as_text(7) == '7')");
  state_close(&state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_file_is_there_by_its_name),
    cmocka_unit_test(test_its_bytes_are_appended),
    cmocka_unit_test(test_it_is_loaded_under_a_name_that_no_folder_has),
    cmocka_unit_test(test_what_a_script_does_to_its_globals_changes_nothing_there),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
