// Requests that wait for a job get its answer, or leave at their deadline.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "bot/job.h"
#include "script/packed_reply.h"

#include <pthread.h>
#include <unistd.h>

static void *finish_soon(void *arg) {
  usleep(30000);
  job_finish(arg, TASK_RETURNED, NULL, STR(""));
  return NULL;
}

static void test_waiting_ends_with_the_answer(void **state) {
  JobPool *pool = job_pool_new();
  Job *job = job_new(pool, 0);
  pthread_t thread;
  pthread_create(&thread, NULL, finish_soon, job);
  assert_false(job_is_finished(job));
  assert_true(job_wait(job, clock_now_us() + 5000000));
  assert_int_equal(job->state, TASK_RETURNED);
  pthread_join(thread, NULL);
  job_release(job);
  job_pool_free(pool);
}

static void test_waiting_ends_at_the_deadline_and_the_answer_is_late(void **state) {
  JobPool *pool = job_pool_new();
  Job *job = job_new(pool, 0);
  int64_t began_us = clock_now_us();
  assert_false(job_wait(job, began_us + 20000));
  assert_in_range(clock_now_us() - began_us, 20000, 2000000);
  assert_true(job_finish(job, TASK_RETURNED, NULL, STR("")));
  job_release(job);
  job_pool_free(pool);
}

static void test_an_answer_in_time_is_not_late(void **state) {
  JobPool *pool = job_pool_new();
  Job *job = job_new(pool, 0);
  assert_false(job_finish(job, TASK_RETURNED, NULL, STR("")));
  assert_true(job_wait(job, 0));
  job_release(job);
  job_pool_free(pool);
}

static void test_an_answer_after_the_one_given_in_its_place_is_late(void **state) {
  JobPool *pool = job_pool_new();
  Job *job = job_new(pool, 0);
  assert_true(job_leave(job, NULL, JOB_ANSWERED_BEFORE));
  assert_true(job_finish(job, TASK_RETURNED, NULL, STR("")));
  assert_false(job_leave(job, NULL, JOB_ANSWERED_BEFORE));
  job_release(job);
  job_pool_free(pool);
}

static void test_nobody_answers_in_its_place_once_the_answer_is_on_its_way(void **state) {
  JobPool *pool = job_pool_new();
  Job *job = job_new(pool, 0);
  assert_false(job_settle(job));
  assert_false(job_leave(job, NULL, JOB_ANSWERED_BEFORE));
  assert_false(job_finish(job, TASK_RETURNED, NULL, STR("")));
  job_release(job);
  job_pool_free(pool);
}

static void test_an_answer_on_its_way_is_late_after_the_one_given_in_its_place(void **state) {
  JobPool *pool = job_pool_new();
  Job *job = job_new(pool, 0);
  assert_true(job_leave(job, NULL, JOB_ANSWERED_BEFORE));
  assert_true(job_settle(job));
  assert_true(job_finish(job, TASK_RETURNED, NULL, STR("")));
  job_release(job);
  job_pool_free(pool);
}

static void test_who_waits_does_not_leave_while_the_answer_is_on_its_way(void **state) {
  JobPool *pool = job_pool_new();
  Job *job = job_new(pool, 0);
  pthread_t thread;
  assert_false(job_settle(job));
  pthread_create(&thread, NULL, finish_soon, job);
  assert_true(job_wait(job, clock_now_us() + 1000));
  pthread_join(thread, NULL);
  job_release(job);
  job_pool_free(pool);
}

static void test_a_job_has_requests_until_the_last_is_answered_or_gone(void **state) {
  JobPool *pool = job_pool_new();
  Job *job = job_new(pool, 0);
  assert_true(job_has_requests(job));
  assert_true(job_expect(job));
  assert_true(job_leave(job, NULL, JOB_ANSWERED_BEFORE));
  assert_true(job_has_requests(job));
  assert_true(job_leave(job, NULL, JOB_HELD));
  assert_false(job_has_requests(job));
  job_release(job);
  job_pool_free(pool);
}

