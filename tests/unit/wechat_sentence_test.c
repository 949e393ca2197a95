// wechat/sentence: '|' marks where the last whole sentence ends, or where a cut is.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "wechat/sentence.h"

// Splits "whole|rest" into the text without the mark; returns where that stood.
static size_t unmark(const char *marked, char text[400]) {
  const char *mark = strchr(marked, '|');
  snprintf(text, 400, "%.*s%s", (int)(mark - marked), marked, mark + 1);
  return (size_t)(mark - marked);
}

static void test_where_the_last_whole_sentence_ends(void **state) {
  static const char *const table[] = {
    "今天晴。|明天",
    "今天晴！|明天",
    "真的吗？|我想",
    "|今天晴，明天",
    "It rains. It pours.| And",
    "|It rains.",
    "Is it? Yes!| And",
    "他说：“好。”|然后",
    "（完。）|又",
    "(Done.)| Next",
    "等等……|后来",
    "啊？！|那",
    "|圆周率是3.14159",
    "Version 2.5 is out.| See example.com for",
    "|见 https://a.cn/x.html",
    "- 苹果\n- 梨|\n- 桃",
    "1. 第一步|\n2.",
    "**好。**|接着",
    "|1. 第一步",
    "1. 一|\n2. 二",
    "好。|\n12. 第",
    "He said \"yes.\"| Then",
    "第一句。第二句。|第",
    "一。|  \n",
    "|",
    "「行。」|他",
    "line one|\nline",
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    char text[400];
    size_t expected = unmark(table[i], text), got = sentence_prefix(str_of(text));
    if (got != expected) fail_msg("%s: %zu", table[i], got);
  }
}

static void test_where_a_cut_hurts_least(void **state) {
  static const struct {
    size_t max;
    const char *text;
  } table[] = {
    { 100, "short|" },
    { 20, "one. two\n\n|three. four five" },
    { 20, "one two\nthree.| four five" },
    { 4, "=2\n\n|\n3" },
    { 16, "one. two.| three four" },
    { 16, "one two three |four five" },
    { 9, "一二三|四五" },
    { 10, "一二三|四五" },
    { 36, "看 |<a href=\"https://a.cn/1\">这里</a>" },
    { 22, "见 |https://a.cn/long/path" },
    { 9, "ab|👨‍👩‍👧cd" },
    { 6, "a|🇨🇳b" },
    { 4, "ab|é́́cdef" },
    { 8, "abcdefgh|ijkl" },
    { 3, "|🇨🇳" },
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    char text[400];
    size_t expected = unmark(table[i].text, text);
    size_t got = sentence_cut(str_of(text), table[i].max);
    if (got != expected) fail_msg("%s, %zu: %zu", table[i].text, table[i].max, got);
  }
}

static void test_any_bytes_are_cut_somewhere(void **state) {
  char bytes[300];
  for (unsigned seed = 1; seed < 500; seed++) {
    unsigned x = seed * 2654435761u;
    for (size_t i = 0; i < sizeof bytes; i++)
      bytes[i] = "\xe4\xbb\x8a\xf0\x9f .<a\n"[((x = x * 1103515245 + 12345) >> 16) % 11];
    size_t cut = sentence_cut(str_make(bytes, sizeof bytes), 40);
    assert_true(cut <= 40);
    assert_true(sentence_prefix(str_make(bytes, sizeof bytes)) <= sizeof bytes);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_where_the_last_whole_sentence_ends),
    cmocka_unit_test(test_where_a_cut_hurts_least),
    cmocka_unit_test(test_any_bytes_are_cut_somewhere),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
