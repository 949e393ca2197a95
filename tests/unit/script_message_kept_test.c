// Runs in the store continue in another process.
#include "script_world.h"

#include "script/keep_inner.h"

static const char asking[] = "function on_message(msg)\n"
                             "  local number = math.random(1, 1000000)\n"
                             "  local answer = wechat.ask(number .. '?')\n"
                             "  return number .. ' ' .. answer.content\n"
                             "end";

static void ask(char number[40]) {
  Heard heard;
  answer_init(&heard);
  send_text(&heard, "x");
  assert_true(answer_wait(&heard, 5000));
  snprintf(number, 40, "%.39s", heard.reply);
  number[strcspn(number, "?")] = '\0';
  answer_clear(&heard);
}

static void test_a_conversation_goes_on_with_what_the_script_was_given_before(void **state) {
  char number[40], wanted[60];
  load(asking);
  ask(number);
  world_restart(asking);
  snprintf(wanted, sizeof wanted, "%s large", number);
  assert_answer_through(interpreter_answer, "large", TASK_RETURNED, wanted);
}

static void test_without_a_conversation_the_message_begins_a_run(void **state) {
  load("function on_message(msg) return 'new ' .. msg.content end");
  assert_answer_through(interpreter_answer, "x", TASK_RETURNED, "new x");
}

static void test_a_message_that_a_run_taken_over_answers_begins_none(void **state) {
  static atomic_bool taken;
  load("function on_message(msg) print('begun') return 'new' end");
  atomic_store(&taken, true);
  world_message.taken = &taken;
  assert_answer_through(interpreter_answer, "x", TASK_RETURNED, "");
  assert_not_logged("begun");
  atomic_store(&taken, false);
  assert_answer_through(interpreter_answer, "x", TASK_RETURNED, "new");
}

static void test_the_event_of_a_user_who_leaves_answers_no_question(void **state) {
  static const char leaving[] =
      "<xml><ToUserName>gh_1</ToUserName><FromUserName>openid-1</FromUserName><CreateTime>2</"
      "CreateTime><MsgType>event</MsgType><Event>unsubscribe</Event></xml>";
  static const char asking_all[] = "function on_message(msg)\n"
                                   "  if msg.event then return 'left' end\n"
                                   "  local answer = wechat.ask('?', nil, true)\n"
                                   "  return 'answered: ' .. (answer.event or answer.content)\n"
                                   "end";
  Heard heard;
  load(asking_all);
  assert_answer("x", TASK_RETURNED, "?");
  world_restart(asking_all);
  answer_init(&heard);
  send_document(interpreter_answer, world.in, &heard, leaving, 5000000);
  assert_true(answer_wait(&heard, 5000));
  assert_string_equal(heard.reply, "left");
  answer_clear(&heard);
}

static void save(KeptRun run) {
  Buf value;
  buf_init(&value);
  assert_true(keep_save(world.shared.keep, &run, NULL, &value, NULL, NULL));
  buf_clear(&value);
}

static KeptRun owed_run(int64_t ends) {
  return (KeptRun){ .state = KEPT_RUNS,
                    .owed = true,
                    .process = STR("elsewhere:1:2:3"),
                    .openid = STR("openid-1"),
                    .identity = STR("id-1"),
                    .message = STR("<xml><ToUserName>gh</ToUserName><FromUserName>openid-1</"
                                   "FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType>"
                                   "<Content>kept</Content></xml>"),
                    .answering = STR("<xml/>"),
                    .ends = ends };
}

static bool was_logged;
static const char *words;
static bool is_logged(void) { return was_logged = strstr(world_log(), words) != NULL; }

static void assert_soon_logged(const char *part) {
  words = part;
  if (!wait_for(is_logged)) assert_logged(part);
}

static void
test_a_record_of_another_version_loses_the_run_and_begins_with_its_message(void **state) {
  load("function on_message(msg) print('again: ' .. msg.content) end");
  save(owed_run(0));
  interpreter_run_due(world.in, STR("owed/gh_1/openid-1/id-1"));
  assert_soon_logged(
      "the conversation with openid-1 cannot go on, and ended: the record has another format");
}

static void test_a_run_that_two_processes_ended_with_is_not_begun_again(void **state) {
  load("function on_message(msg) print('again') end");
  save(owed_run(2));
  interpreter_run_due(world.in, STR("owed/gh_1/openid-1/id-1"));
  assert_soon_logged("the script is not begun again for openid-1: two processes ended while they "
                     "ran it");
}