static void test_a_job_lives_as_long_as_somebody_holds_it(void **state) {
  JobPool *pool = job_pool_new();
  Job *job = job_retain(job_new(pool, 0));
  job->identity = arena_dup(job->arena, STR("kept"));
  job_release(job);
  assert_true(str_eq(job->identity, STR("kept")));
  job_release(job);
  Job *again = job_new(pool, 0);
  assert_int_equal(again->identity.len, 0);
  assert_false(job_is_finished(again));
  job_release(again);
  job_pool_free(pool);
}

static void test_a_reply_is_kept_though_its_maker_uses_its_own_again(void **state) {
  JobPool *pool = job_pool_new();
  Job *job = job_new(pool, 0);
  Reply reply;
  Str rest;
  assert_true(reply_text(&reply, job->arena, STR("mine"), &rest));
  job_finish(job, TASK_RETURNED, &reply, STR(""));
  assert_true(reply_text(&reply, job->arena, STR("another's"), &rest));
  assert_true(str_eq(job->reply.elements->text, STR("mine")));
  job_release(job);
  job_pool_free(pool);
}

// Asserts that the job gives the same answer from the reply and from its packed form.
static void assert_packs(Job *job, const Reply *reply) {
  Buf direct, again;
  buf_init(&direct);
  buf_init(&again);
  job->to_user = STR("gh_1");
  job->from_user = STR("o1");
  job_finish(job, TASK_RETURNED, reply, STR(""));
  if (reply) reply_render(reply, job->from_user, job->to_user, job->answered_s, &direct);
  Str packed =
      packed_reply_make(job->arena, &job->reply, job->from_user, job->to_user, job->answered_s);
  assert_true(packed_reply_render(packed, job->from_user, job->to_user, job->answered_s, job->arena,
                                  &again));
  assert_true(str_eq(buf_str(&direct), buf_str(&again)));
  buf_clear(&direct);
  buf_clear(&again);
}

static void test_a_packed_answer_is_the_same_to_the_byte(void **state) {
  JobPool *pool = job_pool_new();
  Job *job = job_new(pool, 0);
  Reply text, none = { .form = REPLY_NONE },
              raw = { .form = REPLY_RAW, .raw = STR("<xml>a</xml>") };
  ReplyElement id = { .name = STR("MediaId"), .text = STR("m1") },
               image = { .name = STR("Image"), .child = &id };
  Reply picture = { .form = REPLY_ELEMENTS, .type = STR("image"), .elements = &image };
  Str rest;
  assert_true(reply_text(&text, job->arena, STR("\xe4\xbd\xa0]]>\x01"), &rest));
  assert_packs(job, &text);
  assert_packs(job, &none);
  assert_packs(job, &raw);
  assert_packs(job, &picture);
  assert_packs(job, NULL);
  job_release(job);
  job_pool_free(pool);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_waiting_ends_with_the_answer),
    cmocka_unit_test(test_waiting_ends_at_the_deadline_and_the_answer_is_late),
    cmocka_unit_test(test_an_answer_in_time_is_not_late),
    cmocka_unit_test(test_an_answer_after_the_one_given_in_its_place_is_late),
    cmocka_unit_test(test_nobody_answers_in_its_place_once_the_answer_is_on_its_way),
    cmocka_unit_test(test_an_answer_on_its_way_is_late_after_the_one_given_in_its_place),
    cmocka_unit_test(test_who_waits_does_not_leave_while_the_answer_is_on_its_way),
    cmocka_unit_test(test_a_job_has_requests_until_the_last_is_answered_or_gone),
    cmocka_unit_test(test_a_job_lives_as_long_as_somebody_holds_it),
    cmocka_unit_test(test_a_reply_is_kept_though_its_maker_uses_its_own_again),
    cmocka_unit_test(test_a_packed_answer_is_the_same_to_the_byte),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
