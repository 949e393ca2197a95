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

static void goes_to(const char *url, const char *name, int number) {
  RedisUrl parts = parse(url);
  Str host;
  int port = 6379;
  assert_true(redis_url_next_host(&parts.hosts, &host, &port));
  is(host, name);
  assert_int_equal(port, number);
  assert_false(redis_url_next_host(&parts.hosts, &host, &port));
}

static void refuses(const char *url, const char *word) {
  RedisUrl parts;
  Err err = { 0 };
  assert_false(redis_url_parse(str_of(url), &parts, &err));
  assert_int_equal(err.code, ERR_USAGE);
  if (!strstr(err.text, word)) fail_msg("\"%s\" does not say \"%s\"", err.text, word);
}

static void test_a_url_comes_apart(void **state) {
  RedisUrl url = parse("redis://user:p%40ss@host:6380/7");
  assert_int_equal(url.kind, REDIS_PLAIN);
  is(url.user, "user");
  is(url.password, "p%40ss");
  assert_int_equal(url.db, 7);
  goes_to("redis://user:p%40ss@host:6380/7", "host", 6380);
}

static void test_port_database_and_login_may_be_left_out(void **state) {
  goes_to("redis://host", "host", 6379);
  goes_to("redis://host/", "host", 6379);
  assert_int_equal(parse("redis://host").db, 0);
  is(parse("redis://host").password, "");
}

static void test_the_last_at_ends_the_password(void **state) {
  const char *text = "redis://:a@b/c?d#e:f@host/1";
  is(parse(text).user, "");
  is(parse(text).password, "a@b/c?d#e:f");
  goes_to(text, "host", 6379);
}

static void test_an_ipv6_address_stands_in_brackets(void **state) {
  goes_to("redis://[::1]:1234/2", "::1", 1234);
  goes_to("redis://[::1]", "::1", 6379);
  refuses("redis://[::1/2", "incomplete");
  refuses("redis://[::1]1/2", "incomplete");
  refuses("redis://[::1]:/2", "incomplete");
}

static void test_tls_is_the_same_with_another_scheme(void **state) {
  assert_int_equal(parse("rediss://u:p@host/3").kind, REDIS_TLS);
  assert_int_equal(parse("rediss://u:p@host/3").db, 3);
  goes_to("rediss://u:p@host:1/3", "host", 1);
  refuses("rediss://u@host", "rediss://[[USER]:PASSWORD@]HOST");
}

static void test_a_socket_has_a_path_that_fits(void **state) {
  char path[200] = "redis+unix:";
  is(parse("redis+unix:/run/redis/redis.sock").path, "/run/redis/redis.sock");
  assert_int_equal(parse("redis+unix:x").kind, REDIS_SOCKET);
  refuses("redis+unix:", "path of the socket is missing");
  memset(path + strlen(path), 'x', 108);
  refuses(path, "107 bytes");
}

static void test_sentinels_are_a_list_with_a_master(void **state) {
  RedisUrl url = parse("redis+sentinel://:pw@a:1,[::2]:3,c/mymaster/4");
  assert_int_equal(url.kind, REDIS_SENTINEL);
  is(url.master, "mymaster");
  is(url.password, "pw");
  assert_int_equal(url.db, 4);
  static const char *const names[] = { "a", "::2", "c" };
  static const int numbers[] = { 1, 3, 26379 };
  for (int i = 0; i < 3; i++) {
    Str host;
    int port = 26379;
    assert_true(redis_url_next_host(&url.hosts, &host, &port));
    is(host, names[i]);
    assert_int_equal(port, numbers[i]);
  }
  assert_int_equal(parse("redis+sentinel://a/m").db, 0);
}

static void test_what_is_missing_or_too_much_is_said(void **state) {
  refuses("redis:host", "//");
  refuses("redis://", "host is missing");
  refuses("redis://host:0", "port");
  refuses("redis://a,b/0", "several hosts");
  refuses("redis://host/1048577", "database");
  refuses("redis+sentinel://a", "master");
  refuses("redis+sentinel://a,/m", "host");
  refuses("redis+sentinel://a,:1/m", "host is missing");
  refuses("redis+sentinel://a/m/x", "database");
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
    cmocka_unit_test(test_tls_is_the_same_with_another_scheme),
    cmocka_unit_test(test_a_socket_has_a_path_that_fits),
    cmocka_unit_test(test_sentinels_are_a_list_with_a_master),
    cmocka_unit_test(test_what_is_missing_or_too_much_is_said),
    cmocka_unit_test(test_percent_encoded_bytes_are_decoded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
