// net/listener: the addresses, and the errors.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/listener.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/tcp_state.h"
#include "raw_client.h"

static Listener listener;
static Err err;

static bool opens(const char *listen) {
  err = (Err){ 0 };
  listener = (Listener){ .fd = -1 };
  return listener_open(&listener, str_of(listen), 16, &err);
}

static bool connects(int family, int port) {
  struct sockaddr_in v4 = { .sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
                             .sin6_port = htons((uint16_t)port),
                             .sin6_addr = in6addr_loopback };
  int fd = socket(family, SOCK_STREAM, 0);
  bool done = family == AF_INET ? connect(fd, (struct sockaddr *)&v4, sizeof v4) == 0
                                : connect(fd, (struct sockaddr *)&v6, sizeof v6) == 0;
  close(fd);
  return done;
}

static void test_a_port_alone_is_of_the_loopback(void **state) {
  assert_true(opens("0"));
  char address[64];
  snprintf(address, sizeof address, "127.0.0.1:%d", listener.port);
  assert_string_equal(listener.address, address);
  assert_true(connects(AF_INET, listener.port));
  listener_close(&listener);
}

static void test_an_address_and_a_port(void **state) {
  assert_true(opens("127.0.0.1:0"));
  assert_true(listener.port > 0);
  assert_true(connects(AF_INET, listener.port));
  listener_close(&listener);
}

static void test_ipv6_stands_in_brackets(void **state) {
  if (!opens("[::1]:0")) return;  // a machine without IPv6
  char address[64];
  snprintf(address, sizeof address, "[::1]:%d", listener.port);
  assert_string_equal(listener.address, address);
  assert_true(connects(AF_INET6, listener.port));
  listener_close(&listener);
}

static void test_what_is_no_address_is_the_callers_fault(void **state) {
  static const char *const wrong[] = {
    "",   "host",  ":",      "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "65536",
    "-1", "[::1]", "[::1]:", "[::1:80",    "::1:80",      "1.2.3:80",        "127.0.0.1:80:80"
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    if (opens(wrong[i])) fail_msg("%s: opened", wrong[i]);
    if (err.code != ERR_USAGE || !err.text[0]) fail_msg("%s: %s", wrong[i], err.text);
  }
}

static void test_a_port_that_is_taken_is_named(void **state) {
  assert_true(opens("0"));
  Listener taken = listener;
  char listen[32];
  snprintf(listen, sizeof listen, "%d", listener.port);
  assert_false(opens(listen));
  assert_int_equal(err.code, ERR_FAILED);
  assert_non_null(strstr(err.text, listen));
  listener_close(&taken);
}

static void test_an_address_of_another_machine_cannot_be_had(void **state) {
  assert_false(opens("192.0.2.1:0"));
  assert_int_equal(err.code, ERR_FAILED);
}

// Limits the process to `spare` more descriptors. Returns the previous limit.
static struct rlimit leave_descriptors(int spare) {
  struct rlimit limit, few;
  int first = dup(0);
  close(first);
  getrlimit(RLIMIT_NOFILE, &limit);
  few = limit;
  few.rlim_cur = (rlim_t)(first + spare);
  setrlimit(RLIMIT_NOFILE, &few);
  return limit;
}

static void test_it_falls_quiet_without_a_descriptor_to_spare(void **state) {
  assert_true(opens("0"));
  int port = listener.port;
  struct rlimit limit = leave_descriptors(0);
  listener_quiet(&listener);
  setrlimit(RLIMIT_NOFILE, &limit);
  assert_false(connects(AF_INET, port));
  listener_close(&listener);
}

static void test_one_that_is_shared_goes_on_for_the_other_process(void **state) {
  Listener inherited;
  assert_true(opens("0"));
  int fd = dup(listener.fd);
  assert_true(listener_inherit(&inherited, fd, &err));
  assert_int_equal(inherited.port, listener.port);
  listener_quiet(&inherited);
  listener_close(&inherited);
  assert_true(connects(AF_INET, listener.port));
  listener_close(&listener);
}

