// engine/inbox: what is ready goes on in its order.
#include "engine_world.h"

#include "engine/internal.h"

static void test_first_come_is_first_served(void **state) {
  Inbox *inbox = inbox_new();
  Wait waits[3] = { 0 };
  pthread_mutex_lock(&inbox->mutex);
  assert_null(inbox_take_locked(inbox));
  for (int i = 0; i < 3; i++) inbox_add_locked(inbox, &waits[i]);
  for (int i = 0; i < 3; i++) assert_ptr_equal(inbox_take_locked(inbox), &waits[i]);
  assert_null(inbox_take_locked(inbox));
  inbox_add_locked(inbox, &waits[1]);
  assert_ptr_equal(inbox_take_locked(inbox), &waits[1]);
  pthread_mutex_unlock(&inbox->mutex);
  inbox_release(inbox);
}

static void test_it_outlives_all_its_holders_but_the_last(void **state) {
  Inbox *inbox = inbox_new();
  inbox_hold(inbox);
  inbox_release(inbox);
  pthread_mutex_lock(&inbox->mutex);
  assert_null(inbox_take_locked(inbox));
  pthread_mutex_unlock(&inbox->mutex);
  inbox_release(inbox);
  inbox_release(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_first_come_is_first_served),
    cmocka_unit_test(test_it_outlives_all_its_holders_but_the_last),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
