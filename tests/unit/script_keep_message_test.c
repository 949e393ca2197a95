// Messages in the store whose scripts have not begun: the next process gets them from the store, once.
#include "base/clock.h"
#include "script/keep_inner.h"
#include "script_world.h"

static Keep *keep;
static Buf value, passed;
static bool takes;

static int set_up(void **state) {
  if (world_open_shared(state) != 0) return -1;
  keep = world.shared.keep;
  buf_init(&value);
  buf_init(&passed);
  takes = true;
  return 0;
}

static int tear_down(void **state) {
  buf_clear(&value);
  buf_clear(&passed);
  return world_close(state);
}

static bool on_waits(void *ctx, const KeptRun *message) {
  buf_add(&passed, message->message);
  return takes;
}

static void become_another(void) {
  keep_free(keep);
  keep = world.shared.keep = world_new_keep();
  keep->options.waits = on_waits;
  keep_look(keep);
  clock_advance(1100 * 1000);  // it looks at other processes' runs once a second
}

static bool take_key(void *ctx, Str key) {
  buf_add(ctx, key);
  return false;
}

// Claims the next due run, and returns whether it was passed on.
static bool passes(KeptRun *run) {
  Buf key;
  buf_init(&key);
  bool due = keep_due(keep, take_key, &key) &&
             keep_claim_due(keep, buf_str(&key), &value, run) == KEEP_ENDED;
  buf_clear(&key);
  return due && run->unbegun && keep_pass_message(keep, run);
}

static void test_the_next_process_gets_the_message_once(void **state) {
  KeptRun run;
  assert_true(keep_owe_message(
      keep, &(KeepMessage){ .openid = STR("a"), .identity = STR("7"), .document = STR("<m/>") },
      NULL, NULL));
  assert_int_equal(keep_owed(keep), 1);
  become_another();
  assert_true(passes(&run));
  assert_true(str_eq(buf_str(&passed), STR("<m/>")));
  clock_advance(1100 * 1000);
  assert_false(passes(&run));
}

static void test_processes_that_end_before_it_begins_are_not_counted(void **state) {
  KeptRun run;
  assert_true(keep_owe_message(
      keep, &(KeepMessage){ .openid = STR("a"), .identity = STR("7"), .document = STR("<m/>") },
      NULL, NULL));
  for (int i = 0; i < 3; i++) {
    become_another();
    assert_true(passes(&run));
    assert_int_equal(run.ends, 0);
  }
}

static void test_one_that_cannot_be_run_now_is_put_back(void **state) {
  KeptRun run;
  assert_true(keep_owe_message(
      keep, &(KeepMessage){ .openid = STR("a"), .identity = STR("7"), .document = STR("<m/>") },
      NULL, NULL));
  become_another();
  takes = false;
  assert_false(passes(&run));
  takes = true;
  clock_advance(1100 * 1000);
  assert_true(passes(&run));
  assert_true(str_eq(buf_str(&passed), STR("<m/><m/>")));
}

static void test_one_that_its_conversation_has_got_is_not_passed_on(void **state) {
  KeptRun run = { .state = KEPT_RUNS,
                  .openid = STR("a"),
                  .process = keep_process(keep),
                  .message = STR("<first/>"),
                  .answering = STR("<m/>") };
  assert_true(keep_save(keep, &run, NULL, &value, NULL, NULL));
  assert_true(keep_owe_message(
      keep, &(KeepMessage){ .openid = STR("a"), .identity = STR("7"), .document = STR("<m/>") },
      NULL, NULL));
  become_another();
  assert_false(passes(&run));
  assert_int_equal(keep_claim_owed(keep, STR("a"), STR("7"), &value, &run), KEEP_NOTHING);
}

static void test_it_is_this_processs_until_another_one_has_it(void **state) {
  int64_t lapses = keep_lapses(keep);
  assert_true(keep_owe_message(
      keep, &(KeepMessage){ .openid = STR("a"), .identity = STR("7"), .document = STR("<m/>") },
      NULL, NULL));
  assert_true(keep_owes_message(keep, STR("a"), STR("7"), lapses));
  assert_true(keep_owes_message(keep, STR("a"), STR("7"), lapses - 1));
  keep_drop(keep, STR("a"), STR("7"));
  assert_true(keep_owes_message(keep, STR("a"), STR("7"), lapses));
  assert_false(keep_owes_message(keep, STR("a"), STR("7"), lapses - 1));
}

static void test_one_that_is_over_is_deleted(void **state) {
  KeptRun run;
  assert_true(keep_owe_message(
      keep, &(KeepMessage){ .openid = STR("a"), .identity = STR("7"), .document = STR("<m/>") },
      NULL, NULL));
  keep_end_message(keep, STR("a"), STR("7"));
  assert_int_equal(keep_owed(keep), 0);
  become_another();
  assert_false(passes(&run));
}

