// A waiting message's entry in the store: written once, only while the message waits, and gone once it has begun.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "bot/run_entry.h"

static Store *store;
static Keep *keep;
static RunEntry entry;
static JobPool *pool;
static Job *job;

static int set_up(void **state) {
  Err err;
  store = store_open(STR("memory:"), &err);
  keep = store ? keep_new(&(KeepOptions){ .store = store, .account = STR("gh_1") }) : NULL;
  pool = job_pool_new();
  job = job_new(pool, 5);
  job->from_user = STR("a");
  job->identity = STR("7");
  if (keep) run_entry_init(&entry, keep, job, STR("<m/>"));
  return keep ? 0 : -1;
}

static int tear_down(void **state) {
  keep_free(keep);
  store_close(store);
  job_release(job);
  job_pool_free(pool);
  return 0;
}

static void test_it_is_written_once_while_the_message_waits(void **state) {
  assert_false(run_entry_is_missing(&entry));
  run_entry_write(&entry);
  assert_int_equal(keep_owed(keep), 0);
  run_entry_wait(&entry, false);
  assert_true(run_entry_is_missing(&entry));
  run_entry_write(&entry);
  assert_int_equal(keep_owed(keep), 1);
  assert_false(run_entry_is_missing(&entry));
}

static bool is_saved(void) { return run_entry_is_saved(&entry); }

static void test_it_is_saved_once_the_store_has_taken_it(void **state) {
  run_entry_wait(&entry, false);
  atomic_fetch_add(&entry.under_way, 1);
  run_entry_write(&entry);
  usleep(50 * 1000);
  assert_false(is_saved());
  atomic_fetch_sub(&entry.under_way, 1);
  for (int i = 0; i < 1000 && !is_saved(); i++) usleep(5000);
  assert_true(is_saved());
}

static void test_a_message_that_has_begun_gets_none(void **state) {
  run_entry_wait(&entry, false);
  assert_false(run_entry_begin(&entry));
  run_entry_write(&entry);
  assert_int_equal(keep_owed(keep), 0);
  run_entry_wait_on(&entry, false);
  run_entry_write(&entry);
  assert_int_equal(keep_owed(keep), 1);
}

static void test_one_that_could_not_begin_keeps_its_entry(void **state) {
  run_entry_wait(&entry, false);
  run_entry_write(&entry);
  assert_true(run_entry_begin(&entry));
  run_entry_wait_on(&entry, true);
  assert_false(run_entry_is_missing(&entry));
  assert_true(run_entry_begin(&entry));
  run_entry_drop(&entry);
  assert_int_equal(keep_owed(keep), 0);
}

static void test_one_that_another_process_had_gets_one_if_the_store_has_none(void **state) {
  run_entry_wait(&entry, true);
  assert_true(run_entry_may_be_shared(&entry, false));
  run_entry_write(&entry);
  assert_int_equal(keep_owed(keep), 1);
  assert_true(run_entry_begin(&entry));
  assert_true(run_entry_is_added(&entry));
  assert_true(run_entry_asks(&entry));
  assert_int_equal(run_entry_owner(&entry), KEEP_OWNER_SELF);
  assert_false(run_entry_is_added(&entry));
  assert_false(run_entry_asks(&entry));
}

// Another process's entry, after which this one's was to be added.
static Keep *follow_entry(void) {
  Keep *other = keep_new(&(KeepOptions){ .store = store, .account = STR("gh_1") });
  assert_true(keep_owe_message(other,
                               &(KeepMessage){ .openid = job->from_user,
                                               .identity = job->identity,
                                               .document = STR("<m/>") },
                               NULL, NULL));
  run_entry_wait(&entry, true);
  run_entry_write(&entry);
  return other;
}

static void test_the_entry_of_the_process_that_had_it_stays(void **state) {
  Keep *other = follow_entry();
  assert_true(run_entry_begin(&entry));
  assert_int_equal(run_entry_owner(&entry), KEEP_OWNER_OTHER);
  assert_int_equal(keep_message_owner(other, job->from_user, job->identity), KEEP_OWNER_SELF);
  keep_free(other);
}

