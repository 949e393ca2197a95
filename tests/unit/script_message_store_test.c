// A run in the store: its questions and calls are written to the store before they are made.
#include "another.h"
#include "script_world.h"

#include "engine/door.h"
#include "engine/record.h"

static Buf value;

static int set_up(void **state) {
  buf_init(&value);
  return world_open_shared(state);
}

static int tear_down(void **state) {
  buf_clear(&value);
  return world_close(state);
}

// On a store that another process has open too.
static int set_up_shared(void **state) {
  char url[128];
  if (set_up(state) != 0) return -1;
  keep_free(world.shared.keep);
  store_close(world.store);
  snprintf(url, sizeof url, "sqlite:%s/kept.db", world.folder);
  world.options.store = world.store = store_open(str_of(url), NULL);
  world.shared.keep = world_new_keep();
  return another_opens(url + strlen("sqlite:")) ? 0 : -1;
}

static int tear_down_shared(void **state) {
  int result = tear_down(state);
  another_ends();
  return result;
}

// Reads a run from the store; returns false if the key is missing.
static bool fetch(const char *key, KeptRun *run) {
  StoreReply *reply =
      store_call_wait(world.store, &(StoreCall){ .op = STORE_GET, .key = str_of(key) }, NULL);
  bool found = reply && reply->ok;
  buf_reset(&value);
  if (found) buf_add(&value, reply->value);
  store_reply_free(reply);
  return found && kept_read(buf_str(&value), run);
}

static void test_a_question_is_in_the_store_once_it_is_asked(void **state) {
  KeptRun run;
  load("function on_message(msg)\n"
       "  return wechat.ask('Which size?', 60, true).content\n"
       "end");
  assert_answer("x", TASK_RETURNED, "Which size?");
  assert_true(fetch("asked/gh_1/openid-1", &run));
  assert_int_equal(run.state, KEPT_ASKS);
  assert_true(str_eq(run.question, STR("Which size?")));
  assert_true(str_find(run.place, STR("bot.lua:2")) >= 0);
  assert_int_equal(run.asks, 1);
  assert_true(run.events);
  int64_t left_ms = run.until_ms - clock_unix_ms();
  assert_true(left_ms > 50000 && left_ms <= 60000);
}

static void test_a_conversation_that_ended_has_left_the_store(void **state) {
  KeptRun run;
  load("function on_message(msg) return wechat.ask('?').content end");
  assert_answer("x", TASK_RETURNED, "?");
  assert_answer_through(run_conversation, "y", TASK_RETURNED, "y");
  for (int i = 0; i < 200 && fetch("asked/gh_1/openid-1", &run); i++) usleep(5000);
  assert_false(fetch("asked/gh_1/openid-1", &run));
}

static void test_of_one_users_two_conversations_the_first_is_kept(void **state) {
  KeptRun run;
  load("function on_message(msg) return wechat.ask(msg.content .. '?').content end");
  assert_answer("one", TASK_RETURNED, "one?");
  assert_answer("two", TASK_RETURNED, "two?");
  assert_true(fetch("asked/gh_1/openid-1", &run));
  assert_true(str_eq(run.question, STR("one?")));
}

static void test_a_record_that_is_too_long_keeps_the_conversation_in_this_process(void **state) {
  KeptRun run;
  load("function on_message(msg)\n"
       "  for i = 1, 60000 do math.random() end\n"
       "  return wechat.ask('?').content\n"
       "end");
  assert_answer("x", TASK_RETURNED, "?");
  assert_false(fetch("asked/gh_1/openid-1", &run));
  assert_logged("the conversation with openid-1 stays in this process");
  assert_answer_through(run_conversation, "y", TASK_RETURNED, "y");
}

static atomic_bool called, known_before;

// A call that changes something outside.
static int l_act(lua_State *L) {
  KeptRun run;
  called = true;
  known_before =
      fetch("owed/gh_1/openid-1/id-1", &run) && str_find(run.record, STR("wechat.act")) >= 0;
  return 0;
}

static const DoorFunction doors[] = {
  { "wechat.act", "act", l_act, DOOR_ACTS, NULL },
  { NULL, NULL, NULL, DOOR_READS, NULL },
};

static void test_a_call_that_changes_something_is_known_there_before_it_is_made(void **state) {
  known_before = false;
  world_doors = doors;
  world_message.owe_at_us = clock_now_us() + 10000;
  world_message.identity = STR("id-1");
  load("function on_message(msg) wechat.sleep(0.1) wechat.act() return 'done' end");
  assert_answer("x", TASK_RETURNED, "done");
  assert_true(known_before);
  assert_int_equal(world.shared.acting, 0);
}

static void test_a_process_that_is_closing_leaves_a_call_to_the_next(void **state) {
  KeptRun run;
  Heard heard;
  called = false;
  world_doors = doors;
  world_message.owe_at_us = clock_now_us() + 10000;
  world_message.identity = STR("id-1");
  atomic_store(&world.shared.closing, true);
  load("function on_message(msg) wechat.sleep(0.1) wechat.act() return 'done' end");
  answer_init(&heard);
  assert_int_equal(send_text(&heard, "x"), TASK_WAITING);
  answer_wait(&heard, 1000);
  answer_clear(&heard);
  assert_false(called);
  assert_int_equal(world.shared.acting, 0);
  assert_true(fetch("owed/gh_1/openid-1/id-1", &run));
  assert_true(str_find(run.record, STR("wechat.act")) < 0);
}

static atomic_int reads;

