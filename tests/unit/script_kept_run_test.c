// A run of the script as one value in the store.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "script/kept_run.h"

#include <string.h>

static const KeptRun whole = { .state = KEPT_RUNS,
                               .owed = true,
                               .events = false,
                               .other_taken = true,
                               .rest = true,
                               .taken = 77,
                               .process = STR("machine:1:2:3"),
                               .openid = STR("oUser"),
                               .identity = STR("m1"),
                               .message = STR("<xml>\0</xml>"),
                               .answering = STR("<xml>2</xml>"),
                               .question = STR("Which size?"),
                               .is_text = true,
                               .unbegun = true,
                               .reply = STR("X<xml>\0</xml>"),
                               .place = STR("bot.lua:7"),
                               .since_s = 1700000000,
                               .begun_s = 1700000001,
                               .until_ms = 1700000002003,
                               .asks = 4,
                               .ends = 1,
                               .lost_question = STR("Which colour?"),
                               .lost_place = STR("bot.lua:3"),
                               .lost_since_s = 1600000000,
                               .record = STR("record") };

#define SAME_TEXT(field) assert_true(str_eq(read.field, whole.field))
#define SAME_NUMBER(field) assert_int_equal(read.field, whole.field)

static void test_a_run_reads_back_as_it_was_written(void **state) {
  Buf bytes;
  KeptRun read;
  buf_init(&bytes);
  kept_write(&whole, &bytes);
  assert_true(kept_read(buf_str(&bytes), &read));
  SAME_NUMBER(state), SAME_NUMBER(owed), SAME_NUMBER(events);
  SAME_NUMBER(other_taken), SAME_NUMBER(rest), SAME_NUMBER(is_text), SAME_NUMBER(unbegun),
      SAME_NUMBER(taken);
  SAME_TEXT(process), SAME_TEXT(openid), SAME_TEXT(identity), SAME_TEXT(message);
  SAME_TEXT(answering), SAME_TEXT(question), SAME_TEXT(place);
  SAME_NUMBER(since_s), SAME_NUMBER(begun_s), SAME_NUMBER(until_ms), SAME_NUMBER(asks);
  SAME_NUMBER(ends), SAME_NUMBER(lost_since_s);
  SAME_TEXT(lost_question), SAME_TEXT(lost_place), SAME_TEXT(record), SAME_TEXT(reply);
  buf_clear(&bytes);
}

static void test_an_empty_run_reads_back_too(void **state) {
  Buf bytes;
  KeptRun read = whole;
  buf_init(&bytes);
  kept_write(&(KeptRun){ .state = KEPT_ASKS }, &bytes);
  assert_true(kept_read(buf_str(&bytes), &read));
  assert_int_equal(read.state, KEPT_ASKS);
  assert_false(read.owed || read.events);
  assert_int_equal(read.message.len + read.record.len + read.place.len + read.reply.len, 0);
  buf_clear(&bytes);
}

static void test_the_script_is_read_back_and_may_be_missing(void **state) {
  Buf bytes;
  KeptRun read;
  buf_init(&bytes);
  kept_write(&(KeptRun){ .reply = STR("reply"), .script = UINT64_MAX }, &bytes);
  assert_true(kept_read(buf_str(&bytes), &read));
  assert_true(read.script == UINT64_MAX);
  buf_reset(&bytes);
  kept_write(&(KeptRun){ .reply = STR("reply"), .arrived_us = 77 }, &bytes);
  assert_true(kept_read(buf_str(&bytes), &read));
  assert_true(read.script == 0 && read.arrived_us == 77);
  buf_reset(&bytes);
  kept_write(&(KeptRun){ .reply = STR("reply") }, &bytes);
  assert_true(kept_read(buf_str(&bytes), &read));
  assert_true(read.script == 0 && read.arrived_us == 0);
  buf_clear(&bytes);
}

static void test_a_message_that_is_still_being_answered_is_written_once(void **state) {
  Buf bytes, other;
  KeptRun read;
  buf_init(&bytes);
  buf_init(&other);
  kept_write(&(KeptRun){ .message = STR("<xml>1</xml>"), .answering = STR("<xml>1</xml>") },
             &bytes);
  kept_write(&(KeptRun){ .message = STR("<xml>1</xml>"), .answering = STR("<xml>2</xml>") },
             &other);
  assert_int_equal(bytes.len + strlen("<xml>1</xml>"), other.len);
  assert_true(kept_read(buf_str(&bytes), &read));
  assert_true(str_eq(read.message, STR("<xml>1</xml>")));
  assert_true(str_eq(read.answering, read.message));
  buf_clear(&bytes);
  buf_clear(&other);
}

static void test_bytes_of_another_length_or_format_are_refused(void **state) {
  Buf bytes;
  KeptRun read;
  buf_init(&bytes);
  kept_write(&whole, &bytes);
  for (size_t len = 0; len < bytes.len; len++)
    assert_false(kept_read(str_make(bytes.ptr, len), &read));
  buf_addc(&bytes, 'x');
  assert_false(kept_read(buf_str(&bytes), &read));
  bytes.len--;
  bytes.ptr[strlen("wemoon run ")] = '1';
  assert_false(kept_read(buf_str(&bytes), &read));
  buf_clear(&bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_the_script_is_read_back_and_may_be_missing),
    cmocka_unit_test(test_a_run_reads_back_as_it_was_written),
    cmocka_unit_test(test_an_empty_run_reads_back_too),
    cmocka_unit_test(test_a_message_that_is_still_being_answered_is_written_once),
    cmocka_unit_test(test_bytes_of_another_length_or_format_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
