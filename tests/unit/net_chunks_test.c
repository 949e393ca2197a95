// net/chunks: bodies in chunks, whole and in pieces of any size.
#include "net/chunks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static Buf out;
static Str rest;

// Feeds `text` in pieces of `size` bytes.
static ChunksState feed(Str text, size_t size, size_t max) {
  Chunks chunks;
  ChunksState state = CHUNKS_MORE;
  chunks_init(&chunks, max);
  buf_reset(&out);
  rest = STR("");
  for (size_t at = 0; at < text.len && state == CHUNKS_MORE; at += size) {
    rest = str_sub(text, at, size);
    state = chunks_read(&chunks, &rest, &out);
  }
  return state;
}

static void assert_whole(const char *text, const char *body, const char *behind) {
  for (size_t size = 1; size <= strlen(text); size++) {
    if (feed(str_of(text), size, 1000) != CHUNKS_WHOLE) fail_msg("%s in pieces of %zu", text, size);
    if (!str_eq(buf_str(&out), str_of(body)))
      fail_msg("%s gave %.*s", text, STR_FMT(buf_str(&out)));
    if (size == strlen(text)) assert_true(str_eq(rest, str_of(behind)));
  }
}

static void test_chunks_are_joined(void **state) {
  assert_whole("5\r\nhello\r\n1\r\n \r\n005\r\nworld\r\n0\r\n\r\n", "hello world", "");
  assert_whole("0\r\n\r\n", "", "");
  assert_whole("a\r\n0123456789\r\nA\r\n0123456789\r\n00\r\n\r\n", "01234567890123456789", "");
  assert_whole("3\r\n\r\n\r\r\n0\r\n\r\n", "\r\n\r", "");
}

static void test_extensions_blanks_and_trailers_are_dropped(void **state) {
  assert_whole("5;name=value;x=\"y;z\"\r\nhello\r\n0;last\r\nDigest: x\r\nMore: y\r\n\r\n", "hello",
               "");
  assert_whole("5 \t\r\nhello\r\n0\r\n\r\n", "hello", "");
  assert_whole("5 ;x\r\nhello\r\n0\r\n\r\n", "hello", "");
}

static void test_what_follows_is_left(void **state) {
  assert_whole("1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n", "a", "GET / HTTP/1.1\r\n");
}

static void test_a_body_without_its_end_wants_more(void **state) {
  static const char *const texts[] = { "",           "5",
                                       "5\r\n",      "5\r\nhel",
                                       "5\r\nhello", "5\r\nhello\r\n",
                                       "0\r\n",      "0\r\nA: b\r\n",
                                       "0\r\n\r",    "5;ext" };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (feed(str_of(texts[i]), 1, 1000) != CHUNKS_MORE) fail_msg("%s", texts[i]);
  }
}

static void test_anything_else_is_broken(void **state) {
  static const char *const texts[] = { "\r\n",
                                       "x\r\n",
                                       "-1\r\na\r\n",
                                       "+5\r\nhello\r\n",
                                       "0x5\r\nhello\r\n",
                                       " 5\r\nhello\r\n",
                                       "5 5\r\nhello\r\n",
                                       "5\nhello\n0\n\n",
                                       "5\r\rhello",
                                       "5\r\nhelloX\r\n",
                                       "5\r\nhello\rX",
                                       "5\r\nhello\n",
                                       "0\r\n\rX",
                                       "0\r\nA: b\n",
                                       "0\r\nA\x01: b\r\n",
                                       "5;a\nb\r\nhello",
                                       "00000000000000005\r\nhello\r\n",
                                       "11111111111111111\r\n",
                                       ";\r\n" };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    for (size_t size = 1; size < 3; size++) {
      if (feed(str_of(texts[i]), size, SIZE_MAX) != CHUNKS_BROKEN) fail_msg("%s", texts[i]);
    }
  }
}

static void test_a_body_that_is_too_large_is_refused_by_the_size_of_its_chunk(void **state) {
  assert_int_equal(feed(STR("5\r\nhello\r\n0\r\n\r\n"), 100, 5), CHUNKS_WHOLE);
  assert_int_equal(feed(STR("6\r\n"), 100, 5), CHUNKS_TOO_LARGE);
  assert_int_equal(feed(STR("3\r\nabc\r\n3\r\n"), 100, 5), CHUNKS_TOO_LARGE);
  assert_int_equal(feed(STR("ffffffffffffffff\r\n"), 100, 5), CHUNKS_TOO_LARGE);
  assert_int_equal(feed(STR("3\r\nabc\r\nffffffffffffffff\r\n"), 100, SIZE_MAX), CHUNKS_TOO_LARGE);
}

static void test_trailers_and_extensions_without_end_are_broken(void **state) {
  Buf text;
  buf_init(&text);
  buf_add(&text, STR("0\r\n"));
  for (int i = 0; i < 1000; i++) buf_add(&text, STR("A: 0123456789\r\n"));
  assert_int_equal(feed(buf_str(&text), 1000, 1000), CHUNKS_BROKEN);
  buf_reset(&text);
  for (int i = 0; i < 1000; i++) buf_add(&text, STR("1;0123456789\r\na\r\n"));
  assert_int_equal(feed(buf_str(&text), 1000, 100000), CHUNKS_BROKEN);
  buf_clear(&text);
}

static int end(void **state) {
  buf_clear(&out);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_chunks_are_joined),
    cmocka_unit_test(test_extensions_blanks_and_trailers_are_dropped),
    cmocka_unit_test(test_what_follows_is_left),
    cmocka_unit_test(test_a_body_without_its_end_wants_more),
    cmocka_unit_test(test_anything_else_is_broken),
    cmocka_unit_test(test_a_body_that_is_too_large_is_refused_by_the_size_of_its_chunk),
    cmocka_unit_test(test_trailers_and_extensions_without_end_are_broken),
  };
  return cmocka_run_group_tests(tests, NULL, end);
}
