// Converts the results of on_message to a Reply.
#include "script_state.h"
#include "script/reply_value.h"

static State state;
static Arena *arena;

// A minimal lua/wechat/reply.lua: a metatable, and a function that lists the elements.
static const char registration[] =
    "local metatable = {}\n"
    "register(function(reply) return reply.elements end, metatable)\n"
    "function make(reply) return setmetatable(reply, metatable) end";

static int l_register(lua_State *L) {
  reply_value_register(L);
  return 0;
}

static int set_up(void **unused) {
  state_open(&state);
  lua_register(state.L, "register", l_register);
  state_run(&state, registration);
  arena = arena_new();
  return 0;
}

static int tear_down(void **unused) {
  arena_free(arena);
  state_close(&state);
  return 0;
}

typedef struct {
  ReplyValue result;
  bool to_event;
  Reply reply;
  Str rest;
} Conversion;

static int convert(lua_State *L) {
  Conversion *conversion = lua_touserdata(L, 2);
  conversion->result =
      reply_value_to(L, 1, arena, conversion->to_event, &conversion->reply, &conversion->rest);
  return 0;
}

static int convert_protected(Conversion *conversion, const char *code) {
  lua_settop(state.L, 0);
  lua_pushcfunction(state.L, convert);
  if (luaL_dostring(state.L, code) != LUA_OK) fail_msg("%s", lua_tostring(state.L, -1));
  lua_settop(state.L, 2);
  lua_pushlightuserdata(state.L, conversion);
  return lua_pcall(state.L, 2, 0, 0);
}

static void assert_reply(bool to_event, const char *code, const char *expected) {
  Conversion conversion = { .to_event = to_event };
  if (convert_protected(&conversion, code) != LUA_OK) fail_msg("%s", lua_tostring(state.L, -1));
  assert_int_equal(conversion.result, REPLY_VALUE_OK);
  Buf xml;
  buf_init(&xml);
  reply_render(&conversion.reply, STR("oUser1"), STR("gh_1"), 1700000001, &xml);
  if (!strstr(buf_str(&xml).ptr, expected))
    fail_msg("%s is not in %s", expected, buf_str(&xml).ptr);
  buf_clear(&xml);
}

static void assert_result(const char *code, ReplyValue result) {
  Conversion conversion = { 0 };
  if (convert_protected(&conversion, code) != LUA_OK) fail_msg("%s", lua_tostring(state.L, -1));
  assert_int_equal(conversion.result, result);
  assert_int_equal(conversion.reply.form, REPLY_NONE);
}

static void assert_raises(const char *code, const char *why) {
  Conversion conversion = { 0 };
  assert_int_equal(convert_protected(&conversion, code), LUA_ERRRUN);
  if (!strstr(lua_tostring(state.L, -1), why)) {
    fail_msg("\"%s\" does not say \"%s\"", lua_tostring(state.L, -1), why);
  }
}

static void test_nothing_nil_false_and_empty_are_no_reply(void **unused) {
  assert_result("return nil", REPLY_VALUE_OK);
  assert_result("return false", REPLY_VALUE_OK);
  assert_result("return ''", REPLY_VALUE_OK);
  assert_result("return make{type = 'none'}", REPLY_VALUE_OK);
  assert_result("return make{type = 'text', content = ''}", REPLY_VALUE_OK);
  assert_result("return make{type = 'raw', xml = ''}", REPLY_VALUE_OK);
}

static void test_other_values_are_not_replies(void **unused) {
  assert_result("return true", REPLY_VALUE_NOT_A_REPLY);
  assert_result("return 42", REPLY_VALUE_NOT_A_REPLY);
  assert_result("return {type = 'text', content = 'hi'}", REPLY_VALUE_NOT_A_REPLY);
  assert_result("return setmetatable({type = 'text'}, {})", REPLY_VALUE_NOT_A_REPLY);
  assert_result("return print", REPLY_VALUE_NOT_A_REPLY);
}

static void test_a_string_and_a_text_are_the_same_reply(void **unused) {
  assert_reply(false, "return '你好'", "<Content><![CDATA[你好]]></Content>");
  assert_reply(false, "return make{type = 'text', content = '你好'}",
               "<Content><![CDATA[你好]]></Content>");
}

