// How runs of the script end, and how the end is reported.
#include "host_world.h"

static void test_a_string_is_answered_as_text(void **state) {
  load("function on_message(msg) return 'you said ' .. msg.content end");
  assert_answer("hi", TASK_RETURNED, "you said hi");
  assert_answer("again", TASK_RETURNED, "you said again");
}

static void test_a_reply_that_was_built_is_answered(void **state) {
  load("function on_message(msg) return wechat.response_text('built') end");
  assert_answer("hi", TASK_RETURNED, "built");
}

static void test_nothing_nil_and_false_are_no_reply(void **state) {
  load("function on_message(msg) if msg.content == 'nil' then return nil elseif msg.content == "
       "'false' then return false end end");
  assert_answer("nothing", TASK_RETURNED, "");
  assert_answer("nil", TASK_RETURNED, "");
  assert_answer("false", TASK_RETURNED, "");
  assert_not_logged("returned a value");
}

static void test_anything_else_is_no_reply_and_an_error_that_names_type_and_place(void **state) {
  load("\nfunction on_message(msg) return 42 end");
  assert_answer("hi", TASK_RETURNED, "");
  assert_logged("bot.lua:2: on_message returned a value of type number");
  load("function on_message(msg) return { 1 } end");
  assert_answer("hi", TASK_RETURNED, "");
  assert_logged("type table");
  load("function on_message(msg) return true end");
  assert_answer("hi", TASK_RETURNED, "");
  assert_logged("type boolean");
}

static void test_an_error_is_logged_with_place_source_line_and_traceback(void **state) {
  load("local function inner(x)\n  return x.y.z  -- here\nend\nfunction on_message(msg)\n  local r "
       "= inner({})\n  return r\nend");
  assert_answer("hi", TASK_FAILED, "");
  assert_logged("bot.lua:2: attempt to index a nil value (field 'y')");
  assert_logged("2 | return x.y.z  -- here");
  assert_logged("in upvalue 'inner'");
  assert_logged("bot.lua:5: in function 'on_message'");
  assert_not_logged("[C]: in ?");
  assert_not_logged("[wemoon]/");
}

static void test_an_error_of_a_finalizer_is_one_line(void **state) {
  load("function on_message(msg)\n  setmetatable({}, { __gc = function() error('broken (a bit)') "
       "end })\n  collectgarbage() return 'ok' end");
  assert_answer("hi", TASK_RETURNED, "ok");
  assert_logged("error __gc failed: ");
  assert_logged("bot.lua:2: broken (a bit)\n");
}

static void test_a_warning_is_one_line(void **state) {
  load("function on_message(msg) warn('@on') warn('take ', 'care', '!') return 'ok' end");
  assert_answer("hi", TASK_RETURNED, "ok");
  assert_logged("warn  take care!\n");
  assert_not_logged("@on");
}

