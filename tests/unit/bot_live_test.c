// bot/live: events are kept while a desk is watching, warnings always; when a ring is full, the oldest events are
// dropped.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "bot/live.h"
#include "codec/json.h"

#include <stdio.h>
#include <string.h>

static Live *live;
static Buf json;
static LiveReader reader;

static int set_up(void **state) {
  buf_init(&json);
  reader = (LiveReader){ 0 };
  live = live_new();
  return live ? 0 : -1;
}

static int tear_down(void **state) {
  live_free(live);
  buf_clear(&json);
  return 0;
}

static LiveSubject subject(const char *msgid) {
  return (LiveSubject){ .openid = STR("oUser"), .msgid = str_of(msgid), .at_us = clock_now_us() };
}

static void say(const char *msgid, const char *document) {
  LiveSubject of = subject(msgid);
  live_message(live, &of, STR("text"), str_of(document));
}

static uint64_t read_events(size_t max) {
  Err err = { 0 };
  buf_reset(&json);
  buf_addc(&json, '[');
  uint64_t missed = live_read(live, &reader, max, &json);
  buf_addc(&json, ']');
  JsonDoc *doc = json_parse(buf_str(&json), &err);
  if (!doc) fail_msg("%s: %.*s", err.text, STR_FMT(buf_str(&json)));
  json_free(doc);
  return missed;
}

static bool has(const char *text) { return str_find(buf_str(&json), str_of(text)) >= 0; }

static int count(const char *text) {
  int found = 0;
  Str rest = buf_str(&json);
  for (ptrdiff_t at; (at = str_find(rest, str_of(text))) >= 0; found++)
    rest = str_sub(rest, (size_t)at + strlen(text), rest.len);
  return found;
}

static void test_nobody_looks_at_first(void **state) {
  assert_false(live_is_watched(NULL));
  assert_false(live_is_watched(live));
  live_look(live, clock_now_us());
  assert_true(live_is_watched(live));
}

static void test_who_looks_reads_what_happened_since(void **state) {
  LiveSubject of = subject("7");
  Outcome outcome = { .type = STR("text"),
                      .outcome = "replied",
                      .attempt = 2,
                      .us = 1500,
                      .api_calls = 3,
                      .place = STR("bot.lua:1") };
  live_look(live, clock_now_us());
  say("7", "<xml>\"微月\"</xml>");
  live_reply(live, &of, STR("<xml>answer</xml>"));
  live_outcome(live, &of, STR(""), &outcome);
  assert_int_equal(read_events(10), 0);
  assert_true(has("\"kind\":\"message\"") && has("\"document\":\"<xml>\\\"微月\\\"</xml>\""));
  assert_true(has("\"kind\":\"reply\"") && has("<xml>answer</xml>"));
  assert_true(has("\"outcome\":\"replied\"") && has("\"attempt\":2,\"ms\":1.5,\"api_calls\":3"));
  assert_true(has("\"openid\":\"oUser\"") && has("\"msgid\":\"7\"") &&
              has("\"place\":\"bot.lua:1\""));
  assert_int_equal(reader.after, 3);
  read_events(10);
  assert_string_equal((buf_addc(&json, '\0'), json.ptr), "[]");
}

static void test_a_reply_that_comes_with_its_outcome_precedes_it(void **state) {
  LiveSubject of = subject("8");
  Outcome outcome = { .type = STR("text"), .outcome = "replied", .us = 2500000 };
  live_look(live, clock_now_us());
  live_outcome(live, &of, STR("<xml>answer</xml>"), &outcome);
  assert_int_equal(read_events(10), 0);
  assert_int_equal(reader.after, 2);
  assert_true(has("\"id\":1,\"kind\":\"reply\"") && has("\"id\":2,\"kind\":\"outcome\""));
  assert_true(has("\"msgid\":\"8\",\"document\":\"<xml>answer</xml>\""));
  assert_int_equal(count("\"msgid\":\"8\""), 2);
}

static void test_the_newest_are_read_and_the_others_counted(void **state) {
  char msgid[16];
  live_look(live, clock_now_us());
  for (int i = 0; i < 50; i++) {
    snprintf(msgid, sizeof msgid, "m%d", i);
    say(msgid, "x");
  }
  assert_int_equal(read_events(20), 30);
  assert_int_equal(count("\"kind\""), 20);
  assert_true(has("\"m49\"") && has("\"m30\"") && !has("\"m29\""));
}

// As a message does on its way: itself, and its outcome.
static bool pass(const char *msgid, int64_t at_us) {
  LiveSubject of = { .openid = STR("oUser"), .msgid = str_of(msgid), .at_us = at_us };
  Outcome outcome = { .type = STR("text"), .outcome = "success" };
  bool shown = live_has_room(live, at_us);
  if (shown) {
    live_message(live, &of, STR("text"), STR("x"));
    live_outcome(live, &of, STR(""), &outcome);
  } else {
    live_leave_out(live, 2);
  }
  return shown;
}

static int pass_many(int messages, int64_t at_us) {
  char msgid[16];
  int shown = 0;
  for (int i = 0; i < messages; i++) {
    snprintf(msgid, sizeof msgid, "m%d", i);
    shown += pass(msgid, at_us);
  }
  return shown;
}

