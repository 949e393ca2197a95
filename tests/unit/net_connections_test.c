// Connections as seen by their threads. net_server_test tests the table with crowds of clients.
#include "net/connections.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/listener.h"
#include "raw_client.h"

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

static bool is_shut(int fd) {
  char byte;
  return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

// Even one whose client has gone, so that its descriptor is no connection any more.
static void test_stopping_waits_for_what_pollers_serve_and_does_not_shut_it(void **state) {
  enum { SOON_MS = 300 };
  Listener listener;
  Err err;
  Connections *connections = connections_new(2, 1000);
  assert_true(listener_open(&listener, STR("0"), 16, &err));
  connections_serve(connections, listener.port);
  listener_give_at_once(listener.fd);
  int client = dial(listener.port);
  struct pollfd wait = { .fd = listener.fd, .events = POLLIN };
  assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
  int fd = accept(listener.fd, NULL, NULL);
  assert_true(fd >= 0);
  connections_serve_begin(connections, fd);
  connections_drain(connections, SOON_MS);
  assert_false(is_shut(fd));
  int64_t began_ms = clock_now_ms();
  setsockopt(client, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 },
             sizeof(struct linger));
  close(client);
  connections_drain(connections, SOON_MS);
  assert_true(clock_now_ms() - began_ms >= SOON_MS);
  connections_close_served(connections, fd);
  began_ms = clock_now_ms();
  connections_drain(connections, PATIENCE_MS);
  assert_true(clock_now_ms() - began_ms < PATIENCE_MS);
  connections_free(connections);
  listener_close(&listener);
}

static void test_what_a_poller_serves_is_busy(void **state) {
  Connections *connections = connections_new(2, 1000);
  connections_serve_begin(connections, 9);
  assert_int_equal(connections_busy(connections), 1);
  connections_serve_end(connections, 9);
  assert_int_equal(connections_busy(connections), 0);
  connections_free(connections);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_connection_is_busy_until_it_closes),
    cmocka_unit_test(test_its_descriptor_is_known_from_its_first_request_on),
    cmocka_unit_test(test_a_request_without_a_connection_is_nobodys),
    cmocka_unit_test(test_stopping_waits_for_what_pollers_serve_and_does_not_shut_it),
    cmocka_unit_test(test_what_a_poller_serves_is_busy),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