// The process is alone, so it does not list the keys again.
static void test_one_that_another_process_has_written_stays_and_comes_due_here(void **state) {
  KeptRun run;
  become_another();
  Keep *other = world_new_keep();
  assert_true(keep_owe_message(
      keep, &(KeepMessage){ .openid = STR("a"), .identity = STR("7"), .document = STR("<m/>") },
      NULL, NULL));
  assert_true(keep_owe_message(
      other, &(KeepMessage){ .openid = STR("a"), .identity = STR("7"), .document = STR("<m/>") },
      NULL, NULL));
  keep_end_message(keep, STR("a"), STR("7"));
  keep_free(other);
  clock_advance(1100 * 1000);
  keep_look(keep);
  assert_true(passes(&run));
}

// Another process writes the entry while this one, which is alone, stands still, and ends.
static void write_elsewhere(void) {
  assert_true(keep_owe_message(
      keep, &(KeepMessage){ .openid = STR("a"), .identity = STR("7"), .document = STR("<m/>") },
      NULL, NULL));
  Keep *other = world_new_keep();
  assert_true(keep_owe_message(
      other, &(KeepMessage){ .openid = STR("a"), .identity = STR("7"), .document = STR("<m/>") },
      NULL, NULL));
  keep_free(other);
}

static void test_one_that_is_lost_comes_due_here_once_its_process_has_ended(void **state) {
  KeptRun run;
  become_another();
  int64_t lapses = keep_lapses(keep);
  write_elsewhere();
  assert_false(keep_owes_message(keep, STR("a"), STR("7"), lapses - 1));
  clock_advance(1100 * 1000);
  assert_true(passes(&run));
}

static void test_a_run_that_is_lost_comes_due_here_once_its_process_has_ended(void **state) {
  KeptRun run;
  become_another();
  write_elsewhere();
  keep_lost(keep, STR("a"), STR("7"));
  clock_advance(1100 * 1000);
  assert_true(passes(&run));
}

static KeepOwner owner(void) { return keep_message_owner(keep, STR("a"), STR("7")); }

static void add_message(void) {
  assert_true(keep_owe_message(
      keep,
      &(KeepMessage){
          .openid = STR("a"), .identity = STR("7"), .document = STR("<m/>"), .adds = true },
      NULL, NULL));
}

// The other process's run is in the store, so nothing is added.
static Keep *follow_run(void) {
  Keep *other = world_new_keep();
  KeptRun run = { .state = KEPT_RUNS,
                  .owed = true,
                  .process = keep_process(other),
                  .openid = STR("a"),
                  .identity = STR("7"),
                  .message = STR("<m/>"),
                  .record = STR("what it has done") };
  assert_true(keep_save(other, &run, NULL, &value, NULL, NULL));
  add_message();
  return other;
}

// As if the entry could not be added, because the store was away.
static void make_unsaved(void) {
  char text[STORE_KEY_MAX];
  pending_writes_put(keep->unsaved, keep_key_of(keep, STR("a"), STR("7"), text), STR("entry"));
}

static void test_an_added_one_is_whose_the_store_says(void **state) {
  add_message();
  assert_int_equal(owner(), KEEP_OWNER_SELF);
  keep_drop(keep, STR("a"), STR("7"));
  assert_int_equal(owner(), KEEP_OWNER_OTHER);
  keep_free(follow_run());
  assert_int_equal(owner(), KEEP_OWNER_OTHER);
}

static void test_an_added_one_is_unknown_if_the_store_was_away_just_now(void **state) {
  Keep *other = follow_run();
  atomic_store(&keep->away_us, clock_now_us());
  assert_int_equal(owner(), KEEP_OWNER_UNKNOWN);
  clock_advance(1000 * 1000);
  assert_int_equal(owner(), KEEP_OWNER_OTHER);
  keep_free(other);
}

static void
test_one_that_is_still_to_be_added_is_unknown_unless_the_store_has_anothers(void **state) {
  make_unsaved();
  assert_int_equal(owner(), KEEP_OWNER_UNKNOWN);
  assert_true(keep_is_unsaved(keep, STR("a"), STR("7")));
  Keep *other = follow_run();
  make_unsaved();
  assert_int_equal(owner(), KEEP_OWNER_OTHER);
  assert_false(keep_is_unsaved(keep, STR("a"), STR("7")));
  keep_free(other);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_the_next_process_gets_the_message_once),
    TEST(test_processes_that_end_before_it_begins_are_not_counted),
    TEST(test_one_that_cannot_be_run_now_is_put_back),
    TEST(test_one_that_its_conversation_has_got_is_not_passed_on),
    TEST(test_it_is_this_processs_until_another_one_has_it),
    TEST(test_one_that_is_over_is_deleted),
    TEST(test_one_that_another_process_has_written_stays_and_comes_due_here),
    TEST(test_one_that_is_lost_comes_due_here_once_its_process_has_ended),
    TEST(test_a_run_that_is_lost_comes_due_here_once_its_process_has_ended),
    TEST(test_an_added_one_is_whose_the_store_says),
    TEST(test_an_added_one_is_unknown_if_the_store_was_away_just_now),
    TEST(test_one_that_is_still_to_be_added_is_unknown_unless_the_store_has_anothers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
