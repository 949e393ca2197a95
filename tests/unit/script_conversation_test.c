// Scripts that wait for a user's next message.
#include "script/conversation_inner.h"
#include "script_asking.h"

static void test_the_question_is_the_answer_and_the_next_message_goes_to_the_script(void **state) {
  ask("x");
  assert_answer_through(run_conversation, "large", TASK_RETURNED, "so: large");
  assert_int_equal(open_conversations(), 0);
  assert_null(conversations_take(world.shared.conversations, STR("openid-1"), false, NULL));
}

static void test_a_script_may_ask_again(void **state) {
  load("function on_message(msg)\n"
       "  return wechat.ask('one?').content .. wechat.ask('two?').content\n"
       "end");
  assert_answer("x", TASK_RETURNED, "one?");
  assert_answer_through(run_conversation, "1", TASK_RETURNED, "two?");
  assert_answer_through(run_conversation, "2", TASK_RETURNED, "12");
}

static void test_after_its_time_ask_gives_nil_and_timeout(void **state) {
  ask("soon");
  assert_true(wait_for(none_open));
  assert_true(was_seen("timeout"));
}

static void test_a_conversation_without_a_store_cannot_leave_memory(void **state) {
  ask("x");
  Conversation *conversation =
      conversations_take(world.shared.conversations, STR("openid-1"), false, NULL);
  assert_false(conversation_can_leave(conversation));
  conversation_put_back(conversation);
  assert_answer_through(run_conversation, "large", TASK_RETURNED, "so: large");
}

static void test_a_conversation_that_leaves_memory_goes_on_from_the_store(void **state) {
  load(asking);
  assert_answer("x", TASK_RETURNED, "Which size?");
  Conversation *conversation =
      conversations_take(world.shared.conversations, STR("openid-1"), false, NULL);
  assert_true(conversation_can_leave(conversation));
  conversation_evict(conversation);
  conversations_sweep(world.shared.conversations);
  assert_true(none_open());
  assert_int_equal(conversations_open(&world.shared), 1);
  assert_answer_through(interpreter_answer, "large", TASK_RETURNED, "so: large");
  assert_int_equal(conversations_open(&world.shared), 0);
}

// With a store that outlives the process.
static int open_on_sqlite(void **state) {
  char url[128];
  if (world_open_shared(state) != 0) return -1;
  keep_free(world.shared.keep);
  store_close(world.store);
  snprintf(url, sizeof url, "sqlite:%s/kept.db", world.folder);
  world.options.store = world.store = store_open(str_of(url), NULL);
  world.shared.keep = world_new_keep();
  return world.store && world.shared.keep ? 0 : -1;
}

// Runs the timers that are due: a clock that is set forth wakes no thread.
static void nap(void) {
  Heard heard;
  answer_init(&heard);
  send_text(&heard, "nap");
  assert_true(answer_wait(&heard, 5000));
  answer_clear(&heard);
}

static void test_after_five_idle_minutes_a_conversation_is_only_in_the_store(void **state) {
  load("function on_message(msg)\n"
       "  if msg.content == 'nap' then wechat.sleep(0.001) return 'slept' end\n"
       "  return 'so: ' .. wechat.ask('Which size?').content\n"
       "end");
  assert_answer("x", TASK_RETURNED, "Which size?");
  clock_advance((int64_t)299 * 1000 * 1000);
  nap();
  assert_int_equal(open_conversations(), 1);
  clock_advance((int64_t)2 * 1000 * 1000);
  nap();
  assert_true(wait_for(none_open));
  conversations_sweep(world.shared.conversations);
  assert_int_equal(conversations_open(&world.shared), 1);
  assert_answer_through(interpreter_answer, "large", TASK_RETURNED, "so: large");
  assert_int_equal(conversations_open(&world.shared), 0);
}

static void test_one_that_has_started_a_timer_stays_in_memory(void **state) {
  load("function on_message(msg)\n"
       "  local timer = wechat.every(3600, print)\n"
       "  return wechat.ask('?').content\n"
       "end");
  assert_answer("x", TASK_RETURNED, "?");
  Conversation *conversation =
      conversations_take(world.shared.conversations, STR("openid-1"), false, NULL);
  assert_false(conversation_can_leave(conversation));
  interpreter_retire(world.in);
  assert_true(conversation_can_leave(conversation));
  conversation_put_back(conversation);
}

