// Connections as seen by their threads: which are busy, and how far their threads step aside. net_server_test tests the
// table with crowds of clients.
#include "net/connections.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core.h"
#include "slice.h"

#include <pthread.h>

static void
test_only_a_request_that_follows_close_on_another_is_one_of_a_busy_connection(void **state) {
  Connections *connections = connections_new(1, 1000);
  Connection *connection = connection_opened(connections);
  assert_false(connection_comes(connection, 5000000, 5000000));
  assert_true(connection_comes(connection, 5000600, 5000600));
  assert_true(connection_comes(connection, 5001200, 5001200));
  assert_false(connection_comes(connection, 5004200, 5004200));
  connection_closing(connection);
  assert_false(connection_comes(connection_opened(connections), 5004300, 5004300));
  connections_free(connections);
}

static void test_a_connection_without_a_slot_is_not_busy(void **state) {
  assert_false(connection_comes(NULL, 1, 1));
}

enum { CROWD = 100 };

static void all_send_requests(Connection **crowd, int64_t until_us) {
  while (clock_now_us() < until_us) {
    for (int i = 0; i < CROWD; i++) {
      connection_comes(crowd[i], clock_now_us(), clock_now_us());
      burn_cpu(20);
      connection_waits(crowd[i]);
    }
  }
}

static int slice_us_after(Connection *connection) {
  connection_steps_aside(connection);
  return (int)(slice_here().slice_ns / 1000);
}

// Runs on its own thread and core.
static void *serve_a_crowd(void *arg) {
  int *slices_us = arg;
  Connection *crowd[CROWD];
  stay_on_core(sched_getcpu());
  Connections *connections = connections_new(CROWD + 1, 1000);
  connections_serve(connections, 1);
  for (int i = 0; i < CROWD; i++) crowd[i] = connection_opened(connections);
  slices_us[0] = slice_us_after(crowd[0]);
  all_send_requests(crowd, clock_now_us() + 1600000);
  slices_us[1] = slice_us_after(crowd[0]);
  for (int i = 0; i < CROWD; i++) connection_closing(crowd[i]);
  connections_free(connections);
  return NULL;
}

static void test_the_thread_of_one_of_many_steps_further_aside(void **state) {
  int slices_us[2];
  pthread_t thread;
  if (!slices_are_kept()) skip();
  pthread_create(&thread, NULL, serve_a_crowd, slices_us);
  pthread_join(thread, NULL);
  assert_int_equal(slices_us[0], 300);
  assert_in_range(slices_us[1], 400, 3000);  // of a round of 100 times 20 us
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_only_a_request_that_follows_close_on_another_is_one_of_a_busy_connection),
    cmocka_unit_test(test_the_thread_of_one_of_many_steps_further_aside),
    cmocka_unit_test(test_a_connection_without_a_slot_is_not_busy),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