static void test_of_many_messages_the_first_of_a_quarter_second_are_shown_whole(void **state) {
  int64_t now_us = clock_now_us();
  live_look(live, now_us);
  assert_int_equal(pass_many(1000, now_us), LIVE_SHOWN_AT_ONCE);
  assert_int_equal(read_events(LIVE_SENT_AT_ONCE), 2 * (1000 - LIVE_SHOWN_AT_ONCE));
  assert_int_equal(count("\"kind\":\"message\""), LIVE_SHOWN_AT_ONCE);
  assert_int_equal(count("\"kind\":\"outcome\""), LIVE_SHOWN_AT_ONCE);
  assert_int_equal(pass_many(10, now_us + LIVE_SENDS_EVERY_MS * 1000 - 1), 0);
  assert_int_equal(pass_many(10, now_us + LIVE_SENDS_EVERY_MS * 1000), 10);
  assert_int_equal(read_events(LIVE_SENT_AT_ONCE), 20);
  assert_int_equal(count("\"kind\":\"message\""), 10);
}

static void test_many_lines_take_no_message_s_place_and_are_counted(void **state) {
  int64_t now_us = clock_now_us();
  live_look(live, now_us);
  assert_int_equal(pass_many(50, now_us), LIVE_SHOWN_AT_ONCE);
  for (int i = 0; i < 1000; i++) live_line(live, LOG_ERROR, STR("failed"));
  uint64_t left_out = 2 * (50 - LIVE_SHOWN_AT_ONCE) + 1000 - LIVE_LINES_AT_ONCE;
  assert_int_equal(read_events(LIVE_SENT_AT_ONCE), left_out);
  assert_int_equal(count("\"kind\":\"message\""), LIVE_SHOWN_AT_ONCE);
  assert_int_equal(count("\"kind\":\"outcome\""), LIVE_SHOWN_AT_ONCE);
  assert_int_equal(count("\"kind\":\"line\""), LIVE_LINES_AT_ONCE);
}

static void test_what_was_left_out_is_counted_once_and_numbers_ascend(void **state) {
  live_look(live, clock_now_us());
  say("1", "x");
  live_leave_out(live, 3);
  assert_int_equal(live_newest(live), 4);
  say("2", "x");
  assert_int_equal(read_events(10), 3);
  assert_int_equal(reader.after, 5);
  assert_true(has("\"id\":1,") && has("\"id\":5,"));
  assert_int_equal(read_events(10), 0);
}

// A reader that the ring has overtaken, one that knows only the number, and one that reads on, while the ring goes round.
static void test_who_reads_on_gets_what_is_new_wherever_the_ring_is(void **state) {
  static char text[4000];
  char msgid[16];
  LiveReader slow = { 0 };
  memset(text, 'x', sizeof text - 1);
  live_look(live, clock_now_us());
  for (int i = 0; i < 1000; i++) {
    snprintf(msgid, sizeof msgid, "m%d", i);
    text[i * 7 % 3000] = '\0';
    say(msgid, text);
    text[i * 7 % 3000] = 'x';
    assert_int_equal(read_events(10), 0);
    assert_int_equal(count("\"kind\""), 1);
    assert_true(has(msgid));
    reader.at = i % 2 ? reader.at : 0;
  }
  reader = slow;
  assert_int_equal(read_events(20), 980);
  assert_int_equal(count("\"kind\""), 20);
}

static void test_what_does_not_fit_makes_the_oldest_go(void **state) {
  static char text[9000];
  char msgid[16];
  memset(text, 'x', sizeof text - 1);
  live_look(live, clock_now_us());
  for (int i = 0; i < 2000; i++) {
    snprintf(msgid, sizeof msgid, "m%d", i);
    text[i % 4000] = '\0';
    say(msgid, text);
    text[i % 4000] = 'x';
  }
  read_events(5000);
  assert_true(has("\"m1999\"") && !has("\"m0\""));
  assert_true(count("\"kind\"") > 200);
}

static void test_when_nobody_looks_any_more_nothing_is_kept(void **state) {
  live_look(live, clock_now_us() - 20 * 1000 * 1000);
  assert_true(live_is_watched(live));
  say("1", "x");
  assert_false(live_is_watched(live));
  read_events(10);
  assert_false(has("kind"));
}

static void test_warnings_and_errors_are_kept_whoever_looks(void **state) {
  live_line(live, LOG_INFO, STR("all is well"));
  live_line(live, LOG_WARN, STR("a warning"));
  live_line(live, LOG_ERROR, STR("an \"error\""));
  buf_reset(&json);
  live_lines(live, 10, &json);
  assert_true(has("\"level\":\"warn\",\"text\":\"a warning\"") && has("\"an \\\"error\\\"\"") &&
              !has("well"));
  buf_reset(&json);
  live_lines(live, 1, &json);
  assert_true(has("error") && !has("warning"));
}

static void test_a_line_names_the_user_and_the_message_that_caused_it(void **state) {
  LogSubject before = log_about((LogSubject){ STR("oUser"), STR("7"), NULL });
  live_line(live, LOG_ERROR, STR("failed"));
  log_about(before);
  live_line(live, LOG_WARN, STR("of nobody"));
  buf_reset(&json);
  live_lines(live, 10, &json);
  assert_true(has("\"openid\":\"oUser\",\"msgid\":\"7\",\"level\":\"error\""));
  assert_int_equal(count("openid"), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_nobody_looks_at_first, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_who_looks_reads_what_happened_since, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_a_reply_that_comes_with_its_outcome_precedes_it, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(test_the_newest_are_read_and_the_others_counted, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(
        test_of_many_messages_the_first_of_a_quarter_second_are_shown_whole, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_many_lines_take_no_message_s_place_and_are_counted, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(test_what_was_left_out_is_counted_once_and_numbers_ascend,
                                    set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_who_reads_on_gets_what_is_new_wherever_the_ring_is, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(test_what_does_not_fit_makes_the_oldest_go, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_when_nobody_looks_any_more_nothing_is_kept, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(test_warnings_and_errors_are_kept_whoever_looks, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(test_a_line_names_the_user_and_the_message_that_caused_it,
                                    set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
