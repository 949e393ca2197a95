// host.capture: notes the calls that a message causes in its trail, and returns them in a replay.
#define HOST_IS_GLOBAL
#include "host_world.h"

#include "base/secrets.h"
#include "base/trail.h"

static char noted[200];

static void note(Trail *trail, TrailKind kind, Str json) {
  size_t len = strlen(noted);
  snprintf(noted + len, sizeof noted - len, "%s %.*s;", kind == TRAIL_CALL ? "call" : "late",
           STR_FMT(json));
}

static Trail trail = { .holders = 1, .note = note };  // the test has the reference

static int set_up(void **state) {
  noted[0] = '\0';
  world_open(state);
  world_message.trail = &trail;
  return 0;
}

static void test_calls_and_late_replies_are_noted_in_the_messages_trail(void **state) {
  assert_holds("host.capture.call('{\"a\":1}') host.capture.late('{\"b\":2}')");
  assert_string_equal(noted, "call {\"a\":1};late {\"b\":2};");
}

static void test_a_message_that_is_not_captured_notes_nothing(void **state) {
  world_message.trail = NULL;
  assert_holds("host.capture.call('{}')");
  assert_string_equal(noted, "");
}

static void test_the_script_is_told_whether_something_is_captured(void **state) {
  assert_holds("is(host.capture.captures, false) is(host.capture.played, nil)");
  world.options.captures = true;
  assert_holds("is(host.capture.captures, true)");
}

static bool play(void *ctx, Trail *of, Str request, Buf *call) {
  if (of != &trail || !str_eq(request, STR("GET /x"))) return false;
  buf_add(call, STR("{\"status\":200}"));
  return true;
}

static void test_a_captured_call_is_given_back_on_replay(void **state) {
  world.options.played = play;
  assert_holds("is(host.capture.played('GET /x'), '{\"status\":200}') "
               "is(host.capture.played('GET /y'), nil)");
}

static void test_known_secrets_are_masked(void **state) {
  secrets_add(STR("0123456789abcdef0123456789abcdef"));
  assert_holds("is(find(host.capture.hide('x 0123456789abcdef0123456789abcdef y'), "
               "'0123456789abcdef', 1, true), nil) is(host.capture.hide('plain'), 'plain')");
}

static void test_now_is_the_wall_clock(void **state) {
  assert_holds("is(math.abs(host.capture.now() - os.time()) < 60, true)");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_calls_and_late_replies_are_noted_in_the_messages_trail),
    TEST(test_a_message_that_is_not_captured_notes_nothing),
    TEST(test_the_script_is_told_whether_something_is_captured),
    TEST(test_a_captured_call_is_given_back_on_replay),
    TEST(test_known_secrets_are_masked),
    TEST(test_now_is_the_wall_clock),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
