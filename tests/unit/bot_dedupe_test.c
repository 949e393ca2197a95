// The script runs once per message, and memory stays bounded.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/sanitized.h"
#include "bot/dedupe.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool no_memory, no_digest;
static int trims;

int __wrap_malloc_trim(size_t pad);
int __real_EVP_MAC_init(void *context, const unsigned char *key, size_t len, const void *params);
int __wrap_EVP_MAC_init(void *context, const unsigned char *key, size_t len, const void *params);

int __wrap_malloc_trim(size_t pad) { return trims++, 0; }

int __wrap_EVP_MAC_init(void *context, const unsigned char *key, size_t len, const void *params) {
  return no_digest ? 0 : __real_EVP_MAC_init(context, key, len, params);
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size) {
  return no_memory ? NULL : __real_calloc(count, size);
}

// How long a mutex was held, in CPU time, so that a busy machine fails nothing.
static _Thread_local struct {
  bool is_measured;
  int64_t began_us, most_us;
} held;

int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __real_pthread_mutex_unlock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex);

static int64_t thread_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex) {
  int failed = __real_pthread_mutex_lock(mutex);
  if (held.is_measured) held.began_us = thread_us();
  return failed;
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex) {
  int64_t us = held.is_measured ? thread_us() - held.began_us : 0;
  if (us > held.most_us) held.most_us = us;
  return __real_pthread_mutex_unlock(mutex);
}

typedef struct {
  JobPool *pool;
  Dedupe *dedupe;
  Job *running;
  Buf answer;
  int64_t answered_s;
} Fixture;

static Job *job_known_as(Fixture *f, const char *identity) {
  Job *job = job_new(f->pool, 0);
  job->identity = arena_dup(job->arena, str_of(identity));
  return job;
}

static DedupeResult enter(Fixture *f, Job *job, int64_t now_s) {
  buf_reset(&f->answer);
  return dedupe_enter(f->dedupe, job, now_s * 1000000, &f->running, &f->answer, &f->answered_s);
}

static void finish(Fixture *f, Job *job, const char *answer, int64_t now_s) {
  job_finish(job, TASK_RETURNED, NULL, STR(""));
  dedupe_finish(f->dedupe, job, str_of(answer), now_s * 1000000);
}

static int set_up(void **state) {
  static Fixture f;
  f = (Fixture){ .pool = job_pool_new(), .dedupe = dedupe_new(60) };
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  Fixture *f = *state;
  dedupe_free(f->dedupe);
  job_pool_free(f->pool);
  buf_clear(&f->answer);
  return 0;
}

static void test_a_message_nobody_knows_is_new(void **state) {
  Fixture *f = *state;
  Job *job = job_known_as(f, "a");
  assert_int_equal(enter(f, job, 1), DEDUPE_NEW);
  job_release(job);
}

typedef struct {
  int running, answered;
  char names[8];
} Seen;

static bool note_seen(void *ctx, const DedupeSeen *what) {
  Seen *seen = ctx;
  strncat(seen->names, what->identity.ptr, 1);
  if (what->job) seen->running++;
  else assert_true(str_eq(what->answer, STR("T")) && what->expires_us > 60000000);
  seen->answered += !what->job;
  return true;
}

static void test_what_is_under_way_and_what_is_answered_is_shown_the_expired_is_not(void **state) {
  Fixture *f = *state;
  Job *old = job_known_as(f, "o"), *done = job_known_as(f, "d"), *running = job_known_as(f, "r");
  Seen seen = { .running = 0 };
  enter(f, old, 1);
  finish(f, old, "T", 1);
  enter(f, running, 30);
  enter(f, done, 30);
  finish(f, done, "T", 31);
  dedupe_sweep(f->dedupe, 62 * 1000000);
  dedupe_show(f->dedupe, note_seen, &seen);
  assert_false(dedupe_show_answered(f->dedupe, 10, note_seen, &seen));
  assert_string_equal(seen.names, "rd");
  assert_int_equal(seen.running, 1);
  assert_int_equal(seen.answered, 1);
  dedupe_forget(f->dedupe, running);
  job_release(old);
  job_release(done);
  job_release(running);
}

static void test_a_duplicate_joins_the_job_under_way(void **state) {
  Fixture *f = *state;
  Job *first = job_known_as(f, "a"), *second = job_known_as(f, "a");
  enter(f, first, 1);
  assert_int_equal(enter(f, second, 2), DEDUPE_RUNNING);
  assert_ptr_equal(f->running, first);
  job_release(f->running);
  job_release(first);
  job_release(second);
}

