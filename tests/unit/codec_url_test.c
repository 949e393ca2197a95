// codec/url: query strings, percent-encoding, parts of an address.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/url.h"

static Arena *arena;

static int make_arena(void **state) { return (arena = arena_new()) ? 0 : -1; }

static int free_arena(void **state) {
  arena_free(arena);
  return 0;
}

static void assert_pair(const Pair *pair, Str name, Str value) {
  assert_non_null(pair);
  assert_true(str_eq(pair->name, name));
  assert_true(str_eq(pair->value, value));
}

static void test_a_query_is_split_and_decoded_in_order(void **state) {
  Pairs pairs;
  assert_true(url_parse_query(STR("a=1&b=%E4%BD%A0+x&a=2&empty=&bare&&c=x=y"), arena, &pairs));
  assert_int_equal(pairs.count, 6);
  const Pair *pair = pairs.first;
  assert_pair(pair, STR("a"), STR("1"));
  assert_pair(pair = pair->next, STR("b"), STR("你 x"));
  assert_pair(pair = pair->next, STR("a"), STR("2"));
  assert_pair(pair = pair->next, STR("empty"), STR(""));
  assert_pair(pair = pair->next, STR("bare"), STR(""));
  assert_pair(pair = pair->next, STR("c"), STR("x=y"));
  assert_null(pair->next);
}

static void test_a_percent_sign_without_two_digits_stays(void **state) {
  Pairs pairs;
  assert_true(url_parse_query(STR("a=100%&b=%4&c=%zz&d=%00&%41=x%4"), arena, &pairs));
  const Pair *pair = pairs.first;
  assert_pair(pair, STR("a"), STR("100%"));
  assert_pair(pair = pair->next, STR("b"), STR("%4"));
  assert_pair(pair = pair->next, STR("c"), STR("%zz"));
  assert_pair(pair = pair->next, STR("d"), STR("\0"));
  assert_pair(pair = pair->next, STR("A"), STR("x%4"));
}

static void test_no_more_than_64_pairs_are_kept(void **state) {
  Buf query;
  buf_init(&query);
  for (int i = 0; i < 100; i++) buf_printf(&query, "&p%d=%d", i, i);
  Pairs pairs;
  assert_true(url_parse_query(buf_str(&query), arena, &pairs));
  assert_int_equal(pairs.count, 64);
  assert_pair(pairs.last, STR("p63"), STR("63"));
  buf_clear(&query);
}

static void test_an_empty_query_has_no_pairs(void **state) {
  Pairs pairs;
  assert_true(url_parse_query(str_make(NULL, 0), arena, &pairs));
  assert_int_equal(pairs.count, 0);
  assert_null(pairs.first);
}

static void test_all_but_unreserved_characters_are_encoded(void **state) {
  Buf out;
  buf_init(&out);
  url_add_encoded(&out, STR("AZaz09-_.~ /?&=+%你\0\xff"));
  assert_string_equal(out.ptr, "AZaz09-_.~%20%2F%3F%26%3D%2B%25%E4%BD%A0%00%FF");
  buf_clear(&out);
}

static void test_parameters_are_appended_with_the_right_sign(void **state) {
  Buf out;
  buf_init(&out);
  buf_add(&out, STR("https://x/y"));
  url_add_param(&out, STR("a"), STR("1 2"));
  url_add_param(&out, STR("b"), STR("&"));
  assert_string_equal(out.ptr, "https://x/y?a=1%202&b=%26");
  buf_reset(&out);
  buf_add(&out, STR("https://x/y?"));
  url_add_param(&out, STR("a"), STR("1"));
  assert_string_equal(out.ptr, "https://x/y?a=1");
  buf_clear(&out);
}

static void assert_split(const char *text, const char *scheme, const char *userinfo,
                         const char *host, int port, const char *path, const char *query) {
  Url url;
  Err err = { 0 };
  if (!url_split(str_of(text), &url, &err)) fail_msg("%s: %s", text, err.text);
  assert_true(str_eq(url.scheme, str_of(scheme)));
  assert_true(str_eq(url.userinfo, str_of(userinfo)));
  assert_true(str_eq(url.host, str_of(host)));
  assert_int_equal(url.port, port);
  assert_true(str_eq(url.path, str_of(path)));
  assert_true(str_eq(url.query, str_of(query)));
}

