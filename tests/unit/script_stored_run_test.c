// The stored state of a message's run, while the run is in memory.
#include "another.h"
#include "script_world.h"

#include "engine/record.h"
#include "script/stored_run.h"

static Keep *keep;
static StoredRun *stored;

static int set_up(void **state) {
  if (world_open_shared(state) != 0) return -1;
  keep = world.shared.keep;
  char document[] = "<m/>";
  stored = stored_run_new(keep, STR("a"), str_of(document));
  memset(document, 'x', sizeof document);  // the stored run owns its texts
  return stored ? 0 : -1;
}

// Begins anew on SQLite, whose file is `path`.
static void use_sqlite(char path[128]) {
  char url[160];
  stored_run_free(stored);
  keep_free(keep);
  store_close(world.store);
  snprintf(path, 128, "%s/kept.db", world.folder);
  snprintf(url, sizeof url, "sqlite:%s", path);
  world.options.store = world.store = store_open(str_of(url), NULL);
  keep = world.shared.keep = world_new_keep();
  stored = stored_run_new(keep, STR("a"), STR("<m/>"));
}

// On a store that another process has open too.
static int set_up_shared(void **state) {
  char path[128];
  if (set_up(state) != 0) return -1;
  use_sqlite(path);
  return stored && another_opens(path) ? 0 : -1;
}

static int tear_down(void **state) {
  stored_run_free(stored);
  return world_close(state);
}

static int tear_down_shared(void **state) {
  int result = tear_down(state);
  another_ends();
  return result;
}

// Reads the user's conversation from the store.
static bool fetch(KeptRun *run, Buf *value) {
  StoreCall call = { .op = STORE_GET, .key = STR("asked/gh_1/a") };
  StoreReply *reply = store_call_wait(world.store, &call, NULL);
  buf_init(value);
  bool found = reply && reply->ok;
  if (found) buf_add(value, reply->value);
  store_reply_free(reply);
  return found && kept_read(buf_str(value), run);
}

static void test_a_new_one_has_its_message_and_is_not_stored(void **state) {
  assert_true(str_eq(stored->run.openid, STR("a")));
  assert_true(str_eq(stored->run.message, STR("<m/>")));
  assert_true(str_eq(stored->run.answering, STR("<m/>")));
  assert_false(stored->in_store);
}

static void test_a_saved_one_is_in_the_store_as_this_processs(void **state) {
  KeptRun run;
  Buf value;
  assert_true(stored_run_save(stored, NULL, KEPT_RUNS, NULL, NULL));
  assert_true(stored->in_store);
  assert_true(fetch(&run, &value));
  assert_int_equal(run.state, KEPT_RUNS);
  assert_true(str_eq(run.process, keep_process(keep)));
  assert_true(llabs(run.begun_s - clock_unix_s()) < 60);
  buf_clear(&value);
}

static void test_one_that_asks_belongs_to_no_process(void **state) {
  KeptRun run;
  Buf value;
  assert_true(stored_run_save(stored, NULL, KEPT_ASKS, NULL, NULL));
  assert_true(fetch(&run, &value));
  assert_int_equal(run.state, KEPT_ASKS);
  assert_int_equal(run.process.len, 0);
  buf_clear(&value);
}

static void test_one_that_goes_on_is_saved_soon(void **state) {
  KeptRun run;
  Buf value;
  stored_run_save_soon(stored, NULL);
  assert_true(stored->in_store);
  assert_true(fetch(&run, &value));
  assert_int_equal(run.state, KEPT_RUNS);
  buf_clear(&value);
}

static void test_alone_on_sqlite_one_is_saved_at_once(void **state) {
  KeptRun run;
  Buf value;
  char path[128];
  assert_false(
      stored_run_save_now(stored, NULL, KEPT_ASKS));  // a store in memory has a queue alone
  use_sqlite(path);
  assert_true(stored_run_save_now(stored, NULL, KEPT_ASKS));
  assert_true(stored->in_store && keep_has(keep, STR("a")));
  assert_true(fetch(&run, &value));
  assert_int_equal(run.state, KEPT_ASKS);
  buf_clear(&value);
  stored_run_save_soon(stored, NULL);
  assert_true(store_is_quiet(world.store));
  assert_true(fetch(&run, &value));
  assert_int_equal(run.state, KEPT_RUNS);
  buf_clear(&value);
}

static void test_a_process_that_leaves_it_is_taken_off(void **state) {
  KeptRun run;
  Buf value;
  Record *record = record_new();
  assert_true(stored_run_save(stored, record, KEPT_RUNS, NULL, NULL));
  stored_run_leave(stored, record);
  assert_true(fetch(&run, &value));
  assert_int_equal(run.process.len, 0);
  assert_true(run.record.len > 0);
  buf_clear(&value);
  record_free(record);
}

static void test_a_dropped_one_has_left_the_store(void **state) {
  KeptRun run;
  Buf value;
  assert_true(stored_run_save(stored, NULL, KEPT_RUNS, NULL, NULL));
  stored_run_drop(stored);
  assert_false(stored->in_store);
  assert_false(fetch(&run, &value));
  buf_clear(&value);
}

static void test_one_that_was_claimed_has_texts_of_its_own(void **state) {
  char question[] = "Which?";
  KeptRun run = { .openid = STR("b"), .question = str_of(question), .asks = 2 };
  StoredRun *claimed = stored_run_of(keep, &run, STR("value"));
  memset(question, 'x', sizeof question - 1);
  assert_true(str_eq(claimed->run.question, STR("Which?")));
  assert_int_equal(claimed->run.asks, 2);
  assert_true(claimed->in_store);
  stored_run_free(claimed);
}

