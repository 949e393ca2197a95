// Runs in a store that is away for seconds: what it did not accept is written when it is back, and nothing counts as
// absent only because the store could not be asked.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "redis_store.h"
#include "script/keep_inner.h"

#include <stdatomic.h>
#include <stdlib.h>

static Store *store;
static Keep *keep;
static Buf value;
static KeptRun found;

static Keep *another(void) {
  return keep_new(&(KeepOptions){ .store = store, .account = STR("gh_1"), .conversations = true });
}

static int set_up(void **state) {
  store = redis_store_open();
  keep = store ? another() : NULL;
  buf_init(&value);
  return keep ? 0 : -1;
}

static int tear_down(void **state) {
  buf_clear(&value);
  keep_free(keep);
  store_close(store);
  redis_server_stop();
  return 0;
}

static const KeptRun question = {
  .state = KEPT_ASKS, .openid = STR("a"), .message = STR("<m/>"), .question = STR("?"), .asks = 3
};

static KeptRun running(void) {
  KeptRun run = question;
  run.state = KEPT_RUNS;
  run.owed = true;
  run.identity = STR("id");
  run.process = keep_process(keep);
  return run;
}

typedef struct {
  atomic_int calls;
  bool failed, ok, mine;
  KeptRun run;
} Told;

static void on_done(void *ctx, StoreReply *reply) {
  Told *told = ctx;
  told->failed = reply->err.code != ERR_NONE;
  told->ok = reply->ok;
  told->mine = keep_is_mine(keep, reply, &told->run);
  store_reply_free(reply);
  atomic_store(&told->calls, 1);
}

static Told save(const KeptRun *run, bool swaps) {
  Told told = { .run = *run };
  Buf before = value;
  buf_init(&value);
  assert_true(keep_save(keep, run, swaps ? &before : NULL, &value, on_done, &told));
  while (!atomic_load(&told.calls)) usleep(1000);
  buf_clear(&before);
  return told;
}

static Told fetch(const KeptRun *run) {
  Told told = { .run = *run };
  assert_true(keep_fetch(keep, run, on_done, &told));
  while (!atomic_load(&told.calls)) usleep(1000);
  return told;
}

static void await_store(void) {
  StoreCall call = { .op = STORE_SET, .key = STR("x"), .value = STR("y") };
  for (int i = 0; i < 100; i++) {
    StoreReply *reply = store_call_wait(store, &call, NULL);
    bool back = reply->err.code == ERR_NONE;
    store_reply_free(reply);
    if (back) return;
    usleep(50000);
  }
  fail_msg("the store did not come back");
}

static bool has_run(void) {
  StoreReply *reply =
      store_call_wait(store, &(StoreCall){ .op = STORE_GET, .key = STR("owed/gh_1/a/id") }, NULL);
  bool has = reply->ok && kept_read(reply->value, &found);
  store_reply_free(reply);
  return has;
}

static void test_a_run_whose_first_write_found_the_store_away_stays_this_process_s(void **state) {
  KeptRun run = running();
  redis_server_stop();
  assert_true(save(&run, false).failed);
  assert_true(redis_store_restart());
  await_store();
  Told told = save(&run, true);
  assert_false(told.failed);
  assert_false(told.ok);  // the store never had the value before
  assert_true(fetch(&run).mine);
  assert_false(has_run());
  keep_look(keep);
  assert_true(has_run());
}

static bool has_question(void) {
  StoreReply *reply =
      store_call_wait(store, &(StoreCall){ .op = STORE_GET, .key = STR("asked/gh_1/a") }, NULL);
  bool has = reply->ok;
  store_reply_free(reply);
  return has;
}

static void
test_the_end_of_a_conversation_is_written_though_a_second_one_found_its_key_taken(void **state) {
  KeptRun second = question;
  Buf before;
  Told told = { .run = second };
  buf_init(&before);
  second.message = STR("<second/>");
  redis_server_stop();
  keep_drop(keep, STR("a"), STR(""));
  for (int i = 0; i < 1000 && pending_writes_count(keep->unsaved) == 0; i++) usleep(5000);
  assert_true(redis_store_restart());
  await_store();
  kept_write(&question, &before);
  StoreCall call = { .op = STORE_SET, .key = STR("asked/gh_1/a"), .value = buf_str(&before) };
  store_reply_free(store_call_wait(store, &call, NULL));
  buf_reset(&before);
  assert_true(keep_save(keep, &second, &before, &value, on_done, &told));
  while (!atomic_load(&told.calls)) usleep(1000);
  assert_false(told.ok);
  keep_yield(keep, STR("a"));
  assert_true(has_question());
  keep_look(keep);
  assert_false(has_question());
  buf_clear(&before);
}

