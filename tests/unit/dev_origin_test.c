// Which names and addresses are this machine's alone.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dev/origin.h"

static void test_the_names_of_loopback_fit_with_the_servers_port(void **state) {
  static const char *const good[] = { "localhost:8080", "LocalHost:8080", "127.0.0.1:8080",
                                      "[::1]:8080" };
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
    assert_true(origin_host_fits(str_of(good[i]), 8080));
  assert_true(origin_host_fits(STR("localhost"), 80));
}

static void test_no_other_name_or_port_fits(void **state) {
  static const char *const bad[] = { "",
                                     "localhost",
                                     "localhost:",
                                     "localhost:8081",
                                     "localhost:80800",
                                     "localhost:8080.evil.example",
                                     "localhost:8080 ",
                                     "localhost8080",
                                     "localhost.:8080",
                                     "localhost.evil.example:8080",
                                     "evil.example:8080",
                                     "127.0.0.1.evil.example:8080",
                                     "127.0.0.10:8080",
                                     "[::1]",
                                     "[::1]evil:8080",
                                     "::1:8080",
                                     "0.0.0.0:8080",
                                     "user@localhost:8080",
                                     "localhost:-8080" };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    if (origin_host_fits(str_of(bad[i]), 8080)) fail_msg("\"%s\" fits", bad[i]);
  }
}

static void test_an_address_to_listen_on_is_loopback_or_it_is_not(void **state) {
  assert_true(origin_is_loopback(STR("8080")));
  assert_true(origin_is_loopback(STR("127.0.0.1:0")));
  assert_true(origin_is_loopback(STR("127.1.2.3:80")));
  assert_true(origin_is_loopback(STR("[::1]:80")));
  assert_false(origin_is_loopback(STR("0.0.0.0:80")));
  assert_false(origin_is_loopback(STR("[::]:80")));
  assert_false(origin_is_loopback(STR("[::11]:80")));
  assert_false(origin_is_loopback(STR("10.0.0.1:80")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_the_names_of_loopback_fit_with_the_servers_port),
    cmocka_unit_test(test_no_other_name_or_port_fits),
    cmocka_unit_test(test_an_address_to_listen_on_is_loopback_or_it_is_not),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
