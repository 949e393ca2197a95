// engine/turns: turns that have begun and are in time come first, then new ones in time, then late ones.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/turns.h"

enum { EARLY = 1000, NOW = 2000, LATER = 3000 };

static Turns turns;

static int begin(void **state) {
  turns = (Turns){ .taken = 0 };
  return 0;
}

static Turn *add(Turn *turn, TurnKind kind, int64_t due_us) {
  turn->due_us = due_us;
  turns_add(&turns, turn, kind, NOW);
  return turn;
}

static void assert_next(const Turn *turn, int64_t now_us) {
  assert_ptr_equal(turns_take(&turns, now_us), turn);
}

static void test_within_each_the_first_that_came_is_first(void **state) {
  Turn a, b, c;
  add(&a, TURN_NEW, LATER);
  add(&b, TURN_NEW, LATER);
  add(&c, TURN_NEW, LATER);
  assert_int_equal(turns.count, 3);
  assert_next(&a, NOW);
  assert_next(&b, NOW);
  assert_next(&c, NOW);
  assert_next(NULL, NOW);
  assert_int_equal(turns.count, 0);
}

static void test_the_four_come_in_their_order(void **state) {
  Turn new_late, begun_late, new, begun;
  add(&new_late, TURN_NEW, EARLY);
  add(&begun_late, TURN_BEGUN, EARLY);
  add(&new, TURN_NEW, LATER);
  add(&begun, TURN_BEGUN, LATER);
  assert_next(&begun, NOW);
  assert_next(&new, NOW);
  assert_next(&begun_late, NOW);
  assert_next(&new_late, NOW);
}

static void test_what_has_no_deadline_is_as_what_is_late(void **state) {
  Turn background[3], late, new;
  for (int i = 0; i < 2; i++) add(&background[i], TURN_BEGUN, INT64_MAX);
  add(&late, TURN_BEGUN, EARLY);
  add(&background[2], TURN_BEGUN, INT64_MAX);
  add(&new, TURN_NEW, LATER);
  assert_next(&new, NOW);
  assert_next(&background[0], NOW);
  assert_next(&background[1], NOW);
  assert_next(&late, NOW);
  assert_next(&background[2], NOW);
}

static void test_what_becomes_late_while_it_waits_goes_behind(void **state) {
  Turn old, fresh;
  add(&old, TURN_NEW, NOW + 1);
  add(&fresh, TURN_NEW, LATER + 1);
  assert_next(&fresh, LATER);
  assert_next(&old, LATER);
}

static void test_every_tenth_turn_goes_to_the_late_ones(void **state) {
  Turn late[2], in_time[20];
  add(&late[0], TURN_NEW, EARLY);
  add(&late[1], TURN_NEW, EARLY);
  for (int i = 0; i < 20; i++) add(&in_time[i], TURN_BEGUN, LATER);
  for (int i = 0; i < 9; i++) assert_next(&in_time[i], NOW);
  assert_next(&late[0], NOW);
  for (int i = 9; i < 18; i++) assert_next(&in_time[i], NOW);
  assert_next(&late[1], NOW);
  assert_next(&in_time[18], NOW);
}

static void test_the_tenth_turn_goes_to_what_is_there(void **state) {
  Turn in_time[11];
  for (int i = 0; i < 11; i++) add(&in_time[i], TURN_NEW, LATER);
  for (int i = 0; i < 11; i++) assert_next(&in_time[i], NOW);
}

static void test_the_last_new_ones_that_are_movable_can_be_taken_out(void **state) {
  Turn fixed, a, b, c;
  fixed.movable = false;
  a.movable = b.movable = c.movable = true;
  add(&a, TURN_NEW, LATER);
  add(&fixed, TURN_NEW, LATER);
  add(&b, TURN_NEW, LATER);
  add(&c, TURN_NEW, LATER);
  Turn *taken = turns_take_movable(&turns, 2);
  assert_ptr_equal(taken, &b);
  assert_ptr_equal(taken->next, &c);
  assert_null(taken->next->next);
  assert_next(&a, NOW);
  assert_next(&fixed, NOW);
  assert_next(NULL, NOW);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(test_within_each_the_first_that_came_is_first, begin),
    cmocka_unit_test_setup(test_the_four_come_in_their_order, begin),
    cmocka_unit_test_setup(test_what_has_no_deadline_is_as_what_is_late, begin),
    cmocka_unit_test_setup(test_what_becomes_late_while_it_waits_goes_behind, begin),
    cmocka_unit_test_setup(test_every_tenth_turn_goes_to_the_late_ones, begin),
    cmocka_unit_test_setup(test_the_tenth_turn_goes_to_what_is_there, begin),
    cmocka_unit_test_setup(test_the_last_new_ones_that_are_movable_can_be_taken_out, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
