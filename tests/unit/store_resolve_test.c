// store/resolve: the addresses of a host, within a time limit.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/resolve.h"

#include <netdb.h>

#include "base/clock.h"

enum { SECOND_US = 1000000 };

static const struct addrinfo *ask(Resolver *resolver, int64_t wait_us, const char **why) {
  *why = NULL;
  return resolver_ask(resolver, clock_now_us() + wait_us, why);
}

static void test_a_numeric_address_is_its_own(void **state) {
  Resolver *resolver = resolver_new("127.0.0.1");
  const char *why;
  const struct addrinfo *address = ask(resolver, SECOND_US, &why);
  assert_non_null(address);
  assert_int_equal(address->ai_family, AF_INET);
  assert_non_null(ask(resolver, SECOND_US, &why));  // and again
  resolver_free(resolver);
}

static void test_ipv4_comes_first(void **state) {
  Resolver *resolver = resolver_new("localhost");
  const char *why;
  const struct addrinfo *address = ask(resolver, 5 * SECOND_US, &why);
  if (!address) {  // a minimal machine may have no /etc/hosts
    resolver_free(resolver);
    skip();
  }
  for (bool six = false; address; address = address->ai_next) {
    assert_false(six && address->ai_family == AF_INET);
    six = address->ai_family == AF_INET6;
  }
  resolver_free(resolver);
}

static void test_a_name_that_nobody_has_says_why_in_time(void **state) {
  Resolver *resolver = resolver_new("no-such-host.invalid");
  const char *why;
  int64_t begun_us = clock_now_us();
  assert_null(ask(resolver, SECOND_US, &why));
  assert_true(clock_now_us() - begun_us < 3 * SECOND_US);
  assert_non_null(why);
  assert_true(why[0]);
  resolver_free(resolver);  // while the lookup may still be under way
}

static void test_nothing_is_fine_to_free(void **state) { resolver_free(NULL); }

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_numeric_address_is_its_own),
    cmocka_unit_test(test_ipv4_comes_first),
    cmocka_unit_test(test_a_name_that_nobody_has_says_why_in_time),
    cmocka_unit_test(test_nothing_is_fine_to_free),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
