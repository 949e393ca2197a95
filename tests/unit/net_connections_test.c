// Connections as their threads see them: which are busy. What the table is for, crowds, is net_server_test's.
#include "net/connections.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_only_a_request_that_follows_close_on_another_is_one_of_a_busy_connection(void **state) {
  Connections *connections = connections_new(1, 1000);
  Connection *connection = connection_opened(connections);
  assert_false(connection_comes_again(connection, 5000000));
  assert_true(connection_comes_again(connection, 5000600));
  assert_true(connection_comes_again(connection, 5001200));
  assert_false(connection_comes_again(connection, 5004200));
  connection_closing(connection);
  assert_false(connection_comes_again(connection_opened(connections), 5004300));
  connections_free(connections);
}

static void test_a_connection_without_a_slot_is_not_busy(void **state) {
  assert_false(connection_comes_again(NULL, 1));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_only_a_request_that_follows_close_on_another_is_one_of_a_busy_connection),
    cmocka_unit_test(test_a_connection_without_a_slot_is_not_busy),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
