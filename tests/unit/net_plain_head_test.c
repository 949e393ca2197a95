// net/plain_head: which heads are read at once, and what is read from them.
#include "net/plain_head.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static PlainHead head;

static bool reads(const char *bytes) { return plain_head_read(str_of(bytes), &head); }

// The same head with the bytes `line` before its blank line.
static bool reads_with(const char *line) {
  char bytes[PLAIN_HEAD_MAX + 200];
  snprintf(bytes, sizeof bytes, "POST /wechat HTTP/1.1\r\nHost: x\r\n%s\r\n", line);
  return reads(bytes);
}

static void assert_header(size_t index, const char *name, const char *value) {
  assert_true(index < head.header_count);
  assert_string_equal(head.headers[index].name.ptr, name);
  assert_int_equal(head.headers[index].name.len, strlen(name));
  assert_string_equal(head.headers[index].value.ptr, value);
  assert_int_equal(head.headers[index].value.len, strlen(value));
}

static void test_the_parts_of_a_plain_head(void **state) {
  static const char bytes[] =
      "POST /a/b%20c?x=%41&y=?z HTTP/1.1\r\nHost: bot.example:80\r\n"
      "content-length:12\r\nX-Empty:\r\nX-Blank: \t \r\nX-Both: \ta b \r\n\r\n";
  char longer[sizeof bytes + 20];
  snprintf(longer, sizeof longer, "%s<xml>a\nb", bytes);
  assert_true(reads(longer));
  assert_string_equal(head.method, "POST");
  assert_string_equal(head.path, "/a/b%20c");
  assert_string_equal(head.version, "1.1");
  assert_string_equal(head.query, "x=%41&y=?z");
  assert_int_equal(head.header_count, 5);
  assert_header(0, "Host", "bot.example:80");
  assert_header(1, "content-length", "12");
  assert_header(2, "X-Empty", "");
  assert_header(3, "X-Blank", "");
  assert_header(4, "X-Both", "a b ");
  assert_int_equal(head.len, sizeof bytes - 1);
  assert_int_equal(head.body_len, 12);
}

static void test_a_head_without_query_headers_or_body(void **state) {
  assert_true(reads("GET / HTTP/1.1\r\n\r\n"));
  assert_string_equal(head.method, "GET");
  assert_string_equal(head.path, "/");
  assert_null(head.query);
  assert_int_equal(head.header_count, 0);
  assert_int_equal(head.len, 18);
  assert_int_equal(head.body_len, 0);
}

static void test_a_head_of_http_1_0(void **state) {
  assert_true(reads("GET /a?b HTTP/1.0\r\n\r\n"));
  assert_string_equal(head.version, "1.0");
  assert_string_equal(head.path, "/a");
  assert_string_equal(head.query, "b");
}

static void test_an_incomplete_head_is_not_plain(void **state) {
  static const char bytes[] = "POST /wechat?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n";
  for (size_t len = 0; len < sizeof bytes - 1; len++)
    assert_false(plain_head_read(str_make(bytes, len), &head));
  assert_true(plain_head_read(str_make(bytes, sizeof bytes - 1), &head));
}

static void test_request_lines_that_are_not_plain(void **state) {
  static const char *const lines[] = {
    "HEAD / HTTP/1.1",        "PUT / HTTP/1.1",
    "GETX / HTTP/1.1",        "get / HTTP/1.1",
    "GET / HTTP/1.2",         "GET / HTTP/2.0",
    "GET / http/1.1",         "GET /",
    "GET http://x/ HTTP/1.1", "GET * HTTP/1.1",
    "GET  / HTTP/1.1",        "GET /  HTTP/1.1",
    "GET / HTTP/1.1 ",        "GET /\tHTTP/1.1",
    "GET /\xC3\xA4 HTTP/1.1", "GET /a\x01 HTTP/1.1",
    "GET /a\x7F HTTP/1.1",    "\r\nGET / HTTP/1.1",
    " GET / HTTP/1.1",        "GET ?a=b HTTP/1.1",
    "GET /a\tb HTTP/1.1",     "GET /\r\nA:b HTTP/1.1",
    "GET /\r\nA: HTTP/1.1",
  };
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    char bytes[200];
    snprintf(bytes, sizeof bytes, "%s\r\nHost: x\r\nX-Long: 0123456789\r\n\r\n", lines[i]);
    if (reads(bytes)) fail_msg("'%s' is taken for plain", lines[i]);
  }
}

