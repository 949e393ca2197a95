// codec/sse: an event stream in pieces of any size, by the WHATWG's rules.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/sse.h"

// "[event|data|id]" for each event of the stream, read in pieces of `piece` bytes.
static void read_in_pieces(Str stream, size_t piece, Buf *out) {
  Sse sse;
  SseEvent event;
  sse_init(&sse, 1000);
  buf_reset(out);
  for (size_t at = 0; at < stream.len && !sse.too_large; at += piece) {
    Str text = str_sub(stream, at, piece);
    while (sse_next(&sse, &text, &event))
      buf_printf(out, "[%.*s|%.*s|%.*s]", STR_FMT(event.event), STR_FMT(event.data),
                 STR_FMT(event.id));
    assert_true(text.len == 0 || sse.too_large);
  }
  if (sse.retry_ms >= 0) buf_printf(out, "retry %d", (int)sse.retry_ms);
  if (sse.too_large) buf_add(out, STR("too large"));
  sse_clear(&sse);
}

static void assert_events_of(Str stream, const char *expected) {
  Buf out;
  buf_init(&out);
  for (size_t piece = 1; piece <= stream.len; piece++) {
    read_in_pieces(stream, piece, &out);
    assert_string_equal(buf_str(&out).ptr, expected);
  }
  buf_clear(&out);
}

static void assert_events(const char *stream, const char *expected) {
  assert_events_of(str_of(stream), expected);
}

static void test_an_event_is_its_lines_up_to_a_blank_one(void **state) {
  assert_events("data: one\n\ndata: two\n\n", "[message|one|][message|two|]");
  assert_events("event: add\ndata: 73857293\nid: 7\n\n", "[add|73857293|7]");
}

static void test_lines_of_data_are_joined(void **state) {
  assert_events("data: YHOO\ndata: +2\ndata: 10\n\n", "[message|YHOO\n+2\n10|]");
  assert_events("data\n\ndata\ndata\n\ndata:", "[message||][message|\n|]");
}

static void test_lines_end_with_lf_cr_lf_or_cr(void **state) {
  assert_events("data: a\r\n\r\ndata: b\r\rdata: c\n\n", "[message|a|][message|b|][message|c|]");
  assert_events("data: a\r\ndata: b\rdata: c\n\r\n", "[message|a\nb\nc|]");
}

static void test_one_blank_after_the_colon_is_no_part_of_the_value(void **state) {
  assert_events("data:test\n\ndata: test\n\ndata:  test\n\n",
                "[message|test|][message|test|][message| test|]");
  assert_events("data : x\ndata:a:b\n\n", "[message|a:b|]");
}

static void test_comments_and_unknown_fields_are_passed_over(void **state) {
  assert_events(": keep-alive\n\n:\n\nfoo: bar\ndata: x\n: y\n\n", "[message|x|]");
}

static void test_an_id_lasts_until_the_next_one(void **state) {
  assert_events("data: a\nid: 1\n\ndata: b\n\ndata: c\nid\n\n",
                "[message|a|1][message|b|1][message|c|]");
  assert_events_of(STR("id: 1\ndata: a\n\nid: 2\0003\ndata: b\n\n"), "[message|a|1][message|b|1]");
  assert_events("id: 5\n\ndata: a\n\n", "[message|a|5]");
}

static void test_an_event_without_data_is_none_and_its_name_is_forgotten(void **state) {
  assert_events("event: ping\n\ndata: a\n\n", "[message|a|]");
}

static void test_an_event_without_its_blank_line_is_dropped(void **state) {
  assert_events("data: a\n\ndata: b\n", "[message|a|]");
  assert_events("data: a\n\ndata: b", "[message|a|]");
}

static void test_a_mark_at_the_beginning_is_skipped_once(void **state) {
  assert_events("\xef\xbb\xbf"
                "data: a\n\n",
                "[message|a|]");
  assert_events("\xef\xbb\xbf\xef\xbb\xbf"
                "data: a\n\ndata: b\n\n",
                "[message|b|]");
  assert_events("\xef\xbb"
                "x: a\ndata: b\n\n",
                "[message|b|]");
}

static void test_characters_are_whole_wherever_a_piece_ends(void **state) {
  assert_events("data: 今天\U0001F31E晴\n\n", "[message|今天\U0001F31E晴|]");
}

static void test_broken_characters_are_replaced(void **state) {
  assert_events("data: a\xff"
                "b\xe4\xbb\n\n",
                "[message|a\xef\xbf\xbd"
                "b\xef\xbf\xbd|]");
}

static void test_the_last_retry_counts_if_it_is_digits(void **state) {
  assert_events("retry: 10\nretry: 1x\nretry: -1\ndata: a\n\n", "[message|a|]retry 10");
}

static void test_an_event_that_is_too_large_ends_the_stream(void **state) {
  Buf stream, out;
  buf_init(&stream);
  buf_init(&out);
  buf_add(&stream, STR("data: a\n\ndata: "));
  for (int i = 0; i < 1200; i++) buf_addc(&stream, 'x');
  read_in_pieces(buf_str(&stream), 7, &out);
  assert_string_equal(out.ptr, "[message|a|]too large");
  buf_reset(&stream);
  for (int i = 0; i < 1200; i++) buf_add(&stream, STR("data\n"));
  read_in_pieces(buf_str(&stream), 7, &out);
  assert_string_equal(out.ptr, "too large");
  buf_clear(&stream);
  buf_clear(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_an_event_is_its_lines_up_to_a_blank_one),
    cmocka_unit_test(test_lines_of_data_are_joined),
    cmocka_unit_test(test_lines_end_with_lf_cr_lf_or_cr),
    cmocka_unit_test(test_one_blank_after_the_colon_is_no_part_of_the_value),
    cmocka_unit_test(test_comments_and_unknown_fields_are_passed_over),
    cmocka_unit_test(test_an_id_lasts_until_the_next_one),
    cmocka_unit_test(test_an_event_without_data_is_none_and_its_name_is_forgotten),
    cmocka_unit_test(test_an_event_without_its_blank_line_is_dropped),
    cmocka_unit_test(test_a_mark_at_the_beginning_is_skipped_once),
    cmocka_unit_test(test_characters_are_whole_wherever_a_piece_ends),
    cmocka_unit_test(test_broken_characters_are_replaced),
    cmocka_unit_test(test_the_last_retry_counts_if_it_is_digits),
    cmocka_unit_test(test_an_event_that_is_too_large_ends_the_stream),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
