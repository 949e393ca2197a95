// net/head: reads the headers of a request, and refuses invalid ones.
#include "net/head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { HEADERS_MAX = 8 };

// `lines`: "Name: value" with line feeds between.
static Head read_head(const char *version, const char *target, const char *lines) {
  Pair headers[HEADERS_MAX];
  size_t count = 0;
  Str rest = str_of(lines), line, name, value;
  while (rest.len > 0) {
    str_cut(rest, '\n', &line, &rest);
    str_cut(line, ':', &name, &value);
    headers[count++] = (Pair){ .name = name, .value = str_trim(value) };
  }
  return head_read(&(HeadLines){ .method = "POST",
                                 .target = target,
                                 .version = version,
                                 .headers = headers,
                                 .header_count = count });
}

static Head read_1_1(const char *lines) {
  char all[512];
  snprintf(all, sizeof all, "Host: x\n%s", lines);
  return read_head("1.1", "/", all);
}

static void assert_fault(Head head, const char *fault) {
  assert_int_equal(head.status, 400);
  if (!strstr(head.fault, fault)) fail_msg("'%s' does not say '%s'", head.fault, fault);
}

static void test_the_length_of_the_body(void **state) {
  assert_int_equal(read_1_1("").body_len, -1);
  assert_int_equal(read_1_1("content-length: 12").body_len, 12);
  assert_int_equal(read_1_1("Content-Length: 9223372036854775807").body_len, INT64_MAX);
  assert_true(read_1_1("TRANSFER-ENCODING: Chunked").chunked);
  assert_true(read_1_1("Expect: 100-Continue").expects);
}

static void test_a_body_of_two_lengths_has_none(void **state) {
  assert_fault(read_1_1("Content-Length: 5\nContent-Length: 5"), "more than one Content-Length");
  assert_fault(read_1_1("Content-Length: 5\nTransfer-Encoding: chunked"), "both");
  assert_fault(read_1_1("Transfer-Encoding: chunked\nTransfer-Encoding: chunked"),
               "else than chunked");
  assert_fault(read_1_1("Transfer-Encoding: gzip, chunked"), "else than chunked");
  assert_fault(read_1_1("Transfer-Encoding: identity"), "else than chunked");
  assert_fault(read_head("1.0", "/", "Transfer-Encoding: chunked"), "HTTP/1.0");
  static const char *const lengths[] = { "",    "x",   "-1",
                                         "+1",  "1 1", "0x10",
                                         "5,5", "1.0", "9223372036854775808" };
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    char line[64];
    snprintf(line, sizeof line, "Content-Length: %s", lengths[i]);
    assert_fault(read_1_1(line), "no number");
  }
}

static void test_a_request_is_for_one_host(void **state) {
  assert_fault(read_head("1.1", "/", "Host: a\nHost: a"), "more than one Host");
  assert_fault(read_head("1.1", "/", "Accept: x"), "no Host");
  assert_int_equal(read_head("1.0", "/", "Accept: x").status, 0);
  assert_int_equal(read_head("1.1", "/", "Host:").status, 0);
  assert_int_equal(
      read_head("1.1", "http://Bot.example.com:80/x", "Host: bot.example.com:80").status, 0);
  assert_fault(read_head("1.1", "http://other/x", "Host: bot"), "another host");
  assert_fault(read_head("1.1", "http://bot:81/x", "Host: bot:80"), "another host");
  assert_fault(read_head("1.1", "http://me@bot/x", "Host: bot"), "another host");
  assert_int_equal(read_head("1.1", "/http://other/x", "Host: bot").status, 0);
}

static void test_who_keeps_the_connection(void **state) {
  assert_true(read_1_1("").keeps);
  assert_true(read_1_1("Connection: TE\nTE: trailers").keeps);
  assert_true(
      read_1_1("Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: x").keeps);
  assert_false(read_1_1("Connection: Close").keeps);
  assert_false(read_1_1("Connection: keep-alive, close").keeps);
  assert_false(read_1_1("Connection: TE , close").keeps);
  assert_false(read_1_1("Connection: keep-alive\nConnection: close").keeps);
  assert_true(read_1_1("Connection: closed").keeps);
  assert_false(read_head("1.0", "/", "Accept: x").keeps);
  assert_true(read_head("1.0", "/", "Connection: Keep-Alive").keeps);
  assert_false(read_head("1.0", "/", "Connection: TE").keeps);
}

static void test_other_protocols_than_http2_are_asked_for(void **state) {
  assert_false(read_1_1("Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c").upgrades);
  assert_false(read_1_1("Upgrade: websocket").upgrades);
  assert_true(read_1_1("Connection: Upgrade\nUpgrade: websocket").upgrades);
  assert_true(read_1_1("Connection: upgrade").upgrades);
  assert_true(read_1_1("Connection: upgrade\nUpgrade: TLS/1.0").upgrades);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_the_length_of_the_body),
    cmocka_unit_test(test_a_body_of_two_lengths_has_none),
    cmocka_unit_test(test_a_request_is_for_one_host),
    cmocka_unit_test(test_who_keeps_the_connection),
    cmocka_unit_test(test_other_protocols_than_http2_are_asked_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
