// Runs of the script in the store: written, claimed by one process, due, forgotten.
#include "script_world.h"

static Keep *keep;
static Buf value;
static KeptRun found;

static int set_up(void **state) {
  if (world_open_shared(state) != 0) return -1;
  keep = world.shared.keep;
  buf_init(&value);
  return 0;
}

static int tear_down(void **state) {
  buf_clear(&value);
  return world_close(state);
}

static const KeptRun question = { .state = KEPT_ASKS,
                                  .openid = STR("a"),
                                  .message = STR("<m/>"),
                                  .answering = STR("<m/>"),
                                  .question = STR("?"),
                                  .asks = 3 };

static void save(KeptRun run) { assert_true(keep_save(keep, &run, NULL, &value, NULL, NULL)); }

// Continues as another process on the same store, with an empty index.
static void become_another(void) {
  keep_free(keep);
  keep = world.shared.keep = world_new_keep();
}

static KeepFound claim(const char *openid, bool is_event) {
  return keep_claim(keep, str_of(openid), is_event, STR("<next/>"), &value, &found);
}

static void test_a_question_is_claimed_once_by_another_process(void **state) {
  save(question);
  become_another();
  assert_int_equal(claim("a", false), KEEP_ASKING);
  assert_int_equal(found.state, KEPT_ASKS);  // as it was found
  assert_true(str_eq(found.question, STR("?")));
  assert_true(str_eq(found.answering, STR("<next/>")));
  assert_int_equal(claim("a", false), KEEP_BUSY);
}

static void test_a_user_without_a_conversation_has_nothing(void **state) {
  save(question);
  become_another();
  assert_int_equal(claim("b", false), KEEP_NOTHING);
}

static void test_a_question_without_events_is_left_alone_for_an_event(void **state) {
  KeptRun run = question;
  save(question);
  run.openid = STR("b");
  run.events = true;
  save(run);
  become_another();
  assert_int_equal(claim("a", true), KEEP_NOTHING);
  assert_int_equal(claim("b", true), KEEP_ASKING);
}

static void test_a_question_that_is_held_in_memory_is_busy_until_it_is_let_go(void **state) {
  save(question);
  assert_int_equal(claim("a", false), KEEP_BUSY);
  keep_let_go(keep, STR("a"), 0);
  assert_int_equal(claim("a", false), KEEP_ASKING);
}

static void test_a_run_whose_process_ended_is_claimed_and_its_ends_counted(void **state) {
  KeptRun run = question;
  run.state = KEPT_RUNS;
  run.process = keep_process(keep);
  save(run);
  assert_int_equal(claim("a", false), KEEP_BUSY);  // it is this process's own
  become_another();
  assert_int_equal(claim("a", false), KEEP_ENDED);
  assert_int_equal(found.ends, 1);
}

static void test_a_claimed_question_no_longer_owes_the_message_before_it(void **state) {
  KeptRun run = question;
  run.owed = true;
  save(run);
  become_another();
  assert_int_equal(claim("a", false), KEEP_ASKING);
  assert_false(found.owed);
  assert_int_equal(keep_owed(keep), 0);
}

static void test_a_claim_that_failed_puts_back_what_was_found(void **state) {
  save(question);
  become_another();
  assert_int_equal(claim("a", false), KEEP_ASKING);
  keep_put_back(keep, &found, KEPT_ASKS);
  assert_int_equal(claim("a", false), KEEP_ASKING);
}

static KeepFound claim_held(int64_t asks, const char *answered) {
  return keep_claim_held(keep, STR("a"), asks, str_hash(str_of(answered), 0), STR("<next/>"),
                         &value);
}

static void test_the_answer_to_an_earlier_question_claims_nothing(void **state) {
  save(question);
  assert_int_equal(claim_held(2, "<m/>"), KEEP_NOTHING);
  save(question);
  assert_int_equal(claim_held(3, "<m/>"), KEEP_ASKING);
}

static void test_a_conversation_held_here_claims_no_later_one_of_another_process(void **state) {
  KeptRun later = question;
  later.message = later.answering = STR("<later/>");
  save(later);
  assert_int_equal(claim_held(3, "<m/>"), KEEP_NOTHING);
}

static void on_reply(void *ctx, StoreReply *reply) {
  *(atomic_int *)ctx = 1 + reply->ok;
  store_reply_free(reply);
}

static void test_a_first_write_that_finds_another_run_there_is_refused(void **state) {
  const Buf none = { 0 };
  KeptRun second = question;
  atomic_int told = 0;
  save(question);
  second.message = STR("<second/>");
  assert_true(keep_save(keep, &second, &none, &value, on_reply, &told));
  while (!told) usleep(1000);
  assert_int_equal(told, 1);
  StoreReply *reply = store_call_wait(
      world.store, &(StoreCall){ .op = STORE_GET, .key = STR("asked/gh_1/a") }, NULL);
  assert_true(reply->ok);
  assert_true(keep_is_mine(keep, reply, &question));
  assert_false(keep_is_mine(keep, reply, &second));
  store_reply_free(reply);
}

static bool take_key(void *ctx, Str key) {
  buf_add(ctx, key);
  return true;
}

static bool is_due(const char *key) {
  Buf due;
  buf_init(&due);
  bool yes = keep_due(keep, take_key, &due) && str_eq(buf_str(&due), str_of(key));
  buf_clear(&due);
  return yes;
}

