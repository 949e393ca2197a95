// engine/task_claim: of a slice's end either the task's own thread tells, or the one that gives the engine up.
#include "task_world.h"

#include <pthread.h>
#include <stdatomic.h>

static atomic_int inside, told;
static atomic_bool returns;
static bool claimed, again;
static char told_place[100];

// Stands for a call that nothing can interrupt, until the test lets it return.
static int l_block(lua_State *co) {
  atomic_store(&inside, 1);
  while (!atomic_load(&returns)) usleep(1000);
  return 0;
}

static void tell(void *ctx, const char *place) {
  snprintf(told_place, sizeof told_place, "%s", place);
  atomic_fetch_add((atomic_int *)ctx, 1);
}

static void claim_at_end(Task *task) {
  claimed = task_claim_end(task);
  again = task_claim_end(task);
  note_end(task);
}

static const TaskBody claiming = {
  .prepare = prepare_code, .ended = claim_at_end, .over = note_over, .doing = "code"
};

static void *run_code(void *code) {
  assert_true(engine_enter(engine, INT64_MAX));
  Task *task = task_new(engine, &claiming, code);
  task_when_given_up(task, tell, &told);
  task_start(task);
  engine_leave(engine);
  return NULL;
}

static pthread_t begin_code(const char *code) {
  pthread_t thread;
  ended = over = 0;
  atomic_store(&inside, 0);
  atomic_store(&told, 0);
  atomic_store(&returns, false);
  lua_register(L, "block", l_block);
  engine_set_place(engine, "bot.lua:7");
  engine_set_entry(engine, "bot.lua:1");
  engine_leave(engine);
  L = NULL;
  pthread_create(&thread, NULL, run_code, (void *)code);
  return thread;
}

static void await_inside(void) {
  while (!atomic_load(&inside)) usleep(1000);
}

static void test_who_waits_for_a_stuck_task_is_told_once_and_where(void **state) {
  pthread_t thread = begin_code("block()");
  await_inside();
  assert_int_equal(atomic_load(&told), 0);
  engine_give_up(engine);
  engine_give_up(engine);
  assert_int_equal(atomic_load(&told), 1);
  assert_string_equal(told_place, "bot.lua:1");
  assert_int_equal(ended, 0);
  atomic_store(&returns, true);
  pthread_join(thread, NULL);
  assert_int_equal(ended, 1);
  assert_int_equal(over, 1);
  assert_false(claimed);
  assert_false(again);
  assert_int_equal(atomic_load(&told), 1);
}

static void test_nobody_is_told_of_a_task_that_has_ended(void **state) {
  pthread_t thread = begin_code("return 1");
  pthread_join(thread, NULL);
  engine_give_up(engine);
  assert_int_equal(atomic_load(&told), 0);
  assert_int_equal(ended, 1);
  assert_true(claimed);
  assert_true(again);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_who_waits_for_a_stuck_task_is_told_once_and_where),
    TEST(test_nobody_is_told_of_a_task_that_has_ended),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
