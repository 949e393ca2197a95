// Batches without a file: who fills them, and what the writer gets when.
#include "bot/batches.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

enum { MOST = 16 * BATCH_ROOM, AN_HOUR_US = 3600 * 1000000LL, THREADS = 4, LINES = 20000 };

static bool add(Batches *batches, size_t core, Str line) {
  BatchPlace place = batches_open(batches, core, line.len + 20);
  if (!place.at) return false;
  str_put(place.at, line);
  batches_close(batches, place, line.len);
  return true;
}

// Appends what the writer gets now to `out`; returns the number of batches.
static int take(Batches *batches, int64_t until_us, Buf *out) {
  int count = 0;
  Batch *batch = batches_take(batches, until_us);
  for (Batch *next; batch; batch = next, count++) {
    next = batch->next;
    buf_add(out, str_make(batch->text, batch->len));
    batches_give_back(batches, batch);
  }
  return count;
}

static void test_few_lines_are_taken_when_their_time_has_come_in_their_order(void **state) {
  (void)state;
  Buf out;
  buf_init(&out);
  Batches *batches = batches_new(MOST);
  assert_true(add(batches, 0, STR("a\n")) && add(batches, 1, STR("b\n")) &&
              add(batches, 0, STR("c\n")));
  assert_int_equal(take(batches, clock_now_us() + 1000, &out), 1);
  assert_string_equal(out.ptr, "a\nb\nc\n");
  assert_int_equal(take(batches, clock_now_us() + 1000, &out), 0);
  batches_free(batches);
  buf_clear(&out);
}

static void test_a_full_batch_is_taken_at_once_and_the_others_are_not(void **state) {
  (void)state;
  static char line[BATCH_ROOM / 2];
  Buf out;
  buf_init(&out);
  Batches *batches = batches_new(MOST);
  for (int i = 0; i < 3; i++) assert_true(add(batches, 0, str_make(line, sizeof line - 20)));
  add(batches, 1, STR("b\n"));
  assert_int_equal(take(batches, clock_now_us() + AN_HOUR_US, &out), 1);
  assert_int_equal(out.len, 2 * (sizeof line - 20));
  batches_free(batches);
  buf_clear(&out);
}

static size_t core_of_place(Batches *batches, size_t core) {
  BatchPlace place = batches_open(batches, core, 10);
  batches_close(batches, place, 0);
  return place.core;
}

static void test_cores_have_their_own_batches_while_batches_fill(void **state) {
  (void)state;
  static char line[BATCH_ROOM / 2];
  Buf out;
  buf_init(&out);
  Batches *batches = batches_new(MOST);
  assert_int_equal(core_of_place(batches, 3), 0);
  for (int i = 0; i < 3; i++) add(batches, 1, str_make(line, sizeof line));
  assert_int_equal(core_of_place(batches, 3), 3);
  take(batches, clock_now_us(), &out);
  assert_int_equal(core_of_place(batches, 3), 3);
  take(batches, clock_now_us(), &out);
  assert_int_equal(core_of_place(batches, 3), 0);
  batches_free(batches);
  buf_clear(&out);
}

static void test_at_the_end_all_lines_are_taken_at_once(void **state) {
  (void)state;
  Buf out;
  buf_init(&out);
  Batches *batches = batches_new(MOST);
  assert_int_equal(batches_ended_us(batches), 0);
  add(batches, 0, STR("a\n"));
  batches_end(batches);
  assert_true(batches_ended_us(batches) > 0);
  assert_int_equal(take(batches, clock_now_us() + AN_HOUR_US, &out), 1);
  assert_int_equal(take(batches, clock_now_us() + AN_HOUR_US, &out), 0);
  batches_free(batches);
  buf_clear(&out);
}

static void test_who_finds_a_place_open_takes_another_core_s_batch(void **state) {
  (void)state;
  Batches *batches = batches_new(MOST);
  BatchPlace first = batches_open(batches, BATCH_CORES - 1, 10);
  BatchPlace second = batches_open(batches, BATCH_CORES - 1, 10);
  assert_int_equal(first.core, 0);
  assert_int_equal(second.core, 1);
  batches_close(batches, first, 0);
  batches_close(batches, second, 0);
  batches_free(batches);
}

static void test_a_line_that_is_not_kept_leaves_nothing(void **state) {
  (void)state;
  Buf out;
  buf_init(&out);
  Batches *batches = batches_new(MOST);
  batches_close(batches, batches_open(batches, 0, 100), 0);
  assert_int_equal(take(batches, clock_now_us(), &out), 0);
  batches_close(batches, batches_open(batches, 0, 100), 0);
  add(batches, 0, STR("a\n"));
  assert_int_equal(take(batches, clock_now_us(), &out), 1);
  assert_string_equal(out.ptr, "a\n");
  batches_free(batches);
  buf_clear(&out);
}

static void test_a_line_may_be_longer_than_a_batch(void **state) {
  (void)state;
  static char line[3 * BATCH_ROOM];
  Buf out;
  buf_init(&out);
  Batches *batches = batches_new(MOST);
  assert_true(add(batches, 0, STR("a")) && add(batches, 0, str_make(line, sizeof line)) &&
              add(batches, 0, STR("b")));
  take(batches, clock_now_us(), &out);
  assert_int_equal(out.len, sizeof line + 2);
  assert_true(out.ptr[0] == 'a' && out.ptr[out.len - 1] == 'b');
  batches_free(batches);
  buf_clear(&out);
}