// What a call does meanwhile to the run in the store.
static void rewrite(void (*change)(KeptRun *run)) {
  KeptRun run;
  Buf changed;
  buf_init(&changed);
  if (fetch("owed/gh_1/openid-1/id-1", &run)) {
    change(&run);
    kept_write(&run, &changed);
  }
  StoreCall call = { .op = STORE_SET,
                     .key = STR("owed/gh_1/openid-1/id-1"),
                     .value = buf_str(&changed) };
  store_reply_free(store_call_wait(world.store, &call, NULL));
  buf_clear(&changed);
}

static void take_over(KeptRun *run) { run->process = STR("another"); }

static void forget_record(KeptRun *run) { run->record = STR(""); }

// A call that reads, during which another process takes the run over.
static int l_read(lua_State *L) {
  rewrite(take_over);
  reads++;
  return 0;
}

static const DoorFunction reading[] = {
  { "wechat.read", "read", l_read, DOOR_READS, NULL },
  { NULL, NULL, NULL, DOOR_READS, NULL },
};

// A call that reads, during which the store gets a value of this process again that was written before.
static int l_undo(lua_State *L) {
  rewrite(forget_record);
  return 0;
}

static const DoorFunction undoing[] = {
  { "wechat.undo", "undo", l_undo, DOOR_READS, NULL },
  { "wechat.act", "act", l_act, DOOR_ACTS, NULL },
  { NULL, NULL, NULL, DOOR_READS, NULL },
};

static void
test_a_call_is_written_again_if_the_store_has_an_earlier_value_of_the_run(void **state) {
  known_before = false;
  world_doors = undoing;
  world_message.owe_at_us = clock_now_us() + 10000;
  world_message.identity = STR("id-1");
  load("function on_message(msg)\n"
       "  wechat.sleep(0.1)\n"
       "  wechat.undo()\n"
       "  wechat.act()\n"
       "  return 'done'\n"
       "end");
  assert_answer("x", TASK_RETURNED, "done");
  assert_true(known_before);
}

static void test_without_its_lease_a_process_looks_at_the_run_before_each_call(void **state) {
  Heard heard;
  reads = 0;
  world_doors = reading;
  clock_advance((int64_t)10 * 1000 * 1000);  // longer than a lease lasts
  world_message.owe_at_us = clock_now_us() + 10000;
  world_message.identity = STR("id-1");
  load("function on_message(msg)\n"
       "  wechat.sleep(0.1)\n"
       "  wechat.read()\n"
       "  wechat.read()\n"
       "  return 'done'\n"
       "end");
  answer_init(&heard);
  assert_int_equal(send_text(&heard, "x"), TASK_WAITING);
  answer_wait(&heard, 1000);
  assert_int_equal(reads, 1);
  assert_logged("another process took it over");
  answer_clear(&heard);
}

static void test_a_question_that_was_late_owes_its_message_no_longer(void **state) {
  KeptRun run;
  world_message.owe_at_us = clock_now_us() + 10000;
  world_message.identity = STR("id-1");
  load("function on_message(msg) wechat.sleep(0.1) return wechat.ask('?').content end");
  assert_answer("x", TASK_RETURNED, "?");
  assert_true(fetch("asked/gh_1/openid-1", &run));
  assert_int_equal(run.state, KEPT_ASKS);
  assert_false(run.owed);
}

static int l_act_after_asking(lua_State *L) {
  KeptRun run;
  known_before = fetch("asked/gh_1/openid-1", &run) && run.state == KEPT_RUNS &&
                 run.answering.len == 0 && str_find(run.record, STR("wechat.act")) >= 0;
  return 0;
}

static const DoorFunction acting_later[] = {
  { "wechat.act", "act", l_act_after_asking, DOOR_ACTS, NULL },
  { NULL, NULL, NULL, DOOR_READS, NULL },
};

static void test_after_a_time_out_a_call_is_known_there_before_it_is_made_too(void **state) {
  known_before = false;
  world_doors = acting_later;
  load("function on_message(msg) wechat.ask('?', 0.05) wechat.act() end");
  assert_answer("x", TASK_RETURNED, "?");
  for (int i = 0; i < 400 && !known_before; i++) usleep(5000);
  assert_true(known_before);
}

static void test_a_run_that_is_not_in_the_store_writes_nothing_before_a_call(void **state) {
  known_before = false;
  world_doors = doors;
  world_message.identity = STR("id-1");
  load("function on_message(msg) wechat.act() return 'done' end");
  assert_answer("x", TASK_RETURNED, "done");
  assert_false(known_before);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_question_is_in_the_store_once_it_is_asked),
    TEST(test_a_conversation_that_ended_has_left_the_store),
    TEST(test_of_one_users_two_conversations_the_first_is_kept),
    TEST(test_a_record_that_is_too_long_keeps_the_conversation_in_this_process),
    TEST(test_a_call_that_changes_something_is_known_there_before_it_is_made),
    TEST(test_a_process_that_is_closing_leaves_a_call_to_the_next),
    cmocka_unit_test_setup_teardown(
        test_a_call_is_written_again_if_the_store_has_an_earlier_value_of_the_run, set_up_shared,
        tear_down_shared),
    TEST(test_without_its_lease_a_process_looks_at_the_run_before_each_call),
    TEST(test_a_question_that_was_late_owes_its_message_no_longer),
    TEST(test_after_a_time_out_a_call_is_known_there_before_it_is_made_too),
    TEST(test_a_run_that_is_not_in_the_store_writes_nothing_before_a_call),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
