// bot/packed_reply: what a duplicate is answered with is what the message was answered with, byte for byte.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bot/packed_reply.h"

static JobPool *pool;
static Job *job;
static Arena *arena;

static int begin(void **state) {
  pool = job_pool_new();
  job = job_new(pool, 0);
  job->to_user = STR("gh_1");
  job->from_user = STR("oA");
  arena = arena_new();
  return 0;
}

static int end(void **state) {
  arena_free(arena);
  job_release(job);
  job_pool_free(pool);
  return 0;
}

static void assert_same_answer(const Reply *reply) {
  Buf first, again;
  buf_init(&first);
  buf_init(&again);
  job_finish(job, TASK_RETURNED, reply, STR(""));
  reply_render(&job->reply, job->from_user, job->to_user, job->answered_s, &first);
  assert_true(packed_reply_render(packed_reply_make(job), job->from_user, job->to_user,
                                  job->answered_s, arena, &again));
  assert_true(str_eq(buf_str(&first), buf_str(&again)));
  buf_clear(&first);
  buf_clear(&again);
}

static void test_success_stays_success(void **state) {
  assert_same_answer(&(Reply){ .form = REPLY_NONE });
  assert_int_equal(packed_reply_make(job).len, 0);
}

static void test_a_text_is_packed_as_its_content_alone(void **state) {
  Reply reply;
  Str rest;
  assert_true(reply_text(&reply, arena, STR("你好 ]]> & <b>"), &rest));
  assert_same_answer(&reply);
  assert_int_equal(packed_reply_make(job).len, 1 + sizeof "你好 ]]> & <b>" - 1);
}

static void test_other_kinds_are_packed_whole(void **state) {
  ReplyElement media = { .name = STR("MediaId"), .text = STR("m") };
  ReplyElement image = { .name = STR("Image"), .child = &media };
  assert_same_answer(&(Reply){ .form = REPLY_ELEMENTS, .type = STR("image"), .elements = &image });
  assert_same_answer(&(Reply){ .form = REPLY_RAW, .raw = STR("<xml><A>1</A></xml>") });
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_success_stays_success, begin, end),
    cmocka_unit_test_setup_teardown(test_a_text_is_packed_as_its_content_alone, begin, end),
    cmocka_unit_test_setup_teardown(test_other_kinds_are_packed_whole, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
