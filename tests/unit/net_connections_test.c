// Connections as seen by their threads. net_server_test tests the table with crowds of clients.
#include "net/connections.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_a_connection_is_busy_until_it_closes(void **state) {
  Connections *connections = connections_new(2, 1000);
  Connection *first = connection_opened(connections), *second = connection_opened(connections);
  assert_int_equal(connections_busy(connections), 2);
  assert_null(connection_opened(connections));
  connection_closing(first);
  assert_int_equal(connections_busy(connections), 1);
  assert_ptr_equal(connection_opened(connections), first);
  connection_closing(first);
  connection_closing(second);
  connections_free(connections);
}

static void test_its_descriptor_is_known_from_its_first_request_on(void **state) {
  Connections *connections = connections_new(1, 1000);
  Connection *connection = connection_opened(connections);
  assert_int_equal(connection_descriptor(connection), -1);
  connection_introduce(connection, 7);
  assert_int_equal(connection_descriptor(connection), 7);
  connection_closing(connection);
  assert_int_equal(connection_descriptor(connection_opened(connections)), -1);
  connections_free(connections);
}

static void test_a_request_without_a_connection_is_nobodys(void **state) {
  connection_comes(NULL, 1, 1);
  connection_reads(NULL);
  connection_handles(NULL);
  connection_waits(NULL);
  connection_closing(NULL);
  assert_int_equal(connection_descriptor(NULL), -1);
  assert_false(connection_should_close(NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_connection_is_busy_until_it_closes),
    cmocka_unit_test(test_its_descriptor_is_known_from_its_first_request_on),
    cmocka_unit_test(test_a_request_without_a_connection_is_nobodys),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
