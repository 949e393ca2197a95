// What is owed to a user comes due together, in the order in which the platform sent the user's messages.
#include "base/clock.h"
#include "script/keep_inner.h"
#include "script_world.h"

static Keep *keep;
static Buf due;

static int set_up(void **state) {
  if (world_open_shared(state) != 0) return -1;
  keep = world.shared.keep;
  buf_init(&due);
  return 0;
}

static int tear_down(void **state) {
  buf_clear(&due);
  return world_close(state);
}

static void become_another(void) {
  keep_free(keep);
  keep = world.shared.keep = world_new_keep();
  keep_look(keep);
}

// Writes a message of user "a" that waits. `id` 0: a menu event.
static void owe(const char *name, int created_s, int64_t id, int64_t arrived_us) {
  char document[512], msgid[64] = "";
  if (id) snprintf(msgid, sizeof msgid, "<MsgId>%lld</MsgId>", (long long)id);
  snprintf(document, sizeof document,
           "<xml><ToUserName>gh_1</ToUserName><FromUserName>a</FromUserName>"
           "<CreateTime>%d</CreateTime><MsgType>%s</MsgType><Event>CLICK</Event>%s</xml>",
           created_s, id ? "text" : "event", msgid);
  assert_true(keep_owe_message(keep,
                               &(KeepMessage){ .openid = STR("a"),
                                               .identity = str_of(name),
                                               .document = str_of(document),
                                               .arrived_us = arrived_us },
                               NULL, NULL));
}

static const char *stays;  // the identity of a run that is not gone on with; NULL: none

static bool add_identity(void *ctx, Str key) {
  Str user, identity;
  str_cut(str_sub(key, strlen("owed/gh_1/"), key.len), '/', &user, &identity);
  buf_printf(&due, "%s%.*s", due.len ? " " : "", STR_FMT(identity));
  return !stays || !str_eq(identity, str_of(stays));
}

// Returns the identities of what has come due now, in that order.
static const char *next_due(void) {
  buf_reset(&due);
  bool any = keep_due(keep, add_identity, NULL);
  assert_true(any == (due.len > 0));
  return any ? due.ptr : "";
}

static void test_create_time_counts_first_then_msgid_then_arrival(void **state) {
  owe("f", 200, 9, 1);
  owe("e", 100, 30, 1);
  owe("d", 100, 4, 2);
  owe("c", 100, 0, 9);
  owe("b", 100, 0, 8);
  owe("a", 99, 77, 50);
  become_another();
  assert_string_equal(next_due(), "a b c d e f");
  assert_string_equal(next_due(), "");
}

static void test_many_of_one_user_come_together_and_other_users_apart(void **state) {
  enum { COUNT = 500 };
  char name[16], expected[4096] = "";
  for (int i = 0; i < COUNT; i++) {
    snprintf(name, sizeof name, "%d", i);
    owe(name, 100, 1000 + i, 1);
    snprintf(expected + strlen(expected), sizeof expected - strlen(expected), "%s%d", i ? " " : "",
             i);
  }
  assert_true(keep_owe_message(
      keep,
      &(KeepMessage){
          .openid = STR("b"), .identity = STR("other"), .document = STR("<m/>"), .arrived_us = 1 },
      NULL, NULL));
  become_another();
  const char *first = next_due();
  bool is_other = strcmp(first, "other") == 0;
  if (!is_other) assert_string_equal(first, expected);
  assert_string_equal(next_due(), is_other ? expected : "other");
  assert_string_equal(next_due(), "");
}

static void test_after_one_that_stays_its_users_later_ones_wait(void **state) {
  owe("c", 102, 3, 1);
  owe("b", 101, 2, 1);
  owe("a", 100, 1, 1);
  become_another();
  stays = "b";
  const char *come = next_due();
  stays = NULL;
  assert_string_equal(come, "a b");
}

static void test_it_rests_once_all_that_is_due_was_looked_at(void **state) {
  owe("a", 100, 1, 1);
  become_another();
  assert_false(keep_due_rests(keep));
  assert_string_equal(next_due(), "a");
  for (int i = 0; i < 3 && !keep_due_rests(keep); i++) assert_string_equal(next_due(), "");
  assert_true(keep_due_rests(keep));
}

static void test_what_a_living_process_runs_does_not_come(void **state) {
  owe("b", 100, 2, 1);
  become_another();
  owe("a", 100, 1, 1);
  assert_string_equal(next_due(), "b");
}

static KeptRun begun_run(const char *name) {
  return (KeptRun){ .state = KEPT_RUNS,
                    .owed = true,
                    .process = keep_process(keep),
                    .openid = STR("a"),
                    .identity = str_of(name),
                    .message = STR("<xml><CreateTime>100</CreateTime><MsgType>text</MsgType>"
                                   "<MsgId>1</MsgId></xml>"),
                    .answering = STR("<m/>") };
}

static void save(KeptRun run) {
  Buf value;
  buf_init(&value);
  assert_true(keep_save(keep, &run, NULL, &value, NULL, NULL));
  buf_clear(&value);
}

static void test_after_a_start_one_that_has_begun_waits_for_the_next_try(void **state) {
  save(begun_run("begun"));
  become_another();
  assert_string_equal(next_due(), "");
  clock_advance(1100 * 1000);
  assert_string_equal(next_due(), "begun");
}

static void test_it_does_not_wait_if_a_later_message_would_begin_before_it(void **state) {
  KeptRun run = begun_run("begun");
  run.answering = run.message;
  save(run);
  owe("later", 100, 2, 1);
  become_another();
  assert_string_equal(next_due(), "begun later");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_create_time_counts_first_then_msgid_then_arrival),
    TEST(test_many_of_one_user_come_together_and_other_users_apart),
    TEST(test_after_one_that_stays_its_users_later_ones_wait),
    TEST(test_it_rests_once_all_that_is_due_was_looked_at),
    TEST(test_what_a_living_process_runs_does_not_come),
    TEST(test_after_a_start_one_that_has_begun_waits_for_the_next_try),
    TEST(test_it_does_not_wait_if_a_later_message_would_begin_before_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