static void test_a_duplicate_of_an_answered_message_gets_the_same_answer_and_time(void **state) {
  Fixture *f = *state;
  Job *first = job_known_as(f, "a"), *second = job_known_as(f, "a");
  enter(f, first, 1);
  finish(f, first, "Thi", 2);
  int64_t answered_s = first->answered_s;
  job_release(first);
  assert_int_equal(enter(f, second, 61), DEDUPE_ANSWERED);
  assert_string_equal(f->answer.ptr, "Thi");
  assert_int_equal(f->answered_s, answered_s);
  job_release(second);
}

static void test_after_the_window_a_message_is_new_again(void **state) {
  Fixture *f = *state;
  Job *first = job_known_as(f, "a"), *second = job_known_as(f, "a");
  enter(f, first, 1);
  finish(f, first, "Thi", 2);
  assert_int_equal(enter(f, second, 62), DEDUPE_NEW);
  job_release(first);
  job_release(second);
}

static void test_a_forgotten_message_is_new_again(void **state) {
  Fixture *f = *state;
  Job *first = job_known_as(f, "a"), *second = job_known_as(f, "a");
  enter(f, first, 1);
  dedupe_forget(f->dedupe, first);
  assert_int_equal(enter(f, second, 1), DEDUPE_NEW);
  dedupe_forget(f->dedupe, first);
  assert_int_equal(enter(f, first, 1), DEDUPE_RUNNING);
  job_release(f->running);
  job_release(first);
  job_release(second);
}

static void test_without_a_window_an_answer_is_forgotten_at_once(void **state) {
  Fixture *f = *state;
  dedupe_free(f->dedupe);
  f->dedupe = dedupe_new(0);
  Job *first = job_known_as(f, "a"), *second = job_known_as(f, "a");
  enter(f, first, 1);
  finish(f, first, "Thi", 1);
  assert_int_equal(dedupe_count(f->dedupe), 0);
  assert_int_equal(enter(f, second, 1), DEDUPE_NEW);
  job_release(first);
  job_release(second);
}

static void answer(Fixture *f, int number, Str packed, int64_t now_s) {
  char identity[32];
  snprintf(identity, sizeof identity, "m%d", number);
  Job *job = job_known_as(f, identity);
  assert_int_equal(enter(f, job, now_s), DEDUPE_NEW);
  job_finish(job, TASK_RETURNED, NULL, STR(""));
  dedupe_finish(f->dedupe, job, packed, now_s * 1000000);
  job_release(job);
}

// Returns the length of the answer that a duplicate gets.
static size_t answer_again(Fixture *f, int number, int64_t now_s) {
  char identity[32];
  snprintf(identity, sizeof identity, "m%d", number);
  Job *job = job_known_as(f, identity);
  assert_int_equal(enter(f, job, now_s), DEDUPE_ANSWERED);
  job_release(job);
  return f->answer.len;
}

// 700 a second for a minute, each with an answer of 1,800 bytes.
static void test_all_messages_of_a_window_are_known_however_large_their_answers(void **state) {
  Fixture *f = *state;
  static char large[1800];
  enum { COUNT = 42000, FIT = DEDUPE_ANSWERS_MAX / sizeof large };
  for (int i = 0; i < COUNT; i++) answer(f, i, str_make(large, sizeof large), 1 + i / 700);
  assert_int_equal(dedupe_count(f->dedupe), COUNT);
  for (int i = 0; i < COUNT; i++)
    assert_int_equal(answer_again(f, i, 60), i < COUNT - (int)FIT ? 0 : sizeof large);
}

typedef struct {
  int next, shown, most;  // shown in the order next, next - 1, ...
} Shown;

static bool note_shown(void *ctx, const DedupeSeen *seen) {
  Shown *shown = ctx;
  char identity[32];
  snprintf(identity, sizeof identity, "m%d", shown->next--);
  assert_true(str_eq(seen->identity, str_of(identity)));
  return ++shown->shown < shown->most;
}

static void test_answered_messages_are_shown_in_pieces_the_newest_first(void **state) {
  Fixture *f = *state;
  Shown shown = { .next = 99, .most = 1000 };
  for (int i = 0; i < 100; i++) answer(f, i, STR("Thi"), i < 50 ? 1 : 30);
  assert_false(dedupe_show_answered(f->dedupe, 10, note_shown, &shown));  // nothing was begun
  dedupe_show(f->dedupe, NULL, NULL);
  assert_true(dedupe_show_answered(f->dedupe, 10, note_shown, &shown));
  answer(f, 100, STR("Thi"), 30);  // what is answered later is not shown
  assert_true(dedupe_show_answered(f->dedupe, 30, note_shown, &shown));
  dedupe_sweep(f->dedupe, 61 * 1000000);
  assert_false(dedupe_show_answered(f->dedupe, 30, note_shown, &shown));
  assert_int_equal(shown.shown, 50);
  shown = (Shown){ .next = 100, .most = 2 };
  dedupe_show(f->dedupe, NULL, NULL);
  assert_false(dedupe_show_answered(f->dedupe, 30, note_shown, &shown));
  assert_int_equal(shown.shown, 2);
}

