// Answers that wait in the store for their user's next message.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "script/kept_answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "settle.h"

static Store *store;
static KeptAnswers *kept;
static Buf packed;

static KeptAnswers *another(void) { return kept_answers_new(store, STR("wx1"), 600); }

static int begin(void **state) {
  store = store_open(STR("memory:"), NULL);
  kept = another();
  buf_init(&packed);
  return store && kept ? 0 : -1;
}

static int end(void **state) {
  buf_clear(&packed);
  kept_answers_free(kept);
  store_close(store);
  return 0;
}

static void put(const char *identity, const char *text, bool promised, int64_t not_before_s) {
  Str piece = str_of(text);
  assert_true(kept_answers_put(kept, STR("o1"),
                               &(KeptAnswersPut){ .identity = str_of(identity),
                                                  .packed = &piece,
                                                  .count = 1,
                                                  .promised = promised,
                                                  .not_before_s = not_before_s },
                               NULL, NULL));
  settle(store);
}

static void on_claim(void *ctx, KeptAnswersFound found, Str bytes) {
  buf_add(&packed, bytes);
  *(KeptAnswersFound *)ctx = found;
}

static KeptAnswersFound claim(const char *identity, bool is_text) {
  KeptAnswersFound found = KEPT_ANSWERS_NONE;
  buf_reset(&packed);
  assert_true(kept_answers_claim(kept, STR("o1"), str_of(identity), is_text, on_claim, &found));
  settle(store);
  return found;
}

static void given(const char *identity) {
  kept_answers_given(kept, STR("o1"), str_of(identity), true);
  settle(store);
}

static void assert_claims(const char *identity, bool is_text, KeptAnswersFound found,
                          const char *text) {
  assert_int_equal(claim(identity, is_text), found);
  assert_string_equal(packed.len ? packed.ptr : "", text);
}

static void test_an_answer_stands_before_the_next_reply_once(void **state) {
  put("m1", "Tone", false, 0);
  put("m2", "Ttwo", false, 0);
  assert_int_equal(kept_answers_count(kept), 2);
  assert_claims("m3", true, KEPT_ANSWERS_BEFORE, "Tone\n\ntwo");
  given("m3");
  assert_int_equal(kept_answers_count(kept), 0);
  assert_claims("m4", true, KEPT_ANSWERS_NONE, "");
}

static void test_what_a_message_claimed_no_other_one_gets(void **state) {
  put("m1", "Tone", false, 0);
  assert_claims("m3", true, KEPT_ANSWERS_BEFORE, "Tone");
  assert_claims("m4", true, KEPT_ANSWERS_NONE, "");
  assert_claims("m3", true, KEPT_ANSWERS_BEFORE, "Tone");  // the platform's next try of the message
  clock_advance((int64_t)30 * 1000 * 1000);                // it was never answered
  assert_claims("m4", true, KEPT_ANSWERS_BEFORE, "Tone");
}

static void test_a_promised_answer_is_fetched_by_a_text_alone(void **state) {
  kept_answers_promise(kept, STR("o1"), STR("m1"));
  settle(store);
  assert_claims("m2", false, KEPT_ANSWERS_NONE, "");
  assert_claims("m2", true, KEPT_ANSWERS_PENDING, "");
  assert_claims("m1", true, KEPT_ANSWERS_NONE, "");  // the next try of its own message
  put("m1", "Tanswer", false, 0);
  assert_claims("m3", false, KEPT_ANSWERS_NONE, "");
  assert_claims("m4", true, KEPT_ANSWERS_GIVE, "Tanswer");
  given("m4");
  assert_claims("m5", true, KEPT_ANSWERS_NONE, "");
}

static void test_a_promise_whose_script_ended_without_an_answer_is_over(void **state) {
  kept_answers_promise(kept, STR("o1"), STR("m1"));
  settle(store);
  kept_answers_end(kept, STR("o1"), STR("m1"));
  settle(store);
  assert_claims("m2", true, KEPT_ANSWERS_NONE, "");
}

static void test_a_newer_message_takes_all_but_its_own_away(void **state) {
  put("m1", "Tone", false, 0);
  put("m1#rest", "Tmore", false, 0);
  kept_answers_promise(kept, STR("o1"), STR("m2"));
  put("m3", "Tthree", false, 0);
  put("m3#rest", "Tfour", false, 0);
  put("m33", "Tfive", false, 0);
  kept_answers_end_others(kept, STR("o1"), STR("m3"));
  settle(store);
  assert_int_equal(kept_answers_count(kept), 2);
  assert_claims("m4", true, KEPT_ANSWERS_BEFORE, "Tthree\n\nfour");
}

static void test_a_promise_is_waited_for_no_longer_than_a_script_may_take(void **state) {
  kept_answers_promise(kept, STR("o1"), STR("m1"));
  settle(store);
  clock_advance((int64_t)601 * 1000 * 1000);
  assert_claims("m2", true, KEPT_ANSWERS_NONE, "");
}