static void test_a_run_that_another_process_has_taken_is_not_written_again(void **state) {
  KeptRun run = running(), theirs = running();
  redis_server_stop();
  save(&run, false);
  assert_true(redis_store_restart());
  await_store();
  Keep *mine = keep;
  Buf my_value = value;
  buf_init(&value);
  keep = another();
  theirs.process = STR("another");
  save(&theirs, false);
  keep_free(keep);
  keep = mine;
  buf_clear(&value);
  value = my_value;
  save(&run, true);
  assert_false(fetch(&run).mine);
  keep_look(keep);
  assert_true(fetch(&theirs).ok);
  assert_false(fetch(&run).mine);
}

static void test_a_message_that_the_store_did_not_take_is_unsaved_until_it_is_back(void **state) {
  redis_server_stop();
  assert_true(keep_owe_message(
      keep, &(KeepMessage){ .openid = STR("a"), .identity = STR("id"), .document = STR("<m/>") },
      NULL, NULL));
  for (int i = 0; i < 1000 && !keep_is_unsaved(keep, STR("a"), STR("id")); i++) usleep(5000);
  assert_true(keep_is_unsaved(keep, STR("a"), STR("id")));
  assert_true(redis_store_restart());
  await_store();
  keep_look(keep);
  assert_false(keep_is_unsaved(keep, STR("a"), STR("id")));
}

static void test_a_store_that_was_away_just_now_is_not_asked_for_a_message(void **state) {
  bool asks = true;
  redis_server_stop();
  assert_true(keep_asks_for_message(keep, -1));
  for (int i = 0; i < 20 && asks; i++) {  // this thread may stand still
    assert_true(keep_owes_message(keep, STR("a"), STR("id"), -1));
    asks = keep_asks_for_message(keep, -1);
  }
  assert_false(asks);
}

static void test_a_message_that_was_to_be_added_is_unknown_until_the_store_has_it(void **state) {
  redis_server_stop();
  assert_true(keep_owe_message(
      keep,
      &(KeepMessage){
          .openid = STR("a"), .identity = STR("id"), .document = STR("<m/>"), .adds = true },
      NULL, NULL));
  for (int i = 0; i < 1000 && !keep_is_unsaved(keep, STR("a"), STR("id")); i++) usleep(5000);
  assert_int_equal(keep_message_owner(keep, STR("a"), STR("id")), KEEP_OWNER_UNKNOWN);
  assert_true(redis_store_restart());
  await_store();
  usleep(300000);
  assert_int_equal(keep_message_owner(keep, STR("a"), STR("id")), KEEP_OWNER_UNKNOWN);
  keep_look(keep);
  assert_int_equal(keep_message_owner(keep, STR("a"), STR("id")), KEEP_OWNER_SELF);
}

// Ends a message while the store is away. Then the store has an entry of it, which is that process's.
static void end_while_away(Str process) {
  KeptRun run = running();
  Buf bytes;
  run.process = process;
  run.unbegun = true;
  buf_init(&bytes);
  kept_write(&run, &bytes);
  redis_server_stop();
  keep_end_message(keep, STR("a"), STR("id"));
  assert_true(redis_store_restart());
  await_store();
  StoreCall call = { .op = STORE_SET, .key = STR("owed/gh_1/a/id"), .value = buf_str(&bytes) };
  store_reply_free(store_call_wait(store, &call, NULL));
  buf_clear(&bytes);
  keep_write_pending(keep);
}

static void test_a_message_that_ended_while_the_store_was_away_is_deleted_later(void **state) {
  end_while_away(keep_process(keep));
  assert_false(has_run());
  assert_int_equal(keep_owed(keep), 0);
}

