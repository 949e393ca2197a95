// An answer written in pieces: the script sends, a thread reads.
#include "script_state.h"
#include "script/stream_value.h"

#include <lauxlib.h>

static State state;
static Stream *stream;
static Buf out;

static int news;
static void count_news(void *ctx) { ++*(int *)ctx; }

static int set_up(void **unused) {
  state_open(&state);
  buf_init(&out);
  news = 0;
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
  assert_int_equal(stream_take(stream, &out, count_news, &news), STREAM_SENT);
  assert_string_equal(out.ptr, text);
}

static void test_what_was_sent_is_taken_together(void **unused) {
  state_run(&state, "assert(stream:send('one ')) assert(stream:send('two'))");
  assert_takes("one two");
}

static void test_a_quiet_script_tells_its_news_once(void **unused) {
  assert_int_equal(stream_take(stream, &out, count_news, &news), STREAM_QUIET);
  assert_int_equal(news, 0);
  state_run(&state, "stream:send('one ') stream:send('two')");
  assert_int_equal(news, 1);
  assert_takes("one two");
  state_run(&state, "stream:send('unasked')");
  assert_int_equal(news, 1);
}

static void test_a_close_is_news(void **unused) {
  assert_int_equal(stream_take(stream, &out, count_news, &news), STREAM_QUIET);
  state_run(&state, "stream:close()");
  assert_int_equal(news, 1);
  assert_int_equal(stream_take(stream, &out, count_news, &news), STREAM_OVER);
}

static void test_what_was_sent_before_the_close_is_still_read(void **unused) {
  state_run(&state, "stream:send('last') stream:close() assert(not stream:send('more'))");
  assert_takes("last");
  assert_int_equal(stream_take(stream, &out, count_news, &news), STREAM_OVER);
}

static void test_a_stream_that_lua_dropped_is_over(void **unused) {
  state_run(&state, "stream:send('last') stream = nil collectgarbage()");
  assert_takes("last");
  assert_int_equal(stream_take(stream, &out, count_news, &news), STREAM_OVER);
}

static void test_once_the_reader_has_left_nothing_more_is_taken(void **unused) {
  assert_int_equal(stream_take(stream, &out, count_news, &news), STREAM_QUIET);
  stream_leave(stream);
  stream = NULL;
  state_run(&state, "assert(stream:send('x') == false)");
  assert_int_equal(news, 0);
}

static void test_a_reader_a_megabyte_behind_is_given_up(void **unused) {
  state_run(&state, "assert(stream:send(('x'):rep(1 << 20)))\n"
                    "assert(stream:send('one too many') == false)");
  assert_int_equal(stream_take(stream, &out, count_news, &news), STREAM_OVER);
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
    TEST(test_a_quiet_script_tells_its_news_once),
    TEST(test_a_close_is_news),
    TEST(test_what_was_sent_before_the_close_is_still_read),
    TEST(test_a_stream_that_lua_dropped_is_over),
    TEST(test_once_the_reader_has_left_nothing_more_is_taken),
    TEST(test_a_reader_a_megabyte_behind_is_given_up),
    TEST(test_only_a_stream_is_taken_for_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
