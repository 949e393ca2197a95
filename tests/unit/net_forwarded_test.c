// net/forwarded: the trusted proxies, and the clients that they name.
#include "net/forwarded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"

static TrustedProxies proxies;
static Err err;

static void trust(const char *list) {
  if (!forwarded_trust(&proxies, str_of(list), &err)) fail_msg("%s: %s", list, err.text);
}

static void assert_client(const char *peer, const char *header, const char *expected) {
  char out[FORWARDED_TEXT_MAX];
  Pair headers[] = { { .name = STR("Host"), .value = STR("x") },
                     { .name = STR("x-forwarded-for"), .value = str_of(header) } };
  forwarded_client(&proxies, peer, headers, 2, out);
  if (strcmp(out, expected) != 0) fail_msg("%s from %s is %s, not %s", header, peer, out, expected);
}

static void test_the_rightmost_address_that_is_not_trusted_counts(void **state) {
  trust("127.0.0.1, ::1, 10.0.0.0/8");
  assert_client("127.0.0.1", "203.0.113.5", "203.0.113.5");
  assert_client("127.0.0.1", "6.6.6.6, 203.0.113.5, 10.1.2.3", "203.0.113.5");
  assert_client("::1", " 2001:db8::1 ", "2001:db8::1");
  assert_client("10.255.0.1", "203.0.113.5,10.0.0.1,127.0.0.1", "203.0.113.5");
}

static void test_who_is_not_trusted_is_not_believed(void **state) {
  trust("127.0.0.1");
  assert_client("203.0.113.9", "1.2.3.4", "203.0.113.9");
  assert_client("127.0.0.1", "1.2.3.4, 203.0.113.9", "203.0.113.9");
  trust("");
  assert_client("127.0.0.1", "1.2.3.4", "127.0.0.1");
}

static void test_without_a_name_the_proxy_itself_is_named(void **state) {
  trust("127.0.0.1 10.0.0.0/8");
  assert_client("127.0.0.1", "", "127.0.0.1");
  assert_client("127.0.0.1", "unknown", "127.0.0.1");
  assert_client("127.0.0.1", "1.2.3.4, unknown", "127.0.0.1");
  assert_client("127.0.0.1", "1.2.3.4, , 10.0.0.1", "10.0.0.1");
  assert_client("127.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3");
  assert_client("an unknown address", "1.2.3.4", "an unknown address");
}

static void test_several_headers_are_one_list(void **state) {
  char out[FORWARDED_TEXT_MAX];
  trust("127.0.0.1, 10.0.0.0/8");
  Pair headers[] = { { .name = STR("X-Forwarded-For"), .value = STR("6.6.6.6, 203.0.113.5") },
                     { .name = STR("Forwarded"), .value = STR("for=7.7.7.7") },
                     { .name = STR("X-Forwarded-For"), .value = STR("10.0.0.1") } };
  assert_string_equal(forwarded_client(&proxies, "127.0.0.1", headers, 3, out), "203.0.113.5");
}

static void test_ports_behind_addresses_are_dropped(void **state) {
  trust("127.0.0.1");
  assert_client("127.0.0.1", "203.0.113.5:4711", "203.0.113.5");
  assert_client("127.0.0.1", "[2001:db8::1]:4711", "2001:db8::1");
  assert_client("127.0.0.1", "[2001:db8::1]", "2001:db8::1");
  assert_client("127.0.0.1", "2001:db8::1", "2001:db8::1");
  assert_client("127.0.0.1", "::ffff:203.0.113.5", "203.0.113.5");
}

static void test_blocks_count_their_bits(void **state) {
  trust("192.168.4.0/22, 2001:db8:8000::/33, 172.16.0.1/32");
  assert_client("192.168.7.255", "1.1.1.1", "1.1.1.1");
  assert_client("192.168.8.0", "1.1.1.1", "192.168.8.0");
  assert_client("192.168.3.255", "1.1.1.1", "192.168.3.255");
  assert_client("2001:db8:ffff::1", "1.1.1.1", "1.1.1.1");
  assert_client("2001:db8:7fff::1", "1.1.1.1", "2001:db8:7fff::1");
  assert_client("172.16.0.1", "1.1.1.1", "1.1.1.1");
  assert_client("172.16.0.2", "1.1.1.1", "172.16.0.2");
  trust("0.0.0.0/0");
  assert_client("8.8.8.8", "1.1.1.1", "1.1.1.1");
  assert_client("2001:db8::1", "1.1.1.1", "2001:db8::1");
  trust("::/0");
  assert_client("2001:db8::1", "1.1.1.1", "1.1.1.1");
}

static void test_a_list_that_is_none_is_refused_by_its_entry(void **state) {
  static const char *const lists[] = { "localhost",   "127.0.0.1/33",   "::1/129",    "10.0.0.0/-0",
                                       "10.0.0.0/",   "10.0.0/8",       "1.2.3.4:80", "[::1]",
                                       "10.0.0.0/8x", "127.0.0.1; ::1", "1.2.3.4/+8", "::1/64/64",
                                       "999.1.1.1" };
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    if (forwarded_trust(&proxies, str_of(lists[i]), &err)) fail_msg("%s is taken", lists[i]);
    assert_int_equal(err.code, ERR_USAGE);
  }
  assert_false(forwarded_trust(&proxies, STR("::1, my-proxy"), &err));
  assert_non_null(strstr(err.text, "'my-proxy'"));
}

static void test_more_blocks_than_there_is_room_for_are_refused(void **state) {
  Buf list;
  buf_init(&list);
  for (int i = 0; i < FORWARDED_BLOCKS_MAX; i++) buf_printf(&list, "10.0.0.%d,", i);
  assert_true(forwarded_trust(&proxies, buf_str(&list), &err));
  buf_add(&list, STR("::1"));
  assert_false(forwarded_trust(&proxies, buf_str(&list), &err));
  buf_clear(&list);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_the_rightmost_address_that_is_not_trusted_counts),
    cmocka_unit_test(test_who_is_not_trusted_is_not_believed),
    cmocka_unit_test(test_without_a_name_the_proxy_itself_is_named),
    cmocka_unit_test(test_several_headers_are_one_list),
    cmocka_unit_test(test_ports_behind_addresses_are_dropped),
    cmocka_unit_test(test_blocks_count_their_bits),
    cmocka_unit_test(test_a_list_that_is_none_is_refused_by_its_entry),
    cmocka_unit_test(test_more_blocks_than_there_is_room_for_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