static void test_one_that_another_process_has_by_then_stays_and_is_known_here(void **state) {
  end_while_away(STR("another"));
  assert_true(has_run());
  assert_int_equal(keep_owed(keep), 1);
}

static KeepFound claim(const char *openid) {
  return keep_claim(keep, str_of(openid), false, STR("<next/>"), &value, &found);
}

static void
test_while_the_store_is_away_no_user_counts_as_one_without_a_conversation(void **state) {
  save(&question, false);
  keep_let_go(keep, STR("a"), 0);
  redis_server_stop();
  assert_int_equal(claim("a"), KEEP_BUSY);
  assert_int_equal(claim("b"), KEEP_UNKNOWN);
  assert_true(redis_store_restart());
  await_store();
  usleep(300000);
  assert_int_equal(claim("b"), KEEP_NOTHING);
}

static void look_for_loss(void *ctx, LogLevel level, Str message) {
  Str loss = STR("1 change of what is owed to users could not be written");
  if (str_starts(message, loss)) *(bool *)ctx = true;
}

static void
test_what_is_being_written_at_the_end_counts_as_lost_if_the_store_is_away(void **state) {
  KeptRun run = running();
  bool told = false;
  kill(redis_server_pid, SIGSTOP);
  log_setup(LOG_WARN, LOG_TEXT);
  log_divert(look_for_loss, &told);
  assert_true(keep_save(keep, &run, NULL, &value, NULL, NULL));
  keep_free(keep);
  keep = NULL;
  log_divert(NULL, NULL);
  log_setup(LOG_ERROR, LOG_TEXT);
  assert_true(told);
}

static void test_a_store_that_was_not_listed_yet_may_have_any_user_s_conversation(void **state) {
  await_store();
  redis_server_stop();
  assert_int_equal(claim("b"), KEEP_UNKNOWN);
}

static void
test_a_store_that_has_just_answered_another_thread_is_asked_again_by_the_next_try(void **state) {
  await_store();
  atomic_store(&keep->away_us, clock_now_us());
  assert_int_equal(claim("b"), KEEP_UNKNOWN);
}

static void test_where_there_is_no_run_nobody_waits_for_a_store_that_is_away(void **state) {
  keep_look(keep);
  redis_server_stop();
  assert_int_equal(claim("b"), KEEP_NOTHING);
}

// A value that Redis does not read is like a store that is away for this one call.
static void test_a_run_that_may_have_moved_to_its_user_s_key_is_not_begun(void **state) {
  char command[100];
  KeptRun run = running();
  run.process = STR("another");
  save(&run, false);
  snprintf(command, sizeof command, "redis-cli -p %d LPUSH wemoon:o:asked/gh_1/a x >/dev/null",
           redis_store_port);
  assert_int_equal(system(command), 0);
  assert_int_equal(keep_claim_due(keep, STR("owed/gh_1/a/id"), &value, &found), KEEP_BUSY);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_run_whose_first_write_found_the_store_away_stays_this_process_s),
    TEST(test_the_end_of_a_conversation_is_written_though_a_second_one_found_its_key_taken),
    TEST(test_a_run_that_another_process_has_taken_is_not_written_again),
    TEST(test_a_message_that_the_store_did_not_take_is_unsaved_until_it_is_back),
    TEST(test_a_store_that_was_away_just_now_is_not_asked_for_a_message),
    TEST(test_a_message_that_was_to_be_added_is_unknown_until_the_store_has_it),
    TEST(test_a_message_that_ended_while_the_store_was_away_is_deleted_later),
    TEST(test_one_that_another_process_has_by_then_stays_and_is_known_here),
    TEST(test_while_the_store_is_away_no_user_counts_as_one_without_a_conversation),
    TEST(test_what_is_being_written_at_the_end_counts_as_lost_if_the_store_is_away),
    TEST(test_a_store_that_was_not_listed_yet_may_have_any_user_s_conversation),
    TEST(test_a_store_that_has_just_answered_another_thread_is_asked_again_by_the_next_try),
    TEST(test_where_there_is_no_run_nobody_waits_for_a_store_that_is_away),
    TEST(test_a_run_that_may_have_moved_to_its_user_s_key_is_not_begun),
  };
  log_setup(LOG_ERROR, LOG_TEXT);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