static FILE *neighbour;

// On a file that another process has open too.
static int open_in_company(void **state) {
  char command[140];
  if (open_on_sqlite(state) != 0) return -1;
  snprintf(command, sizeof command, "sqlite3 %s/kept.db > /dev/null", world.folder);
  neighbour = popen(command, "w");
  if (!neighbour) return -1;
  fputs("SELECT 1 FROM wemoon_store;\n", neighbour);
  fflush(neighbour);
  for (int i = 0; i < 1000 && store_company(world.store) == STORE_ALONE; i++) usleep(5000);
  return store_company(world.store) != STORE_ALONE ? 0 : -1;
}

static int close_in_company(void **state) {
  pclose(neighbour);
  return world_close(state);
}

static TaskState run_taken(Interpreter *in, const MessageTask *message, int64_t deadline_us,
                           Answer *answer) {
  Conversation *conversation =
      conversations_take(world.shared.conversations, STR("openid-1"), false, NULL);
  interpreter_give_up(in);
  TaskState state = conversation_run_message(conversation, message, deadline_us, answer);
  interpreter_release(in);
  return state;
}

static void test_one_claimed_for_an_interpreter_that_is_given_up_goes_on_in_another(void **state) {
  Heard heard;
  load(asking);
  assert_answer("x", TASK_RETURNED, "Which size?");
  answer_init(&heard);
  assert_int_equal(send_through(run_taken, world.in, &heard, "large", 5000000), TASK_LOST);
  answer_clear(&heard);
  load(asking);
  assert_answer_through(interpreter_answer, "large", TASK_RETURNED, "so: large");
}

static atomic_bool is_busy, may_leave;

static void *occupy(void *unused) {
  bool entered = engine_enter(world.in->engine, INT64_MAX);
  atomic_store(&is_busy, true);
  while (!atomic_load(&may_leave)) usleep(1000);
  if (entered) engine_leave(world.in->engine);
  return NULL;
}

static void test_one_claimed_for_a_busy_interpreter_that_leaves_memory_goes_on(void **state) {
  pthread_t thread;
  Heard heard;
  load(asking);
  assert_answer("x", TASK_RETURNED, "Which size?");
  is_busy = may_leave = false;
  assert_int_equal(pthread_create(&thread, NULL, occupy, NULL), 0);
  while (!atomic_load(&is_busy)) usleep(1000);
  answer_init(&heard);
  assert_int_equal(send_through(run_conversation, world.in, &heard, "large", 20000), TASK_LOST);
  answer_clear(&heard);
  atomic_store(&may_leave, true);
  pthread_join(thread, NULL);
  conversation_evict(conversations_take(world.shared.conversations, STR("openid-1"), false, NULL));
  conversations_sweep(world.shared.conversations);
  assert_true(none_open());
  assert_answer_through(interpreter_answer, "large", TASK_RETURNED, "so: large");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_in_memory, world_close)
#define TEST_KEPT(test) cmocka_unit_test_setup_teardown(test, world_open_shared, world_close)
#define TEST_SQLITE(test) cmocka_unit_test_setup_teardown(test, open_on_sqlite, world_close)
#define TEST_COMPANY(test) cmocka_unit_test_setup_teardown(test, open_in_company, close_in_company)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_the_question_is_the_answer_and_the_next_message_goes_to_the_script),
    TEST(test_a_script_may_ask_again),
    TEST(test_after_its_time_ask_gives_nil_and_timeout),
    TEST(test_a_conversation_without_a_store_cannot_leave_memory),
    TEST_KEPT(test_a_conversation_that_leaves_memory_goes_on_from_the_store),
    TEST_SQLITE(test_after_five_idle_minutes_a_conversation_is_only_in_the_store),
    TEST_SQLITE(test_one_that_has_started_a_timer_stays_in_memory),
    TEST_COMPANY(test_one_claimed_for_an_interpreter_that_is_given_up_goes_on_in_another),
    TEST_COMPANY(test_one_claimed_for_a_busy_interpreter_that_leaves_memory_goes_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
