// engine/inbox: turns are taken in order.
#include "engine_world.h"

#include "base/wakeups.h"
#include "engine/wait_inner.h"
#include "engine/wait.h"

static int taken[3];

static void note(Turn *turn, bool there) { taken[there]++; }

static Turn *take(Inbox *inbox) { return turns_take(&inbox->turns, 1); }

static void test_waits_come_in_their_order(void **state) {
  Inbox *inbox = inbox_new(note);
  Wait waits[3] = { 0 };
  pthread_mutex_lock(&inbox->mutex);
  assert_null(take(inbox));
  for (int i = 0; i < 3; i++) {
    waits[i].turn.due_us = INT64_MAX;
    inbox_add_locked(inbox, &waits[i]);
  }
  for (int i = 0; i < 3; i++) assert_ptr_equal(take(inbox), &waits[i]);
  assert_null(take(inbox));
  pthread_mutex_unlock(&inbox->mutex);
  inbox_release(inbox);
}

static void test_what_begins_waits_behind_what_has_begun(void **state) {
  Inbox *inbox = inbox_new(note);
  Wait begins = { .begins = true, .turn.due_us = INT64_MAX }, begun = { .turn.due_us = INT64_MAX };
  pthread_mutex_lock(&inbox->mutex);
  inbox_add_locked(inbox, &begins);
  inbox_add_locked(inbox, &begun);
  assert_ptr_equal(take(inbox), &begun);
  assert_ptr_equal(take(inbox), &begins);
  pthread_mutex_unlock(&inbox->mutex);
  inbox_release(inbox);
}

static void test_dropped_turns_are_told_that_they_never_come(void **state) {
  Inbox *inbox = inbox_new(note);
  Wait waits[2] = { { .turn.due_us = INT64_MAX }, { .turn.due_us = INT64_MAX } };
  taken[false] = taken[true] = 0;
  pthread_mutex_lock(&inbox->mutex);
  for (int i = 0; i < 2; i++) inbox_add_locked(inbox, &waits[i]);
  pthread_mutex_unlock(&inbox->mutex);
  inbox_drop_turns(inbox);
  assert_int_equal(taken[false], 2);
  assert_int_equal(taken[true], 0);
  inbox_release(inbox);
}

static void test_it_outlives_all_its_holders_but_the_last(void **state) {
  Inbox *inbox = inbox_new(note);
  inbox_hold(inbox);
  inbox_release(inbox);
  pthread_mutex_lock(&inbox->mutex);
  assert_null(take(inbox));
  pthread_mutex_unlock(&inbox->mutex);
  inbox_release(inbox);
  inbox_release(NULL);
}

// A thread that puts wake-ups off holds the inbox until it sends them.
static void test_many_results_of_one_round_wake_the_thread_once(void **state) {
  Inbox *inbox = inbox_new(note);
  wakeups_put_off();
  for (int i = 0; i < 3; i++) {
    pthread_mutex_lock(&inbox->mutex);
    inbox_tell_and_unlock(inbox);
    if (i == 0) assert_int_equal(inbox->holders, 2);
  }
  wakeups_send();
  assert_int_equal(inbox->holders, 1);
  inbox_release(inbox);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_waits_come_in_their_order),
    cmocka_unit_test(test_what_begins_waits_behind_what_has_begun),
    cmocka_unit_test(test_dropped_turns_are_told_that_they_never_come),
    cmocka_unit_test(test_it_outlives_all_its_holders_but_the_last),
    cmocka_unit_test(test_many_results_of_one_round_wake_the_thread_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
