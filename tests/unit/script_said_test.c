// Parts of an answer: the parts said by the deadline are the passive reply.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "script/said.h"

static Said said;
static Arena *arena;

static int set_up(void **state) {
  said = (Said){ 0 };
  arena = arena_new();
  return 0;
}

static int tear_down(void **state) {
  said_clear(&said);
  arena_free(arena);
  return 0;
}

static bool copy_image(void *ctx, Arena *to, Reply *reply) {
  *reply = (Reply){ .form = REPLY_RAW, .raw = arena_dup(to, str_of(ctx)) };
  return true;
}

static bool say_other(const char *xml) { return said_other(&said, copy_image, (void *)xml); }

static void assert_takes(bool whole, const char *text) {
  Reply reply;
  assert_true(said_take(&said, SAID_SENDS, whole, REPLY_TEXT_MAX, arena, &reply));
  assert_int_equal(reply.form, REPLY_ELEMENTS);
  if (!str_eq(reply.elements->text, str_of(text)))
    fail_msg("'%.*s', not '%s'", STR_FMT(reply.elements->text), text);
}

static void test_texts_are_joined_to_one_reply(void **state) {
  said_text(&said, STR("One. "));
  said_text(&said, STR("Two and"));
  assert_takes(true, "One. Two and");
  assert_false(said_left(&said));
}

static void test_a_script_that_goes_on_answers_with_whole_sentences(void **state) {
  size_t bytes;
  bool other;
  said_text(&said, STR("One. Two and"));
  assert_takes(false, "One.");
  assert_true(said_left(&said));
  said_taken(&said, &bytes, &other);
  assert_int_equal(bytes, strlen("One."));
  assert_false(other);
}

static void test_it_is_taken_once(void **state) {
  Reply reply;
  said_text(&said, STR("One."));
  assert_takes(true, "One.");
  assert_false(said_take(&said, SAID_SENDS, true, REPLY_TEXT_MAX, arena, &reply));
}

static void test_nothing_said_is_no_reply_but_the_state_changes(void **state) {
  Reply reply;
  assert_int_equal(said_state(&said), SAID_WAITS);
  assert_false(said_take(&said, SAID_DROPS, true, REPLY_TEXT_MAX, arena, &reply));
  assert_int_equal(reply.form, REPLY_NONE);
  assert_int_equal(said_state(&said), SAID_DROPS);
  assert_false(said_left(&said));
}

static void test_another_reply_that_came_first_is_the_answer(void **state) {
  Reply reply;
  size_t bytes;
  bool other;
  assert_true(say_other("<image>"));
  said_text(&said, STR("behind it"));
  assert_true(said_take(&said, SAID_SENDS, true, REPLY_TEXT_MAX, arena, &reply));
  assert_true(str_eq(reply.raw, STR("<image>")));
  said_taken(&said, &bytes, &other);
  assert_true(other);
  assert_int_equal(bytes, 0);
  assert_true(said_left(&said));  // the text
}

static void test_texts_behind_another_reply_are_left(void **state) {
  said_text(&said, STR("One. "));
  assert_true(say_other("<image>"));
  said_text(&said, STR("Two."));
  assert_takes(true, "One. ");
  assert_true(said_left(&said));
}

static void test_what_did_not_go_out_is_given_back(void **state) {
  size_t bytes;
  bool other;
  said_text(&said, STR("One."));
  assert_takes(true, "One.");
  said_give_back(&said);
  assert_true(said_left(&said));
  said_taken(&said, &bytes, &other);
  assert_int_equal(bytes, 0);
}

static void test_a_long_text_is_cut_to_what_one_reply_holds(void **state) {
  size_t bytes;
  bool other;
  for (int i = 0; i < 300; i++) said_text(&said, STR("Ten bytes. "));
  Reply reply;
  assert_true(said_take(&said, SAID_SENDS, true, REPLY_TEXT_MAX, arena, &reply));
  said_taken(&said, &bytes, &other);
  assert_true(bytes > 2000 && bytes <= REPLY_TEXT_MAX);
  assert_true(said_left(&said));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_texts_are_joined_to_one_reply),
    TEST(test_a_script_that_goes_on_answers_with_whole_sentences),
    TEST(test_it_is_taken_once),
    TEST(test_nothing_said_is_no_reply_but_the_state_changes),
    TEST(test_another_reply_that_came_first_is_the_answer),
    TEST(test_texts_behind_another_reply_are_left),
    TEST(test_what_did_not_go_out_is_given_back),
    TEST(test_a_long_text_is_cut_to_what_one_reply_holds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