static void test_no_more_waits_than_may_and_then_there_is_room_again(void **state) {
  (void)state;
  static char line[BATCH_ROOM];
  size_t added = 0;
  Buf out;
  buf_init(&out);
  Batches *batches = batches_new(MOST);
  while (add(batches, 0, str_make(line, sizeof line))) added += sizeof line;
  assert_true(added >= MOST && added <= MOST + 2 * (sizeof line + 20));
  assert_false(add(batches, 0, STR("a\n")));
  assert_true(add(batches, 1, STR("b\n")) == false);
  take(batches, clock_now_us(), &out);
  assert_int_equal(out.len, added);
  assert_true(add(batches, 0, STR("a\n")));
  batches_free(batches);
  buf_clear(&out);
}

static size_t resident_kb(void) {
  size_t size = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  assert_non_null(file);
  assert_int_equal(fscanf(file, "%zu %zu", &size, &resident), 2);
  fclose(file);
  return resident * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

static void test_some_time_after_a_load_its_memory_is_given_back(void **state) {
  (void)state;
  static char line[BATCH_ROOM - 20];
  enum { KB = BATCH_CORES * 2 * (BATCH_ROOM / 1024) };  // two spares a core
  Buf out;
  buf_init(&out);
  Batches *batches = batches_new(MOST);
  memset(line, 'x', sizeof line);
  buf_reserve(&out, 3 * sizeof line);
  for (size_t core = 0; core < BATCH_CORES; core++) {
    for (int i = 0; i < 3; i++) add(batches, core, str_make(line, sizeof line));
    buf_reset(&out);
    take(batches, clock_now_us(), &out);
  }
  take(batches, clock_now_us(), &out);
  size_t before = resident_kb();
  for (int i = 1; i < BATCH_QUIET_LOOKS - 1; i++) take(batches, clock_now_us(), &out);
  assert_true(resident_kb() + KB / 8 > before);
  add(batches, 0, STR("a\n"));
  for (int i = 0; i < 3; i++) take(batches, clock_now_us(), &out);
  assert_true(resident_kb() + KB * 3 / 4 < before);
  buf_reset(&out);
  add(batches, 0, STR("b\n"));
  assert_int_equal(take(batches, clock_now_us(), &out), 1);
  assert_string_equal(out.ptr, "b\n");
  batches_free(batches);
  buf_clear(&out);
}

// ---- threads ------------------------------------------------------------------------------------

typedef struct {
  Batches *batches;
  int number;
} Adder;

// Two threads to a core.
static void *add_lines(void *arg) {
  const Adder *adder = arg;
  char line[64];
  for (int i = 0; i < LINES; i++) {
    int len = snprintf(line, sizeof line, "%d %d\n", adder->number, i);
    while (!add(adder->batches, (size_t)adder->number / 2, str_make(line, (size_t)len)))
      sched_yield();
  }
  return NULL;
}

static void *take_lines(void *arg) {
  static Buf out;
  Batches *batches = arg;
  for (bool ended = false; !ended;) {
    ended = batches_ended_us(batches) != 0;
    take(batches, clock_now_us() + 1000, &out);
  }
  return &out;
}

static void test_each_line_of_many_threads_is_taken_once_and_whole(void **state) {
  (void)state;
  static bool seen[THREADS][LINES];
  Batches *batches = batches_new(SIZE_MAX);
  pthread_t adders[THREADS], taker;
  Adder of[THREADS];
  void *taken;
  pthread_create(&taker, NULL, take_lines, batches);
  for (int i = 0; i < THREADS; i++) {
    of[i] = (Adder){ batches, i };
    pthread_create(&adders[i], NULL, add_lines, &of[i]);
  }
  for (int i = 0; i < THREADS; i++) pthread_join(adders[i], NULL);
  batches_end(batches);
  pthread_join(taker, &taken);
  size_t count = 0;
  Str rest = buf_str(taken);
  for (Str line; str_cut(rest, '\n', &line, &rest); count++) {
    int thread = -1, number = -1;
    assert_int_equal(sscanf(line.ptr, "%d %d\n", &thread, &number), 2);
    assert_true(thread >= 0 && thread < THREADS && number >= 0 && number < LINES);
    assert_false(seen[thread][number]);
    seen[thread][number] = true;
  }
  assert_int_equal(count, THREADS * LINES);
  batches_free(batches);
  buf_clear(taken);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_few_lines_are_taken_when_their_time_has_come_in_their_order),
    cmocka_unit_test(test_a_full_batch_is_taken_at_once_and_the_others_are_not),
    cmocka_unit_test(test_cores_have_their_own_batches_while_batches_fill),
    cmocka_unit_test(test_at_the_end_all_lines_are_taken_at_once),
    cmocka_unit_test(test_who_finds_a_place_open_takes_another_core_s_batch),
    cmocka_unit_test(test_a_line_that_is_not_kept_leaves_nothing),
    cmocka_unit_test(test_a_line_may_be_longer_than_a_batch),
    cmocka_unit_test(test_no_more_waits_than_may_and_then_there_is_room_again),
    cmocka_unit_test(test_some_time_after_a_load_its_memory_is_given_back),
    cmocka_unit_test(test_each_line_of_many_threads_is_taken_once_and_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
