// A run that does not come back by its deadline is answered for, once; one that does, never.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bot/rescue.h"

#include <stdlib.h>
#include <unistd.h>

static bool count(void *ctx) {
  atomic_fetch_add((atomic_int *)ctx, 1);
  return true;
}

static void test_a_run_that_comes_back_is_not_answered_for(void **state) {
  Rescue *rescue = rescue_new();
  RescueRun run;
  atomic_int answers = 0;
  rescue_join(rescue, &run);
  rescue_begin(&run, 100, count, &answers);
  rescue_answer_due(rescue, 99);
  assert_false(rescue_end(&run));
  rescue_answer_due(rescue, 1000);
  assert_int_equal(atomic_load(&answers), 0);
  rescue_free(rescue);
}

static void test_a_run_past_its_deadline_is_answered_for_once(void **state) {
  Rescue *rescue = rescue_new();
  RescueRun run;
  atomic_int answers = 0;
  rescue_join(rescue, &run);
  rescue_begin(&run, 100, count, &answers);
  rescue_answer_due(rescue, 100);
  rescue_answer_due(rescue, 200);
  assert_true(rescue_end(&run));
  assert_int_equal(atomic_load(&answers), 1);
  rescue_begin(&run, 300, count, &answers);
  rescue_answer_due(rescue, 250);
  assert_false(rescue_end(&run));
  rescue_free(rescue);
}

typedef struct {
  Rescue *rescue;
  atomic_bool stop;
} Watching;

static void *watch(void *arg) {
  Watching *watching = arg;
  while (!atomic_load(&watching->stop)) rescue_answer_due(watching->rescue, 100);
  return NULL;
}

// Due and not due runs in turn, as fast as they go: what rescue_end says is what happened.
static void test_the_end_and_the_answer_never_both_happen(void **state) {
  Watching watching = { .rescue = rescue_new() };
  RescueRun run;
  pthread_t thread;
  rescue_join(watching.rescue, &run);
  pthread_create(&thread, NULL, watch, &watching);
  for (int i = 0; i < 100000; i++) {
    atomic_int answers = 0;
    bool due = i % 2 == 0;
    rescue_begin(&run, due ? 100 : 101, count, &answers);
    if (i % 64 == 0) usleep(1);
    bool answered = rescue_end(&run);
    assert_int_equal(atomic_load(&answers), answered);
    if (!due) assert_false(answered);
  }
  atomic_store(&watching.stop, true);
  pthread_join(thread, NULL);
  rescue_free(watching.rescue);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_run_that_comes_back_is_not_answered_for),
    cmocka_unit_test(test_a_run_past_its_deadline_is_answered_for_once),
    cmocka_unit_test(test_the_end_and_the_answer_never_both_happen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
