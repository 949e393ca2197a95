// base/log_plain: writes what log_line_render does, or nothing.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/log_plain.h"
#include "base/secrets.h"

enum { TEXT_TIME = sizeof "2026-11-24 02:03:04.123" - 1, JSON_TIME = 40, TRIES = 20000 };

// Both lines without their times, which may differ.
static void assert_same(const LogLine *line, LogFormat format, const char *plain, size_t len) {
  size_t time = format == LOG_JSON ? JSON_TIME : TEXT_TIME;
  Buf whole;
  buf_init(&whole);
  log_line_render(line, format, &whole);
  assert_int_equal(len, whole.len);
  assert_memory_equal(plain + time, whole.ptr + time, len - time);
  buf_clear(&whole);
}

// Returns whether the line is plain.
static bool renders(const LogLine *line, LogFormat format) {
  char out[LOG_PLAIN_MAX];
  size_t len = log_plain_render(line, format, out);
  if (len) assert_same(line, format, out, len);
  return len > 0;
}

static LogLine line_of(const LogField *fields, size_t count) {
  return (LogLine){ .level = LOG_INFO,
                    .message = STR("message"),
                    .subject = { STR("oDemoUser0000000000000000001"), STR("9000000012"), NULL },
                    .fields = fields,
                    .field_count = count };
}

static bool renders_value(Str value, LogFormat format) {
  LogField field = { LOG_NAME("account"), value, false };
  LogLine line = line_of(&field, 1);
  return renders(&line, format);
}

static void test_the_line_of_a_message_is_plain(void **state) {
  const LogField fields[] = { { LOG_NAME("type"), STR("text"), false },
                              { LOG_NAME("ms"), STR("0.4"), true },
                              { LOG_NAME("account"), STR("gh_1"), false },
                              { LOG_NAME("place"), STR(""), false } };
  LogLine line = line_of(fields, 4);
  assert_true(renders(&line, LOG_TEXT));
  assert_true(renders(&line, LOG_JSON));
  line.subject = (LogSubject){ 0 };
  assert_true(renders(&line, LOG_TEXT));
  assert_true(renders(&line, LOG_JSON));
}

static void test_what_has_to_be_escaped_or_quoted_is_not_plain(void **state) {
  static const char *const both[] = {
    "a\"b", "a\\b", "a\nb", "a\x7f", "你", "\xff", "\x80", "a\x1f"
  };
  for (size_t i = 0; i < sizeof both / sizeof *both; i++) {
    assert_false(renders_value(str_of(both[i]), LOG_TEXT));
    assert_false(renders_value(str_of(both[i]), LOG_JSON));
  }
  assert_false(renders_value(STR("a b"), LOG_TEXT));
  assert_false(renders_value(STR("a=b"), LOG_TEXT));
  assert_true(renders_value(STR("a b=c"), LOG_JSON));
}

// Every byte, at every place of a value that goes beyond one lane.
static void test_a_value_is_bare_unless_one_of_its_bytes_splits_or_is_hard(void **state) {
  char text[70];
  for (size_t at = 0; at < sizeof text; at++) {
    memset(text, 'x', sizeof text);
    for (int c = 0; c < 256; c++) {
      bool bare = c > ' ' && c < 0x7F && c != '"' && c != '=' && c != '\\';
      text[at] = (char)c;
      assert_int_equal(renders_value(str_make(text, sizeof text), LOG_TEXT), bare);
    }
  }
}

static void test_two_hundred_and_fifty_six_marks_are_not_none(void **state) {
  char text[257];
  memset(text, ' ', sizeof text);
  text[256] = 'x';
  assert_false(renders_value(str_make(text, sizeof text), LOG_TEXT));
  memset(text, '"', 256);
  assert_false(renders_value(str_make(text, sizeof text), LOG_JSON));
}

static void test_a_message_that_has_to_be_escaped_is_not_plain(void **state) {
  LogLine line = line_of(NULL, 0);
  line.message = STR("failed\n\tbot.lua:3");
  assert_false(renders(&line, LOG_TEXT));
  assert_false(renders(&line, LOG_JSON));
  line.message = STR("two words, a=b");
  assert_true(renders(&line, LOG_TEXT));
  assert_true(renders(&line, LOG_JSON));
}

