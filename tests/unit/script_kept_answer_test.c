// The format of a user's kept answers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "script/kept_answer.h"

#include <string.h>

static const KeptAnswer whole = { .identity = STR("m1"),
                                  .claim = STR("m2"),
                                  .since_s = 1700000000,
                                  .not_before_s = 1700000020,
                                  .claimed_s = 1700000030,
                                  .promised = true,
                                  .ready = true,
                                  .packed = STR("T\0text") };

static void write_two(Buf *value) {
  buf_init(value);
  kept_answer_begin(value);
  kept_answer_write(&whole, value);
  kept_answer_write(&(KeptAnswer){ .identity = STR("m3") }, value);
}

static void test_answers_read_back_as_they_were_written(void **state) {
  Buf value;
  KeptAnswer read;
  write_two(&value);
  Str rest = buf_str(&value);
  assert_true(kept_answer_next(&rest, &read));
  assert_true(str_eq(read.identity, whole.identity) && str_eq(read.claim, whole.claim) &&
              str_eq(read.packed, whole.packed));
  assert_int_equal(read.since_s, whole.since_s);
  assert_int_equal(read.not_before_s, whole.not_before_s);
  assert_int_equal(read.claimed_s, whole.claimed_s);
  assert_true(read.promised && read.ready);
  assert_true(kept_answer_next(&rest, &read));
  assert_true(str_eq(read.identity, STR("m3")));
  assert_false(read.promised || read.ready);
  assert_false(kept_answer_next(&rest, &read));
  buf_clear(&value);
}

static void test_the_answers_of_a_value_are_counted(void **state) {
  Buf value;
  write_two(&value);
  assert_int_equal(kept_answer_count(buf_str(&value)), 2);
  kept_answer_write(&(KeptAnswer){ .identity = STR("m4"), .given = true }, &value);
  assert_int_equal(kept_answer_count(buf_str(&value)), 2);
  buf_reset(&value);
  kept_answer_begin(&value);
  assert_int_equal(kept_answer_count(buf_str(&value)), 0);
  buf_clear(&value);
}

static void test_a_value_cut_short_has_only_its_whole_answers(void **state) {
  Buf value;
  write_two(&value);
  assert_int_equal(kept_answer_count(str_make(value.ptr, value.len - 1)), 1);
  buf_clear(&value);
}

static void test_bytes_of_another_kind_are_no_answers(void **state) {
  KeptAnswer answer;
  Str rest = STR("{\"a\":1}");
  assert_false(kept_answer_next(&rest, &answer));
  rest = STR("");
  assert_false(kept_answer_next(&rest, &answer));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_answers_read_back_as_they_were_written),
    cmocka_unit_test(test_the_answers_of_a_value_are_counted),
    cmocka_unit_test(test_a_value_cut_short_has_only_its_whole_answers),
    cmocka_unit_test(test_bytes_of_another_kind_are_no_answers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