static void test_anothers_listening_socket_is_replaced_under_its_descriptor(void **state) {
  int ends[2];
  assert_true(opens("0"));
  Listener other = listener;
  assert_true(opens("0"));
  assert_int_equal(pipe(ends), 0);
  assert_true(listener_replace(&listener, other.port, ends[0], &err));
  assert_false(connects(AF_INET, other.port));
  assert_true(connects(AF_INET, listener.port));
  struct pollfd wait = { .fd = other.fd, .events = POLLIN };
  assert_int_equal(poll(&wait, 1, 0), 0);
  assert_int_equal(write(ends[1], "x", 1), 1);
  assert_int_equal(poll(&wait, 1, 0), 1);
  listener_close(&other);
  listener_close(&listener);
  close(ends[0]);
  close(ends[1]);
}

static bool is_there_within(int timeout_ms) {
  struct pollfd wait = { .fd = listener.fd, .events = POLLIN };
  return poll(&wait, 1, timeout_ms) == 1;
}

// They need no system call of their own.
static void test_connections_inherit_what_the_socket_was_told(void **state) {
  assert_true(opens("0"));
  int client = dial(listener.port), on = 0, probed = 0;
  socklen_t len = sizeof on;
  assert_int_equal(send(client, "G", 1, 0), 1);
  assert_true(is_there_within(PATIENCE_MS));
  int fd = accept(listener.fd, NULL, NULL);
  assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
  assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &probed, &len), 0);
  assert_true(on && probed);
  close(fd);
  close(client);
  listener_close(&listener);
}

// A second passes until the system asks the client again.
static void test_a_connection_is_there_with_its_first_bytes_or_a_second_later(void **state) {
  assert_true(opens("0"));
  int speaks = dial(listener.port), silent = dial(listener.port);
  assert_false(is_there_within(300));
  assert_int_equal(send(speaks, "G", 1, 0), 1);
  for (int i = 0; i < 2; i++) {
    assert_true(is_there_within(PATIENCE_MS));
    int fd = accept(listener.fd, NULL, NULL);
    assert_in_range(tcp_times(fd).opening_us, 250 * 1000, PATIENCE_MS * 1000);
    close(fd);
  }
  close(speaks);
  close(silent);
  listener_close(&listener);
}

static void test_without_a_descriptor_it_is_not_opened(void **state) {
  int first = dup(0);
  close(first);
  struct rlimit limit = leave_descriptors(0);
  bool opened = opens("0");
  setrlimit(RLIMIT_NOFILE, &limit);
  assert_false(opened);
  assert_non_null(strstr(err.text, "ulimit -n"));
  assert_int_equal(listener.fd, -1);
  int next = dup(0);
  close(next);
  assert_int_equal(next, first);  // no descriptor is left open
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_port_alone_is_of_the_loopback),
    cmocka_unit_test(test_an_address_and_a_port),
    cmocka_unit_test(test_ipv6_stands_in_brackets),
    cmocka_unit_test(test_what_is_no_address_is_the_callers_fault),
    cmocka_unit_test(test_a_port_that_is_taken_is_named),
    cmocka_unit_test(test_an_address_of_another_machine_cannot_be_had),
    cmocka_unit_test(test_it_falls_quiet_without_a_descriptor_to_spare),
    cmocka_unit_test(test_one_that_is_shared_goes_on_for_the_other_process),
    cmocka_unit_test(test_anothers_listening_socket_is_replaced_under_its_descriptor),
    cmocka_unit_test(test_connections_inherit_what_the_socket_was_told),
    cmocka_unit_test(test_a_connection_is_there_with_its_first_bytes_or_a_second_later),
    cmocka_unit_test(test_without_a_descriptor_it_is_not_opened),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