static void test_what_is_next_to_be_shown_may_expire(void **state) {
  Fixture *f = *state;
  Shown shown = { .next = 99, .most = 1000 };
  for (int i = 0; i < 100; i++) answer(f, i, STR("Thi"), 1);
  dedupe_show(f->dedupe, NULL, NULL);
  assert_true(dedupe_show_answered(f->dedupe, 10, note_shown, &shown));
  dedupe_sweep(f->dedupe, 61 * 1000000);
  for (int i = 0; i < 100; i++) answer(f, 100 + i, STR("Thi"), 62);
  assert_false(dedupe_show_answered(f->dedupe, 10, note_shown, &shown));
  assert_int_equal(shown.shown, 10);
}

static void test_whatever_finishes_in_between_what_was_answered_before_is_shown(void **state) {
  Fixture *f = *state;
  Shown shown = { .next = 99, .most = 1000 };
  for (int i = 0; i < 100; i++) answer(f, i, STR("Thi"), 1);
  dedupe_show(f->dedupe, NULL, NULL);
  for (int i = 100; i < 200; i += 10) {
    for (int next = i; next < i + 10; next++) answer(f, next, STR("Thi"), 2);
    assert_int_equal(dedupe_show_answered(f->dedupe, 10, note_shown, &shown), i < 190);
  }
  assert_int_equal(shown.shown, 100);
}

static size_t sweep_all(Fixture *f, int64_t now_s) {
  int sweeps = 0;
  while (sweeps < 1000 && dedupe_sweep(f->dedupe, now_s * 1000000)) sweeps++;
  assert_int_not_equal(sweeps, 1000);
  return dedupe_bytes(f->dedupe);
}

// The thread that sweeps has other work.
static void test_a_sweep_is_short_and_says_whether_more_is_left(void **state) {
  enum { COUNT = 30000, ONE_SWEEP = 3000 };
  Fixture *f = *state;
  for (int i = 0; i < COUNT; i++) answer(f, i, STR("Thi"), 1);
  for (size_t left = COUNT; dedupe_count(f->dedupe) > 0; left = dedupe_count(f->dedupe)) {
    assert_true(dedupe_sweep(f->dedupe, 62 * 1000000));
    assert_in_range(left - dedupe_count(f->dedupe), 1, ONE_SWEEP);
  }
  sweep_all(f, 62);
  assert_false(dedupe_sweep(f->dedupe, 62 * 1000000));
}

// 10,000 a second for half a minute: most are compact at the end, and the newest are whole.
static void test_however_many_messages_are_known_for_the_window(void **state) {
  enum { COUNT = 300000, RATE = 10000, LAST_S = COUNT / RATE };
  Fixture *f = *state;
  for (int i = 0; i < COUNT; i++) answer(f, i, STR("Thi"), 1 + i / RATE);
  assert_int_equal(dedupe_count(f->dedupe), COUNT);
  assert_true(dedupe_bytes(f->dedupe) < 60 * 1024 * 1024);
  for (int i = 0; i < COUNT; i++)
    assert_int_equal(answer_again(f, i, LAST_S), i < COUNT - DEDUPE_WHOLE_MAX ? 0 : 3);
  sweep_all(f, 61 + LAST_S / 2);
  assert_int_equal(dedupe_count(f->dedupe), COUNT / 2 - RATE);
  answer_again(f, COUNT / 2 + RATE, 61 + LAST_S / 2);
  answer(f, COUNT / 2 + RATE - 1, STR("Thi"), 61 + LAST_S / 2);  // it is new
}

static void test_after_the_window_the_memory_of_many_is_given_back(void **state) {
  enum { COUNT = 300000 };
  Fixture *f = *state;
  Job *running = job_known_as(f, "running"), *again = job_known_as(f, "running");
  for (int i = 0; i < COUNT; i++) {
    answer(f, i, STR("Thi"), 1);
    if (i == COUNT - 10) enter(f, running, 1);
  }
  assert_true(dedupe_bytes(f->dedupe) > 30 * 1024 * 1024);
  for (int i = 0; i < 1000; i++) answer(f, COUNT + i, STR("Tho"), 40);
  assert_true(sweep_all(f, 61) < 2 * 1024 * 1024);
  for (int i = 0; i < 1000; i++) assert_int_equal(answer_again(f, COUNT + i, 62), 3);
  assert_int_equal(enter(f, again, 62), DEDUPE_RUNNING);
  job_release(f->running);
  finish(f, running, "Tend", 62);
  assert_int_equal(enter(f, again, 63), DEDUPE_ANSWERED);
  assert_string_equal(f->answer.ptr, "Tend");
  dedupe_sweep(f->dedupe, 101 * 1000000);
  assert_int_equal(dedupe_count(f->dedupe), 1);
  job_release(running);
  job_release(again);
}

