// The watcher answers once for a run that does not return by its deadline, and never for a run that does.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bot/overdue.h"

#include <stdlib.h>
#include <unistd.h>

static bool count(void *ctx) {
  atomic_fetch_add((atomic_int *)ctx, 1);
  return true;
}

static void test_a_run_that_comes_back_is_not_answered_for(void **state) {
  Overdue *overdue = overdue_new();
  OverdueRun run;
  atomic_int answers = 0;
  overdue_join(overdue, &run);
  overdue_begin(&run, 100, count, &answers);
  overdue_answer_due(overdue, 99);
  assert_false(overdue_end(&run));
  overdue_answer_due(overdue, 1000);
  assert_int_equal(atomic_load(&answers), 0);
  overdue_free(overdue);
}

static void test_a_run_past_its_deadline_is_answered_for_once(void **state) {
  Overdue *overdue = overdue_new();
  OverdueRun run;
  atomic_int answers = 0;
  overdue_join(overdue, &run);
  overdue_begin(&run, 100, count, &answers);
  overdue_answer_due(overdue, 100);
  overdue_answer_due(overdue, 200);
  assert_true(overdue_end(&run));
  assert_int_equal(atomic_load(&answers), 1);
  overdue_begin(&run, 300, count, &answers);
  overdue_answer_due(overdue, 250);
  assert_false(overdue_end(&run));
  overdue_free(overdue);
}

typedef struct {
  Overdue *overdue;
  atomic_bool stop;
} Watching;

static void *watch(void *arg) {
  Watching *watching = arg;
  while (!atomic_load(&watching->stop)) overdue_answer_due(watching->overdue, 100);
  return NULL;
}

// Due and not due runs alternate at full speed: overdue_end returns true exactly if the run was answered.
static void test_the_end_and_the_answer_never_both_happen(void **state) {
  Watching watching = { .overdue = overdue_new() };
  OverdueRun run;
  pthread_t thread;
  overdue_join(watching.overdue, &run);
  pthread_create(&thread, NULL, watch, &watching);
  for (int i = 0; i < 100000; i++) {
    atomic_int answers = 0;
    bool due = i % 2 == 0;
    overdue_begin(&run, due ? 100 : 101, count, &answers);
    if (i % 64 == 0) usleep(1);
    bool answered = overdue_end(&run);
    assert_int_equal(atomic_load(&answers), answered);
    if (!due) assert_false(answered);
  }
  atomic_store(&watching.stop, true);
  pthread_join(thread, NULL);
  overdue_free(watching.overdue);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_run_that_comes_back_is_not_answered_for),
    cmocka_unit_test(test_a_run_past_its_deadline_is_answered_for_once),
    cmocka_unit_test(test_the_end_and_the_answer_never_both_happen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
