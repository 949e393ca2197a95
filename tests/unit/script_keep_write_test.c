// Writes of runs that a store does not accept at once: a SQLite file that another program has locked.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "script/keep.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[64];
static Store *store;
static Keep *keep;
static Buf value;
static KeptRun found;

static int set_up(void **state) {
  static int count;
  char url[96];
  snprintf(folder, sizeof folder, "/tmp/wemoon-keep-%d-%d", (int)getpid(), count++);
  snprintf(url, sizeof url, "mkdir %s", folder);
  if (system(url) != 0) return -1;
  snprintf(url, sizeof url, "sqlite:%s/a.db", folder);
  store = store_open(str_of(url), NULL);
  keep = keep_new(&(KeepOptions){ .store = store, .account = STR("gh_1"), .conversations = true });
  buf_init(&value);
  return keep ? 0 : -1;
}

static int tear_down(void **state) {
  char command[96];
  buf_clear(&value);
  keep_free(keep);
  store_close(store);
  snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command);
}

static const KeptRun question = {
  .state = KEPT_ASKS, .message = STR("<m/>"), .question = STR("?"), .asks = 3
};

static KeptRun running(const char *openid, const char *identity) {
  KeptRun run = question;
  run.state = KEPT_RUNS;
  run.openid = str_of(openid);
  run.identity = str_of(identity);
  run.process = keep_process(keep);
  return run;
}

static void begin_save(KeptRun run) {
  assert_true(keep_save(keep, &run, NULL, &value, NULL, NULL));
}

static void ask(const char *openid, int64_t since_s) {
  KeptRun run = question;
  run.openid = str_of(openid);
  run.since_s = since_s;
  begin_save(run);
  keep_let_go(keep, run.openid, 0);
}

// Returns whether the store has a run under the key; then `found` is that run.
static bool has(const char *key) {
  StoreReply *reply =
      store_call_wait(store, &(StoreCall){ .op = STORE_GET, .key = str_of(key) }, NULL);
  buf_reset(&value);
  if (reply->ok) buf_add(&value, reply->value);
  bool has = reply->ok && kept_read(buf_str(&value), &found);
  store_reply_free(reply);
  return has;
}

// Lets another program lock the file, for longer than a call waits.
static void lock_for(const char *seconds) {
  char command[200];
  snprintf(command, sizeof command,
           "(echo 'BEGIN EXCLUSIVE;'; sleep %s; echo 'COMMIT;') | sqlite3 %s/a.db &", seconds,
           folder);
  assert_int_equal(system(command), 0);
  usleep(300000);
}

// Waits for the calls so far: reads need no lock.
static void await_calls(void) { has("x"); }

static bool is_unlocked(void) {
  StoreCall call = { .op = STORE_SET, .key = STR("x"), .value = STR("y") };
  StoreReply *reply = store_call_wait(store, &call, NULL);
  bool ok = reply->err.code == ERR_NONE;
  store_reply_free(reply);
  return ok;
}

static void await_unlocked(void) {
  for (int i = 0; i < 300 && !is_unlocked(); i++) usleep(50000);
}

static void test_a_run_that_ended_after_its_write_failed_is_not_revived(void **state) {
  lock_for("4");
  begin_save(running("a", "id"));
  usleep(100000);
  keep_drop(keep, STR("a"), STR("id"));  // begins while the write above waits for the lock
  await_unlocked();
  assert_false(has("owed/gh_1/a/id"));
  keep_look(keep);
  assert_false(has("owed/gh_1/a/id"));
}

static KeepFound claim(const char *openid) {
  return keep_claim(keep, str_of(openid), false, STR("<next/>"), &value, &found);
}

static void test_what_became_of_a_question_meanwhile_is_written_later(void **state) {
  int64_t now_s = clock_unix_s();
  ask("ended", now_s);
  ask("asked-again", now_s + 60);  // by another process, after this one deleted the conversation
  ask("answered", now_s);
  await_calls();
  lock_for("3");  // the calls may come in two batches
  keep_drop(keep, STR("ended"), STR(""));
  keep_drop(keep, STR("asked-again"), STR(""));
  begin_save(running("answered", ""));
  await_calls();
  await_unlocked();
  assert_true(has("asked/gh_1/ended"));
  assert_int_equal(claim("ended"), KEEP_BUSY);
  assert_int_equal(claim("answered"), KEEP_BUSY);
  keep_look(keep);
  assert_false(has("asked/gh_1/ended"));
  assert_true(has("asked/gh_1/asked-again"));
  assert_true(has("asked/gh_1/answered"));
  assert_int_equal(found.state, KEPT_RUNS);
}

static void drop(void *ctx, StoreReply *reply) { store_reply_free(reply); }

static void test_a_new_question_is_not_taken_for_the_one_that_ended(void **state) {
  KeptRun run = question;
  ask("a", clock_unix_s());
  await_calls();
  lock_for("2");
  run.since_s = clock_unix_s();  // as early as the deletion
  keep_drop(keep, STR("a"), STR(""));
  await_calls();
  await_unlocked();
  run.openid = STR("a");
  run.question = STR("new?");
  assert_true(keep_save(keep, &run, NULL, &value, drop, NULL));
  await_unlocked();
  keep_look(keep);
  assert_true(has("asked/gh_1/a"));
  assert_true(str_eq(found.question, STR("new?")));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_run_that_ended_after_its_write_failed_is_not_revived),
    TEST(test_a_new_question_is_not_taken_for_the_one_that_ended),
    TEST(test_what_became_of_a_question_meanwhile_is_written_later),
  };
  log_setup(LOG_ERROR, LOG_TEXT);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