static void test_of_a_run_under_two_keys_the_users_counts(void **state) {
  KeptRun owed = question;
  owed.identity = STR("id");
  owed.owed = true;
  owed.state = KEPT_RUNS;
  owed.process = keep_process(keep);
  save(owed);
  save(question);
  become_another();
  keep_look(keep);
  assert_int_equal(keep_owed(keep), 1);
  assert_int_equal(keep_claim_owed(keep, STR("a"), STR("id"), &value, &found), KEEP_NOTHING);
  assert_int_equal(keep_owed(keep), 0);
  assert_int_equal(claim("a", false), KEEP_ASKING);
}

static void test_an_owed_run_of_another_message_is_no_copy_of_the_users(void **state) {
  KeptRun owed = question;
  owed.identity = STR("id");
  owed.owed = true;
  owed.message = STR("<other/>");
  owed.state = KEPT_RUNS;
  owed.process = keep_process(keep);
  save(owed);
  save(question);
  become_another();
  assert_int_equal(keep_claim_owed(keep, STR("a"), STR("id"), &value, &found), KEEP_ENDED);
}

static void test_while_a_run_works_an_event_waits_only_if_it_takes_events(void **state) {
  KeptRun run = question;
  run.state = KEPT_RUNS;
  run.process = keep_process(keep);
  save(run);
  assert_int_equal(claim("a", false), KEEP_BUSY);
  assert_int_equal(claim("a", true), KEEP_NOTHING);
  run.events = true;
  save(run);
  assert_int_equal(claim("a", true), KEEP_BUSY);
}

static void test_a_question_that_timed_out_is_due(void **state) {
  KeptRun run = question;
  run.until_ms = clock_unix_ms() - 1;
  save(run);
  assert_false(is_due("asked/gh_1/a"));  // held
  become_another();
  keep_look(keep);
  assert_true(is_due("asked/gh_1/a"));
}

static void test_after_a_look_every_key_of_the_store_is_known(void **state) {
  KeptRun owed = question;
  save(question);
  owed.openid = STR("b");
  owed.identity = STR("id");
  owed.owed = true;
  save(owed);
  become_another();
  assert_int_equal(keep_conversations(keep), 0);
  keep_look(keep);
  assert_int_equal(keep_conversations(keep), 1);
  assert_int_equal(keep_owed(keep), 1);
  assert_true(keep_has(keep, STR("a")));
  assert_false(keep_has(keep, STR("b")));
}

static void test_a_forgotten_user_has_nothing_in_the_store(void **state) {
  KeptRun owed = question;
  save(question);
  owed.identity = STR("id");
  owed.owed = true;
  save(owed);
  assert_true(keep_forget(keep, STR("a"), &(KeepSpared){ .owed = STR("") }));
  assert_false(keep_forget(keep, STR("a"), &(KeepSpared){ .owed = STR("") }));
  assert_int_equal(keep_conversations(keep), 0);
  assert_int_equal(keep_owed(keep), 0);
  become_another();
  assert_int_equal(claim("a", false), KEEP_NOTHING);
}

static void test_a_forgotten_user_keeps_the_runs_that_are_spared(void **state) {
  KeptRun owed = question;
  KeepSpared spared = { .owed = STR("owed/gh_1/a/own"), .conversation = STR("asked/gh_1/a") };
  save(question);
  owed.owed = true;
  owed.identity = STR("own");
  save(owed);
  assert_false(keep_forget(keep, STR("a"), &spared));
  owed.identity = STR("other");
  save(owed);
  assert_true(keep_forget(keep, STR("a"), &spared));
  assert_int_equal(keep_conversations(keep), 1);
  assert_int_equal(keep_owed(keep), 1);
  assert_true(keep_forget(keep, STR("a"), &(KeepSpared){ .owed = spared.owed }));
  assert_int_equal(keep_conversations(keep), 0);
}

static void test_a_value_of_another_format_is_dropped(void **state) {
  StoreCall call = { .op = STORE_SET, .key = STR("asked/gh_1/a"), .value = STR("wemoon run 9") };
  store_reply_free(store_call_wait(world.store, &call, NULL));
  assert_int_equal(claim("a", false), KEEP_ASKING);
  assert_int_equal(found.record.len, 0);
  assert_int_equal(claim("a", false), KEEP_NOTHING);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_question_is_claimed_once_by_another_process),
    TEST(test_a_user_without_a_conversation_has_nothing),
    TEST(test_a_question_without_events_is_left_alone_for_an_event),
    TEST(test_a_question_that_is_held_in_memory_is_busy_until_it_is_let_go),
    TEST(test_a_run_whose_process_ended_is_claimed_and_its_ends_counted),
    TEST(test_a_claimed_question_no_longer_owes_the_message_before_it),
    TEST(test_a_claim_that_failed_puts_back_what_was_found),
    TEST(test_the_answer_to_an_earlier_question_claims_nothing),
    TEST(test_a_conversation_held_here_claims_no_later_one_of_another_process),
    TEST(test_a_first_write_that_finds_another_run_there_is_refused),
    TEST(test_of_a_run_under_two_keys_the_users_counts),
    TEST(test_an_owed_run_of_another_message_is_no_copy_of_the_users),
    TEST(test_while_a_run_works_an_event_waits_only_if_it_takes_events),
    TEST(test_a_question_that_timed_out_is_due),
    TEST(test_after_a_look_every_key_of_the_store_is_known),
    TEST(test_a_forgotten_user_has_nothing_in_the_store),
    TEST(test_a_forgotten_user_keeps_the_runs_that_are_spared),
    TEST(test_a_value_of_another_format_is_dropped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