static void measure_held(bool is_measured) {
  held.is_measured = is_measured;
  if (is_measured) held.most_us = 0;
}

static void assert_was_not_held_for_long(const char *what) {
  enum { HELD_US_MAX = 4000 };
  print_message("%s: the mutex was held for at most %.2f ms\n", what, (double)held.most_us / 1000);
  if (!SANITIZED) assert_in_range(held.most_us, 1, HELD_US_MAX);
}

// 8 ms when an array of entries doubled; 15 ms when all moved at once to be fewer, and 2 ms for their index.
static void test_however_many_messages_are_known_none_is_held_up_for_long(void **state) {
  Fixture *f = *state;
  measure_held(true);
  for (int i = 0; i < 250000; i++) answer(f, i, STR("Thi"), 1);
  for (int i = 0; i < 20000; i++) answer(f, 250000 + i, STR("Tho"), 40);
  assert_was_not_held_for_long("becoming more");
  measure_held(true);
  assert_true(sweep_all(f, 61) < 16 * 1024 * 1024);
  assert_was_not_held_for_long("becoming fewer");
  measure_held(false);
  for (int i = 0; i < 20000; i++) assert_int_equal(answer_again(f, 250000 + i, 62), 3);
}

// Nobody has swept. Two messages of a backlog, one compact and one whole, come again: when each removed what had expired
// before it, the mutex was held for 5 and for 11 ms.
static void test_a_message_that_comes_again_expires_no_backlog(void **state) {
  enum { OLD = 300000, LATER_S = 100 };
  Fixture *f = *state;
  for (int i = 0; i < OLD; i++) answer(f, i, STR("Thi"), 1 + i / 20000);
  size_t before = dedupe_count(f->dedupe);
  Job *compact = job_known_as(f, "m50000"), *whole = job_known_as(f, "m250000");
  measure_held(true);
  assert_int_equal(enter(f, compact, LATER_S), DEDUPE_NEW);
  assert_int_equal(enter(f, whole, LATER_S), DEDUPE_NEW);
  assert_was_not_held_for_long("a message again after its time");
  measure_held(false);
  assert_int_equal(dedupe_count(f->dedupe), before);
  finish(f, compact, "Tnew", LATER_S);
  finish(f, whole, "Tnew", LATER_S);
  for (int i = 50000; i < OLD; i += 200000) assert_int_equal(answer_again(f, i, LATER_S), 4);
  sweep_all(f, LATER_S);
  assert_int_equal(dedupe_count(f->dedupe), 2);
  for (int i = 50000; i < OLD; i += 200000) assert_int_equal(answer_again(f, i, LATER_S), 4);
  job_release(compact);
  job_release(whole);
}

typedef struct {
  Fixture *f;
  atomic_bool over;
} Sweeping;

static void *sweep_on(void *arg) {
  Sweeping *sweeping = arg;
  while (!atomic_load(&sweeping->over)) dedupe_sweep(sweeping->f->dedupe, 62 * 1000000);
  return NULL;
}

static bool expect_shown(void *ctx, const DedupeSeen *seen) {
  *(int *)ctx += str_eq(seen->answer, STR("Tho"));
  return true;
}

// The last ones are behind all others, and move. The new ones take the places that were left.
static void test_messages_come_and_go_while_memory_is_given_back(void **state) {
  enum { OLD = 60000, KEPT = 500, NEW = 3000 };
  Fixture *f = *state;
  Sweeping sweeping = { .f = f };
  pthread_t thread;
  int shown = 0;
  for (int i = 0; i < OLD; i++) answer(f, i, STR("Thi"), 1);
  for (int i = 0; i < KEPT; i++) answer(f, OLD + i, STR("Tho"), 40);
  dedupe_show(f->dedupe, NULL, NULL);
  assert_int_equal(pthread_create(&thread, NULL, sweep_on, &sweeping), 0);
  for (int i = 0; i < NEW; i++) {
    answer(f, OLD + KEPT + i, STR("Tnew"), 62);
    assert_int_equal(answer_again(f, OLD + KEPT + i / 2, 62), 4);
    assert_int_equal(answer_again(f, OLD + i % KEPT, 62), 3);
    if (i % 20 == 0) dedupe_show_answered(f->dedupe, 10, expect_shown, &shown);
  }
  for (int i = 0; i < 2000 && dedupe_bytes(f->dedupe) > 2 << 20; i++)
    nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
  atomic_store(&sweeping.over, true);
  pthread_join(thread, NULL);
  assert_true(dedupe_bytes(f->dedupe) <= 2 << 20);
  assert_int_equal(dedupe_count(f->dedupe), KEPT + NEW);
  assert_int_equal(shown, KEPT);
  for (int i = 0; i < NEW; i++) assert_int_equal(answer_again(f, OLD + KEPT + i, 62), 4);
}