static void test_until_its_time_an_answer_is_its_own_messages(void **state) {
  put("m1", "Tone", false, clock_unix_s() + 20);
  assert_claims("m2", true, KEPT_ANSWERS_NONE, "");
  assert_claims("m1", true, KEPT_ANSWERS_GIVE, "Tone");
  clock_advance((int64_t)45 * 1000 * 1000);
  assert_claims("m2", true, KEPT_ANSWERS_BEFORE, "Tone");
}

static void test_pieces_of_a_long_answer_come_one_by_one(void **state) {
  const Str pieces[] = { STR("Tone"), STR("Ttwo") };
  kept_answers_promise(kept, STR("o1"), STR("m1"));
  settle(store);
  assert_true(kept_answers_put(
      kept, STR("o1"), &(KeptAnswersPut){ .identity = STR("m1"), .packed = pieces, .count = 2 },
      NULL, NULL));
  settle(store);
  assert_claims("m2", true, KEPT_ANSWERS_GIVE, "Tone");
  given("m2");
  assert_claims("m3", true, KEPT_ANSWERS_GIVE, "Ttwo");
  given("m3");
  assert_int_equal(kept_answers_count(kept), 0);
}

static void test_two_days_later_an_answer_is_gone(void **state) {
  put("m1", "Tone", false, 0);
  clock_advance((int64_t)KEPT_ANSWERS_S * 1000 * 1000);
  assert_claims("m2", true, KEPT_ANSWERS_NONE, "");
}

static void test_another_process_learns_what_is_there(void **state) {
  put("m1", "Tone", false, 0);
  KeptAnswers *second = another();
  assert_int_equal(kept_answers_count(second), 0);
  kept_answers_refresh(second);
  assert_int_equal(kept_answers_count(second), 1);
  kept_answers_free(second);
}

static void wait_for_company(Store *file, bool alone) {
  for (int i = 0; i < 2000 && (store_company(file) == STORE_ALONE) != alone; i++) usleep(5000);
  assert_int_equal(store_company(file) == STORE_ALONE, alone);
}

static void put_one(KeptAnswers *answers, const char *openid) {
  const Str piece = STR("Tone");
  KeptAnswersPut one = { .identity = STR("m1"), .packed = &piece, .count = 1 };
  assert_true(kept_answers_put(answers, str_of(openid), &one, NULL, NULL));
}

static void test_what_others_kept_is_known_as_soon_as_they_have_left(void **state) {
  char path[] = "/tmp/wemoon-kept-XXXXXX", url[64], command[100];
  close(mkstemp(path));
  snprintf(url, sizeof url, "sqlite:%s", path);
  snprintf(command, sizeof command, "sqlite3 %s >/dev/null", path);
  Store *file = store_open(str_of(url), NULL);
  assert_non_null(file);
  KeptAnswers *left = kept_answers_new(file, STR("wx1"), 600);
  KeptAnswers *other = kept_answers_new(file, STR("wx1"), 600);
  kept_answers_refresh(left);
  assert_false(kept_answers_may_be(left, STR("o1")));
  FILE *process = popen(command, "w");
  fputs("SELECT 1 FROM wemoon_store;\n", process);
  fflush(process);
  wait_for_company(file, false);  // no refresh sees it
  put_one(other, "o1");
  settle(file);
  pclose(process);
  wait_for_company(file, true);
  assert_true(kept_answers_may_be(left, STR("o1")));
  kept_answers_refresh(left);
  assert_int_equal(kept_answers_count(left), 1);
  assert_true(kept_answers_may_be(left, STR("o1")));
  assert_false(kept_answers_may_be(left, STR("o2")));
  kept_answers_free(left);
  kept_answers_free(other);
  store_close(file);
  unlink(path);
}

static void note_listed(void *ctx, Str openid, const KeptAnswer *answer) {
  assert_true(str_eq(openid, STR("o1")));
  assert_true(answer->ready);
  ++*(int *)ctx;
}

static void test_what_is_kept_can_be_listed(void **state) {
  int listed = 0;
  kept_answers_list(kept, 10, note_listed, &listed);
  assert_int_equal(listed, 0);
  put("1", "one", false, 0);
  put("2", "two", true, 0);
  kept_answers_list(kept, 10, note_listed, &listed);
  assert_int_equal(listed, 2);
  kept_answers_list(kept, 0, note_listed, &listed);
  assert_int_equal(listed, 2);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
  const struct CMUnitTest tests[] = {
    CASE(test_an_answer_stands_before_the_next_reply_once),
    CASE(test_what_a_message_claimed_no_other_one_gets),
    CASE(test_a_promised_answer_is_fetched_by_a_text_alone),
    CASE(test_a_promise_whose_script_ended_without_an_answer_is_over),
    CASE(test_a_newer_message_takes_all_but_its_own_away),
    CASE(test_a_promise_is_waited_for_no_longer_than_a_script_may_take),
    CASE(test_until_its_time_an_answer_is_its_own_messages),
    CASE(test_pieces_of_a_long_answer_come_one_by_one),
    CASE(test_two_days_later_an_answer_is_gone),
    CASE(test_another_process_learns_what_is_there),
    CASE(test_what_others_kept_is_known_as_soon_as_they_have_left),
    CASE(test_what_is_kept_can_be_listed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