static void test_a_run_that_this_process_has_is_left_alone(void **state) {
  KeptRun run = owed_run(0);
  load("function on_message(msg) error('begun') end");
  run.process = keep_process(world.shared.keep);
  save(run);
  interpreter_run_due(world.in, STR("owed/gh_1/openid-1/id-1"));
  usleep(50000);
  assert_not_logged("begun");
}

// The identity of the document below.
#define IDENTITY "m8:openid-11:9"
#define DOCUMENT                                                                                   \
  "<xml><ToUserName>gh</ToUserName><FromUserName>openid-1</FromUserName><CreateTime>1"             \
  "</CreateTime><MsgType>text</MsgType><Content>kept</Content><MsgId>9</MsgId></xml>"

// What the store has of the message: "unbegun", "begun", or "none".
static const char *entry(void) {
  StoreCall call = { .op = STORE_GET, .key = STR("owed/gh_1/openid-1/" IDENTITY) };
  StoreReply *reply = store_call_wait(world.store, &call, NULL);
  KeptRun run = { .state = KEPT_RUNS };
  bool has = reply->ok && kept_read(reply->value, &run);
  store_reply_free(reply);
  return !has ? "none" : run.unbegun ? "unbegun" : "begun";
}

static int l_entry(lua_State *L) {
  lua_pushstring(L, entry());
  return 1;
}

static const luaL_Reg entry_functions[] = { { "entry", l_entry }, { NULL, NULL } };

static int open_with_entry(void **state) {
  world_functions = entry_functions;
  return world_open_shared(state);
}

static int close_with_entry(void **state) {
  world_functions = NULL;
  return world_close(state);
}

// The entry of a process that has ended, whose message has not begun.
static void leave_entry(void) {
  Keep *other = world_new_keep();
  assert_true(keep_owe_message(other,
                               &(KeepMessage){ .openid = STR("openid-1"),
                                               .identity = STR(IDENTITY),
                                               .document = STR(DOCUMENT) },
                               NULL, NULL));
  keep_free(other);
}

static void test_an_entry_that_is_taken_over_is_in_the_store_until_the_run_is(void **state) {
  bool unbegun = false;
  load("function on_message(msg) return wechat.entry() end");
  leave_entry();
  world_message.identity = STR(IDENTITY);
  world_message.may_be_owed = true;
  world_message.unbegun = &unbegun;
  assert_answer_through(interpreter_answer, "x", TASK_RETURNED, "begun");
  assert_false(unbegun);
  assert_string_equal(entry(), "none");
}

static void test_an_entry_that_is_taken_over_stays_if_nothing_can_be_run(void **state) {
  static atomic_bool taken;
  bool unbegun = false;
  int64_t lapses = -5;
  Heard heard;
  load("function on_message(msg) return wechat.entry() end");
  leave_entry();
  world_message.identity = STR(IDENTITY);
  world_message.may_be_owed = true;
  world_message.unbegun = &unbegun;
  atomic_store(&world.shared.keep->lapses, 3);
  world_message.lapses = &lapses;
  world_message.taken = &taken;
  atomic_store(&taken, true);  // it is answered as part of another run
  answer_init(&heard);
  assert_int_equal(send_through(interpreter_answer, world.in, &heard, "x", 5000000), TASK_RETURNED);
  assert_true(unbegun);
  assert_int_equal(lapses, 3);
  assert_string_equal(entry(), "unbegun");
  answer_clear(&heard);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open_shared, world_close)

#define TEST_ENTRY(test) cmocka_unit_test_setup_teardown(test, open_with_entry, close_with_entry)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_conversation_goes_on_with_what_the_script_was_given_before),
    TEST(test_without_a_conversation_the_message_begins_a_run),
    TEST(test_a_message_that_a_run_taken_over_answers_begins_none),
    TEST(test_the_event_of_a_user_who_leaves_answers_no_question),
    TEST(test_a_record_of_another_version_loses_the_run_and_begins_with_its_message),
    TEST(test_a_run_that_two_processes_ended_with_is_not_begun_again),
    TEST(test_a_run_that_this_process_has_is_left_alone),
    TEST_ENTRY(test_an_entry_that_is_taken_over_is_in_the_store_until_the_run_is),
    TEST_ENTRY(test_an_entry_that_is_taken_over_stays_if_nothing_can_be_run),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