static void test_after_that_the_oldest_long_answers_still_go_first(void **state) {
  Fixture *f = *state;
  static char large[DEDUPE_ANSWERS_MAX / 4];
  Job *running = job_known_as(f, "running");  // has the first place
  enter(f, running, 1);
  for (int i = 0; i < 40000; i++) answer(f, i, STR("Thi"), 1);
  for (int i = 0; i < 4; i++) answer(f, 40000 + i, str_make(large, sizeof large), 40);
  size_t before = dedupe_bytes(f->dedupe);
  assert_true(before > 4 * sizeof large);
  assert_true(sweep_all(f, 61) - 4 * sizeof large < (before - 4 * sizeof large) / 2);
  for (int i = 4; i < 6; i++) answer(f, 40000 + i, str_make(large, sizeof large), 62);
  for (int i = 0; i < 6; i++) assert_int_equal(answer_again(f, 40000 + i, 62) > 0, i >= 2);
  job_release(running);
}

static void test_of_a_message_that_became_compact_tries_are_counted_on(void **state) {
  Fixture *f = *state;
  Job *again = job_known_as(f, "m0");
  answer(f, 0, STR("Thi"), 1);
  for (int i = 1; i < 5; i++) {
    if (i == 3)
      for (int other = 1; other <= DEDUPE_WHOLE; other++) answer(f, other, STR("Thi"), 21);
    assert_int_equal(answer_again(f, 0, 21), i < 3 ? 3 : 0);
  }
  assert_int_equal(enter(f, again, 21), DEDUPE_ANSWERED);
  assert_int_equal(again->attempt, 6);
  assert_int_equal(f->answered_s, 0);
  job_release(again);
}

static void test_where_that_cannot_be_looked_up_a_message_is_not_run_again(void **state) {
  Fixture *f = *state;
  Job *again = job_known_as(f, "m0");
  for (int i = 0; i <= DEDUPE_WHOLE; i++) answer(f, i, STR("Thi"), i < DEDUPE_WHOLE ? 1 : 21);
  no_digest = true;
  assert_int_equal(enter(f, again, 21), DEDUPE_NO_MEMORY);
  no_digest = false;
  assert_int_equal(enter(f, again, 21), DEDUPE_ANSWERED);
  job_release(again);
}

static Job *mark(Fixture *f, const char *identity, int64_t now_s) {
  Job *job = job_known_as(f, identity), *running;
  running = dedupe_mark(f->dedupe, job, now_s * 1000000);
  job_release(job);
  return running;
}

static void test_a_marked_message_is_answered_and_no_try_is_counted(void **state) {
  Fixture *f = *state;
  Job *running = job_known_as(f, "running"), *again = job_known_as(f, "running");
  assert_null(mark(f, "m0", 1));
  assert_int_equal(answer_again(f, 0, 1), 0);
  enter(f, running, 1);
  assert_ptr_equal(mark(f, "running", 1), running);
  job_release(running);
  assert_int_equal(enter(f, again, 1), DEDUPE_RUNNING);
  assert_int_equal(again->attempt, 2);
  job_release(f->running);
  finish(f, running, "Tend", 1);
  assert_null(mark(f, "running", 1));
  assert_int_equal(enter(f, again, 1), DEDUPE_ANSWERED);
  assert_string_equal(f->answer.ptr, "Tend");
  assert_int_equal(again->attempt, 3);
  for (int i = 1; i <= DEDUPE_WHOLE + 1; i++) answer(f, i, STR("Thi"), 21);
  assert_null(mark(f, "running", 21));  // is compact
  assert_int_equal(enter(f, again, 21), DEDUPE_ANSWERED);
  assert_int_equal(again->attempt, 4);
  assert_null(mark(f, "running", 62));
  assert_int_equal(enter(f, again, 62), DEDUPE_ANSWERED);
  assert_int_equal(again->attempt, 2);
  job_release(running);
  job_release(again);
}

// 1,001 a second, so that just before they expire the oldest become compact, and there are soon none of these.
static void test_no_memory_is_given_back_for_a_few_messages(void **state) {
  Fixture *f = *state;
  for (int i = 0; i < 120 * 1001; i++) {
    answer(f, i, STR("Thi"), 1 + i / 1001);
    if (i % 100 == 0) dedupe_sweep(f->dedupe, (1 + i / 1001) * 1000000LL);
    if (i == 90 * 1001) trims = 0;
  }
  assert_int_equal(trims, 0);
  sweep_all(f, 1000);
  assert_in_range(trims, 1, 10);
}

