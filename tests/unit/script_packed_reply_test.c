// script/packed_reply: a duplicate gets the same answer as the message, byte for byte.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "script/packed_reply.h"

enum { ANSWERED_S = 1700000000 };

static Arena *arena;

static int begin(void **state) {
  arena = arena_new();
  return 0;
}

static int end(void **state) {
  arena_free(arena);
  return 0;
}

static void assert_same_answer(const Reply *reply) {
  Buf first, again;
  buf_init(&first);
  buf_init(&again);
  reply_render(reply, STR("oA"), STR("gh_1"), ANSWERED_S, &first);
  Str packed = packed_reply_make(arena, reply, STR("oA"), STR("gh_1"), ANSWERED_S);
  assert_true(packed_reply_render(packed, STR("oA"), STR("gh_1"), ANSWERED_S, arena, &again));
  assert_true(str_eq(buf_str(&first), buf_str(&again)));
  buf_clear(&first);
  buf_clear(&again);
}

static void test_success_stays_success(void **state) {
  const Reply none = { .form = REPLY_NONE };
  assert_same_answer(&none);
  assert_int_equal(packed_reply_make(arena, &none, STR("oA"), STR("gh_1"), ANSWERED_S).len, 0);
}

static void test_a_text_is_packed_as_its_content_alone(void **state) {
  Reply reply;
  Str rest;
  assert_true(reply_text(&reply, arena, STR("你好 ]]> & <b>"), &rest));
  assert_same_answer(&reply);
  assert_int_equal(packed_reply_make(arena, &reply, STR("oA"), STR("gh_1"), ANSWERED_S).len,
                   1 + sizeof "你好 ]]> & <b>" - 1);
}

static void test_other_kinds_are_packed_whole(void **state) {
  ReplyElement media = { .name = STR("MediaId"), .text = STR("m") };
  ReplyElement image = { .name = STR("Image"), .child = &media };
  assert_same_answer(&(Reply){ .form = REPLY_ELEMENTS, .type = STR("image"), .elements = &image });
  assert_same_answer(&(Reply){ .form = REPLY_RAW, .raw = STR("<xml><A>1</A></xml>") });
}

static void test_texts_are_joined_as_far_as_they_fit(void **state) {
  Buf packed;
  char long_text[2046];
  memset(long_text, 'x', sizeof long_text);
  long_text[0] = 'T';
  buf_init(&packed);
  assert_true(packed_reply_add(&packed, STR("Ta")));
  assert_true(packed_reply_add(&packed, STR("Tb")));
  assert_true(str_eq(buf_str(&packed), STR("Ta\n\nb")));
  assert_false(packed_reply_add(&packed, STR("X<xml/>")));
  buf_reset(&packed);
  assert_true(packed_reply_add(&packed, str_make(long_text, sizeof long_text)));
  assert_true(packed_reply_add(&packed, STR("Ta")));
  assert_int_equal(packed.len, 1 + REPLY_TEXT_MAX);
  assert_false(packed_reply_add(&packed, STR("T")));
  buf_reset(&packed);
  assert_true(packed_reply_add(&packed, STR("X<xml/>")));
  assert_false(packed_reply_add(&packed, STR("Ta")));
  buf_clear(&packed);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_success_stays_success, begin, end),
    cmocka_unit_test_setup_teardown(test_a_text_is_packed_as_its_content_alone, begin, end),
    cmocka_unit_test_setup_teardown(test_other_kinds_are_packed_whole, begin, end),
    cmocka_unit_test(test_texts_are_joined_as_far_as_they_fit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