static void test_headers_that_are_not_plain(void **state) {
  static const char *const lines[] = {
    "Transfer-Encoding: chunked\r\n",
    "transfer-encoding: x\r\n",
    "Upgrade: h2c\r\n",
    "EXPECT: 100-continue\r\n",
    "Content-Length: \r\n",
    "Content-Length: -1\r\n",
    "Content-Length: 1 \r\n",
    "Content-Length: +1\r\n",
    "Content-Length: 0x1\r\n",
    "Content-Length: 1,1\r\n",
    "Content-Length: 1234567890123456\r\n",
    "Content-Length: 1\r\nContent-Length: 1\r\n",
    "A : b\r\n",
    "A\t: b\r\n",
    " folded\r\n",
    "\tfolded\r\n",
    ": b\r\n",
    "no colon\r\n",
    "nocolon\r\n",
    "A: b\n",
    "A: b\rc\r\n",
    "A: b\nc: d\r\n",
    "A: b\r\r\n",
    "A: b\x01\r\n",
    "A: b\x7F\r\n",
    "A: b\xC3\xA4\r\n",
    "\xC3\xA4: b\r\n",
    "A:\r\r\n",
    "A\r\n: b\r\n",
    "A: \n\r\n",
    "\n",
    "\r",
  };
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    if (reads_with(lines[i])) fail_msg("'%s' is taken for plain", lines[i]);
  assert_true(reads_with("Connection: close\r\n"));
  assert_true(reads_with("Content-Length: 123456789012345\r\n"));
  assert_int_equal(head.body_len, 123456789012345);
}

// Wherever it stands: bytes are judged sixteen at a time.
static void test_one_wrong_byte_anywhere_is_seen(void **state) {
  static const char bytes[] = "GET /wechat?signature=0123456789 HTTP/1.1\r\nHost: x\r\n"
                              "Accept: 0123456789abcdefghijklmnopqrstuvwxyz\r\n\r\n";
  static const char wrong[] = { '\0', '\x01', '\n', '\r', '\x7F', '\x80', '\xFF' };
  for (size_t at = 0; at < sizeof bytes - 1; at++) {
    for (size_t i = 0; i < sizeof wrong; i++) {
      char copy[sizeof bytes];
      memcpy(copy, bytes, sizeof bytes);
      if (copy[at] == wrong[i]) continue;
      copy[at] = wrong[i];
      if (plain_head_read(str_make(copy, sizeof bytes - 1), &head))
        fail_msg("byte %zu as %02x is taken for plain", at, (unsigned char)wrong[i]);
    }
  }
}

static void test_as_many_headers_and_bytes_as_there_is_room_for(void **state) {
  char lines[PLAIN_HEAD_MAX + 100] = "";
  for (int i = 0; i < PLAIN_HEADERS_MAX - 1; i++) strcat(lines, "A: b\r\n");
  assert_true(reads_with(lines));
  assert_int_equal(head.header_count, PLAIN_HEADERS_MAX);
  strcat(lines, "A: b\r\n");
  assert_false(reads_with(lines));
  size_t fixed = strlen("POST /wechat HTTP/1.1\r\nHost: x\r\nA: \r\n\r\n");
  snprintf(lines, sizeof lines, "A: %0*d\r\n", (int)(PLAIN_HEAD_MAX - fixed), 0);
  assert_true(reads_with(lines));
  assert_int_equal(head.len, PLAIN_HEAD_MAX);
  snprintf(lines, sizeof lines, "A: %0*d\r\n", (int)(PLAIN_HEAD_MAX - fixed + 1), 0);
  assert_false(reads_with(lines));
}

static void *note_own(void *own) {
  *(PlainHead **)own = plain_head_of_thread();
  assert_ptr_equal(plain_head_of_thread(), *(PlainHead **)own);
  return NULL;
}

static void test_each_thread_has_one_of_its_own(void **state) {
  PlainHead *ours = plain_head_of_thread(), *theirs = NULL;
  pthread_t thread;
  assert_non_null(ours);
  assert_ptr_equal(plain_head_of_thread(), ours);
  assert_int_equal(pthread_create(&thread, NULL, note_own, &theirs), 0);
  pthread_join(thread, NULL);
  assert_non_null(theirs);
  assert_ptr_not_equal(theirs, ours);
}

int main(int argc, char **argv) {
  if (argc > 1) cmocka_set_test_filter(argv[1]);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_the_parts_of_a_plain_head),
    cmocka_unit_test(test_a_head_without_query_headers_or_body),
    cmocka_unit_test(test_a_head_of_http_1_0),
    cmocka_unit_test(test_an_incomplete_head_is_not_plain),
    cmocka_unit_test(test_request_lines_that_are_not_plain),
    cmocka_unit_test(test_headers_that_are_not_plain),
    cmocka_unit_test(test_one_wrong_byte_anywhere_is_seen),
    cmocka_unit_test(test_as_many_headers_and_bytes_as_there_is_room_for),
    cmocka_unit_test(test_each_thread_has_one_of_its_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
