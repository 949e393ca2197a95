// wechat.base64, wechat.utf8 and the digests, as scripts call them.
#include "host_world.h"

static void test_base64_goes_both_ways(void **state) {
  assert_holds(
      "is(wechat.base64.encode('\\0\\xFFmoon'), 'AP9tb29u') "
      "is(wechat.base64.decode('AP9tb29u'), '\\0\\xFFmoon') is(wechat.base64.decode(''), '')");
}

static void test_what_is_no_base64_is_nil_and_why(void **state) {
  assert_holds(
      "local bytes, why = wechat.base64.decode('***') is(bytes, nil) is(type(why), 'string')");
}

static void test_digests_are_lower_case_hex(void **state) {
  assert_holds("is(wechat.sha1('abc'), 'a9993e364706816aba3e25717850c26c9cd0d89d') "
               "is(wechat.md5('abc'), '900150983cd24fb0d6963f7d28e17f72') "
               "is(wechat.hmac_sha256('key', 'The quick brown fox jumps over the lazy dog'), "
               "'f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8')");
}

static void test_characters_are_counted_and_cut_whole(void **state) {
  assert_holds("is(wechat.utf8.len('月 moon'), 6) is(wechat.utf8.len('\\xFFa'), 2) "
               "is(wechat.utf8.sub('微月亮', 2, 2), '月') is(wechat.utf8.sub('微月亮', -1), '亮') "
               "is(wechat.utf8.cut('微月', 5), '微') is(wechat.utf8.cut('ab', 9), 'ab')");
}

static void test_markdown_becomes_what_a_chat_shows(void **state) {
  assert_holds("is(wechat.plain('**bold** and `code`'), 'bold and code')");
}

static void test_misuse_names_the_argument(void **state) {
  assert_holds("fails('wechat.sha1: data', wechat.sha1, {}) fails('wechat.utf8.sub: i', "
               "wechat.utf8.sub, 'a', 'x')");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_base64_goes_both_ways),
    TEST(test_what_is_no_base64_is_nil_and_why),
    TEST(test_digests_are_lower_case_hex),
    TEST(test_characters_are_counted_and_cut_whole),
    TEST(test_markdown_becomes_what_a_chat_shows),
    TEST(test_misuse_names_the_argument),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
