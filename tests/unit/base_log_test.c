// base/log: lines on standard error, which the tests read through a pipe.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secrets.h"

static int real_stderr, reading;

static void capture(void) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  fflush(stderr);
  real_stderr = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  close(ends[1]);
  reading = ends[0];
}

// What was written since `capture`, without the times in front of lines of text.
static const char *captured(void) {
  static char text[65536];
  dup2(real_stderr, STDERR_FILENO);
  close(real_stderr);
  size_t len = 0;
  ssize_t got;
  fcntl(reading, F_SETFL, O_NONBLOCK);  // the log keeps the pipe open: there is no end of file
  while ((got = read(reading, text + len, sizeof text - 1 - len)) > 0) len += (size_t)got;
  close(reading);
  text[len] = '\0';
  return text;
}

enum { TIME_LEN = sizeof "2026-11-24 02:03:04.123 " - 1 };

static void assert_text_line(const char *expected) {
  const char *line = captured();
  assert_true(strlen(line) > TIME_LEN);
  assert_string_equal(line + TIME_LEN, expected);
}

static void test_a_text_line_has_time_level_and_message(void **state) {
  log_setup(LOG_INFO, LOG_TEXT);
  capture();
  log_warn("disk is %d%% full", 93);
  const char *line = captured();
  int year, month, day, hour, minute, second, ms, used = 0;
  assert_int_equal(sscanf(line, "%4d-%2d-%2d %2d:%2d:%2d.%3d%n", &year, &month, &day, &hour,
                          &minute, &second, &ms, &used),
                   7);
  assert_int_equal(used, TIME_LEN - 1);
  assert_string_equal(line + used, " warn  disk is 93% full\n");
}

static void test_lines_below_the_level_are_not_written(void **state) {
  log_setup(LOG_ERROR, LOG_TEXT);
  capture();
  log_debug("a");
  log_info("b");
  log_warn("c");
  log_error("d");
  assert_text_line("error d\n");
  assert_false(log_on(LOG_WARN));
  assert_true(log_on(LOG_ERROR));
}

static void test_a_stranger_cannot_forge_a_line_of_text(void **state) {
  log_setup(LOG_INFO, LOG_TEXT);
  capture();
  log_info("said: %s", "x\n2026-11-24 02:03:04.123 error fire\r\x1b[2J\x7f\xc2\x9b");
  assert_text_line(
      "info  said: x\n    2026-11-24 02:03:04.123 error fire\\r\\x1b[2J\\x7f\\xc2\\x9b\n");
}

static void test_a_traceback_is_indented_and_chinese_stays_readable(void **state) {
  log_setup(LOG_INFO, LOG_TEXT);
  capture();
  log_info("出错\n\tbot.lua:3");
  assert_text_line("info  出错\n    \tbot.lua:3\n");
}

static void test_broken_characters_are_made_visible_in_text(void **state) {
  log_setup(LOG_INFO, LOG_TEXT);
  capture();
  log_info("%s", "a\xff\xe4\xbd");
  assert_text_line("info  a\\xff\\xe4\\xbd\n");
}

// Standard error is a terminal until `real_stderr` is put back; what is written there is read from the result.
static int open_terminal(void) {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
  int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
  assert_true(terminal >= 0);
  real_stderr = dup(STDERR_FILENO);
  dup2(terminal, STDERR_FILENO);
  close(terminal);
  return master;
}

static void test_what_reorders_text_is_an_escape_at_a_terminal_alone(void **state) {
  static const char said[] = "你\xe2\x80\xaetxt.exe";
  log_setup(LOG_INFO, LOG_TEXT);
  reading = open_terminal();
  log_info("%s", said);
  assert_non_null(strstr(captured(), "info  你\\xE2\\x80\\xAEtxt.exe"));
  log_setup(LOG_INFO, LOG_JSON);
  reading = open_terminal();
  log_info("%s", said);
  assert_non_null(strstr(captured(), said));
  log_setup(LOG_INFO, LOG_TEXT);
  capture();
  log_info("%s", said);
  assert_non_null(strstr(captured(), said));
}

static void test_a_json_line_is_json(void **state) {
  log_setup(LOG_INFO, LOG_JSON);
  capture();
  log_error("%s", "\"q\" \\ \n\t\r\x01 你\xff");
  const char *line = captured();
  assert_memory_equal(line, "{\"time\":\"2", 10);
  assert_int_equal(line[9 + 10], 'T');
  const char *rest = strstr(line, "\",\"level\"");
  assert_non_null(rest);
  assert_string_equal(
      rest, "\",\"level\":\"error\",\"msg\":\"\\\"q\\\" \\\\ \\n\\t\\r\\u0001 你\\ufffd\"}\n");
  log_setup(LOG_INFO, LOG_TEXT);
}