// Of many, whole are those that the platform may try again.
static void test_answers_stay_for_the_time_of_the_platforms_tries(void **state) {
  Fixture *f = *state;
  for (int i = 0; i < DEDUPE_WHOLE; i++) answer(f, i, STR("Thi"), 1);
  for (int i = 0; i < 100; i++) answer(f, DEDUPE_WHOLE + i, STR("Thi"), DEDUPE_WHOLE_S);
  assert_int_equal(answer_again(f, 0, DEDUPE_WHOLE_S), 3);
  answer(f, -1, STR("Thi"), DEDUPE_WHOLE_S + 1);
  assert_int_equal(answer_again(f, 0, DEDUPE_WHOLE_S + 1), 0);
  dedupe_sweep(f->dedupe, (DEDUPE_WHOLE_S + 1) * 1000000);
  assert_int_equal(answer_again(f, 100, DEDUPE_WHOLE_S + 1), 0);
  assert_int_equal(answer_again(f, 101, DEDUPE_WHOLE_S + 1), 3);
}

static void test_short_answers_take_no_room_and_stay(void **state) {
  Fixture *f = *state;
  static char large[DEDUPE_ANSWERS_MAX / 2 + 1];
  answer(f, 1, STR("Thi"), 1);
  answer(f, 2, str_make(large, sizeof large), 1);
  answer(f, 3, STR("Tho"), 1);
  answer(f, 4, str_make(large, sizeof large), 1);
  assert_int_equal(answer_again(f, 1, 2), 3);
  assert_int_equal(answer_again(f, 2, 2), 0);
  assert_int_equal(answer_again(f, 3, 2), 3);
  assert_int_equal(answer_again(f, 4, 2), sizeof large);
}

// The queue is emptied by time and by room in turns, to its end.
static void test_the_room_of_answers_is_counted_right_whatever_goes_first(void **state) {
  Fixture *f = *state;
  static char large[DEDUPE_ANSWERS_MAX / 4];
  for (int i = 0; i < 40; i++) {
    answer(f, i, str_make(large, sizeof large - (size_t)(i % 3)), 1 + i * 10);  // six are known
    for (int known = i < 5 ? 0 : i - 5; known <= i; known++)
      assert_int_equal(answer_again(f, known, 1 + i * 10) > 0, known > i - 4);
  }
  answer(f, 100, str_make(large, sizeof large), 1000);
  assert_int_equal(dedupe_count(f->dedupe), 1);
  for (int i = 101; i < 105; i++) answer(f, i, str_make(large, sizeof large), 1000);
  assert_int_equal(answer_again(f, 100, 1000), 0);
  assert_int_equal(answer_again(f, 101, 1000), sizeof large);
}

static void count_line(void *ctx, LogLevel level, Str text) {
  *(int *)ctx += level == LOG_WARN && strstr(text.ptr, "gets `success`") != NULL;
}

static void test_the_log_says_that_answers_of_compact_messages_were_dropped(void **state) {
  Fixture *f = *state;
  int lines = 0;
  for (int i = 0; i < DEDUPE_WHOLE_MAX; i++) answer(f, i, STR("Thi"), 1);
  log_divert(count_line, &lines);
  answer(f, -1, STR("Thi"), 1);
  log_divert(NULL, NULL);
  assert_int_equal(lines, 1);
}

// There is no duplicate of them that misses its answer.
static void test_messages_that_have_expired_do_not_become_compact(void **state) {
  Fixture *f = *state;
  int lines = 0;
  for (int i = 0; i < DEDUPE_WHOLE_MAX; i++) answer(f, i, STR("Thi"), 1);
  log_divert(count_line, &lines);
  answer(f, 100, STR("Thi"), 61);
  log_divert(NULL, NULL);
  assert_int_equal(lines, 0);
}

static void count_forgotten(void *ctx, LogLevel level, Str text) {
  *(int *)ctx += level == LOG_WARN && strstr(text.ptr, "is run again (1 messages") != NULL;
}

static void test_without_memory_a_message_is_forgotten_and_the_log_says_so(void **state) {
  Fixture *f = *state;
  Job *last = job_known_as(f, "last"), *first = job_known_as(f, "m0");
  int lines = 0;
  for (int i = 0; i < DEDUPE_WHOLE_MAX; i++) answer(f, i, STR("Thi"), 1);
  enter(f, last, 1);
  log_divert(count_forgotten, &lines);
  no_memory = true;
  finish(f, last, "Thi", 1);
  no_memory = false;
  log_divert(NULL, NULL);
  assert_int_equal(lines, 1);
  assert_int_equal(answer_again(f, 1, 1), 3);
  assert_int_equal(enter(f, first, 1), DEDUPE_NEW);
  job_release(first);
  job_release(last);
}

static void test_the_log_says_once_a_window_that_answers_were_dropped(void **state) {
  Fixture *f = *state;
  static char large[DEDUPE_ANSWERS_MAX / 2];
  int lines = 0;
  log_divert(count_line, &lines);
  for (int i = 0; i < 2; i++) answer(f, i, str_make(large, sizeof large), 1);
  assert_int_equal(lines, 0);
  for (int i = 2; i < 9; i++) answer(f, i, str_make(large, sizeof large), 2);
  assert_int_equal(lines, 1);
  answer(f, 9, str_make(large, sizeof large), 61);
  assert_int_equal(lines, 1);
  for (int i = 10; i < 13; i++) answer(f, i, str_make(large, sizeof large), 62);
  log_divert(NULL, NULL);
  assert_int_equal(lines, 2);
}

