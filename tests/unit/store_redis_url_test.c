// store/redis_url: the parts of a Redis URL.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/redis_url.h"

static void is(Str part, const char *text) {
  if (!str_eq(part, str_of(text))) fail_msg("\"%.*s\" is not \"%s\"", STR_FMT(part), text);
}

static RedisUrl parse(const char *url) {
  RedisUrl parts;
  Err err = { 0 };
  if (!redis_url_parse(str_of(url), &parts, &err)) fail_msg("%s: %s", url, err.text);
  return parts;
}

static void test_a_url_comes_apart(void **state) {
  RedisUrl url = parse("redis://user:p%40ss@host:6380/7");
  is(url.user, "user");
  is(url.password, "p%40ss");
  is(url.host, "host");
  assert_int_equal(url.port, 6380);
  assert_int_equal(url.db, 7);
}

static void test_port_database_and_login_may_be_left_out(void **state) {
  RedisUrl url = parse("redis://host");
  is(url.host, "host");
  assert_int_equal(url.port, 6379);
  assert_int_equal(url.db, 0);
  is(url.password, "");
  is(parse("redis://host/").host, "host");
}

static void test_the_last_at_ends_the_password(void **state) {
  RedisUrl url = parse("redis://:a@b/c?d#e:f@host/1");
  is(url.user, "");
  is(url.password, "a@b/c?d#e:f");
  is(url.host, "host");
}

static void test_an_ipv6_address_stands_in_brackets(void **state) {
  RedisUrl url = parse("redis://[::1]:1234/2");
  is(url.host, "::1");
  assert_int_equal(url.port, 1234);
  RedisUrl parts;
  assert_false(redis_url_parse(STR("redis://[::1/2"), &parts, NULL));
  assert_false(redis_url_parse(STR("redis://[::1]1/2"), &parts, NULL));
}

static void decodes(const char *text, const char *to) {
  char out[64];
  assert_int_equal(redis_url_decode(str_of(text), out), strlen(to));
  assert_string_equal(out, to);
}

static void test_percent_encoded_bytes_are_decoded(void **state) {
  decodes("", "");
  decodes("p%40s%3as", "p@s:s");
  decodes("100%", "100%");
  decodes("%4", "%4");
  decodes("%zz%41", "%zzA");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_url_comes_apart),
    cmocka_unit_test(test_port_database_and_login_may_be_left_out),
    cmocka_unit_test(test_the_last_at_ends_the_password),
    cmocka_unit_test(test_an_ipv6_address_stands_in_brackets),
    cmocka_unit_test(test_percent_encoded_bytes_are_decoded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