static LogField fields[] = { { LOG_NAME("type"), STR("text"), false },
                             { LOG_NAME("place"), STR(""), false },
                             { LOG_NAME("ms"), STR("1.5"), true },
                             { LOG_NAME("key"), STR("a b=\"c\"\n你"), false } };

static void test_fields_are_key_and_value_in_text(void **state) {
  log_setup(LOG_INFO, LOG_TEXT);
  capture();
  log_fields(LOG_WARN, "message", fields, 4);
  assert_text_line("warn  message type=text ms=1.5 key=\"a b=\\\"c\\\"\\n你\"\n");
}

static void test_fields_are_members_in_json_and_null_without_a_value(void **state) {
  log_setup(LOG_INFO, LOG_JSON);
  capture();
  log_fields(LOG_INFO, "message", fields, 3);
  const char *rest = strstr(captured(), ",\"level\"");
  assert_string_equal(rest,
                      ",\"level\":\"info\",\"msg\":\"message\",\"type\":\"text\",\"place\":null,"
                      "\"ms\":1.5}\n");
  log_setup(LOG_INFO, LOG_TEXT);
}

static void test_a_line_has_its_subject_before_a_traceback(void **state) {
  log_setup(LOG_INFO, LOG_TEXT);
  LogSubject before = log_about((LogSubject){ STR("oUser"), STR("e:1:CLICK:a b"), NULL });
  assert_int_equal(before.openid.len, 0);
  capture();
  log_error("failed\n\tbot.lua:3");
  assert_text_line("error failed openid=oUser msgid=\"e:1:CLICK:a b\"\n    \tbot.lua:3\n");
  assert_int_equal(log_about(before).openid.len, 5);
}

static void test_a_subject_may_be_copied_and_ends_with_its_copy(void **state) {
  char openid[] = "oUser", msgid[] = "7";
  LogSubject subject = { str_of(openid), str_of(msgid), NULL }, other = subject, none = { 0 };
  char *block = log_subject_copy(&subject);
  memset(openid, 'x', 5);
  memset(msgid, 'x', 1);
  assert_true(str_eq(subject.openid, STR("oUser")) && str_eq(subject.msgid, STR("7")));
  log_about(subject);
  log_end_subject(block);
  assert_int_equal(log_about(other).openid.len, 0);
  log_end_subject(block);
  assert_int_equal(log_about((LogSubject){ 0 }).openid.len, 5);
  free(block);
  assert_null(log_subject_copy(&none));
}

static void test_secrets_are_masked_wherever_they_stand(void **state) {
  log_setup(LOG_INFO, LOG_TEXT);
  secrets_add(STR("short"));
  secrets_add(STR("a-secret-of-24-letters.."));
  log_about((LogSubject){ STR("oUser"), STR("e:1:CLICK:a-secret-of-24-letters.."), NULL });
  capture();
  log_info("short a-secret-of-24-letters..a-secret-of-24-letters.. a-secret");
  assert_text_line(
      "info  short a-se…(24)a-se…(24) a-secret openid=oUser msgid=\"e:1:CLICK:a-se…(24)\"\n");
  log_about((LogSubject){ 0 });
}

static void test_tokens_that_pass_push_no_secret_out(void **state) {
  char token[32];
  log_setup(LOG_INFO, LOG_TEXT);
  secrets_add(STR("a-secret-that-stays"));
  for (int i = 0; i < 3 * SECRETS_PASSING; i++) {
    snprintf(token, sizeof token, "token-number-%04d", i);
    secrets_add_passing(str_of(token));
  }
  capture();
  log_info("a-secret-that-stays token-number-0001 %s", token);
  assert_text_line("info  a-se…(19) token-number-0001 toke…(17)\n");
}

static Str hash(Str openid, char room[OPENID_SHOWN_MAX]) {
  return str_make(room, (size_t)snprintf(room, OPENID_SHOWN_MAX, "<%zu>", openid.len));
}

static void test_openids_are_hashed_in_fields_and_in_messages(void **state) {
  log_setup(LOG_INFO, LOG_TEXT);
  secrets_hash_openids(hash);
  log_about((LogSubject){ STR("oUser"), STR("1"), NULL });
  capture();
  log_info("to oDemoUser0000000000000000001, not oDemoUser0000000000000000001x");
  assert_text_line("info  to <28>, not oDemoUser0000000000000000001x openid=<5> msgid=1\n");
  log_about((LogSubject){ 0 });
  secrets_hash_openids(NULL);
}