static bool has(const char *key) {
  StoreCall call = { .op = STORE_GET, .key = str_of(key) };
  StoreReply *reply = store_call_wait(world.store, &call, NULL);
  bool there = reply && reply->ok;
  store_reply_free(reply);
  return there;
}

static void test_one_that_moves_is_under_its_new_key_before_it_leaves_the_former(void **state) {
  stored_run_set(&stored->run.identity, STR("id"));
  assert_true(stored_run_save(stored, NULL, KEPT_RUNS, NULL, NULL));
  stored_run_move(stored, STR(""));
  assert_true(has("owed/gh_1/a/id"));
  assert_true(stored_run_save(stored, NULL, KEPT_ASKS, NULL, NULL));
  assert_true(has("owed/gh_1/a/id"));
  assert_true(has("asked/gh_1/a"));
  stored_run_moved(stored);
  assert_false(has("owed/gh_1/a/id"));
  assert_true(has("asked/gh_1/a"));
  stored_run_move(stored, STR("id"));
  stored_run_drop(stored);
  assert_false(has("asked/gh_1/a"));
}

// Puts a question of the same user that answered `message` into the store.
static void put_question(const char *message, int64_t asks) {
  KeptRun run = {
    .state = KEPT_ASKS, .openid = STR("a"), .message = str_of(message), .asks = asks
  };
  Buf value;
  buf_init(&value);
  kept_write(&run, &value);
  StoreCall call = { .op = STORE_SET, .key = STR("asked/gh_1/a"), .value = buf_str(&value) };
  store_reply_free(store_call_wait(world.store, &call, NULL));
  buf_clear(&value);
}

static bool has_no_question(void) {
  KeptRun run;
  Buf value;
  bool found = fetch(&run, &value);
  buf_clear(&value);
  return !found;
}

// Makes the question one of which no write is known to have arrived.
static void ask_in_vain(void) {
  stored->run.asks = 1;
  assert_true(stored_run_save(stored, NULL, KEPT_ASKS, NULL, NULL));
  stored_run_not_saved(stored);
  stored_run_moved(stored);
}

static void test_one_that_was_not_stored_leaves_its_users_other_conversation_there(void **state) {
  KeptRun run;
  Buf value;
  put_question("<other/>", 1);
  ask_in_vain();
  stored_run_save_soon(stored, NULL);
  assert_true(fetch(&run, &value) && str_eq(run.message, STR("<other/>")));
  buf_clear(&value);
  stored_run_drop(stored);
  keep_look(keep);
  assert_true(fetch(&run, &value) && str_eq(run.message, STR("<other/>")));
  buf_clear(&value);
}

static void test_one_whose_write_arrived_unnoticed_has_left_the_store_at_its_end(void **state) {
  put_question("<m/>", 1);
  ask_in_vain();
  stored_run_drop(stored);
  assert_true(wait_for(has_no_question));
}

static void test_one_whose_write_arrived_unnoticed_stays_if_another_process_went_on(void **state) {
  KeptRun run;
  Buf value;
  put_question("<m/>", 2);
  ask_in_vain();
  stored_run_drop(stored);
  usleep(50000);
  assert_true(fetch(&run, &value) && run.asks == 2);
  buf_clear(&value);
}

static void test_a_lost_one_goes_on_with_the_document_that_was_being_answered(void **state) {
  stored_run_set(&stored->run.answering, STR("<next/>"));
  stored_run_set(&stored->run.question, STR("Which?"));
  stored_run_set(&stored->run.place, STR("bot.lua:7"));
  stored->run.since_s = 1700000000;
  stored->run.asks = 3;
  stored_run_lose(stored);
  assert_true(str_eq(stored->run.message, STR("<next/>")));
  assert_true(str_eq(stored->run.lost_question, STR("Which?")));
  assert_true(str_eq(stored->run.lost_place, STR("bot.lua:7")));
  assert_int_equal(stored->run.lost_since_s, 1700000000);
  assert_int_equal(stored->run.question.len, 0);
  assert_int_equal(stored->run.asks, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define TEST_SHARED(test) cmocka_unit_test_setup_teardown(test, set_up_shared, tear_down_shared)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_new_one_has_its_message_and_is_not_stored),
    TEST(test_a_saved_one_is_in_the_store_as_this_processs),
    TEST(test_one_that_asks_belongs_to_no_process),
    TEST(test_one_that_goes_on_is_saved_soon),
    TEST(test_alone_on_sqlite_one_is_saved_at_once),
    TEST(test_a_process_that_leaves_it_is_taken_off),
    TEST(test_a_dropped_one_has_left_the_store),
    TEST(test_one_that_was_claimed_has_texts_of_its_own),
    TEST(test_one_that_moves_is_under_its_new_key_before_it_leaves_the_former),
    TEST_SHARED(test_one_that_was_not_stored_leaves_its_users_other_conversation_there),
    TEST_SHARED(test_one_whose_write_arrived_unnoticed_has_left_the_store_at_its_end),
    TEST_SHARED(test_one_whose_write_arrived_unnoticed_stays_if_another_process_went_on),
    TEST(test_a_lost_one_goes_on_with_the_document_that_was_being_answered),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