static void test_an_address_is_taken_apart(void **state) {
  assert_split("https://api.weixin.qq.com", "https", "", "api.weixin.qq.com", -1, "", "");
  assert_split("http://127.0.0.1:8080/wechat?a=b#top", "http", "", "127.0.0.1", 8080, "/wechat",
               "a=b");
}

static void test_passwords_ipv6_and_bare_queries_are_understood(void **state) {
  assert_split("redis://:p%40ss@host:6379/2", "redis", ":p%40ss", "host", 6379, "/2", "");
  assert_split("redis://:a@b@host/2", "redis", ":a@b", "host", -1, "/2", "");
  assert_split("http://[::1]:80/x", "http", "", "::1", 80, "/x", "");
  assert_split("http://host?q", "http", "", "host", -1, "", "q");
  assert_split("http://host#f?q", "http", "", "host", -1, "", "");
  Url url;
  assert_true(url_split(STR("http://[fe80::1%25eth0]/"), &url, NULL));
  assert_true(url.ipv6);
}

static void test_what_is_no_address_is_refused(void **state) {
  static const char *const bad[] = { "",
                                     "host",
                                     "host:80",
                                     "://host",
                                     "1http://host",
                                     "http://",
                                     "http://:80",
                                     "http://host:",
                                     "http://host:0",
                                     "http://host:65536",
                                     "http://host:x",
                                     "http://[::1",
                                     "http://[]",
                                     "http://[::1]x",
                                     "http://ho st",
                                     "http://host/\n",
                                     "http://a:b:c",
                                     "http://h<st",
                                     "http://h[st" };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    Url url;
    Err err = { 0 };
    if (url_split(str_of(bad[i]), &url, &err)) fail_msg("taken: %s", bad[i]);
    assert_int_equal(err.code, ERR_INVALID);
  }
}

static void test_an_address_of_http_has_no_other_scheme(void **state) {
  static const char *const good[] = { "http://a", "https://a/b", "HTTP://a" };
  Url url;
  Err err = { 0 };
  for (size_t i = 0; i < 3; i++) assert_true(url_split_http(str_of(good[i]), &url, &err));
  assert_false(url_split_http(STR("ftp://a"), &url, &err));
  assert_string_equal(err.text, "the address must begin with http:// or https://");
  assert_false(url_split_http(STR("http://a/\t"), &url, &err));
  assert_string_equal(err.text,
                      "byte 10 of the address is a control character: write %09 in its place");
}

static void test_each_byte_that_may_not_stand_in_an_address_is_found_everywhere(void **state) {
  char text[64] = "http://a/";
  for (size_t at = 9; at < 60; at++) {
    for (int c = 0; c < 256; c++) {
      Url url;
      memset(text + 9, 'x', sizeof text - 9);
      text[at] = (char)c;
      assert_int_equal(url_split(str_make(text, 60), &url, NULL), c > ' ' && c != 0x7F);
    }
  }
}

static void test_a_refusal_never_repeats_the_password(void **state) {
  Url url;
  Err err = { 0 };
  assert_false(url_split(STR("redis://:s3cret@host:port"), &url, &err));
  assert_null(strstr(err.text, "s3cret"));
}

static void test_a_message_names_host_and_port_alone(void **state) {
  char place[URL_PLACE_SIZE];
  assert_string_equal(url_place(STR("https://u:p@host:81/a?token=1"), place), "host:81");
  assert_string_equal(url_place(STR("http://host/a"), place), "host");
  assert_string_equal(url_place(STR("no address"), place), "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_query_is_split_and_decoded_in_order),
    cmocka_unit_test(test_a_percent_sign_without_two_digits_stays),
    cmocka_unit_test(test_no_more_than_64_pairs_are_kept),
    cmocka_unit_test(test_an_empty_query_has_no_pairs),
    cmocka_unit_test(test_all_but_unreserved_characters_are_encoded),
    cmocka_unit_test(test_parameters_are_appended_with_the_right_sign),
    cmocka_unit_test(test_an_address_is_taken_apart),
    cmocka_unit_test(test_passwords_ipv6_and_bare_queries_are_understood),
    cmocka_unit_test(test_what_is_no_address_is_refused),
    cmocka_unit_test(test_an_address_of_http_has_no_other_scheme),
    cmocka_unit_test(test_each_byte_that_may_not_stand_in_an_address_is_found_everywhere),
    cmocka_unit_test(test_a_refusal_never_repeats_the_password),
    cmocka_unit_test(test_a_message_names_host_and_port_alone),
  };
  return cmocka_run_group_tests(tests, make_arena, free_arena);
}
