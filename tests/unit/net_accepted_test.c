// When connections were accepted, and which silent ones go first.
#include "net/accepted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/listener.h"
#include "raw_client.h"

enum { COUNT = 4 };

static void test_when_a_connection_was_accepted_is_known_by_its_descriptor(void **state) {
  enum { BEYOND = 1 << 20 };
  int64_t began_us = clock_now_us();
  assert_int_equal(accepted_us(9), 0);
  accepted_note(9);
  assert_in_range(accepted_us(9), began_us, clock_now_us());
  accepted_note(BEYOND);
  assert_int_equal(accepted_us(BEYOND), 0);
}

static void test_why_a_connection_was_cut_is_known_until_the_next_one(void **state) {
  enum { BEYOND = 1 << 20 };
  int pair[2];
  char byte;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  accepted_note(pair[0]);
  assert_int_equal(accepted_why_cut(pair[0]), CUT_NOT);
  accepted_cut(pair[0], CUT_FOR_OTHERS);
  assert_int_equal(accepted_why_cut(pair[0]), CUT_FOR_OTHERS);
  assert_int_equal(recv(pair[0], &byte, 1, MSG_DONTWAIT), 0);
  accepted_note(pair[0]);
  assert_int_equal(accepted_why_cut(pair[0]), CUT_NOT);
  assert_int_equal(accepted_why_cut(-1), CUT_NOT);
  accepted_cut(BEYOND, CUT_LATE);
  assert_int_equal(accepted_why_cut(BEYOND), CUT_NOT);
  close(pair[0]);
  close(pair[1]);
}

static Listener listener;

static void connect_all(int clients[COUNT], int fds[COUNT]) {
  Err err;
  assert_true(listener_open(&listener, STR("0"), COUNT, &err));
  for (int i = 0; i < COUNT; i++) {
    struct pollfd wait = { .fd = listener.fd, .events = POLLIN };
    clients[i] = dial(listener.port);
    assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
    fds[i] = accept(listener.fd, NULL, NULL);
    usleep(1000);
    accepted_note(fds[i]);
  }
}

static bool is_shut(int fd) {
  char byte;
  return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void test_the_oldest_that_may_go_are_closed(void **state) {
  int clients[COUNT], fds[COUNT];
  SilentList list = { 0 };
  connect_all(clients, fds);
  for (int i = COUNT - 1; i >= 0; i--) silent_add(&list, fds[i], i != 1);
  silent_sort(&list);
  silent_close(&list, list.count, listener.port, 2);
  for (int i = 0; i < COUNT; i++) assert_int_equal(is_shut(fds[i]), i == 0 || i == 2);
  for (int i = 0; i < COUNT; i++) {
    close(clients[i]);
    close(fds[i]);
  }
  silent_free(&list);
  listener_close(&listener);
}

static void test_a_number_that_means_another_connection_is_left_alone(void **state) {
  int clients[COUNT], fds[COUNT];
  SilentList list = { 0 };
  connect_all(clients, fds);
  for (int i = 0; i < COUNT; i++) silent_add(&list, fds[i], true);
  usleep(1000);
  accepted_note(fds[0]);
  silent_close(&list, list.count, listener.port + 1, COUNT);
  for (int i = 0; i < COUNT; i++) assert_false(is_shut(fds[i]));
  silent_close(&list, list.count, listener.port, 1);
  assert_false(is_shut(fds[0]));
  assert_true(is_shut(fds[1]));
  for (int i = 0; i < COUNT; i++) {
    close(clients[i]);
    close(fds[i]);
  }
  silent_free(&list);
  listener_close(&listener);
}

// clang's UBSan sees arithmetic on the null pointer of its items.
static void test_of_an_empty_list_nothing_is_closed(void **state) {
  SilentList list = { 0 };
  silent_sort(&list);
  silent_close(&list, 0, listener.port, COUNT);
  silent_free(&list);
}

static void test_one_waits_from_being_passed_until_a_thread_takes_it(void **state) {
  assert_false(accepted_any_waits());
  accepted_note_passed();
  accepted_note_passed();
  accepted_note_taken();
  assert_true(accepted_any_waits());
  accepted_note_taken();
  assert_false(accepted_any_waits());
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_one_waits_from_being_passed_until_a_thread_takes_it),
    cmocka_unit_test(test_when_a_connection_was_accepted_is_known_by_its_descriptor),
    cmocka_unit_test(test_why_a_connection_was_cut_is_known_until_the_next_one),
    cmocka_unit_test(test_the_oldest_that_may_go_are_closed),
    cmocka_unit_test(test_a_number_that_means_another_connection_is_left_alone),
    cmocka_unit_test(test_of_an_empty_list_nothing_is_closed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