static void test_the_log_says_so_once_a_minute_if_the_window_is_longer(void **state) {
  static char large[DEDUPE_ANSWERS_MAX / 2];
  Fixture f = { .pool = job_pool_new(), .dedupe = dedupe_new(86400) };
  void *of = &f;
  int lines = 0;
  (void)state;
  log_divert(count_line, &lines);
  for (int i = 0; i < 9; i++) answer(&f, i, str_make(large, sizeof large), 2);
  assert_int_equal(lines, 1);
  answer(&f, 9, str_make(large, sizeof large), 61);
  assert_int_equal(lines, 1);
  answer(&f, 10, str_make(large, sizeof large), 62);
  log_divert(NULL, NULL);
  assert_int_equal(lines, 2);
  tear_down(&of);
}

// Identities and answers of all lengths, so that each entry is reused for another length: nothing of the previous
// content remains.
static void test_a_place_that_is_used_again_keeps_nothing_of_what_was_there(void **state) {
  Fixture *f = *state;
  for (int i = 0; i < 2000; i++) {
    char identity[128], answer[128];
    snprintf(identity, sizeof identity, "m%0*d", 1 + i * 7 % 100, i);
    snprintf(answer, sizeof answer, "T%0*d", 1 + i * 11 % 90, i);
    int now_s = 1 + i * 10;  // six of them are kept
    Job *job = job_known_as(f, identity), *again = job_known_as(f, identity);
    assert_int_equal(enter(f, job, now_s), DEDUPE_NEW);
    finish(f, job, answer, now_s);
    assert_int_equal(enter(f, again, now_s), DEDUPE_ANSWERED);
    assert_string_equal(f->answer.ptr, answer);
    assert_in_range(dedupe_count(f->dedupe), 1, 6);
    job_release(job);
    job_release(again);
  }
}

// ---- beside a simple model ------------------------------------------------------------------------

enum { KNOWN = 160000, STEPS = 200000 };

// What is known of a message: its job, or the time when its answer expires and its length.
typedef struct {
  Job *job;
  int64_t expires_us;
  int tries;
} Model;

static Job *numbered(Fixture *f, int number) {
  char identity[32];
  snprintf(identity, sizeof identity, "m%d", number);
  return job_known_as(f, identity);
}

static void model_enter(Fixture *f, Model *model, int number, int64_t now_us) {
  Job *job = numbered(f, number);
  bool is_known = model->job || model->expires_us > now_us;
  model->tries = is_known ? model->tries + 1 : 1;
  buf_reset(&f->answer);
  DedupeResult result =
      dedupe_enter(f->dedupe, job, now_us, &f->running, &f->answer, &f->answered_s);
  assert_int_equal(result, model->job ? DEDUPE_RUNNING : is_known ? DEDUPE_ANSWERED : DEDUPE_NEW);
  assert_int_equal(job->attempt, model->tries);
  if (result == DEDUPE_RUNNING) assert_ptr_equal(f->running, model->job);
  if (result == DEDUPE_RUNNING) job_release(f->running);
  if (result == DEDUPE_ANSWERED && f->answer.len > 0)
    assert_true(str_eq(buf_str(&f->answer), job->identity));
  if (result == DEDUPE_NEW) model->job = job_retain(job);
  job_release(job);
}

static void model_end(Fixture *f, Model *model, bool finishes, int64_t now_us) {
  if (!model->job) return;
  Job *job = model->job;
  if (finishes) job_finish(job, TASK_RETURNED, NULL, STR(""));
  if (finishes) dedupe_finish(f->dedupe, job, job->identity, now_us);
  else dedupe_forget(f->dedupe, job);
  model->job = NULL;
  model->expires_us = finishes ? now_us + 60000000 : 0;
  job_release(job);
}

static bool compare_shown(void *ctx, const DedupeSeen *seen) {
  Model *models = ctx;
  int64_t number = -1;
  assert_true(str_to_int64(str_sub(seen->identity, 1, seen->identity.len), &number));
  const Model *model = &models[number];
  if (seen->job) assert_ptr_equal(seen->job, model->job);
  else assert_int_equal(seen->expires_us, model->expires_us);
  return true;
}

