// An answer that is written bit by bit: the script sends, a thread passes on.
#include "script_state.h"
#include "script/stream_value.h"

#include "base/clock.h"

#include <lauxlib.h>

static State state;
static Stream *stream;
static Buf out;

static int set_up(void **unused) {
  state_open(&state);
  buf_init(&out);
  lua_pushcfunction(state.L, stream_value_new);
  lua_call(state.L, 0, 1);
  stream = stream_value_take(state.L, -1);
  lua_setglobal(state.L, "stream");
  return stream ? 0 : -1;
}

static int tear_down(void **unused) {
  stream_leave(stream);
  state_close(&state);
  buf_clear(&out);
  return 0;
}

static void assert_takes(const char *text) {
  buf_reset(&out);
  assert_int_equal(stream_take(stream, &out, 1000), STREAM_SENT);
  assert_string_equal(out.ptr, text);
}

static void test_what_was_sent_is_taken_together(void **unused) {
  state_run(&state, "assert(stream:send('one ')) assert(stream:send('two'))");
  assert_takes("one two");
}

static void test_a_quiet_script_is_waited_for_as_long_as_asked(void **unused) {
  int64_t began_us = clock_now_us();
  assert_int_equal(stream_take(stream, &out, 30), STREAM_QUIET);
  assert_true(clock_now_us() - began_us >= 29000);
  assert_int_equal(out.len, 0);
}

static void test_what_was_sent_before_the_close_is_still_read(void **unused) {
  state_run(&state, "stream:send('last') stream:close() assert(not stream:send('more'))");
  assert_takes("last");
  assert_int_equal(stream_take(stream, &out, 1000), STREAM_OVER);
}

static void test_a_stream_that_lua_dropped_is_over(void **unused) {
  state_run(&state, "stream:send('last') stream = nil collectgarbage()");
  assert_takes("last");
  assert_int_equal(stream_take(stream, &out, 1000), STREAM_OVER);
}

static void test_once_the_reader_has_left_nothing_more_is_taken(void **unused) {
  stream_leave(stream);
  stream = NULL;
  state_run(&state, "assert(stream:send('x') == false)");
}

static void test_a_reader_a_megabyte_behind_is_given_up(void **unused) {
  state_run(&state, "assert(stream:send(('x'):rep(1 << 20)))\n"
                    "assert(stream:send('one too many') == false)");
  assert_int_equal(stream_take(stream, &out, 1000), STREAM_OVER);
}

static void test_only_a_stream_is_taken_for_one(void **unused) {
  lua_pushinteger(state.L, 5);
  assert_null(stream_value_take(state.L, -1));
  lua_settop(state.L, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_what_was_sent_is_taken_together),
    TEST(test_a_quiet_script_is_waited_for_as_long_as_asked),
    TEST(test_what_was_sent_before_the_close_is_still_read),
    TEST(test_a_stream_that_lua_dropped_is_over),
    TEST(test_once_the_reader_has_left_nothing_more_is_taken),
    TEST(test_a_reader_a_megabyte_behind_is_given_up),
    TEST(test_only_a_stream_is_taken_for_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
