// A message whose script runs when its interpreter is given up: its owner is told, and nothing of it is left behind.
#include "script_world.h"

#include <pthread.h>
#include <unistd.h>

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open_shared, world_close)

static const char STUCK[] =
    "function on_message(msg)\n"
    "  if msg.content == 'later' then wechat.sleep(0.05) end\n"
    "  local over = os.clock() + 1.5\n"
    "  setmetatable({}, { __gc = function() while os.clock() < over do end end })\n"
    "  collectgarbage()\n"
    "  return 'too late'\n"
    "end";

static atomic_int told;
static char told_place[200];

static void on_given_up(void *owner, const char *place) {
  snprintf(told_place, sizeof told_place, "%s", place);
  atomic_fetch_add(&told, 1);
}

static void *give_up_soon(void *in) {
  usleep(500000);
  interpreter_give_up(in);
  return NULL;
}

// Returns the state of the first slice, after the stuck call has returned.
static TaskState send_stuck(const char *content, Heard *answer) {
  pthread_t thread;
  load(STUCK);
  atomic_store(&told, 0);
  world_message.given_up = on_given_up;
  answer_init(answer);
  pthread_create(&thread, NULL, give_up_soon, world.in);
  TaskState state = send_text(answer, content);
  pthread_join(thread, NULL);
  return state;
}

static void assert_told_of_line_5(void) {
  assert_int_equal(atomic_load(&told), 1);
  if (!strstr(told_place, "bot.lua:5")) fail_msg("the place is %s", told_place);
  assert_logged("on_message failed: ");
  assert_logged("bot.lua:5: it was in a call that nothing can interrupt");
  assert_not_logged("it did not come back");
  assert_int_equal(atomic_load(&world.shared.errors), 1);
}

static void test_in_its_first_slice(void **state) {
  Heard answer;
  assert_int_not_equal(send_stuck("now", &answer), TASK_WAITING);
  assert_told_of_line_5();
  answer_clear(&answer);
}

static void test_after_a_wait(void **state) {
  Heard answer;
  assert_int_equal(send_stuck("later", &answer), TASK_WAITING);
  assert_false(answer_wait(&answer, 1800));  // `done` is not called, though the call returned
  assert_told_of_line_5();
  answer_clear(&answer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_in_its_first_slice),
    TEST(test_after_a_wait),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
