// The order of one user's late answers among processes that share a store.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "redis_store.h"
#include "script/late_shared.h"

#include <stdatomic.h>
#include <unistd.h>

#include "settle.h"

static Store *store;
static Keep *keeps[2];
static LateShared *lines[2];  // of two processes

static bool is_known;
static bool has_own;  // what this process says of its own answers before others

static bool has(void *ctx, Str openid, Str identity) { return has_own; }

static int begin_on(Store *opened) {
  store = opened;
  if (!store) return -1;
  has_own = true;
  for (int i = 0; i < 2; i++) {
    keeps[i] = keep_new(&(KeepOptions){ .store = store, .account = STR("wx1") });
    lines[i] = late_shared_new(&(LateSharedOptions){
        .store = store, .account = STR("wx1"), .keep = keeps[i], .has = has });
    Buf key;
    buf_init(&key);
    keep_lease_key(keeps[i], keep_process(keeps[i]), &key);
    StoreCall call = { .op = STORE_SET, .key = buf_str(&key), .value = STR("1") };
    store_reply_free(store_call_wait(store, &call, NULL));
    buf_clear(&key);
  }
  return 0;
}

static int begin(void **state) { return begin_on(store_open(STR("memory:"), NULL)); }

static int begin_redis(void **state) { return begin_on(redis_store_open()); }

static int end(void **state) {
  for (int i = 0; i < 2; i++) {
    late_shared_free(lines[i]);
    keep_free(keeps[i]);
  }
  store_close(store);
  return 0;
}

static int end_redis(void **state) {
  redis_server_stop();
  return end(state);
}

static void enter(int process, const char *identity) {
  late_shared_enter(lines[process], STR("user"), str_of(identity));
  settle(store);
}

static void leave(int process, const char *identity) {
  late_shared_leave(lines[process], STR("user"), str_of(identity));
  settle(store);
}

static void note(void *ctx, bool known) {
  is_known = known;
  atomic_store((atomic_bool *)ctx, true);
}

static void await(int process, const char *identity, atomic_bool *first) {
  atomic_store(first, false);
  assert_true(late_shared_await(lines[process], STR("user"), str_of(identity), note, first));
  settle(store);
}

static void assert_soon(atomic_bool *first) {
  for (int i = 0; i < 300 && !atomic_load(first); i++) usleep(10000);
  assert_true(atomic_load(first));
}

static void assert_not_yet(atomic_bool *first) {
  usleep(250000);
  assert_false(atomic_load(first));
}

static void end_process(int process) {
  Buf key;
  buf_init(&key);
  keep_lease_key(keeps[process], keep_process(keeps[process]), &key);
  StoreCall call = { .op = STORE_DELETE, .key = buf_str(&key) };
  store_reply_free(store_call_wait(store, &call, NULL));
  buf_clear(&key);
}

static void test_an_answer_waits_for_an_earlier_one_of_another_process(void **state) {
  atomic_bool first;
  enter(0, "m1");
  enter(1, "m2");
  await(1, "m2", &first);
  assert_not_yet(&first);
  leave(0, "m1");
  assert_soon(&first);
}

static void test_the_earliest_answer_waits_for_none(void **state) {
  atomic_bool first;
  enter(0, "m1");
  enter(1, "m2");
  await(0, "m1", &first);
  assert_true(atomic_load(&first));
}

static void test_an_answer_waits_for_an_earlier_one_of_its_process(void **state) {
  atomic_bool first;
  enter(0, "m1");
  enter(0, "m2");
  await(0, "m2", &first);
  assert_not_yet(&first);
  leave(0, "m1");
  assert_soon(&first);
  assert_true(is_known);
}

static void test_what_is_left_over_of_its_process_is_not_waited_for(void **state) {
  atomic_bool first;
  enter(0, "m1");
  enter(0, "m2");
  has_own = false;
  await(0, "m2", &first);
  assert_true(atomic_load(&first));
}

static void test_another_users_answers_are_not_waited_for(void **state) {
  atomic_bool first;
  late_shared_enter(lines[0], STR("other"), STR("m1"));
  enter(1, "m2");
  await(1, "m2", &first);
  assert_true(atomic_load(&first));
}

static void test_an_answer_that_entered_nowhere_waits_for_none(void **state) {
  atomic_bool first;
  enter(0, "m1");
  await(1, "m2", &first);
  assert_true(atomic_load(&first));
  assert_false(is_known);
}

static void test_who_goes_on_with_an_answer_takes_its_place(void **state) {
  atomic_bool first, second;
  enter(0, "m1");
  enter(1, "m2");
  end_process(0);
  await(1, "m2", &second);
  assert_not_yet(&second);
  enter(1, "m1");
  leave(0, "m1");  // of the process that had it: nothing is taken away
  await(1, "m1", &first);
  assert_soon(&first);
  assert_not_yet(&second);
  leave(1, "m1");
  assert_soon(&second);
}

static void test_an_answer_of_an_ended_process_counts_for_a_while(void **state) {
  atomic_bool first;
  enter(0, "m1");
  enter(1, "m2");
  end_process(0);
  await(1, "m2", &first);
  assert_not_yet(&first);
  clock_advance((int64_t)16 * 1000 * 1000);
  assert_soon(&first);
  leave(1, "m2");
  enter(1, "m3");
  await(1, "m3", &first);
  assert_true(atomic_load(&first));  // it is gone for good
}

static void test_while_the_store_is_away_it_does_not_say_whose_turn_it_is(void **state) {
  atomic_bool first;
  enter(0, "m1");
  enter(0, "m2");
  await(0, "m2", &first);
  assert_not_yet(&first);
  redis_server_stop();
  assert_soon(&first);
  assert_false(is_known);
}

static void test_a_store_that_closes_ends_the_wait(void **state) {
  atomic_bool first;
  enter(0, "m1");
  enter(1, "m2");
  await(1, "m2", &first);
  assert_false(atomic_load(&first));
  late_shared_free(lines[1]);
  lines[1] = NULL;
  assert_true(atomic_load(&first));
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
  const struct CMUnitTest tests[] = {
    CASE(test_an_answer_waits_for_an_earlier_one_of_another_process),
    CASE(test_the_earliest_answer_waits_for_none),
    CASE(test_an_answer_waits_for_an_earlier_one_of_its_process),
    CASE(test_what_is_left_over_of_its_process_is_not_waited_for),
    CASE(test_another_users_answers_are_not_waited_for),
    CASE(test_an_answer_that_entered_nowhere_waits_for_none),
    CASE(test_who_goes_on_with_an_answer_takes_its_place),
    CASE(test_an_answer_of_an_ended_process_counts_for_a_while),
    cmocka_unit_test_setup_teardown(test_while_the_store_is_away_it_does_not_say_whose_turn_it_is,
                                    begin_redis, end_redis),
    CASE(test_a_store_that_closes_ends_the_wait),
  };
  log_setup(LOG_ERROR, LOG_TEXT);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