static void test_a_long_text_is_cut_at_a_character(void **unused) {
  Conversion conversion = { 0 };
  assert_int_equal(convert_protected(&conversion, "return ('好'):rep(700)"), LUA_OK);
  assert_int_equal(conversion.rest.len, 2100 - 2046);
  assert_memory_equal(conversion.rest.ptr, "好", 3);
}

static void test_elements_keep_order_and_numbers_go_bare(void **unused) {
  assert_reply(false,
               "return make{type = 'x', elements = {{'B', 1}, {'A', {{'C', 'c'}, {'D', '2'}}}}}",
               "<B>1</B><A><C><![CDATA[c]]></C><D><![CDATA[2]]></D></A>");
}

static void test_raw_goes_out_as_it_is(void **unused) {
  assert_reply(false, "return make{type = 'raw', xml = '<xml>mine</xml>'}", "<xml>mine</xml>");
}

static void test_articles_beyond_the_limit_are_dropped(void **unused) {
  const char *nine =
      "local items = {} for i = 1, 9 do items[i] = {'item', {{'Title', 'T' .. i}}} end\n"
      "return make{type = 'news', elements = {{'ArticleCount', 9}, {'Articles', items}}}";
  assert_reply(false, nine,
               "<ArticleCount>1</ArticleCount><Articles><item><Title><![CDATA[T1]]></Title></"
               "item></Articles>");
  assert_reply(true, nine, "<ArticleCount>8</ArticleCount>");
}

static void test_what_a_script_breaks_in_a_reply_raises(void **unused) {
  assert_raises("return make{type = 'text'}", "reply 'text': content is a nil");
  assert_raises("return make{type = 'text', content = {}}", "content is a table");
  assert_raises("return make{}", "a reply's type is a nil");
  assert_raises("return make{type = 'x'}", "reply 'x' has no elements");
  assert_raises("return make{type = 'x', elements = {{'A'}}}", "element A is a nil");
  assert_raises("return make{type = 'x', elements = {{'A b', 'c'}}}",
                "'A b' cannot be the name of an element");
  assert_raises("return make{type = 'x', elements = {{1, 'c'}}}", "an element's name is a number");
  assert_raises("return make{type = 'x', elements = {'A'}}", "an element is a string");
  assert_raises("local t = {} t[1] = {'A', t} return make{type = 'x', elements = t}",
                "nested deeper than");
}

static const char several[] =
    "return make{type = 'x', elements = {{'B', 1}, {'A', {{'C', 'c'}, {'D', ('x'):rep(100)}}}}}";

static void test_the_collector_at_every_step_does_no_harm(void **unused) {
  state.collect_always = true;
  assert_reply(false, several, "<B>1</B>");
  assert_reply(false, "return 'text' .. #{}", "<![CDATA[text0]]>");
}

static void test_no_memory_at_any_point_does_no_harm(void **unused) {
  int status = LUA_ERRMEM;
  for (long allowed = 0; status != LUA_OK; allowed++) {
    Conversion conversion = { 0 };
    lua_settop(state.L, 0);
    lua_pushcfunction(state.L, convert);
    assert_int_equal(luaL_dostring(state.L, several), LUA_OK);
    lua_settop(state.L, 2);
    lua_pushlightuserdata(state.L, &conversion);
    state.fail_after = allowed;
    status = lua_pcall(state.L, 2, 0, 0);
    state.fail_after = -1;
  }
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    CASE(test_nothing_nil_false_and_empty_are_no_reply),
    CASE(test_other_values_are_not_replies),
    CASE(test_a_string_and_a_text_are_the_same_reply),
    CASE(test_a_long_text_is_cut_at_a_character),
    CASE(test_elements_keep_order_and_numbers_go_bare),
    CASE(test_raw_goes_out_as_it_is),
    CASE(test_articles_beyond_the_limit_are_dropped),
    CASE(test_what_a_script_breaks_in_a_reply_raises),
    CASE(test_the_collector_at_every_step_does_no_harm),
    CASE(test_no_memory_at_any_point_does_no_harm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
