// A run is put into the store before its message is answered without it.
#include "script_world.h"

static bool is_owed(void) { return keep_owed(world.shared.keep) == 1; }
static bool none_owed(void) { return keep_owed(world.shared.keep) == 0; }
static bool none_owed_here(void) { return world.shared.owed_here == 0; }

static void send_slow(Heard *heard, int64_t owe_after_us) {
  world_message.owe_at_us = owe_after_us ? clock_now_us() + owe_after_us : 0;
  world_message.identity = STR("id-1");
  load("function on_message(msg) wechat.sleep(0.6) return 'done' end");
  answer_init(heard);
  assert_int_equal(send_text(heard, "x"), TASK_WAITING);
}

static void end_slow(Heard *heard) {
  assert_true(answer_wait(heard, 5000));
  assert_string_equal(heard->reply, "done");
  answer_clear(heard);
}

static void test_at_its_time_the_run_is_in_the_store(void **state) {
  Heard heard;
  send_slow(&heard, 20000);
  assert_true(none_owed() || clock_now_us() >= world_message.owe_at_us);
  assert_true(wait_for(is_owed));
  assert_false(heard.done);
  assert_int_equal(world.shared.owed_here, 1);
  end_slow(&heard);
}

static void test_a_run_that_has_ended_has_left_the_store(void **state) {
  Heard heard;
  send_slow(&heard, 20000);
  assert_true(wait_for(is_owed));
  end_slow(&heard);
  assert_true(wait_for(none_owed));
  assert_true(wait_for(none_owed_here));
}

static void test_a_run_that_ends_before_its_time_was_never_there(void **state) {
  Heard heard;
  send_slow(&heard, 10 * 1000000);
  usleep(30000);
  assert_true(none_owed());
  end_slow(&heard);
  usleep(30000);
  assert_true(none_owed());
}

static void test_without_a_time_no_run_is_put_there(void **state) {
  Heard heard;
  send_slow(&heard, 0);
  usleep(60000);
  assert_true(none_owed());
  end_slow(&heard);
}

static void test_without_an_identity_no_run_is_put_there(void **state) {
  Heard heard;
  load("function on_message(msg) wechat.sleep(0.1) return 'done' end");
  world_message.owe_at_us = clock_now_us() + 10000;
  answer_init(&heard);
  assert_int_equal(send_text(&heard, "x"), TASK_WAITING);
  usleep(50000);
  assert_true(none_owed());
  end_slow(&heard);
}

static KeptState state_of(const char *openid, bool *owed) {
  Buf key;
  KeptRun run = { .state = KEPT_RUNS };
  buf_init(&key);
  buf_printf(&key, "asked/gh_1/%s", openid);
  StoreCall call = { .op = STORE_GET, .key = buf_str(&key) };
  StoreReply *reply = store_call_wait(world.store, &call, NULL);
  assert_true(reply->ok && kept_read(reply->value, &run));
  *owed = run.owed;
  KeptState state = run.state;
  store_reply_free(reply);
  buf_clear(&key);
  return state;
}

static void test_a_question_on_its_way_into_the_store_is_not_owed(void **state) {
  load("function on_message(msg) return wechat.ask('?').content end");
  static char openids[40][16];  // the tasks of earlier rounds may still read theirs
  for (int i = 0; i < 40; i++) {
    char *openid = openids[i];
    bool owed;
    snprintf(openid, sizeof openids[i], "openid-%d", i);
    world_message.sender = str_of(openid);
    world_message.identity = str_of(openid);
    world_message.owe_at_us = clock_now_us() - 100000;  // deadline_ms = 100
    assert_answer("x", TASK_RETURNED, "?");
    assert_int_equal(state_of(openid, &owed), KEPT_ASKS);
    assert_false(owed);
  }
  assert_true(none_owed());
}

static bool has_document(const char *answering) {
  StoreReply *reply = store_call_wait(
      world.store, &(StoreCall){ .op = STORE_GET, .key = STR("owed/gh_1/openid-1/id-1") }, NULL);
  KeptRun run;
  bool has =
      reply->ok && kept_read(reply->value, &run) && str_find(run.answering, str_of(answering)) >= 0;
  store_reply_free(reply);
  return has;
}

static bool has_second_message(void) { return has_document("second"); }

static int open_with_conversations_of_the_process(void **state) {
  if (world_open_shared(state) != 0) return -1;
  keep_free(world.shared.keep);
  world.shared.keep = keep_new(&(KeepOptions){ .store = world.store, .account = STR("gh_1") });
  return world.shared.keep ? 0 : -1;
}

static void test_an_owed_conversation_of_the_process_notes_the_message_it_answers(void **state) {
  Heard heard;
  load("function on_message(msg)\n"
       "  wechat.ask('?')\n"
       "  wechat.sleep(0.3)\n"
       "  return 'done'\n"
       "end");
  assert_answer("first", TASK_RETURNED, "?");
  world_message.owe_at_us = clock_now_us() + 20000;
  world_message.identity = STR("id-1");
  answer_init(&heard);
  assert_int_equal(send_through(run_conversation, world.in, &heard, "second", 5000000),
                   TASK_WAITING);
  assert_true(wait_for(has_second_message));
  end_slow(&heard);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open_shared, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_at_its_time_the_run_is_in_the_store),
    TEST(test_a_run_that_has_ended_has_left_the_store),
    TEST(test_a_run_that_ends_before_its_time_was_never_there),
    TEST(test_without_a_time_no_run_is_put_there),
    TEST(test_a_question_on_its_way_into_the_store_is_not_owed),
    TEST(test_without_an_identity_no_run_is_put_there),
    cmocka_unit_test_setup_teardown(
        test_an_owed_conversation_of_the_process_notes_the_message_it_answers,
        open_with_conversations_of_the_process, world_close),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
