// host.conversation: conversations with users.
#define HOST_IS_GLOBAL
#include "host_world.h"

static const char asking[] =
    "function on_message(msg)\n"
    "  if msg.content == 'end' then host.conversation.end_user('openid-1')\n"
    "  elseif msg.content == 'seen' then return tostring(seen)\n"
    "  else\n"
    "    local answer, why = host.conversation.ask('?', nil, false)\n"
    "    seen = answer and answer.content or why\n"
    "    return seen\n"
    "  end\n"
    "end\n"
    "seen = false";

static bool none_open(void) { return conversations_count(world.shared.conversations) == 0; }

static void test_ask_gives_the_users_next_message(void **state) {
  load(asking);
  assert_answer("x", TASK_RETURNED, "?");
  assert_answer_through(run_conversation, "large", TASK_RETURNED, "large");
}

static bool is_forgotten(void) {
  Heard heard;
  answer_init(&heard);
  send_text(&heard, "seen");
  bool forgotten = strcmp(heard.reply, "forgotten") == 0;
  answer_clear(&heard);
  return forgotten;
}

static void test_the_end_of_a_user_is_told_as_forgotten(void **state) {
  load(asking);
  assert_answer("x", TASK_RETURNED, "?");
  conversations_end_user(world.shared.conversations, STR("other"), "x");
  assert_false(none_open());
  assert_answer("end", TASK_RETURNED, "");
  assert_true(none_open());
  assert_true(wait_for(is_forgotten));
}

static void test_the_end_of_a_user_takes_all_out_of_the_store(void **state) {
  load(asking);
  assert_answer("x", TASK_RETURNED, "?");
  assert_int_equal(keep_conversations(world.shared.keep), 1);
  assert_answer("end", TASK_RETURNED, "");
  assert_int_equal(keep_conversations(world.shared.keep), 0);
}

// The names of what the store has of the user.
static void assert_stored(const char *wanted) {
  char names[200] = "";
  for (const char *const *prefix = (const char *const[]){ "asked/", "owed/", NULL }; *prefix;
       prefix++) {
    StoreCall call = { .op = STORE_LIST, .key = str_of(*prefix) };
    StoreReply *reply = store_call_wait(world.store, &call, NULL);
    Str rest = reply->value, key;
    while (store_reply_next_key(&rest, &key))
      snprintf(names + strlen(names), sizeof names - strlen(names), "%.*s ", STR_FMT(key));
    store_reply_free(reply);
  }
  assert_string_equal(names, wanted);
}

static void owe(const char *identity) {
  assert_true(keep_owe_message(world.shared.keep,
                               &(KeepMessage){ .openid = STR("openid-1"),
                                               .identity = str_of(identity),
                                               .document = STR("<m/>") },
                               NULL, NULL));
}

static const char ending[] =
    "function on_message(msg)\n"
    "  if msg.content == 'talk' then host.conversation.ask('?', nil, false) end\n"
    "  return table.concat({ select(3, host.conversation.end_user('openid-1')) }, ' ')\n"
    "end";

static void test_the_message_whose_script_ends_its_own_user_stays_in_the_store(void **state) {
  load(ending);
  owe("own");
  owe("other");
  world_message.identity = STR("own");
  assert_answer("x", TASK_RETURNED, "own owed/gh_1/openid-1/own ");
  assert_stored("owed/gh_1/openid-1/own ");
}

static void test_the_conversation_whose_script_ends_its_own_user_is_spared(void **state) {
  load(ending);
  assert_answer("talk", TASK_RETURNED, "?");
  world_message.identity = STR("own");
  assert_answer_through(run_conversation, "x", TASK_RETURNED,
                        "own owed/gh_1/openid-1/own asked/gh_1/openid-1");
}

static void test_another_users_message_spares_nothing(void **state) {
  load(ending);
  owe("own");
  world_message.sender = STR("openid-2");
  world_message.identity = STR("own");
  assert_answer("x", TASK_RETURNED, "  ");
  assert_stored("");
}

static void test_last_says_whether_they_outlive_the_process(void **state) {
  assert_holds("is(host.conversation.last, true)");
  world.options.shared = NULL;
  assert_holds("is(host.conversation.last, false)");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open_shared, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_ask_gives_the_users_next_message),
    TEST(test_the_end_of_a_user_is_told_as_forgotten),
    TEST(test_the_end_of_a_user_takes_all_out_of_the_store),
    TEST(test_the_message_whose_script_ends_its_own_user_stays_in_the_store),
    TEST(test_the_conversation_whose_script_ends_its_own_user_is_spared),
    TEST(test_another_users_message_spares_nothing),
    TEST(test_last_says_whether_they_outlive_the_process),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