// Random: which message, whether it finishes or is forgotten, how time moves. Bursts make messages compact, pauses let
// them expire and give memory back. A quarter are tries of messages that came before.
static void test_it_knows_what_a_simple_model_knows(void **state) {
  Fixture *f = *state;
  Model *models = calloc(KNOWN, sizeof *models);
  int64_t now_us = 1000000;
  srand(1);
  for (int i = 0, newest = 0; i < STEPS; i++) {
    int number = rand() % 4 ? newest++ % KNOWN : rand() % (newest + 1) % KNOWN;
    model_enter(f, &models[number], number, now_us);
    if (rand() % 50) model_end(f, &models[number], rand() % 20 != 0, now_us);
    bool calm = i % 100000 > 95000;
    now_us += rand() % 8 ? 0 : calm ? rand() % 1000000 : rand() % 5000;
    if (rand() % 1000 == 0) dedupe_sweep(f->dedupe, now_us);
    if (rand() % 20000 == 0) dedupe_show(f->dedupe, compare_shown, models);
    if (rand() % 10 == 0) dedupe_show_answered(f->dedupe, 20, compare_shown, models);
  }
  for (int i = 0; i < KNOWN; i++) {
    model_enter(f, &models[i], i, now_us);
    model_end(f, &models[i], false, now_us);
  }
  free(models);
}

typedef struct {
  Fixture *f;
  atomic_int runs;
} Crowd;

static void *one_of_the_crowd(void *arg) {
  Crowd *crowd = arg;
  Buf answer;
  buf_init(&answer);
  for (int i = 0; i < 2000; i++) {
    char identity[32];
    snprintf(identity, sizeof identity, "m%d", i);
    Job *job = job_known_as(crowd->f, identity), *running = NULL;
    int64_t answered_s;
    buf_reset(&answer);
    switch (dedupe_enter(crowd->f->dedupe, job, 1000000, &running, &answer, &answered_s)) {
      case DEDUPE_NEW:
        atomic_fetch_add(&crowd->runs, 1);
        finish(crowd->f, job, identity, 1);
        break;
      case DEDUPE_RUNNING:
        assert_true(job_wait(running, INT64_MAX / 2));
        job_release(running);
        break;
      default: assert_string_equal(answer.ptr, identity);
    }
    job_release(job);
  }
  buf_clear(&answer);
  return NULL;
}

static void test_of_many_at_once_one_runs(void **state) {
  Crowd crowd = { .f = *state };
  pthread_t threads[8];
  for (int i = 0; i < 8; i++) pthread_create(&threads[i], NULL, one_of_the_crowd, &crowd);
  for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
  assert_int_equal(atomic_load(&crowd.runs), 2000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_message_nobody_knows_is_new),
    TEST(test_a_duplicate_joins_the_job_under_way),
    TEST(test_a_duplicate_of_an_answered_message_gets_the_same_answer_and_time),
    TEST(test_after_the_window_a_message_is_new_again),
    TEST(test_a_forgotten_message_is_new_again),
    TEST(test_without_a_window_an_answer_is_forgotten_at_once),
    TEST(test_all_messages_of_a_window_are_known_however_large_their_answers),
    TEST(test_answered_messages_are_shown_in_pieces_the_newest_first),
    TEST(test_what_is_next_to_be_shown_may_expire),
    TEST(test_whatever_finishes_in_between_what_was_answered_before_is_shown),
    TEST(test_a_sweep_is_short_and_says_whether_more_is_left),
    TEST(test_however_many_messages_are_known_for_the_window),
    TEST(test_after_the_window_the_memory_of_many_is_given_back),
    TEST(test_however_many_messages_are_known_none_is_held_up_for_long),
    TEST(test_a_message_that_comes_again_expires_no_backlog),
    TEST(test_messages_come_and_go_while_memory_is_given_back),
    TEST(test_after_that_the_oldest_long_answers_still_go_first),
    TEST(test_of_a_message_that_became_compact_tries_are_counted_on),
    TEST(test_where_that_cannot_be_looked_up_a_message_is_not_run_again),
    TEST(test_a_marked_message_is_answered_and_no_try_is_counted),
    TEST(test_no_memory_is_given_back_for_a_few_messages),
    TEST(test_answers_stay_for_the_time_of_the_platforms_tries),
    TEST(test_the_log_says_that_answers_of_compact_messages_were_dropped),
    TEST(test_messages_that_have_expired_do_not_become_compact),
    TEST(test_without_memory_a_message_is_forgotten_and_the_log_says_so),
    TEST(test_it_knows_what_a_simple_model_knows),
    TEST(test_short_answers_take_no_room_and_stay),
    TEST(test_the_room_of_answers_is_counted_right_whatever_goes_first),
    TEST(test_the_log_says_once_a_window_that_answers_were_dropped),
    cmocka_unit_test(test_the_log_says_so_once_a_minute_if_the_window_is_longer),
    TEST(test_a_place_that_is_used_again_keeps_nothing_of_what_was_there),
    TEST(test_what_is_under_way_and_what_is_answered_is_shown_the_expired_is_not),
    TEST(test_of_many_at_once_one_runs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