static void test_a_lost_one_is_asked_about_and_added_again_once_a_second(void **state) {
  keep_free(follow_entry());
  assert_true(run_entry_begin(&entry));
  assert_int_equal(run_entry_owner(&entry), KEEP_OWNER_OTHER);
  assert_false(run_entry_asks(&entry));
  run_entry_wait_on(&entry, false);
  keep_drop(keep, job->from_user, job->identity);
  run_entry_write(&entry);
  assert_false(run_entry_begin(&entry));
  assert_int_equal(keep_owed(keep), 0);
  usleep(1100 * 1000);
  run_entry_wait_on(&entry, false);
  run_entry_write(&entry);
  assert_true(run_entry_begin(&entry));
  assert_true(run_entry_asks(&entry));
  assert_int_equal(run_entry_owner(&entry), KEEP_OWNER_SELF);
}

static void test_one_of_a_process_that_has_ended_has_its_entry(void **state) {
  run_entry_take(&entry);
  assert_false(run_entry_is_missing(&entry));
  assert_true(run_entry_begin(&entry));
}

static void test_one_that_was_claimed_is_lost_if_the_process_was_stopped_since(void **state) {
  job->lapses = keep_lapses(keep);
  run_entry_take(&entry);
  assert_int_equal(run_entry_owner(&entry), KEEP_OWNER_SELF);
  job->lapses--;  // as if this process had been stopped for longer than its lease before run_entry_take
  run_entry_take(&entry);
  assert_int_equal(run_entry_owner(&entry), KEEP_OWNER_OTHER);
}

static void test_it_is_lost_once_the_store_has_no_entry_of_this_process(void **state) {
  run_entry_wait(&entry, false);
  run_entry_write(&entry);
  entry.lapses--;  // as if this process had been stopped for longer than its lease
  assert_int_equal(run_entry_owner(&entry), KEEP_OWNER_SELF);
  run_entry_drop(&entry);
  assert_int_equal(run_entry_owner(&entry), KEEP_OWNER_OTHER);
}

static void test_one_that_another_process_has_answered_ends_unless_that_one_has_it(void **state) {
  Keep *other = keep_new(&(KeepOptions){ .store = store, .account = STR("gh_1") });
  run_entry_wait(&entry, false);
  run_entry_write(&entry);
  run_entry_end(&entry);
  assert_int_equal(keep_owed(keep), 0);
  assert_true(keep_owe_message(other,
                               &(KeepMessage){ .openid = job->from_user,
                                               .identity = job->identity,
                                               .document = STR("<m/>") },
                               NULL, NULL));
  run_entry_end(&entry);
  assert_int_equal(keep_owed(keep), 1);
  keep_free(other);
}

static void test_without_a_store_nothing_is_written(void **state) {
  RunEntry none;
  run_entry_init(&none, NULL, job, STR("<m/>"));
  run_entry_wait(&none, false);
  assert_false(run_entry_is_missing(&none));
  run_entry_write(&none);
  assert_false(run_entry_begin(&none));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_it_is_written_once_while_the_message_waits),
    TEST(test_it_is_saved_once_the_store_has_taken_it),
    TEST(test_a_message_that_has_begun_gets_none),
    TEST(test_one_that_could_not_begin_keeps_its_entry),
    TEST(test_one_that_another_process_had_gets_one_if_the_store_has_none),
    TEST(test_the_entry_of_the_process_that_had_it_stays),
    TEST(test_a_lost_one_is_asked_about_and_added_again_once_a_second),
    TEST(test_one_of_a_process_that_has_ended_has_its_entry),
    TEST(test_one_that_was_claimed_is_lost_if_the_process_was_stopped_since),
    TEST(test_it_is_lost_once_the_store_has_no_entry_of_this_process),
    TEST(test_one_that_another_process_has_answered_ends_unless_that_one_has_it),
    TEST(test_without_a_store_nothing_is_written),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