static void test_a_file_and_a_reply_that_are_no_utf8_are_named(void **state) {
  load("-- \xE5\xA5\xBD\nfunction on_message(msg) return '\xC4\xE3\xBA\xC3' end");
  assert_logged("bot.lua:2: this is not UTF-8 (GBK?)");
  assert_answer("hi", TASK_RETURNED, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  assert_logged("the reply's text has bytes that are not UTF-8");
}

static void test_control_characters_are_dropped_in_silence(void **state) {
  load("function on_message(msg) return 'a\\1b' end");
  assert_answer("hi", TASK_RETURNED, "ab");
  assert_not_logged("UTF-8");
}

static void test_an_error_inside_coroutines_shows_the_frames_of_each(void **state) {
  load("local function deep() local x = nil\n  return x.y\nend\n"
       "local function outer() return (coroutine.wrap(function() deep() end)()) end\n"
       "function on_message(msg)\n  local r = coroutine.wrap(outer)()\n  return r\nend");
  assert_answer("hi", TASK_FAILED, "");
  assert_logged("bot.lua:2: in upvalue 'deep'");
  assert_logged("bot.lua:4: in function <");
  assert_logged("bot.lua:6: in function 'on_message'");
  assert_logged("attempt to index a nil value (local 'x')");
}

static void test_errors_of_any_type_are_readable(void **state) {
  load("local raise = {\n"
       "  none = function() error(nil) end,\n"
       "  table = function() error({ code = 7, args = {} }) end,\n"
       "  named = function() error(setmetatable({}, { __tostring = function() return 'my own "
       "words' end })) end,\n"
       "  bad = function() error(setmetatable({}, { __tostring = function() error('no') end })) "
       "end,\n"
       "  worse = function() error(setmetatable({}, { __tostring = function() return 5 end })) "
       "end,\n"
       "  number = function() error(42) end,\n"
       "  thread = function() error(coroutine.create(print)) end,\n"
       "  loop = function() error(setmetatable({}, { __tostring = function() while true do end end "
       "})) end,\n"
       "}\n"
       "function on_message(msg) raise[msg.content]() end");
  static const char *const kinds[] = {
    "none", "table", "named", "bad", "worse", "number", "thread"
  };
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    assert_answer(kinds[i], TASK_FAILED, "");
  assert_logged("bot.lua:2: the script called error(nil)");
  assert_logged("bot.lua:3: {\"args\":{},\"code\":7}");
  assert_logged("bot.lua:4: my own words");
  assert_logged("bot.lua:5: an error value of type table whose __tostring fails");
  assert_logged("bot.lua:7: 42");
  assert_logged("bot.lua:8: thread: 0x");
  assert_answer("loop", TASK_FAILED, "");
  assert_answer("named", TASK_FAILED, "");
}

static void test_on_error_may_give_the_reply(void **state) {
  load("function on_message(msg) error('broken') end\n"
       "function on_error(err, msg) return 'sorry, ' .. msg.content .. ': ' .. err:match('broken') "
       "end");
  assert_answer("hi", TASK_FAILED, "sorry, hi: broken");
  assert_logged("broken");
}

static void test_on_error_gets_the_value_that_was_raised(void **state) {
  load("function on_message(msg) error({ code = 7 }) end function on_error(err) return 'code ' .. "
       "err.code end");
  assert_answer("hi", TASK_FAILED, "code 7");
  load("function on_message(msg) error(nil) end function on_error(err) return type(err) end");
  assert_answer("hi", TASK_FAILED, "string");
}

static void test_on_error_is_called_for_a_script_that_was_stopped(void **state) {
  load("function on_message(msg) while true do end end function on_error(err) return "
       "(err:match('script_cpu_ms')) end");
  assert_answer("hi", TASK_OVER_CPU, "script_cpu_ms");
}

static void test_on_error_may_wait(void **state) {
  load("function on_message(msg) error('x') end function on_error(err) wechat.sleep(0.02) return "
       "'after a nap' end");
  assert_answer("hi", TASK_FAILED, "after a nap");
}

static void test_without_on_error_or_when_it_fails_the_error_reply_is_sent(void **state) {
  world.options.error_reply = STR("try later");
  load("function on_message(msg) error('x') end");
  assert_answer("hi", TASK_FAILED, "try later");
  load("function on_message(msg) error('x') end function on_error() error('y') end");
  assert_answer("hi", TASK_FAILED, "try later");
  load("function on_message(msg) error('x') end function on_error() while true do end end");
  assert_answer("hi", TASK_FAILED, "try later");
  load("function on_message(msg) error('x') end function on_error() end");
  assert_answer("hi", TASK_FAILED, "try later");
  load("function on_message(msg) while true do end end");
  assert_answer("hi", TASK_OVER_CPU, "try later");
}

static void test_replacing_wechat_hurts_nobody_else(void **state) {
  load("function on_message(msg) if msg.content == 'kill' then wechat = nil; on_error = 5; string "
       "= nil; print = nil end return 'ok' end");
  assert_answer("kill", TASK_RETURNED, "ok");
  assert_answer("after", TASK_RETURNED, "ok");
}

static void test_on_message_may_be_replaced_while_running(void **state) {
  load("function on_message(msg) function on_message() return 'second' end return 'first' end");
  assert_answer("a", TASK_RETURNED, "first");
  assert_answer("b", TASK_RETURNED, "second");
  load("function on_message(msg) on_message = nil return 'first' end");
  assert_answer("a", TASK_RETURNED, "first");
  assert_answer("b", TASK_FAILED, "");
}

static void test_a_message_table_belongs_to_its_message(void **state) {
  load("local kept; function on_message(msg) if kept then return kept.content end kept = msg "
       "return wechat.get_message().content end");
  assert_answer("one", TASK_RETURNED, "one");
  assert_answer("two", TASK_RETURNED, "one");
}

static void *run(void *arg) {
  send_text(arg, "busy");
  return NULL;
}

static void test_a_lock_that_is_not_had_by_the_deadline_loses_the_message(void **state) {
  world.options.cpu_us_max = 2000000;  // the test is about the lock
  load("function on_message(msg) if msg.content == 'busy' then local t = os.clock() while "
       "os.clock() - t < 0.25 do end end return 'ok' end");
  Heard busy, late;
  answer_init(&busy);
  answer_init(&late);
  pthread_t thread;
  pthread_create(&thread, NULL, run, &busy);
  usleep(60000);
  int64_t began = clock_now_us();
  assert_int_equal(send_text_within(world.in, &late, "late", 50000), TASK_LOST);
  assert_true(clock_now_us() - began < 200000);
  assert_int_equal(late.calls, 0);
  pthread_join(thread, NULL);
  assert_int_equal(busy.state, TASK_RETURNED);
  answer_clear(&busy);
  answer_clear(&late);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_a_string_is_answered_as_text, world_open, world_close),
    cmocka_unit_test_setup_teardown(test_a_reply_that_was_built_is_answered, world_open,
                                    world_close),
    cmocka_unit_test_setup_teardown(test_nothing_nil_and_false_are_no_reply, world_open,
                                    world_close),
    cmocka_unit_test_setup_teardown(
        test_anything_else_is_no_reply_and_an_error_that_names_type_and_place, world_open,
        world_close),
    cmocka_unit_test_setup_teardown(test_an_error_is_logged_with_place_source_line_and_traceback,
                                    world_open, world_close),
    cmocka_unit_test_setup_teardown(test_an_error_of_a_finalizer_is_one_line, world_open,
                                    world_close),
    cmocka_unit_test_setup_teardown(test_a_warning_is_one_line, world_open, world_close),
    cmocka_unit_test_setup_teardown(test_a_file_and_a_reply_that_are_no_utf8_are_named, world_open,
                                    world_close),
    cmocka_unit_test_setup_teardown(test_control_characters_are_dropped_in_silence, world_open,
                                    world_close),
    cmocka_unit_test_setup_teardown(test_an_error_inside_coroutines_shows_the_frames_of_each,
                                    world_open, world_close),
    cmocka_unit_test_setup_teardown(test_errors_of_any_type_are_readable, world_open, world_close),
    cmocka_unit_test_setup_teardown(test_on_error_may_give_the_reply, world_open, world_close),
    cmocka_unit_test_setup_teardown(test_on_error_gets_the_value_that_was_raised, world_open,
                                    world_close),
    cmocka_unit_test_setup_teardown(test_on_error_is_called_for_a_script_that_was_stopped,
                                    world_open, world_close),
    cmocka_unit_test_setup_teardown(test_on_error_may_wait, world_open, world_close),
    cmocka_unit_test_setup_teardown(test_without_on_error_or_when_it_fails_the_error_reply_is_sent,
                                    world_open, world_close),
    cmocka_unit_test_setup_teardown(test_replacing_wechat_hurts_nobody_else, world_open,
                                    world_close),
    cmocka_unit_test_setup_teardown(test_on_message_may_be_replaced_while_running, world_open,
                                    world_close),
    cmocka_unit_test_setup_teardown(test_a_message_table_belongs_to_its_message, world_open,
                                    world_close),
    cmocka_unit_test_setup_teardown(test_a_lock_that_is_not_had_by_the_deadline_loses_the_message,
                                    world_open, world_close),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