static void test_what_has_to_be_hidden_is_not_plain(void **state) {
  secrets_add(STR("a-secret-of-24-letters.."));
  assert_true(renders_value(STR("a-secret-of-24-letters"), LOG_TEXT));
  for (LogFormat format = LOG_TEXT; format <= LOG_JSON; format++) {
    assert_false(renders_value(STR("xa-secret-of-24-letters..x"), format));
    LogLine line = line_of(NULL, 0);
    line.message = STR("it is a-secret-of-24-letters..");
    assert_false(renders(&line, format));
  }
}

static Str hash(Str openid, char room[OPENID_SHOWN_MAX]) {
  return str_make(room, (size_t)snprintf(room, OPENID_SHOWN_MAX, "<%zu>", openid.len));
}

static void test_a_hashed_openid_is_plain_but_not_what_looks_like_one(void **state) {
  secrets_hash_openids(hash);
  for (LogFormat format = LOG_TEXT; format <= LOG_JSON; format++) {
    assert_true(renders_value(STR("a"), format));
    assert_true(renders_value(STR("oDemoUser0000000000000000001x"), format));
    assert_false(renders_value(STR("oDemoUser0000000000000000001"), format));
    assert_false(renders_value(STR("x:oDemoUser0000000000000000001"), format));
    LogLine line = line_of(NULL, 0);
    line.message = STR("of oDemoUser0000000000000000001");
    assert_false(renders(&line, format));
  }
  secrets_hash_openids(NULL);
}

static void test_a_line_of_any_length_is_whole_or_not_plain(void **state) {
  static char text[2 * LOG_PLAIN_MAX];
  memset(text, 'x', sizeof text);
  for (LogFormat format = LOG_TEXT; format <= LOG_JSON; format++) {
    for (size_t len = 0; len < sizeof text; len++) {
      LogLine line = line_of(NULL, 0);
      line.message = str_make(text, len);
      bool plain[] = { renders_value(line.message, format), renders(&line, format) };
      if (len < LOG_PLAIN_MAX / 2) assert_true(plain[0] && plain[1]);
      if (len >= LOG_PLAIN_MAX) assert_false(plain[0] || plain[1]);
    }
  }
}

static Str any_text(char text[64]) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_:. =\"\\\n\x7f\x80\xe4";
  size_t len = (size_t)rand() % 64, usual = (size_t)rand() % 4 ? 40 : sizeof letters - 1;
  for (size_t i = 0; i < len; i++) text[i] = letters[(size_t)rand() % usual];
  return str_make(text, len);
}

static void test_any_line_is_as_the_other_way_writes_it(void **state) {
  char texts[5][64];
  int plain = 0;
  srand(1);
  for (int i = 0; i < TRIES; i++) {
    LogField fields[] = { { LOG_NAME("type"), any_text(texts[0]), false },
                          { LOG_NAME("ms"), STR("1.5"), true },
                          { LOG_NAME("place"), any_text(texts[1]), false } };
    LogLine line = { .level = (LogLevel)(i % 4),
                     .message = any_text(texts[2]),
                     .subject = { any_text(texts[3]), any_text(texts[4]), NULL },
                     .fields = fields,
                     .field_count = 3 };
    plain += renders(&line, i % 8 < 4 ? LOG_TEXT : LOG_JSON);
  }
  assert_true(plain > TRIES / 20 && plain < TRIES);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_the_line_of_a_message_is_plain),
    cmocka_unit_test(test_what_has_to_be_escaped_or_quoted_is_not_plain),
    cmocka_unit_test(test_a_value_is_bare_unless_one_of_its_bytes_splits_or_is_hard),
    cmocka_unit_test(test_two_hundred_and_fifty_six_marks_are_not_none),
    cmocka_unit_test(test_a_message_that_has_to_be_escaped_is_not_plain),
    cmocka_unit_test(test_what_has_to_be_hidden_is_not_plain),
    cmocka_unit_test(test_a_hashed_openid_is_plain_but_not_what_looks_like_one),
    cmocka_unit_test(test_a_line_of_any_length_is_whole_or_not_plain),
    cmocka_unit_test(test_any_line_is_as_the_other_way_writes_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
