// wechat.store, as scripts call it.
#include "host_world.h"

static void test_values_come_back_as_they_were(void **state) {
  assert_holds("is(wechat.store.set('text', 'moon'), true) is(wechat.store.get('text'), 'moon') "
               "wechat.store.set('table', { a = { 1, 2 } }) is(wechat.store.get('table').a[2], 2) "
               "is(wechat.store.get('none'), nil)");
}

static void test_a_value_is_added_once(void **state) {
  assert_holds("is(wechat.store.add('k', 1), true) is(wechat.store.add('k', 2), false) "
               "is(wechat.store.get('k'), 1)");
}

static void test_counts_go_up_from_nothing(void **state) {
  assert_holds("is(wechat.store.incr('n'), 1) is(wechat.store.incr('n', 5), 6) "
               "is(wechat.store.incr('n', -2), 4)");
}

static void test_what_is_deleted_is_gone(void **state) {
  assert_holds("wechat.store.set('k', 1) is(wechat.store.delete('k'), true) "
               "is(wechat.store.delete('k'), false) "
               "is(wechat.store.get('k'), nil)");
}

static void test_keys_are_listed_by_their_beginning(void **state) {
  assert_holds("wechat.store.set('a/2', 1) wechat.store.set('a/1', 1) wechat.store.set('b', 1) "
               "is(table.concat(wechat.store.list('a/'), ' '), 'a/1 a/2')");
}

static void test_misuse_names_the_argument(void **state) {
  assert_holds("fails('wechat.store.get: key', wechat.store.get) "
               "fails('wechat.store.set', wechat.store.set, 'k', print)");
}

static void test_without_a_store_it_raises(void **state) {
  world.options.store = NULL;
  assert_holds("is(pcall(wechat.store.get, 'k'), false)");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open_store, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_values_come_back_as_they_were),      TEST(test_a_value_is_added_once),
    TEST(test_counts_go_up_from_nothing),          TEST(test_what_is_deleted_is_gone),
    TEST(test_keys_are_listed_by_their_beginning), TEST(test_misuse_names_the_argument),
    TEST(test_without_a_store_it_raises),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