static void test_secrets_may_be_masked_alone(void **state) {
  Buf out;
  buf_init(&out);
  secrets_hash_openids(hash);
  secrets_add(STR("a-secret-of-24-letters.."));
  assert_false(secrets_mask_known(STR("of oDemoUser0000000000000000001"), &out));
  assert_true(
      secrets_mask_known(STR("a-secret-of-24-letters.. of oDemoUser0000000000000000001"), &out));
  assert_true(str_eq(buf_str(&out), STR("a-se…(24) of oDemoUser0000000000000000001")));
  assert_true(secrets_allow(STR("nothing secret")));
  assert_false(secrets_allow(STR("of oDemoUser0000000000000000001")));
  secrets_hash_openids(NULL);
  assert_true(secrets_allow(STR("of oDemoUser0000000000000000001")));
  assert_true(secrets_allow(STR("nothing secret")));
  assert_true(secrets_allow(STR("")));
  assert_false(secrets_allow(STR("..a-secret-of-24-letters..")));
  buf_clear(&out);
}

static void test_a_long_message_is_written_whole(void **state) {
  log_setup(LOG_INFO, LOG_TEXT);
  char *text = malloc(20001);
  memset(text, 'x', 20000);
  text[20000] = '\0';
  capture();
  log_info("%s", text);
  const char *line = captured();
  assert_int_equal(strlen(line), TIME_LEN + sizeof "info  " - 1 + 20000 + 1);
  free(text);
}

static void test_errno_survives_a_line(void **state) {
  log_setup(LOG_INFO, LOG_TEXT);
  capture();
  errno = ENOENT;
  log_info("x");
  int after = errno;
  captured();
  assert_int_equal(after, ENOENT);
}

static void *write_lines(void *arg) {
  for (int i = 0; i < 100; i++) log_info("0123456789012345678901234567890123456789");
  return NULL;
}

static void test_lines_of_several_threads_do_not_mix(void **state) {
  log_setup(LOG_INFO, LOG_TEXT);
  capture();
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, write_lines, NULL);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  const char *at = captured();
  int lines = 0;
  for (; *at; lines++) {
    assert_memory_equal(at + TIME_LEN, "info  0123456789012345678901234567890123456789\n", 47);
    at += TIME_LEN + 47;
  }
  assert_int_equal(lines, 400);
}

static void test_a_masked_secret_shows_four_characters_and_its_length(void **state) {
  Buf out;
  buf_init(&out);
  secrets_mask(&out, STR("wx12345678901234567890123456789x"));
  assert_string_equal(out.ptr, "wx12…(32)");
  buf_reset(&out);
  secrets_mask(&out, STR("short"));
  assert_string_equal(out.ptr, "…(5)");
  buf_reset(&out);
  secrets_mask(&out, STR("a密码密码密码"));
  assert_string_equal(out.ptr, "a密…(19)");
  buf_clear(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_text_line_has_time_level_and_message),
    cmocka_unit_test(test_lines_below_the_level_are_not_written),
    cmocka_unit_test(test_a_stranger_cannot_forge_a_line_of_text),
    cmocka_unit_test(test_a_traceback_is_indented_and_chinese_stays_readable),
    cmocka_unit_test(test_broken_characters_are_made_visible_in_text),
    cmocka_unit_test(test_what_reorders_text_is_an_escape_at_a_terminal_alone),
    cmocka_unit_test(test_a_json_line_is_json),
    cmocka_unit_test(test_fields_are_key_and_value_in_text),
    cmocka_unit_test(test_fields_are_members_in_json_and_null_without_a_value),
    cmocka_unit_test(test_a_line_has_its_subject_before_a_traceback),
    cmocka_unit_test(test_a_subject_may_be_copied_and_ends_with_its_copy),
    cmocka_unit_test(test_secrets_are_masked_wherever_they_stand),
    cmocka_unit_test(test_tokens_that_pass_push_no_secret_out),
    cmocka_unit_test(test_openids_are_hashed_in_fields_and_in_messages),
    cmocka_unit_test(test_secrets_may_be_masked_alone),
    cmocka_unit_test(test_a_long_message_is_written_whole),
    cmocka_unit_test(test_errno_survives_a_line),
    cmocka_unit_test(test_lines_of_several_threads_do_not_mix),
    cmocka_unit_test(test_a_masked_secret_shows_four_characters_and_its_length),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
