// The lines of a capture, without a bot: content and form.
#include "bot/capture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/secrets.h"

static void take(void *ctx, Str line) {
  buf_reset(ctx);
  buf_add(ctx, line);
}

static Str line_with(Buf *line, Str document, bool is_utf8, Str answer, bool answered) {
  Err err;
  Capture *capture = capture_to(take, line, &err);
  assert_non_null(capture);
  Trail *trail = capture_begin(capture, document, is_utf8, STR("oUser"), clock_now_us());
  trail_hold(trail);
  if (answered) capture_answer(trail, answer);
  trail_drop(trail);
  assert_int_equal(line->len, 0);
  trail->note(trail, TRAIL_LATE, STR("{\"n\":1}"));
  trail->note(trail, TRAIL_LATE, STR("{\"n\":2}"));
  trail_drop(trail);
  capture_close(capture);
  return buf_str(line);
}

static Str line_of(Buf *line, Str document, Str answer, bool answered) {
  return line_with(line, document, true, answer, answered);
}

static void test_a_line_is_written_when_the_last_holder_lets_go(void **state) {
  (void)state;
  Buf line;
  buf_init(&line);
  Str written = line_of(&line, STR("<xml>\"\xE4\xBD\xA0\"</xml>"), STR("<a/>"), true);
  assert_true(str_ends(written, STR(",\"in\":\"<xml>\\\"\xE4\xBD\xA0\\\"</xml>\",\"out\":\"<a/>\","
                                    "\"late\":[{\"n\":1},{\"n\":2}],\"calls\":[]}")));
  buf_clear(&line);
}

static void test_a_message_that_was_never_answered_has_null(void **state) {
  (void)state;
  Buf line;
  buf_init(&line);
  assert_true(str_find(line_of(&line, STR("<a/>"), STR(""), false), STR("\"out\":null")) > 0);
  buf_reset(&line);
  assert_true(str_find(line_of(&line, STR("<a/>"), STR(""), true), STR("\"out\":\"\"")) > 0);
  buf_clear(&line);
}

static void test_broken_utf8_is_replaced(void **state) {
  (void)state;
  Buf line;
  buf_init(&line);
  Str written = line_with(&line, STR("<a>\xE4\xBD</a>"), false, STR("<b/>"), true);
  assert_true(str_find(written, STR("\"in\":\"<a>\xEF\xBF\xBD</a>\",\"out\":\"<b/>\"")) > 0);
  buf_clear(&line);
}

static void test_messages_of_any_length_are_whole(void **state) {
  (void)state;
  for (size_t len = 1; len < 6000; len = len * 3 / 2 + 1) {
    Buf line;
    buf_init(&line);
    char *text = malloc(len);
    memset(text, 'x', len);
    Str written = line_of(&line, str_make(text, len), str_make(text, len), true);
    assert_true(written.len > 2 * len && written.len < 2 * len + 100);
    free(text);
    buf_clear(&line);
  }
}

static void test_the_longest_secret_is_masked_wherever_it_stands(void **state) {
  (void)state;
  secrets_add(STR("abcdefgh"));
  secrets_add(STR("abcdefghijklmnopqrstuvwxyz"));
  secrets_add(STR("0123456789abcdef0123456789abcdef-and-more"));
  Buf line;
  buf_init(&line);
  Str written = line_of(&line, STR("abcdefgh abcdefgabcdefghijklmnopqrstuvwxyz!"),
                        STR("xx0123456789abcdef0123456789abcdef-and-more"), true);
  assert_true(str_find(written, STR("\"in\":\"\xE2\x80\xA6(8) abcdefgabcd\xE2\x80\xA6(26)!\"")) >
              0);
  assert_true(str_find(written, STR("\"out\":\"xx0123\xE2\x80\xA6(41)\"")) > 0);
  buf_clear(&line);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_line_is_written_when_the_last_holder_lets_go),
    cmocka_unit_test(test_a_message_that_was_never_answered_has_null),
    cmocka_unit_test(test_broken_utf8_is_replaced),
    cmocka_unit_test(test_messages_of_any_length_are_whole),
    cmocka_unit_test(test_the_longest_secret_is_masked_wherever_it_stands),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
