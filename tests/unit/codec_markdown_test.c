// codec/markdown: what a model writes, as a chat shows it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec/markdown.h"

static void assert_plain(const char *markdown, const char *expected) {
  Buf out;
  buf_init(&out);
  assert_true(markdown_to_plain(str_of(markdown), &out, NULL));
  buf_addc(&out, '\0');
  assert_string_equal(out.ptr, expected);
  buf_clear(&out);
}

static void test_marks_go_and_their_text_stays(void **state) {
  assert_plain("# 天气\n\n**晴**，*微风*，~~雨~~，`20 度`", "天气\n\n晴，微风，雨，20 度");
  assert_plain("Setext\n===\nline one\nline two", "Setext\n\nline one\nline two");
  assert_plain("a\\*b\\* &amp; &copy; 3 < 4", "a*b* & © 3 < 4");
}

static void test_emphasis_beside_chinese_punctuation_loses_its_asterisks(void **state) {
  assert_plain("**注意：**请看*重点。*然后", "注意：请看重点。然后");
  assert_plain("请**“引号”**看，**价格：**3元，**《书》**好", "请“引号”看，价格：3元，《书》好");
  assert_plain("重点：**甲**，其次：**乙**。**(a)**是，见**[甲](https://a.cn)**吧",
               "重点：甲，其次：乙。(a)是，见<a href=\"https://a.cn\">甲</a>吧");
  assert_plain("- **第一步：**打开\n- **第二步：**关上", "• 第一步：打开\n• 第二步：关上");
  assert_plain("***全部：***好 \\*星\\* `**码：**码` ** 空 **",
               "全部：好 *星* **码：**码 ** 空 **");
}

static void test_asterisks_and_tildes_of_a_text_stay(void **state) {
  assert_plain("2*3*4=24，a*b*c", "2*3*4=24，a*b*c");
  assert_plain("3~5元，周一~周五 9~18点", "3~5元，周一~周五 9~18点");
  assert_plain("2*3 \u205F \u2E0E **甲：**乙", "2*3 \u205F \u2E0E **甲：**乙");
}

static void test_items_are_lines(void **state) {
  assert_plain("买：\n\n- 苹果\n- 梨\n  - 小的\n- ", "买：\n\n• 苹果\n• 梨\n  • 小的\n•");
  assert_plain("7. a\n   1. x\n   2. y\n8. b", "7. a\n  1. x\n  2. y\n8. b");
  assert_plain("3. c\n4. d\n\n   more", "3. c\n\n4. d\n\n  more");
  assert_plain("- [x] done\n- [ ] open", "☑ done\n☐ open");
}

static void test_links_are_links_of_wechat(void **state) {
  assert_plain("看[官网](https://a.cn/?q=\"x\"&y=1)。",
               "看<a href=\"https://a.cn/?q=%22x%22&y=1\">官网</a>。");
  assert_plain("<https://a.cn/>", "https://a.cn/");
  assert_plain("[本页](#top) [空](https://a.cn)", "本页（#top） <a href=\"https://a.cn\">空</a>");
  assert_plain("[](https://a.cn)", "https://a.cn");
}

static void test_pictures_are_named(void **state) {
  assert_plain("![一只猫](https://a.cn/c.png)", "<a href=\"https://a.cn/c.png\">图片：一只猫</a>");
  assert_plain("![](c.png)", "图片（c.png）");
  assert_plain("[![猫](c.png)](https://a.cn)", "<a href=\"https://a.cn\">猫</a>");
}

static void test_rows_of_a_table_are_lines(void **state) {
  assert_plain("| 城市 | 温度 |\n|---|---|\n| 北京 | **20** |\n| 上海 | |",
               "城市：北京；温度：20\n城市：上海");
  assert_plain("前\n\n| a | b |\n|-|-|\n\n后", "前\n\na；b\n\n后");
}

static void test_code_keeps_its_lines(void **state) {
  assert_plain("```lua\nfor i = 1, 2 do\n\n  f(i)\nend\n```\nend",
               "for i = 1, 2 do\n\n  f(i)\nend\n\nend");
}

static void test_quotations_and_rules_are_seen(void **state) {
  assert_plain("> 一\n> 二\n\n---\n三", "│ 一\n│ 二\n\n———\n\n三");
}

