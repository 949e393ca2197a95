// Changes of values that several processes change.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "redis_store.h"
#include "script/store_change.h"

#include <stdatomic.h>

static Store *store;
static StoreChanges *changes;

typedef struct {
  StoreChange own;  // first
  char letter;      // appended by each run
  int runs;         // how often it is to run
  bool collides;    // another process writes before its first write
  bool worked;
  atomic_bool ended;
} Append;

static int begin(void **state) {
  store = store_open(STR("memory:"), NULL);
  changes = store_changes_new(store, STR("v1:"), 60000);
  return store && changes ? 0 : -1;
}

static int end(void **state) {
  store_changes_free(changes);
  store_close(store);
  return 0;
}

static int begin_redis(void **state) {
  store = redis_store_open();
  if (!store) return -1;
  changes = store_changes_new(store, STR("v1:"), 60000);
  return store && changes ? 0 : -1;
}

static int end_redis(void **state) {
  redis_server_stop();
  return end(state);
}

static void drop(void *ctx, StoreReply *reply) { store_reply_free(reply); }

static void make(StoreChange *own, Str before, Buf *after) {
  Append *append = (Append *)own;
  if (before.len) buf_add(after, str_sub(before, 3, before.len));
  if (append->collides) {
    StoreCall call = { .op = STORE_SET, .key = STR("k/a"), .value = STR("v1:other ") };
    store_call(store, &call, drop, NULL, NULL);
  }
  append->collides = false;
  buf_addc(after, append->letter);
}

static void done(StoreChange *own, bool worked) {
  Append *append = (Append *)own;
  append->worked = worked;
  if (--append->runs > 0) return store_change_begin(own);
  store_change_clear(own);
  append->ended = true;
}

static Append appends(const char *name, char letter) {
  Append append = { .own = { .make = make, .done = done }, .letter = letter, .runs = 1 };
  assert_true(store_change_init(changes, &append.own, STR("k/"), str_of(name)));
  return append;
}

static void settle(void) {
  for (int i = 0; i < 40; i++)
    store_reply_free(
        store_call_wait(store, &(StoreCall){ .op = STORE_GET, .key = STR("x") }, NULL));
}

static void assert_value(const char *key, const char *value) {
  StoreReply *reply =
      store_call_wait(store, &(StoreCall){ .op = STORE_GET, .key = str_of(key) }, NULL);
  assert_string_equal(reply->ok ? reply->value.ptr : "", value);
  store_reply_free(reply);
}

static void test_changes_of_a_key_run_in_the_order_of_their_calls(void **state) {
  Append list[4];
  for (int i = 0; i < 4; i++) {
    list[i] = appends("a", (char)('1' + i));
    store_change_begin(&list[i].own);
  }
  settle();
  for (int i = 0; i < 4; i++) assert_true(list[i].ended && list[i].worked);
  assert_value("k/a", "v1:1234");
}

static void test_a_change_may_begin_again_among_others(void **state) {
  Append again = appends("a", '1'), other = appends("a", '2'), last = appends("b", '3');
  again.runs = 3;
  store_change_begin(&again.own);
  store_change_begin(&other.own);
  settle();
  assert_true(again.ended && other.ended);
  assert_value("k/a", "v1:1211");
  store_change_begin(&last.own);
  settle();
  assert_true(last.ended);
  assert_value("k/b", "v1:3");
}

static void test_what_another_process_wrote_meanwhile_stays(void **state) {
  Append append = appends("a", '1');
  append.collides = true;
  store_change_begin(&append.own);
  settle();
  assert_true(append.ended && append.worked);
  assert_value("k/a", "v1:other 1");
}

static bool ends_within(Append *append, int ms) {
  for (int i = 0; i < ms / 10 && !atomic_load(&append->ended); i++) usleep(10000);
  return atomic_load(&append->ended);
}

static void test_one_that_is_tried_once_does_not_wait_until_the_store_is_back(void **state) {
  Append first = appends("a", '1'), once = appends("a", '2'), last = appends("a", '3');
  once.own.once = true;
  redis_server_stop();
  store_change_begin(&first.own);
  store_change_begin(&once.own);
  store_change_begin(&last.own);
  assert_true(ends_within(&once, 3000));
  assert_false(once.worked);
  assert_false(first.ended || last.ended);
  assert_true(redis_store_restart());
  assert_true(ends_within(&last, 10000));
  assert_true(first.worked && last.worked);
  assert_value("k/a", "v1:13");
}

static void test_a_key_that_is_too_long_is_refused(void **state) {
  static char name[STORE_KEY_MAX + 1];
  StoreChange change = { .make = make };
  memset(name, 'a', sizeof name);
  assert_false(store_change_init(changes, &change, STR("k/"), str_make(name, sizeof name)));
  assert_false(store_change_init(changes, &change, STR(""), STR("")));
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
  const struct CMUnitTest tests[] = {
    CASE(test_changes_of_a_key_run_in_the_order_of_their_calls),
    CASE(test_a_change_may_begin_again_among_others),
    CASE(test_what_another_process_wrote_meanwhile_stays),
    cmocka_unit_test_setup_teardown(
        test_one_that_is_tried_once_does_not_wait_until_the_store_is_back, begin_redis, end_redis),
    CASE(test_a_key_that_is_too_long_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
