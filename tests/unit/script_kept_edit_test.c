// Each change of a user's kept answers, on a value.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/pack.h"
#include "script/kept_edit.h"

#include <string.h>

enum { NOW_S = 1700000000, PATIENCE_S = 600 };

static Buf before, after, pieces, claimed;
static int64_t now_s;

static void begin_value(Buf *value) {
  buf_reset(value);
  kept_answer_begin(value);
}

static int begin(void **state) {
  Buf *const bufs[] = { &before, &after, &pieces, &claimed };
  for (size_t i = 0; i < 4; i++) buf_init(bufs[i]);
  begin_value(&before);
  now_s = NOW_S;
  return 0;
}

static int end(void **state) {
  Buf *const bufs[] = { &before, &after, &pieces, &claimed };
  for (size_t i = 0; i < 4; i++) buf_clear(bufs[i]);
  return 0;
}

// Makes the change; its result is the value before the next one. Returns what it found.
static KeptAnswersFound edit(void (*make)(KeptEdit *, Str, Buf *), const char *identity,
                             KeptEdit more) {
  more.identity = str_of(identity);
  more.now_s = now_s;
  more.patience_s = PATIENCE_S;
  more.pieces = buf_str(&pieces);
  more.claimed = &claimed;
  begin_value(&after);
  make(&more, buf_str(&before), &after);
  buf_reset(&before);
  buf_add(&before, buf_str(&after));
  return more.found;
}

static void put(const char *identity, const char *text, KeptEdit more) {
  buf_reset(&pieces);
  pack_str(&pieces, str_of(text));
  edit(kept_edit_put, identity, more);
}

static KeptAnswersFound claim(const char *identity, bool is_text) {
  return edit(kept_edit_claim, identity, (KeptEdit){ .is_text = is_text });
}

static void assert_claimed(const char *text) {
  assert_true(str_eq(buf_str(&claimed), str_of(text)));
}

// The identities of the answers, each after a space; a promise has a '?', what was given a '!'.
static void assert_answers(const char *wanted) {
  char text[200] = "";
  KeptAnswer answer;
  Str rest = buf_str(&before);
  while (kept_answer_next(&rest, &answer)) {
    strcat(text, " ");
    strncat(text, answer.identity.ptr, answer.identity.len);
    if (answer.given) strcat(text, "!");
    else if (!answer.ready) strcat(text, "?");
  }
  assert_string_equal(text, wanted);
}

static const KeptEdit nothing;

static void test_a_promise_is_made_once(void **state) {
  edit(kept_edit_promise, "m1", nothing);
  edit(kept_edit_promise, "m1", nothing);
  edit(kept_edit_promise, "m2", nothing);
  assert_answers(" m1? m2?");
}

static void test_an_answer_takes_the_place_of_its_promise(void **state) {
  edit(kept_edit_promise, "m1", nothing);
  edit(kept_edit_promise, "m2", nothing);
  put("m1", "Tone", nothing);
  assert_answers(" m1 m2?");
  assert_int_equal(claim("m3", true), KEPT_ANSWERS_GIVE);  // it is still promised
  assert_claimed("Tone");
}

static void test_an_answer_promised_after_it_was_put_waits_for_a_text(void **state) {
  put("m1", "Tone", nothing);
  edit(kept_edit_promise, "m1", nothing);
  assert_answers(" m1");
  assert_int_equal(claim("m2", false), KEPT_ANSWERS_NONE);
  assert_int_equal(claim("m2", true), KEPT_ANSWERS_GIVE);
}

static void test_each_piece_has_a_name_of_its_own(void **state) {
  pack_str(&pieces, STR("Tone"));
  pack_str(&pieces, STR("Ttwo"));
  pack_str(&pieces, STR("Tthree"));
  edit(kept_edit_put, "m1", nothing);
  assert_answers(" m1 m1#2 m1#3");
}

static void test_an_answer_that_is_put_again_has_each_piece_once(void **state) {
  pack_str(&pieces, STR("Tone"));
  pack_str(&pieces, STR("Ttwo"));
  edit(kept_edit_put, "m1", nothing);
  put("m1#rest", "Tmore", nothing);
  put("m1", "Tone", nothing);
  assert_answers(" m1 m1#rest");
}

static void test_answers_that_fit_into_one_text_are_claimed_together(void **state) {
  put("m1", "Tone", nothing);
  put("m2", "Ttwo", nothing);
  assert_int_equal(claim("m3", true), KEPT_ANSWERS_BEFORE);
  assert_claimed("Tone\n\ntwo");
  edit(kept_edit_given, "m3", nothing);
  assert_answers(" m1! m2!");
}

static void test_a_claim_lasts_for_twenty_seconds(void **state) {
  put("m1", "Tone", nothing);
  assert_int_equal(claim("m2", true), KEPT_ANSWERS_BEFORE);
  now_s += 20;
  assert_int_equal(claim("m3", true), KEPT_ANSWERS_NONE);
  assert_int_equal(claim("m2", true), KEPT_ANSWERS_BEFORE);
  now_s += 21;
  assert_int_equal(claim("m3", true), KEPT_ANSWERS_BEFORE);
}

