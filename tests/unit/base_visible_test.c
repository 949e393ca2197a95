// base/visible: nothing that others wrote steers a terminal.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/visible.h"

static void assert_shown(void (*add)(Buf *out, Str text), const char *text, const char *shown) {
  Buf out;
  buf_init(&out);
  add(&out, str_of(text));
  buf_addc(&out, '\0');
  assert_string_equal(out.ptr, shown);
  buf_clear(&out);
}

static void test_control_characters_become_visible(void **state) {
  assert_shown(visible_add, "a\tb\n\x1b[31m\x7f\xc2\x9b 微", "a\tb\n\\x1B[31m\\x7F\\xC2\\x9B 微");
}

static void test_marks_that_reorder_text_become_visible(void **state) {
  static const struct {
    const char *text, *shown;
  } marks[] = { { "\u061C", "\\xD8\\x9C" },      { "\u200E", "\\xE2\\x80\\x8E" },
                { "\u200F", "\\xE2\\x80\\x8F" }, { "\u2028", "\\xE2\\x80\\xA8" },
                { "\u202A", "\\xE2\\x80\\xAA" }, { "\u202E", "\\xE2\\x80\\xAE" },
                { "\u2066", "\\xE2\\x81\\xA6" }, { "\u206F", "\\xE2\\x81\\xAF" } };
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
    assert_shown(visible_add, marks[i].text, marks[i].shown);
    assert_shown(visible_add_coloured, marks[i].text, marks[i].shown);
    assert_shown(visible_add_json, marks[i].text, marks[i].text);
  }
  const char *others =
      "\u00A0 \u061B \u200D \u2027 \u202F \u2065 \u2070 \U0001F468\u200D\U0001F469";
  assert_shown(visible_add, others, others);
}

static void test_colours_of_wemoons_own_stay(void **state) {
  assert_shown(visible_add_coloured, "\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m");
  assert_shown(visible_add_coloured, "\x1b[1;31mx", "\x1b[1;31mx");
  assert_shown(visible_add_coloured, "\x1b[31m\x1b[0m\x1b[1m", "\x1b[31m\x1b[0m\x1b[1m");
}

static void test_what_only_looks_like_a_colour_does_not(void **state) {
  assert_shown(visible_add_coloured, "a\x1b[2Jb", "a\\x1B[2Jb");
  assert_shown(visible_add_coloured, "\x1b]0;t\x07", "\\x1B]0;t\\x07");
  assert_shown(visible_add_coloured, "\x1b\x1b[31", "\\x1B\\x1B[31");
  assert_shown(visible_add_coloured, "\x1b[?1m\x1b[1m", "\\x1B[?1m\x1b[1m");
  assert_shown(visible_add_coloured, "\x1b", "\\x1B");
  assert_shown(visible_add_coloured, "", "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_control_characters_become_visible),
    cmocka_unit_test(test_marks_that_reorder_text_become_visible),
    cmocka_unit_test(test_colours_of_wemoons_own_stay),
    cmocka_unit_test(test_what_only_looks_like_a_colour_does_not),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