static void test_html_loses_its_tags_only(void **state) {
  assert_plain("<div>\n<b>粗</b><br>行\n</div>", "粗\n行");
  assert_plain("a<br/>b <a href=\"https://a.cn\">c</a> <i>d</i></a>",
               "a\nb <a href=\"https://a.cn\">c</a> d");
  assert_plain("<!-- 看不见 -->\n\n看得见", "看得见");
}

static void test_deep_nesting_keeps_the_text(void **state) {
  char deep[400] = "";
  for (int i = 0; i < 100; i++) strcat(deep, "> ");
  strcat(deep, "底");
  Buf out;
  buf_init(&out);
  assert_true(markdown_to_plain(str_of(deep), &out, NULL));
  assert_true(str_find(buf_str(&out), STR("底")) > 0);
  buf_clear(&out);
}

static double seconds_once(Str text) {
  struct timespec from, to;
  Buf out;
  buf_init(&out);
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
  assert_true(markdown_to_plain(text, &out, NULL));
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
  buf_clear(&out);
  return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

// The least of three: what else the machine does is in the time of a thread too.
static double seconds_for(const char *piece, size_t len) {
  double least = 1e9;
  Buf text;
  buf_init(&text);
  while (text.len + strlen(piece) <= len) buf_add(&text, str_of(piece));
  for (int i = 0; i < 3; i++) {
    double seconds = seconds_once(buf_str(&text));
    if (seconds < least) least = seconds;
  }
  buf_clear(&text);
  return least;
}

// By the square it would be 64 times as long for 8 times the text.
static void test_time_grows_with_the_text(void **state) {
  const char *const pieces[] = { "1. a\n", "<!--", "<a ", "|a|\n|-|\n" };
  for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
    double few = seconds_for(pieces[i], MARKDOWN_MAX / 8);
    double many = seconds_for(pieces[i], MARKDOWN_MAX);
    if (many > 25 * few) fail_msg("%s: %f s, %f s", pieces[i], few, many);
  }
}

static void test_a_row_of_very_many_cells_keeps_its_text(void **state) {
  Buf text, out;
  buf_init(&text);
  buf_init(&out);
  for (int i = 0; i < 1100; i++) buf_add(&text, STR("|a"));
  buf_addc(&text, '\n');
  for (int i = 0; i < 1100; i++) buf_add(&text, STR("|-"));
  assert_true(markdown_to_plain(buf_str(&text), &out, NULL));
  assert_true(str_starts(buf_str(&out), STR("|a|a")));
  buf_clear(&text);
  buf_clear(&out);
}

static void test_a_text_that_is_too_large_is_refused(void **state) {
  char *text = malloc(MARKDOWN_MAX + 1);
  memset(text, 'x', MARKDOWN_MAX + 1);
  Buf out;
  Err err = { 0 };
  buf_init(&out);
  assert_false(markdown_to_plain(str_make(text, MARKDOWN_MAX + 1), &out, &err));
  assert_int_equal(err.code, ERR_TOO_LARGE);
  assert_true(markdown_to_plain(str_make(text, MARKDOWN_MAX), &out, &err));
  buf_clear(&out);
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_marks_go_and_their_text_stays),
    cmocka_unit_test(test_emphasis_beside_chinese_punctuation_loses_its_asterisks),
    cmocka_unit_test(test_asterisks_and_tildes_of_a_text_stay),
    cmocka_unit_test(test_items_are_lines),
    cmocka_unit_test(test_links_are_links_of_wechat),
    cmocka_unit_test(test_pictures_are_named),
    cmocka_unit_test(test_rows_of_a_table_are_lines),
    cmocka_unit_test(test_code_keeps_its_lines),
    cmocka_unit_test(test_quotations_and_rules_are_seen),
    cmocka_unit_test(test_html_loses_its_tags_only),
    cmocka_unit_test(test_deep_nesting_keeps_the_text),
    cmocka_unit_test(test_time_grows_with_the_text),
    cmocka_unit_test(test_a_row_of_very_many_cells_keeps_its_text),
    cmocka_unit_test(test_a_text_that_is_too_large_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