static void test_an_answer_that_was_given_goes_with_or_without_its_own_message(void **state) {
  put("m1", "Tone", nothing);
  edit(kept_edit_given, "m1", nothing);
  assert_answers(" m1");
  edit(kept_edit_given, "m1", (KeptEdit){ .own = true });
  assert_answers(" m1!");
}

static void give(const char *identity, const char *text, const char *to) {
  put(identity, text, nothing);
  claim(to, true);
  edit(kept_edit_given, to, nothing);
}

static void test_an_answer_that_was_given_is_not_put_again(void **state) {
  give("m1", "Tone", "m2");
  put("m1", "Tone", nothing);
  assert_answers(" m1!");
  assert_int_equal(claim("m3", true), KEPT_ANSWERS_NONE);
  put("m1", "Tother", nothing);
  put("m2", "Tone", nothing);
  assert_answers(" m1! m1 m2");
}

static void test_a_document_that_was_given_is_not_put_again_with_another_time(void **state) {
  give("m1", "X<xml><CreateTime>100</CreateTime><MsgType>image</MsgType></xml>", "m2");
  put("m1", "X<xml><CreateTime>101</CreateTime><MsgType>image</MsgType></xml>", nothing);
  assert_answers(" m1!");
  put("m1", "X<xml><CreateTime>101</CreateTime><MsgType>voice</MsgType></xml>", nothing);
  assert_answers(" m1! m1");
}

static void test_a_piece_that_was_given_is_left_out_of_the_answer_put_again(void **state) {
  pack_str(&pieces, STR("Tone"));
  pack_str(&pieces, STR("Ttwo"));
  edit(kept_edit_put, "m1", (KeptEdit){ .promised = true });
  assert_int_equal(claim("m2", true), KEPT_ANSWERS_GIVE);
  edit(kept_edit_given, "m2", nothing);
  edit(kept_edit_put, "m1", (KeptEdit){ .promised = true });
  assert_answers(" m1! m1#2");
}

static void test_what_was_given_is_forgotten_after_ten_minutes(void **state) {
  give("m1", "Tone", "m2");
  edit(kept_edit_end, "m1", nothing);
  edit(kept_edit_promise, "m1", nothing);
  assert_answers(" m1!");
  now_s += KEPT_ANSWERS_GIVEN_S;
  edit(kept_edit_given, "m9", nothing);
  assert_answers("");
}

static void test_the_end_of_a_script_takes_its_promise_and_no_answer(void **state) {
  edit(kept_edit_promise, "m1", nothing);
  put("m2", "Ttwo", nothing);
  edit(kept_edit_end, "m1", nothing);
  edit(kept_edit_end, "m2", nothing);
  assert_answers(" m2");
}

static void test_the_end_of_all_others_leaves_the_parts_of_one(void **state) {
  put("m1", "Tone", nothing);
  put("m1#rest", "Tmore", nothing);
  put("m11", "Tother", nothing);
  edit(kept_edit_end_others, "m1", nothing);
  assert_answers(" m1 m1#rest");
  edit(kept_edit_end_others, "", nothing);
  assert_answers("");
}

static void test_a_promise_is_given_up_after_the_patience(void **state) {
  edit(kept_edit_promise, "m1", nothing);
  assert_int_equal(claim("m2", true), KEPT_ANSWERS_PENDING);
  assert_int_equal(claim("m1", true), KEPT_ANSWERS_NONE);
  now_s += PATIENCE_S;
  assert_int_equal(claim("m2", true), KEPT_ANSWERS_NONE);
}

static void test_until_its_time_an_answer_is_for_its_own_message(void **state) {
  put("m1", "Tone", (KeptEdit){ .not_before_s = NOW_S + 20 });
  assert_int_equal(claim("m2", true), KEPT_ANSWERS_NONE);
  now_s += 20;
  assert_int_equal(claim("m2", true), KEPT_ANSWERS_BEFORE);
}

static void test_an_expired_answer_is_left_out_by_every_change(void **state) {
  put("m1", "Tone", nothing);
  now_s += KEPT_ANSWERS_S;
  edit(kept_edit_end, "m2", nothing);
  assert_answers("");
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
  const struct CMUnitTest tests[] = {
    CASE(test_a_promise_is_made_once),
    CASE(test_an_answer_takes_the_place_of_its_promise),
    CASE(test_an_answer_promised_after_it_was_put_waits_for_a_text),
    CASE(test_each_piece_has_a_name_of_its_own),
    CASE(test_an_answer_that_is_put_again_has_each_piece_once),
    CASE(test_answers_that_fit_into_one_text_are_claimed_together),
    CASE(test_a_claim_lasts_for_twenty_seconds),
    CASE(test_an_answer_that_was_given_goes_with_or_without_its_own_message),
    CASE(test_an_answer_that_was_given_is_not_put_again),
    CASE(test_a_document_that_was_given_is_not_put_again_with_another_time),
    CASE(test_a_piece_that_was_given_is_left_out_of_the_answer_put_again),
    CASE(test_what_was_given_is_forgotten_after_ten_minutes),
    CASE(test_the_end_of_a_script_takes_its_promise_and_no_answer),
    CASE(test_the_end_of_all_others_leaves_the_parts_of_one),
    CASE(test_a_promise_is_given_up_after_the_patience),
    CASE(test_until_its_time_an_answer_is_for_its_own_message),
    CASE(test_an_expired_answer_is_left_out_by_every_change),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
